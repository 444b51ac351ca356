"""L9c: formula and roll-up fields do not move the stamp; they are swept by value, on a schedule of their own."""

from dataclasses import replace

import pytest

from syncline import clock
from syncline.domain.mapping import Direction, FieldType, MappedField
from syncline.domain.objects import Choice, MirroredObject
from syncline.flows.objects import add_object
from syncline.salesforce.client import Salesforce
from syncline.store import sweeps
from syncline.store.connections import load_connection
from syncline.store.mappings import save_mapping
from syncline.sync import calculated
from tests.engine.objects.conftest import Asked
from tests.engine.orgs import NAME, Hub
from tests.unit.simorg.formulas import add_formula
from tests.unit.simorg.writing import show


def _drift_silently(hub: Hub, record_id: str, title: str) -> None:
    """A value moves there and its stamp does not."""
    with hub.org.org.storage.transaction() as writing:
        before = writing.get("Lead", record_id)
        assert before is not None
        stamps = {name: before[name] for name in ("SystemModstamp", "LastModifiedDate", "LastModifiedById")}
        writing.update("Lead", record_id, {"Title": title, **stamps})


def _pass_a_day(hub: Hub) -> None:
    hub.execute("UPDATE sweeps SET swept_at = swept_at - interval '25 hours'")


@pytest.fixture
def mapped(hub: Hub) -> Hub:
    """A hub that maps a formula over another record."""
    add_formula(hub.org.org, "Account.Name", on="Contact", name="Employer__c")
    show(hub.org.org, "Contact", "Employer__c")
    employer = MappedField("employer", "Employer", FieldType.TEXT, None, "Employer__c", Direction.PULL)
    with hub.open() as ctx:
        save_mapping(ctx.connection.id, replace(ctx.mapping, fields=(*ctx.mapping.fields, employer)), clock.now())
    hub.sync()
    return hub


def _contact(hub: Hub) -> tuple[str, str]:
    """A Contact with a contact here, and its Account."""
    record_id, account_id = hub.rows(
        "SELECT id, accountid FROM sf_main.contact JOIN links ON record_id = id AND object = 'Contact'"
        " WHERE links.state = 'live' AND accountid IS NOT NULL LIMIT 1"
    )[0]
    return record_id, account_id


def _employer(hub: Hub, record_id: str) -> str:
    rows = hub.rows(
        "SELECT employer FROM contacts JOIN links ON contact_id = contacts.id WHERE record_id = %s", record_id
    )
    return str(rows[0][0])


def test_l9c_a_calculated_field_is_swept_when_due_and_counts_as_an_ordinary_change(
    mapped: Hub, client: Salesforce
) -> None:
    record_id, account_id = _contact(mapped)
    client.update("Account", [{"Id": account_id, "Name": "Moved silently"}])
    mapped.sync()
    assert _employer(mapped, record_id) != "Moved silently"
    asked = Asked(mapped.org)
    _pass_a_day(mapped)
    report = mapped.sync()
    assert [one["query"] for one in asked.counted("/query")] == [
        "q=SELECT Id, SystemModstamp, Employer__c FROM Contact ORDER BY SystemModstamp, Id"
    ]
    assert report.counts["swept_changed"] >= 1
    assert _employer(mapped, record_id) == "Moved silently"
    assert mapped.rows("SELECT DISTINCT rule FROM change_log WHERE field = 'employer' AND new = 'Moved silently'") == [
        ("changed in Salesforce",)
    ]
    assert "objects_swept" not in mapped.sync().counts
    assert mapped.prove().percent == 100


def test_a_record_that_changed_since_it_was_read_is_left_to_the_ordinary_read(mapped: Hub, client: Salesforce) -> None:
    """Its stamp must not be taken with a part of its values: the rest would never be read."""
    record, _ = _contact(mapped)
    with mapped.open() as ctx:
        client.update("Contact", [{"Id": record, "LastName": "Changed"}])
        calculated.sweep(ctx, at_once=True)
        assert ctx.counts["objects_swept"] == 1
    assert mapped.rows("SELECT lastname FROM sf_main.contact WHERE id = %s", record) != [("Changed",)]
    mapped.sync()
    assert mapped.rows("SELECT lastname FROM sf_main.contact WHERE id = %s", record) == [("Changed",)]


def test_an_operator_may_name_any_field(hub: Hub) -> None:
    hub.sync()
    record = hub.rows("SELECT record_id FROM links WHERE object = 'Lead' AND state = 'live' LIMIT 1")[0][0]
    connection = load_connection(NAME)
    with hub.database.connect("test") as conn:
        sweeps.name_fields(conn, connection.id, "Lead", ["Title"])
    _drift_silently(hub, record, "Moved silently")
    assert hub.sync().counts["swept_changed"] == 1
    assert hub.rows(
        "SELECT title FROM contacts JOIN links ON contact_id = contacts.id WHERE record_id = %s", record
    ) == [("Moved silently",)]


def test_what_leaves_no_mark_of_being_deleted_is_found_gone(hub: Hub) -> None:
    """L24: Groups are deleted for good; a sweep compares the ids."""
    add_object(hub.database, hub.keys, load_connection(NAME), MirroredObject("Group", Choice.CHOSEN, ("Name",)))
    hub.sync()
    hub.execute(
        "INSERT INTO sf_main.group (id, name, systemmodstamp) VALUES ('00G000000000001AAA', 'Gone', '2020-01-01')"
    )
    _pass_a_day(hub)
    hub.sync()
    assert hub.rows("SELECT count(*) FROM sf_main.group WHERE name = 'Gone'") == [(0,)]
    assert hub.rows("SELECT count(*) > 0 FROM sf_main.group") == [(True,)]


def test_a_sweep_that_fails_is_told_and_tried_again(mapped: Hub) -> None:
    _pass_a_day(mapped)
    mapped.org.control("POST", "faults", {"path": "/query", "status": 400,
        "body": '[{"errorCode":"MALFORMED_QUERY","message":"no"}]'})  # fmt: skip
    assert mapped.sync().state == "done"
    assert mapped.rows("SELECT object FROM issues WHERE state = 'open' AND code = 'NOT_SWEPT'") == [("Contact",)]
    assert mapped.sync().counts["objects_swept"] == 1
    assert mapped.rows("SELECT count(*) FROM issues WHERE state = 'open' AND code = 'NOT_SWEPT'") == [(0,)]
