"""Formulas that are calculated for one record while it is written: conditions and values of rules, default values.

They see the record as it will be (`r`) and as it was (`b`), and what it refers to as the transaction left it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from simorg.clock import format_stamp
from simorg.fidelity import say
from simorg.formula.compiler import Compiler
from simorg.formula.fields import Calculations
from simorg.formula.names import Names
from simorg.formula.parser import parse
from simorg.formula.terms import BOOLEAN, MULTI, PICKLIST, TEXT, Term
from simorg.formula.tree import FormulaError
from simorg.schema.registry import ObjectType, Schema
from simorg.transactions import StoredValue, quote

Row = Mapping[str, StoredValue]
_OWN = re.compile(r'\b(r|b)\."(\w+)"')
_PLACE = re.compile(r"\{(\w+)\}")
_MOMENTS = frozenset({"today", "now", "zone", "user"})


class Evaluator(Protocol):
    """What an expression asks: one value of the database, within the transaction."""

    def evaluate(self, statement: str, parameters: Sequence[StoredValue]) -> StoredValue:
        """The first column of the first row."""


@dataclass(frozen=True)
class Moment:
    """When and for whom an expression is calculated."""

    now: datetime
    zone: ZoneInfo
    user_id: str


@dataclass(frozen=True)
class Expression:
    """A compiled formula: its kind, its SQL with places, and the fields it reads of the record now and before."""

    kind: str
    template: str
    now_names: tuple[str, ...]
    before_names: tuple[str, ...]
    used: frozenset[tuple[str, str]] = frozenset()

    def evaluate(self, database: Evaluator, moment: Moment, row: Row, before: Row | None) -> StoredValue:
        """The value for a record; None where it is blank or an error."""
        user = moment.user_id.replace("'", "''")
        places = {
            "today": f"'{moment.now.astimezone(moment.zone).date().isoformat()}'",
            "now": f"'{format_stamp(moment.now)}'",
            "zone": f"'{moment.zone.key}'",
            "user": f"'{user}'",
        }
        objects = {name: quote(name) for name in _PLACE.findall(self.template) if name not in _MOMENTS}
        parameters = [*(row.get(name) for name in self.now_names), int(before is None)]
        parameters += [(before or {}).get(name) for name in self.before_names]
        return database.evaluate(self.template.format_map({**objects, **places}), parameters)


def compile_expression(schema: Schema, one: ObjectType, text: str, expected: str | None = None) -> Expression:
    """A formula over a record of an object; of a kind, where one is expected.

    Raises:
        FormulaError: it cannot be.
    """
    names = Names(schema, one, Calculations(schema).calculate, knows_user=True)
    compiler = Compiler(names, prior="b")
    term = compiler.compile(parse(text))
    if term.kind in (PICKLIST, MULTI):
        term = Term(TEXT, term.sql, term.error)
    if expected is not None:
        term = term.as_kind(expected)
        if term.kind != expected:
            raise FormulaError(say("formula.result", received=term.kind, expected=expected))
    value = f"nullif({term.sql}, '')" if term.kind == TEXT else term.sql
    if term.error is not None:
        value = f"CASE WHEN {term.error} THEN NULL ELSE {value} END"
    found = _OWN.findall(value)
    now_names = tuple(dict.fromkeys(name for alias, name in found if alias == "r"))
    before_names = tuple(dict.fromkeys(name for alias, name in found if alias == "b"))
    now_sql = ", ".join(f"? AS {quote(name)}" for name in now_names) or "1"
    before_sql = "".join(f", ? AS {quote(name)}" for name in before_names)
    template = f"SELECT {value} FROM (SELECT {now_sql}) r, (SELECT ? AS _new{before_sql}) b"
    return Expression(term.kind, template, now_names, before_names, frozenset(names.used))


def compile_condition(schema: Schema, one: ObjectType, text: str) -> Expression:
    """A formula that is true or false.

    Raises:
        FormulaError: it cannot be.
    """
    return compile_expression(schema, one, text, BOOLEAN)
