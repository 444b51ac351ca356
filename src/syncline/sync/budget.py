"""Keeps every run within its connection's budget of API calls: reserved before each call, whoever makes it.

Calls are reserved in the database in small blocks, so that several threads and processes together never pass the
ceiling, and a process that dies leaves its calls counted.
"""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from contextvars import ContextVar
from datetime import datetime

from syncline import clock
from syncline.domain.budget import Budget, next_day
from syncline.errors import LimitReached
from syncline.salesforce.client import Salesforce
from syncline.store import budget as ledger
from syncline.store.database import Database, transaction

#: Calls that Salesforce does not count.
FREE = frozenset({"login"})
#: Calls reserved at once; so many may be counted too many for a process that was killed.
_BLOCK = 20
#: With so many calls whose answers do not tell the usage, it is asked for.
_UNTOLD = 3
_urgent: ContextVar[bool] = ContextVar("urgent", default=False)


class CallGuard:
    """Refuses calls over the budget."""

    def __init__(self, budget: Budget, database: Database, connection_id: int, client: Salesforce) -> None:
        self._budget = budget
        self._database = database
        self._connection_id = connection_id
        self._client = client
        self._lock = threading.Lock()
        self._left = 0
        self._reserved_at: datetime | None = None
        self._untold = 0

    @contextmanager
    def urgent(self) -> Iterator[None]:
        """What is sent inside may use the reserve; it reaches threads that get a copy of this context."""
        token = _urgent.set(True)
        try:
            yield
        finally:
            _urgent.reset(token)

    def __call__(self, kind: str) -> None:
        """Before a call.

        Raises:
            LimitReached: it would pass the budget.
        """
        if kind in FREE:
            return
        self._ask_where_untold()
        with self._lock:
            reason = self._refuse_by_org() or self._take(clock.now())
        if reason:
            raise LimitReached(
                reason,
                until=next_day(clock.now()),
                operation=kind,
                remedy="The next sync goes on where this one stops. `syncline budget` shows and sets what may be used.",
            )

    def close(self) -> None:
        """Gives back what was reserved and not used."""
        with self._lock:
            self._give_back()

    def _ask_where_untold(self) -> None:
        """Where some answers did not tell the org's usage, it is asked for, once (L41b)."""
        if self._client.usage() is not None:
            return
        with self._lock:
            self._untold += 1
            ask = self._untold == _UNTOLD
        if ask:
            self._client.ask_usage()

    def _refuse_by_org(self) -> str | None:
        usage = self._client.usage()
        if usage is None:
            return None
        return self._budget.find_refusal_by_org(usage.used, usage.limit, urgent=_urgent.get())

    def _take(self, now: datetime) -> str | None:
        """Takes one call of what is reserved, or reserves more; why not, where the budget is used up."""
        if self._reserved_at is None or next_day(self._reserved_at) != next_day(now):
            self._give_back()
        if not self._left:
            self._reserved_at = now
            self._left, used = self._reserve(_BLOCK, self._budget.usable(urgent=False), now)
            if not self._left and _urgent.get():
                # One by one: what is reserved for what may not wait must not be used by anything else.
                self._left, used = self._reserve(1, self._budget.usable(urgent=True), now)
            if not self._left:
                return self._budget.describe_refusal(used, urgent=_urgent.get())
        self._left -= 1
        return None

    def _reserve(self, wanted: int, allowed: int | None, now: datetime) -> tuple[int, int]:
        with closing(self._database.connect("budget")) as conn, transaction(conn, "reserve_calls"):
            return ledger.reserve(conn, self._connection_id, wanted, allowed, now)

    def _give_back(self) -> None:
        if self._left and self._reserved_at is not None:
            with closing(self._database.connect("budget")) as conn, transaction(conn, "give_back_calls"):
                ledger.give_back(conn, self._connection_id, self._left, self._reserved_at)
        self._left = 0
