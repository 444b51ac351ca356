"""WHERE and HAVING as SQL with parameters. Comparing with a blank is false, but != and NOT IN take blanks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from simorg.clock import format_stamp
from simorg.errors import ApiError
from simorg.fidelity import say
from simorg.ids import to_18
from simorg.schema.registry import ID_TYPES, NUMBER_TYPES, TEXT_TYPES, Field
from simorg.soql import literals
from simorg.soql.parser import plain
from simorg.soql.problems import problem
from simorg.soql.tree import Compare, Condition, InList, InQuery, Logic, Not, Operand, Value
from simorg.transactions import StoredValue

_MOST_SEMI_JOINS = 2
_ORDERED = frozenset({"<", "<=", ">", ">="})
#: SQLite takes expressions 1,000 deep, and a chain of ORs is as deep as it is long.
_PARTS_AT_ONCE = 400
#: Its parser keeps at most 100 symbols open.
_MOST_NESTED = 20


@dataclass(frozen=True)
class Resolved:
    """An operand as SQL; `field` gives its type."""

    sql: str
    field: Field


class Conditions:
    """Turns the conditions of one query into SQL; parameters collect in order."""

    def __init__(
        self,
        text: str,
        resolve: Callable[[Operand], Resolved],
        compile_inner: Callable[[InQuery, Field], tuple[str, list[StoredValue]]],
        now: datetime,
        zone: ZoneInfo,
    ) -> None:
        self._text = text
        self._resolve = resolve
        self._compile_inner = compile_inner
        self._now = now
        self._zone = zone
        self._semi_joins = 0
        self.parameters: list[StoredValue] = []

    def compile(self, condition: Condition) -> str:
        """A condition as SQL.

        Raises:
            ApiError: a value does not fit its field, or a field cannot be filtered.
        """
        return self._compile(condition, 0, inverted=False, nested=False)

    def _compile(self, condition: Condition, depth: int, *, inverted: bool, nested: bool) -> str:
        """A condition within others. Under NOT it must be true or false, never unknown."""
        if depth > _MOST_NESTED:
            raise ApiError(400, "QUERY_TOO_COMPLICATED", say("query.too_complicated"))
        match condition:
            case Logic(operator, parts):
                below = nested or operator == "or"
                return _join(
                    operator, [self._compile(one, depth + 1, inverted=inverted, nested=below) for one in parts]
                )
            case Not(part):
                return f"(NOT {self._compile(part, depth + 1, inverted=True, nested=True)})"
            case Compare():
                sql = self._compare(condition)
            case InList() if condition.multi:
                sql = self._includes(condition)
            case InList():
                sql = self._in_list(condition)
            case InQuery():
                if nested:
                    raise ApiError(400, "MALFORMED_QUERY", say("query.semi_join_level"))
                sql = self._in_query(condition)
        return f"ifnull({sql}, 0)" if inverted else sql

    def _filterable(self, operand: Operand) -> Resolved:
        resolved = self._resolve(operand)
        if not resolved.field.filterable or resolved.field.type == "address":
            message = say("query.not_filterable", field=resolved.field.name)
            raise problem("INVALID_FIELD", message, self._text, operand.place)
        return resolved

    def _compare(self, one: Compare) -> str:
        resolved = self._filterable(one.operand)
        field = resolved.field
        if one.operator == "like" and one.value.kind != "null":
            return self._like(resolved, one)
        if _is_blank(field, one.value):
            if one.operator not in ("=", "!="):
                raise self._wrong_operator(field, one.operand)
            return f"({resolved.sql} IS {'' if one.operator == '=' else 'NOT '}NULL)"
        if field.type in ("date", "datetime"):
            return self._compare_time(resolved, one)
        if field.type in TEXT_TYPES:
            return self._compare_text(resolved, one)
        if field.type == "boolean" and one.operator in _ORDERED:
            raise self._wrong_operator(field, one.operand)
        return self._plain(resolved, one.operator, self._read(field, one.operand, one.value))

    def _plain(self, resolved: Resolved, operator: str, value: StoredValue, collation: str = "") -> str:
        self.parameters.append(value)
        if operator == "!=":
            return f"({resolved.sql} IS NULL OR {resolved.sql} <> ?{collation})"
        return f"({resolved.sql} {operator} ?{collation})"

    def _compare_text(self, resolved: Resolved, one: Compare) -> str:
        text = str(self._read(resolved.field, one.operand, one.value))
        if resolved.field.case_sensitive:
            return self._plain(resolved, one.operator, text)
        if text.isascii() and one.operator not in _ORDERED:
            return self._plain(resolved, one.operator, text, " COLLATE NOCASE")
        return self._plain(Resolved(f"fold({resolved.sql})", resolved.field), one.operator, text.casefold())

    def _like(self, resolved: Resolved, one: Compare) -> str:
        if resolved.field.type not in TEXT_TYPES:
            raise self._wrong_operator(resolved.field, one.operand)
        if one.value.kind != "string":
            raise self._wrong_type(resolved.field, one.operand, "string", quoted=True)
        pattern = one.value.text
        folded = not pattern.isascii()
        self.parameters.append(pattern.casefold() if folded else pattern)
        left = f"fold({resolved.sql})" if folded else resolved.sql
        return f"({left} LIKE ? ESCAPE '\\')"

    def _compare_time(self, resolved: Resolved, one: Compare) -> str:
        if one.value.kind != "literal":
            return self._plain(resolved, one.operator, self._read(resolved.field, one.operand, one.value))
        first, after = self._read_span(resolved.field, one.value)
        sql = resolved.sql
        match one.operator:
            case "=":
                self.parameters += [first, after]
                return f"({sql} >= ? AND {sql} < ?)"
            case "!=":
                self.parameters += [first, after]
                return f"({sql} IS NULL OR {sql} < ? OR {sql} >= ?)"
            case "<" | ">=":
                return self._plain(resolved, one.operator, first)
            case ">":
                return self._plain(resolved, ">=", after)
            case _:
                return self._plain(resolved, "<", after)

    def _in_list(self, one: InList) -> str:
        resolved = self._filterable(one.operand)
        field, sql = resolved.field, resolved.sql
        values = [self._read(field, one.operand, value) for value in one.values if not _is_blank(field, value)]
        folds = field.type in TEXT_TYPES and not field.case_sensitive
        blank = len(values) < len(one.values)
        if folds and all(str(value).isascii() for value in values):
            self.parameters += values
            inside = f"{sql} COLLATE NOCASE IN ({', '.join('?' * len(values))})"
        elif folds:
            self.parameters += [str(value).casefold() for value in values]
            inside = f"fold({sql}) IN ({', '.join('?' * len(values))})"
        else:
            self.parameters += values
            inside = f"{sql} IN ({', '.join('?' * len(values))})"
        if one.negated:
            return f"({sql} IS NOT NULL AND NOT {inside})" if blank else f"({sql} IS NULL OR NOT {inside})"
        return f"({sql} IS NULL OR {inside})" if blank else f"({inside})"

    def _includes(self, one: InList) -> str:
        resolved = self._filterable(one.operand)
        if resolved.field.type != "multipicklist":
            raise self._wrong_operator(resolved.field, one.operand)
        choices = []
        for value in one.values:
            if value.kind != "string":
                raise self._wrong_type(resolved.field, one.operand, "string", quoted=True)
            wanted = [plain(part.strip()) for part in value.text.split(";")]
            self.parameters += [f"%;{part};%" for part in wanted]
            choices.append("(" + " AND ".join([f"';' || {resolved.sql} || ';' LIKE ?"] * len(wanted)) + ")")
        found = f"ifnull({' OR '.join(choices)}, 0)"
        return f"(NOT {found})" if one.negated else f"({found})"

    def _in_query(self, one: InQuery) -> str:
        self._semi_joins += 1
        if self._semi_joins > _MOST_SEMI_JOINS:
            message = say("query.semi_joins", number=self._semi_joins)
            raise ApiError(400, "EXCEEDED_MAX_SEMIJOIN_SUBSELECTS", message)
        resolved = self._filterable(one.operand)
        inner, parameters = self._compile_inner(one, resolved.field)
        self.parameters += parameters
        if one.negated:
            return f"({resolved.sql} IS NULL OR {resolved.sql} NOT IN ({inner}))"
        return f"({resolved.sql} IN ({inner}))"

    def _read(self, field: Field, operand: Operand, value: Value) -> StoredValue:
        """A literal as storage keeps it."""
        if field.type in ID_TYPES:
            return self._read_id(field, operand, value)
        if field.type in TEXT_TYPES:
            if value.kind != "string":
                raise self._wrong_type(field, operand, "string", quoted=True)
            return plain(value.text)
        if field.type == "boolean":
            if value.kind != "boolean":
                raise self._wrong_type(field, operand, "boolean")
            return int(value.text == "true")
        if field.type in NUMBER_TYPES:
            if value.kind != "number":
                raise self._wrong_type(field, operand, field.type)
            return float(value.text)
        return self._read_time(field, operand, value)

    def _read_id(self, field: Field, operand: Operand, value: Value) -> StoredValue:
        if value.kind != "string":
            raise self._wrong_type(field, operand, field.type, quoted=True)
        text = plain(value.text)
        found = to_18(text)
        if found is None:
            raise problem("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {text}", self._text, operand.place)
        return found

    def _read_time(self, field: Field, operand: Operand, value: Value) -> StoredValue:
        if field.type == "date":
            day = literals.read_date(value.text) if value.kind == "date" else None
            if day is None:
                raise self._wrong_type(field, operand, "date")
            return day.isoformat()
        moment = literals.read_datetime(value.text) if value.kind == "datetime" else None
        if moment is None:
            raise self._wrong_type(field, operand, "dateTime")
        return format_stamp(moment)

    def _read_span(self, field: Field, value: Value) -> tuple[str, str]:
        first, after = literals.find_span(value.text, value.number, self._now, self._zone)
        # DAY_ONLY and a date field compare days; a datetime compares when the days begin for the user.
        if field.type == "date":
            return first.isoformat(), after.isoformat()
        return tuple(format_stamp(literals.to_moment(day, self._zone)) for day in (first, after))  # type: ignore[return-value]

    def _wrong_type(self, field: Field, operand: Operand, wanted: str, *, quoted: bool = False) -> ApiError:
        message = say("query.type", field=field.name, type=wanted, not_="" if quoted else "not ")
        return problem("INVALID_FIELD", message, self._text, operand.place)

    def _wrong_operator(self, field: Field, operand: Operand) -> ApiError:
        message = f"invalid operator on {field.type} field"
        return problem("INVALID_QUERY_FILTER_OPERATOR", message, self._text, operand.place)


def _is_blank(field: Field, value: Value) -> bool:
    """Whether a literal means that nothing is there: null, and the empty text."""
    return value.kind == "null" or (
        value.kind == "string" and not value.text and field.type in (*TEXT_TYPES, *ID_TYPES)
    )


def _join(operator: str, parts: Sequence[str]) -> str:
    """Parts joined by AND or OR, long chains as a chain of chains."""
    word = f" {operator.upper()} "
    while len(parts) > _PARTS_AT_ONCE:
        chunks = (parts[at : at + _PARTS_AT_ONCE] for at in range(0, len(parts), _PARTS_AT_ONCE))
        parts = [f"({word.join(chunk)})" for chunk in chunks]
    return f"({word.join(parts)})"
