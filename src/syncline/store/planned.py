"""Plans that wait to be applied: of which run, made when and from which mapping; and the brakes of a connection."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

import psycopg

from syncline.domain.ids import RunId
from syncline.domain.plan import Brakes
from syncline.store.decisions import Kind
from syncline.store.named_sql import load

_SQL = load("planned")
#: Kinds of runs that neither read records into the mirror nor decide.
_HARMLESS = ["apply", "proof", "undo", "reconcile", "errors", "consent"]


class PlanState(StrEnum):
    """How far a plan is applied."""

    OPEN = "open"
    SUPERSEDED = "superseded"
    APPLYING = "applying"
    APPLIED = "applied"


@dataclass(frozen=True)
class StoredPlan:
    """A plan as it is kept; `made_at` in UTC."""

    run_id: RunId
    mapping_version: int
    made_at: datetime
    state: PlanState


@dataclass(frozen=True)
class Unsent:
    """A write of a plan that was not made, and what is known of why. `field` is None for a new record."""

    object: str
    record_id: str
    contact_id: int
    field: str | None
    reason: str


def supersede(conn: psycopg.Connection, connection_id: int) -> None:
    """Whatever was planned before can no longer be applied: something newer is read."""
    conn.execute(_SQL["supersede"].compose(), {"connection_id": connection_id})


def note(conn: psycopg.Connection, connection_id: int, run_id: int, mapping_version: int, now: datetime) -> None:
    """Keeps that the delta of a run is a plan."""
    parameters = {"connection_id": connection_id, "run_id": run_id, "mapping_version": mapping_version, "now": now}
    conn.execute(_SQL["note"].compose(), parameters)


def find(conn: psycopg.Connection, connection_id: int, run_id: int | None) -> StoredPlan | None:
    """The plan of a run, or the newest."""
    row = conn.execute(_SQL["find"].compose(), {"connection_id": connection_id, "run_id": run_id}).fetchone()
    return StoredPlan(RunId(row[0]), row[1], row[2], PlanState(row[3])) if row else None


def set_state(conn: psycopg.Connection, run_id: int, state: PlanState) -> None:
    """Notes how far a plan is applied."""
    conn.execute(_SQL["set_state"].compose(), {"run_id": run_id, "state": str(state)})


def find_later_run(conn: psycopg.Connection, connection_id: int, run_id: int, own: int) -> tuple[int, str] | None:
    """A run (id, kind) after the plan's, other than `own`, that may have read something newer."""
    parameters = {"connection_id": connection_id, "run_id": run_id, "own": own, "harmless": _HARMLESS}
    row = conn.execute(_SQL["later_runs"].compose(), parameters).fetchone()
    return (row[0], row[1]) if row else None


def take_aside(conn: psycopg.Connection, connection_id: int, run_id: int, consent: Sequence[str]) -> None:
    """Puts aside what waits and is not in the plan; the fields of `consent` stay: they protect people."""
    parameters = {
        "connection_id": connection_id,
        "run_id": run_id,
        "consent": list(consent),
        "fields": Kind.FIELDS.first_seq,
        "sends": Kind.SENDS.first_seq,
    }
    conn.execute(_SQL["take_aside"].compose(), parameters)


def put_back(conn: psycopg.Connection, connection_id: int) -> None:
    """Lets what was put aside wait to be sent again."""
    conn.execute(_SQL["put_back"].compose(), {"connection_id": connection_id})


def find_unsent(conn: psycopg.Connection, run_id: int, applied_by: int) -> list[Unsent]:
    """The writes of a plan that applying it did not make."""
    parameters = {"run_id": run_id, "applied_by": applied_by, "fields": Kind.FIELDS.first_seq}
    return [Unsent(*row) for row in conn.execute(_SQL["unsent"].compose(), parameters)]


def load_brakes(conn: psycopg.Connection, connection_id: int) -> Brakes:
    """What one run of a connection may change without a person's word."""
    row = conn.execute(_SQL["load_brakes"].compose(), {"connection_id": connection_id}).fetchone()
    return Brakes(*row) if row else Brakes()


def save_brakes(conn: psycopg.Connection, connection_id: int, brakes: Brakes) -> None:
    """Other brakes for a connection."""
    conn.execute(_SQL["save_brakes"].compose(), {"connection_id": connection_id, **asdict(brakes)})
