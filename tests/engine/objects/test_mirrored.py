"""Objects that are mirrored on demand: typed tables that follow the org."""

import secrets
from dataclasses import replace

import psycopg
import pytest

from syncline import clock
from syncline.domain.objects import Choice, MirroredObject
from syncline.errors import OperatorError, StoreError
from syncline.flows.objects import add_object, remove_object
from syncline.salesforce.client import Salesforce
from syncline.store import shaping
from syncline.store.connections import load_connection
from tests.engine.objects.conftest import Asked
from tests.engine.orgs import NAME, Hub

_EIGHT = (
    "Account", "Opportunity", "OpportunityContactRole", "Campaign", "CampaignMember", "CampaignMemberStatus", "User",
    "Group", "Task",
)  # fmt: skip


def _mirror(hub: Hub, name: str, choice: Choice = Choice.COMMON, fields: tuple[str, ...] = ()) -> None:
    add_object(hub.database, hub.keys, load_connection(NAME), MirroredObject(name, choice, fields))


def _remove(hub: Hub, name: str, *, drop_table: bool) -> bool:
    return remove_object(hub.database, load_connection(NAME), name, drop_table=drop_table)


def _ids(hub: Hub, table: str, where: str = "true") -> set[str]:
    return {one for (one,) in hub.rows(f"SELECT id FROM sf_main.{table} WHERE {where}")}


def _theirs(client: Salesforce, name: str) -> set[str]:
    return {one["Id"] for one in client.query(f"SELECT Id FROM {name}", all_rows=True).records}


def test_standard_objects_are_mirrored_with_their_types_and_lookups(hub: Hub, client: Salesforce) -> None:
    for name in _EIGHT:
        _mirror(hub, name)
    hub.sync()
    for name in _EIGHT:
        assert _ids(hub, name.lower()) == _theirs(client, name), name
    types = dict(
        hub.rows("SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'opportunity'")
    )
    assert (types["amount"], types["closedate"], types["iswon"], types["systemmodstamp"]) == (
        "numeric", "date", "boolean", "timestamp with time zone",
    )  # fmt: skip
    indexed = {one for (one,) in hub.rows("SELECT indexdef FROM pg_indexes WHERE tablename = 'campaignmember'")}
    assert {column for column in ("campaignid", "leadid", "contactid") if any(f"({column})" in one for one in indexed)}
    assert hub.rows(
        "SELECT count(*) FROM sf_main.campaignmember member JOIN sf_main.campaign ON campaign.id = member.campaignid"
    ) == [(len(_ids(hub, "campaignmember")),)]


def test_changes_deletes_and_undeletes_are_followed(hub: Hub, client: Salesforce) -> None:
    made = client.create("Account", [{"Name": "Engines Ltd"}, {"Name": "Looms Ltd"}])
    one, other = (str(result.id) for result in made)
    _mirror(hub, "Account")
    hub.sync()
    client.update("Account", [{"Id": one, "Name": "Engines plc"}])
    client.delete_records("Account", [other])
    hub.sync()
    rows = hub.rows("SELECT id, name, isdeleted FROM sf_main.account WHERE id IN (%s, %s) ORDER BY name", one, other)
    assert rows == [(one, "Engines plc", False), (other, "Looms Ltd", True)]
    client.undelete([other])
    hub.sync()
    assert hub.rows("SELECT isdeleted FROM sf_main.account WHERE id = %s", other) == [(False,)]


def test_a_custom_object_is_mirrored_like_any_other(hub: Hub, client: Salesforce) -> None:
    name = f"Webinar_{clock.now():%H%M%S%f}__c"
    lead = client.query("SELECT Id FROM Lead LIMIT 1").records[0]["Id"]
    fields = [
        {"name": "Seats__c", "type": "int"},
        {"name": "Starts__c", "type": "datetime"},
        {"name": "Guest__c", "type": "reference", "reference_to": ["Lead"]},
    ]
    hub.org.control("POST", "objects", {"name": name, "fields": fields})
    client.create(name, [{"Name": "Looms", "Seats__c": 7, "Starts__c": "2026-05-01T10:00:00Z", "Guest__c": lead}])
    _mirror(hub, name)
    hub.sync()
    table = name.lower()
    assert hub.rows(
        f"SELECT name, seats__c, starts__c = '2026-05-01 10:00+00', lead.id"
        f" FROM sf_main.{table} JOIN sf_main.lead ON lead.id = guest__c"
    ) == [("Looms", 7, True, lead)]


def test_parents_are_merged_before_their_children(hub: Hub) -> None:
    for name in ("CampaignMember", "Campaign", "Account"):
        _mirror(hub, name)
    order: list[str] = []
    with hub.open() as ctx:
        ctx.progress.watch = lambda tick: order.append(tick.object) if tick.step == "mirror" else None
        from syncline.sync.pull import pull

        pull(ctx)
    assert order.index("Account") < order.index("Contact") < order.index("CampaignMember")
    assert order.index("Campaign") < order.index("CampaignMember")
    assert order.index("Lead") < order.index("CampaignMember")


def test_eight_objects_at_rest_cost_two_calls(hub: Hub) -> None:
    """Section 2, 10: five queries of several objects share one call."""
    for name in ("Account", "Opportunity", "Campaign", "CampaignMember", "User", "Task"):
        _mirror(hub, name)
    hub.sync()
    hub.org.control("POST", "clock", {"advance": 3600})  # nothing is fresh any more
    hub.sync()
    asked = Asked(hub.org)
    hub.sync()
    assert [one["path"].rsplit("/", 1)[1] for one in asked.counted()] == ["composite"] * 2


def test_chosen_fields_are_read_and_a_new_one_is_filled(hub: Hub, client: Salesforce) -> None:
    _mirror(hub, "Account", Choice.CHOSEN, ("Name",))
    hub.sync()
    columns = {
        one for (one,) in hub.rows("SELECT column_name FROM information_schema.columns WHERE table_name = 'account'")
    }
    assert columns == {"id", "isdeleted", "masterrecordid", "createddate", "lastmodifieddate", "systemmodstamp", "name"}
    _mirror(hub, "Account", Choice.CHOSEN, ("Name", "industry"))
    hub.sync()
    theirs = client.query("SELECT Id, Industry FROM Account").records
    assert dict(hub.rows("SELECT id, industry FROM sf_main.account WHERE NOT isdeleted")) == {
        one["Id"]: one["Industry"] for one in theirs
    }


def test_more_fields_of_people_come_beside_the_mapping(hub: Hub, client: Salesforce) -> None:
    hub.sync()
    _mirror(hub, "Lead", Choice.CHOSEN, ("Rating",))
    report = hub.sync()
    assert report.counts.get("contacts_updated", 0) == 0
    theirs = {one["Id"]: one["Rating"] for one in client.query("SELECT Id, Rating FROM Lead").records}
    assert dict(hub.rows("SELECT id, rating FROM sf_main.lead WHERE NOT isdeleted")) == theirs
    assert not _remove(hub, "Lead", drop_table=True)
    assert hub.sync().state == "done"


def test_removing_keeps_or_drops_the_table(hub: Hub) -> None:
    _mirror(hub, "Campaign")
    hub.sync()
    number = len(_ids(hub, "campaign"))
    assert not _remove(hub, "campaign", drop_table=False)
    hub.sync()
    assert len(_ids(hub, "campaign")) == number
    _mirror(hub, "Campaign")
    hub.sync()
    assert _remove(hub, "Campaign", drop_table=True)
    assert hub.rows("SELECT to_regclass('sf_main.campaign')") == [(None,)]
    hub.sync()
    assert hub.rows("SELECT to_regclass('sf_main.campaign')") == [(None,)]
    with pytest.raises(OperatorError, match="not mirrored"):
        _remove(hub, "Campaign", drop_table=True)


def test_a_view_keeps_its_table_from_being_dropped_and_survives_new_columns(hub: Hub) -> None:
    _mirror(hub, "Account", Choice.CHOSEN, ("Name",))
    hub.sync()
    hub.execute("CREATE VIEW public.firms AS SELECT * FROM sf_main.account")
    try:
        before = hub.rows("SELECT count(*) FROM public.firms")
        _mirror(hub, "Account")
        hub.sync()
        assert hub.rows("SELECT count(*) FROM public.firms") == before
        with pytest.raises(StoreError, match="view firms"):
            _remove(hub, "Account", drop_table=True)
    finally:
        hub.execute("DROP VIEW public.firms")


def test_an_unknown_object_or_field_is_refused_with_what_was_meant(hub: Hub) -> None:
    with pytest.raises(OperatorError, match="no object Acount"):
        _mirror(hub, "Acount")
    with pytest.raises(OperatorError) as refused:
        _mirror(hub, "Account", Choice.CHOSEN, ("Industri",))
    assert "Did you mean Industry?" in (refused.value.remedy or "")


def test_l43c_an_object_that_bulk_does_not_read_goes_by_rest_and_the_run_says_so(hub: Hub, client: Salesforce) -> None:
    hub.settings = replace(hub.settings, bulk_threshold=0)
    _mirror(hub, "Campaign")
    hub.org.control("POST", "faults", {"method": "POST", "path": "/jobs/query", "times": 9, "status": 400,
        "body": '[{"errorCode":"INVALIDENTITY","message":"Entity is not supported by the Bulk API."}]'})  # fmt: skip
    report = hub.sync()
    assert report.counts["bulk_fallbacks"] == 3
    assert _ids(hub, "campaign") == _theirs(client, "Campaign")


def test_one_object_that_cannot_be_read_is_told_and_the_rest_goes_on(hub: Hub, client: Salesforce) -> None:
    _mirror(hub, "Campaign")
    hub.sync()
    client.create("Campaign", [{"Name": "Looms"}])
    hub.org.control("POST", "faults", {"path": "/queryAll", "status": 400,
        "body": '[{"errorCode":"MALFORMED_QUERY","message":"no"}]'})  # fmt: skip
    report = hub.sync()
    assert (report.state, report.counts["objects_not_read"]) == ("done", 1)
    assert hub.rows("SELECT object FROM issues WHERE state = 'open' AND code = 'OBJECT_NOT_READ'") == [("Campaign",)]
    hub.org.control("DELETE", "faults")
    hub.sync()
    assert _ids(hub, "campaign") == _theirs(client, "Campaign")
    assert hub.rows("SELECT count(*) FROM issues WHERE state = 'open' AND code = 'OBJECT_NOT_READ'") == [(0,)]


def test_a_conversion_notes_the_account_and_the_opportunity_of_the_contact(synced: Hub, client: Salesforce) -> None:
    """Section 8: what a Lead became stays with its contact, also when another contact takes it over."""
    lead = client.query("SELECT Id FROM Lead WHERE IsConverted = false AND Email != null LIMIT 1").records[0]["Id"]
    ((contact_id,),) = synced.rows("SELECT contact_id FROM links WHERE record_id = %s", lead)
    status = client.query("SELECT MasterLabel FROM LeadStatus WHERE IsConverted = true").records[0]["MasterLabel"]
    done = client.convert_lead(lead, status, create_opportunity=True)
    synced.sync()
    related = synced.rows(
        "SELECT object, record_id, lead_id FROM related_records WHERE contact_id = %s ORDER BY object", contact_id
    )
    assert related == [("Account", str(done.account_id), lead), ("Opportunity", str(done.opportunity_id), lead)]
    assert synced.rows("SELECT count(*) > 2 FROM related_records") == [(True,)], "Leads converted before count too"
    first = client.query("SELECT Id FROM Contact ORDER BY CreatedDate LIMIT 1").records[0]["Id"]
    client.merge("Contact", first, [str(done.contact_id)])
    synced.sync()
    ((keeper,),) = synced.rows("SELECT contact_id FROM links WHERE record_id = %s", first)
    assert keeper != contact_id
    moved = synced.rows("SELECT record_id FROM related_records WHERE contact_id = %s AND lead_id = %s", keeper, lead)
    assert {one for (one,) in moved} == {str(done.account_id), str(done.opportunity_id)}


def test_a_long_query_holds_new_columns_up_and_says_so(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader never queues behind us: we wait briefly, try again, and tell."""
    monkeypatch.setattr(shaping, "_LOCK_WAIT", "20ms")
    monkeypatch.setattr(shaping, "_TRIES", 2)
    monkeypatch.setattr(shaping, "_PAUSE", 0.01)
    _mirror(hub, "Account", Choice.CHOSEN, ("Name",))
    hub.sync()
    _mirror(hub, "Account")
    with psycopg.connect(hub.database.url) as reader:
        reader.execute("SELECT count(*) FROM sf_main.account")
        report = hub.sync()
    assert report.counts["objects_not_read"] == 1
    ((message, remedy),) = hub.rows("SELECT message, remedy FROM issues WHERE state = 'open' AND object = 'Account'")
    assert "being read" in message
    assert "long query" in remedy
    assert hub.sync().counts["objects_not_read"] == 0
    assert hub.rows("SELECT count(industry) > 0 FROM sf_main.account") == [(True,)]


def test_a_table_is_rebuilt_before_it_has_too_many_columns(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    _mirror(hub, "Account", Choice.CHOSEN, ("Name",))
    hub.sync()
    hub.execute("ALTER TABLE sf_main.account ADD COLUMN waste text, ADD COLUMN more text")
    hub.execute("ALTER TABLE sf_main.account DROP COLUMN waste, DROP COLUMN more")
    monkeypatch.setattr(shaping, "_MOST_COLUMNS", 9)
    before = hub.rows("SELECT id, name FROM sf_main.account ORDER BY id")
    _mirror(hub, "Account", Choice.CHOSEN, ("Name", "Industry", "Phone"))
    hub.sync()
    attributes = "FROM pg_attribute WHERE attrelid = 'sf_main.account'::regclass AND attnum > 0 AND attisdropped"
    assert hub.rows(f"SELECT count(*) {attributes}") == [(0,)]
    assert hub.rows("SELECT id, name FROM sf_main.account ORDER BY id") == before
    keys = {one for (one,) in hub.rows("SELECT indexname FROM pg_indexes WHERE tablename = 'account'")}
    assert {"account_pkey", "account_stamp"} <= keys


def test_a_record_that_is_wider_than_a_row_is_told_and_the_rest_goes_on(hub: Hub, client: Salesforce) -> None:
    """A row of PostgreSQL is one page of 8 KB, in which each long text has its place at least."""
    name = f"Wide_{clock.now():%H%M%S%f}__c"
    fields = [f"Text{number}__c" for number in range(450)]
    facts = [{"name": one, "type": "string", "length": 255} for one in fields]
    hub.org.control("POST", "objects", {"name": name, "fields": facts})
    client.create(name, [{"Name": "Wide", **{one: secrets.token_hex(40) for one in fields}}])
    _mirror(hub, name, Choice.ALL)
    report = hub.sync()
    assert (report.state, report.counts["objects_not_read"]) == ("done", 1)
    ((message, remedy),) = hub.rows("SELECT message, remedy FROM issues WHERE state = 'open' AND object = %s", name)
    assert "one row of the database" in message
    assert "syncline objects add" in remedy
    _mirror(hub, name, Choice.CHOSEN, tuple(fields[:300]))
    hub.sync()
    assert hub.rows(f"SELECT length(text299__c) FROM sf_main.{name.lower()}") == [(80,)]
    assert hub.rows("SELECT count(*) FROM issues WHERE state = 'open' AND object = %s", name) == [(0,)]
