"""Who uses the server: file locks that end with their process, however it ends."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

from syncline import clock
from syncline.errors import OperatorError

_LOOK_EVERY = 0.02


class FileLock:
    """A lock on a file, held by this object until `release`; the kernel frees it when the process dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def share(self) -> None:
        """Holds the lock together with others; waits for nobody, since only `try_alone` could be in the way."""
        fcntl.flock(self._open(), fcntl.LOCK_SH)

    def try_alone(self) -> bool:
        """Holds the lock alone if nobody else holds it; a shared hold of ours may be lost when it fails."""
        try:
            fcntl.flock(self._open(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def wait_alone(self, deadline: float, waiting: Callable[[], None]) -> None:
        """Holds the lock alone, waiting until the deadline (on the monotonic clock).

        Raises:
            OperatorError: somebody else held it all the time.
        """
        while not self.try_alone():
            if clock.monotonic() > deadline:
                raise OperatorError(
                    f"Another process has been starting or stopping the database of {self._path.parent} for minutes.",
                    remedy=f"See which one it is: fuser -v {self._path}",
                )
            waiting()
            clock.sleep(_LOOK_EVERY)

    def release(self) -> None:
        """Lets go."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _open(self) -> int:
        if self._handle is None:
            # Never inherited by programs that we start: the server must not count as its own user.
            self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        return self._handle
