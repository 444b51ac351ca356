"""What users granted to apps: approvals, authorization codes and refresh tokens.

Approvals and refresh tokens are there again after a restart; codes live for minutes, and are not.

Sources: Salesforce Help, "OAuth 2.0 Web Server Flow", "OAuth 2.0 Refresh Token Flow", "Manage OAuth Access Policies",
"Refresh Token Rotation"; RFC 7636 for proof keys.
"""

import base64
import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from simorg.encoding import decode, encode
from simorg.logins.apps import ClientApp

#: "The authorization code expires after 15 minutes" (OAuth 2.0 Web Server Flow).
CODE_LIFE = timedelta(minutes=15)
#: So many refresh tokens a user has for one app; the oldest goes ("Manage OAuth Access for Connected Apps").
MOST_TOKENS = 5
#: How long assertions that were used are remembered, and how many tokens that died.
_KEPT_RETIRED = 10_000


@dataclass(frozen=True)
class Code:
    """An authorization code: who gave it for what, and what whoever redeems it has to know."""

    client_id: str
    user_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    challenge: str
    method: str
    nonce: str
    expires: datetime
    used: bool = False


@dataclass(frozen=True)
class RefreshToken:
    """A refresh token; `key` stays the same when it is rotated, and names the sessions that came of it."""

    token: str
    key: str
    client_id: str
    user_id: str
    scopes: tuple[str, ...]
    issued: datetime
    used: datetime
    uses: int = 0
    #: It has expired on order, whatever the policy says.
    expired: bool = False
    record_id: str = ""


class Grants:
    """All of them. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._codes: dict[str, Code] = {}
        self._refresh: dict[str, RefreshToken] = {}
        #: Tokens that others took the place of → key.
        self._retired: dict[str, str] = {}
        #: (client, user) → scopes.
        self._approved: dict[tuple[str, str], frozenset[str]] = {}
        self._assertions: dict[tuple[str, str], datetime] = {}
        #: Grows with each change of what is kept.
        self.revision = 0

    def entries(self) -> dict[str, Any]:
        """Approvals and refresh tokens, and those that others took the place of (`simorg.logins.state`)."""
        with self._lock:
            found: dict[str, Any] = {f"refresh.{token}": encode(one) for token, one in self._refresh.items()}
            found |= {f"retired.{token}": key for token, key in self._retired.items()}
            approved = [[*owner, *sorted(scopes)] for owner, scopes in sorted(self._approved.items())]
            return {**found, "approved": approved}

    def restore(self, kept: Mapping[str, Any]) -> None:
        """Takes what `entries` gave."""
        with self._lock:
            for name, one in kept.items():
                kind, _, token = name.partition(".")
                if kind == "refresh":
                    self._refresh[token] = decode(RefreshToken, one)
                elif kind == "retired":
                    self._retired[token] = one
            self._approved = {(app, user): frozenset(scopes) for app, user, *scopes in kept.get("approved", [])}
            self.revision += 1

    def clear(self) -> None:
        """Forgets everything."""
        with self._lock:
            for kept in (self._codes, self._refresh, self._retired, self._approved, self._assertions):
                kept.clear()
            self.revision += 1

    def approve(self, client_id: str, user_id: str, scopes: tuple[str, ...]) -> None:
        """A user lets an app do something."""
        with self._lock:
            key = client_id, user_id
            self._approved[key] = self._approved.get(key, frozenset()) | set(scopes)
            self.revision += 1

    def has_approved(self, client_id: str, user_id: str, scopes: tuple[str, ...]) -> bool:
        """Whether a user has let an app do all that."""
        with self._lock:
            known = self._approved.get((client_id, user_id))
            return known is not None and set(scopes) <= known

    def add_code(self, code: Code, now: datetime) -> str:
        """A new code."""
        text = f"aPrx{secrets.token_urlsafe(48)}"
        with self._lock:
            self._codes = {key: one for key, one in self._codes.items() if now < one.expires + CODE_LIFE}
            self._codes[text] = code
        return text

    def take_code(self, text: str) -> Code | None:
        """A code, which whoever comes a second time finds used; None where there was none."""
        with self._lock:
            code = self._codes.get(text)
            if code is not None:
                self._codes[text] = replace(code, used=True)
            return code

    def add_refresh(self, made: RefreshToken) -> list[RefreshToken]:
        """Keeps a new refresh token; gives those that have to go for it."""
        with self._lock:
            same = [one for one in self._refresh.values() if _owner(one) == _owner(made)]
            gone = sorted(same, key=lambda one: one.issued)[: max(0, len(same) - MOST_TOKENS + 1)]
            for one in gone:
                del self._refresh[one.token]
            self._refresh[made.token] = made
            self.revision += 1
        return gone

    def find_refresh(self, token: str) -> RefreshToken | None:
        """A refresh token that has not been ended; whether it has expired, `lives` says."""
        with self._lock:
            return self._refresh.get(token)

    def use_refresh(self, token: str, now: datetime, *, rotates: bool) -> RefreshToken | None:
        """Notes a use; gives the token, or with rotation the one that is in its place from now on."""
        with self._lock:
            known = self._refresh.get(token)
            if known is None:
                return None
            after = replace(known, used=now, uses=known.uses + 1)
            if rotates:
                after = replace(after, token=draw_refresh())
                self._retire(known)
            self._refresh[after.token] = after
            self.revision += 1
            return after

    def find_retired(self, token: str) -> str | None:
        """The key of a token that another took the place of."""
        with self._lock:
            return self._retired.get(token)

    def end_refresh(self, chosen: Callable[[RefreshToken], bool]) -> list[RefreshToken]:
        """Ends refresh tokens, and the approval behind them where no other of the user's is left; gives them."""
        with self._lock:
            gone = [one for one in self._refresh.values() if chosen(one)]
            for one in gone:
                del self._refresh[one.token]
            left = {_owner(one) for one in self._refresh.values()}
            for one in gone:
                if _owner(one) not in left:
                    self._approved.pop(_owner(one), None)
            self.revision += 1
            return gone

    def expire_refresh(self, chosen: Callable[[RefreshToken], bool]) -> None:
        """Lets refresh tokens expire at once."""
        with self._lock:
            for token, one in self._refresh.items():
                if chosen(one):
                    self._refresh[token] = replace(one, expired=True)
            self.revision += 1

    def listed(self) -> list[RefreshToken]:
        """Every refresh token that has not been ended."""
        with self._lock:
            return list(self._refresh.values())

    def note_assertion(self, client_id: str, name: str, until: datetime, now: datetime) -> bool:
        """Notes an assertion by its jti; says whether it is new."""
        key = client_id, name
        with self._lock:
            self._assertions = {one: end for one, end in self._assertions.items() if end > now}
            is_new = key not in self._assertions
            self._assertions[key] = until
            return is_new

    def _retire(self, one: RefreshToken) -> None:
        del self._refresh[one.token]
        self._retired[one.token] = one.key
        while len(self._retired) > _KEPT_RETIRED:
            del self._retired[next(iter(self._retired))]


def build_refresh(client_id: str, user_id: str, scopes: tuple[str, ...], now: datetime) -> RefreshToken:
    """A new refresh token."""
    return RefreshToken(draw_refresh(), secrets.token_hex(8), client_id, user_id, scopes, now, now)


def lives(known: RefreshToken, app: ClientApp, now: datetime) -> bool:
    """Whether a refresh token has not expired by its app's policy."""
    if known.expired or app.refresh_policy == "zero":
        return False
    if app.refresh_policy == "until_revoked":
        return True
    since = known.issued if app.refresh_policy == "expire_after" else known.used
    return now < since + timedelta(seconds=app.refresh_seconds)


def fits_challenge(code: Code, verifier: str) -> bool:
    """Whether a verifier is the one behind a challenge (RFC 7636, section 4.6)."""
    digest = hashlib.sha256(verifier.encode("utf-8", "replace")).digest()
    shown = verifier if code.method == "plain" else base64.urlsafe_b64encode(digest).decode()
    return hmac.compare_digest(shown.rstrip("=").encode("utf-8", "replace"), code.challenge.rstrip("=").encode())


def draw_refresh() -> str:
    """What a refresh token looks like."""
    return f"5Aep861{secrets.token_urlsafe(60)}"


def _owner(one: RefreshToken) -> tuple[str, str]:
    return one.client_id, one.user_id
