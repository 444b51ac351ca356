"""How often users log in: so many times an hour, and not more (Salesforce Help, "Login Rate Limits")."""

import threading
from collections import deque
from datetime import datetime, timedelta

_HOUR = timedelta(hours=1)


class LoginRate:
    """The logins of the last hour, by user. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._times: dict[str, deque[datetime]] = {}

    def clear(self) -> None:
        """Forgets them."""
        with self._lock:
            self._times.clear()

    def note(self, user_id: str, most: int, now: datetime) -> bool:
        """Counts a login; says whether it is within what is allowed (0 is without end)."""
        with self._lock:
            times = self._times.setdefault(user_id, deque())
            while times and times[0] <= now - _HOUR:
                times.popleft()
            if 0 < most <= len(times):
                return False
            times.append(now)
            return True
