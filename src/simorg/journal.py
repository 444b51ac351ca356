"""The journal: every request an org answered, readable by tests and benchmarks."""

import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass

_KEPT = 100_000


@dataclass(frozen=True)
class Entry:
    """One request and its answer. `cost` counts towards the daily limit; `bytes` is the size of the answer's body."""

    number: int
    at: str
    method: str
    path: str
    query: str
    user_id: str
    status: int
    cost: int
    ms: float
    bytes: int
    headers: dict[str, str]
    request: str
    fault: str = ""


class Journal:
    """The last requests, oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: deque[Entry] = deque(maxlen=_KEPT)
        self._number = 0

    def note(self, **facts: object) -> None:
        """Keeps one request."""
        with self._lock:
            self._number += 1
            self._entries.append(Entry(number=self._number, **facts))  # type: ignore[arg-type]  # checked by Entry

    def entries(self, *, after: int = 0, path: str = "", method: str = "") -> list[Entry]:
        """Requests after a number, whose path contains a text, by a method."""
        with self._lock:
            kept = list(self._entries)
        return [one for one in kept if one.number > after and path in one.path and method in ("", one.method)]

    def clear(self) -> None:
        """Forgets all; numbers go on."""
        with self._lock:
            self._entries.clear()


def as_json(entries: Iterable[Entry]) -> list[dict[str, object]]:
    """Entries as JSON."""
    return [asdict(one) for one in entries]
