"""Turns a checked formula into SQL over the columns of a mirror table, by sqlglot's builders alone.

No text of a formula becomes SQL text: names come from the object's shape, texts become quoted literals, and every
operator and function is one of the builders here or a function of store/sql/formula_*.sql. A blank text is '' inside,
a blank of any other kind NULL, and NULL among booleans is unknown, as in Salesforce. Nothing here fails for a row.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial

from psycopg import sql
from sqlglot import exp

from syncline.domain.formula.types import Applied, BoundFormula, Column, Constant, Kind, Term
from syncline.domain.mapping import FieldType

_SCHEMA = "syncline_formula"
_TYPES = {
    Kind.TEXT: "text",
    Kind.NUMBER: "numeric",
    Kind.BOOLEAN: "boolean",
    Kind.DATE: "date",
    Kind.DATETIME: "timestamptz",
    Kind.TIME: "time",
}
#: Nothing within these makes a function fail.
_BOUNDS = {
    Kind.NUMBER: ("-1e40", "1e40"),
    Kind.DATE: ("0001-01-01", "9999-12-31"),
    Kind.DATETIME: ("0001-01-01 00:00:00+00", "9999-12-31 00:00:00+00"),
}
_TEXTS = (Kind.TEXT, Kind.PICKLIST, Kind.MULTIPICKLIST)
_PI = "3.14159265358979323846"

Built = Sequence[exp.Expression]


def build_value(bound: BoundFormula, kind: FieldType, alias: str, *, before: bool = False) -> sql.Composed:
    """The formula over the row `alias`, typed as a marketing field's column; a blank text is NULL.

    `before`: with the time of the last decision in place of this run's.
    """
    built = _Building(alias, (before and bound.decided_at) or bound.at).term(bound.formula.root)
    if bound.formula.kind is Kind.TEXT:
        built = exp.Nullif(this=built, expression=_literal(""))
        if kind is FieldType.EMAIL:
            built = _call("lower", built)
    elif bound.formula.kind is Kind.NUMBER:
        # What a division leaves behind the 18th digit is not part of the value.
        built = _call("round", built, exp.Literal.number(18))
    elif bound.formula.kind is Kind.BOOLEAN:
        built = _coalesce(built, exp.false())
    return sql.Composed([sql.SQL(built.sql(dialect="postgres"))])


class _Building:
    """The SQL of one formula over one row at one moment."""

    def __init__(self, alias: str, at: datetime) -> None:
        self._alias = alias
        self._at = at.astimezone(UTC)

    def term(self, term: Term) -> exp.Expression:
        if isinstance(term, Constant):
            return _constant(term)
        if isinstance(term, Column):
            return self._column(term)
        if term.builder == "if":
            return self._choose(term)
        moment = self._moment(term.builder)
        if moment is not None:
            return moment
        operands = [self.term(one) for one in term.operands]
        if term.builder == "isblank":
            return _is_blank(operands[0], term.operands[0].kind)
        if term.builder == "blankvalue":
            return _blank_value(operands, term.kind)
        build = _BUILDERS.get(term.builder)
        if build:
            return build(operands)
        called = _function(term.builder, *operands)
        return _coalesce(called, _literal("")) if term.kind is Kind.TEXT else called

    def _column(self, term: Column) -> exp.Expression:
        column: exp.Expression = exp.column(term.name, table=self._alias, quoted=True)
        if term.short_id:
            column = _call("left", column, exp.Literal.number(15))
        if term.kind in _TEXTS:
            return _coalesce(column, _literal(""))
        if term.kind is Kind.BOOLEAN:
            return _coalesce(column, exp.false())
        if term.kind is Kind.TIME:
            return _function("timevalue_of_text", column)
        if term.kind is Kind.NUMBER:
            column = _cast(column, Kind.NUMBER)
        known = _within(column, term.kind)
        return _bracketed(exp.Mul, known, _number(Decimal("0.01"))) if term.of_hundred else known

    def _choose(self, term: Applied) -> exp.Expression:
        """IF, with those in its last place as further branches: so long chains nest nothing."""
        case = exp.Case()
        last: Term = term
        while isinstance(last, Applied) and last.builder == "if" and last.kind is term.kind:
            condition, chosen, last = last.operands
            case = case.when(self.term(condition), self.term(chosen), copy=False)
        return case.else_(self.term(last), copy=False)

    def _moment(self, builder: str) -> exp.Expression | None:
        if builder == "now":
            return _cast(_literal(self._at.isoformat()), Kind.DATETIME)
        if builder == "today":
            return _cast(_literal(self._at.date().isoformat()), Kind.DATE)
        if builder == "timenow":
            return _cast(_literal(self._at.time().isoformat()), Kind.TIME)
        return None


def _constant(term: Constant) -> exp.Expression:
    if term.value is None:
        return _literal("") if term.kind in _TEXTS else _cast(exp.null(), term.kind)
    if isinstance(term.value, bool):
        return exp.true() if term.value else exp.false()
    if isinstance(term.value, Decimal):
        return _number(term.value)
    return _literal(term.value)


def _number(value: Decimal) -> exp.Expression:
    return _cast(exp.Literal.string(format(value, "f")), Kind.NUMBER)


def _literal(text: str) -> exp.Expression:
    """A text; a percent sign, which the driver would take for a parameter, is put in by its code."""
    percent = _call("chr", exp.Literal.number(37))
    parts: list[exp.Expression] = []
    for index, part in enumerate(text.split("%")):
        parts += [percent.copy()] if index else []
        parts += [_cast(exp.Literal.string(part), Kind.TEXT)] if part or not text else []
    return _chain(exp.DPipe, parts)


def _cast(value: exp.Expression, kind: Kind) -> exp.Expression:
    return exp.Cast(this=value, to=exp.DataType.build(_TYPES[kind], dialect="postgres"))


def _call(name: str, *arguments: exp.Expression) -> exp.Expression:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _function(name: str, *arguments: exp.Expression) -> exp.Expression:
    """A call of one of our own functions."""
    return exp.Dot(this=exp.to_identifier(_SCHEMA), expression=_call(name, *arguments))


def _within(column: exp.Expression, kind: Kind) -> exp.Expression:
    """A column's value, or NULL where it is beyond what Salesforce holds, infinity and not-a-number included."""
    low, high = (_cast(exp.Literal.string(bound), kind) for bound in _BOUNDS[kind])
    return exp.Case().when(exp.Between(this=column, low=low, high=high), column.copy(), copy=False)


def _coalesce(value: exp.Expression, instead: exp.Expression) -> exp.Expression:
    return exp.Coalesce(this=value, expressions=[instead])


def _bracketed(operator: type[exp.Binary], left: exp.Expression, right: exp.Expression) -> exp.Expression:
    return exp.Paren(this=operator(this=left, expression=right))


def _chain(operator: type[exp.Binary], operands: Built) -> exp.Expression:
    """The operands joined; halves of halves, so that a long chain nests little."""
    if len(operands) == 1:
        return operands[0]
    middle = len(operands) // 2
    return _bracketed(operator, _chain(operator, operands[:middle]), _chain(operator, operands[middle:]))


def _is_blank(operand: exp.Expression, kind: Kind) -> exp.Expression:
    if kind in _TEXTS:
        return _bracketed(exp.EQ, operand, _literal(""))
    return exp.Paren(this=exp.Is(this=operand, expression=exp.null()))


def _blank_value(operands: Built, kind: Kind) -> exp.Expression:
    value, instead = operands
    return _coalesce(exp.Nullif(this=value, expression=_literal("")) if kind in _TEXTS else value, instead)


def _case(operands: Built) -> exp.Expression:
    case = exp.Case(this=operands[0])
    for value, result in zip(operands[1:-1:2], operands[2:-1:2], strict=True):
        case = case.when(value, result, copy=False)
    return case.else_(operands[-1], copy=False)


def _binary(operator: type[exp.Binary], operands: Built) -> exp.Expression:
    return _bracketed(operator, *operands)


def _first(operands: Built) -> exp.Expression:
    return operands[0]


def _native(name: str, operands: Built) -> exp.Expression:
    """A function of PostgreSQL's that does as Salesforce's; a second argument, a locale, is not used."""
    return _call(name, operands[0])


def _array(name: str, operands: Built) -> exp.Expression:
    return _function(name, exp.Array(expressions=list(operands)))


_BUILDERS: dict[str, Callable[[Built], exp.Expression]] = {
    "concat": partial(_chain, exp.DPipe),
    "and": partial(_chain, exp.And),
    "or": partial(_chain, exp.Or),
    "not": lambda operands: exp.Paren(this=exp.Not(this=operands[0])),
    "negative": lambda operands: exp.Paren(this=exp.Neg(this=operands[0])),
    "add": partial(_binary, exp.Add),
    "subtract": partial(_binary, exp.Sub),
    "multiply": partial(_binary, exp.Mul),
    "same": partial(_binary, exp.EQ),
    "differs": partial(_binary, exp.NEQ),
    "less": partial(_binary, exp.LT),
    "less_equal": partial(_binary, exp.LTE),
    "greater": partial(_binary, exp.GT),
    "greater_equal": partial(_binary, exp.GTE),
    "regex": partial(_binary, exp.RegexpLike),
    "case": _case,
    "text_of_picklist": _first,
    "len": partial(_native, "length"),
    "lower": partial(_native, "lower"),
    "upper": partial(_native, "upper"),
    "initcap": partial(_native, "initcap"),
    "reverse": partial(_native, "reverse"),
    "abs": partial(_native, "abs"),
    "trim": lambda operands: _call("btrim", operands[0], _literal(" \t\n\r\f")),
    "br": lambda _: _literal("\n"),
    "pi": lambda _: _number(Decimal(_PI)),
    "max": partial(_array, "max"),
    "min": partial(_array, "min"),
}
