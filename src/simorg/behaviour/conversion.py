"""Lead conversion: a Lead becomes a Contact at an Account, and an Opportunity unless told otherwise.

Source: SOAP API Developer Guide, convertLead(). Only empty fields of a given Account or Contact are filled; LeadSource
is overwritten only when asked; a Lead of a queue needs a user as owner of what it becomes. Campaign members and tasks
go to the Contact ("Considerations for Converting Leads", Salesforce Help), which becomes the Opportunity's primary one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from simorg.behaviour.campaigns import convert_members
from simorg.behaviour.opportunities import imply_by_stage, make_primary
from simorg.behaviour.tasks import convert_tasks
from simorg.errors import RowError
from simorg.fidelity import say
from simorg.org import Org
from simorg.transactions import StoredValue, Transaction

_FIRST_STAGE = "Prospecting"
_TO_CONTACT = {
    "FirstName": "FirstName", "LastName": "LastName", "Salutation": "Salutation", "Title": "Title", "Email": "Email",
    "Phone": "Phone", "MobilePhone": "MobilePhone", "Fax": "Fax", "Description": "Description",
    "Street": "MailingStreet", "City": "MailingCity", "State": "MailingState", "PostalCode": "MailingPostalCode",
    "Country": "MailingCountry", "Latitude": "MailingLatitude", "Longitude": "MailingLongitude",
    "GeocodeAccuracy": "MailingGeocodeAccuracy", "LeadSource": "LeadSource",
    "EmailBouncedReason": "EmailBouncedReason", "EmailBouncedDate": "EmailBouncedDate",
}  # fmt: skip
#: Consent is never lost by a conversion: whoever opted out stays opted out.
_CONSENT = ("HasOptedOutOfEmail", "HasOptedOutOfFax", "DoNotCall")
_TO_ACCOUNT = {
    "Company": "Name", "Phone": "Phone", "Fax": "Fax", "Website": "Website", "Industry": "Industry",
    "Rating": "Rating", "AnnualRevenue": "AnnualRevenue", "NumberOfEmployees": "NumberOfEmployees",
    "Street": "BillingStreet", "City": "BillingCity", "State": "BillingState", "PostalCode": "BillingPostalCode",
    "Country": "BillingCountry", "LeadSource": "AccountSource",
}  # fmt: skip


@dataclass(frozen=True)
class Conversion:
    """What is asked for; ids have 18 characters."""

    lead_id: str
    converted_status: str
    account_id: str | None = None
    contact_id: str | None = None
    opportunity_name: str | None = None
    owner_id: str | None = None
    without_opportunity: bool = False
    overwrite_lead_source: bool = False


@dataclass(frozen=True)
class Converted:
    """What a Lead became, or why it did not."""

    lead_id: str | None
    account_id: str | None = None
    contact_id: str | None = None
    opportunity_id: str | None = None
    error: RowError | None = None


def convert(org: Org, tx: Transaction, asked: Conversion) -> Converted:
    """Converts one Lead."""
    lead = tx.get("Lead", asked.lead_id) if asked.lead_id[:3] == "00Q" else None
    error = _find_obstacle(tx, asked, lead)
    if error or lead is None:
        return Converted(asked.lead_id, error=error)
    owner = asked.owner_id or str(lead["OwnerId"])
    if owner[:3] != "005":
        return Converted(asked.lead_id, error=RowError("INVALID_FIELD", say("conversion.owner"), ("OwnerId",)))
    account_id = _settle_account(tx, asked, lead, owner)
    contact_id = _settle_contact(org, tx, asked, lead, account_id, owner)
    campaign_id = convert_members(tx, asked.lead_id, contact_id)
    opportunity_id = None
    if not asked.without_opportunity:
        opportunity_id = _make_opportunity(tx, asked, lead, account_id, owner, campaign_id)
        make_primary(tx, opportunity_id, contact_id)
    convert_tasks(org, tx, asked.lead_id, contact_id, opportunity_id or account_id, asked.owner_id)
    changes: dict[str, StoredValue] = {
        "IsConverted": 1,
        "Status": asked.converted_status,
        "ConvertedDate": org.clock.now().astimezone(org.time_zone).date().isoformat(),
        "ConvertedAccountId": account_id,
        "ConvertedContactId": contact_id,
        "ConvertedOpportunityId": opportunity_id,
        "IsUnreadByOwner": 0,
    }
    tx.update("Lead", asked.lead_id, changes)
    return Converted(asked.lead_id, account_id, contact_id, opportunity_id)


def _find_obstacle(tx: Transaction, asked: Conversion, lead: Mapping[str, StoredValue] | None) -> RowError | None:
    if lead is None:
        return RowError("INVALID_CROSS_REFERENCE_KEY", say("dml.invalid_cross_reference"))
    if lead["IsDeleted"]:
        return RowError("ENTITY_IS_DELETED", say("dml.entity_is_deleted"))
    if lead["IsConverted"]:
        return RowError("CANNOT_UPDATE_CONVERTED_LEAD", say("conversion.already", id=asked.lead_id))
    status = tx.select("LeadStatus", '"MasterLabel" = ? AND "IsConverted" = 1', [asked.converted_status])
    if not status:
        return RowError("INVALID_STATUS", say("conversion.converted_status", status=asked.converted_status))
    if asked.contact_id and not asked.account_id:
        return RowError("INVALID_FIELD", say("conversion.account_needed"))
    for name, record_id in (("Account", asked.account_id), ("Contact", asked.contact_id), ("User", asked.owner_id)):
        found = tx.get(name, record_id) if record_id else None
        if record_id and (found is None or found.get("IsDeleted")):
            return RowError("INVALID_CROSS_REFERENCE_KEY", say("dml.invalid_cross_reference"))
    return None


def _settle_account(tx: Transaction, asked: Conversion, lead: Mapping[str, StoredValue], owner: str) -> str:
    values = {target: lead.get(source) for source, target in _TO_ACCOUNT.items() if lead.get(source) is not None}
    if asked.account_id is None:
        return tx.insert("Account", {**values, "OwnerId": owner})
    _fill_blanks(tx, "Account", asked.account_id, values)
    return asked.account_id


def _settle_contact(
    org: Org, tx: Transaction, asked: Conversion, lead: Mapping[str, StoredValue], account_id: str, owner: str
) -> str:
    one = org.schema.get("Contact")
    names = {**_TO_CONTACT, **{name: name for name in lead if name.endswith("__c") and name.lower() in one.fields}}
    values = {target: lead.get(source) for source, target in names.items() if lead.get(source) is not None}
    consent: dict[str, StoredValue] = {name: 1 for name in _CONSENT if lead.get(name)}
    if asked.contact_id is None:
        blank: dict[str, StoredValue] = dict.fromkeys(_CONSENT, 0)
        return tx.insert("Contact", {**blank, **values, **consent, "AccountId": account_id, "OwnerId": owner})
    forced = {"LeadSource": values["LeadSource"]} if asked.overwrite_lead_source and "LeadSource" in values else {}
    _fill_blanks(tx, "Contact", asked.contact_id, {**values, "AccountId": account_id}, {**forced, **consent})
    return asked.contact_id


def _fill_blanks(
    tx: Transaction,
    object_name: str,
    record_id: str,
    values: Mapping[str, StoredValue],
    forced: Mapping[str, StoredValue] | None = None,
) -> None:
    before = tx.get(object_name, record_id)
    assert before is not None
    changes = {name: value for name, value in values.items() if before.get(name) is None}
    changes |= {name: value for name, value in (forced or {}).items() if before.get(name) != value}
    if changes:
        tx.update(object_name, record_id, changes)


def _make_opportunity(
    tx: Transaction,
    asked: Conversion,
    lead: Mapping[str, StoredValue],
    account_id: str,
    owner: str,
    campaign_id: str | None,
) -> str:
    row: dict[str, StoredValue] = {
        "AccountId": account_id,
        "Name": asked.opportunity_name or str(lead["Company"])[:120],
        "StageName": _FIRST_STAGE,
        **imply_by_stage(_FIRST_STAGE),
        "CloseDate": tx.stamp[:10],
        "LeadSource": lead.get("LeadSource"),
        "CampaignId": campaign_id,
        "IsPrivate": 0,
        "HasOpportunityLineItem": 0,
        "PushCount": 0,
        "OwnerId": owner,
    }
    return tx.insert("Opportunity", row)
