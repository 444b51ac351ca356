"""Record types: which one a record gets, which picklist values it leaves, and what is told of them."""

from typing import Any

import pytest

from simorg.behaviour.customizing import define_field
from simorg.behaviour.record_types import define_record_type
from simorg.org import Org
from simorg.schema.definition import read_definition
from tests.unit.simorg.querying import ask
from tests.unit.simorg.writing import create, make, show, stored, told, update, user_id

_COLOURS = {
    "restricted": True,
    "valueSetDefinition": {"value": ["Red", "Blue", {"fullName": "Green", "default": True}]},
}


@pytest.fixture
def typed(org: Org) -> Org:
    """The org with a restricted picklist and two record types of Lead."""
    define_field(org, "Lead", read_definition({"type": "Picklist", "valueSet": _COLOURS}, "Colour__c"))
    show(org, "Lead", "Colour__c")
    _define(org, "Partner", values={"Colour__c": ["Red", "Blue"], "Rating": ["Hot"]}, defaults={"Rating": "Hot"})
    _define(org, "Plain", default=True)
    return org


def _define(org: Org, name: str, **facts: Any) -> str:
    return define_record_type(org, {"object": "Lead", "developerName": name, **facts}).id


def _id(org: Org, name: str) -> str:
    return next(one.id for one in org.schema.get("Lead").record_types if one.developer_name == name)


def test_a_new_record_gets_the_record_type_of_its_users_profile(typed: Org) -> None:
    assert stored(typed, "Lead", make(typed, "Lead"))["RecordTypeId"] == _id(typed, "Plain")
    (profile,) = ask(typed, f"SELECT Profile.Name FROM User WHERE Id = '{user_id(typed)}'")
    partner = _define(typed, "Partner", profiles=[profile["Profile"]["Name"]])
    assert stored(typed, "Lead", make(typed, "Lead"))["RecordTypeId"] == partner
    (row,) = ask(typed, "SELECT DeveloperName, SobjectType FROM RecordType WHERE DeveloperName = 'Partner'")
    assert row["SobjectType"] == "Lead"


def test_the_values_that_a_record_type_leaves(typed: Org) -> None:
    partner = _id(typed, "Partner")
    row = stored(typed, "Lead", make(typed, "Lead", RecordTypeId=partner))
    assert (row["Colour__c"], row["Rating"]) == (None, "Hot")
    lead = make(typed, "Lead", RecordTypeId=partner, Colour__c="Red", Rating="Cold")
    message = "Colour: bad value for restricted picklist field: Green"
    refusal = ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, ("Colour__c",))
    assert told(update(typed, "Lead", lead, Colour__c="Green")) == refusal
    assert told(create(typed, "Lead", LastName="A", Company="B", RecordTypeId=partner, Colour__c="Green")) == refusal
    assert update(typed, "Lead", lead, RecordTypeId=_id(typed, "Plain"), Colour__c="Green").success
    assert update(typed, "Lead", lead, RecordTypeId="012000000000000AAA").success
    assert stored(typed, "Lead", lead)["RecordTypeId"] is None


def test_a_record_type_of_another_object_or_an_inactive_one_is_refused(typed: Org) -> None:
    lead = make(typed, "Lead")
    other = define_record_type(typed, {"object": "Contact", "developerName": "Other"}).id
    idle = _define(typed, "Idle", active=False)
    for record_type in (other, idle):
        code, message, fields = told(update(typed, "Lead", lead, RecordTypeId=record_type))
        assert (code, fields) == ("INVALID_CROSS_REFERENCE_KEY", ("RecordTypeId",))
        assert message == f"Record Type ID: this ID value isn't valid for the user: {record_type}"


def test_formulas_read_the_record_type(typed: Org) -> None:
    facts = {"type": "Text", "formula": "RecordType.DeveloperName"}
    define_field(typed, "Lead", read_definition(facts, "Type__c"))
    assert stored(typed, "Lead", make(typed, "Lead"))["Type__c"] == "Plain"


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"values": {"LastName": ["a"]}}, "no such picklist"),
        ({"values": {"Colour__c": ["Pink"]}}, "no such values"),
        ({"values": {"Colour__c": ["Red"]}, "defaults": {"Colour__c": "Blue"}}, "none of its values"),
        ({"colour": 1}, "no such facts"),
    ],
)
def test_record_types_that_cannot_be(typed: Org, facts: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _define(typed, "Bad", **facts)
