"""SQL expressions for values: the mirror through the mapping, and the canonical text of a value."""

from collections.abc import Sequence

from psycopg import sql

from syncline.domain.mapping import FieldType, MappedField
from syncline.domain.shape import ObjectShape


def column(alias: str, name: str) -> sql.Composed:
    """`alias."name"`."""
    return sql.SQL("{}").format(sql.Identifier(alias, name))


def mirror_value(field: MappedField, source: str, alias: str, *, before: bool = False) -> sql.Composed:
    """The marketing value of a mirror row, typed as the field's column in contacts.

    `before`: as of the last decision, where the value is an expression that reads the clock.
    """
    if field.formula is not None:
        # Late: a process that maps no expression does without sqlglot.
        from syncline.store.formula.building import build_value

        return build_value(field.formula, field.type, alias, before=before)
    value = column(alias, source.lower())
    if field.type is FieldType.EMAIL:
        # Salesforce stores addresses in lower case since long; rows loaded before may differ.
        return sql.SQL("lower({})").format(value)
    if field.filler and field.type.column_type == "text":
        return sql.SQL("nullif({}, {})").format(value, sql.Literal(field.filler))
    return value


def contact_value(field: MappedField, alias: str) -> sql.Composed:
    """The marketing value of a contact row."""
    return column(alias, field.name)


def canonical(value: sql.Composable, kind: FieldType) -> sql.Composed:
    """The canonical text of a typed value, as `domain.values` defines it."""
    if kind.column_type == "numeric":
        return sql.SQL("trim_scale({})::text").format(value)
    return sql.SQL("{}::text").format(value)


def typed(text: sql.Composable, kind: FieldType) -> sql.Composed:
    """The typed value of a canonical text."""
    return sql.SQL("({})::" + kind.column_type).format(text)


def field_rows(fields: Sequence[tuple[MappedField, str]], contact: str, mirror: str) -> sql.Composed:
    """A VALUES list of (field, ours, theirs) in canonical text, one row per mapped field of a linked record."""
    rows = [
        sql.SQL("({}, {}, {})").format(
            sql.Literal(field.name),
            canonical(contact_value(field, contact), field.type),
            canonical(mirror_value(field, source, mirror), field.type),
        )
        for field, source in fields
    ]
    return sql.SQL("(VALUES {})").format(sql.SQL(", ").join(rows))


def decided(fields: Sequence[tuple[MappedField, str]]) -> list[tuple[MappedField, str]]:
    """Those whose value in the mirror was agreed on; an expression that is new was not."""
    return [pair for pair in fields if pair[0].formula is None or pair[0].formula.decided_at is not None]


def available(fields: Sequence[tuple[MappedField, str]], shape: ObjectShape) -> list[tuple[MappedField, str]]:
    """The mapped fields whose source the org shows us at this moment."""
    return [(field, source) for field, source in fields if shape.find(source)]
