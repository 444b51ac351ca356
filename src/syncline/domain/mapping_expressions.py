"""Checks the sources of a mapping that are expressions: that each can be read, fits the object, and is only pulled."""

from collections.abc import Iterator

from syncline.domain.formula.check import check_source
from syncline.domain.formula.types import Kind
from syncline.domain.mapping import FieldType, MappedField
from syncline.domain.mapping_problem import Problem
from syncline.domain.shape import ObjectShape
from syncline.errors import FormulaError

#: Which marketing types take the result of an expression; the first is the one to choose.
FITTING_KINDS = {
    Kind.TEXT: (FieldType.TEXT, FieldType.PICKLIST, FieldType.EMAIL),
    Kind.NUMBER: (FieldType.NUMBER, FieldType.SCORE),
    Kind.BOOLEAN: (FieldType.BOOLEAN,),
    Kind.DATE: (FieldType.DATE,),
    Kind.DATETIME: (FieldType.DATETIME,),
}


def check_expression(field: MappedField, source: str, shape: ObjectShape) -> Iterator[Problem]:
    """What is wrong with one expression of the mapping, on one object."""
    if field.direction.pushes:
        yield Problem(
            field.name,
            shape.name,
            f"an expression is calculated here, so its value cannot be sent to {shape.name}",
            f"Only pull it: `syncline map set {field.name} --direction pull`. To write to a Salesforce field, map that"
            " field under another name.",
        )
    try:
        kind = check_source(source, shape).kind
    except FormulaError as wrong:
        yield Problem(field.name, shape.name, wrong.message, wrong.remedy or "")
        return
    fitting = FITTING_KINDS[kind]
    if field.type not in fitting:
        yield Problem(
            field.name,
            shape.name,
            f"the expression gives a {kind} and does not fit {field.type}",
            f"Types that fit: {', '.join(fitting)}.",
        )


def check_filter(name: str, source: str, shape: ObjectShape) -> Iterator[Problem]:
    """What is wrong with the filter of an object: an expression that says which records are synced."""
    remedy = f"Mend it: `syncline map object {name} --filter EXPRESSION`; none takes it away."
    try:
        kind = check_source(source, shape).kind
    except FormulaError as wrong:
        yield Problem("", name, f"its filter is wrong: {wrong.message}", wrong.remedy or remedy)
        return
    if kind is not Kind.BOOLEAN:
        yield Problem("", name, f"its filter gives a {kind}, and has to be true or false", remedy)


def guess_type(source: str, shape: ObjectShape) -> FieldType | None:
    """The marketing type of an expression's result; None where the expression is wrong."""
    try:
        return FITTING_KINDS[check_source(source, shape).kind][0]
    except FormulaError:
        return None
