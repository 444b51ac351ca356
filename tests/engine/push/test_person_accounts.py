"""Person accounts: people that are read as Contacts and written through their Accounts."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from syncline import clock
from syncline.domain.mapping import CONTACT
from syncline.domain.mapping_options import ObjectRules
from syncline.domain.person_accounts import account_field
from syncline.store.database import Database
from syncline.store.mappings import save_mapping
from syncline.store.secrets import KeyRing
from tests import simulated
from tests.engine.orgs import Hub, colleague_of
from tests.simulated import Simulated

_ADA = {"FirstName": "Ada", "LastName": "Person", "PersonEmail": "ada.person@example.com", "PersonTitle": "Countess"}
_PLAIN = {"FirstName": "Paul", "LastName": "Plain", "Email": "paul.plain@example.com"}


@pytest.fixture
def persons(tmp_path: Path) -> Iterator[Simulated]:
    """An org with person accounts; they cannot be switched off again, so it is the test's own."""
    running = simulated.start(tmp_path / "persons", "people", 20)
    running.control("POST", "person-accounts")
    yield running
    running.stop()


@pytest.fixture
def synced(database: Database, persons: Simulated, tmp_path: Path) -> Hub:
    """A person account and a plain Contact beside it, imported."""
    hub = Hub(database, KeyRing(tmp_path / "keys" / "ring.json"), persons)
    with colleague_of(persons) as colleague:
        assert colleague.create("Account", [_ADA])[0].success
        assert colleague.create("Contact", [_PLAIN])[0].success
    hub.connect()
    hub.sync()
    persons.control("POST", "clock", {"advance": 5})
    persons.control("DELETE", "journal")
    return hub


def _there(hub: Hub, email: str) -> dict[str, Any]:
    contacts: list[dict[str, Any]] = hub.org.control("GET", "export?objects=Contact")["Contact"]
    return next(one for one in contacts if one["Email"] == email)


def _edit(hub: Hub, assignment: str) -> None:
    where = "email IN ('ada.person@example.com', 'paul.plain@example.com')"
    assert hub.execute(f"UPDATE contacts SET {assignment} WHERE {where}") == 2


def test_people_come_as_contacts_and_go_through_their_accounts(synced: Hub) -> None:
    assert synced.rows("SELECT title FROM contacts WHERE email = 'ada.person@example.com'") == [("Countess",)]
    _edit(synced, "title = 'Both', phone = '+1 555 6', opted_out = true, score = 7")
    report = synced.sync()
    assert report.counts.get("push_failed", 0) == 0
    for email in ("ada.person@example.com", "paul.plain@example.com"):
        there = _there(synced, email)
        assert (there["Title"], there["Phone"], there["HasOptedOutOfEmail"]) == ("Both", "+1 555 6", 1)
        assert there["Lead_Score__c"] == 7
    assert report.counts["person_accounts_written"] > 0
    # Our own echo causes nothing, and both sides agree.
    again = synced.sync()
    assert (again.counts.get("pushed", 0), again.counts.get("contacts_updated", 0)) == (0, 0)
    assert synced.prove().percent == 100.0


@pytest.mark.parametrize("how", ["strict", "many"])
def test_strict_writes_and_jobs_leave_them_to_collections(synced: Hub, how: str) -> None:
    if how == "many":
        synced.settings = replace(synced.settings, bulk_send_rows=0)
    else:
        mapping = replace(synced.mapping, objects=((CONTACT, ObjectRules(strict=True)),))
        with synced.open() as ctx:
            save_mapping(ctx.connection.id, mapping, clock.now())
        synced.sync()
    _edit(synced, "title = 'Both'")
    synced.sync()
    titles = [_there(synced, email)["Title"] for email in ("ada.person@example.com", "paul.plain@example.com")]
    assert titles == ["Both", "Both"]


def test_a_field_that_is_refused_is_named_as_the_contacts(synced: Hub) -> None:
    rule = {
        "kind": "validation", "name": "no such title", "object": "Account", "condition": 'Phone = "+1 555 7"',
        "message": "no such title", "field": "PersonTitle",
    }  # fmt: skip
    synced.org.control("POST", "rules", rule)
    synced.execute("UPDATE contacts SET title = 'Wrong', phone = '+1 555 7' WHERE email = 'ada.person@example.com'")
    synced.sync()
    assert _there(synced, "ada.person@example.com")["Title"] == "Countess"
    told = synced.rows("SELECT field, code FROM issues WHERE state = 'open' AND field = 'title'")
    assert told == [("title", "FIELD_CUSTOM_VALIDATION_EXCEPTION")]


def test_a_lead_without_company_becomes_one_and_stays_the_same_contact(synced: Hub, persons: Simulated) -> None:
    with colleague_of(persons) as colleague:
        lead = colleague.create("Lead", [{"LastName": "Soon", "Email": "soon@example.com"}])[0].id
        synced.sync()
        ((contact,),) = synced.rows("SELECT contact_id FROM links WHERE record_id = %s", lead)
        persons.control("POST", "clock", {"advance": 5})
        became = colleague.convert_lead(str(lead), "Closed - Converted").contact_id
    synced.sync()
    assert synced.rows("SELECT record_id FROM links WHERE contact_id = %s", contact) == [(became,)]
    synced.execute("UPDATE contacts SET title = 'Now' WHERE id = %s", contact)
    persons.control("POST", "clock", {"advance": 5})
    assert synced.sync().counts["person_accounts_written"] == 1
    assert _there(synced, "soon@example.com")["Title"] == "Now"


@pytest.mark.parametrize(
    ("contact", "account"),
    [
        ("LastName", "LastName"),
        ("Phone", "Phone"),
        ("Email", "PersonEmail"),
        ("MailingStreet", "PersonMailingStreet"),
        ("HasOptedOutOfEmail", "PersonHasOptedOutOfEmail"),
        ("Lead_Score__c", "Lead_Score__pc"),
    ],
)
def test_each_field_has_its_name_on_the_account(contact: str, account: str) -> None:
    assert account_field(contact) == account
