"""The mapping that a new connection begins with."""

from dataclasses import replace

import pytest

from syncline.domain.mapping import CONTACT, LEAD, Direction, Policy
from syncline.domain.mapping_check import check_mapping, errors_of
from syncline.domain.mapping_defaults import STANDARD_FIELDS, default_mapping
from syncline.domain.shape import FieldShape, ObjectShape

_TYPES = {"number": "currency", "score": "double", "picklist": "picklist", "text": "string"}


def a_shape(name: str, *, without: tuple[str, ...] = ()) -> ObjectShape:
    """An object that shows every standard field of ours."""
    sources = ((field, field.source(name)) for field in STANDARD_FIELDS)
    fields = tuple(
        FieldShape(source, source, _TYPES.get(str(field.type), str(field.type)))
        for field, source in sources
        if source and source not in without
    )
    return ObjectShape(name, name, None, createable=True, updateable=True, queryable=True, fields=fields)


def both(**changes: tuple[str, ...]) -> dict[str, ObjectShape]:
    return {LEAD: a_shape(LEAD, **changes), CONTACT: a_shape(CONTACT, **changes)}


def test_an_org_that_shows_everything_gets_every_field_and_no_problem() -> None:
    shapes = both()
    mapping = default_mapping(shapes)

    assert mapping.fields == STANDARD_FIELDS
    assert not mapping.approved
    assert errors_of(check_mapping(mapping, shapes)) == []


def test_only_consent_and_score_are_pushed() -> None:
    pushed = {field.name: (field.direction, field.policy) for field in STANDARD_FIELDS if field.direction.pushes}
    assert pushed == {
        "opted_out": (Direction.BOTH, Policy.STRICTER),
        "score": (Direction.PUSH, Policy.MARKETING),
    }
    assert {field.policy for field in STANDARD_FIELDS if not field.direction.pushes} == {Policy.SALESFORCE}


@pytest.mark.parametrize("hidden", ["HasOptedOutOfEmail", "Lead_Score__c", "LeadSource"])
def test_a_field_the_org_hides_on_both_is_left_out(hidden: str) -> None:
    mapping = default_mapping(both(without=(hidden,)))
    assert len(mapping.fields) == len(STANDARD_FIELDS) - 1
    assert hidden not in {field.lead for field in mapping.fields}


def test_a_field_hidden_on_one_object_keeps_its_other_source() -> None:
    mapping = default_mapping({LEAD: a_shape(LEAD, without=("Fax",)), CONTACT: a_shape(CONTACT)})
    fax = mapping.find("fax")
    assert fax is not None
    assert (fax.lead, fax.contact) == (None, "Fax")


def test_a_pushed_field_that_may_not_be_edited_is_left_out() -> None:
    shapes = both()
    read_only = {
        name: replace(
            shape,
            fields=tuple(replace(one, updateable=one.name != "Lead_Score__c") for one in shape.fields),
        )
        for name, shape in shapes.items()
    }
    assert default_mapping(read_only).find("score") is None


def test_sources_are_spelled_as_the_org_spells_them() -> None:
    shape = a_shape(LEAD)
    loud = replace(shape, fields=tuple(replace(one, name=one.name.upper()) for one in shape.fields))
    email = default_mapping({LEAD: loud}).find("email")
    assert email is not None
    assert (email.lead, email.contact) == ("EMAIL", None)
