"""The value of one source of the mapping on a few records, of the mirror or as they were just read. Changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from syncline.domain.formula.types import BoundFormula
from syncline.domain.mapping import FieldType, MappedField
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
    statement = _SQL["of_records"].compose(columns=_columns(fields), **_parts(field, shape, fields))
    return _rows(conn.execute(statement, {"records": Jsonb(list(records))}).fetchall())


@dataclass(frozen=True)
class FilterCounts:
    """How many records a filter keeps and leaves out, and how many of the latter stand for a contact that is synced."""

    kept: int
    left_out: int
    synced: int


def count_in_mirror(
    conn: psycopg.Connection,
    tables: ConnectionTables,
    connection_id: int,
    found: BoundFormula,
    shape: ObjectShape,
    fields: Sequence[FieldShape],
    limit: int,
) -> tuple[FilterCounts, list[PreviewRow]] | None:
    """What a filter does to all records of the mirror, with some that it leaves out.

    None where the mirror is empty, or lacks one of the fields.
    """
    columns = set(load_columns(conn, tables, shape.name))
    if not {"id", "isdeleted", *(one.column for one in fields)} <= columns:
        return None
    parts = {
        "mirror": tables.mirror(shape.name),
        "fits": _fits(found),
        "unconverted": sql.SQL("NOT mirror.isconverted" if "isconverted" in columns else "true"),
    }
    parameters = {"connection_id": connection_id, "object": shape.name, "limit": limit}
    row = conn.execute(_SQL["filter_of_mirror"].compose(**parts), parameters).fetchone()
    if row is None or not any(row):
        return None
    statement = _SQL["left_out_of_mirror"].compose(values=_values(fields), **parts)
    return FilterCounts(*row), _rows(conn.execute(statement, parameters).fetchall())


def count_records(
    conn: psycopg.Connection,
    found: BoundFormula,
    fields: Sequence[FieldShape],
    records: Sequence[Mapping[str, str | None]],
    limit: int,
) -> tuple[FilterCounts, list[PreviewRow]]:
    """The same over records that are given, as texts by column."""
    parts = {"columns": _columns(fields), "fits": _fits(found)}
    parameters = {"records": Jsonb(list(records)), "limit": limit}
    row = conn.execute(_SQL["filter_of_records"].compose(**parts), parameters).fetchone()
    statement = _SQL["left_out_of_records"].compose(values=_values(fields), **parts)
    rows = _rows(conn.execute(statement, parameters).fetchall())
    return FilterCounts(*(row or (0, 0, 0))), rows


def _fits(found: BoundFormula) -> sql.Composable:
    # Late: a process without expressions does without sqlglot.
    from syncline.store.formula.building import build_value

    return sql.SQL("coalesce({}, false)").format(build_value(found, FieldType.BOOLEAN, "mirror"))


def _columns(fields: Sequence[FieldShape]) -> sql.Composable:
    typed = {"id": "text"} | {one.column: one.column_type for one in fields}
    return sql.SQL(", ").join(sql.SQL("{} " + kind).format(sql.Identifier(name)) for name, kind in typed.items())


def _values(fields: Sequence[FieldShape]) -> sql.Composable:
    shown = [sql.SQL("{}::text").format(sql.Identifier("mirror", one.column)) for one in fields]
    return sql.SQL("ARRAY[{}]::text[]").format(sql.SQL(", ").join(shown))


def _parts(field: MappedField, shape: ObjectShape, fields: Sequence[FieldShape]) -> dict[str, sql.Composable]:
    value = canonical(mirror_value(field, field.source(shape.name) or "", "mirror"), field.type)
    return {"values": _values(fields), "result": value}


def _rows(found: Sequence[tuple[str, list[str | None], str | None]]) -> list[PreviewRow]:
    return [PreviewRow(record_id, tuple(values), result) for record_id, values, result in found]
