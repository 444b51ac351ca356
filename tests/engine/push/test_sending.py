"""Sending to an org: what goes out, in which order, what is left for the next run, and what a refusal does."""

from typing import Any

import pytest

from syncline.salesforce import client as client_module
from syncline.salesforce.client import Salesforce
from syncline.store import outbox
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


def _leads(hub: Hub, number: int) -> list[str]:
    rows = hub.rows(
        "SELECT record_id FROM links JOIN contacts ON contacts.id = contact_id"
        " WHERE object = 'Lead' AND email ~ '^[a-z0-9.]+@' ORDER BY record_id LIMIT %s",
        number,
    )
    return [row[0] for row in rows]


def _edit(hub: Hub, record_id: str, assignment: str) -> None:
    changed = hub.execute(
        f"UPDATE contacts SET {assignment} WHERE id = (SELECT contact_id FROM links WHERE record_id = %s)", record_id
    )
    assert changed == 1


def _record(hub: Hub, record_id: str) -> dict[str, Any]:
    rows = hub.org.control("GET", "export?objects=Lead,Contact")
    return next(row for part in rows.values() for row in part if row["Id"] == record_id)


def _writes(hub: Hub) -> list[dict[str, Any]]:
    return [
        entry
        for entry in hub.org.control("GET", "journal?path=/composite/sobjects")
        if entry["method"] in ("PATCH", "POST") and not entry["path"].endswith(("/Lead", "/Contact"))
    ]


def _waiting(hub: Hub) -> list[tuple[Any, ...]]:
    return hub.rows("SELECT state, fields, reason FROM outbox ORDER BY contact_id")


def test_an_edit_by_plain_sql_reaches_salesforce_and_its_echo_causes_nothing(synced: Hub) -> None:
    (lead,) = _leads(synced, 1)
    _edit(synced, lead, "title = 'Chief', phone = '+1 555 1'")
    report = synced.sync()
    assert (report.counts["pushed"], report.counts["pushed_values"]) == (1, 2)
    assert (_record(synced, lead)["Title"], _record(synced, lead)["Phone"]) == ("Chief", "+1 555 1")
    assert _waiting(synced) == []
    echo = synced.sync()
    assert (echo.counts.get("pushed", 0), echo.counts.get("contacts_updated", 0)) == (0, 0)
    assert len(_writes(synced)) == 1


def test_edits_are_coalesced_and_one_taken_back_is_not_sent(synced: Hub) -> None:
    one, other = _leads(synced, 2)
    before = _record(synced, other)["Title"]
    for title in ("A", "B", "C"):
        _edit(synced, one, f"title = '{title}'")
        _edit(synced, other, f"title = '{title}'")
    synced.execute(
        "UPDATE contacts SET title = %s WHERE id = (SELECT contact_id FROM links WHERE record_id = %s)", before, other
    )
    report = synced.sync()
    assert report.counts["pushed"] == 1
    assert _record(synced, one)["Title"] == "C"
    assert _waiting(synced) == []


def test_consent_goes_before_scores_and_scores_before_the_rest(synced: Hub) -> None:
    first, second, third = _leads(synced, 3)
    _edit(synced, first, "title = 'Last'")
    _edit(synced, second, "score = 99")
    _edit(synced, third, "opted_out = true")
    report = synced.sync()
    sent = [entry["request"] for entry in _writes(synced)]
    assert ["HasOptedOutOfEmail" in sent[0], "Lead_Score__c" in sent[1], "Title" in sent[2]] == [True, True, True]
    assert (report.counts["opt_outs_pushed"], report.counts["scores_pushed"]) == (1, 1)
    assert all(entry["headers"]["sforce-auto-assign"] == "FALSE" for entry in _writes(synced))


def test_an_opt_out_is_never_taken_back_by_the_other_side(synced: Hub, colleague: Salesforce) -> None:
    (lead,) = _leads(synced, 1)
    _edit(synced, lead, "opted_out = true")
    colleague.update("Lead", [{"Id": lead, "HasOptedOutOfEmail": False, "Title": "Moved"}])
    synced.sync()
    synced.sync()
    assert _record(synced, lead)["HasOptedOutOfEmail"] == 1


def test_a_record_changed_after_it_was_read_is_not_overwritten(synced: Hub, colleague: Salesforce) -> None:
    (lead,) = _leads(synced, 1)
    _edit(synced, lead, "title = 'Ours'")
    with synced.open() as ctx:
        from syncline.sync import run

        plan = run.make_plan(ctx)
        colleague.update("Lead", [{"Id": lead, "Title": "Theirs"}])
        # A stamp has whole seconds: the change must be a second away to be seen.
        synced.org.control("POST", "clock", {"advance": 2})
        colleague.update("Lead", [{"Id": lead, "Title": "Theirs"}])
        run.apply_plan(ctx, plan)
        run.send(ctx)
        assert ctx.counts["push_moved"] == 1
    assert _record(synced, lead)["Title"] == "Theirs"
    report = synced.sync()
    assert report.counts["conflicts"] == 1
    assert _record(synced, lead)["Title"] == "Theirs"


def test_one_bad_row_costs_one_refusal(synced: Hub) -> None:
    leads = _leads(synced, 40)
    bad = leads[7]
    for lead in leads:
        _edit(synced, lead, "title = 'Many'")
    fault = {"object_name": "Lead", "record_id": bad, "row_code": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "times": None,
             "row_message": "Titles are frozen"}  # fmt: skip
    synced.org.control("POST", "faults", fault)
    report = synced.sync()
    assert (report.counts["pushed"], report.counts["push_parked"]) == (39, 1)
    assert len(_writes(synced)) == 1
    ((state, _, reason),) = _waiting(synced)
    assert (state, reason) == ("parked", "Titles are frozen")
    ((code, record_id, message),) = synced.rows("SELECT code, record_id, message FROM issues WHERE state = 'open'")
    assert (code, record_id, message) == ("FIELD_CUSTOM_VALIDATION_EXCEPTION", bad, "Titles are frozen")
    assert synced.sync().counts.get("push_failed", 0) == 0
    synced.org.control("DELETE", "faults")
    _edit(synced, bad, "title = 'Once more'")
    assert synced.sync().counts["pushed"] == 1
    assert synced.rows("SELECT count(*) FROM issues WHERE state = 'open'") == [(0,)]


def test_a_refused_field_does_not_hold_the_others_back(synced: Hub) -> None:
    (lead,) = _leads(synced, 1)
    _edit(synced, lead, "title = 'Good', phone = 'refused'")
    fault = {"object_name": "Lead", "field_name": "Phone", "row_code": "FIELD_INTEGRITY_EXCEPTION", "times": 1,
             "row_message": "Phone: no", "row_fields": ["Phone"]}  # fmt: skip
    synced.org.control("POST", "faults", fault)
    report = synced.sync()
    assert report.counts["pushed_values"] == 1
    assert _record(synced, lead)["Title"] == "Good"
    assert synced.rows("SELECT field FROM issues WHERE state = 'open'") == [("phone",)]


def test_a_value_too_long_is_never_cut(synced: Hub) -> None:
    (lead,) = _leads(synced, 1)
    before = _record(synced, lead)["Title"]
    _edit(synced, lead, "title = repeat('x', 129), phone = '+1'")
    synced.sync()
    assert (_record(synced, lead)["Title"], _record(synced, lead)["Phone"]) == (before, "+1")
    ((code, message),) = synced.rows("SELECT code, message FROM issues WHERE state = 'open'")
    assert code == "STRING_TOO_LONG"
    assert "129" in message
    assert "128" in message


def test_a_locked_row_is_tried_again_and_then_later(synced: Hub) -> None:
    one, other = _leads(synced, 2)
    _edit(synced, one, "title = 'Locked shortly'")
    fault = {"object_name": "Lead", "row_code": "UNABLE_TO_LOCK_ROW", "times": 2}
    synced.org.control("POST", "faults", fault)
    assert synced.sync().counts["pushed"] == 1
    _edit(synced, other, "title = 'Locked for long'")
    synced.org.control("POST", "faults", {**fault, "times": None})
    assert synced.sync().counts["push_failed"] == 1
    synced.org.control("DELETE", "faults")
    ((waits,),) = synced.rows("SELECT not_before > now() FROM outbox")
    assert waits
    assert synced.sync().counts.get("pushed", 0) == 0
    synced.execute("UPDATE outbox SET not_before = NULL")
    assert synced.sync().counts["pushed"] == 1


def test_a_lost_answer_to_an_update_sends_nothing_twice_wrongly(synced: Hub) -> None:
    (lead,) = _leads(synced, 1)
    _edit(synced, lead, "title = 'Lost'")
    synced.org.control("POST", "faults", {"path": "/composite/sobjects", "method": "PATCH", "drop": "after"})
    assert synced.sync().counts["pushed"] == 1
    assert _record(synced, lead)["Title"] == "Lost"
    assert synced.sync().counts.get("contacts_updated", 0) == 0


def test_an_edit_made_while_the_row_is_in_flight_is_sent_next(synced: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    (lead,) = _leads(synced, 1)
    _edit(synced, lead, "title = 'First'")
    real = outbox.note_sent

    def edit_first(*arguments: Any, **more: Any) -> None:
        monkeypatch.setattr(outbox, "note_sent", real)
        _edit(synced, lead, "title = 'Second'")
        real(*arguments, **more)

    monkeypatch.setattr(outbox, "note_sent", edit_first)
    synced.sync()
    synced.sync()
    assert _record(synced, lead)["Title"] == "Second"
    assert _waiting(synced) == []


def test_the_limit_pauses_and_loses_nothing(synced: Hub) -> None:
    (lead,) = _leads(synced, 1)
    _edit(synced, lead, "title = 'Later'")
    body = '[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"TotalRequests Limit exceeded."}]'
    fault = {"path": "/composite/sobjects", "method": "PATCH", "status": 403, "body": body}
    synced.org.control("POST", "faults", fault)
    assert synced.sync().state == "paused"
    assert synced.sync().counts["pushed"] == 1


def test_digits_that_salesforce_does_not_keep_are_not_sent_again_and_again(synced: Hub) -> None:
    (lead,) = _leads(synced, 1)
    _edit(synced, lead, "score = 12.5")
    synced.sync()
    assert _record(synced, lead)["Lead_Score__c"] == 13
    assert [synced.sync().counts.get("pushed", 0) for _ in range(2)] == [0, 0]
    assert synced.prove().percent == 100
