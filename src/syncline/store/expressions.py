"""SQL expressions for values: the mirror through the mapping, and the canonical text of a value."""

from collections.abc import Sequence

from psycopg import sql

from syncline.domain.mapping import FieldType, MappedField
from syncline.domain.mapping_options import CUT_MARK, LengthPolicy
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
    if field.type is FieldType.MULTIPICKLIST:
        return _as_set(value)
    if field.filler and field.type.column_type == "text":
        value = sql.SQL("nullif({}, {})").format(value, text(field.filler))
    return _translate(value, field.values)


def contact_value(field: MappedField, alias: str) -> sql.Composed:
    """The marketing value of a contact row; as far as the source takes it, where the mapping lets texts be cut."""
    value = column(alias, field.name)
    if field.type is FieldType.MULTIPICKLIST:
        return _as_set(value)
    if field.scale is not None:
        return sql.SQL("round({}, {})").format(value, sql.Literal(field.scale))
    if field.limit is None:
        return value
    mark = CUT_MARK if field.length is LengthPolicy.CUT_WITH_MARK and field.limit > len(CUT_MARK) else ""
    return sql.SQL("CASE WHEN length({0}) > {1} THEN left({0}, {2}) || {3} ELSE {0} END").format(
        value, sql.Literal(field.limit), sql.Literal(field.limit - len(mark)), text(mark)
    )


def salesforce_value(field: MappedField, value: sql.Composable) -> sql.Composed:
    """The value as Salesforce calls it, of one of ours in canonical text."""
    return _translate(value, tuple((here, there) for there, here in field.values))


def text(value: str) -> sql.Composed:
    """A text; a percent sign, which the driver would take for a parameter, is put in by its code."""
    return sql.SQL("({})").format(sql.SQL(" || chr(37) || ").join(sql.Literal(part) for part in value.split("%")))


def _translate(value: sql.Composable, pairs: Sequence[tuple[str, str]]) -> sql.Composed:
    """The value that the pairs put in place of another; what they do not name stays."""
    if not pairs:
        return sql.Composed([value])
    branches = sql.SQL(" ").join(sql.SQL("WHEN {} THEN {}").format(text(old), text(new)) for old, new in pairs)
    return sql.SQL("CASE {0} {1} ELSE {0} END").format(value, branches)


def _as_set(value: sql.Composable) -> sql.Composed:
    """The chosen values of a multi-select picklist, each once and in one order: their order there means nothing."""
    return sql.SQL(
        "(SELECT string_agg(DISTINCT btrim(item), ';' ORDER BY btrim(item))"
        " FROM regexp_split_to_table({} COLLATE \"C\", ';') item WHERE btrim(item) <> '')"
    ).format(value)


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
