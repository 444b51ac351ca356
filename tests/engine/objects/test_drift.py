"""Drift of the org's shape: what it takes away is suspended and told, the rest goes on, and it heals by itself."""

from dataclasses import replace
from decimal import Decimal

import pytest

from syncline import clock
from syncline.domain.mapping import Direction
from syncline.domain.objects import Choice, MirroredObject
from syncline.errors import RemoteRefused
from syncline.flows.objects import add_object
from syncline.salesforce.client import Salesforce
from syncline.store import contacts
from syncline.store.connections import load_connection
from syncline.store.database import transaction
from syncline.store.mappings import save_mapping
from tests.engine.objects.conftest import Asked
from tests.engine.orgs import NAME, Hub

_Person = tuple[int, str]


@pytest.fixture
def person(hub: Hub) -> _Person:
    """A contact and its Lead, whose title goes both ways."""
    with hub.open() as ctx:
        fields = [replace(one, direction=Direction.BOTH) if one.name == "title" else one for one in ctx.mapping.fields]
        save_mapping(ctx.connection.id, replace(ctx.mapping, fields=tuple(fields)), clock.now())
    hub.sync()
    rows = hub.rows(
        "SELECT contact_id, record_id FROM links JOIN sf_main.lead ON lead.id = record_id"
        " WHERE object = 'Lead' AND links.state = 'live' AND NOT isdeleted AND title IS NOT NULL LIMIT 1"
    )
    return rows[0][0], rows[0][1]


def _change(hub: Hub, name: str = "Title", object_name: str = "Lead", **facts: object) -> None:
    hub.org.control("POST", "fields", {"object": object_name, "name": name, **facts})
    # A day goes by, or a minute where something is suspended.
    hub.execute("UPDATE describes SET checked_at = checked_at - interval '25 hours'")


def _title(hub: Hub, person: _Person) -> str:
    return str(hub.rows("SELECT title FROM contacts WHERE id = %s", person[0])[0][0])


def _open(hub: Hub) -> list[tuple[str, str, str]]:
    return hub.rows("SELECT code, object, field FROM issues WHERE state = 'open' ORDER BY code, object, field")


def test_l47_a_hidden_field_is_suspended_and_heals_with_what_changed_meanwhile_on_both_sides(
    hub: Hub, person: _Person, client: Salesforce
) -> None:
    """Section 10 and section 12, 3: nothing is deleted from the mapping, and no edit is lost."""
    other = hub.rows(
        "SELECT contact_id, record_id FROM links WHERE object = 'Lead' AND state = 'live' AND contact_id <> %s LIMIT 1",
        person[0],
    )[0]
    before = _title(hub, person)
    _change(hub, hidden=True)
    hub.execute("UPDATE contacts SET title = 'Edited here', last_name = 'Other' WHERE id = %s", person[0])
    report = hub.sync()
    assert report.state == "done"
    assert ("FIELD_GONE", "Lead", "title") in _open(hub)
    assert report.counts["suspended"] == 1
    ((remedy,),) = hub.rows("SELECT remedy FROM issues WHERE code = 'FIELD_GONE'")
    assert "Set Field-Level Security" in remedy
    seen = client.retrieve("Lead", [person[1]], ["LastName"])[0]
    assert seen is not None
    assert seen["LastName"] == "Other", "the rest of the row was sent"
    assert hub.mapping.find("title") is not None
    hub.org.control("POST", "fields", {"object": "Lead", "name": "Title", "hidden": False})
    client.update("Lead", [{"Id": other[1], "Title": "Edited there"}])
    hub.org.control("POST", "fields", {"object": "Lead", "name": "Title", "hidden": True})
    hub.sync()
    assert _title(hub, other) != "Edited there"
    _change(hub, hidden=False)
    report = hub.sync()
    assert report.counts["fields_filled"] == 1
    assert not [one for one in _open(hub) if one[0] == "FIELD_GONE"]
    assert _title(hub, other) == "Edited there"
    assert _title(hub, person) == "Edited here"
    seen = client.retrieve("Lead", [person[1]], ["Title"])[0]
    assert seen is not None
    assert seen["Title"] == "Edited here", f"what was edited meanwhile is sent; it was {before}"
    assert hub.prove().percent == 100


def test_a_field_of_another_type_is_suspended_and_comes_back_as_it_was(
    hub: Hub, person: _Person, client: Salesforce
) -> None:
    before = _title(hub, person)
    _change(hub, type="double", precision=18, scale=2, length=0)
    assert hub.sync().state == "done"
    assert ("FIELD_TYPE_CHANGED", "Lead", "title") in _open(hub)
    assert _title(hub, person) == before
    _change(hub, type="string", precision=0, scale=0, length=128)
    client.update("Lead", [{"Id": person[1], "Title": "Back again"}])
    assert hub.sync().state == "done"
    assert _title(hub, person) == "Back again"
    assert not _open(hub)


def test_a_field_of_another_type_under_somebodys_view_is_suspended_and_the_rest_goes_on(
    hub: Hub, client: Salesforce
) -> None:
    hub.sync()
    hub.execute("CREATE VIEW public.sizes AS SELECT id, numberofemployees FROM sf_main.lead")
    query = "SELECT Id FROM Lead WHERE IsConverted = false AND Email != null LIMIT 1"
    record_id = client.query(query).records[0]["Id"]
    _change(hub, name="NumberOfEmployees", type="double", precision=18, scale=2)
    client.update("Lead", [{"Id": record_id, "NumberOfEmployees": 2.5, "LastName": "Goes on"}])
    report = hub.sync()
    assert (report.state, report.counts["suspended"]) == ("done", 1)
    assert _open(hub) == [("FIELD_HELD", "Lead", "employees")]
    ((message, remedy),) = hub.rows("SELECT message, remedy FROM issues WHERE code = 'FIELD_HELD'")
    assert "the view sizes" in message
    assert "Drop" in remedy
    mine = "SELECT last_name, employees FROM contacts JOIN links ON contact_id = contacts.id WHERE record_id = %s"
    ((last_name, number),) = hub.rows(mine, record_id)
    assert last_name == "Goes on"
    assert number != Decimal("2.5")
    hub.execute("DROP VIEW public.sizes")
    assert hub.sync().state == "done"
    assert not _open(hub)
    assert hub.rows(mine, record_id) == [("Goes on", Decimal("2.5"))]
    assert hub.prove().percent == 100


def test_l49_a_field_that_may_not_be_edited_is_still_read_and_what_is_edited_here_waits(
    hub: Hub, person: _Person, client: Salesforce, colleague: Salesforce
) -> None:
    _change(hub, updateable=False)
    hub.execute("UPDATE contacts SET title = 'Waits' WHERE id = %s", person[0])
    assert hub.sync().counts.get("push_failed", 0) == 0
    assert ("FIELD_READ_ONLY", "Lead", "title") in _open(hub)
    assert hub.rows("SELECT fields ? 'title' FROM outbox WHERE contact_id = %s", person[0]) == [(True,)]
    _change(hub, updateable=True)
    hub.sync()
    seen = client.retrieve("Lead", [person[1]], ["Title"])[0]
    assert seen is not None
    assert seen["Title"] == "Waits"
    assert not _open(hub)


def test_a_field_that_new_leads_need_is_told_with_its_remedy(hub: Hub, person: _Person) -> None:
    _change(hub, name="Jigsaw", nillable=False)
    assert hub.sync().state == "done"
    assert ("FIELD_REQUIRED", "Lead", "Jigsaw") in _open(hub)
    _change(hub, name="Jigsaw", nillable=True)
    hub.sync()
    assert not _open(hub)


def test_an_object_that_vanishes_is_suspended_and_comes_back(hub: Hub, person: _Person) -> None:
    add_object(hub.database, hub.keys, load_connection(NAME), MirroredObject("Campaign", Choice.CHOSEN, ("Name",)))
    hub.sync()
    number = hub.rows("SELECT count(*) FROM sf_main.campaign")
    hub.execute("UPDATE describes SET shape = NULL WHERE object = 'Campaign'")
    assert hub.sync().state == "done"
    assert _open(hub) == [("OBJECT_GONE", "Campaign", "")]
    assert hub.rows("SELECT count(*) FROM sf_main.campaign") == number
    hub.execute("UPDATE describes SET checked_at = checked_at - interval '2 minutes'")
    hub.sync()
    assert not _open(hub)


def test_a_mapped_field_that_comes_new_is_filled_without_reading_the_others_again(
    hub: Hub, person: _Person, client: Salesforce
) -> None:
    """L9b: a field added starts a visible back-fill of that field."""
    title = next(one for one in hub.mapping.fields if one.name == "title")
    with hub.open() as ctx:
        added = replace(title, name="jigsaw", label="Jigsaw", lead="Jigsaw", contact=None, direction=Direction.PULL)
        save_mapping(ctx.connection.id, replace(ctx.mapping, fields=(*ctx.mapping.fields, added)), clock.now())
    client.update("Lead", [{"Id": person[1], "Jigsaw": "abc"}])
    asked = Asked(hub.org)
    report = hub.sync()
    assert report.counts["fields_filled"] == 1
    queries = [one["query"] for one in asked.counted("/query") if "Jigsaw" in one["query"]]
    assert "WHERE SystemModstamp" in queries[0]
    assert queries[1:] == ["q=SELECT Id, SystemModstamp, Jigsaw FROM Lead ORDER BY SystemModstamp, Id"]
    theirs = {one["Id"]: one["Jigsaw"] for one in client.query("SELECT Id, Jigsaw FROM Lead").records}
    ours = hub.rows("SELECT record_id, jigsaw FROM contacts JOIN links ON contact_id = contacts.id AND object = 'Lead'")
    assert {record: jigsaw for record, jigsaw in ours if record in theirs} == {
        record: theirs[record] for record, _ in ours if record in theirs
    }


def _add_header_fault(hub: Hub, header: str) -> None:
    body = f"{header}\n"
    hub.org.control("POST", "faults", {"path": "/results", "status": 200, "body": body, "content_type": "text/csv"})


def test_a_result_with_other_columns_asks_the_org_anew_and_is_never_gone_on_with(hub: Hub) -> None:
    """Section 10: a result header that differs; the job it belongs to is given up."""
    hub.settings = replace(hub.settings, bulk_threshold=0)
    _add_header_fault(hub, '"Id","Nothing__c"')
    asked = Asked(hub.org)
    with pytest.raises(RemoteRefused, match="other columns"):
        hub.sync()
    assert len(asked.counted("/describe")) == 4, "two at the first sight, two since the header differed"
    assert len(hub.rows("SELECT object FROM reads")) <= 1
    assert hub.sync().state == "done"
    assert hub.prove().percent == 100


def test_a_lead_made_while_a_field_is_suspended_gets_its_value_when_it_heals(
    hub: Hub, person: _Person, client: Salesforce
) -> None:
    _change(hub, hidden=True)
    values = {"email": "new@drift.example", "last_name": "New", "title": "Weaver"}
    with hub.database.connect("test") as conn, transaction(conn, "add"):
        contacts.add_contact(conn, hub.mapping, values, create_in_salesforce=True, now=clock.now(), origin="test")
    assert hub.sync().counts["created_in_salesforce"] == 1
    _change(hub, hidden=False)
    found = client.query("SELECT Title FROM Lead WHERE Email = 'new@drift.example'").records
    assert [one["Title"] for one in found] == [None]
    hub.sync()
    found = client.query("SELECT Title FROM Lead WHERE Email = 'new@drift.example'").records
    assert [one["Title"] for one in found] == ["Weaver"]
    hub.sync()
    assert hub.rows("SELECT title FROM contacts WHERE email = 'new@drift.example'") == [("Weaver",)]
