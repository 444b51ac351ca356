"""Taking changes back in sets: the change log says what was before, and only what still stands is given back.

Works in one database session: `look` gathers what is chosen into tables of that session, `restore` and `load_sent`
read them.
"""

from collections.abc import Mapping as Values
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from syncline.domain.ids import RunId
from syncline.domain.mapping import Mapping
from syncline.domain.undo import FieldUndo, Selection, SentUndo, UndoExample, UndoPlan
from syncline.store import undo_made
from syncline.store.application import build_assignments
from syncline.store.decisions import cases
from syncline.store.expressions import canonical, contact_value
from syncline.store.named_sql import load

_SQL = load("undo")
#: A value still is what the last of the changes made it, and was another before.
_RESTORABLE = sql.SQL("(living AND present IS NOT DISTINCT FROM after AND present IS DISTINCT FROM before)")
_CONDITIONS = {
    "run_id": sql.SQL("run_id = %(run_id)s"),
    "contact_id": sql.SQL("contact_id = %(contact_id)s"),
    "field": sql.SQL("field = %(field)s"),
    "since": sql.SQL("at >= %(since)s"),
    "until": sql.SQL("at < %(until)s"),
}


@dataclass(frozen=True)
class SentValue:
    """A value that a change wrote into Salesforce: there before it, and as it was written, in canonical text."""

    field: str
    source: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class SentRecord:
    """What was written into one record."""

    object: str
    record_id: str
    contact_id: int
    values: tuple[SentValue, ...]


def look(conn: psycopg.Connection, connection_id: int, mapping: Mapping, selection: Selection) -> UndoPlan:
    """Gathers what is chosen, and says what giving it back would change."""
    chosen = _condition(selection)
    taken = ["create", "created", "archive", "revive", "uncreated"] if selection.is_whole_run else []
    parameters = {
        **vars(selection),
        "fields": [field.name for field in mapping.fields],
        "connection_id": connection_id,
        "taken": taken,
    }
    conn.execute(_SQL["drop_undoing"].compose())
    conn.execute(_SQL["drop_sent"].compose())
    conn.execute(_SQL["make_sent"].compose(chosen=chosen), parameters)
    conn.execute(_SQL["make_undoing"].compose(ours=_ours(mapping), chosen=chosen), parameters)
    conn.execute(_SQL["index_undoing"].compose())
    conn.execute("ANALYZE undoing")
    totals = conn.execute(_SQL["totals"].compose(restorable=_RESTORABLE)).fetchall()
    contacts = conn.execute(_SQL["contacts"].compose(restorable=_RESTORABLE)).fetchone()
    examples = conn.execute(_SQL["examples"].compose(restorable=_RESTORABLE)).fetchall()
    return UndoPlan(
        selection,
        tuple(FieldUndo(*row) for row in totals),
        contacts[0] if contacts else 0,
        _counts(conn, "not_undone", chosen, parameters),
        _counts(conn, "unmapped", chosen, parameters),
        tuple(UndoExample(*row) for row in examples),
        tuple(SentUndo(*row) for row in conn.execute(_SQL["sent_totals"].compose()).fetchall()),
        undo_made.look(conn, connection_id, selection),
    )


def restore(
    conn: psycopg.Connection, mapping: Mapping, after: int, rows: int, run_id: RunId, now: datetime
) -> tuple[int, int] | None:
    """Gives back the values of the next contacts, in the caller's transaction: (values, last contact); None at the end.

    `look` has to come before, in the same session.
    """
    found = conn.execute(_SQL["batch"].compose(restorable=_RESTORABLE), {"after": after, "rows": rows}).fetchone()
    if not found or found[0] is None:
        return None
    parameters = {
        "after": after,
        "last": found[0],
        "origin": f"undo:{run_id}",
        "run_id": run_id,
        "rule": "undone",
        "moment": now.isoformat(),
        "now": now,
    }
    conn.execute(_SQL["author"].compose(), parameters)
    conn.execute(_SQL["lock"].compose(), parameters)
    conn.execute(_SQL["look_again"].compose(ours=_ours(mapping)), parameters)
    counted = conn.execute(_SQL["counted"].compose(restorable=_RESTORABLE), parameters).fetchone()
    assignments = build_assignments(mapping.fields)
    conn.execute(_SQL["restore"].compose(assignments=assignments, restorable=_RESTORABLE), parameters)
    return (counted[0] if counted else 0), found[0]


def load_sent(conn: psycopg.Connection, object_name: str, after: int, rows: int) -> list[SentRecord]:
    """The next records of an object that the chosen changes wrote into, by contact."""
    parameters = {"object": object_name, "after": after, "rows": rows}
    return [
        SentRecord(name, record_id, contact_id, tuple(SentValue(**one) for one in values))
        for name, record_id, contact_id, values in conn.execute(_SQL["sent_batch"].compose(), parameters)
    ]


def log_sent_back(
    conn: psycopg.Connection, given_back: Sequence[tuple[int, SentValue]], run_id: RunId, now: datetime
) -> None:
    """Notes what Salesforce took back (contact, value)."""
    rows = [
        {"contact_id": contact_id, "field": one.field, "before": one.before, "after": one.after}
        for contact_id, one in given_back
    ]
    parameters = {"rows": Jsonb(rows), "run_id": run_id, "now": now, "origin": f"undo:{run_id}"}
    conn.execute(_SQL["log_sent_back"].compose(), parameters)


def _condition(selection: Selection) -> sql.Composable:
    given = [condition for name, condition in _CONDITIONS.items() if getattr(selection, name) is not None]
    return sql.SQL(" AND ").join(given) if given else sql.SQL("true")


def _ours(mapping: Mapping) -> sql.Composed:
    return cases((field.name, canonical(contact_value(field, "contact"), field.type)) for field in mapping.fields)


def _counts(
    conn: psycopg.Connection, statement: str, chosen: sql.Composable, parameters: Values[str, object]
) -> dict[str, int]:
    return dict(conn.execute(_SQL[statement].compose(chosen=chosen), parameters).fetchall())
