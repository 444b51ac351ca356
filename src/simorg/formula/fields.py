"""Fields that are calculated when they are read: formulas and roll-ups, as SQL over the record `r`.

A formula or a roll-up that another one reads is put in its place, as an org does when it compiles; the limits are those
of the whole (Salesforce Help, "Formula Field Limits and Restrictions").
"""

from dataclasses import replace

from simorg.fidelity import say
from simorg.formula.compiler import Compiler
from simorg.formula.names import Names
from simorg.formula.parser import parse
from simorg.formula.rollups import compile_rollup, find_details, result_field
from simorg.formula.terms import BOOLEAN, DATE, DATETIME, MULTI, NUMBER, PICKLIST, TEXT, TIME, Term
from simorg.formula.tree import FormulaError
from simorg.schema.definition import FieldDefinition
from simorg.schema.registry import Field, ObjectType, Schema

#: Characters of a formula with those of all formulas that it reads.
MOST_COMPILED = 15_000
DEFAULT_KINDS = {
    "Checkbox": BOOLEAN, "Currency": NUMBER, "Date": DATE, "DateTime": DATETIME, "Number": NUMBER, "Percent": NUMBER,
    "Text": TEXT, "Time": TIME,
}  # fmt: skip


class Calculations:
    """Compiles the calculated fields of a schema."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        #: The formulas that are being compiled, each read by the one before.
        self._open: list[tuple[str, str]] = []
        self._size = 0

    def compile(self, one: ObjectType, field: Field) -> str:
        """The SQL of a calculated field over the record `r`, with the places {Object}, {today}, {now} and {zone}.

        Raises:
            FormulaError: it cannot be calculated.
        """
        self._open, self._size = [], 0
        term = self.calculate(one, field, "r")
        return finish(term, field)

    def calculate(self, one: ObjectType, field: Field, alias: str) -> Term:
        """A calculated field at an alias, as a part of another formula."""
        definition = field.definition
        if definition is None:
            return Term(NUMBER, "NULL", field=field)
        key = (one.name, field.name)
        if key in self._open:
            raise FormulaError(say("formula.circle", name=field.name))
        self._open.append(key)
        try:
            if definition.formula is None:
                return compile_rollup(self.names_of, one, definition, alias)
            return self._compile_formula(one, definition, alias)
        finally:
            self._open.pop()

    def uses(self, one: ObjectType, field: Field) -> frozenset[tuple[str, str]]:
        """The fields that a formula or a roll-up reads itself, as object and field."""
        self._open, self._size = [(one.name, field.name)], 0
        definition = field.definition
        assert definition is not None
        names = self.names_of(one, "r")
        if definition.formula is not None:
            Compiler(names).compile(parse(definition.formula))
            return frozenset(names.used)
        texts = [definition.summary_foreign_key, definition.summarized_field]
        texts += [condition.field for condition in definition.summary_filters]
        parts = ((text or "").partition(".") for text in texts)
        return frozenset((child, name) for child, _, name in parts)

    def names_of(self, one: ObjectType, alias: str, *, blanks_as_zero: bool = False) -> Names:
        return Names(self._schema, one, self.calculate, alias, blanks_as_zero)

    def _compile_formula(self, one: ObjectType, definition: FieldDefinition, alias: str) -> Term:
        text = definition.formula or ""
        self._size += len(text)
        if self._size > MOST_COMPILED:
            size, most = f"{self._size:,}", f"{MOST_COMPILED:,}"
            raise FormulaError(say("formula.too_big", size=size, most=most))
        compiler = Compiler(self.names_of(one, alias, blanks_as_zero=definition.blanks_as_zero))
        term = compiler.compile(parse(text))
        expected = DEFAULT_KINDS[definition.type]
        if term.kind in (PICKLIST, MULTI):
            return compiler.require(term, expected, "")
        term = term.as_kind(expected)
        if term.kind != expected:
            raise FormulaError(say("formula.result", received=term.kind, expected=expected))
        return replace(term, field=None)


def shape_rollup(calculations: Calculations, one: ObjectType, field: Field) -> Field:
    """A roll-up with the type and the digits of what it rolls up.

    Raises:
        FormulaError: what it refers to does not fit.
    """
    definition = field.definition
    assert definition is not None
    names = calculations.names_of(one, "r")
    found = result_field(find_details(one, definition, names)[0], definition)
    if found is None:
        return field
    kind = "double" if found.type == "int" else found.type
    return replace(field, type=kind, precision=18 if found.precision else 0, scale=found.scale)


def finish(term: Term, field: Field) -> str:
    """The value of a calculated field as storage would keep it: blank where it is an error."""
    sql = term.sql
    if term.kind == TEXT:
        sql = f"nullif({sql}, '')"
    elif term.kind == NUMBER:
        hundred = " * 100.0" if field.type == "percent" else ""
        sql = f"f_round({sql}{hundred}, {field.scale})"
    if term.error is None:
        return f"({sql})"
    return f"(CASE WHEN {term.error} THEN {0 if term.kind == BOOLEAN else 'NULL'} ELSE {sql} END)"
