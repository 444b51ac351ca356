"""What users prove themselves with: passwords with their age, security tokens, wrong tries, and one-time codes.

They are kept with the org's policies (`simorg.logins.state`); a reset brings those of the seed back.
"""

import hashlib
import hmac
import secrets
import struct
import threading
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from simorg.users import Login, derive

_STEP = 30


@dataclass(frozen=True)
class Secret:
    """One user's password and security token; `changed` None for those of the seed, until they are first asked for."""

    password: str
    security_token: str
    changed: datetime
    expired: bool = False
    failures: int = 0
    locked_at: datetime | None = None


class Passwords:
    """The secrets of all users of an org, by user id. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._secrets: dict[str, Secret] = {}
        #: Grows with each change.
        self.revision = 0

    def clear(self) -> None:
        """Back to those of the seed."""
        with self._lock:
            self._secrets.clear()
            self.revision += 1

    def all(self) -> dict[str, Secret]:
        """Those that were asked for or set."""
        with self._lock:
            return dict(self._secrets)

    def restore(self, user_id: str, secret: Secret) -> None:
        """Takes one that was kept."""
        self._put(user_id, secret)

    def find(self, user_id: str, seeded: Login | None, now: datetime) -> Secret | None:
        """A user's secret; those of the seed are as old as the first look at them. None where there is none."""
        with self._lock:
            known = self._secrets.get(user_id)
            if known is None and seeded is not None:
                known = self._put(user_id, Secret(seeded.password, seeded.security_token, now))
            return known

    def set(self, user_id: str, password: str, now: datetime, *, expired: bool = False) -> Secret:
        """A new password; with it comes a new security token, and a lock-out ends."""
        with self._lock:
            return self._put(user_id, Secret(password, secrets.token_hex(12), now, expired))

    def expire(self, user_id: str) -> None:
        """Lets a password expire at once."""
        self._change(user_id, expired=True)

    def fail(self, user_id: str, most: int, now: datetime) -> bool:
        """Counts a wrong password; says whether it is the one that locks the user out."""
        with self._lock:
            known = self._secrets[user_id]
            locks = 0 < most <= known.failures + 1
            self._put(user_id, replace(known, failures=known.failures + 1, locked_at=now if locks else None))
            return locks

    def pardon(self, user_id: str) -> None:
        """Forgets wrong tries, and a lock-out with them."""
        self._change(user_id, failures=0, locked_at=None)

    def _change(self, user_id: str, **changes: object) -> None:
        with self._lock:
            if known := self._secrets.get(user_id):
                self._put(user_id, replace(known, **changes))  # type: ignore[arg-type]  # names are given here

    def _put(self, user_id: str, secret: Secret) -> Secret:
        if self._secrets.get(user_id) != secret:
            self._secrets[user_id] = secret
            self.revision += 1
        return secret


def is_locked(secret: Secret, minutes: int, now: datetime) -> bool:
    """Whether a user is locked out; `minutes` is how long that lasts, 0 for ever."""
    return secret.locked_at is not None and (not minutes or now < secret.locked_at + timedelta(minutes=minutes))


def is_expired(secret: Secret, days: int, now: datetime) -> bool:
    """Whether a password has expired; `days` is how long one lives, 0 for ever."""
    return secret.expired or bool(days and now >= secret.changed + timedelta(days=days))


def code_key(realm: str, user_id: str) -> bytes:
    """The key of a user's authenticator."""
    return bytes.fromhex(derive(realm, user_id, "authenticator", length=40))


def one_time_code(key: bytes, now: datetime) -> str:
    """The six digits of an authenticator at a moment (RFC 6238, SHA-1, 30 seconds)."""
    digest = hmac.new(key, struct.pack(">Q", int(now.timestamp()) // _STEP), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def fits_code(given: str, key: bytes, now: datetime) -> bool:
    """Whether a code is the current one or a neighbour's (RFC 6238, section 5.2, for clocks that differ)."""
    near = (one_time_code(key, now + timedelta(seconds=_STEP * step)) for step in (-1, 0, 1))
    return any(hmac.compare_digest(given.encode(), one.encode()) for one in near)
