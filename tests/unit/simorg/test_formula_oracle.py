"""Formulas as SQL give what a plain reading of the language in Python gives."""

import math
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from simorg.formula.expressions import Moment, compile_expression
from simorg.formula.native import register
from simorg.formula.parser import parse
from simorg.formula.tree import FormulaError
from simorg.schema.data import build_schema
from simorg.transactions import StoredValue

_SCHEMA = build_schema(bare=False, granted=True)
_MOMENT = Moment(datetime(2026, 3, 11, tzinfo=UTC), ZoneInfo("UTC"), "005000000000001AAA")

#: A part of a formula: its text, and its value for a record (None is blank; the text '' is blank too).
Part = tuple[str, Callable[[dict[str, Any]], Any]]


class Failed(Exception):
    """#Error!"""


class _Database:
    def __init__(self) -> None:
        self._connection = sqlite3.connect(":memory:", isolation_level=None)
        register(self._connection)

    def evaluate(self, statement: str, parameters: Sequence[StoredValue]) -> StoredValue:
        value: StoredValue = self._connection.execute(statement, parameters).fetchone()[0]
        return value


def _arithmetic(operator: str, left: Part, right: Part) -> Part:
    def value(row: dict[str, Any]) -> Any:
        one, other = left[1](row), right[1](row)
        if operator == "/" and other == 0:
            raise Failed
        if one is None or other is None:
            return None
        return {"+": one + other, "-": one - other, "*": one * other}[operator] if operator != "/" else one / other

    return f"({left[0]} {operator} {right[0]})", value


def _compare(operator: str, left: Part, right: Part) -> Part:
    def value(row: dict[str, Any]) -> bool:
        one, other = left[1](row), right[1](row)
        if operator in ("=", "<>"):
            return (one == other) is (operator == "=")
        if one is None or other is None:
            return False
        return bool(one < other if operator == "<" else one >= other)

    return f"({left[0]} {operator} {right[0]})", value


def _choose(condition: Part, left: Part, right: Part) -> Part:
    return (
        f"IF({condition[0]}, {left[0]}, {right[0]})",
        lambda row: left[1](row) if condition[1](row) else right[1](row),
    )


def _default(part: Part, other: Part) -> Part:
    """What stands in for a blank is read only where one is."""

    def value(row: dict[str, Any]) -> Any:
        found = part[1](row)
        return other[1](row) if found is None else found

    return f"BLANKVALUE({part[0]}, {other[0]})", value


def _join(word: str, left: Part, right: Part) -> Part:
    def value(row: dict[str, Any]) -> bool:
        return bool(left[1](row) and right[1](row)) if word == "AND" else bool(left[1](row) or right[1](row))

    return f"{word}({left[0]}, {right[0]})", value


def _call(name: str, function: Callable[..., Any], *parts: Part) -> Part:
    return f"{name}({', '.join(part[0] for part in parts)})", lambda row: function(*(part[1](row) for part in parts))


def _find(wanted: str, text: str) -> int:
    return text.find(wanted) + 1 if wanted else 0


_whole = st.integers(0, 9).map(lambda number: (str(number), lambda _row: float(number)))
_revenue: Part = ("AnnualRevenue", lambda row: row["AnnualRevenue"])
_words = st.text("ab' {}\"\\é", max_size=4).map(
    lambda text: ('"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"', lambda _row: text)
)
_title: Part = ("Title", lambda row: row["Title"] or "")
_leaves = {
    "number": st.one_of(_whole, st.just(_revenue)),
    "text": st.one_of(_words, st.just(_title)),
    "truth": st.sampled_from([("TRUE", lambda _row: True), ("FALSE", lambda _row: False)]),
}


def _numbers(depth: int) -> st.SearchStrategy[Part]:
    if depth == 0:
        return _leaves["number"]
    number, text, truth = _numbers(depth - 1), _texts(depth - 1), _truths(depth - 1)
    return st.one_of(
        _leaves["number"],
        st.builds(_arithmetic, st.sampled_from("+-*/"), number, number),
        st.builds(_choose, truth, number, number),
        st.builds(lambda part: _call("LEN", lambda value: float(len(value)), part), text),
        st.builds(lambda one, other: _call("FIND", _find, one, other), text, text),
        st.builds(_default, number, number),
    )


def _texts(depth: int) -> st.SearchStrategy[Part]:
    if depth == 0:
        return _leaves["text"]
    text, truth = _texts(depth - 1), _truths(depth - 1)
    return st.one_of(
        _leaves["text"],
        st.builds(lambda one, other: (f"({one[0]} & {other[0]})", lambda row: one[1](row) + other[1](row)), text, text),
        st.builds(_choose, truth, text, text),
        st.builds(lambda part, count: _call("LEFT", lambda a, b: a[: int(b)], part, count), text, _whole),
        st.builds(lambda part: _call("TRIM", lambda value: value.strip(" "), part), text),
        st.builds(lambda part: _call("UPPER", str.upper, part), text),
        st.builds(
            lambda a, b, c: _call("SUBSTITUTE", lambda x, y, z: x.replace(y, z) if y else x, a, b, c), text, text, text
        ),
    )


def _truths(depth: int) -> st.SearchStrategy[Part]:
    if depth == 0:
        return _leaves["truth"]
    number, text, truth = _numbers(depth - 1), _texts(depth - 1), _truths(depth - 1)
    return st.one_of(
        _leaves["truth"],
        st.builds(_compare, st.sampled_from(["=", "<>", "<", ">="]), number, number),
        st.builds(_compare, st.sampled_from(["=", "<>"]), text, text),
        st.builds(_join, st.sampled_from(["AND", "OR"]), truth, truth),
        st.builds(lambda part: _call("NOT", lambda value: not value, part), truth),
        st.builds(lambda part: _call("ISBLANK", lambda value: value is None or value == "", part), text),
        st.builds(lambda one, other: _call("CONTAINS", lambda a, b: b in a, one, other), text, text),
    )


@given(
    st.one_of(_numbers(3), _texts(3), _truths(3)),
    st.one_of(st.none(), st.integers(-5, 5).map(float)),
    st.one_of(st.none(), st.text("ab'", min_size=1, max_size=3)),
)
def test_sql_gives_what_a_plain_reading_gives(part: Part, revenue: float | None, title: str | None) -> None:
    row: dict[str, Any] = {"AnnualRevenue": revenue, "Title": title}
    try:
        wanted = part[1](row)
    except Failed:
        wanted = None
    if wanted == "":
        wanted = None
    found = compile_expression(_SCHEMA, _SCHEMA.get("Lead"), part[0]).evaluate(_Database(), _MOMENT, row, None)
    if isinstance(wanted, float) and isinstance(found, int | float):
        assert math.isclose(wanted, found, rel_tol=1e-9, abs_tol=1e-12)
    else:
        assert found == wanted


@given(st.text("IFAND()\"'\\,+-*/=<>&|!.$ 01{}\nLastName", max_size=40))
def test_no_text_breaks_the_reader(text: str) -> None:
    with suppress(FormulaError):
        parse(text)
        compile_expression(_SCHEMA, _SCHEMA.get("Lead"), text).evaluate(_Database(), _MOMENT, {"LastName": "{a}"}, None)
