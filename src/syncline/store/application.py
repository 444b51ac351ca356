"""Applying a delta in sets: contacts, links, bases, outbox and change log of one batch in the caller's transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg import sql

from syncline.domain.mapping import FieldType, Lane, MappedField, Policy
from syncline.domain.mapping_options import MergePolicy
from syncline.store.decisions import SEQ_OBJECT, Kind, Scope, cases
from syncline.store.expressions import canonical, contact_value, mirror_value, typed
from syncline.store.lifecycle import moves
from syncline.store.named_sql import load

_SQL = load("apply")
_LIFECYCLE_STEPS = (
    "lock_contacts",
    "leave_gone",
    "overrule_joined",
    "carry_bases",
    "note_aliases",
    "leave_behind",
    "unlink_joined",
    "forget_dismissed",
    "rekey",
    "take_in",
    "clear_joined",
    "mark_deleted",
    "revive",
    "mark_links_deleted",
    "cross_filter",
    "note_outside",
    "strip_outside",
    "clear_outside",
    "note_unlinked",
    "leave_unlinked",
    "unlink_deleted",
    "free_unlinked",
    "clear_unlinked",
    "forget_unlinked_bases",
    "link_matched",
    "forget_unlinked",
    "mark_linked",
    "settle_creates",
    "settle_intents",
    "log_lifecycle",
)


@dataclass(frozen=True)
class Batch:
    """Rows of the delta with numbers in (after, last]."""

    after: int
    last: int
    rows: int


@dataclass(frozen=True)
class Applied:
    """What a batch of field decisions did."""

    contacts: int
    moved: int


def next_batch(
    conn: psycopg.Connection, scope: Scope, kind: Kind, after: int | None, rows: int, object_name: str | None = None
) -> Batch | None:
    """The next rows of one kind (of one object, where it is named), at most `rows`; None when all are applied."""
    start = kind.first_seq + (scope.objects.index(object_name) * SEQ_OBJECT if object_name else 0)
    end = start + SEQ_OBJECT if object_name else kind.end_seq
    begin = start if after is None else after
    found = conn.execute(
        _SQL["batch"].compose(), {"run_id": scope.run_id, "after": begin, "before": end, "rows": rows}
    ).fetchone()
    if not found or found[0] is None:
        return None
    return Batch(begin, found[0], found[1])


def _parameters(scope: Scope, batch: Batch, now: datetime) -> dict[str, object]:
    return {
        "run_id": scope.run_id,
        "connection_id": scope.connection_id,
        "after": batch.after,
        "last": batch.last,
        "now": now,
        "applied_by": scope.applied_by or scope.run_id,
    }


def set_origin(conn: psycopg.Connection, origin: str) -> None:
    """Says who writes contacts in this transaction; capture does not send back what a connection wrote."""
    conn.execute("SELECT set_config('syncline.origin', %s, true)", [origin])


def apply_creates(conn: psycopg.Connection, scope: Scope, object_name: str, batch: Batch, now: datetime) -> None:
    """New contacts with their links and log rows."""
    mapped = scope.mapped[object_name]
    parameters = _parameters(scope, batch, now)
    conn.execute(
        _SQL["create_contacts"].compose(
            columns=sql.SQL(", ").join(sql.Identifier(field.name) for field, _ in mapped),
            values=sql.SQL(", ").join(mirror_value(field, source, "mirror") for field, source in mapped),
            mirror=scope.tables.mirror(object_name),
        ),
        parameters,
    )
    conn.execute(_SQL["create_links"].compose(), parameters)
    conn.execute(_SQL["log_creates"].compose(), parameters)


def apply_lifecycle(
    conn: psycopg.Connection, scope: Scope, fields: Sequence[MappedField], batch: Batch, now: datetime, origin: str
) -> None:
    """Conversions, merges, deletes, undeletes and first matches."""
    parameters = _parameters(scope, batch, now) | {"urgent": [one.name for one in fields if one.lane is Lane.CONSENT]}
    set_origin(conn, origin)
    for step in _LIFECYCLE_STEPS:
        conn.execute(_SQL[step].compose(), parameters)
    _keep_stricter(conn, fields, parameters)
    # Last, while the rows taken over still count as themselves above.
    set_origin(conn, origin)
    conn.execute(_SQL["retire_joined"].compose(), parameters)


def _keep_stricter(conn: psycopg.Connection, fields: Sequence[MappedField], parameters: dict[str, object]) -> None:
    gathered, stricter, differs = [], [], []
    for field in fields:
        name = sql.Identifier(field.name)
        if field.type is FieldType.BOOLEAN and field.policy is Policy.STRICTER:
            gathered.append(sql.SQL("bool_or(gone.{0}) AS {0}").format(name))
            stricter.append(sql.SQL("{0} = contact.{0} OR joined.{0}").format(name))
            differs.append(sql.SQL("joined.{0} AND NOT contact.{0}").format(name))
        elif field.type is FieldType.SCORE and field.merge is MergePolicy.MAX:
            gathered.append(sql.SQL("max(gone.{0}) AS {0}").format(name))
            stricter.append(sql.SQL("{0} = greatest(contact.{0}, joined.{0})").format(name))
            differs.append(sql.SQL("joined.{0} > coalesce(contact.{0}, joined.{0} - 1)").format(name))
        elif field.type is FieldType.SCORE and field.merge is MergePolicy.SUM:
            gathered.append(sql.SQL("sum(gone.{0}) AS {0}").format(name))
            stricter.append(sql.SQL("{0} = coalesce(contact.{0} + coalesce(joined.{0}, 0), joined.{0})").format(name))
            differs.append(sql.SQL("joined.{0} <> 0").format(name))
    if gathered:
        # Not as the connection: what is kept here has to be sent.
        set_origin(conn, "merge")
        conn.execute(
            _SQL["keep_stricter"].compose(
                gathered=sql.SQL(", ").join(gathered),
                stricter=sql.SQL(", ").join(stricter),
                differs=sql.SQL(" OR ").join(differs),
            ),
            parameters,
        )


def apply_fields(
    conn: psycopg.Connection, scope: Scope, object_name: str, batch: Batch, now: datetime, origin: str
) -> Applied:
    """Field decisions: what is taken, what is queued to be sent, what agrees, what is held."""
    mapped = scope.mapped[object_name]
    parameters = _parameters(scope, batch, now)
    set_origin(conn, origin)
    conn.execute(_SQL["lock_contacts"].compose(), parameters)
    ours = cases((field.name, canonical(contact_value(field, "contact"), field.type)) for field, _ in mapped)
    moved = conn.execute(_SQL["mark_moved"].compose(ours=ours), parameters).rowcount
    members = [(field.name, field.group) for field, _ in mapped if field.group]
    if moved and members:
        rows = sql.SQL(", ").join(sql.SQL("({}, {})").format(*map(sql.Literal, pair)) for pair in members)
        moved += conn.execute(_SQL["mark_group_moved"].compose(members=rows), parameters).rowcount
    taken = conn.execute(
        _SQL["take"].compose(assignments=build_assignments(field for field, _ in mapped)), parameters
    ).rowcount
    conn.execute(_SQL["log_updates"].compose(), parameters)
    lanes = sql.SQL(", ").join(
        sql.SQL("({}, {}::smallint)").format(sql.Literal(field.name), sql.Literal(field.lane.rank))
        for field, _ in mapped
    )
    conn.execute(_SQL["queue_sends"].compose(lanes=lanes), parameters)
    for step in ("unqueue", "clear_outbox", "settle_bases", "hold_bases"):
        conn.execute(_SQL[step].compose(), parameters)
    return Applied(taken, moved)


def build_assignments(fields: Iterable[MappedField]) -> sql.Composed:
    """Assignments that take the values of `taken.new` (canonical text by field) into a contact, and leave the rest."""
    parts = []
    for field in fields:
        new = sql.SQL("taken.new ->> {}").format(sql.Literal(field.name))
        value = typed(new, field.type)
        if field.type is FieldType.BOOLEAN:
            value = sql.SQL("coalesce({}, false)").format(value)
        parts.append(
            sql.SQL("{0} = CASE WHEN taken.new ? {1} THEN {2} ELSE contact.{0} END").format(
                sql.Identifier(field.name), sql.Literal(field.name), value
            )
        )
    return sql.SQL(", ").join(parts)


def settle_scope(conn: psycopg.Connection, scope: Scope, now: datetime) -> None:
    """The delta is applied: notes Ids of records left out, and forgets what was touched and is now decided."""
    parameters = {"connection_id": scope.connection_id, "now": now}
    conn.execute(_SQL["alias_left_out"].compose(touched_moves=moves(scope, touched=True)), parameters)
    conn.execute(_SQL["keep_unresolved"].compose(moves=moves(scope)), parameters)
