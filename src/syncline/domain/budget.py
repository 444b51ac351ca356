"""The budget of API calls: how many a connection may make in a day, and what is kept for what may not wait.

Sources: Salesforce Developer Limits, "API Request Limits and Allocations" (calls of the whole org in 24 hours), and the
header Sforce-Limit-Info, which tells them with each answer.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

#: Where nothing else is said, this share of what is allowed is kept.
_RESERVED_SHARE = 100


@dataclass(frozen=True)
class Budget:
    """What a connection may use: `ceiling` calls a day, of which `reserve` are for opt-outs and new leads alone.

    Without a ceiling the org's own limit is the only one; without a reserve it is a hundredth of what is allowed.
    """

    ceiling: int | None = None
    reserve: int | None = None

    def kept(self, allowed: int) -> int:
        """How many of the allowed calls are kept back."""
        return allowed // _RESERVED_SHARE if self.reserve is None else min(self.reserve, allowed)

    def usable(self, *, urgent: bool) -> int | None:
        """How many calls a day may be made; None where the org's own limit is the only one."""
        if self.ceiling is None:
            return None
        return self.ceiling if urgent else self.ceiling - self.kept(self.ceiling)

    def describe_refusal(self, used: int, *, urgent: bool) -> str:
        """Why no further call may be made, where so many of today's were."""
        ceiling = self.ceiling or 0
        rest = _rest(ceiling, self.usable(urgent=urgent) or 0)
        return f"{used:,} of {ceiling:,} calls of today's budget are used{rest}."

    def find_refusal_by_org(self, used: int, limit: int, *, urgent: bool) -> str | None:
        """Why the org's own limit allows no further call, or None; `used` are the whole org's of the last 24 hours."""
        usable = limit if urgent else limit - self.kept(limit)
        if used < usable:
            return None
        return f"The org has used {used:,} of its {limit:,} calls of 24 hours{_rest(limit, usable)}."


def next_day(now: datetime) -> datetime:
    """When today's budget ends: midnight, UTC."""
    return (now.astimezone(UTC) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


def _rest(allowed: int, usable: int) -> str:
    kept = allowed - usable
    return f"; {kept:,} are kept for opt-outs and new leads" if kept else ""
