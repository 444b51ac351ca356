"""What a plan sends beyond the fields that it decides: boxes of opted-out people, what merged contacts keep, new Leads.

With these rows the delta names every write to Salesforce that applying it makes.
"""

from collections.abc import Sequence
from datetime import datetime

import psycopg
from psycopg import sql

from syncline.domain.consent import ConsentField
from syncline.domain.mapping import LEAD, FieldType, MappedField, Policy
from syncline.domain.mapping_options import MergePolicy
from syncline.store import consent
from syncline.store.decisions import SEQ_OBJECT, Kind, Scope
from syncline.store.expressions import canonical, contact_value, mirror_value
from syncline.store.named_sql import load

_SQL = load("sends")
#: Each statement of an object has numbers of its own.
_SEQ_STEP = 10**9


def plan_sends(
    conn: psycopg.Connection, scope: Scope, fields: Sequence[ConsentField], now: datetime, *, creates: bool
) -> None:
    """Writes these rows into the delta, once everything else is decided. `creates`: new Leads can be created."""
    for name in scope.objects:
        number = 0
        for one in fields if consent.anything_stands(conn) else ():
            statement = consent.build_unshown(scope, one, name, _SQL["plan_standing"])
            if statement and one.field.direction.pushes:
                conn.execute(statement, {**_parameters(scope, name, number), "field": one.field.name})
            number += 1
        for field, source in scope.mapped[name]:
            becomes = joined_value(field)
            if becomes and field.direction.pushes:
                theirs = sql.SQL("{}({})").format(_gather(field), mirror_value(field, source, "mirror"))
                statement = _SQL["plan_joined"].compose(
                    mirror=scope.tables.mirror(name),
                    becomes=canonical(becomes, field.type),
                    theirs=canonical(theirs, field.type),
                )
                conn.execute(statement, {**_parameters(scope, name, number), "field": field.name})
            number += 1
    if creates and LEAD in scope.objects:
        # Behind those of both objects.
        seq = Kind.SENDS.first_seq + len(scope.objects) * SEQ_OBJECT
        conn.execute(_SQL["plan_created"].compose(), {**_parameters(scope, LEAD, 0), "seq": seq, "now": now})


def _parameters(scope: Scope, object_name: str, number: int) -> dict[str, object]:
    return {
        **scope.parameters(object_name, Kind.SENDS.first_seq + number * _SEQ_STEP),
        "fields": Kind.FIELDS.first_seq,
        "creates": Kind.CREATES.first_seq,
    }


def joined_value(field: MappedField) -> sql.Composed | None:
    """What a contact keeps of those that it takes over, as an aggregate over `contact` and `gone`; None for its own."""
    if field.type is FieldType.BOOLEAN and field.policy is Policy.STRICTER:
        parts = sql.SQL("bool_or({}) OR bool_or({})")
    elif field.type is not FieldType.SCORE or field.merge is MergePolicy.KEEP:
        return None
    elif field.merge is MergePolicy.SUM:
        parts = sql.SQL("coalesce(max({0}) + coalesce(sum({1}), 0), sum({1}))")
    else:
        parts = sql.SQL("greatest(max({}), max({}))")
    return sql.SQL("({})").format(parts.format(contact_value(field, "contact"), contact_value(field, "gone")))


def _gather(field: MappedField) -> sql.SQL:
    return sql.SQL("bool_or") if field.type is FieldType.BOOLEAN else sql.SQL("max")
