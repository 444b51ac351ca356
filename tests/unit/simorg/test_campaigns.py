"""Campaigns and members: who is a member, what a status means, what is counted, and what follows a person."""

from collections.abc import Sequence
from typing import Any

import pytest

from simorg.behaviour.conversion import Conversion, convert
from simorg.behaviour.merge import merge
from simorg.org import Org
from tests.unit.simorg.querying import ask
from tests.unit.simorg.writing import create, delete, make, stored, told, undelete, update, user_id

_COUNTS = ("NumberOfLeads", "NumberOfConvertedLeads", "NumberOfContacts", "NumberOfResponses")
_RESULTS = ("NumberOfOpportunities", "NumberOfWonOpportunities", "AmountAllOpportunities", "AmountWonOpportunities")


def _numbers(org: Org, campaign: str, names: Sequence[str] = _COUNTS) -> list[Any]:
    (row,) = ask(org, f"SELECT {', '.join(names)} FROM Campaign WHERE Id = '{campaign}'")
    return [row[name] for name in names]


def _status(org: Org, campaign: str, label: str) -> str:
    where = f"CampaignId = '{campaign}' AND Label = '{label}'"
    (row,) = ask(org, f"SELECT Id FROM CampaignMemberStatus WHERE {where}")
    return str(row["Id"])


def _convert(org: Org, lead: str, **asked: Any) -> str:
    with org.storage.transaction(user_id(org)) as tx:
        done = convert(org, tx, Conversion(lead, "Closed - Converted", **asked))
    assert done.error is None
    assert done.contact_id
    return done.contact_id


def _merge(org: Org, name: str, master: str, loser: str) -> tuple[str, ...]:
    with org.storage.transaction(user_id(org)) as tx:
        done = merge(org, tx, org.schema.get(name), master, [loser], {})
    assert done.error is None
    return done.related


def test_a_new_campaign_has_two_statuses_and_a_plan(org: Org) -> None:
    campaign = make(org, "Campaign")
    (row,) = ask(
        org,
        "SELECT Status, IsActive, (SELECT Label, IsDefault, HasResponded FROM CampaignMemberStatuses ORDER BY"
        f" SortOrder) FROM Campaign WHERE Id = '{campaign}'",
    )
    assert (row["Status"], row["IsActive"]) == ("Planned", False)
    statuses = row["CampaignMemberStatuses"]["records"]
    assert [(one["Label"], one["IsDefault"], one["HasResponded"]) for one in statuses] == [
        ("Sent", True, False),
        ("Responded", False, True),
    ]
    assert update(org, "Campaign", campaign, Name="Renamed").success
    assert len(ask(org, f"SELECT Id FROM CampaignMemberStatus WHERE CampaignId = '{campaign}'")) == 2
    assert told(create(org, "Campaign"))[1] == "Required fields are missing: [Name]"


def test_a_status_means_a_response_and_the_first_day_stays(org: Org) -> None:
    member = make(org, "CampaignMember", CampaignId=make(org, "Campaign"), LeadId=make(org, "Lead"))
    facts = ("Status", "HasResponded", "FirstRespondedDate")

    def found() -> list[Any]:
        row = stored(org, "CampaignMember", member)
        return [row[name] for name in facts]

    assert found() == ["Sent", 0, None]
    first = org.clock.now().date().isoformat()
    assert update(org, "CampaignMember", member, Status="responded").success
    assert found() == ["Responded", 1, first]
    org.clock.advance(86_400)
    assert update(org, "CampaignMember", member, Status="Sent").success
    assert found() == ["Sent", 0, first]
    assert update(org, "CampaignMember", member, Status="Responded").success
    assert found() == ["Responded", 1, first]
    assert update(org, "CampaignMember", member, Status=None).success
    assert found() == ["Sent", 0, first]


def test_an_unknown_status_becomes_the_default_or_is_refused(org: Org) -> None:
    campaign = make(org, "Campaign")
    member = make(org, "CampaignMember", CampaignId=campaign, LeadId=make(org, "Lead"), Status="Danced")
    assert stored(org, "CampaignMember", member)["Status"] == "Sent"
    org.settings.refuse_unknown_member_status = True
    refused = told(create(org, "CampaignMember", CampaignId=campaign, LeadId=make(org, "Lead"), Status="Danced"))
    assert (refused[0], refused[2]) == ("INVALID_STATUS", ("Status",))
    assert told(update(org, "CampaignMember", member, Status="Danced"))[0] == "INVALID_STATUS"
    assert update(org, "CampaignMember", member, Status="Responded").success


@pytest.mark.parametrize(("field", "name"), [("LeadId", "Lead"), ("ContactId", "Contact")])
def test_a_person_is_a_member_once(org: Org, field: str, name: str) -> None:
    campaign, person = make(org, "Campaign"), make(org, name)
    member = make(org, "CampaignMember", CampaignId=campaign, **{field: person})
    again = create(org, "CampaignMember", CampaignId=campaign, **{field: person})
    assert told(again) == ("DUPLICATE_VALUE", "Already a campaign member.", ())
    make(org, "CampaignMember", CampaignId=make(org, "Campaign"), **{field: person})
    assert delete(org, "CampaignMember", member).success
    make(org, "CampaignMember", CampaignId=campaign, **{field: person})


def test_who_cannot_be_a_member(org: Org) -> None:
    campaign, lead, contact = make(org, "Campaign"), make(org, "Lead"), make(org, "Contact")
    assert told(create(org, "CampaignMember", LeadId=lead))[1] == "Required fields are missing: [CampaignId]"
    for persons in ({}, {"LeadId": lead, "ContactId": contact}):
        assert told(create(org, "CampaignMember", CampaignId=campaign, **persons))[0] == "FIELD_INTEGRITY_EXCEPTION"
    assert told(create(org, "CampaignMember", CampaignId=campaign, LeadId=contact)) == (
        "FIELD_INTEGRITY_EXCEPTION",
        f"Lead ID: id value of incorrect type: {contact}",
        ("LeadId",),
    )
    _convert(org, lead)
    refused = told(create(org, "CampaignMember", CampaignId=campaign, LeadId=lead))
    assert refused == ("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", ())


def test_a_member_stays_who_and_where_it_is(org: Org) -> None:
    member = make(org, "CampaignMember", CampaignId=make(org, "Campaign"), LeadId=make(org, "Lead"))
    for name in ("CampaignId", "LeadId", "ContactId", "HasResponded", "FirstName", "CompanyOrAccount"):
        assert told(update(org, "CampaignMember", member, **{name: None}))[2] == (name,)


def test_members_show_their_person(org: Org) -> None:
    campaign, account = make(org, "Campaign"), make(org, "Account", Name="Reed Mills")
    lead = make(org, "Lead", FirstName="Ada", LastName="Reed", Email="ada@reed.example", City="Leeds")
    contact = make(org, "Contact", LastName="Moss", AccountId=account, MailingCity="York")
    for person in ({"LeadId": lead}, {"ContactId": contact}):
        make(org, "CampaignMember", CampaignId=campaign, **person)
    query = (
        "SELECT Name, Email, City, CompanyOrAccount, Type, LeadOrContactId, LeadOrContact.Name FROM CampaignMember"
        f" WHERE CampaignId = '{campaign}' ORDER BY Type DESC"
    )
    names = ("Name", "Email", "City", "CompanyOrAccount", "Type", "LeadOrContactId")
    rows = ask(org, query)
    assert [[row[name] for name in names] for row in rows] == [
        ["Ada Reed", "ada@reed.example", "Leeds", "Moss Ltd", "Lead", lead],
        ["Moss", None, "York", "Reed Mills", "Contact", contact],
    ]
    assert [row["LeadOrContact"]["Name"] for row in rows] == ["Ada Reed", "Moss"]
    assert update(org, "Lead", lead, City="Hull").success
    assert [row["City"] for row in ask(org, query)] == ["Hull", "York"]
    assert ask(org, f"SELECT Id FROM CampaignMember WHERE City = 'hull' AND CampaignId = '{campaign}'")


def test_what_the_org_counts(org: Org) -> None:
    campaign = make(org, "Campaign")
    other = make(org, "Campaign")
    leads = [make(org, "Lead") for _ in range(3)]
    members = [make(org, "CampaignMember", CampaignId=campaign, LeadId=lead) for lead in leads]
    make(org, "CampaignMember", CampaignId=campaign, ContactId=make(org, "Contact"), Status="Responded")
    before = stored(org, "Campaign", campaign)["SystemModstamp"]
    org.clock.advance(60)
    assert _numbers(org, campaign) == [3, 0, 1, 1]
    _convert(org, leads[0])
    assert _numbers(org, campaign) == [3, 1, 2, 1]
    assert delete(org, "CampaignMember", members[1]).success
    assert delete(org, "Lead", leads[2]).success
    assert _numbers(org, campaign) == [1, 1, 2, 1]
    assert undelete(org, "Lead", leads[2]).success
    assert _numbers(org, campaign) == [2, 1, 2, 1]
    assert _numbers(org, other) == [0, 0, 0, 0]
    assert stored(org, "Campaign", campaign)["SystemModstamp"] == before


def test_amounts_of_opportunities_and_of_the_hierarchy(org: Org) -> None:
    top = make(org, "Campaign", ActualCost=100)
    middle = make(org, "Campaign", ParentId=top, ActualCost=20, NumberSent=7)
    bottom = make(org, "Campaign", ParentId=middle)
    make(org, "Opportunity", CampaignId=top, Amount=10)
    make(org, "Opportunity", CampaignId=bottom, Amount=30, StageName="Closed Won")
    lost = make(org, "Opportunity", CampaignId=bottom, Amount=500, StageName="Closed Won")
    assert delete(org, "Opportunity", lost).success
    make(org, "CampaignMember", CampaignId=bottom, LeadId=make(org, "Lead"), Status="Responded")
    assert _numbers(org, top, _RESULTS) == [1, 0, 10.0, 0.0]
    assert _numbers(org, bottom, _RESULTS) == [1, 1, 30.0, 30.0]
    hierarchy = [f"Hierarchy{name}" for name in (*_RESULTS, "NumberOfLeads", "NumberOfResponses", "ActualCost")]
    assert _numbers(org, top, hierarchy) == [2, 1, 40.0, 30.0, 1, 1, 120.0]
    assert _numbers(org, middle, [*hierarchy, "HierarchyNumberSent"]) == [1, 1, 30.0, 30.0, 1, 1, 20.0, 7.0]
    assert delete(org, "Campaign", bottom).success
    assert _numbers(org, top, hierarchy)[:5] == [1, 0, 10.0, 0.0, 0]


def test_a_campaign_hangs_below_no_descendant(org: Org) -> None:
    top = make(org, "Campaign")
    child = make(org, "Campaign", ParentId=make(org, "Campaign", ParentId=top))
    for parent in (child, top):
        refused = told(update(org, "Campaign", top, ParentId=parent))
        assert (refused[0], refused[2]) == ("CIRCULAR_DEPENDENCY", ("ParentId",))
    assert update(org, "Campaign", child, ParentId=top).success


def test_statuses_keep_a_default_and_a_response(org: Org) -> None:
    campaign = make(org, "Campaign")
    sent, responded = _status(org, campaign, "Sent"), _status(org, campaign, "Responded")
    assert told(update(org, "CampaignMemberStatus", sent, IsDefault=False))[0] == "FIELD_INTEGRITY_EXCEPTION"
    assert told(update(org, "CampaignMemberStatus", responded, HasResponded=False))[0] == "FIELD_INTEGRITY_EXCEPTION"
    assert told(create(org, "CampaignMemberStatus", CampaignId=campaign, Label="sent"))[0] == "DUPLICATE_VALUE"
    assert told(delete(org, "CampaignMemberStatus", sent))[0] == "DELETE_FAILED"
    attended = make(
        org, "CampaignMemberStatus", CampaignId=campaign, Label="Attended", IsDefault=True, HasResponded=True
    )
    row = stored(org, "CampaignMemberStatus", attended)
    assert (row["SortOrder"], row["IsDefault"]) == (3, 1)
    assert stored(org, "CampaignMemberStatus", sent)["IsDefault"] == 0
    member = make(org, "CampaignMember", CampaignId=campaign, LeadId=make(org, "Lead"))
    assert stored(org, "CampaignMember", member)["Status"] == "Attended"
    assert delete(org, "CampaignMemberStatus", sent).success


def test_members_keep_up_with_their_status(org: Org) -> None:
    campaign = make(org, "Campaign")
    member = make(org, "CampaignMember", CampaignId=campaign, LeadId=make(org, "Lead"))
    sent = _status(org, campaign, "Sent")
    assert update(org, "CampaignMemberStatus", sent, Label="Invited", HasResponded=True).success
    row = stored(org, "CampaignMember", member)
    assert (row["Status"], row["HasResponded"]) == ("Invited", 1)
    assert row["FirstRespondedDate"] == org.clock.now().date().isoformat()
    assert told(delete(org, "CampaignMemberStatus", sent))[0] == "DELETE_FAILED"


def test_members_fall_and_come_back_with_the_campaign(org: Org) -> None:
    campaign = make(org, "Campaign")
    kept = make(org, "CampaignMember", CampaignId=campaign, LeadId=make(org, "Lead"))
    gone = make(org, "CampaignMember", CampaignId=campaign, LeadId=make(org, "Lead"))
    assert delete(org, "CampaignMember", gone).success
    assert told(undelete(org, "CampaignMember", gone))[0] == "UNDELETE_FAILED"
    org.clock.advance(60)
    status = _status(org, campaign, "Sent")
    family = [("Campaign", campaign), ("CampaignMember", kept), ("CampaignMemberStatus", status)]
    for act, deleted in ((delete, 1), (undelete, 0)):
        assert act(org, "Campaign", campaign).success
        assert [stored(org, *one)["IsDeleted"] for one in family] == [deleted] * 3
    assert stored(org, "CampaignMember", gone)["IsDeleted"] == 1


def test_a_converted_leads_members_are_the_contacts_too(org: Org) -> None:
    older, newer, lead = make(org, "Campaign"), make(org, "Campaign"), make(org, "Lead")
    member = make(org, "CampaignMember", CampaignId=older, LeadId=lead)
    org.clock.advance(60)
    make(org, "CampaignMember", CampaignId=newer, LeadId=lead)
    contact = _convert(org, lead)
    row = stored(org, "CampaignMember", member)
    assert (row["LeadId"], row["ContactId"]) == (lead, contact)
    (shown,) = ask(org, f"SELECT Type, LeadOrContactId FROM CampaignMember WHERE Id = '{member}'")
    assert (shown["Type"], shown["LeadOrContactId"]) == ("Contact", contact)
    (deal,) = ask(org, f"SELECT CampaignId, ContactId FROM Opportunity WHERE ContactId = '{contact}'")
    assert deal["CampaignId"] == newer
    assert delete(org, "Lead", lead).success
    assert stored(org, "CampaignMember", member)["IsDeleted"] == 0
    assert delete(org, "Contact", contact).success
    assert stored(org, "CampaignMember", member)["IsDeleted"] == 1


@pytest.mark.parametrize(("of_lead", "of_contact"), [("Responded", "Sent"), ("Sent", "Responded")])
def test_conversion_into_a_member_keeps_the_later_status(org: Org, of_lead: str, of_contact: str) -> None:
    campaign, lead, account = make(org, "Campaign"), make(org, "Lead"), make(org, "Account", Name="A")
    contact = make(org, "Contact", AccountId=account)
    make(org, "CampaignMember", CampaignId=campaign, LeadId=lead, Status=of_lead)
    make(org, "CampaignMember", CampaignId=campaign, ContactId=contact, Status=of_contact)
    assert _convert(org, lead, account_id=account, contact_id=contact) == contact
    (row,) = ask(org, f"SELECT LeadId, ContactId, Status FROM CampaignMember WHERE CampaignId = '{campaign}'")
    assert (row["LeadId"], row["ContactId"], row["Status"]) == (lead, contact, "Responded")


@pytest.mark.parametrize(("field", "name"), [("LeadId", "Lead"), ("ContactId", "Contact")])
def test_members_follow_a_merge_and_stay_one_for_a_campaign(org: Org, field: str, name: str) -> None:
    common, own = make(org, "Campaign"), make(org, "Campaign")
    master, loser = make(org, name), make(org, name)
    kept = make(org, "CampaignMember", CampaignId=common, **{field: master})
    united = make(org, "CampaignMember", CampaignId=common, **{field: loser}, Status="Responded")
    moved = make(org, "CampaignMember", CampaignId=own, **{field: loser})
    assert set(_merge(org, name, master, loser)) == {kept, moved}
    assert stored(org, "CampaignMember", moved)[field] == master
    row = stored(org, "CampaignMember", kept)
    assert (row["Status"], row["HasResponded"]) == ("Responded", 1)
    assert row["FirstRespondedDate"] == org.clock.now().date().isoformat()
    assert stored(org, "CampaignMember", united)["IsDeleted"] == 1
