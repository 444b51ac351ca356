"""Person accounts: an Account and a Contact that are one person, on every road."""

from typing import Any

import pytest

from simorg.behaviour.conversion import Conversion, convert
from simorg.behaviour.customizing import define_field
from simorg.behaviour.merge import merge
from simorg.behaviour.persons import enable_person_accounts
from simorg.org import Org
from simorg.schema.definition import read_definition
from simorg.wire.describe import describe_field
from tests.unit.simorg.querying import ask
from tests.unit.simorg.writing import create, delete, make, show, stored, told, undelete, update, user_id


@pytest.fixture
def persons(org: Org) -> Org:
    """The org with person accounts."""
    enable_person_accounts(org)
    enable_person_accounts(org)
    return org


def _contact(org: Org, account: str) -> dict[str, Any]:
    return stored(org, "Contact", str(stored(org, "Account", account)["PersonContactId"]))


def test_an_org_without_them_shows_nothing_of_them(org: Org) -> None:
    assert org.schema.get("Account").find("IsPersonAccount") is None
    assert told(create(org, "Account", LastName="Moss"))[0] == "INVALID_FIELD"


def test_describe_shows_the_fields_of_the_person(persons: Org) -> None:
    one = persons.schema.get("Account")
    told_of = {name: describe_field(one.fields[name.lower()], one) for name in ("PersonEmail", "IsPersonAccount")}
    keys = ("type", "createable", "updateable")
    assert [told_of["PersonEmail"][key] for key in keys] == ["email", True, True]
    assert [told_of["IsPersonAccount"][key] for key in keys] == ["boolean", False, False]


def test_one_account_with_one_contact(persons: Org) -> None:
    account = make(persons, "Account", FirstName="Ada", LastName="Moss", PersonEmail="A@Moss.example", Phone="1")
    row, contact = stored(persons, "Account", account), _contact(persons, account)
    assert (row["Name"], row["IsPersonAccount"], row["PersonEmail"]) == ("Ada Moss", 1, "a@moss.example")
    assert (contact["AccountId"], contact["LastName"], contact["Phone"]) == (account, "Moss", "1")
    assert contact["IsPersonAccount"] == 1
    assert update(persons, "Account", account, LastName="Reed", PersonTitle="CFO").success
    assert (stored(persons, "Account", account)["Name"], _contact(persons, account)["Title"]) == ("Ada Reed", "CFO")
    (found,) = ask(persons, "SELECT Id, PersonContact.LastName FROM Account WHERE PersonEmail = 'a@moss.example'")
    assert (found["Id"], found["PersonContact"]["LastName"]) == (account, "Reed")
    company = make(persons, "Account", Name="Acme")
    assert stored(persons, "Account", company)["IsPersonAccount"] == 0


def test_what_person_accounts_refuse(persons: Org) -> None:
    person, company = make(persons, "Account", LastName="Moss"), make(persons, "Account", Name="Acme")
    for outcome, code in (
        (create(persons, "Account", LastName="Moss", Name="Other"), "INVALID_FIELD_FOR_INSERT_UPDATE"),
        (update(persons, "Account", company, PersonEmail="a@b.example"), "INVALID_FIELD_FOR_INSERT_UPDATE"),
        (update(persons, "Account", person, LastName=None), "REQUIRED_FIELD_MISSING"),
        (create(persons, "Account", PersonEmail="a@b.example"), "REQUIRED_FIELD_MISSING"),
        (update(persons, "Contact", _contact(persons, person)["Id"], Title="x"), "INVALID_CROSS_REFERENCE_KEY"),
        (update(persons, "Account", person, PersonEmail="bad"), "INVALID_EMAIL_ADDRESS"),
    ):
        assert told(outcome)[0] == code


def test_a_person_falls_and_comes_back_as_one(persons: Org) -> None:
    account = make(persons, "Account", LastName="Moss")
    contact = _contact(persons, account)["Id"]
    for act, deleted in ((delete, 1), (undelete, 0)):
        assert act(persons, "Account", account).success
        assert stored(persons, "Contact", contact)["IsDeleted"] == deleted


def test_a_lead_without_a_company_becomes_a_person(persons: Org) -> None:
    lead = make(persons, "Lead", FirstName="Ada", Company=None)
    with persons.storage.transaction(user_id(persons)) as tx:
        done = convert(persons, tx, Conversion(lead, "Closed - Converted"))
    assert done.error is None
    account = stored(persons, "Account", str(done.account_id))
    assert (account["Name"], account["PersonContactId"]) == ("Ada Moss", done.contact_id)
    other = make(persons, "Lead", Company=None, Title="Dr")
    with persons.storage.transaction(user_id(persons)) as tx:
        again = convert(persons, tx, Conversion(other, "Closed - Converted", account_id=done.account_id))
    assert again.contact_id == done.contact_id
    assert stored(persons, "Account", str(done.account_id))["PersonTitle"] == "Dr"
    business = make(persons, "Lead", Company="Acme")
    with persons.storage.transaction(user_id(persons)) as tx:
        plain = convert(persons, tx, Conversion(business, "Closed - Converted"))
    assert stored(persons, "Account", str(plain.account_id))["PersonContactId"] is None


def test_persons_merge_with_persons_alone(persons: Org) -> None:
    master, loser = make(persons, "Account", LastName="Moss"), make(persons, "Account", LastName="Reed")
    company = make(persons, "Account", Name="Acme")
    task = make(persons, "Task", WhoId=_contact(persons, loser)["Id"], Subject="Call")
    one = persons.schema.get("Account")
    with persons.storage.transaction(user_id(persons)) as tx:
        assert merge(persons, tx, one, master, [company], {}).error is not None
        contacts = [_contact(persons, each)["Id"] for each in (master, loser)]
        assert merge(persons, tx, persons.schema.get("Contact"), contacts[0], contacts[1:], {}).error is not None
        assert merge(persons, tx, one, master, [loser], {}).error is None
    gone = stored(persons, "Contact", contacts[1])
    assert (gone["IsDeleted"], gone["MasterRecordId"]) == (1, contacts[0])
    assert stored(persons, "Task", task)["WhoId"] == contacts[0]


def test_custom_fields_of_contacts_are_the_persons_too(persons: Org) -> None:
    define_field(persons, "Contact", read_definition({"type": "Text", "length": 20}, "Shoe__c"))
    show(persons, "Contact", "Shoe__c")
    account = make(persons, "Account", LastName="Moss", Shoe__pc="42")
    assert _contact(persons, account)["Shoe__c"] == "42"
    assert stored(persons, "Account", account)["Shoe__pc"] == "42"
