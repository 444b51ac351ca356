"""Custom objects: how they are built from facts, and how their records hang on those of others."""

from typing import Any

import pytest

from simorg.behaviour.merge import merge
from simorg.org import Org
from simorg.schema.objects.custom import build_custom
from simorg.security.granting import show_to_all
from tests.unit.simorg.querying import ask
from tests.unit.simorg.writing import create, delete, make, stored, told, undelete, user_id

_WEBINAR = {
    "name": "Webinar__c",
    "fields": [
        {"name": "Contact__c", "type": "reference", "reference_to": ["Contact"], "cascade_delete": True},
        {"name": "Account__c", "type": "reference", "reference_to": ["Account"], "relationship": "Broadcasts"},
        {"name": "Code__c", "length": 20, "external_id": True, "unique": True, "id_lookup": True},
        {"name": "Seats__c", "type": "int", "digits": 4},
        {"name": "Kind__c", "type": "picklist", "values": ["Live", "Recorded"], "restricted_picklist": True},
        {"name": "Paid__c", "type": "boolean"},
    ],
}


@pytest.fixture
def custom(org: Org) -> Org:
    """The org with a custom object."""
    new = build_custom(_WEBINAR, [])
    org.schema.add_object(new)
    org.storage.add_object(new.name)
    with org.storage.transaction() as tx:
        show_to_all(tx, new, new.fields.values())
    return org


def test_every_custom_object_has_a_name_an_owner_and_a_prefix() -> None:
    one = build_custom({"name": "Road_Show__c"}, ["a00", "a01"])
    assert (one.label, one.label_plural, one.key_prefix, one.custom) == ("Road Show", "Road Shows", "a02", True)
    assert {"id", "ownerid", "name", "isdeleted", "createddate", "systemmodstamp"} <= set(one.fields)


@pytest.mark.parametrize(
    "asked",
    [
        {"name": "Webinar"},
        {"name": "Web inar__c"},
        {"name": "Webinar__c", "fields": [{"name": "Seats"}]},
        {"name": "Webinar__c", "fields": [{"name": "Seats__c", "type": "number"}]},
    ],
)
def test_wrong_names_and_types(asked: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"custom|type"):
        build_custom(asked, [])


def test_neither_twice_nor_in_the_air(custom: Org) -> None:
    with pytest.raises(ValueError, match="already"):
        custom.schema.add_object(build_custom(_WEBINAR, ["a00"]))
    nowhere = {"name": "X__c", "fields": [{"name": "Y__c", "type": "reference", "reference_to": ["Z__c"]}]}
    with pytest.raises(ValueError, match="Z__c"):
        custom.schema.add_object(build_custom(nowhere, ["a00"]))
    assert custom.schema.find("X__c") is None


def test_records_are_written_by_the_rules(custom: Org) -> None:
    contact = make(custom, "Contact", LastName="Reed")
    webinar = make(custom, "webinar__c", Name="W", Contact__c=contact, Code__c="A1", Seats__c="12")
    row = stored(custom, "Webinar__c", webinar)
    assert webinar.startswith("a00")
    assert (row["Contact__c"], row["Seats__c"], row["Paid__c"], row["OwnerId"]) == (contact, 12, 0, user_id(custom))
    for wrong, code in (
        ({"Code__c": "a1"}, "DUPLICATE_VALUE"),
        ({"Kind__c": "Other"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"Seats__c": 10_000}, "NUMBER_OUTSIDE_VALID_RANGE"),
        ({"Contact__c": make(custom, "Lead")}, "FIELD_INTEGRITY_EXCEPTION"),
    ):
        assert told(create(custom, "Webinar__c", **wrong))[0] == code


def test_parents_and_children_are_queried(custom: Org) -> None:
    account = make(custom, "Account", Name="A")
    contact = make(custom, "Contact", LastName="Reed", AccountId=account)
    make(custom, "Webinar__c", Name="W", Contact__c=contact, Account__c=account)
    (row,) = ask(custom, "SELECT Contact__r.Account.Name FROM Webinar__c WHERE Contact__r.LastName = 'Reed'")
    assert row["Contact__r"]["Account"]["Name"] == "A"
    for name, relationship, record_id in (("Contact", "Webinars__r", contact), ("Account", "Broadcasts__r", account)):
        (row,) = ask(custom, f"SELECT (SELECT Name FROM {relationship}) FROM {name} WHERE Id = '{record_id}'")
        assert [one["Name"] for one in row[relationship]["records"]] == ["W"]


def test_records_fall_come_back_and_move_with_their_parent(custom: Org) -> None:
    contact, other = make(custom, "Contact"), make(custom, "Contact")
    webinar = make(custom, "Webinar__c", Contact__c=contact)
    for act, deleted in ((delete, 1), (undelete, 0)):
        assert act(custom, "Contact", contact).success
        assert stored(custom, "Webinar__c", webinar)["IsDeleted"] == deleted
    with custom.storage.transaction(user_id(custom)) as tx:
        assert merge(custom, tx, custom.schema.get("Contact"), other, [contact], {}).related == (webinar,)
    assert stored(custom, "Webinar__c", webinar)["Contact__c"] == other
    account = make(custom, "Account", Name="A")
    kept = make(custom, "Webinar__c", Account__c=account)
    assert delete(custom, "Account", account).success
    assert stored(custom, "Webinar__c", kept)["IsDeleted"] == 0
