"""Everything that is kept about one person, gathered for an explanation; asks nothing of Salesforce."""

from dataclasses import dataclass

import psycopg
from psycopg import sql

from syncline.domain.drift import Cause
from syncline.domain.explain import FieldExplanation, FieldFacts, LastChange, explain_field
from syncline.domain.ids import ContactId
from syncline.domain.mapping import MappedField, Mapping, is_expression
from syncline.store.expressions import canonical, contact_value, mirror_value
from syncline.store.named_sql import load
from syncline.store.names import ConnectionTables

_SQL = load("explain")
_HISTORY_ROWS = 20


@dataclass(frozen=True)
class PersonExplanation:
    """One person explained: the record behind the contact, what waits as a whole, and each field."""

    contact_id: ContactId
    object: str | None
    record_id: str | None
    link_state: str | None
    waits_for_creation: bool
    fields: tuple[FieldExplanation, ...]


@dataclass(frozen=True)
class RecordLeftOut:
    """A record that no contact stands for, and the rule that leaves it out."""

    object: str
    record_id: str
    reason: str


def find_left_out(conn: psycopg.Connection, connection_id: int, record_id: str) -> RecordLeftOut | None:
    """Why a record has no contact; None where it has one or was never read."""
    asked = {"connection_id": connection_id, "record_id": record_id}
    row = conn.execute(_SQL["left_out"].compose(), asked).fetchone()
    return RecordLeftOut(row[0], record_id, row[1]) if row else None


def explain_person(
    conn: psycopg.Connection, tables: ConnectionTables, connection_id: int, mapping: Mapping, contact_id: ContactId
) -> PersonExplanation:
    """Explains every mapped field of a contact."""
    asked: dict[str, object] = {"connection_id": connection_id, "contact_id": contact_id}
    link = conn.execute(_SQL["link"].compose(), asked).fetchone()
    object_name, record_id, link_state = link or (None, None, None)
    asked["record_id"] = record_id
    values = _load_values(conn, tables, mapping, object_name, asked)
    bases = {field: (base, held) for field, base, held in conn.execute(_SQL["bases"].compose(), asked)}
    waiting = conn.execute(_SQL["outbox"].compose(), asked).fetchone()
    issues: dict[str, tuple[str, str, str]] = {}
    for field, code, message, remedy in conn.execute(_SQL["issues"].compose(), asked):
        issues.setdefault(field, (code, message, remedy))
    asked |= {"object": object_name, "drift": [str(one) for one in Cause if one.stops_sending]}
    drift = {row[0]: row[1:] for row in conn.execute(_SQL["suspended"].compose(), asked)}
    changes = {row[0]: LastChange(*row[1:]) for row in conn.execute(_SQL["last_changes"].compose(), asked)}
    outside = mapping.rules(object_name).filter_reason if object_name and link_state == "outside" else None
    explained = []
    for field in mapping.fields:
        ours, theirs = values.get(field.name, (None, None))
        waits = waiting is not None and waiting[0] == "change" and field.name in waiting[4]
        facts = FieldFacts(
            ours,
            theirs,
            base=bases.get(field.name, (None, False))[0],
            base_kept=field.name in bases,
            held=bases.get(field.name, (None, False))[1],
            outbox_state=waiting[1] if waits and waiting else None,
            outbox_reason=waiting[2] if waits and waiting else None,
            not_before=waiting[3] if waits and waiting else None,
            issue=issues.get(field.name),
            last=changes.get(field.name),
            drift=drift.get(field.name),
        )
        source = field.source(object_name) if object_name else None
        explained.append(FieldExplanation(field.name, source, facts, explain_field(field, source, facts, outside)))
    return PersonExplanation(
        contact_id,
        object_name,
        record_id,
        link_state,
        waiting is not None and waiting[0] == "create",
        tuple(explained),
    )


@dataclass(frozen=True)
class Unexplained:
    """Lines of the change log without author, run or rule, and values that no line about them tells; all 0 is well."""

    without_author: int
    without_run: int
    without_rule: int
    values: int


def count_unexplained(conn: psycopg.Connection, mapping: Mapping) -> Unexplained:
    """Looks through the whole change log, in one set, for what no explanation can be given for."""
    values = sql.SQL(", ").join(
        sql.SQL("({}, {})").format(sql.Literal(field.name), canonical(contact_value(field, "contact"), field.type))
        for field in mapping.fields
    )
    row = conn.execute(_SQL["unexplained"].compose(values=values)).fetchone()
    return Unexplained(*row) if row else Unexplained(0, 0, 0, 0)


def load_history(conn: psycopg.Connection, contact_id: ContactId, field: str) -> list[LastChange]:
    """The newest changes of one field."""
    asked = {"contact_id": contact_id, "field": field, "rows": _HISTORY_ROWS}
    return [LastChange(*row) for row in conn.execute(_SQL["history"].compose(), asked)]


def _load_values(
    conn: psycopg.Connection,
    tables: ConnectionTables,
    mapping: Mapping,
    object_name: str | None,
    asked: dict[str, object],
) -> dict[str, tuple[str | None, str | None]]:
    """Both values by marketing field; without a record, or for an expression, Salesforce's is None."""
    sources = {field.name: (field, source) for field, source in mapping.on(object_name)} if object_name else {}
    rows = sql.SQL(", ").join(_value_row(field, sources.get(field.name)) for field in mapping.fields)
    # Somebody without a record stands beside no row of any mirror.
    mirror: sql.Composable = tables.mirror(object_name) if object_name else sql.SQL("(SELECT NULL::text AS id)")
    row = conn.execute(_SQL["values"].compose(mirror=mirror, values=rows), asked).fetchone()
    return {name: (pair[0], pair[1]) for name, pair in (row[0] if row and row[0] else {}).items()}


def _value_row(field: MappedField, mapped: tuple[MappedField, str] | None) -> sql.Composed:
    theirs: sql.Composable = sql.SQL("NULL::text")
    if mapped is not None and not is_expression(mapped[1]):
        theirs = canonical(mirror_value(*mapped, "mirror"), field.type)
    return sql.SQL("({}, {}, {})").format(
        sql.Literal(field.name), canonical(contact_value(field, "contact"), field.type), theirs
    )
