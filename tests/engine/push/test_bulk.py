"""Many changes at once go by a Bulk job: every row is accounted for, and nothing is lost on the way."""

from dataclasses import replace
from typing import Any

import pytest

from syncline import clock
from syncline.domain import sending
from syncline.domain.mapping import BlankRule
from syncline.errors import RetryLater
from syncline.salesforce import client as client_module
from syncline.salesforce.bulk_ingest import BulkIngest
from syncline.salesforce.client import Salesforce
from syncline.store.mappings import save_mapping
from syncline.sync import run
from tests.engine.orgs import Hub


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits are short: what happens is tested, not how long it takes."""
    monkeypatch.setattr(client_module, "_FIRST_WAIT", 0.01)
    monkeypatch.setattr(sending, "_FIRST_POLL", 0.05)


@pytest.fixture
def synced(hub: Hub) -> Hub:
    """Everything imported; more than ten records of an object go by Bulk."""
    hub.sync()
    hub.settings = replace(hub.settings, bulk_send_rows=10)
    hub.org.control("DELETE", "journal")
    return hub


def _leads(hub: Hub, number: int) -> list[str]:
    rows = hub.rows(
        "SELECT record_id FROM links JOIN contacts ON contacts.id = contact_id"
        " WHERE object = 'Lead' AND links.state = 'live' AND email ~ '^[a-z0-9.]+@' ORDER BY record_id LIMIT %s",
        number,
    )
    return [row[0] for row in rows]


def _edit(hub: Hub, records: list[str], assignment: str, *parameters: object) -> None:
    statement = f"UPDATE contacts SET {assignment} WHERE id IN (SELECT contact_id FROM links WHERE record_id = ANY(%s))"
    assert hub.execute(statement, *parameters, records) == len(records)


def _titles(hub: Hub, records: list[str], field: str = "Title") -> list[Any]:
    leads = {row["Id"]: row for row in hub.org.control("GET", "export?objects=Lead")["Lead"]}
    return [leads[one][field] for one in records]


def _jobs(hub: Hub) -> int:
    entries = hub.org.control("GET", "journal?path=/jobs/ingest")
    return sum(one["method"] == "POST" for one in entries)


def _collections(hub: Hub) -> int:
    entries = hub.org.control("GET", "journal?path=/composite/sobjects")
    return sum(one["method"] == "PATCH" for one in entries)


def _left(hub: Hub) -> tuple[int, int, int]:
    ((outbox, writes, rows),) = hub.rows(
        "SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM bulk_writes),"
        " (SELECT count(*) FROM bulk_write_rows)"
    )
    return outbox, writes, rows


def test_many_edits_go_by_one_job_and_their_echo_causes_nothing(synced: Hub) -> None:
    leads = _leads(synced, 40)
    _edit(synced, leads, "title = 'In bulk'")
    report = synced.sync()
    assert (report.counts["pushed"], report.counts["bulk_jobs"]) == (40, 1)
    assert (_jobs(synced), _collections(synced)) == (1, 0)
    assert _titles(synced, leads) == ["In bulk"] * 40
    assert _left(synced) == (0, 0, 0)
    echo = synced.sync()
    assert (echo.counts.get("pushed", 0), echo.counts.get("contacts_updated", 0)) == (0, 0)
    assert synced.prove().percent == 100


_TEXTS = [
    'He said "yes", twice', "comma, and ; semicolon", "line\r\nbreak", "line\nfeed", "lone\rreturn", "Zoë 東京 🎉",
    "null", "N/A", "0", "  spaces  ", "=1+1", "a\tb", "back\\slash", "100 % sure", "'single'",
]  # fmt: skip


def test_values_arrive_as_they_are(synced: Hub) -> None:
    leads = _leads(synced, len(_TEXTS) + 5)
    for record, text in zip(leads, _TEXTS, strict=False):
        _edit(synced, [record], "title = %s, score = 12.50", text)
    for record in leads[len(_TEXTS) :]:
        _edit(synced, [record], "score = 7, phone = '+1 555'")
    report = synced.sync()
    assert (report.counts["bulk_jobs"], report.counts["pushed_values"]) == (1, 2 * len(leads))
    wanted = [text.strip() for text in _TEXTS]
    assert [text.strip() for text in _titles(synced, leads[: len(_TEXTS)])] == wanted
    assert _titles(synced, leads[len(_TEXTS) :], "Phone") == ["+1 555"] * 5
    assert _titles(synced, leads, "Lead_Score__c")[-1] == 7
    synced.sync()
    assert synced.prove().percent == 100
    assert _left(synced) == (0, 0, 0)


def test_what_a_job_would_take_for_null_goes_by_collections(synced: Hub) -> None:
    leads = _leads(synced, 20)
    _edit(synced, leads, "title = 'Plain'")
    _edit(synced, leads[:1], "title = '#N/A'")
    report = synced.sync()
    assert report.counts["pushed"] == 20
    assert (_jobs(synced), _collections(synced)) == (1, 1)
    assert _titles(synced, leads[:2]) == ["#N/A", "Plain"]


def test_a_cleared_value_is_cleared_there(synced: Hub) -> None:

    mapping = synced.mapping
    fields = tuple(replace(one, blank=BlankRule.CLEAR) if one.name == "title" else one for one in mapping.fields)
    with synced.open() as ctx:
        save_mapping(ctx.connection.id, replace(mapping, fields=fields), clock.now())
    synced.sync()
    leads = _leads(synced, 15)
    _edit(synced, leads, "title = 'Something'")
    synced.sync()
    _edit(synced, leads, "title = NULL")
    assert synced.sync().counts["bulk_jobs"] == 1
    assert _titles(synced, leads) == [None] * 15


def test_results_in_another_order_belong_to_their_records(synced: Hub) -> None:
    synced.org.control("POST", "settings", {"bulk_shuffle": True})
    leads = _leads(synced, 30)
    for number, record in enumerate(leads):
        _edit(synced, [record], "title = %s", f"Number {number}")
    fault = {"object_name": "Lead", "record_id": leads[7], "row_code": "FIELD_CUSTOM_VALIDATION_EXCEPTION",
             "row_message": "Not: this one", "times": None}  # fmt: skip
    synced.org.control("POST", "faults", fault)
    report = synced.sync()
    assert (report.counts["pushed"], report.counts["push_failed"]) == (29, 1)
    kept = [title for number, title in enumerate(_titles(synced, leads)) if number != 7]
    assert kept == [f"Number {number}" for number in range(30) if number != 7]
    assert synced.rows("SELECT record_id, code, message, field FROM issues WHERE state = 'open'") == [
        (leads[7], "FIELD_CUSTOM_VALIDATION_EXCEPTION", "Not: this one", "")
    ]
    assert synced.rows("SELECT state, reason FROM outbox") == [("parked", "Not: this one")]


def test_a_row_refused_for_one_field_follows_without_it(synced: Hub) -> None:
    leads = _leads(synced, 12)
    _edit(synced, leads, "title = 'Good', phone = 'refused'")
    fault = {"object_name": "Lead", "record_id": leads[3], "field_name": "Phone", "times": None,
             "row_code": "FIELD_INTEGRITY_EXCEPTION", "row_message": "Phone: no", "row_fields": ["Phone"]}  # fmt: skip
    synced.org.control("POST", "faults", fault)
    report = synced.sync()
    assert report.counts["pushed"] == 12
    assert _titles(synced, leads) == ["Good"] * 12
    assert _titles(synced, leads, "Phone")[3] != "refused"
    assert synced.rows("SELECT record_id, field FROM issues WHERE state = 'open'") == [(leads[3], "phone")]
    assert _left(synced) == (0, 0, 0)


def test_locked_rows_are_sent_again_in_the_same_run(synced: Hub) -> None:
    leads = _leads(synced, 12)
    _edit(synced, leads, "title = 'Unlocked'")
    synced.org.control("POST", "faults", {"object_name": "Lead", "row_code": "UNABLE_TO_LOCK_ROW", "times": 3})
    assert synced.sync().counts["pushed"] == 12
    assert _titles(synced, leads) == ["Unlocked"] * 12


def test_a_job_that_fails_leaves_its_rows_waiting(synced: Hub) -> None:
    leads = _leads(synced, 12)
    _edit(synced, leads, "title = 'By hand'")
    fault = {"object_name": "Lead", "operation": "bulkIngest", "row_code": "InvalidBatch", "row_message": "no"}
    synced.org.control("POST", "faults", fault)
    report = synced.sync()
    assert (report.counts["bulk_jobs_failed"], report.counts["bulk_unprocessed"]) == (1, 12)
    assert report.counts["pushed"] == 12
    assert _titles(synced, leads) == ["By hand"] * 12


def test_a_job_that_breaks_off_keeps_what_it_wrote(synced: Hub) -> None:
    synced.org.control("POST", "settings", {"bulk_batch_rows": 10})
    leads = _leads(synced, 30)
    _edit(synced, leads, "title = 'Half'")
    fault = {
        "object_name": "Lead",
        "operation": "bulkBatch",
        "row_code": "InvalidBatch",
        "row_message": "no",
        "skip": 1,
    }
    synced.org.control("POST", "faults", fault)
    report = synced.sync()
    assert (report.counts["bulk_unprocessed"], report.counts["pushed"]) == (20, 30)
    assert _titles(synced, leads) == ["Half"] * 30
    assert synced.rows("SELECT count(*) FROM change_log WHERE action = 'sent'") == [(30,)]


@pytest.mark.parametrize(
    ("method", "path", "when", "resumed"),
    [
        ("POST", "/jobs/ingest", "after", False),
        ("PUT", "/batches", "before", False),
        ("PUT", "/batches", "after", False),
        ("PATCH", "/jobs/ingest", "after", True),
        ("GET", "/jobs/ingest", "before", True),
        ("GET", "/failedResults", "after", True),
    ],
)
def test_whatever_answer_is_lost_the_next_run_goes_on(
    synced: Hub, method: str, path: str, when: str, resumed: bool
) -> None:
    leads = _leads(synced, 15)
    _edit(synced, leads, "title = 'Once'")
    synced.org.control("POST", "faults", {"method": method, "path": path, "drop": when, "times": None})
    with pytest.raises(RetryLater):
        synced.sync()
    synced.org.control("DELETE", "faults")
    report = synced.sync()
    if resumed:
        assert report.counts["bulk_jobs_resumed"] == 1
        assert _jobs(synced) == 1
    assert _titles(synced, leads) == ["Once"] * 15
    assert synced.rows("SELECT count(*) FROM change_log WHERE action = 'sent'") == [(15,)]
    assert _left(synced) == (0, 0, 0)
    assert synced.sync().counts.get("pushed", 0) == 0


def test_a_record_changed_meanwhile_is_left_out(synced: Hub, colleague: Salesforce) -> None:
    leads = _leads(synced, 15)
    _edit(synced, leads, "title = 'Ours'")
    with synced.open() as ctx:
        ctx.settings = synced.settings
        plan = run.make_plan(ctx)
        synced.org.control("POST", "clock", {"advance": 2})
        colleague.update("Lead", [{"Id": leads[0], "Title": "Theirs"}])
        run.apply_plan(ctx, plan, allow_large_change=True)
        run.send(ctx)
        assert (ctx.counts["push_moved"], ctx.counts["pushed"]) == (1, 14)
    assert _titles(synced, leads[:2]) == ["Theirs", "Ours"]


def test_an_edit_made_while_the_job_runs_is_sent_next(synced: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    leads = _leads(synced, 15)
    _edit(synced, leads, "title = 'First'")
    real = BulkIngest.complete

    def edit_first(self: BulkIngest, job_id: str) -> None:
        _edit(synced, leads[:1], "title = 'Second'")
        real(self, job_id)

    monkeypatch.setattr(BulkIngest, "complete", edit_first)
    synced.sync()
    monkeypatch.undo()
    synced.sync()
    assert _titles(synced, leads[:2]) == ["Second", "First"]
    assert _left(synced) == (0, 0, 0)
