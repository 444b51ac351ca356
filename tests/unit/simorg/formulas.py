"""Short ways to make and read formula fields in tests."""

from typing import Any

from simorg.behaviour.customizing import define_field
from simorg.org import Org
from simorg.schema.definition import read_definition
from simorg.schema.registry import Field
from tests.unit.simorg.querying import ask

_DIGITS = ("Number", "Currency", "Percent")


def add_formula(
    org: Org, formula: str, kind: str = "Text", *, on: str = "Lead", name: str = "F__c", **facts: Any
) -> Field:
    """Makes a formula field."""
    digits = {"precision": 18, "scale": 6} if kind in _DIGITS else {}
    return define_field(org, on, read_definition({"type": kind, "formula": formula, **digits, **facts}, name))


def value_of(org: Org, formula: str, record_id: str, kind: str = "Text", *, on: str = "Lead", **facts: Any) -> Any:
    """What a formula gives for a record, by way of a query."""
    name = f"F{sum(one.custom for one in org.schema.get(on).fields.values())}__c"
    add_formula(org, formula, kind, on=on, name=name, **facts)
    (row,) = ask(org, f"SELECT {name} FROM {on} WHERE Id = '{record_id}'")
    return row[name]
