"""A query whose every row is one finished line of CSV: SQLite writes it, so that no row passes through Python's hands.

Every cell is quoted and quotes are doubled; a blank is an empty quoted cell.
"""

from dataclasses import dataclass

from simorg.errors import ApiError
from simorg.fidelity import say
from simorg.schema.registry import ID_TYPES, NUMBER_TYPES
from simorg.soql.compiled import ChildItem, ChoiceItem, Compiled, Item
from simorg.transactions import StoredValue

#: SQLite's functions take 127 arguments.
_CELLS_AT_ONCE = 120
#: What never holds a quote.
_PLAIN_TYPES = ID_TYPES | NUMBER_TYPES | {"date"}


@dataclass(frozen=True)
class CsvSelect:
    """The statement, the header it goes with, and what it reads. Each row is one line as bytes, without its end."""

    object_name: str
    header: str
    statement: str
    parameters: tuple[StoredValue, ...]
    objects_read: frozenset[str]


def csv_select(compiled: Compiled, delimiter: str) -> CsvSelect:
    """The CSV form of a query.

    Raises:
        ApiError: Bulk queries do not take this: aggregates, OFFSET, subqueries, compound fields.
    """
    if compiled.is_count or compiled.is_aggregate:
        raise _refuse("An aggregate function")
    if compiled.has_offset:
        raise _refuse("OFFSET")
    names, cells = [], []
    for one in compiled.items:
        if isinstance(one, ChildItem):
            raise _refuse("A subquery")
        if isinstance(one, ChoiceItem):
            raise _refuse("TYPEOF")
        if one.column.parts:
            raise _refuse(f"The compound field {one.name}")
        names.append(".".join((*one.column.relations, one.name)))
        cells.append(_cell(one))
    lines = []
    for at in range(0, len(cells), _CELLS_AT_ONCE):
        some = cells[at : at + _CELLS_AT_ONCE]
        pattern = delimiter.join(f'"{form}"' for form, _ in some)
        lines.append(f"printf('{pattern}', {', '.join(sql for _, sql in some)})")
    line = f" || '{delimiter}' || ".join(lines)
    return CsvSelect(
        object_name=compiled.object.name,
        header=delimiter.join(f'"{name}"' for name in names),
        statement=f"SELECT CAST({line} AS BLOB){compiled.tail_sql}",
        parameters=tuple(compiled.parameters),
        objects_read=compiled.objects_read,
    )


def _cell(one: Item) -> tuple[str, str]:
    """How printf writes a cell, and what: %s leaves a blank empty, %w doubles quotes but cannot take a blank."""
    sql, kind = one.column.sql, one.column.field.type
    if kind == "datetime":
        return "%s", f"substr({sql}, 1, 19) || '.000Z'"
    if kind == "boolean" and not one.column.relations:
        return "%s", f"CASE WHEN {sql} THEN 'true' ELSE 'false' END"
    if kind == "boolean":
        return "%s", f"CASE {sql} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END"
    if kind in _PLAIN_TYPES:
        return "%s", sql
    return "%w", f"ifnull({sql}, '')"


def _refuse(what: str) -> ApiError:
    return ApiError(400, "API_ERROR", say("bulk.not_supported", what=what))
