"""Campaigns, members, Opportunities, roles, tasks and custom objects over HTTP: describe, writes, Bulk, replication."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest

from tests import simulated
from tests.clients.conftest import connect
from tests.simulated import Simulated

_DEAL = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-01-02"}
_FLAGS = ("keyPrefix", "createable", "updateable", "deletable", "undeletable", "replicateable")
_FACTS = ("type", "length", "nillable", "createable", "updateable", "defaultedOnCreate", "restrictedPicklist")


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Simulated]:
    """An org whose objects a test changes."""
    running = simulated.start(tmp_path / "org")
    yield running
    running.stop()


def _describe(org: Simulated, name: str) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    body = org.call("GET", f"/sobjects/{name}/describe").json()
    return body, {field["name"]: field for field in body["fields"]}


def _children(body: dict[str, Any]) -> set[tuple[str, str, str | None, bool]]:
    keys = ("childSObject", "field", "relationshipName", "cascadeDelete")
    return {(one[keys[0]], one[keys[1]], one[keys[2]], one[keys[3]]) for one in body["childRelationships"]}


def test_prefixes_and_flags_of_the_objects(org: Simulated) -> None:
    told = {one["name"]: one for one in org.call("GET", "/sobjects").json()["sobjects"]}
    expected = {
        "Opportunity": ("006", True, True, True, True, True),
        "OpportunityContactRole": ("00K", True, True, True, False, True),
        "OpportunityStage": ("01J", False, False, False, False, False),
        "Campaign": ("701", True, True, True, True, True),
        "CampaignMember": ("00v", True, True, True, False, True),
        "CampaignMemberStatus": ("01Y", True, True, True, False, True),
        "Task": ("00T", True, True, True, True, True),
        "TaskStatus": ("01J", False, False, False, False, False),
        "RecordType": ("012", False, False, False, False, False),
        "UserRole": ("00E", False, False, False, False, False),
    }
    assert {name: tuple(told[name][flag] for flag in _FLAGS) for name in expected} == expected


@pytest.mark.parametrize(
    ("name", "field", "facts"),
    [
        ("Opportunity", "Name", ("string", 120, False, True, True, False, False)),
        ("Opportunity", "StageName", ("picklist", 255, False, True, True, False, False)),
        ("Opportunity", "Amount", ("currency", 0, True, True, True, False, False)),
        ("Opportunity", "ForecastCategory", ("picklist", 40, False, False, False, True, True)),
        ("Opportunity", "ExpectedRevenue", ("currency", 0, True, False, False, False, False)),
        ("Opportunity", "ContactId", ("reference", 18, True, True, False, False, False)),
        # As a recorded describe has it.
        ("OpportunityContactRole", "OpportunityId", ("reference", 18, False, True, False, False, False)),
        ("OpportunityContactRole", "ContactId", ("reference", 18, False, True, True, False, False)),
        ("OpportunityContactRole", "Role", ("picklist", 40, True, True, True, False, False)),
        ("OpportunityContactRole", "IsPrimary", ("boolean", 0, False, True, True, True, False)),
        ("Campaign", "Name", ("string", 80, False, True, True, False, False)),
        ("Campaign", "NumberOfLeads", ("int", 0, False, False, False, False, False)),
        ("CampaignMember", "LeadId", ("reference", 18, True, True, False, False, False)),
        ("CampaignMember", "Status", ("picklist", 40, True, True, True, False, False)),
        ("CampaignMember", "HasResponded", ("boolean", 0, False, False, False, True, False)),
        ("CampaignMember", "CompanyOrAccount", ("string", 255, True, False, False, False, False)),
        ("Task", "Subject", ("combobox", 255, True, True, True, False, False)),
        ("Task", "Status", ("picklist", 40, False, True, True, True, False)),
        ("Task", "AccountId", ("reference", 18, True, False, False, False, False)),
        ("Task", "TaskSubtype", ("picklist", 40, True, True, False, True, True)),
    ],
)
def test_what_describe_tells_of_a_field(org: Simulated, name: str, field: str, facts: tuple[Any, ...]) -> None:
    described = _describe(org, name)[1][field]
    assert tuple(described[fact] for fact in _FACTS) == facts
    assert len(described) == 57


def test_describe_of_a_polymorphic_lookup(org: Simulated) -> None:
    fields = _describe(org, "Task")[1]
    keys = ("label", "relationshipName", "referenceTo", "polymorphicForeignKey", "namePointing")
    assert [fields["WhoId"][key] for key in keys] == ["Name ID", "Who", ["Contact", "Lead"], True, True]
    things = ["Account", "Campaign", "Opportunity"]
    assert [fields["WhatId"][key] for key in keys] == ["Related To ID", "What", things, True, True]


@pytest.mark.parametrize(
    ("name", "children"),
    [
        ("Campaign", {("CampaignMember", "CampaignId", "CampaignMembers", True)}),
        ("Campaign", {("Campaign", "ParentId", "ChildCampaigns", False)}),
        ("Campaign", {("Opportunity", "CampaignId", "Opportunities", False)}),
        ("Opportunity", {("OpportunityContactRole", "OpportunityId", "OpportunityContactRoles", True)}),
        # As a recorded describe has them.
        (
            "Contact",
            {
                ("CampaignMember", "ContactId", "CampaignMembers", True),
                ("CampaignMember", "LeadOrContactId", None, False),
            },
        ),
        ("Lead", {("CampaignMember", "LeadId", "CampaignMembers", True), ("Task", "WhoId", "Tasks", True)}),
        ("Account", {("Task", "WhatId", "Tasks", True), ("Task", "AccountId", None, False)}),
    ],
)
def test_children_of_an_object(org: Simulated, name: str, children: set[tuple[str, str, str | None, bool]]) -> None:
    assert children <= _children(_describe(org, name)[0])


def test_opt_outs_of_members_are_hidden_as_those_of_people(org: Simulated, served_people: Simulated) -> None:
    hidden = {"HasOptedOutOfEmail", "HasOptedOutOfFax", "DoNotCall"}
    assert not hidden & set(_describe(org, "CampaignMember")[1])
    assert hidden <= set(_describe(served_people, "CampaignMember")[1])


def test_the_life_of_a_member(sf: Salesforce) -> None:
    campaign: Any = sf.Campaign.create({"Name": "Fair"})
    lead: Any = sf.Lead.create({"LastName": "Moss", "Company": "Moss Ltd", "Email": "Ada@Moss.example"})
    facts = {"CampaignId": campaign["id"], "LeadId": lead["id"]}
    member: Any = sf.CampaignMember.create(facts)
    with pytest.raises(SalesforceMalformedRequest) as refused:
        sf.CampaignMember.create(facts)
    assert refused.value.content == [
        {"message": "Already a campaign member.", "errorCode": "DUPLICATE_VALUE", "fields": []}
    ]
    assert sf.CampaignMember.update(member["id"], {"Status": "Responded"}) == 204
    read: Any = sf.CampaignMember.get(member["id"])
    shown = ("Name", "Email", "CompanyOrAccount", "Type", "LeadOrContactId", "HasResponded")
    assert [read[name] for name in shown] == ["Moss", "ada@moss.example", "Moss Ltd", "Lead", lead["id"], True]
    counted: Any = sf.Campaign.get(campaign["id"])
    names = ("NumberOfLeads", "NumberOfResponses", "NumberOfContacts", "AmountAllOpportunities")
    assert [counted[name] for name in names] == [1, 1, 0, 0.0]
    assert sf.Campaign.delete(campaign["id"]) == 204
    assert sf.query(f"SELECT Id FROM CampaignMember WHERE Id = '{member['id']}'")["totalSize"] == 0
    gone = sf.query_all(f"SELECT IsDeleted FROM CampaignMember WHERE Id = '{member['id']}'", include_deleted=True)
    assert gone["records"][0]["IsDeleted"] is True


def test_members_in_a_collection_are_judged_one_by_one(org: Simulated, sf: Salesforce) -> None:
    campaign: Any = sf.Campaign.create({"Name": "Fair"})
    leads = [row["Id"] for row in sf.query("SELECT Id FROM Lead LIMIT 2")["records"]]
    records = [
        {"attributes": {"type": "CampaignMember"}, "CampaignId": campaign["id"], "LeadId": lead}
        for lead in (leads[0], leads[1], leads[0])
    ]
    answer = org.call("POST", "/composite/sobjects", json={"allOrNone": False, "records": records})
    assert [one["success"] for one in answer.json()] == [True, True, False]
    assert answer.json()[2]["errors"] == [
        {"statusCode": "DUPLICATE_VALUE", "message": "Already a campaign member.", "fields": []}
    ]


def test_a_composite_makes_a_deal_with_all_around_it(org: Simulated, sf: Salesforce) -> None:
    data = "/services/data/v64.0/sobjects"

    def part(reference: str, name: str, body: dict[str, Any]) -> dict[str, Any]:
        return {"referenceId": reference, "method": "POST", "url": f"{data}/{name}", "body": body}

    parts = [
        part("campaign", "Campaign", {"Name": "Fair"}),
        part("contact", "Contact", {"LastName": "Reed"}),
        part("deal", "Opportunity", {**_DEAL, "CampaignId": "@{campaign.id}", "ContactId": "@{contact.id}"}),
        part("task", "Task", {"WhoId": "@{contact.id}", "WhatId": "@{deal.id}", "Subject": "Call"}),
        part("member", "CampaignMember", {"CampaignId": "@{campaign.id}", "ContactId": "@{contact.id}"}),
    ]
    answer = org.call("POST", "/composite", json={"allOrNone": True, "compositeRequest": parts})
    answers = {one["referenceId"]: one for one in answer.json()["compositeResponse"]}
    assert {name: one["httpStatusCode"] for name, one in answers.items()} == dict.fromkeys(answers, 201)
    query = "SELECT Campaign.NumberOfContacts, Contact.Name, HasOpenActivity FROM Opportunity WHERE Id = '{}'"
    (row,) = sf.query(query.format(answers["deal"]["body"]["id"]))["records"]
    assert (row["Campaign"]["NumberOfContacts"], row["Contact"]["Name"], row["HasOpenActivity"]) == (1, "Reed", True)


def test_bulk_results_hold_what_a_query_tells(served_people: Simulated) -> None:
    people = connect(served_people)
    queries = {
        "CampaignMember": "Id, Campaign.Name, Name, Email, Type, LeadOrContactId, HasResponded, FirstRespondedDate",
        "Campaign": "Id, Name, NumberOfLeads, NumberOfConvertedLeads, HierarchyNumberOfContacts",
        "Opportunity": "Id, StageName, Fiscal, ContactId, HasOverdueTask",
        "Task": "Id, Subject, WhoId, WhatId, AccountId, IsClosed",
    }
    for name, fields in queries.items():
        query = f"SELECT {fields} FROM {name} ORDER BY Id"
        told = [_flat(row) for row in people.query_all(query)["records"]]
        (page,) = getattr(people.bulk2, name).query(query)
        assert list(csv.DictReader(io.StringIO(page))) == told
        assert told


def test_a_kept_bulk_result_is_not_given_for_other_counts(sf: Salesforce) -> None:
    campaign: Any = sf.Campaign.create({"Name": "Fair"})
    lead = sf.query("SELECT Id FROM Lead LIMIT 1")["records"][0]["Id"]
    member: Any = sf.CampaignMember.create({"CampaignId": campaign["id"], "LeadId": lead})
    query = f"SELECT NumberOfLeads FROM Campaign WHERE Id = '{campaign['id']}'"

    def told() -> str:
        (page,) = sf.bulk2.Campaign.query(query)
        return str(page.splitlines()[1])

    assert [told(), told()] == ['"1"', '"1"']
    sf.CampaignMember.delete(member["id"])
    assert told() == '"0"'


def _flat(record: dict[str, Any], before: str = "") -> dict[str, str]:
    """A record as CSV has it."""
    flat: dict[str, str] = {}
    for name, value in record.items():
        if isinstance(value, dict) and name != "attributes":
            flat |= _flat(value, f"{before}{name}.")
        elif name != "attributes":
            flat[before + name] = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return flat


def test_updated_and_deleted_tell_of_members(org: Simulated) -> None:
    # The clock is real again after a reset, which each test begins with.
    org.org.clock.freeze(datetime(2099, 1, 2, 3, 30, tzinfo=UTC))
    sf = connect(org)
    campaign: Any = sf.Campaign.create({"Name": "Fair"})
    leads = [sf.Lead.create({"LastName": name, "Company": "C"})["id"] for name in ("Moss", "Reed")]
    members = [sf.CampaignMember.create({"CampaignId": campaign["id"], "LeadId": lead})["id"] for lead in leads]
    sf.Lead.delete(leads[1])
    span = {"start": "2099-01-02T03:00:00+00:00", "end": "2099-01-02T04:00:00+00:00"}

    def told(what: str, name: str = "CampaignMember") -> dict[str, Any]:
        body: dict[str, Any] = org.call("GET", f"/sobjects/{name}/{what}", params=span).json()
        return body

    assert told("updated")["ids"] == [members[0]]
    assert [one["id"] for one in told("deleted")["deletedRecords"]] == [members[1]]
    assert told("updated", "Campaign")["ids"] == [campaign["id"]]
    org.control("POST", "rights", {"user": "integration", "permission": "ManageUsers"})
    user: Any = sf.User.get(org.org.users.logins["colleague"].user_id)
    assert sf.User.update(user["Id"], {"Title": "Head of Sales"}) == 204
    assert told("updated", "User")["ids"] == [user["Id"]]


def test_a_custom_object_comes_by_the_control_plane(alone: Simulated) -> None:
    facts = {
        "name": "Webinar__c",
        "fields": [
            {"name": "Contact__c", "type": "reference", "reference_to": ["Contact"]},
            {"name": "Code__c", "length": 20, "external_id": True, "unique": True, "id_lookup": True},
        ],
    }
    assert alone.control("POST", "objects", facts)["keyPrefix"] == "a00"
    sf = connect(alone)
    body, fields = _describe(alone, "Webinar__c")
    assert (body["custom"], body["label"], body["keyPrefix"]) == (True, "Webinar", "a00")
    assert (fields["Contact__c"]["relationshipName"], fields["Contact__c"]["custom"]) == ("Contact__r", True)
    assert ("Webinar__c", "Contact__c", "Webinars__r", False) in _children(_describe(alone, "Contact")[0])
    contact: Any = sf.Contact.create({"LastName": "Reed"})
    assert sf.Webinar__c.upsert("Code__c/w-1", {"Name": "Intro", "Contact__c": contact["id"]}) == 201
    webinar: Any = sf.Webinar__c.get_by_custom_id("Code__c", "W-1")
    task: Any = sf.Task.create({"WhatId": webinar["Id"], "Subject": "Prepare"})
    (row,) = sf.query(f"SELECT What.Name, What.Type FROM Task WHERE Id = '{task['id']}'")["records"]
    assert (row["What"]["Name"], row["What"]["Type"]) == ("Intro", "Webinar__c")
    query = f"SELECT Name, (SELECT Name FROM Webinars__r) FROM Contact WHERE Id = '{contact['id']}'"
    assert sf.query(query)["records"][0]["Webinars__r"]["records"][0]["Name"] == "Intro"
    (page,) = sf.bulk2.Webinar__c.query("SELECT Code__c, Contact__r.LastName FROM Webinar__c")
    assert page.splitlines() == ['"Code__c","Contact__r.LastName"', '"w-1","Reed"']
    refused = alone.call("POST", "/sobjects/Webinar__c", json={"Code__c": "w-1"}).json()
    assert refused[0]["errorCode"] == "DUPLICATE_VALUE"
