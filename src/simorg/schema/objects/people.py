"""Lead and Contact (Object Reference for the Salesforce Platform)."""

from simorg.schema.build import (
    INDUSTRIES,
    LEAD_SOURCES,
    RATINGS,
    address,
    area,
    audit,
    build_object,
    date,
    deleted,
    email,
    flag,
    identity,
    lookup,
    moment,
    number,
    person_name,
    phone,
    pick,
    read_only,
    seen,
    text,
    url,
    whole,
)
from simorg.schema.registry import Field, ObjectType

LEAD_STATUSES = ("Open - Not Contacted", "Working - Contacted", "Closed - Converted", "Closed - Not Converted")

_OF_A_LEAD = (
    ("CampaignMember", "LeadId", "CampaignMembers"),
    ("CampaignMember", "LeadOrContactId", None),
    ("Lead", "MasterRecordId", None),
    ("Task", "WhoId", "Tasks"),
)
_OF_A_CONTACT = (
    ("CampaignMember", "ContactId", "CampaignMembers"),
    ("CampaignMember", "LeadOrContactId", None),
    ("Contact", "MasterRecordId", None),
    ("Contact", "ReportsToId", None),
    ("Lead", "ConvertedContactId", None),
    ("Opportunity", "ContactId", None),
    ("OpportunityContactRole", "ContactId", "OpportunityContactRoles"),
    ("Task", "WhoId", "Tasks"),
)


def custom_fields() -> list[Field]:
    """The fields of ours that an org has unless it is bare: the score and our id."""
    return [
        number("Lead_Score__c", "Lead Score", 6, 0, custom=True),
        text("Syncline_Id__c", "Syncline Id", 36, custom=True, external_id=True, unique=True, id_lookup=True),
    ]


def _consent(*, granted: bool) -> list[Field]:
    """Fields that a new org shows to nobody until they are granted."""
    return [
        flag("HasOptedOutOfEmail", "Email Opt Out", permissionable=True, hidden=not granted),
        flag("HasOptedOutOfFax", "Fax Opt Out", permissionable=True, hidden=not granted),
        flag("DoNotCall", "Do Not Call", permissionable=True, hidden=not granted),
    ]


def build_lead(*, bare: bool, granted: bool) -> ObjectType:
    """Lead."""
    fields = [
        identity("Lead"),
        deleted(),
        read_only(lookup("MasterRecordId", "Master Record ID", ("Lead",), "MasterRecord"), permissionable=False),
        *person_name(),
        text("Title", "Title", 128),
        text("Company", "Company", 255, nillable=False, permissionable=False),
        *address("", ""),
        phone("Phone", "Phone"),
        phone("MobilePhone", "Mobile Phone"),
        phone("Fax", "Fax"),
        email(),
        url("Website", "Website"),
        read_only(url("PhotoUrl", "Photo URL"), permissionable=False, components=("Id",)),
        area("Description", "Description", 32000),
        pick("LeadSource", "Lead Source", LEAD_SOURCES),
        pick("Status", "Status", LEAD_STATUSES, default=LEAD_STATUSES[0], nillable=False, defaulted_on_create=True,
             permissionable=False),
        pick("Industry", "Industry", INDUSTRIES),
        pick("Rating", "Rating", RATINGS),
        number("AnnualRevenue", "Annual Revenue", 18, 0, "currency"),
        whole("NumberOfEmployees", "Employees"),
        lookup("OwnerId", "Owner ID", ("Group", "User"), "Owner", nillable=False, defaulted_on_create=True,
               permissionable=False, name_pointing=True),
        *_consent(granted=granted),
        flag("IsConverted", "Converted", updateable=False),
        read_only(date("ConvertedDate", "Converted Date"), permissionable=False),
        read_only(lookup("ConvertedAccountId", "Converted Account ID", ("Account",), "ConvertedAccount"),
                  permissionable=False),
        read_only(lookup("ConvertedContactId", "Converted Contact ID", ("Contact",), "ConvertedContact"),
                  permissionable=False),
        read_only(lookup("ConvertedOpportunityId", "Converted Opportunity ID", ("Opportunity",),
                         "ConvertedOpportunity"), permissionable=False),
        flag("IsUnreadByOwner", "Unread By Owner"),
        *audit(),
        *seen(),
        text("Jigsaw", "Data.com Key", 20),
        read_only(text("JigsawContactId", "Jigsaw Contact ID", 20), permissionable=False),
        text("EmailBouncedReason", "Email Bounced Reason", 255, createable=False, permissionable=False),
        moment("EmailBouncedDate", "Email Bounced Date", createable=False, permissionable=False),
        *([] if bare else custom_fields()),
    ]  # fmt: skip
    return build_object(
        "Lead", "Lead", "Leads", "00Q", fields, children=_OF_A_LEAD, cascades=("CampaignMember.LeadId", "Task"),
        mergeable=True, feed_enabled=True,
    )  # fmt: skip


def build_contact(*, bare: bool, granted: bool) -> ObjectType:
    """Contact."""
    fields = [
        identity("Contact"),
        deleted(),
        read_only(lookup("MasterRecordId", "Master Record ID", ("Contact",), "MasterRecord"), permissionable=False),
        lookup("AccountId", "Account ID", ("Account",), "Account"),
        *person_name(),
        *address("Other", "Other"),
        *address("Mailing", "Mailing"),
        phone("Phone", "Business Phone"),
        phone("Fax", "Business Fax"),
        phone("MobilePhone", "Mobile Phone"),
        phone("HomePhone", "Home Phone"),
        phone("OtherPhone", "Other Phone"),
        phone("AssistantPhone", "Asst. Phone"),
        lookup("ReportsToId", "Reports To ID", ("Contact",), "ReportsTo"),
        email(),
        text("Title", "Title", 128),
        text("Department", "Department", 80),
        text("AssistantName", "Assistant's Name", 40),
        pick("LeadSource", "Lead Source", LEAD_SOURCES),
        date("Birthdate", "Birthdate"),
        area("Description", "Contact Description", 32000),
        lookup("OwnerId", "Owner ID", ("User",), "Owner", nillable=False, defaulted_on_create=True,
               permissionable=False),
        *_consent(granted=granted),
        *audit(),
        read_only(date("LastActivityDate", "Last Activity"), permissionable=False),
        read_only(moment("LastCURequestDate", "Last Stay-in-Touch Request Date"), permissionable=False),
        read_only(moment("LastCUUpdateDate", "Last Stay-in-Touch Save Date"), permissionable=False),
        *seen()[1:],
        text("EmailBouncedReason", "Email Bounced Reason", 255, permissionable=False),
        moment("EmailBouncedDate", "Email Bounced Date", permissionable=False),
        read_only(flag("IsEmailBounced", "Is Email Bounced"), components=("EmailBouncedReason",)),
        read_only(url("PhotoUrl", "Photo URL"), permissionable=False, components=("Id",)),
        text("Jigsaw", "Data.com Key", 20),
        read_only(text("JigsawContactId", "Jigsaw Contact ID", 20), permissionable=False),
        *([] if bare else custom_fields()),
    ]  # fmt: skip
    return build_object(
        "Contact", "Contact", "Contacts", "003", fields, children=_OF_A_CONTACT,
        cascades=("CampaignMember.ContactId", "OpportunityContactRole", "Task"), mergeable=True, feed_enabled=True,
    )  # fmt: skip
