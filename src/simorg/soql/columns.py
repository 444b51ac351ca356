"""The SQL columns of a query: how fields and functions read, each with its type."""

from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from simorg.errors import ApiError
from simorg.schema.registry import NUMBER_TYPES, TEXT_TYPES, Field
from simorg.soql.problems import problem
from simorg.soql.scope import Column, Scope
from simorg.soql.tree import Call, Operand, Path, Query

AGGREGATES = frozenset({"count", "count_distinct", "sum", "avg", "min", "max"})
_SHOWN = frozenset({"tolabel", "format", "convertcurrency"})
_PARTS = {
    "calendar_year": "%Y", "calendar_month": "%m", "day_in_month": "%d", "day_in_year": "%j", "hour_in_day": "%H",
    "fiscal_year": "%Y", "fiscal_month": "%m",
}  # fmt: skip
_NUMBER = Field("Number", "Number", "double")
_WHOLE = Field("Number", "Number", "int")


@dataclass(frozen=True)
class Parent:
    """A parent that fields are shown of: where its Id and its object's name stand among the SQL columns."""

    relations: tuple[str, ...]
    id_index: int
    type_index: int | None
    object_name: str


class Columns:
    """The SQL columns of a query, each once, and how operands read."""

    def __init__(self, query: Query, scope: Scope, zone: ZoneInfo) -> None:
        self._query = query
        self._scope = scope
        self._zone = zone
        self._relations: list[tuple[str, ...]] = []
        self._seen: set[tuple[str, ...]] = set()
        self.sql: list[str] = []

    def add(self, *parts: str) -> int:
        """Adds columns; gives the place of the first."""
        self.sql += parts
        return len(self.sql) - len(parts)

    def note(self, column: Column, query: Query, path: Path) -> None:
        """Remembers a selected field and the parents it is under; a second time is an error."""
        key = (*(name.lower() for name in column.relations), column.field.name.lower())
        if key in self._seen:
            raise problem("INVALID_FIELD", f"duplicate field selected: {column.field.name}", query.text, path.place)
        self._seen.add(key)
        for depth in range(1, len(column.relations) + 1):
            if column.relations[:depth] not in self._relations:
                self._relations.append(column.relations[:depth])

    def parents(self) -> Iterator[Parent]:
        """The parents that fields are shown of, outer ones first; adds the columns they need."""
        for relations in self._relations:
            yield self.parent(relations)

    def parent(self, relations: tuple[str, ...]) -> Parent:
        """A parent; adds the columns it needs."""
        joined = self._scope.joined(relations)
        if not joined.shared:
            alias, one = joined.only
            return Parent(relations, self.add(f'{alias}."Id"'), None, one.name)
        ids = ", ".join(f'{alias}."Id"' for alias, _ in joined.aliases)
        names = " ".join(f"WHEN {alias}.\"Id\" IS NOT NULL THEN '{one.name}'" for alias, one in joined.aliases)
        found = f"coalesce({ids})" if len(joined.aliases) > 1 else ids
        return Parent(relations, self.add(found), self.add(f"CASE {names} END"), "Name")

    def resolve(self, operand: Operand) -> Column:
        """An operand as SQL with its type."""
        if isinstance(operand, Path):
            return self._scope.column(operand)
        name = operand.name.lower()
        if name in AGGREGATES:
            return self._aggregate(operand, name)
        inner = operand.arguments[0] if operand.arguments else None
        if not isinstance(inner, Path | Call) or len(operand.arguments) != 1:
            raise self._unknown(operand)
        column = self.resolve(inner)
        if name in _SHOWN:
            return column
        if column.field.type not in ("date", "datetime"):
            raise self._unknown(operand)
        return self._part(operand, name, column)

    def _aggregate(self, operand: Call, name: str) -> Column:
        if name == "count" and not operand.arguments:
            return Column((), _WHOLE, "count(*)")
        inner = operand.arguments[0] if len(operand.arguments) == 1 else None
        if not isinstance(inner, Path | Call):
            raise self._unknown(operand)
        column = self.resolve(inner)
        if name in ("sum", "avg") and column.field.type not in NUMBER_TYPES:
            message = f"field {column.field.name} does not support aggregate operator {name.upper()}"
            raise problem("MALFORMED_QUERY", message, self._query.text, operand.place)
        if name == "count":
            return Column((), _WHOLE, f"count({column.sql})")
        if name == "count_distinct":
            return Column((), _WHOLE, f"count(DISTINCT {column.sql})")
        if name in ("sum", "avg"):
            return Column((), _NUMBER, f"{name}({column.sql})")
        folded = " COLLATE folded" if column.field.type in TEXT_TYPES else ""
        return Column((), column.field, f"{name}({column.sql}{folded})")

    def _part(self, operand: Call, name: str, column: Column) -> Column:
        if name == "converttimezone" and column.field.type == "datetime":
            zone = self._zone.key.replace("'", "''")
            return Column(column.relations, column.field, f"in_zone({column.sql}, '{zone}')")
        if name == "day_only":
            return Column((), Field("Day", "Day", "date"), f"substr({column.sql}, 1, 10)")
        if name in ("calendar_quarter", "fiscal_quarter"):
            sql = f"((CAST(strftime('%m', {column.sql}) AS INTEGER) + 2) / 3)"
            return Column((), _WHOLE, sql)
        if name == "day_in_week":
            return Column((), _WHOLE, f"(CAST(strftime('%w', {column.sql}) AS INTEGER) + 1)")
        if name in ("week_in_month", "week_in_year"):
            day = "%d" if name == "week_in_month" else "%j"
            return Column((), _WHOLE, f"((CAST(strftime('{day}', {column.sql}) AS INTEGER) + 6) / 7)")
        if name not in _PARTS:
            raise self._unknown(operand)
        return Column((), _WHOLE, f"CAST(strftime('{_PARTS[name]}', {column.sql}) AS INTEGER)")

    def _unknown(self, operand: Call) -> ApiError:
        message = f"Unknown function or wrong arguments: {operand.name}"
        return problem("MALFORMED_QUERY", message, self._query.text, operand.place)
