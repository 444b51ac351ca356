"""The org's clock: real time by default; it can be frozen, set and advanced. The only module that asks the time."""

import threading
import time
from datetime import UTC, datetime, timedelta


class Clock:
    """Tells the org's time. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._frozen: datetime | None = None
        self._offset = timedelta()

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

    def advance(self, seconds: float) -> None:
        """Moves the clock, frozen or not."""
        with self._lock:
            if self._frozen:
                self._frozen += timedelta(seconds=seconds)
            else:
                self._offset += timedelta(seconds=seconds)

    def resume(self) -> None:
        """Lets a frozen clock run on from where it stands."""
        with self._lock:
            if self._frozen:
                self._offset = self._frozen - datetime.now(UTC)
                self._frozen = None

    def restart(self) -> None:
        """Real time again."""
        with self._lock:
            self._frozen, self._offset = None, timedelta()

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


def now() -> datetime:
    """Real time, in UTC; for what is no org's matter."""
    return datetime.now(UTC)


def pause(seconds: float) -> None:
    """Waits in real time; for delays on order."""
    time.sleep(seconds)


def tick() -> float:
    """Real seconds of a steady clock, for measuring."""
    return time.monotonic()
