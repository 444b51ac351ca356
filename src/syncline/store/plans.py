"""What a delta amounts to, in numbers and examples: the plan as a person sees it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import psycopg
from psycopg import sql

from syncline.domain.plan import Example, ObjectPlan
from syncline.store.decisions import Kind
from syncline.store.named_sql import load
from syncline.store.names import ConnectionTables

_SQL = load("plans")
_EXAMPLES_PER_KIND = 3
#: Rows with numbers between these are creates, which are many and all alike.
_CREATES = {"creates": Kind.CREATES.first_seq, "sends": Kind.SENDS.first_seq}
_ACTIONS = {
    "create": "creates",
    "link": "links",
    "convert": "converts",
    "merge": "merges",
    "delete": "deletes",
    "undelete": "undeletes",
    "leave": "leaves",
    "return": "returns",
}


@dataclass(frozen=True)
class Sizes:
    """How much there is, whatever a plan changes: contacts that stand for somebody, and records by object."""

    contacts: int
    records: Mapping[str, int]


def count_all(conn: psycopg.Connection, tables: ConnectionTables, object_names: Sequence[str]) -> Sizes:
    """Counts whole tables, which takes the longer the more there is."""
    records = {name: _count(conn, _SQL["records"].compose(mirror=tables.mirror(name))) for name in object_names}
    return Sizes(_count(conn, _SQL["contacts"].compose()), records)


def _count(conn: psycopg.Connection, statement: sql.Composed) -> int:
    row = conn.execute(statement).fetchone()
    return row[0] if row else 0


def summarise(conn: psycopg.Connection, connection_id: int, run_id: int, object_name: str, records: int) -> ObjectPlan:
    """Counts the delta of one object, whose mirror holds so many records."""
    parameters = {"connection_id": connection_id, "run_id": run_id, "object": object_name, **_CREATES}
    counts: dict[str, int] = dict(conn.execute(_SQL["actions"].compose(), parameters).fetchall())
    totals = conn.execute(_SQL["field_totals"].compose(), parameters).fetchone() or (0, 0)
    taken: dict[str, int] = {}
    blanked: dict[str, int] = {}
    sent: dict[str, int] = {}
    conflicts: dict[str, int] = {}
    for field, outcome, amount, blanks, both in conn.execute(_SQL["fields"].compose(), parameters).fetchall():
        if both:
            conflicts[field] = conflicts.get(field, 0) + both
        if outcome == "take":
            taken[field] = amount
            if blanks:
                blanked[field] = blanks
        elif outcome == "send":
            sent[field] = amount
    left_out: Mapping[str, int] = dict(conn.execute(_SQL["left_out"].compose(), parameters).fetchall())
    plan = ObjectPlan(
        object_name,
        records=records,
        updates=totals[0],
        conflicts=totals[1],
        taken_by_field=taken,
        blanked_by_field=blanked,
        sent_by_field=sent,
        conflicts_by_field=conflicts,
        left_out=left_out,
    )
    for action, amount in counts.items():
        if action in _ACTIONS:
            plan = replace(plan, **{_ACTIONS[action]: amount})  # type: ignore[arg-type]  # all of these are counts
    return plan


def load_examples(conn: psycopg.Connection, run_id: int) -> tuple[Example, ...]:
    """A few rows of each kind of decision."""
    rows = conn.execute(
        _SQL["examples"].compose(), {"run_id": run_id, "each": _EXAMPLES_PER_KIND, **_CREATES}
    ).fetchall()
    return tuple(Example(*row) for row in rows)


def count_waiting(conn: psycopg.Connection, run_id: int, now: datetime) -> tuple[int, int]:
    """Contacts that would be sent as updates, and as new records."""
    row = conn.execute(_SQL["waiting"].compose(), {"run_id": run_id, "now": now, **_CREATES}).fetchone()
    return (row[0], row[1]) if row else (0, 0)
