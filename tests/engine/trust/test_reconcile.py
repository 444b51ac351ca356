"""Reconciling: silent drift on both sides is found, told, and repaired; what differs by right stays."""

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from syncline import clock
from syncline.domain.mapping import Direction
from syncline.salesforce.client import Salesforce
from syncline.store.connections import load_connection
from syncline.store.mappings import save_mapping
from syncline.sync import agreement, reconcile
from syncline.sync.reconcile import Repair
from tests.engine.orgs import NAME, Hub


@pytest.fixture
def synced(hub: Hub) -> Hub:
    """Everything imported."""
    hub.sync()
    return hub


def _repair(hub: Hub) -> Repair:
    with hub.open("repair") as ctx:
        ctx.settings = hub.settings
        return reconcile.repair(ctx)


def _leads(hub: Hub, number: int) -> list[tuple[int, str]]:
    return hub.rows(
        "SELECT contact_id, record_id FROM links WHERE object = 'Lead' AND state = 'live' ORDER BY record_id LIMIT %s",
        number,
    )


def _drift_here(hub: Hub, contact_id: int, assignment: str) -> None:
    """A change that capture does not see."""
    with hub.database.connect() as conn:
        conn.execute("SELECT set_config('syncline.origin', 'connection:0', true)")
        conn.execute(f"UPDATE contacts SET {assignment} WHERE id = %s".encode(), [contact_id])
        conn.commit()


def _delete_for_good(hub: Hub, ids: list[str]) -> None:
    """What Salesforce does with deleted records in the end: no read shows them any more."""
    (file,) = hub.org.org.storage.folder.glob("*.sqlite3")
    with closing(sqlite3.connect(file, timeout=30)) as conn, conn:
        for record_id in ids:
            assert conn.execute('DELETE FROM "Lead" WHERE "Id" = ?', [record_id]).rowcount == 1


def _only_read(hub: Hub, field: str) -> None:
    mapping = hub.mapping
    fields = tuple(replace(one, direction=Direction.PULL) if one.name == field else one for one in mapping.fields)
    save_mapping(load_connection(NAME).id, replace(mapping, fields=fields), clock.now())
    hub.sync()


def _title(client: Salesforce, record_id: str) -> object:
    record = client.retrieve("Lead", [record_id], ["Title"])[0]
    assert record is not None
    return record["Title"]


def test_two_sides_in_step_need_no_repair(synced: Hub) -> None:
    mended = _repair(synced)
    assert mended.drifted == ()
    assert not {name for name, amount in mended.report.counts.items() if amount and name in ("pushed", "pulled")}


def test_a_value_that_drifted_here_and_is_sent_reaches_salesforce(synced: Hub, client: Salesforce) -> None:
    ((contact_id, record_id),) = _leads(synced, 1)
    _drift_here(synced, contact_id, "title = 'Drifted'")
    assert synced.sync().counts.get("pushed", 0) == 0
    assert synced.prove().differing == 1
    mended = _repair(synced)
    assert [(one.field, one.sent, one.taken, one.stays) for one in mended.drifted] == [("title", 1, 0, 0)]
    assert _title(client, record_id) == "Drifted"
    assert synced.prove().percent == 100


def test_a_value_that_drifted_here_and_is_only_read_comes_back(synced: Hub, client: Salesforce) -> None:
    _only_read(synced, "title")
    ((contact_id, record_id),) = _leads(synced, 1)
    theirs = _title(client, record_id)
    _drift_here(synced, contact_id, "title = 'Drifted'")
    mended = _repair(synced)
    assert [(one.field, one.sent, one.taken, one.stays) for one in mended.drifted] == [("title", 0, 1, 0)]
    assert synced.rows("SELECT title FROM contacts WHERE id = %s", contact_id) == [(theirs,)]
    assert synced.prove().percent == 100


def test_an_edit_here_of_a_field_that_is_only_read_stays(synced: Hub) -> None:
    _only_read(synced, "title")
    ((contact_id, _),) = _leads(synced, 1)
    synced.execute("UPDATE contacts SET title = 'Meant so' WHERE id = %s", contact_id)
    mended = _repair(synced)
    assert [(one.field, one.sent, one.taken, one.stays) for one in mended.drifted] == [("title", 0, 0, 1)]
    assert synced.rows("SELECT title FROM contacts WHERE id = %s", contact_id) == [("Meant so",)]


def test_a_value_that_changed_there_without_a_stamp_is_taken(synced: Hub, client: Salesforce) -> None:
    ((contact_id, record_id),) = _leads(synced, 1)
    theirs = _title(client, record_id)
    # What an incremental read never shows: the mirror and the contact hold something that Salesforce does not.
    synced.execute("UPDATE sf_main.lead SET title = 'Old' WHERE id = %s", record_id)
    _drift_here(synced, contact_id, "title = 'Old'")
    assert synced.sync().counts.get("pulled", 0) == 0
    assert synced.prove().differing == 1
    _repair(synced)
    assert synced.rows("SELECT title FROM contacts WHERE id = %s", contact_id) == [(theirs,)]
    assert synced.prove().percent == 100


def test_a_record_that_is_gone_for_good_marks_its_contact(synced: Hub, colleague: Salesforce) -> None:
    ((contact_id, record_id),) = _leads(synced, 1)
    _delete_for_good(synced, [record_id])
    assert synced.sync().counts.get("deleted", 0) == 0
    assert sum(one.lost for one in synced.prove().objects) == 1
    _repair(synced)
    assert synced.rows("SELECT state FROM contacts WHERE id = %s", contact_id) == [("deleted",)]
    assert synced.prove().percent == 100


def test_a_record_that_lost_its_link_gets_a_contact_again(synced: Hub) -> None:
    ((contact_id, record_id),) = _leads(synced, 1)
    synced.execute("DELETE FROM links WHERE contact_id = %s", contact_id)
    assert sum(one.unexplained for one in synced.prove().objects) == 1
    _repair(synced)
    assert synced.rows("SELECT count(*) FROM links WHERE record_id = %s", record_id) == [(1,)]
    assert synced.prove().percent == 100


def test_a_sudden_loss_of_sight_is_held_by_the_brakes(synced: Hub) -> None:
    """Sharing that is taken away looks like a mass deletion."""
    ids = [record_id for _, record_id in _leads(synced, 150)]
    _delete_for_good(synced, ids)
    mended = _repair(synced)
    assert mended.report.state == "refused"
    assert synced.rows("SELECT count(*) FROM contacts WHERE state = 'deleted'") == [(0,)]


def test_a_proof_of_many_records_goes_by_bulk(synced: Hub) -> None:
    with synced.open("proof") as ctx:
        ctx.settings = replace(ctx.settings, bulk_threshold=10)
        proof = agreement.compare(ctx)

    assert (proof.percent, ctx.counts["bulk_fallbacks"]) == (100.0, 0)
    assert ctx.salesforce.calls.as_dict()["bulk"] > 0
