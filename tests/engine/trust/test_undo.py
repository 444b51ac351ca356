"""Undo against an org: what was changed is given back, what somebody changed since stays, both sides agree after."""

from dataclasses import replace
from datetime import datetime

import pytest

from syncline import clock
from syncline.domain.ids import ContactId, RunId
from syncline.domain.mapping import Mapping
from syncline.domain.undo import Selection, UndoPlan
from syncline.salesforce import client as client_module
from syncline.salesforce.client import Salesforce
from syncline.store.connections import load_connection
from syncline.store.mappings import load_mapping, save_mapping
from syncline.sync import undo
from tests.engine.orgs import NAME, Hub


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits between tries are short: their number is tested elsewhere."""
    monkeypatch.setattr(client_module, "_FIRST_WAIT", 0.01)


@pytest.fixture
def synced(hub: Hub) -> Hub:
    """Everything imported."""
    hub.sync()
    return hub


def _mapping(hub: Hub) -> Mapping:
    mapping = load_mapping(load_connection(NAME).id)
    assert mapping is not None
    return mapping


def _look(hub: Hub, selection: Selection) -> UndoPlan:
    with hub.open("undo") as ctx, hub.database.connect() as conn:
        return undo.look(ctx, conn, selection)


def _undo(hub: Hub, selection: Selection, between: str = "") -> tuple[UndoPlan, RunId, dict[str, int]]:
    with hub.open("undo") as ctx, hub.database.connect() as conn:
        plan = undo.look(ctx, conn, selection)
        if between:
            hub.execute(between)
        undo.apply(ctx, conn, plan)
        return plan, ctx.run_id, ctx.counts.as_dict()


def _values(hub: Hub, field: str = "title") -> dict[int, str | None]:
    return dict(hub.rows(f"SELECT id, {field} FROM contacts WHERE state = 'active'"))


def _others(hub: Hub) -> list[tuple[object, ...]]:
    rows = hub.org.control("GET", "export?objects=Lead,Contact")
    return sorted((row["Id"], row.get("Company"), row.get("Department")) for part in rows.values() for row in part)


def _title(client: Salesforce, record_id: str) -> object:
    record = client.retrieve("Lead", [record_id], ["Title"])[0]
    assert record is not None
    return record["Title"]


def _linked(hub: Hub, number: int) -> list[tuple[int, str]]:
    return hub.rows(
        "SELECT contact_id, record_id FROM links WHERE object = 'Lead' AND state = 'live' ORDER BY record_id LIMIT %s",
        number,
    )


def test_a_wrong_mapping_is_undone_and_later_edits_of_people_stay(synced: Hub) -> None:
    right, mapping, others = _values(synced), _mapping(synced), _others(synced)
    wrong = tuple(
        replace(one, lead="Company", contact="Department") if one.name == "title" else one for one in mapping.fields
    )
    connection = load_connection(NAME).id
    save_mapping(connection, replace(mapping, fields=wrong), clock.now())
    report = synced.sync()
    spoilt = _values(synced)
    moved = {one for one in right if spoilt[one] != right[one]}
    assert len(moved) > 50
    human = min(moved)
    synced.execute("UPDATE contacts SET title = 'Corrected by hand' WHERE id = %s", human)
    save_mapping(connection, mapping, clock.now())
    plan, _, counts = _undo(synced, Selection(run_id=RunId(report.run_id), field="title"))
    assert (plan.restored, plan.kept, counts["values_restored"]) == (len(moved) - 1, 1, len(moved) - 1)
    assert _values(synced) == {**right, human: "Corrected by hand"}
    # Titles that the wrong mapping had sent into empty companies and departments are gone there, too.
    assert counts["values_sent_back"] == plan.sent_back == report.counts["pushed_values"] > 0
    synced.sync()
    assert synced.prove().percent == 100
    assert _others(synced) == others


def test_what_was_sent_is_taken_back_on_both_sides(synced: Hub, client: Salesforce) -> None:
    (contact_id, record_id), *_ = _linked(synced, 1)
    before, since = _values(synced)[contact_id], clock.now()
    synced.execute("UPDATE contacts SET title = 'Sent by mistake' WHERE id = %s", contact_id)
    synced.sync()
    assert _title(client, record_id) == "Sent by mistake"
    plan, _, counts = _undo(synced, Selection(since=since))
    assert [(one.object, one.field, one.values) for one in plan.in_salesforce] == [("Lead", "title", 1)]
    assert (counts["values_restored"], counts["values_sent_back"]) == (1, 1)
    assert (_values(synced)[contact_id], _title(client, record_id)) == (before, before)
    synced.sync()
    assert (_values(synced)[contact_id], _title(client, record_id)) == (before, before)
    assert synced.prove().percent == 100


def test_what_somebody_changed_in_salesforce_since_stays_there(
    synced: Hub, client: Salesforce, colleague: Salesforce
) -> None:
    (contact_id, record_id), *_ = _linked(synced, 1)
    synced.execute("UPDATE contacts SET title = 'Sent by mistake' WHERE id = %s", contact_id)
    report = synced.sync()
    colleague.update("Lead", [{"Id": record_id, "Title": "Somebody's own"}])
    _, _, counts = _undo(synced, Selection(run_id=RunId(report.run_id)))
    assert counts["values_kept_in_salesforce"] == 1
    assert _title(client, record_id) == "Somebody's own"


def test_a_record_that_salesforce_will_not_take_back_is_an_issue(synced: Hub) -> None:
    one, other = _linked(synced, 2)
    synced.execute("UPDATE contacts SET title = 'Sent' WHERE id = ANY(%s)", [one[0], other[0]])
    report = synced.sync()
    synced.org.control("POST", "faults", {"object_name": "Lead", "row_code": "UNABLE_TO_LOCK_ROW", "times": 1})
    _, _, counts = _undo(synced, Selection(run_id=RunId(report.run_id)))
    assert (counts["values_sent_back"], counts["push_failed"]) == (1, 1)
    open_issues = synced.rows(
        "SELECT count(*) FROM issues WHERE state = 'open' AND message LIKE 'Could not be undone%%'"
    )
    assert open_issues == [(1,)]


def test_an_undo_is_a_run_that_can_be_undone(synced: Hub) -> None:
    contacts = [contact_id for contact_id, _ in _linked(synced, 20)]
    before, since = _values(synced), clock.now()
    synced.execute("UPDATE contacts SET title = 'All the same' WHERE id = ANY(%s)", contacts)
    changed = _values(synced)
    _, run_id, counts = _undo(synced, Selection(since=since))
    assert counts["values_restored"] == sum(before[one] != changed[one] for one in contacts)
    assert _values(synced) == before
    _, _, redone = _undo(synced, Selection(run_id=run_id))
    assert redone["values_restored"] == counts["values_restored"]
    assert _values(synced) == changed
    told = synced.rows("SELECT DISTINCT origin, rule FROM change_log WHERE run_id = %s", run_id)
    assert told == [(f"undo:{run_id}", "undone")]


def test_several_changes_of_one_value_go_back_before_the_first(synced: Hub) -> None:
    (contact_id, _), *_ = _linked(synced, 1)
    before, since = _values(synced)[contact_id], clock.now()
    for text in ("once", "twice", "three times"):
        synced.execute("UPDATE contacts SET title = %s WHERE id = %s", text, contact_id)
    _undo(synced, Selection(contact_id=ContactId(contact_id), since=since))
    assert _values(synced)[contact_id] == before


def test_an_edit_between_look_and_apply_stays(synced: Hub) -> None:
    one, other = (contact_id for contact_id, _ in _linked(synced, 2))
    before, since = _values(synced), clock.now()
    synced.execute("UPDATE contacts SET title = 'For both' WHERE id = ANY(%s)", [one, other])
    late = f"UPDATE contacts SET title = 'In between' WHERE id = {one}"
    plan, _, counts = _undo(synced, Selection(since=since), between=late)
    assert (plan.restored, counts["values_restored"]) == (2, 1)
    assert (_values(synced)[one], _values(synced)[other]) == ("In between", before[other])


def test_a_look_changes_nothing_and_names_what_has_no_value_before(synced: Hub) -> None:
    before = synced.rows("SELECT * FROM contacts ORDER BY id")
    run_id = synced.rows("SELECT min(run_id) FROM change_log")[0][0]
    plan = _look(synced, Selection(run_id=run_id))
    assert (plan.restored, plan.contacts, plan.made.contacts) == (0, 0, len(before))
    assert plan.not_undone == {}
    assert _look(synced, Selection(run_id=run_id, until=clock.now())).not_undone["create"] == len(before)
    assert synced.rows("SELECT * FROM contacts ORDER BY id") == before


def test_a_span_of_time_leaves_alone_what_lies_outside(synced: Hub) -> None:
    one, other = (contact_id for contact_id, _ in _linked(synced, 2))
    synced.execute("UPDATE contacts SET title = 'Earlier' WHERE id = %s", one)
    between: datetime = clock.now()
    synced.execute("UPDATE contacts SET title = 'Later' WHERE id = %s", other)
    assert _look(synced, Selection(since=between)).contacts == 1
    assert _look(synced, Selection(contact_id=ContactId(one), until=between)).contacts == 1
    assert _look(synced, Selection(contact_id=ContactId(one), since=between)).contacts == 0


def test_a_field_that_is_not_mapped_any_more_is_named(synced: Hub) -> None:
    (contact_id, _), *_ = _linked(synced, 1)
    since = clock.now()
    synced.execute("UPDATE contacts SET title = 'Soon gone' WHERE id = %s", contact_id)
    mapping = _mapping(synced)
    rest = tuple(one for one in mapping.fields if one.name != "title")
    save_mapping(load_connection(NAME).id, replace(mapping, fields=rest), clock.now())
    plan = _look(synced, Selection(since=since))
    assert (plan.restored, dict(plan.unmapped)) == (0, {"title": 1})
