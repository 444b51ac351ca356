"""apply(plan) makes exactly the writes of the plan; what changed in between is told and never overwritten."""

import json
import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from syncline import clock
from syncline.domain.ids import ConnectionId
from syncline.domain.mapping import Direction
from syncline.domain.plan import Brakes, Plan
from syncline.errors import PlanRefused
from syncline.salesforce.client import Salesforce
from syncline.store import contacts, planned
from syncline.store.database import transaction
from syncline.store.mappings import save_mapping
from syncline.sync import run, stored_plan
from syncline.sync.stored_plan import Applied
from tests.engine.orgs import Hub

#: A write of a field: object, record, field of Salesforce, value as JSON. A new record is its address.
Write = tuple[str, str, str, str]


def make_plan(hub: Hub) -> Plan:
    with hub.open("plan") as ctx:
        ctx.settings = hub.settings
        return run.make_plan(ctx)


def apply(hub: Hub, run_id: int | None = None, **how: Any) -> Applied:
    with hub.open("apply") as ctx:
        ctx.settings = hub.settings
        return stored_plan.apply(ctx, run_id, allow_large_change=how.pop("allow_large_change", True))


def planned_writes(hub: Hub, plan: Plan, applied: Applied) -> list[Write]:
    """The rows of the plan that write to Salesforce, but for those that were told to be left out."""
    left = {(one.contact_id, one.field) for one in applied.left_out}
    mapping = hub.mapping
    writes = []
    for name, record, contact, field, ours, action in hub.rows(
        "SELECT object, record_id, contact_id, field, ours, action FROM delta WHERE run_id = %s AND outcome = 'send'",
        plan.run_id,
    ):
        if (contact, field) in left:
            continue
        if action == "create_there":
            writes.append(
                (name, "", "Email", json.dumps(hub.rows("SELECT email FROM contacts WHERE id = %s", contact)[0][0]))
            )
            continue
        mapped = mapping.find(field)
        assert mapped
        value: object = ours == "true" if mapped.type.column_type == "boolean" else ours
        if mapped.type.column_type == "numeric":
            value = float(ours)
        writes.append((name, record, mapped.source(name) or "", json.dumps(value)))
    return sorted(writes)


def journal_writes(hub: Hub) -> list[Write]:
    """The same, as the org noted them."""
    writes = []
    for entry in hub.org.control("GET", "journal?path=/composite/sobjects"):
        if entry["method"] not in ("PATCH", "POST") or not entry["request"].startswith('{"allOrNone'):
            continue
        for record in json.loads(entry["request"])["records"]:
            facts = {name: value for name, value in record.items() if name not in ("attributes", "Id", "id")}
            name = record["attributes"]["type"]
            if "Id" not in record and "id" not in record:
                writes.append((name, "", "Email", json.dumps(facts["Email"])))
                continue
            writes += [(name, record.get("Id") or record["id"], field, json.dumps(facts[field])) for field in facts]
    return sorted(writes)


def edit_at_random(hub: Hub, colleague: Salesforce, chance: random.Random) -> None:
    """A day on both sides."""
    ours = [row[0] for row in hub.rows("SELECT id FROM contacts WHERE state = 'active' ORDER BY id")]
    for contact in chance.sample(ours, 12):
        assignment, value = chance.choice(
            [("title = %s", f"Here {chance.random()}"), ("score = %s", chance.randint(0, 99)), ("opted_out = %s", True)]
        )
        hub.execute(f"UPDATE contacts SET {assignment} WHERE id = %s", value, contact)
    leads = [one["Id"] for one in colleague.query("SELECT Id FROM Lead WHERE IsConverted = false ORDER BY Id").records]
    chosen = chance.sample(leads, 14)
    for record in chosen[:6]:
        colleague.update("Lead", [{"Id": record, "Title": f"There {chance.random()}"}])
    for record in chosen[6:9]:
        colleague.update("Lead", [{"Id": record, "HasOptedOutOfEmail": chance.random() < 0.7}])
    colleague.merge("Lead", chosen[9], [chosen[10]])
    colleague.convert_lead(chosen[11], converted_status="Closed - Converted")
    colleague.delete_records("Lead", [chosen[12]])
    twin = colleague.retrieve("Lead", [chosen[13]], ["Email"])[0] or {}
    colleague.create("Lead", [{"LastName": "Twin", "Company": "Twins", "Email": twin["Email"]}])
    with hub.database.connect() as conn, transaction(conn, "add"):
        values = {"email": f"new{chance.randint(0, 10**9)}@plan.example", "last_name": "New", "company": "Plans"}
        contacts.add_contact(conn, hub.mapping, values, create_in_salesforce=True, now=clock.now(), origin="test")


@pytest.mark.parametrize("seed", [1, 2, *(pytest.param(one, marks=pytest.mark.nightly) for one in range(3, 30))])
def test_the_org_sees_exactly_the_writes_of_the_plan(hub: Hub, colleague: Salesforce, seed: int) -> None:
    hub.settings = replace(hub.settings, send_rows=5)
    hub.sync()
    for one in range(2):
        edit_at_random(hub, colleague, random.Random(seed * 10 + one))
        plan = make_plan(hub)
        hub.org.control("DELETE", "journal")
        # Somebody edits on: not part of the plan.
        later = hub.rows("SELECT id FROM contacts WHERE state = 'active' AND linked ORDER BY id DESC LIMIT 1")[0][0]
        hub.execute("UPDATE contacts SET title = 'later' WHERE id = %s", later)
        applied = apply(hub, plan.run_id)
        written = journal_writes(hub)
        assert len(written) > 5
        assert planned_writes(hub, plan, applied) == written
        assert not [one for one in applied.left_out if one.contact_id != later], applied.left_out
    hub.sync()
    assert hub.prove().percent == 100


def _a_linked(hub: Hub, number: int = 0) -> tuple[int, str]:
    found: tuple[int, str] = hub.rows(
        "SELECT contact_id, record_id FROM links WHERE object = 'Lead' AND state = 'live' ORDER BY contact_id"
    )[number]
    return found


def test_what_changed_in_between_is_told_and_never_overwritten(hub: Hub, colleague: Salesforce) -> None:
    hub.sync()
    (ours, _), (theirs, record), (taken, taken_record) = (_a_linked(hub, number) for number in range(3))
    hub.execute("UPDATE contacts SET title = 'planned' WHERE id = ANY(%s)", [ours, theirs])
    assert colleague.update("Lead", [{"Id": taken_record, "Title": "from there"}])[0].success
    plan = make_plan(hub)
    hub.execute("UPDATE contacts SET title = 'afterwards' WHERE id = ANY(%s)", [ours, taken])
    assert colleague.update("Lead", [{"Id": record, "Title": "afterwards there"}])[0].success

    applied = apply(hub)

    reasons = {one.contact_id: one.reason for one in applied.left_out}
    assert reasons == {ours: "edited here since", theirs: "changed in Salesforce since"}
    assert applied.report.counts["moved"] == 2
    assert hub.rows("SELECT title FROM contacts WHERE id = %s", taken) == [("afterwards",)]
    assert (colleague.retrieve("Lead", [record], ["Title"])[0] or {})["Title"] == "afterwards there"
    hub.sync()
    assert hub.prove().percent == 100
    assert plan.run_id == applied.report.plan.run_id


def test_an_edit_after_the_plan_waits_for_the_next_sync(hub: Hub, colleague: Salesforce) -> None:
    hub.sync()
    contact, record = _a_linked(hub)
    make_plan(hub)
    hub.execute("UPDATE contacts SET title = 'later' WHERE id = %s", contact)
    assert apply(hub).report.counts.get("pushed", 0) == 0
    assert (colleague.retrieve("Lead", [record], ["Title"])[0] or {})["Title"] != "later"
    assert hub.sync().counts["pushed"] == 1
    assert (colleague.retrieve("Lead", [record], ["Title"])[0] or {})["Title"] == "later"


def test_an_opt_out_after_the_plan_does_not_wait(hub: Hub, colleague: Salesforce) -> None:
    hub.sync()
    contact, record = hub.rows(
        "SELECT contact_id, record_id FROM links JOIN contacts ON contacts.id = contact_id"
        " WHERE object = 'Lead' AND links.state = 'live' AND NOT opted_out ORDER BY contact_id LIMIT 1"
    )[0]
    make_plan(hub)
    hub.execute("UPDATE contacts SET opted_out = true WHERE id = %s", contact)
    apply(hub)
    assert (colleague.retrieve("Lead", [record], ["HasOptedOutOfEmail"])[0] or {})["HasOptedOutOfEmail"] is True


def test_a_process_that_died_between_puts_everything_back(hub: Hub) -> None:
    hub.sync()
    contact, _ = _a_linked(hub)
    plan = make_plan(hub)
    hub.execute("UPDATE contacts SET title = 'later' WHERE id = %s", contact)
    with hub.database.connect() as conn, transaction(conn, "aside"):
        planned.take_aside(conn, 1, plan.run_id, [])
    assert hub.rows("SELECT contact_id FROM outbox") == []
    assert hub.rows("SELECT connection_id, contact_id FROM outbox_aside") == [(1, contact)]
    assert hub.sync().counts["pushed"] == 1
    assert hub.rows("SELECT count(*) FROM outbox_aside") == [(0,)]


def test_what_can_no_longer_be_applied_is_refused_with_the_reason(hub: Hub) -> None:
    with pytest.raises(PlanRefused, match="no plan yet"):
        apply(hub)
    first = make_plan(hub)
    second = make_plan(hub)
    with pytest.raises(PlanRefused, match="left no plan"):
        apply(hub, 10_000)
    with pytest.raises(PlanRefused, match="not the newest"):
        apply(hub, first.run_id)
    hub.execute("UPDATE plans SET made_at = made_at - interval '25 hours' WHERE run_id = %s", second.run_id)
    with pytest.raises(PlanRefused, match="25 hours old"):
        apply(hub)
    hub.execute("UPDATE plans SET made_at = %s WHERE run_id = %s", clock.now() - timedelta(hours=1), second.run_id)
    assert apply(hub).report.counts["contacts_created"] == second.objects[0].creates + second.objects[1].creates
    with pytest.raises(PlanRefused, match="applied already"):
        apply(hub)
    mapping = hub.mapping
    make_plan(hub)
    title = next(one for one in mapping.fields if one.name == "title")
    fields = tuple(replace(one, direction=Direction.PULL) if one is title else one for one in mapping.fields)
    save_mapping(ConnectionId(1), replace(mapping, fields=fields), clock.now())
    with pytest.raises(PlanRefused, match="version"):
        apply(hub)


def test_a_plan_over_a_brake_needs_a_word_and_each_connection_has_its_own(hub: Hub, colleague: Salesforce) -> None:
    hub.sync()
    leads = [row[0] for row in hub.rows("SELECT record_id FROM links WHERE object = 'Lead' ORDER BY 1 LIMIT 60")]
    assert all(one.success for one in colleague.update("Lead", [{"Id": one, "Title": "moved"} for one in leads]))
    plan = make_plan(hub)
    with pytest.raises(PlanRefused, match="60 contacts changed"):
        apply(hub, allow_large_change=False)
    with hub.database.connect() as conn, transaction(conn, "brakes"):
        planned.save_brakes(conn, 1, Brakes(changed=0.9))
    assert apply(hub, plan.run_id, allow_large_change=False).report.counts["contacts_updated"] == 60
