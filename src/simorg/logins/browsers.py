"""The pages' side of a login: which browser waits to authorize what, and who has logged in with it. Kept in memory.

A browser is known by a cookie that nobody can guess. A form carries the number of a request that only this browser
began, so that no other site can send it; the cookie changes when somebody logs in.
"""

import secrets
import threading
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

_WAITS = timedelta(minutes=30)
#: More that wait than any person begins; the oldest go.
_MOST = 5_000


@dataclass(frozen=True)
class Asked:
    """An authorization request that waits for its user."""

    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str
    challenge: str
    method: str
    nonce: str
    prompt: frozenset[str]
    login_hint: str
    browser: str
    expires: datetime
    #: Who has logged in for it.
    user_id: str = ""


class Browsers:
    """All of them. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users: dict[str, tuple[str, datetime]] = {}
        self._asked: dict[str, Asked] = {}

    def clear(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._users.clear()
            self._asked.clear()

    def begin(self, asked: Asked, now: datetime) -> str:
        """Lets a request wait; gives its number."""
        number = secrets.token_urlsafe(24)
        with self._lock:
            self._asked = {key: one for key, one in self._asked.items() if now < one.expires}
            while len(self._asked) >= _MOST:
                del self._asked[next(iter(self._asked))]
            self._asked[number] = asked
        return number

    def find(self, number: str, browser: str, now: datetime) -> Asked | None:
        """A request that this browser began."""
        with self._lock:
            asked = self._asked.get(number)
            known = asked is not None and secrets.compare_digest(asked.browser.encode(), browser.encode())
            return asked if known and asked is not None and now < asked.expires else None

    def end(self, number: str) -> None:
        """A request has been answered."""
        with self._lock:
            self._asked.pop(number, None)

    def log_in(self, number: str, asked: Asked, user_id: str, until: datetime) -> Asked:
        """Notes who has logged in for a request; the browser is known by a new cookie from now on."""
        after = replace(asked, user_id=user_id, browser=draw_browser())
        with self._lock:
            self._users.pop(asked.browser, None)
            self._users[after.browser] = user_id, until
            while len(self._users) > _MOST:
                del self._users[next(iter(self._users))]
            self._asked[number] = after
        return after

    def log_out(self, browser: str) -> None:
        """Nobody is logged in with this browser any more."""
        with self._lock:
            self._users.pop(browser, None)

    def user_of(self, browser: str, now: datetime) -> str:
        """Who has logged in with a browser; empty for nobody."""
        with self._lock:
            user_id, until = self._users.get(browser, ("", now))
            return user_id if now < until else ""


def waits_until(now: datetime) -> datetime:
    """How long a request that begins now waits for its user."""
    return now + _WAITS


def draw_browser() -> str:
    """A new cookie."""
    return secrets.token_urlsafe(32)
