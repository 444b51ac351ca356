"""Undo of a run that made something: contacts here, Leads in Salesforce."""

import pytest

from syncline import clock
from syncline.domain.ids import RunId
from syncline.domain.undo import Selection, UndoPlan
from syncline.salesforce import client as client_module
from syncline.salesforce.client import Salesforce
from syncline.store import contacts
from syncline.store.database import transaction
from syncline.sync import undo
from tests.engine.orgs import Hub


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits between tries are short: their number is tested elsewhere."""
    monkeypatch.setattr(client_module, "_FIRST_WAIT", 0.01)


def _undo(
    hub: Hub, run_id: int, *, delete_made: bool = False, between: str = ""
) -> tuple[UndoPlan, int, dict[str, int]]:
    with hub.open("undo") as ctx, hub.database.connect() as conn:
        plan = undo.look(ctx, conn, Selection(run_id=RunId(run_id)))
        if between:
            hub.execute(between)
        undo.apply(ctx, conn, plan, delete_made=delete_made)
        return plan, ctx.run_id, ctx.counts.as_dict()


def _states(hub: Hub) -> dict[str, int]:
    return dict(hub.rows("SELECT state, count(*) FROM contacts GROUP BY state"))


def test_an_import_is_undone_but_for_whom_somebody_touched_since(hub: Hub, colleague: Salesforce) -> None:
    hub.small_pages()
    report = hub.sync()
    before = hub.rows("SELECT id, email, last_name FROM contacts ORDER BY id")
    here, late, there = (
        row
        for row in hub.rows(
            "SELECT contact_id, record_id FROM links WHERE object = 'Lead' AND state = 'live' ORDER BY 2 LIMIT 3"
        )
    )
    hub.execute("UPDATE contacts SET title = 'A person wrote this' WHERE id = %s", here[0])
    colleague.update("Lead", [{"Id": there[1], "Title": "So did one there"}])
    hub.sync()
    between = f"UPDATE contacts SET title = 'In between' WHERE id = {late[0]}"
    plan, undo_id, counts = _undo(hub, report.run_id, between=between)
    assert (plan.made.contacts, plan.made.contacts_kept) == (len(before) - 2, 2)
    assert counts["contacts_put_away"] == len(before) - 3
    assert _states(hub) == {"active": 3, "archived": len(before) - 3}
    assert hub.rows("SELECT count(*) FROM mailable_contacts") <= [(3,)]
    # The records stay as they are in Salesforce, and are not imported again, whatever happens to them.
    put_away = hub.rows("SELECT record_id FROM links WHERE state = 'dismissed' AND object = 'Lead' ORDER BY 1 LIMIT 1")
    colleague.update("Lead", [{"Id": put_away[0][0], "Title": "Touched later"}])
    hub.sync()
    assert hub.sync().counts.get("pushed", 0) == 0
    assert _states(hub) == {"active": 3, "archived": len(before) - 3}
    assert hub.prove().percent == 100

    _, _, counts = _undo(hub, undo_id)
    assert counts["contacts_brought_back"] == len(before) - 3
    hub.sync()
    assert hub.rows("SELECT id, email, last_name FROM contacts ORDER BY id") == before
    assert _states(hub) == {"active": len(before)}
    titled = hub.rows(
        "SELECT title FROM contacts JOIN links ON contact_id = contacts.id WHERE record_id = %s", put_away[0][0]
    )
    assert titled == [("Touched later",)]
    assert (hub.sync().counts.get("pushed", 0), hub.prove().percent) == (0, 100)


def test_leads_that_a_run_made_are_listed_and_deleted_only_on_request(hub: Hub, colleague: Salesforce) -> None:
    hub.sync()
    with hub.database.connect() as conn, transaction(conn, "add"):
        for number in range(4):
            values = {"email": f"new{number}@made.example", "last_name": f"New {number}", "company": "Made"}
            contacts.add_contact(conn, hub.mapping, values, create_in_salesforce=True, now=clock.now(), origin="test")
    report = hub.sync()
    leads = "SELECT Id, Email FROM Lead WHERE Company = 'Made' ORDER BY Email"
    made = [one["Id"] for one in colleague.query(leads).records]
    assert len(made) == 4
    hub.execute("UPDATE contacts SET title = 'Edited here' WHERE email = 'new0@made.example'")
    colleague.update("Lead", [{"Id": made[1], "Title": "Edited there"}])
    hub.org.control("POST", "faults", {"object_name": "Lead", "row_code": "UNABLE_TO_LOCK_ROW", "times": 1})

    plan, _, counts = _undo(hub, report.run_id)
    assert (plan.made.records, plan.made.records_kept) == (3, 1)
    assert {one.record_id for one in plan.made.examples} == set(made)
    assert len(colleague.query(leads).records) == 4
    assert "records_deleted" not in counts

    _, undo_id, counts = _undo(hub, report.run_id, delete_made=True)
    assert (counts["records_deleted"], counts["records_kept"], counts["push_failed"]) == (1, 1, 1)
    _, _, counts = _undo(hub, report.run_id, delete_made=True)
    assert counts["records_deleted"] == 1
    assert [one["Id"] for one in colleague.query(leads).records] == made[:2]
    # Their contacts stay, stand by themselves, and are not created again.
    hub.sync()
    assert [one["Id"] for one in colleague.query(leads).records] == made[:2]
    assert hub.rows("SELECT count(*) FROM contacts WHERE company = 'Made' AND state = 'active'") == [(4,)]
    assert hub.rows("SELECT count(*) FROM change_log WHERE action = 'uncreated' AND run_id = %s", undo_id) == [(1,)]
    assert hub.prove().percent == 100
