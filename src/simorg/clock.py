"""The org's clock: real time by default; it can be frozen, set and advanced. The only module that asks the time."""

import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any


class Clock:
    """Tells the org's time. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._frozen: datetime | None = None
        self._offset = timedelta()
        self._revision = 0

    def now(self) -> datetime:
        """The org's time, in UTC."""
        with self._lock:
            return self._frozen or datetime.now(UTC) + self._offset

    def now_ms(self) -> int:
        """The org's time in milliseconds since 1970."""
        return int(self.now().timestamp() * 1000)

    def stamp(self) -> str:
        """The org's time as storage keeps it: whole seconds."""
        return format_stamp(self.now())

    def freeze(self, at: datetime | None = None) -> None:
        """Stops the clock, where it stands or at a moment."""
        frozen = at or self.now()
        with self._lock:
            self._frozen = frozen
            self._revision += 1

    def advance(self, seconds: float) -> None:
        """Moves the clock, frozen or not."""
        with self._lock:
            self._revision += 1
            if self._frozen:
                self._frozen += timedelta(seconds=seconds)
            else:
                self._offset += timedelta(seconds=seconds)

    def resume(self) -> None:
        """Lets a frozen clock run on from where it stands."""
        with self._lock:
            self._revision += 1
            if self._frozen:
                self._offset = self._frozen - datetime.now(UTC)
                self._frozen = None

    def restart(self) -> None:
        """Real time again."""
        with self._lock:
            self._frozen, self._offset = None, timedelta()
            self._revision += 1

    @property
    def revision(self) -> int:
        """Grows whenever the clock is set."""
        return self._revision

    def entries(self) -> Mapping[str, Any]:
        """How far it is from real time, and where it stands, to be kept (`simorg.keeping`)."""
        with self._lock:
            found: dict[str, Any] = {"offset": self._offset.total_seconds()} if self._offset else {}
            return {**found, "frozen": self._frozen.isoformat()} if self._frozen else found

    def restore(self, entries: Mapping[str, Any]) -> None:
        """Sets it as it was."""
        with self._lock:
            self._offset = timedelta(seconds=entries.get("offset", 0.0))
            self._frozen = datetime.fromisoformat(entries["frozen"]) if "frozen" in entries else None
            self._revision += 1

    @property
    def frozen(self) -> bool:
        """Whether the clock stands."""
        return self._frozen is not None


def format_stamp(moment: datetime) -> str:
    """A moment as storage keeps it, e.g. 2026-01-02T03:04:05Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_stamp(text: str) -> datetime:
    """The moment that storage keeps."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def format_exact(moment: datetime) -> str:
    """A moment to the microsecond, in a form that sorts as the moments do."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def read_exact(text: str) -> datetime:
    """The moment of `format_exact`."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def now() -> datetime:
    """Real time, in UTC; for what is no org's matter."""
    return datetime.now(UTC)


def pause(seconds: float) -> None:
    """Waits in real time; for delays on order."""
    time.sleep(seconds)


def tick() -> float:
    """Real seconds of a steady clock, for measuring."""
    return time.monotonic()
