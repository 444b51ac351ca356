"""Many new Leads by Bulk jobs: once, whatever gets lost; what a job refuses goes the way of few (L14, L43b, L43f)."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from syncline import clock
from syncline.domain import sending as sending_module
from syncline.errors import RetryLater
from syncline.salesforce import client as client_module
from syncline.salesforce.client import Salesforce
from syncline.store import contacts
from syncline.store.database import transaction
from syncline.store.mappings import save_mapping
from syncline.sync import run
from syncline.sync.bulk_create import build_csv
from tests.engine.orgs import Hub

_MANY = 25


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits between tries and looks are short: their number is what is tested."""
    monkeypatch.setattr(client_module, "_FIRST_WAIT", 0.01)
    monkeypatch.setattr(sending_module, "_FIRST_POLL", 0.02)


def _prepare(hub: Hub) -> Hub:
    """Everything imported; ten and more new Leads are many, and go through no assignment rule."""
    mapping = replace(hub.mapping, assignment_rules=False)
    with hub.open() as ctx:
        save_mapping(ctx.connection.id, mapping, clock.now())
    hub.settings = replace(hub.settings, bulk_send_rows=10, send_rows=10)
    hub.sync()
    hub.org.control("DELETE", "journal")
    return hub


@pytest.fixture
def synced(hub: Hub) -> Iterator[Hub]:
    """An org with a field for our id."""
    yield _prepare(hub)
    hub.org.control("DELETE", "faults")


@pytest.fixture
def bare(bare_hub: Hub) -> Iterator[Hub]:
    """An org without one."""
    yield _prepare(bare_hub)
    bare_hub.org.control("DELETE", "faults")


def _add(hub: Hub, number: int = _MANY, **values: str) -> None:
    mapping = hub.mapping
    with closing(hub.database.connect("test")) as conn, transaction(conn, "test"):
        for one in range(number):
            person = {"email": f"new{one}@example.com", "last_name": f"New, {one}", "company": "Engines", **values}
            contacts.add_contact(conn, mapping, person, create_in_salesforce=True, now=clock.now(), origin="test")


def _there(hub: Hub) -> dict[str, dict[str, Any]]:
    """New Leads by address; more than one of an address is a twin."""
    rows = [one for one in hub.org.control("GET", "export?objects=Lead")["Lead"] if str(one["Email"]).startswith("new")]
    found = {str(one["Email"]): one for one in rows}
    assert len(found) == len(rows)
    return found


def _calls(hub: Hub, path: str) -> list[dict[str, Any]]:
    return list(hub.org.control("GET", f"journal?path={path}"))


@pytest.mark.parametrize("which", ["synced", "bare"])
def test_many_are_created_by_one_job_and_linked(which: str, request: pytest.FixtureRequest) -> None:
    hub: Hub = request.getfixturevalue(which)
    _add(hub, title='=Boss, "of" it')
    report = hub.sync()
    assert (report.counts["created_in_salesforce"], report.counts["bulk_create_jobs"]) == (_MANY, 1)
    there = _there(hub)
    assert len(there) == _MANY
    assert (there["new3@example.com"]["LastName"], there["new3@example.com"]["Title"]) == ("New, 3", '=Boss, "of" it')
    linked = hub.rows(
        "SELECT email, record_id, external_key, status FROM contacts JOIN links ON contact_id = contacts.id"
        " WHERE email LIKE 'new%%'"
    )
    assert {email: record for email, record, _, _ in linked} == {email: one["Id"] for email, one in there.items()}
    if which == "synced":
        assert {email: key for email, _, key, _ in linked} == {e: one["Syncline_Id__c"] for e, one in there.items()}
    assert {status for *_, status in linked} == {"Open - Not Contacted"}
    assert hub.rows("SELECT (SELECT count(*) FROM bulk_writes), (SELECT count(*) FROM create_intents)") == [(0, 0)]
    assert hub.sync().counts.get("created_in_salesforce", 0) == 0
    assert hub.prove().percent == 100.0


def test_the_forecast_is_the_calls_that_are_made(synced: Hub) -> None:
    _add(synced)
    with synced.open() as ctx:
        ctx.settings = synced.settings
        plan = run.make_plan(ctx)
        before = ctx.salesforce.calls.total
        run.apply_plan(ctx, plan, allow_large_change=True)
        run.send(ctx)
        made = ctx.salesforce.calls.total - before
    assert abs(made - plan.calls_forecast) <= 1


#: Which answer is lost, and when: of the job, its upload, its start, a look at it, its results.
_LOST = [
    ("POST", "/jobs/ingest"),
    ("PUT", "/batches"),
    ("PATCH", "/jobs/ingest/"),
    ("GET", "/successfulResults"),
    ("GET", "/failedResults"),
]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("method", "path"), _LOST)
@pytest.mark.parametrize("which", ["synced", "bare"])
def test_l14_whatever_answer_is_lost_nobody_is_created_twice(
    which: str, method: str, path: str, when: str, request: pytest.FixtureRequest
) -> None:
    hub: Hub = request.getfixturevalue(which)
    _add(hub, 12)
    hub.org.control("POST", "faults", {"path": path, "method": method, "drop": when, "times": 6})
    with pytest.raises(RetryLater):
        hub.sync()
    hub.org.control("DELETE", "faults")
    for _ in range(2):
        hub.sync()
        # Late visibility: what is surely not there is created only then.
        hub.org.control("POST", "clock", {"advance": 700})
    hub.sync()
    assert len(_there(hub)) == 12
    linked = "SELECT count(*) FROM links JOIN contacts ON contacts.id = contact_id WHERE email LIKE 'new%%'"
    assert hub.rows(linked) == [(12,)]
    assert hub.rows("SELECT (SELECT count(*) FROM bulk_writes), (SELECT count(*) FROM create_intents)") == [(0, 0)]


def test_what_a_job_refuses_goes_by_collections_and_the_rest_stays_created(synced: Hub, colleague: Salesforce) -> None:
    _add(synced)
    synced.execute("UPDATE contacts SET website = repeat('w', 10), title = '#N/A' WHERE email = 'new7@example.com'")
    rule = {
        "kind": "validation", "name": "no eights", "object": "Lead", "condition": 'LastName = "New, 8"',
        "message": "no eights",
    }  # fmt: skip
    synced.org.control("POST", "rules", rule)
    report = synced.sync()
    synced.org.control("DELETE", "rules")
    assert (report.counts["created_in_salesforce"], report.counts["create_failed"]) == (_MANY - 1, 1)
    assert _there(synced)["new7@example.com"]["Title"] == "#N/A"
    assert synced.rows("SELECT code FROM issues WHERE state = 'open'") == [("FIELD_CUSTOM_VALIDATION_EXCEPTION",)]


def test_somebody_who_is_there_already_is_linked_and_not_sent(synced: Hub, colleague: Salesforce) -> None:
    _add(synced)
    with synced.open() as ctx:
        ctx.settings = synced.settings
        plan = run.make_plan(ctx)
        colleague.create("Lead", [{"LastName": "Theirs", "Company": "X", "Email": "new5@example.com"}])
        run.apply_plan(ctx, plan, allow_large_change=True)
        run.send(ctx)
        counts = ctx.counts.as_dict()
    assert (counts["created_in_salesforce"], counts["linked_on_create"]) == (_MANY - 1, 1)
    assert _there(synced)["new5@example.com"]["LastName"] == "Theirs"


def test_where_the_rule_for_new_leads_is_not_shown_collections_let_the_org_choose_it(synced: Hub) -> None:
    mapping = replace(synced.mapping, assignment_rules=True)
    with synced.open() as ctx:
        save_mapping(ctx.connection.id, mapping, clock.now())
    synced.sync()
    _add(synced, 42)
    with synced.open() as ctx:
        ctx.settings = replace(synced.settings, send_rows=2, look_rows=5)
        plan = run.make_plan(ctx)
        run.apply_plan(ctx, plan, allow_large_change=True)
        before = ctx.salesforce.calls.total
        run.send(ctx)
        made = ctx.salesforce.calls.total - before
        counts = ctx.counts.as_dict()
    assert counts["created_in_salesforce"] == 42
    assert "bulk_create_jobs" not in counts
    assert abs(made - plan.calls_forecast) <= 0.05 * made


def test_the_csv_keeps_what_is_sent() -> None:
    records: list[dict[str, Any]] = [{"LastName": 'A "b",\r\nc', "IsOn": True, "Score": 1.5}, {"LastName": "D"}]
    assert b"".join(build_csv(records)) == (
        b'"IsOn","LastName","Score"\r\n"true","A ""b"",\r\nc","1.5"\r\n"","D",""\r\n'
    )
