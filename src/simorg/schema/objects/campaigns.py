"""Campaign, CampaignMember and CampaignMemberStatus (Object Reference for the Salesforce Platform).

The org counts a campaign's members and opportunities ("Campaign Fields", Salesforce Help), and a member shows the
facts of its Lead or Contact: none of these is stored, so that none is ever out of date.
"""

from typing import Any

from simorg.schema.build import (
    LEAD_SOURCES,
    PERSON_PREFIXES,
    area,
    audit,
    build_object,
    date,
    deleted,
    email,
    flag,
    identity,
    lookup,
    number,
    phone,
    pick,
    read_only,
    seen,
    text,
    whole,
)
from simorg.schema.registry import Field, ObjectType

_TYPES = (
    "Conference", "Webinar", "Trade Show", "Public Relations", "Partners", "Referral Program", "Advertisement",
    "Banner Ads", "Direct Mail", "Email", "Telemarketing", "Other",
)  # fmt: skip
_STATUSES = ("Planned", "In Progress", "Completed", "Aborted")

_TREE = (
    'WITH RECURSIVE tree(id) AS (SELECT r."Id" UNION SELECT c."Id" FROM tree JOIN {Campaign} c ON'
    ' c."ParentId" = tree.id WHERE c."IsDeleted" = 0)'
)
_MEMBERS = '{CampaignMember} m ON m."CampaignId" = tree.id AND m."IsDeleted" = 0'
_DEALS = '{Opportunity} o ON o."CampaignId" = tree.id AND o."IsDeleted" = 0'
_CONVERTED = '{Lead} l ON l."Id" = m."LeadId" AND l."IsConverted" = 1'
#: What the org counts → label, what is counted among the campaigns of `tree`. A member that was converted counts as
#: a Lead and as a Contact (Salesforce Help, article 003964576).
_COUNTS = {
    "NumberOfLeads": ("Leads", f'count(m."LeadId") FROM tree JOIN {_MEMBERS}'),
    "NumberOfConvertedLeads": ("Converted Leads", f"count(*) FROM tree JOIN {_MEMBERS} JOIN {_CONVERTED}"),
    "NumberOfContacts": ("Contacts", f'count(m."ContactId") FROM tree JOIN {_MEMBERS}'),
    "NumberOfResponses": ("Responses", f'count(*) FROM tree JOIN {_MEMBERS} AND m."HasResponded" = 1'),
    "NumberOfOpportunities": ("Opportunities", f"count(*) FROM tree JOIN {_DEALS}"),
    "NumberOfWonOpportunities": ("Won Opportunities", f'count(*) FROM tree JOIN {_DEALS} AND o."IsWon" = 1'),
}
_VALUE = f'total(o."Amount") FROM tree JOIN {_DEALS}'
_AMOUNTS = {
    "AmountAllOpportunities": ("Value Opportunities", _VALUE),
    "AmountWonOpportunities": ("Value Won Opportunities", f'{_VALUE} AND o."IsWon" = 1'),
}
_SUMS = {
    "NumberSent": "Total Num Sent in Hierarchy",
    "ExpectedRevenue": "Total Expected Revenue in Hierarchy",
    "BudgetedCost": "Total Budgeted Cost in Hierarchy",
    "ActualCost": "Total Actual Cost in Hierarchy",
}
#: Fields of a member → the Lead's field and the Contact's.
_MIRRORED = {
    "Street": "MailingStreet", "City": "MailingCity", "State": "MailingState", "PostalCode": "MailingPostalCode",
    "Country": "MailingCountry",
}  # fmt: skip
_FULL_NAME = "nullif(trim(ifnull(p.\"FirstName\" || ' ', '') || ifnull(p.\"LastName\", '')), '')"


def build_campaigns(*, granted: bool) -> list[ObjectType]:
    """All of them. `granted`: with the opt-out fields that new orgs hide."""
    return [_campaign(), _member(granted=granted), _member_status()]


def _campaign() -> ObjectType:
    fields = [
        identity("Campaign"),
        deleted(),
        text("Name", "Name", 80, nillable=False, permissionable=False, name_field=True),
        lookup("ParentId", "Parent Campaign ID", ("Campaign",), "Parent"),
        pick("Type", "Type", _TYPES, length=40),
        pick("Status", "Status", _STATUSES, length=40, default=_STATUSES[0], defaulted_on_create=True),
        date("StartDate", "Start Date"),
        date("EndDate", "End Date"),
        number("ExpectedRevenue", "Expected Revenue in Campaign", 18, 0, "currency"),
        number("BudgetedCost", "Budgeted Cost in Campaign", 18, 0, "currency"),
        number("ActualCost", "Actual Cost in Campaign", 18, 0, "currency"),
        number("ExpectedResponse", "Expected Response (%)", 10, 2, "percent"),
        number("NumberSent", "Num Sent in Campaign", 18, 0),
        flag("IsActive", "Active", permissionable=True),
        area("Description", "Description", 32000),
        *_results(),
        *_hierarchy_results(),
        lookup("OwnerId", "Owner ID", ("User",), "Owner", nillable=False, defaulted_on_create=True,
               permissionable=False),
        *audit(),
        *seen(),
        lookup("CampaignMemberRecordTypeId", "Record Type ID", ("RecordType",), "CampaignMemberRecordType",
               permissionable=False),
    ]  # fmt: skip
    children = [
        ("Campaign", "ParentId", "ChildCampaigns"),
        ("CampaignMember", "CampaignId", "CampaignMembers"),
        ("CampaignMemberStatus", "CampaignId", "CampaignMemberStatuses"),
        ("Opportunity", "CampaignId", "Opportunities"),
        ("Task", "WhatId", "Tasks"),
    ]
    return build_object(
        "Campaign", "Campaign", "Campaigns", "701", fields, children=children,
        cascades=("CampaignMember", "CampaignMemberStatus", "Task"), feed_enabled=True,
    )  # fmt: skip


def _results() -> list[Field]:
    """What the org counts and sums up of the campaign itself."""
    alone = '(WITH tree(id) AS (SELECT r."Id") SELECT %s)'
    return _counted("", "in Campaign", alone)


def _hierarchy_results() -> list[Field]:
    """The same of the campaign with all that hang below it."""
    whole_tree = f"({_TREE} SELECT %s)"
    sums = [
        read_only(
            number(f"Hierarchy{name}", label, 18, 0, "double" if name == "NumberSent" else "currency"),
            derived=whole_tree % f'sum(c."{name}") FROM tree JOIN {{Campaign}} c ON c."Id" = tree.id',
        )
        for name, label in _SUMS.items()
    ]
    return [*_counted("Hierarchy", "in Hierarchy", whole_tree), *sums]


def _counted(prefix: str, where: str, frame: str) -> list[Field]:
    counts = [
        read_only(whole(prefix + name, f"{label} {where}", 9, nillable=False), derived=frame % what)
        for name, (label, what) in _COUNTS.items()
    ]
    amounts = [
        read_only(number(prefix + name, f"{label} {where}", 18, 0, "currency", nillable=False), derived=frame % what)
        for name, (label, what) in _AMOUNTS.items()
    ]
    return [*counts, *amounts]


def _member(*, granted: bool) -> ObjectType:
    fixed: dict[str, Any] = {"updateable": False, "permissionable": False}
    fields = [
        identity("Campaign Member"),
        deleted(),
        lookup("CampaignId", "Campaign ID", ("Campaign",), "Campaign", nillable=False, **fixed),
        lookup("LeadId", "Lead ID", ("Lead",), "Lead", **fixed),
        lookup("ContactId", "Contact ID", ("Contact",), "Contact", **fixed),
        pick("Status", "Status", ("Sent", "Responded"), length=40, permissionable=False),
        read_only(flag("HasResponded", "Responded")),
        *audit(),
        read_only(date("FirstRespondedDate", "First Responded Date"), permissionable=False),
        *_mirrors(granted=granted),
        *_who(),
    ]
    return build_object(
        "CampaignMember", "Campaign Member", "Campaign Members", "00v", fields, undeletable=False, searchable=False,
        mru_enabled=False,
    )  # fmt: skip


def _mirrors(*, granted: bool) -> list[Field]:
    """What a member shows of its Lead or Contact."""
    shown = [
        pick("Salutation", "Salutation", PERSON_PREFIXES, length=40),
        text("FirstName", "First Name", 40),
        text("LastName", "Last Name", 80),
        text("Title", "Title", 128),
        area("Street", "Street", 255),
        text("City", "City", 40),
        text("State", "State/Province", 80),
        text("PostalCode", "Zip/Postal Code", 20),
        text("Country", "Country", 80),
        email(id_lookup=False),
        phone("Phone", "Phone"),
        phone("Fax", "Fax"),
        phone("MobilePhone", "Mobile"),
        area("Description", "Description", 32000),
        flag("DoNotCall", "Do Not Call", hidden=not granted),
        flag("HasOptedOutOfEmail", "Email Opt Out", hidden=not granted),
        flag("HasOptedOutOfFax", "Fax Opt Out", hidden=not granted),
        pick("LeadSource", "Lead Source", LEAD_SOURCES),
    ]
    name = read_only(text("Name", "Name", 121, permissionable=False), name_field=True)
    return [
        _mirror(name, _FULL_NAME, _FULL_NAME, ("Lead.Name", "Contact.Name")),
        *[
            _mirror(
                one,
                f'p."{one.name}"',
                f'p."{_MIRRORED.get(one.name, one.name)}"',
                (f"Lead.{one.name}", f"Contact.{_MIRRORED.get(one.name, one.name)}"),
            )
            for one in shown
        ],
    ]


def _who() -> list[Field]:
    """Who a member is, whether Lead or Contact."""
    account = '(SELECT a."Name" FROM {Account} a WHERE a."Id" = p."AccountId")'
    owner = lookup("LeadOrContactOwnerId", "Lead/Contact Owner ID", ("Group", "User"), "LeadOrContactOwner",
                   name_pointing=True)  # fmt: skip
    person = lookup("LeadOrContactId", "Lead/Contact ID", ("Contact", "Lead"), "LeadOrContact", name_pointing=True)
    kind = pick("Type", "Type", ("Contact", "Lead"), length=40)
    return [
        _mirror(
            text("CompanyOrAccount", "Company (Account)", 255),
            'p."Company"',
            account,
            ("Lead.Company", "Contact.AccountId"),
        ),
        _mirror(kind, "'Lead'", "'Contact'", ("Lead.Id", "Contact.Id")),
        read_only(person, permissionable=False, derived='coalesce(r."ContactId", r."LeadId")'),
        _mirror(owner, 'p."OwnerId"', 'p."OwnerId"', ("Lead.OwnerId", "Contact.OwnerId")),
    ]


def _mirror(field: Field, of_lead: str, of_contact: str, mirrors: tuple[str, ...]) -> Field:
    """A field that shows one of the Contact, or of the Lead where there is no Contact."""
    derived = (
        f'CASE WHEN r."ContactId" IS NULL THEN (SELECT {of_lead} FROM {{Lead}} p WHERE p."Id" = r."LeadId")'
        f' ELSE (SELECT {of_contact} FROM {{Contact}} p WHERE p."Id" = r."ContactId") END'
    )
    return read_only(field, permissionable=False, derived=derived, mirrors=mirrors)


def _member_status() -> ObjectType:
    plain: dict[str, Any] = {"permissionable": False}
    fields = [
        identity("Campaign Member Status"),
        deleted(),
        lookup("CampaignId", "Campaign ID", ("Campaign",), "Campaign", nillable=False, updateable=False, **plain),
        text("Label", "Label", 765, nillable=False, name_field=True, groupable=False, **plain),
        whole("SortOrder", "Sort Order", 9, nillable=False, defaulted_on_create=True, **plain),
        flag("IsDefault", "Is Default"),
        flag("HasResponded", "Responded"),
        *audit(),
    ]
    return build_object(
        "CampaignMemberStatus", "Campaign Member Status", "Campaign Member Statuses", "01Y", fields,
        undeletable=False, searchable=False, layoutable=False, mru_enabled=False,
    )  # fmt: skip
