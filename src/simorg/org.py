"""An org: its schema, records, clock, users, sessions, settings, faults and journal, held together."""

import hashlib
import itertools
import random
import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from simorg.behaviour.rulebook import RuleBook
from simorg.clock import Clock, format_stamp
from simorg.faults import Faults
from simorg.ids import build_id
from simorg.journal import Journal
from simorg.keeping import Keeper
from simorg.logins.state import Logins
from simorg.schema.kept import KeptSchema
from simorg.schema.registry import Schema
from simorg.security.guard import Guard
from simorg.security.view import View
from simorg.settings import Settings, ToldSettings
from simorg.storage import Storage
from simorg.transactions import Transaction
from simorg.users import Users

INSTANCE = "gK00"


@dataclass(frozen=True)
class ClientAccess:
    """What a client application may do for a user; `key` is that of the refresh token behind it, empty without one."""

    client_id: str
    scopes: tuple[str, ...]
    key: str = ""


@dataclass(frozen=True)
class Session:
    """Who speaks, from when until when."""

    token: str
    user_id: str
    expires: datetime
    #: How long it lives after its last use; None as long as the org's setting says.
    seconds: int | None = None
    #: The password has expired: the session may only set a new one.
    password_only: bool = False
    #: The application that it belongs to; None for a session that no application asked for by OAuth.
    access: ClientAccess | None = None
    issued: datetime | None = None


class Part(Protocol):
    """What a protocol keeps between requests."""

    def clear(self) -> None:
        """Forgets it."""


@dataclass(eq=False)
class Org:
    """One simulated org. `open` it before use."""

    folder: Path
    schema: Schema
    clock: Clock = field(default_factory=Clock)
    settings: Settings = field(default_factory=Settings)
    faults: Faults = field(default_factory=Faults)
    journal: Journal = field(default_factory=Journal)
    users: Users = field(default_factory=Users)
    logins: Logins = field(default_factory=Logins)
    rules: RuleBook = field(default_factory=RuleBook)
    seed: str = ""
    #: What tells it from the other orgs of its process; the only one needs none.
    name: str = ""
    #: A sandbox is logged in to at test.salesforce.com.
    sandbox: bool = False

    def __post_init__(self) -> None:
        self.storage = Storage(self.folder, self.schema, self.clock, INSTANCE)
        self._guard = Guard(
            self.schema, self.storage, lambda: self.settings.sharing, self.rules.sharing, self.clock.stamp
        )
        self.admin_token = secrets.token_urlsafe(24)
        self.sessions: dict[str, Session] = {}
        #: What protocols keep between requests (open cursors, Bulk jobs), by name; each has `clear()`.
        self.parts: dict[str, Part] = {}
        #: Settings that the control plane changed.
        self.told = ToldSettings(self.settings)
        #: What is there again after a restart, besides records. A part that refers to others comes after them.
        self.keeper = Keeper({
            "clock": self.clock, "settings": self.told, "schema": KeptSchema(self.schema), "rules": self.rules,
            "logins": self.logins,
        })  # fmt: skip
        self._lock = threading.Lock()
        self._requests: deque[datetime] = deque()
        #: Draws what is left to chance, the same after each start.
        self._random = random.Random(0)  # noqa: S311  # no secret
        #: Numbers of Bulk jobs of any kind, whose ids must differ.
        self.job_numbers = itertools.count(1)

    @property
    def id(self) -> str:
        """The org's id, 18 characters."""
        number = int.from_bytes(hashlib.sha256(self.name.encode()).digest()[:5], "big") if self.name else 1
        return build_id("00D", INSTANCE, number)

    @property
    def realm(self) -> str:
        """What usernames and secrets of the org are derived from: they differ among orgs of one seed."""
        return f"{self.name}.{self.seed}" if self.name else self.seed

    @property
    def my_domain(self) -> str:
        """Its own host name."""
        name = self.name or "simorg-dev-ed"
        if self.sandbox:
            return f"{name}.sandbox.my.salesforce.com"
        return f"{name}.my.salesforce.com" if self.name else f"{name}.develop.my.salesforce.com"

    @property
    def time_zone(self) -> ZoneInfo:
        """The time zone of its users."""
        return ZoneInfo(self.settings.time_zone)

    def open(self) -> None:
        """Opens the storage."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.storage.commit_lag = self._draw_lag
        self.storage.time_zone = lambda: self.time_zone
        self.storage.draw_stamp = self._draw_stamp
        self.storage.before_commit, self.storage.after_rollback = self.keeper.save, self.keeper.forget
        self.storage.open()
        self.keeper.load(lambda statement: list(self.storage.read(statement)))
        for one in self.schema.objects():
            if one is not self.schema.initial(one.name):
                self.storage.add_object(one.name)

    def close(self) -> None:
        """Closes the storage."""
        self.clear_parts()
        self.keep()
        self.storage.close()

    def keep(self) -> None:
        """Saves what was changed besides records; where nothing was, it costs nothing."""
        if self.keeper.is_behind:
            with self.storage.transaction(lags=False):
                # The commit saves it.
                pass

    @contextmanager
    def changing(self, user_id: str = "") -> Iterator[Transaction]:
        """A change of schema and records that others see at its end, all together; on an exception nothing of it."""
        with self.schema.changing(), self.storage.transaction(user_id, lags=False) as tx:
            yield tx

    def clear_parts(self) -> None:
        """Forgets open cursors and jobs."""
        for part in list(self.parts.values()):
            part.clear()

    def view(self, user_id: str) -> View:
        """The org as a user sees it; as the org itself does, where there is no user."""
        return self._guard.view(user_id)

    def log_in(
        self,
        user_id: str,
        seconds: int | None = None,
        *,
        password_only: bool = False,
        access: ClientAccess | None = None,
    ) -> Session:
        """A new session."""
        token = f"{self.id[:15]}!{secrets.token_urlsafe(72)}"
        now = self.clock.now()
        until = now + timedelta(seconds=seconds or self.settings.session_seconds)
        session = Session(token, user_id, until, seconds, password_only, access, now)
        with self._lock:
            self.sessions[token] = session
        return session

    def look_at_session(self, token: str) -> Session | None:
        """A session that is alive, which is not used by this."""
        with self._lock:
            session = self.sessions.get(token)
            return session if session is not None and session.expires > self.clock.now() else None

    def find_session(self, token: str) -> Session | None:
        """A session that is alive; using it makes it live longer."""
        with self._lock:
            session = self.sessions.get(token)
            if session is None:
                return None
            now = self.clock.now()
            if session.expires <= now:
                del self.sessions[token]
                return None
            until = now + timedelta(seconds=session.seconds or self.settings.session_seconds)
            extended = replace(session, expires=until)
            self.sessions[token] = extended
            return extended

    def end_session(self, token: str) -> bool:
        """Ends one session; says whether it lived."""
        with self._lock:
            return self.sessions.pop(token, None) is not None

    def end_user_sessions(self, user_id: str, but: str = "") -> None:
        """Ends the sessions of a user, but for one."""
        with self._lock:
            kept = {key: one for key, one in self.sessions.items() if one.user_id != user_id or key == but}
            self.sessions.clear()
            self.sessions.update(kept)

    def end_access(self, chosen: Callable[[ClientAccess], bool]) -> None:
        """Ends the sessions of applications that are chosen."""
        with self._lock:
            for token, one in list(self.sessions.items()):
                if one.access is not None and chosen(one.access):
                    del self.sessions[token]

    def free_session(self, token: str, user_id: str) -> None:
        """Lets a session of a user do everything again, whose expired password was set anew."""
        with self._lock:
            session = self.sessions.get(token)
            if session is not None and session.user_id == user_id:
                self.sessions[token] = replace(session, password_only=False)

    def end_all_sessions(self) -> None:
        """Ends every session, as an administrator or a policy can."""
        with self._lock:
            self.sessions.clear()

    def count_request(self) -> bool:
        """Counts a call towards the rolling day; False where the limit is reached already."""
        now = self.clock.now()
        with self._lock:
            while self._requests and self._requests[0] <= now - timedelta(days=1):
                self._requests.popleft()
            if len(self._requests) >= self.settings.daily_requests:
                return False
            self._requests.append(now)
            return True

    @property
    def requests_used(self) -> int:
        """Calls of the last 24 hours."""
        return len(self._requests)

    def clear_usage(self) -> None:
        """Forgets the calls counted."""
        with self._lock:
            self._requests.clear()

    def user_name(self, user_id: str) -> str:
        """A user's full name."""
        row = self.storage.read_one('SELECT "FirstName", "LastName" FROM "User" WHERE "Id" = ?', [user_id])
        return " ".join(str(part) for part in row or () if part)

    def _draw_lag(self) -> int:
        some = self.settings.commit_lag_some
        lag = self.settings.commit_lag_ms
        if some and self._random.random() < some[0]:
            lag = self._random.randint(some[1], some[2])
        return self.faults.commit_lag(lag)

    def _draw_stamp(self) -> str:
        """The stamp of a new transaction: the whole second, or on a coarser grid where that is on order."""
        now = self.faults.stamp(int(self.clock.now().timestamp()))
        return format_stamp(datetime.fromtimestamp(now, UTC))
