"""Silent drift: values that differ from the mirror though the engine knows of no reason; found in sets, and mended."""

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from syncline.domain.mapping import BlankRule, MappedField
from syncline.store.expressions import canonical, contact_value, mirror_value
from syncline.store.mirror_table import MirrorTable
from syncline.store.named_sql import load

_SQL = load("drift")


@dataclass(frozen=True)
class FieldDrift:
    """Values of one field that drifted: sent to Salesforce, taken from it, or edited here and left as they are."""

    object: str
    field: str
    sent: int
    taken: int
    stays: int


def queue_drift(
    conn: psycopg.Connection, table: MirrorTable, mapped: Sequence[tuple[MappedField, str]]
) -> list[FieldDrift]:
    """Lets what drifted be decided like an ordinary change, in the caller's transaction; tells by field what it is."""
    parameters = table.parameters()
    conn.execute(_SQL["touch_unexplained"].compose(**table.identifiers()), parameters)
    if not mapped:
        return []
    values = sql.SQL(", ").join(_value_row(field, source) for field, source in mapped)
    conn.execute(_SQL["make_drift"].compose(values=values, **table.identifiers()), parameters)
    found = [FieldDrift(table.object_name, *row) for row in conn.execute(_SQL["count_drift"].compose())]
    for step in ("send_drift", "take_drift", "drop_drift"):
        conn.execute(_SQL[step].compose(), parameters)
    return found


def _value_row(field: MappedField, source: str) -> sql.Composed:
    return sql.SQL("({}, {}::smallint, {}, {}, {}, {}, {})").format(
        sql.Literal(field.name),
        sql.Literal(field.lane.rank),
        sql.Literal(field.direction.pushes),
        sql.Literal(field.direction.pulls),
        sql.Literal(field.blank is BlankRule.CLEAR or field.type.column_type == "boolean"),
        canonical(contact_value(field, "contact"), field.type),
        canonical(mirror_value(field, source, "mirror"), field.type),
    )
