"""Rules of sending: guards, steps, strict writes, what goes back and forth, and what becomes of refusals later."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from syncline import clock
from syncline.domain.mapping_options import ObjectRules, PushGuard
from syncline.salesforce import client as client_module
from syncline.salesforce.client import Salesforce
from syncline.store.mappings import save_mapping
from syncline.sync import run
from tests.engine.orgs import Hub


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits between tries are short: their number is what is tested."""
    monkeypatch.setattr(client_module, "_FIRST_WAIT", 0.01)


@pytest.fixture
def synced(hub: Hub) -> Hub:
    """Everything imported, the journal empty."""
    hub.sync()
    hub.org.control("DELETE", "journal")
    return hub


def _map(hub: Hub, field: str, **options: Any) -> None:
    mapping = hub.mapping
    fields = tuple(replace(one, **options) if one.name == field else one for one in mapping.fields)
    with hub.open() as ctx:
        save_mapping(ctx.connection.id, replace(mapping, fields=fields), clock.now())


def _make_strict(hub: Hub) -> None:
    mapping = hub.mapping
    with hub.open() as ctx:
        save_mapping(ctx.connection.id, replace(mapping, objects=(("Lead", ObjectRules(strict=True)),)), clock.now())


def _leads(hub: Hub, number: int) -> list[str]:
    rows = hub.rows(
        "SELECT record_id FROM links JOIN contacts ON contacts.id = contact_id"
        " WHERE object = 'Lead' AND links.state = 'live' AND email ~ '^[a-z0-9.]+@' ORDER BY record_id LIMIT %s",
        number,
    )
    return [row[0] for row in rows]


def _edit(hub: Hub, records: list[str], assignment: str) -> None:
    statement = f"UPDATE contacts SET {assignment} WHERE id IN (SELECT contact_id FROM links WHERE record_id = ANY(%s))"
    assert hub.execute(statement, records) == len(records)


def _there(hub: Hub, record_id: str) -> dict[str, Any]:
    leads: list[dict[str, Any]] = hub.org.control("GET", "export?objects=Lead")["Lead"]
    return next(row for row in leads if row["Id"] == record_id)


def _writes(hub: Hub, path: str = "/composite") -> list[dict[str, Any]]:
    entries = hub.org.control("GET", f"journal?path={path}")
    return [one for one in entries if one["method"] == "PATCH" or one["path"].endswith("/composite")]


def test_a_guard_keeps_what_salesforce_has(synced: Hub, client: Salesforce) -> None:
    filled, blank = _leads(synced, 2)
    client.update("Lead", [{"Id": filled, "Phone": "+1 555 7"}, {"Id": blank, "Phone": None}])
    _map(synced, "phone", guard=PushGuard.IF_BLANK)
    _map(synced, "title", guard=PushGuard.NEVER)
    synced.sync()
    _edit(synced, [filled, blank], "phone = '+1 555 9', title = 'Never'")
    synced.sync()
    assert (_there(synced, filled)["Phone"], _there(synced, blank)["Phone"]) == ("+1 555 7", "+1 555 9")
    assert "Never" not in (_there(synced, filled)["Title"], _there(synced, blank)["Title"])
    assert synced.sync().counts.get("pushed", 0) == 0


def test_a_score_is_sent_when_it_moved_by_its_step(synced: Hub) -> None:
    _map(synced, "score", step=Decimal(10))
    synced.sync()
    (lead,) = _leads(synced, 1)
    _edit(synced, [lead], "score = 50")
    synced.sync()
    for score, shown in ((55, 50), (59, 50), (60, 60)):
        _edit(synced, [lead], f"score = {score}")
        synced.sync()
        assert _there(synced, lead)["Lead_Score__c"] == shown


def test_strict_writes_see_what_changed_after_the_look(
    synced: Hub, colleague: Salesforce, monkeypatch: pytest.MonkeyPatch
) -> None:
    _make_strict(synced)
    synced.sync()
    leads = _leads(synced, 30)
    _edit(synced, leads, "title = 'Strict'")
    synced.org.control("POST", "clock", {"advance": 5})
    real = client_module.Salesforce.retrieve

    def edit_after(self: Salesforce, *asked: Any) -> Any:
        seen = real(self, *asked)
        monkeypatch.setattr(client_module.Salesforce, "retrieve", real)
        colleague.update("Lead", [{"Id": leads[3], "Title": "Theirs"}])
        return seen

    monkeypatch.setattr(client_module.Salesforce, "retrieve", edit_after)
    synced.org.control("DELETE", "journal")
    report = synced.sync()
    assert (report.counts["pushed"], report.counts["push_moved"]) == (29, 1)
    assert _there(synced, leads[3])["Title"] == "Theirs"
    assert _there(synced, leads[4])["Title"] == "Strict"
    composites = [one for one in synced.org.control("GET", "journal?path=/composite") if "If-Unmodified" in str(one)]
    assert len(composites) == 2


def test_a_field_that_somebody_writes_back_is_held_the_third_time(synced: Hub, colleague: Salesforce) -> None:
    (lead,) = _leads(synced, 1)
    colleague.update("Lead", [{"Id": lead, "Title": "Theirs"}])
    synced.sync()
    for _ in range(2):
        _edit(synced, [lead], "title = 'Ours'")
        assert synced.sync().counts["pushed"] == 1
        synced.org.control("POST", "clock", {"advance": 2})
        colleague.update("Lead", [{"Id": lead, "Title": "Theirs"}])
        synced.sync()
    _edit(synced, [lead], "title = 'Ours', phone = '+1 555 3'")
    report = synced.sync()
    assert (report.counts["push_held"], report.counts["pushed_values"]) == (1, 1)
    assert _there(synced, lead)["Title"] == "Theirs"
    ((code, message),) = synced.rows("SELECT code, message FROM issues WHERE state = 'open'")
    assert code == "PING_PONG"
    assert "'Ours', written here by sql:" in message
    assert f"user {_there(synced, lead)['LastModifiedById'][:3]}" in message
    assert synced.rows("SELECT field FROM field_bases WHERE held") == [("title",)]


def test_consent_is_never_held(synced: Hub, colleague: Salesforce) -> None:
    (lead,) = _leads(synced, 1)
    _edit(synced, [lead], "opted_out = true")
    for _ in range(4):
        synced.sync()
        assert _there(synced, lead)["HasOptedOutOfEmail"] == 1
        synced.org.control("POST", "clock", {"advance": 2})
        colleague.update("Lead", [{"Id": lead, "HasOptedOutOfEmail": False}])
    synced.sync()
    assert _there(synced, lead)["HasOptedOutOfEmail"] == 1


def _refuse(hub: Hub, record_id: str, field: str = "Title") -> None:
    fault = {"object_name": "Lead", "record_id": record_id, "field_name": field, "times": None,
             "row_code": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "row_message": "Frozen"}  # fmt: skip
    hub.org.control("POST", "faults", fault)


def test_what_was_refused_wakes_when_somebody_changes_the_record(synced: Hub, colleague: Salesforce) -> None:
    (lead,) = _leads(synced, 1)
    _refuse(synced, lead)
    _edit(synced, [lead], "title = 'Later'")
    assert synced.sync().counts["push_parked"] == 1
    assert synced.sync().counts.get("push_failed", 0) == 0
    synced.org.control("DELETE", "faults")
    assert synced.sync().counts.get("pushed", 0) == 0
    synced.org.control("POST", "clock", {"advance": 2})
    colleague.update("Lead", [{"Id": lead, "Phone": "+1 555 8"}])
    assert synced.sync().counts["pushed"] == 1
    assert synced.rows("SELECT count(*) FROM issues WHERE state = 'open'") == [(0,)]
    assert synced.rows("SELECT count(*) FROM refused") == [(0,)]


def test_what_was_refused_wakes_when_the_field_changes(synced: Hub) -> None:
    (lead,) = _leads(synced, 1)
    _refuse(synced, lead)
    _edit(synced, [lead], "title = 'Later'")
    synced.sync()
    synced.org.control("DELETE", "faults")
    # As a right or a length would change it: what describe says is another than when it was refused.
    synced.execute("UPDATE refused SET shape = 'another'")
    assert synced.sync().counts["pushed"] == 1


def test_one_of_each_cause_is_tried_after_a_day_and_wakes_the_others(synced: Hub) -> None:
    leads = _leads(synced, 3)
    for lead in leads:
        _refuse(synced, lead)
    _edit(synced, leads, "title = 'Later'")
    assert synced.sync().counts["push_parked"] == 3
    synced.execute("UPDATE refused SET at = at - interval '25 hours'")
    assert synced.sync().counts["push_failed"] == 1
    assert synced.sync().counts.get("push_failed", 0) == 0
    synced.org.control("DELETE", "faults")
    synced.execute("UPDATE refused SET at = at - interval '25 hours'")
    assert synced.sync().counts["pushed"] == 1
    assert synced.sync().counts["pushed"] == 2


def test_a_record_that_no_query_shows_is_told_once(synced: Hub) -> None:
    (lead,) = _leads(synced, 1)
    # As if the org had lost it without a trace: purged from the bin, or hidden from us by sharing.
    nowhere = "00QgK00000ZZZZZUAQ"
    synced.execute("UPDATE links SET record_id = %s WHERE record_id = %s", nowhere, lead)
    synced.execute("UPDATE sf_main.lead SET id = %s WHERE id = %s", nowhere, lead)
    _edit(synced, [nowhere], "title = 'Nobody'")
    synced.sync()
    assert synced.rows("SELECT code FROM issues WHERE state = 'open'") == [("RECORD_GONE",)]
    assert synced.rows("SELECT state FROM outbox") == [("parked",)]
    assert synced.sync().counts.get("push_failed", 0) == 0


def test_one_bad_row_among_many_costs_less_than_a_twentieth_of_the_calls(synced: Hub) -> None:
    synced.settings = replace(synced.settings, look_rows=20, send_rows=4)
    leads = _leads(synced, 120)
    _edit(synced, leads, "title = 'Fine', phone = '+1 555 6'")
    fault = {"object_name": "Lead", "record_id": leads[50], "field_name": "Phone", "times": None,
             "row_code": "FIELD_INTEGRITY_EXCEPTION", "row_message": "no", "row_fields": ["Phone"]}  # fmt: skip
    synced.org.control("POST", "faults", fault)
    with synced.open() as ctx:
        ctx.settings = synced.settings
        plan = run.make_plan(ctx)
        run.apply_plan(ctx, plan, allow_large_change=True)
        before = ctx.salesforce.calls.total
        run.send(ctx)
        made = ctx.salesforce.calls.total - before
        assert (ctx.counts["pushed"], ctx.counts["push_failed"]) == (120, 1)
        assert ctx.counts["push_gap_ms"] < 1_000
    assert made - plan.calls_forecast == 1
    assert 1 / plan.calls_forecast < 0.05


@pytest.mark.parametrize(("leads", "scores", "opt_outs", "strict"), [
    (0, 0, 0, False), (7, 0, 0, False), (41, 12, 3, False), (90, 30, 1, False), (30, 5, 2, True),
])  # fmt: skip
def test_the_forecast_is_the_calls_that_are_made(
    synced: Hub, leads: int, scores: int, opt_outs: int, strict: bool
) -> None:
    if strict:
        _make_strict(synced)
        synced.sync()
    chosen = _leads(synced, leads + scores + opt_outs)
    for at, number, assignment in (
        (0, leads, "title = 'Foreseen'"),
        (leads, scores, "score = 88"),
        (leads + scores, opt_outs, "opted_out = true"),
    ):
        _edit(synced, chosen[at : at + number], assignment)
    with synced.open() as ctx:
        ctx.settings = replace(synced.settings, look_rows=20, send_rows=8, bulk_send_rows=80)
        plan = run.make_plan(ctx)
        run.apply_plan(ctx, plan, allow_large_change=True)
        before = ctx.salesforce.calls.total
        run.send(ctx)
        made = ctx.salesforce.calls.total - before
    assert abs(made - plan.calls_forecast) <= 0.05 * made
