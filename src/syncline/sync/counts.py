"""What a run counts; safe to add to from several threads."""

import threading
from collections import Counter


class Counts:
    """Named counters, in the order in which they were first added to."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counter: Counter[str] = Counter()

    def add(self, name: str, amount: int = 1) -> None:
        """Adds to a counter; adding nothing still makes it appear."""
        with self._lock:
            self._counter[name] += amount

    def raise_to(self, name: str, amount: int) -> None:
        """Keeps the largest amount that a counter was told."""
        with self._lock:
            self._counter[name] = max(self._counter[name], amount)

    def __getitem__(self, name: str) -> int:
        return self._counter[name]

    def as_dict(self) -> dict[str, int]:
        """A copy."""
        with self._lock:
            return dict(self._counter)
