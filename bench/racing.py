"""How long changes take from one side to the other: begun at a steady rhythm, whatever became of those before."""

import math
import threading
import time
from collections.abc import Callable, Collection
from typing import Any

from bench.measure import BenchFailed

#: Seconds between two looks whether changes have arrived, and after which one counts as lost.
_LOOK_EVERY = 0.1
_PATIENCE = 180.0


class Race:
    """One direction: `begin` makes a change by its key, `arrived` says which of the keys are on the other side.

    A change counts from the moment at which it was to be made: one that had to wait is not spared the waiting.
    """

    def __init__(self, begin: Callable[[str], None], arrived: Callable[[Collection[str]], Collection[str]]) -> None:
        self._begin = begin
        self._arrived = arrived
        self._under_way: dict[str, float] = {}
        self._lock = threading.Lock()
        self._problems: list[Exception] = []
        self.seconds: list[float] = []

    def run(self, keys: Collection[str], every: float, goes_on: Callable[[], bool]) -> None:
        """Begins one change each `every` seconds while `goes_on`, and waits until all have arrived.

        Raises:
            BenchFailed: one did not arrive in time, or the keys ran out.
        """
        ended = threading.Event()
        watching = threading.Thread(target=self._guard, args=(self._watch, ended), name="watching")
        watching.start()
        try:
            self._begin_all(keys, every, goes_on)
        finally:
            ended.set()
            watching.join()
        if self._problems:
            raise BenchFailed(f"a change did not come to the other side: {self._problems[0]}")

    def _begin_all(self, keys: Collection[str], every: float, goes_on: Callable[[], bool]) -> None:
        due = time.monotonic()
        for key in keys:
            if not goes_on() or self._problems:
                return
            with self._lock:
                self._under_way[key] = due
            self._begin(key)
            due += every
            time.sleep(max(0.0, due - time.monotonic()))
        if goes_on():
            raise BenchFailed(f"{len(keys):,} changes were too few: what went on beside them had not ended")

    def _guard(self, work: Callable[[threading.Event], None], ended: threading.Event) -> None:
        try:
            work(ended)
        except Exception as problem:  # noqa: BLE001  # told by the thread that waits
            self._problems.append(problem)

    def _watch(self, ended: threading.Event) -> None:
        while True:
            with self._lock:
                waiting = dict(self._under_way)
            if waiting:
                self._note(waiting)
            elif ended.is_set():
                return
            time.sleep(_LOOK_EVERY)

    def _note(self, waiting: dict[str, float]) -> None:
        arrived = self._arrived(list(waiting))
        now = time.monotonic()
        with self._lock:
            for key in arrived:
                self.seconds.append(now - self._under_way.pop(key))
        if now - min(waiting.values()) > _PATIENCE:
            raise BenchFailed(f"none of {len(waiting)} arrived within {_PATIENCE:.0f} s")


def race_all(races: dict[str, Callable[[], None]]) -> None:
    """Runs several side by side.

    Raises:
        BenchFailed: one of them failed.
    """
    problems: list[Exception] = []

    def run(race: Callable[[], None]) -> None:
        try:
            race()
        except Exception as problem:  # noqa: BLE001  # told below
            problems.append(problem)

    threads = [threading.Thread(target=run, args=(race,), name=name) for name, race in races.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise BenchFailed(str(problems[0])) from problems[0]


def describe(seconds: list[float]) -> dict[str, Any]:
    """Of times: how many, the median, the 95th percentile (of nearest rank) and the longest."""
    found = sorted(seconds)
    return {
        "changes": len(found),
        "p50": find_percentile(found, 50),
        "p95": find_percentile(found, 95),
        "longest": found[-1],
    }


def find_percentile(ordered: list[float], percent: int) -> float:
    """The smallest of ascending values that so many per cent of them do not exceed (nearest rank)."""
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def print_races(races: dict[str, dict[str, Any]]) -> None:
    """The times as a table, in seconds."""
    print(f"{'':<24}{'changes':>9}{'p50':>8}{'p95':>8}{'longest':>9}")
    for name, one in races.items():
        print(f"{name:<24}{one['changes']:>9}{one['p50']:>8.2f}{one['p95']:>8.2f}{one['longest']:>9.2f}")
