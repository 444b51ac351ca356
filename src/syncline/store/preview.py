"""The value of one source of the mapping on a few records, of the mirror or as they were just read. Changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from syncline.domain.mapping import MappedField
from syncline.domain.shape import FieldShape, ObjectShape
from syncline.store.expressions import canonical, mirror_value
from syncline.store.formula.functions import ensure_functions
from syncline.store.named_sql import load
from syncline.store.names import ConnectionTables
from syncline.store.shaping import load_columns

_SQL = load("preview")


@dataclass(frozen=True)
class PreviewRow:
    """One record: the values that are read, in the order of the fields, and what becomes of them."""

    record_id: str
    values: tuple[str | None, ...]
    result: str | None


def ensure_ready(conn: psycopg.Connection) -> None:
    """Makes what expressions need, where no sync made it yet."""
    ensure_functions(conn)


def load_from_mirror(
    conn: psycopg.Connection,
    tables: ConnectionTables,
    field: MappedField,
    shape: ObjectShape,
    fields: Sequence[FieldShape],
    limit: int,
) -> list[PreviewRow]:
    """Some living records of the mirror; none where it is empty, or lacks one of the fields."""
    table = tables.mirror(shape.name)
    needed = {"id", "isdeleted", *(one.column for one in fields)}
    if not needed <= set(load_columns(conn, tables, shape.name)):
        return []
    statement = _SQL["of_mirror"].compose(mirror=table, **_parts(field, shape, fields))
    return _rows(conn.execute(statement, {"limit": limit}).fetchall())


def evaluate(
    conn: psycopg.Connection,
    field: MappedField,
    shape: ObjectShape,
    fields: Sequence[FieldShape],
    records: Sequence[Mapping[str, str | None]],
) -> list[PreviewRow]:
    """The same over records that are given, as texts by column."""
    typed = {"id": "text"} | {one.column: one.column_type for one in fields}
    columns = sql.SQL(", ").join(sql.SQL("{} " + kind).format(sql.Identifier(name)) for name, kind in typed.items())
    statement = _SQL["of_records"].compose(columns=columns, **_parts(field, shape, fields))
    return _rows(conn.execute(statement, {"records": Jsonb(list(records))}).fetchall())


def _parts(field: MappedField, shape: ObjectShape, fields: Sequence[FieldShape]) -> dict[str, sql.Composable]:
    shown = [sql.SQL("{}::text").format(sql.Identifier("mirror", one.column)) for one in fields]
    value = canonical(mirror_value(field, field.source(shape.name) or "", "mirror"), field.type)
    return {"values": sql.SQL("ARRAY[{}]::text[]").format(sql.SQL(", ").join(shown)), "result": value}


def _rows(found: Sequence[tuple[str, list[str | None], str | None]]) -> list[PreviewRow]:
    return [PreviewRow(record_id, tuple(values), result) for record_id, values, result in found]
