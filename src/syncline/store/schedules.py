"""Schedules as they are kept: when each connection is looked at next, and how its latest look ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
from psycopg.types.json import Jsonb

from syncline.domain.schedule import Mode, Schedule
from syncline.store.named_sql import load

_SQL = load("schedules")


@dataclass(frozen=True)
class Kept:
    """A connection's schedule; times in UTC. `next_at` None: at once, where the mode looks by itself."""

    schedule: Schedule
    paused: bool = False
    next_at: datetime | None = None
    looked_at: datetime | None = None
    changed_at: datetime | None = None
    #: Looks in a row that failed; how the latest one ended, in the words of runs, with its message.
    failures: int = 0
    outcome: str = ""
    message: str = ""


@dataclass(frozen=True)
class Settled:
    """How a look ended."""

    outcome: str
    message: str
    changed: bool
    failures: int
    next_at: datetime | None


def ensure_schedules(conn: psycopg.Connection) -> None:
    """Gives every connection a schedule."""
    conn.execute(_SQL["ensure"].compose())


def load_schedule(conn: psycopg.Connection, connection_id: int) -> Kept:
    """The schedule of a connection; the default where none was set."""
    row = conn.execute(_SQL["load"].compose(), _of(connection_id)).fetchone()
    if row is None:
        return Kept(Schedule())
    mode, every, cron, *rest = row
    schedule = Schedule(Mode(mode), timedelta(seconds=every) if every is not None else None, cron)
    return Kept(schedule, *rest)


def save_schedule(conn: psycopg.Connection, connection_id: int, schedule: Schedule, now: datetime) -> None:
    """Another schedule for a connection; its next look is at once."""
    every = int(schedule.every.total_seconds()) if schedule.every is not None else None
    values = {"mode": str(schedule.mode), "every_seconds": every, "cron": schedule.cron, "now": now}
    if schedule.mode is Mode.MANUAL:
        values["now"] = None
    conn.execute(_SQL["save"].compose(), {**_of(connection_id), **values})


def set_paused(conn: psycopg.Connection, connection_id: int, *, paused: bool, now: datetime) -> None:
    """Stops what a connection does by itself, or lets it go on at once."""
    ensure_schedules(conn)
    kept = load_schedule(conn, connection_id)
    at = None if paused or kept.schedule.mode is Mode.MANUAL else now
    conn.execute(_SQL["pause"].compose(), {**_of(connection_id), "paused": paused, "now": at})


def wake(conn: psycopg.Connection, connection_id: int, at: datetime) -> None:
    """Brings the next look of a connection forward to this moment; one that comes sooner stays."""
    ensure_schedules(conn)
    conn.execute(_SQL["wake"].compose(), {**_of(connection_id), "at": at})


def begin_look(conn: psycopg.Connection, connection_id: int) -> None:
    """Notes which local edits a look that begins now will see."""
    ensure_schedules(conn)
    conn.execute(_SQL["begin"].compose(), _of(connection_id))


def settle_look(conn: psycopg.Connection, connection_id: int, settled: Settled, now: datetime) -> None:
    """Notes how a look ended, and when the next one is."""
    conn.execute(_SQL["settle"].compose(), {**_of(connection_id), **vars(settled), "now": now})


def note_edits(conn: psycopg.Connection, at: Mapping[Mode, datetime]) -> None:
    """Lets edits here that no look has seen yet bring the next one forward, by the mode to this moment, once."""
    moments = {str(mode): moment.isoformat() for mode, moment in at.items()}
    conn.execute(_SQL["note_edits"].compose(), {"at": Jsonb(moments)})


def claim_due(conn: psycopg.Connection, now: datetime, guard: datetime) -> list[int]:
    """Connections to be looked at now; each has its next look at `guard` until the one that begins settles it."""
    return [row[0] for row in conn.execute(_SQL["due"].compose(), {"now": now, "guard": guard})]


def _of(connection_id: int) -> dict[str, object]:
    return {"connection_id": connection_id}
