"""API calls by connection and day, and what may be used of them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

import psycopg

from syncline.domain.budget import Budget
from syncline.store.named_sql import load

_SQL = load("budget")


@dataclass(frozen=True)
class Day:
    """What a connection used in a day (UTC), and the whole org, as its last answer of that day told."""

    day: date
    calls: int
    org_used: int | None
    org_limit: int | None


def load_budget(conn: psycopg.Connection, connection_id: int) -> Budget:
    """What a connection may use."""
    row = conn.execute(_SQL["load"].compose(), {"connection_id": connection_id}).fetchone()
    return Budget(*row) if row else Budget()


def save_budget(conn: psycopg.Connection, connection_id: int, budget: Budget) -> None:
    """Another budget for a connection."""
    parameters = {"connection_id": connection_id, "ceiling": budget.ceiling, "reserve": budget.reserve}
    conn.execute(_SQL["save"].compose(), parameters)


def count_used(conn: psycopg.Connection, connection_id: int, now: datetime) -> int:
    """Calls of ended runs of this day."""
    parameters = {"connection_id": connection_id, "day": now.astimezone(UTC).date()}
    row = conn.execute(_SQL["used"].compose(), parameters).fetchone()
    return row[0] if row else 0


def note_used(
    conn: psycopg.Connection, connection_id: int, calls: int, org: tuple[int, int] | None, now: datetime
) -> None:
    """Adds what a run used; `org` is (used, limit) of the whole org, where an answer told it."""
    used, limit = org or (None, None)
    day = now.astimezone(UTC).date()
    parameters = {"connection_id": connection_id, "day": day, "calls": calls, "org_used": used, "org_limit": limit}
    conn.execute(_SQL["note"].compose(), parameters)


def list_days(conn: psycopg.Connection, connection_id: int, days: int) -> list[Day]:
    """The latest days, the newest first."""
    parameters = {"connection_id": connection_id, "days": days}
    return [Day(*row) for row in conn.execute(_SQL["days"].compose(), parameters)]
