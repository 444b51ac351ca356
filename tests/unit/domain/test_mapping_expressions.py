"""Expressions as sources of a mapping: what is refused, and what a person is told."""

from dataclasses import replace

import pytest

from syncline.domain.mapping import CONTACT, LEAD, Direction, FieldType, MappedField, Mapping
from syncline.domain.mapping_check import check_mapping, errors_of
from syncline.domain.mapping_expressions import guess_type
from syncline.domain.shape import ObjectShape
from tests.unit.formula import shapes

SHAPES = {LEAD: shapes.LEAD, CONTACT: replace(shapes.LEAD, name=CONTACT, label="Contact")}
EMAIL = MappedField("email", "Email", FieldType.EMAIL, "Email", "Email")


def problems_of(**changes: object) -> list[tuple[str, str, str]]:
    field = replace(MappedField("name", "Name", FieldType.TEXT), **changes)  # type: ignore[arg-type]  # facts of a test
    found = errors_of(check_mapping(Mapping((EMAIL, field)), SHAPES))
    assert all(one.remedy for one in found)
    return [(one.field, one.object, one.message) for one in found]


def test_a_right_expression_is_no_problem() -> None:
    assert problems_of(lead="=FirstName & ' ' & LastName", contact="LastName") == []
    assert problems_of(lead="= TODAY() - Birthdate", type=FieldType.NUMBER) == []


def test_a_wrong_one_is_told_with_its_object_and_its_place_in_the_source() -> None:
    ((field, on, message),) = problems_of(lead="=UPPER(Fristname)", contact="=UPPER(FirstName)")
    assert (field, on) == ("name", LEAD)
    assert message == "Error: Field Fristname does not exist. Check spelling (line 1, column 8)"


@pytest.mark.parametrize("direction", [Direction.PUSH, Direction.BOTH])
def test_it_cannot_be_sent(direction: Direction) -> None:
    ((_, _, message),) = problems_of(lead="=UPPER(LastName)", direction=direction)
    assert "cannot be sent to Lead" in message


@pytest.mark.parametrize(
    ("expression", "kind", "fits"),
    [
        ("=LEN(LastName)", FieldType.TEXT, False),
        ("=LEN(LastName)", FieldType.SCORE, True),
        ("=LastName", FieldType.NUMBER, False),
        ("=LastName", FieldType.EMAIL, True),
        ("=IsHot__c", FieldType.TEXT, False),
        ("=NOT(IsHot__c)", FieldType.BOOLEAN, True),
        ("=CreatedDate", FieldType.DATE, False),
        ("=DATEVALUE(CreatedDate)", FieldType.DATE, True),
        ("=CreatedDate", FieldType.DATETIME, True),
    ],
)
def test_its_type_must_fit(expression: str, kind: FieldType, *, fits: bool) -> None:
    found = problems_of(lead=expression, type=kind)
    assert fits is not bool(found)
    assert all("and does not fit" in message for _, _, message in found)


def test_a_field_that_is_off_is_not_checked() -> None:
    assert problems_of(lead="=nonsense(", direction=Direction.OFF) == []


def test_the_type_is_guessed_from_the_result() -> None:
    shape: ObjectShape = shapes.LEAD
    assert guess_type("=TODAY() - Birthdate", shape) is FieldType.NUMBER
    assert guess_type("=LastName & ''", shape) is FieldType.TEXT
    assert guess_type("=Nope__c", shape) is None
