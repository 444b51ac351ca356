"""Named moments at which a test may kill the process or its database, to prove that nothing is lost.

Production code calls `reach(name)` before and after each commit and each remote write; nothing happens unless
`arm` was called, which `bootstrap` does only for the hidden setting SYNCLINE_KILL_AT.
"""

from collections.abc import Callable

_Strike = Callable[[], None]
_armed: dict[str, tuple[int, _Strike]] = {}
_reached: list[str] | None = None


def arm(name: str, nth: int, strike: _Strike) -> None:
    """Calls `strike` when `name` is reached for the nth time, counted from 1."""
    _armed[name] = (nth, strike)


def record() -> list[str]:
    """Begins to note every name that is reached, and returns the growing list."""
    global _reached  # one process, one recording
    _reached = []
    return _reached


def disarm() -> None:
    """Forgets everything armed and recorded."""
    global _reached  # as above
    _armed.clear()
    _reached = None


def reach(name: str) -> None:
    """Marks that the process stands at the moment `name`."""
    if _reached is not None:
        _reached.append(name)
    if name not in _armed:
        return
    left, strike = _armed[name]
    if left > 1:
        _armed[name] = (left - 1, strike)
        return
    del _armed[name]
    strike()
