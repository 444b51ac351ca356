"""Formulas calculated for a record that is written; each is compiled once for a state of the schema."""

from collections.abc import Mapping

from simorg.behaviour.values import read_value
from simorg.errors import RowError
from simorg.formula.expressions import Expression, Moment, compile_expression
from simorg.org import Org
from simorg.schema.registry import Field, ObjectType, Schema
from simorg.transactions import StoredValue, Transaction

Row = Mapping[str, StoredValue]


def find_expression(schema: Schema, one: ObjectType, text: str, expected: str | None = None) -> Expression:
    """A compiled formula over the records of an object.

    Raises:
        FormulaError: it cannot be.
    """
    key = (one.name, text, expected or "")
    found = schema.compiled.get(key)
    if not isinstance(found, Expression):
        found = schema.compiled[key] = compile_expression(schema, one, text, expected)
    return found


def calculate(
    org: Org, tx: Transaction, one: ObjectType, text: str, row: Row, before: Row | None, expected: str | None = None
) -> StoredValue:
    """The value of a formula for a record as it will be; None where it is blank or an error."""
    moment = Moment(org.clock.now(), org.time_zone, tx.user_id)
    return find_expression(org.schema, one, text, expected).evaluate(tx, moment, row, before)


def calculate_default(org: Org, tx: Transaction, one: ObjectType, field: Field, row: Row) -> StoredValue:
    """The default value of a field of a new record. What does not fit the field is no default."""
    value = calculate(org, tx, one, field.default_formula or "NULL", row, None)
    if value is None:
        return None
    scaled = value * 100 if field.type == "percent" and isinstance(value, int | float) else value
    read = read_value(field, scaled)
    return None if isinstance(read, RowError) else read
