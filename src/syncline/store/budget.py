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
    """Calls of this day, those that running processes have reserved included."""
    parameters = {"connection_id": connection_id, "day": now.astimezone(UTC).date()}
    row = conn.execute(_SQL["used"].compose(), parameters).fetchone()
    return row[0] if row else 0


def reserve(
    conn: psycopg.Connection, connection_id: int, wanted: int, allowed: int | None, now: datetime
) -> tuple[int, int]:
    """Reserves up to so many calls of today, within what is allowed; gives how many, and how many were used before.

    The row of the day stays locked until the transaction ends: nobody else reserves meanwhile.
    """
    parameters = {"connection_id": connection_id, "day": now.astimezone(UTC).date()}
    conn.execute(_SQL["open_day"].compose(), parameters)
    row = conn.execute(_SQL["lock_day"].compose(), parameters).fetchone()
    used = row[0] if row else 0
    granted = wanted if allowed is None else max(0, min(wanted, allowed - used))
    if granted:
        conn.execute(_SQL["add"].compose(), {**parameters, "calls": granted})
    return granted, used


def give_back(conn: psycopg.Connection, connection_id: int, calls: int, reserved_at: datetime) -> None:
    """Calls that were reserved and not made."""
    day = reserved_at.astimezone(UTC).date()
    conn.execute(_SQL["add"].compose(), {"connection_id": connection_id, "day": day, "calls": -calls})


def note_org(conn: psycopg.Connection, connection_id: int, used: int, limit: int, now: datetime) -> None:
    """What the whole org used, and may use, as its last answer told."""
    parameters = {"connection_id": connection_id, "day": now.astimezone(UTC).date(), "used": used, "limit": limit}
    conn.execute(_SQL["note_org"].compose(), parameters)


def list_days(conn: psycopg.Connection, connection_id: int, days: int) -> list[Day]:
    """The latest days, the newest first."""
    parameters = {"connection_id": connection_id, "days": days}
    return [Day(*row) for row in conn.execute(_SQL["days"].compose(), parameters)]
