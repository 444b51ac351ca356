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

    def find_refusal(self, used: int, org_used: int, org_limit: int | None, *, urgent: bool) -> str | None:
        """Why no further call may be made, or None; `used` are this connection's today, the others the whole org's."""
        if self.ceiling is not None:
            mine = self.ceiling if urgent else self.ceiling - self.kept(self.ceiling)
            if used >= mine:
                return f"{used:,} of {self.ceiling:,} calls of today's budget are used{_rest(self.ceiling, mine)}."
        if org_limit is not None:
            theirs = org_limit if urgent else org_limit - self.kept(org_limit)
            if org_used >= theirs:
                return (
                    f"The org has used {org_used:,} of its {org_limit:,} calls of 24 hours{_rest(org_limit, theirs)}."
                )
        return None


def next_day(now: datetime) -> datetime:
    """When today's budget ends: midnight, UTC."""
    return (now.astimezone(UTC) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


def _rest(allowed: int, usable: int) -> str:
    kept = allowed - usable
    return f"; {kept:,} are kept for opt-outs and new leads" if kept else ""
