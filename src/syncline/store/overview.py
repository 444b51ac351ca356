"""How all connections stand at a glance, for the status page and for monitoring: cheap enough to be asked often."""

from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg

from syncline.domain.mapping import Lane
from syncline.store.jobs import count_jobs, count_workers
from syncline.store.named_sql import load

_SQL = load("overview")


@dataclass(frozen=True)
class ConnectionOverview:
    """One connection; times in UTC, `calls` those of this day (UTC). Without a run its parts are None."""

    name: str
    organization_name: str
    state: str
    paused: bool
    next_at: datetime | None
    looked_at: datetime | None
    changed_at: datetime | None
    failures: int
    run_id: int | None
    run_kind: str | None
    run_state: str | None
    run_started_at: datetime | None
    run_finished_at: datetime | None
    run_message: str | None
    issues: int
    calls: int


@dataclass(frozen=True)
class Overview:
    """Everything at a glance: jobs by queue and state, rows of the outbox by lane and state."""

    connections: tuple[ConnectionOverview, ...]
    jobs: dict[tuple[str, str], int]
    workers: int
    waiting: dict[tuple[str, str], int]


def load_overview(conn: psycopg.Connection, now: datetime) -> Overview:
    """Looks at everything."""
    day = now.astimezone(UTC).date()
    lanes = list(Lane)
    return Overview(
        connections=tuple(
            ConnectionOverview(*row) for row in conn.execute(_SQL["connections"].compose(), {"day": day})
        ),
        jobs=count_jobs(conn),
        workers=count_workers(conn),
        waiting={(str(lanes[lane]), state): count for lane, state, count in conn.execute(_SQL["waiting"].compose())},
    )
