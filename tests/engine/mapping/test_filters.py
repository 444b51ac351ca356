"""Which records take part: filters of objects (L8, L25)."""

from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from syncline import clock
from syncline.domain.mapping import CONTACT, LEAD
from syncline.domain.mapping_options import ObjectRules
from syncline.salesforce.client import Salesforce
from syncline.store import contacts
from syncline.store.contact_columns import ensure_columns
from syncline.store.database import Database, transaction
from syncline.store.explain import explain_person, find_left_out
from syncline.store.mappings import save_mapping
from syncline.store.names import ConnectionTables
from syncline.sync import run
from tests.engine.orgs import Hub
from tests.engine.sync.planted import MAPPING, NOW, Planted, record_id, row

_WANTED = ObjectRules(filter='=Title <> "Left"', filter_reason="they gave notice")


@pytest.fixture
def planted(database: Database) -> Planted:
    """Two Leads inside of the filter and one outside."""
    one = Planted(database, replace(MAPPING, objects=((LEAD, _WANTED),)))
    one.prepare()
    one.read(LEAD, [row(LEAD, 1, Title="Boss"), row(LEAD, 2, Title="Clerk"), row(LEAD, 3, Title="Left")])
    one.sync()
    return one


def _state(org: Planted, number: int) -> object:
    (link,) = org.query("SELECT state FROM links WHERE record_id = %s", record_id(LEAD, number))
    return link["state"]


def _left_out(org: Planted) -> dict[object, object]:
    return {one["record_id"]: one["reason"] for one in org.query("SELECT record_id, reason FROM left_out")}


def _edit(org: Planted, number: int, assignment: str) -> None:
    with org.database.connect() as conn:
        linked = "SELECT contact_id FROM links WHERE record_id = %s"
        conn.execute(f"UPDATE contacts SET {assignment} WHERE id IN ({linked})".encode(), [record_id(LEAD, number)])


def _outbox(org: Planted) -> list[object]:
    return [one["fields"] for one in org.query("SELECT fields FROM outbox")]


def _read(org: Planted, number: int, at: str, **values: str) -> None:
    org.read(LEAD, [row(LEAD, number, at=at, **values)])
    org.sync()


def test_l8_a_record_outside_is_read_and_its_reason_recorded(planted: Planted) -> None:
    assert planted.query("SELECT count(*) AS rows FROM sf_main.lead") == [{"rows": 3}]
    assert planted.query("SELECT count(*) AS people FROM contacts") == [{"people": 2}]
    assert _left_out(planted) == {record_id(LEAD, 3): "outside_filter"}
    _read(planted, 3, "1", Title="Back")
    assert planted.contact(LEAD, 3)["title"] == "Back"
    assert _left_out(planted) == {}


def test_l25_leaving_only_stops_the_sync_and_coming_back_resumes_it(planted: Planted) -> None:
    _edit(planted, 1, "title = 'Waits', score = 3")
    _read(planted, 1, "1", Title="Left", Company="Moved there")
    assert (_state(planted, 1), planted.contact(LEAD, 1)["state"]) == ("outside", "active")
    assert (planted.contact(LEAD, 1)["title"], planted.contact(LEAD, 1)["company"]) == ("Waits", None)
    assert (_outbox(planted), _left_out(planted)[record_id(LEAD, 1)]) == ([], "outside_filter")
    # Neither side's changes pass, and nobody is met anew.
    _read(planted, 1, "2", Title="Left", LastName="Renamed there")
    _edit(planted, 1, "score = 5")
    planted.sync()
    assert planted.delta() == []
    assert (planted.contact(LEAD, 1)["last_name"], _outbox(planted)) == ("Person 1", [])
    _read(planted, 1, "3", Title="Boss", LastName="Renamed there", Company="Moved there")
    assert _state(planted, 1) == "live"
    back = planted.contact(LEAD, 1)
    assert (back["last_name"], back["company"]) == ("Renamed there", "Moved there")
    # What was edited here before and meanwhile is sent: over there nobody changed it.
    assert [sorted(one) for one in _outbox(planted) if isinstance(one, dict)] == [["score", "title"]]
    assert record_id(LEAD, 1) not in _left_out(planted)
    assert {one[2] for one in planted.delta()} == {"return", "take", "send"}


def test_consent_goes_on_outside(planted: Planted) -> None:
    _read(planted, 1, "1", Title="Left")
    _edit(planted, 1, "opted_out = true, title = 'Not sent'")
    assert _outbox(planted) == [{"opted_out": "false"}]
    planted.sync()
    assert _outbox(planted) == [{"opted_out": "false"}]
    assert [one[:3] for one in planted.delta()] == [("update", "opted_out", "send")]


def test_an_opt_out_waits_on_when_its_record_leaves(planted: Planted) -> None:
    _edit(planted, 1, "opted_out = true, title = 'Not sent'")
    _read(planted, 1, "1", Title="Left")
    assert (_state(planted, 1), _outbox(planted)) == ("outside", [{"opted_out": "false"}])


def test_an_outside_record_that_is_deleted_and_undeleted_stays_outside(planted: Planted) -> None:
    _read(planted, 1, "1", Title="Left")
    _read(planted, 1, "2", Title="Left", IsDeleted="true")
    assert (_state(planted, 1), planted.contact(LEAD, 1)["state"]) == ("deleted", "deleted")
    _read(planted, 1, "3", Title="Left")
    assert (_state(planted, 1), planted.contact(LEAD, 1)["state"]) == ("outside", "active")
    _read(planted, 1, "4", Title="Boss")
    assert _state(planted, 1) == "live"


def test_a_conversion_leads_out_of_the_filter_of_leads(planted: Planted) -> None:
    contact = planted.contact(LEAD, 1)["id"]
    _read(planted, 1, "1", Title="Left")
    planted.read(CONTACT, [row(CONTACT, 100, Email="person1@example.com", at="2")])
    _read(planted, 1, "2", Title="Left", IsConverted="true", ConvertedContactId=record_id(CONTACT, 100))
    assert planted.contact(CONTACT, 100)["id"] == contact
    assert planted.query("SELECT state FROM links WHERE contact_id = %s", contact) == [{"state": "live"}]


def test_a_lead_merged_into_one_outside_leaves(planted: Planted) -> None:
    planted.read(LEAD, [row(LEAD, 1, IsDeleted="true", MasterRecordId=record_id(LEAD, 3), at="1")])
    planted.sync()
    assert _state(planted, 3) == "outside"
    assert _left_out(planted)[record_id(LEAD, 3)] == "outside_filter"


def test_another_filter_looks_at_everybody_again(planted: Planted) -> None:
    planted.anew = (LEAD,)
    planted.mapping = replace(MAPPING, objects=((LEAD, replace(_WANTED, filter='=Title = "Boss"')),))
    planted.sync()
    assert (_state(planted, 1), _state(planted, 2)) == ("live", "outside")
    planted.mapping = MAPPING
    planted.sync()
    assert (_state(planted, 2), _state(planted, 3), _left_out(planted)) == ("live", "live", {})


def test_a_contact_of_ours_is_not_matched_with_a_record_outside(planted: Planted) -> None:
    with planted.database.connect() as conn:
        conn.execute(
            "INSERT INTO contacts (created_at, updated_at, email) VALUES (%s, %s, 'person3@example.com')", [NOW, NOW]
        )
    planted.sync()
    assert planted.query("SELECT * FROM links WHERE record_id = %s", record_id(LEAD, 3)) == []


def _filter(hub: Hub, condition: str | None, reason: str = "not ours") -> None:
    rules = ObjectRules(filter=condition, filter_reason=reason)
    mapping = replace(hub.mapping, objects=((LEAD, rules),))
    with hub.open() as ctx:
        save_mapping(ctx.connection.id, mapping, clock.now())


@pytest.fixture
def filtered(hub: Hub) -> Hub:
    """An org whose cold Leads are left out."""
    _filter(hub, '=NOT(ISPICKVAL(Rating, "Cold"))', "cold Leads wait for spring")
    hub.sync()
    return hub


def _leads(hub: Hub, number: int) -> list[tuple[str, int]]:
    return [
        (str(record), int(contact))
        for record, contact in hub.rows(
            "SELECT record_id, contact_id FROM links JOIN contacts ON contacts.id = contact_id"
            " WHERE object = 'Lead' AND links.state = 'live' AND email ~ '^[a-z0-9.]+@' ORDER BY record_id LIMIT %s",
            number,
        )
    ]


def _there(hub: Hub, record: str) -> dict[str, Any]:
    leads: list[dict[str, Any]] = hub.org.control("GET", "export?objects=Lead")["Lead"]
    return next(one for one in leads if one["Id"] == record)


def test_a_lead_leaves_and_comes_back_with_its_opt_out_sent_meanwhile(filtered: Hub, colleague: Salesforce) -> None:
    (lead, contact), (other, _) = _leads(filtered, 2)
    colleague.update("Lead", [{"Id": lead, "Rating": "Cold", "Title": "There"}])
    plan_run = filtered.sync()
    assert plan_run.counts["left_filter"] == 1
    filtered.execute("UPDATE contacts SET opted_out = true, phone = '+1 555 8' WHERE id = %s", contact)
    filtered.sync()
    there = _there(filtered, lead)
    assert there["HasOptedOutOfEmail"] == 1
    assert there["Phone"] != "+1 555 8"
    with filtered.open() as ctx, closing(filtered.database.connect("test")) as conn:
        tables = ConnectionTables(ctx.connection.name)
        known = contacts.find_contact(conn, str(contact))
        person = explain_person(conn, tables, ctx.connection.id, ctx.mapping, known)
        reason = find_left_out(conn, ctx.connection.id, lead)
    said = {one.name: str(one.verdict.sentence) for one in person.fields}
    assert "cold Leads wait for spring" in said["phone"]
    assert "cold Leads" not in said["opted_out"]
    assert reason is not None
    assert reason.reason == "outside_filter"
    colleague.update("Lead", [{"Id": lead, "Rating": "Hot"}])
    filtered.sync()
    assert _there(filtered, lead)["Phone"] == "+1 555 8"
    assert filtered.rows("SELECT title FROM contacts WHERE id = %s", contact) == [("There",)]
    assert filtered.sync().counts.get("pushed", 0) == 0
    assert filtered.prove().percent == 100.0
    assert other != lead


def test_l25_what_the_org_shows_otherwise_by_now_has_not_left(
    filtered: Hub, colleague: Salesforce, monkeypatch: pytest.MonkeyPatch
) -> None:
    (lead, _), (other, _) = _leads(filtered, 2)
    colleague.update("Lead", [{"Id": lead, "Rating": "Cold"}, {"Id": other, "Rating": "Cold"}])
    real = Salesforce.retrieve

    def come_back_before(self: Salesforce, *asked: Any) -> Any:
        monkeypatch.setattr(Salesforce, "retrieve", real)
        filtered.org.control("POST", "clock", {"advance": 2})
        colleague.update("Lead", [{"Id": lead, "Rating": "Warm"}])
        return real(self, *asked)

    monkeypatch.setattr(Salesforce, "retrieve", come_back_before)
    with filtered.open() as ctx:
        plan = run.make_plan(ctx)
        assert ctx.counts["leaving_unconfirmed"] == 1
        run.apply_plan(ctx, plan)
    states = filtered.rows("SELECT record_id, state FROM links WHERE record_id = ANY(%s)", [lead, other])
    assert dict(states) == {lead: "live", other: "outside"}
    filtered.sync()
    assert filtered.rows("SELECT state FROM links WHERE record_id = %s", lead) == [("live",)]


def test_a_filter_that_fits_the_org_no_more_changes_nothing_until_it_does(filtered: Hub, colleague: Salesforce) -> None:
    before = filtered.rows("SELECT record_id, state FROM links ORDER BY 1")
    filtered.org.control("POST", "fields", {"object": "Lead", "name": "Rating", "hidden": True})
    filtered.execute("UPDATE describes SET checked_at = checked_at - interval '25 hours'")
    filtered.sync()
    assert filtered.rows("SELECT record_id, state FROM links ORDER BY 1") == before
    told = filtered.rows("SELECT message FROM issues WHERE state = 'open' AND code = 'FIELD_GONE' AND field = ''")
    assert ["The filter does not fit Lead" in message for (message,) in told] == [True]
    (created,) = colleague.create("Lead", [{"LastName": "Waits", "Company": "X", "Email": "waits@example.com"}])
    filtered.org.control("POST", "clock", {"advance": 2})
    filtered.sync()
    assert filtered.rows("SELECT reason FROM left_out WHERE record_id = %s", created.id) == [("outside_filter",)]


def test_taking_the_filter_away_brings_everybody_in(filtered: Hub) -> None:
    (out,) = filtered.rows("SELECT count(*) FROM left_out WHERE reason = 'outside_filter'")[0]
    assert out > 0
    _filter(filtered, None)
    plan = filtered.sync().plan
    assert 0 < sum(one.creates for one in plan.objects) <= out
    assert filtered.rows("SELECT count(*) FROM left_out WHERE reason = 'outside_filter'") == [(0,)]


def test_a_lead_is_never_created_beside_one_outside(filtered: Hub) -> None:
    ((record, address),) = filtered.rows(
        "SELECT record_id, mirror.email FROM left_out JOIN sf_main.lead mirror ON mirror.id = record_id"
        " WHERE reason = 'outside_filter' AND mirror.email ~ '^[a-z0-9.]+@' ORDER BY 1 LIMIT 1"
    )
    with closing(filtered.database.connect("test")) as conn, transaction(conn, "test"):
        ensure_columns(conn, filtered.mapping)
        contacts.add_contact(
            conn, filtered.mapping, {"email": address}, create_in_salesforce=True, now=clock.now(), origin="test"
        )
    report = filtered.sync()
    assert (report.counts["linked_on_create"], report.counts.get("created_in_salesforce")) == (1, None)
    filtered.sync()
    assert filtered.rows("SELECT state FROM links WHERE record_id = %s", record) == [("outside",)]
