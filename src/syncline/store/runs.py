"""Runs: one pass over one connection, with its lock, its state and what it counted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.types.json import Jsonb

from syncline.domain.ids import RunId
from syncline.store.named_sql import load

_SQL = load("runs")
#: The first key of our advisory locks on connections; it only has to be ours.
LOCK_SPACE = 7_962_546


#: The kind of the runs that go on beside the others, under a lock of their own.
CONSENT_KIND = "consent"


@dataclass(frozen=True)
class Run:
    """A run as it is kept; times in UTC."""

    id: RunId
    kind: str
    state: str
    started_at: datetime
    finished_at: datetime | None
    counts: Mapping[str, object]
    message: str


def try_lock(conn: psycopg.Connection, connection_id: int) -> bool:
    """Takes the connection's lock for as long as this database session lives."""
    row = conn.execute(_SQL["lock"].compose(), {"space": LOCK_SPACE, "connection_id": connection_id}).fetchone()
    return bool(row and row[0])


def start(conn: psycopg.Connection, connection_id: int, kind: str, now: datetime, job_id: int | None = None) -> RunId:
    """Opens a run, of a worker's job or none; runs that a dead process left open are closed as failed."""
    beside = kind == CONSENT_KIND
    conn.execute(_SQL["abandon"].compose(), {"connection_id": connection_id, "now": now, "beside": beside})
    parameters = {"connection_id": connection_id, "kind": kind, "now": now, "job_id": job_id}
    row = conn.execute(_SQL["start"].compose(), parameters).fetchone()
    assert row is not None
    return RunId(row[0])


def ask_to_stop(conn: psycopg.Connection, connection_id: int, run_id: int | None = None) -> list[int]:
    """Asks the run that is under way, or this one, to stop at its next safe place; gives those that were asked."""
    parameters = {"connection_id": connection_id, "run_id": run_id}
    return [row[0] for row in conn.execute(_SQL["cancel"].compose(), parameters)]


def is_asked_to_stop(conn: psycopg.Connection, run_id: int) -> bool:
    """Whether somebody asked this run to stop."""
    row = conn.execute(_SQL["is_cancelled"].compose(), {"run_id": run_id}).fetchone()
    return bool(row and row[0])


def finish(
    conn: psycopg.Connection, run_id: RunId, state: str, counts: Mapping[str, object], message: str, now: datetime
) -> None:
    """Closes a run."""
    conn.execute(
        _SQL["finish"].compose(),
        {"run_id": run_id, "state": state, "counts": Jsonb(dict(counts)), "message": message, "now": now},
    )


def drop(conn: psycopg.Connection, run_id: RunId) -> None:
    """Forgets a run that nothing refers to."""
    conn.execute(_SQL["drop"].compose(), {"run_id": run_id})


def approve(conn: psycopg.Connection, connection_id: int, version: int, now: datetime) -> None:
    """Notes that a person approved this version of the mapping."""
    conn.execute(_SQL["approve"].compose(), {"connection_id": connection_id, "version": version, "now": now})


def load_latest(conn: psycopg.Connection, connection_id: int, limit: int) -> list[Run]:
    """The latest runs, newest first."""
    rows = conn.execute(_SQL["latest"].compose(), {"connection_id": connection_id, "limit": limit}).fetchall()
    return [Run(*row) for row in rows]
