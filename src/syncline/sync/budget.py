"""Keeps a run within its connection's budget of API calls: asked before each call, whoever makes it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from syncline import clock
from syncline.domain.budget import Budget, next_day
from syncline.errors import LimitReached
from syncline.salesforce.client import Salesforce

#: Calls that Salesforce does not count.
FREE = frozenset({"login"})


class CallGuard:
    """Refuses calls over the budget. `used` are the connection's calls of the day before this run."""

    def __init__(self, budget: Budget, used: int, client: Salesforce) -> None:
        self._budget = budget
        self._before = used
        self._client = client
        self._urgent = threading.local()

    @property
    def counted(self) -> int:
        """Calls of this run that Salesforce counts."""
        return sum(number for kind, number in self._client.calls.as_dict().items() if kind not in FREE)

    @contextmanager
    def urgent(self) -> Iterator[None]:
        """What is sent inside may use the reserve; for this thread."""
        before = getattr(self._urgent, "value", False)
        self._urgent.value = True
        try:
            yield
        finally:
            self._urgent.value = before

    def __call__(self, kind: str) -> None:
        """Before a call.

        Raises:
            LimitReached: it would pass the budget.
        """
        if kind in FREE:
            return
        usage = self._client.usage()
        reason = self._budget.find_refusal(
            self._before + self.counted,
            usage.used if usage else 0,
            usage.limit if usage else None,
            urgent=getattr(self._urgent, "value", False),
        )
        if reason:
            raise LimitReached(
                reason,
                until=next_day(clock.now()),
                operation=kind,
                remedy="The next sync goes on where this one stops. `syncline budget` shows and sets what may be used.",
            )
