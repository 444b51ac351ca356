"""A contact that is deleted here: its record stays in Salesforce, is left out with the reason, and does not return,
whatever becomes of it there, until somebody adds the person again.
"""

from dataclasses import dataclass

import pytest

from syncline import clock, killpoints
from syncline.salesforce.client import Salesforce
from syncline.store import contacts, explain
from syncline.store.connections import load_connection
from syncline.store.database import transaction
from tests.engine.orgs import NAME, Hub

_ADDRESS = "gone@deleted.example"
_LEAD = {"LastName": "Gone", "Company": "Deletions", "Email": _ADDRESS}


@dataclass
class Gone:
    """Somebody whose contact was deleted here, and what was created beside."""

    hub: Hub
    colleague: Salesforce
    record_id: str

    def contacts(self) -> list[tuple[object, ...]]:
        """Who has the address here."""
        return self.hub.rows(
            "SELECT link.object, link.record_id FROM contacts JOIN links link ON link.contact_id = contacts.id"
            " WHERE lower(email) = %s AND contacts.state = 'active' AND link.state = 'live'",
            _ADDRESS,
        )

    def reason(self, record_id: str) -> str | None:
        """Why a record has no contact."""
        with self.hub.database.connect() as conn:
            found = explain.find_left_out(conn, load_connection(NAME).id, record_id)
        return found.reason if found else None


@pytest.fixture
def gone(hub: Hub, colleague: Salesforce) -> Gone:
    record_id = colleague.create("Lead", [_LEAD])[0].id
    assert record_id
    hub.sync()
    assert hub.execute("DELETE FROM contacts WHERE email = %s", _ADDRESS) == 1
    return Gone(hub, colleague, record_id)


def test_its_record_is_left_out_with_the_reason(gone: Gone) -> None:
    assert gone.reason(gone.record_id) == "deleted_here"
    gone.colleague.update("Lead", [{"Id": gone.record_id, "Title": "Still there"}])
    gone.hub.sync()

    proof = gone.hub.prove()
    assert proof.percent == 100, proof
    assert proof.by_object["Lead"].left_out["deleted_here"] == 1
    assert gone.contacts() == []


def test_it_stays_away_when_its_record_is_deleted_and_comes_back(gone: Gone) -> None:
    gone.colleague.delete_records("Lead", [gone.record_id])
    gone.hub.sync()
    gone.colleague.undelete([gone.record_id])
    gone.hub.sync()

    assert gone.contacts() == []
    assert gone.hub.prove().percent == 100


def test_it_stays_away_when_its_lead_is_converted(gone: Gone) -> None:
    made = gone.colleague.convert_lead(gone.record_id, converted_status="Closed - Converted")
    gone.hub.sync()

    assert gone.contacts() == []
    assert gone.reason(made.contact_id) == "deleted_here"
    assert gone.hub.prove().percent == 100


def test_whoever_is_merged_into_its_record_keeps_the_contact(gone: Gone) -> None:
    other = gone.colleague.create("Lead", [{**_LEAD, "LastName": "Other"}])[0].id
    assert other
    gone.hub.sync()
    gone.colleague.merge("Lead", gone.record_id, [other])
    gone.hub.sync()

    assert gone.contacts() == [("Lead", gone.record_id)]
    assert gone.reason(gone.record_id) is None
    assert gone.hub.prove().percent == 100


@pytest.mark.parametrize("create", [True, False], ids=["to become a Lead", "to stay here"])
def test_who_is_added_again_takes_the_record_up_again(gone: Gone, create: bool) -> None:
    with gone.hub.database.connect() as conn, transaction(conn, "add"):
        contacts.add_contact(
            conn,
            gone.hub.mapping,
            {"email": _ADDRESS, "last_name": "Back"},
            create_in_salesforce=create,
            now=clock.now(),
            origin="test",
        )
    gone.hub.sync()
    gone.hub.sync()

    assert gone.contacts() == [("Lead", gone.record_id)]
    assert gone.reason(gone.record_id) is None
    assert gone.hub.prove().percent == 100
    leads = gone.colleague.query(f"SELECT Id FROM Lead WHERE Email = '{_ADDRESS}'").records
    assert [one["Id"] for one in leads] == [gone.record_id]


def test_a_contact_that_is_deleted_while_its_lead_is_created_stays_away(hub: Hub, colleague: Salesforce) -> None:
    hub.sync()
    with hub.database.connect() as conn, transaction(conn, "add"):
        values = {"email": _ADDRESS, "last_name": "Brief"}
        contacts.add_contact(conn, hub.mapping, values, create_in_salesforce=True, now=clock.now(), origin="test")

    def delete() -> None:
        assert hub.execute("DELETE FROM contacts WHERE email = %s", _ADDRESS) == 1

    killpoints.arm("remote.upsert.answered", 1, delete)
    try:
        hub.sync()
    finally:
        killpoints.disarm()
    hub.sync()

    (lead,) = colleague.query(f"SELECT Id FROM Lead WHERE Email = '{_ADDRESS}'").records
    assert Gone(hub, colleague, lead["Id"]).contacts() == []
    assert Gone(hub, colleague, lead["Id"]).reason(lead["Id"]) == "deleted_here"
    assert hub.prove().percent == 100
