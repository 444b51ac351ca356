"""Jobs in the queue's tables: adding them in a transaction of ours, and taking up what dead workers left.

The queue is Procrastinate; its SQL functions are its interface for other programs.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
from psycopg import errors
from psycopg.types.json import Jsonb

from syncline.store.named_sql import load

_SQL = load("jobs")


@dataclass(frozen=True)
class JobSpec:
    """A job to be queued. `lock`: one of that name that waits is enough; `alone`: none of them runs beside another."""

    queue: str
    task: str
    lock: str
    args: dict[str, object]
    priority: int = 0
    alone: bool = True


@dataclass(frozen=True)
class Swept:
    """What a sweep found: jobs that another worker takes up, and jobs that ended as a successor waits already."""

    requeued: tuple[int, ...] = ()
    closed: tuple[int, ...] = ()


def add_job(conn: psycopg.Connection, job: JobSpec) -> bool:
    """Queues a job in the caller's transaction; False where one with its lock waits already."""
    parameters = {**vars(job), "args": Jsonb(job.args)}
    return conn.execute(_SQL["add"].compose(), parameters).rowcount > 0


def sweep(conn: psycopg.Connection, silence: timedelta) -> Swept:
    """Takes up, in the caller's transaction, the jobs of workers that gave no sign of life for `silence`.

    A job cannot wait again where another of its lock waits already: it is closed, since that one does its work.
    Without this the queue would fail at the same job in every sweep.
    """
    conn.execute(_SQL["prune"].compose(), {"seconds": silence.total_seconds()})
    stalled = [row[0] for row in conn.execute(_SQL["stalled"].compose()).fetchall()]
    requeued, closed = [], []
    for job_id in stalled:
        try:
            with conn.transaction():
                conn.execute(_SQL["requeue"].compose(), {"job_id": job_id})
            requeued.append(job_id)
        except errors.UniqueViolation:
            conn.execute(_SQL["close"].compose(), {"job_id": job_id})
            closed.append(job_id)
    return Swept(tuple(requeued), tuple(closed))


def find_lost(conn: psycopg.Connection, worker_id: int, running: Collection[int]) -> set[int]:
    """Jobs that the queue takes for this worker's and that it does not run; one that just begins or ends is one too."""
    found = conn.execute(_SQL["lost"].compose(), {"worker_id": worker_id, "running": list(running)})
    return {row[0] for row in found}


def give_up(conn: psycopg.Connection, worker_id: int, job_ids: Collection[int]) -> None:
    """Lets the next sweep take up jobs that this worker does not run."""
    conn.execute(_SQL["give_up"].compose(), {"worker_id": worker_id, "job_ids": list(job_ids)})


def purge(conn: psycopg.Connection, before: datetime) -> int:
    """Deletes jobs that ended before this; gives their number."""
    return conn.execute(_SQL["purge"].compose(), {"before": before}).rowcount


def count_jobs(conn: psycopg.Connection) -> dict[tuple[str, str], int]:
    """Jobs by queue and state: todo, doing."""
    return {(queue, state): number for queue, state, number in conn.execute(_SQL["count"].compose())}


def count_workers(conn: psycopg.Connection) -> int:
    """Queue loops of workers that are not known to be dead."""
    row = conn.execute(_SQL["workers"].compose()).fetchone()
    return row[0] if row else 0
