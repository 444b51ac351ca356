"""Lead conversion: a Lead becomes a Contact at an Account, and an Opportunity unless told otherwise.

Source: SOAP API Developer Guide, convertLead(). Only empty fields of a given Account or Contact are filled; LeadSource
is overwritten only when asked; a Lead of a queue needs a user as owner of what it becomes. Campaign members and tasks
go to the Contact ("Considerations for Converting Leads", Salesforce Help), which becomes the Opportunity's primary one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from simorg.behaviour.access import Access
from simorg.behaviour.calculating import calculate_default
from simorg.behaviour.campaigns import convert_members
from simorg.behaviour.custom_rules import CustomRules, Refused
from simorg.behaviour.dml import Writer
from simorg.behaviour.duplicates import DuplicateOptions
from simorg.behaviour.numbering import next_auto_number
from simorg.behaviour.opportunities import imply_by_stage, make_primary
from simorg.behaviour.persons import person_of
from simorg.behaviour.tasks import convert_tasks
from simorg.errors import RowError
from simorg.fidelity import say
from simorg.org import Org
from simorg.transactions import StoredValue, Transaction
from simorg.values import compose_name

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


@dataclass(frozen=True)
class _Keeper:
    """Stores what a conversion makes and changes, by the rules of an administrator.

    Whether duplicates stop a conversion is a setting of its own, which a new org has off.
    """

    org: Org
    tx: Transaction

    def store(self, object_name: str, record_id: str | None, values: Mapping[str, StoredValue]) -> str:
        """Stores a new record, where there is no id, or a changed one; gives its id.

        Raises:
            Refused: a rule speaks against it.
        """
        one = self.org.schema.get(object_name)
        before = self.tx.get(object_name, record_id) if record_id else None
        written = dict(values)
        rules = self.org.rules.of(object_name)
        custom = CustomRules(self.org, self.tx, one, rules) if rules else None
        if before is None:
            for field in one.default_formulas:
                written.setdefault(field.name, calculate_default(self.org, self.tx, one, field, written))
        if custom:
            error = custom.change(written, before)
            errors = (error,) if error else custom.judge(written, before, DuplicateOptions(allow_save=True))
            if errors:
                raise Refused(errors)
        if record_id is None:
            numbers = {field.name: next_auto_number(self.tx, one, field, self.org) for field in one.auto_numbers}
            record_id = self.tx.insert(object_name, {**written, **numbers})
        else:
            self.tx.update(object_name, record_id, written, before=before)
        if custom:
            custom.follow(record_id, written, before, Writer(self.org, self.tx).write_by_rule, 0)
        return record_id


def convert(org: Org, tx: Transaction, asked: Conversion) -> Converted:
    """Converts one Lead. The rules of an administrator judge what it makes and changes."""
    try:
        with tx.savepoint():
            return _convert(org, tx, asked)
    except Refused as refusal:
        return Converted(asked.lead_id, error=refusal.errors[0])


def _convert(org: Org, tx: Transaction, asked: Conversion) -> Converted:
    lead = tx.get("Lead", asked.lead_id) if asked.lead_id[:3] == "00Q" else None
    error = _find_missing_right(org, tx, asked, lead) or _find_obstacle(tx, asked, lead)
    if error or lead is None:
        return Converted(asked.lead_id, error=error)
    owner = asked.owner_id or str(lead["OwnerId"])
    if owner[:3] != "005":
        return Converted(asked.lead_id, error=RowError("INVALID_FIELD", say("conversion.owner"), ("OwnerId",)))
    keeper = _Keeper(org, tx)
    if asked.account_id and (person := person_of(org, tx, asked.account_id)):
        asked = replace(asked, contact_id=person)
    account_id = _settle_account(keeper, asked, lead, owner)
    contact_id = _settle_contact(keeper, asked, lead, account_id, owner)
    if asked.account_id is None and lead["Company"] is None:
        # Where there are person accounts, a Lead without a company becomes one.
        tx.update("Account", account_id, {"PersonContactId": contact_id})
    campaign_id = convert_members(tx, asked.lead_id, contact_id)
    opportunity_id = None
    if not asked.without_opportunity:
        opportunity_id = _make_opportunity(keeper, tx, asked, lead, account_id, owner, campaign_id)
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
    keeper.store("Lead", asked.lead_id, changes)
    return Converted(asked.lead_id, account_id, contact_id, opportunity_id)


def _find_missing_right(
    org: Org, tx: Transaction, asked: Conversion, lead: Mapping[str, StoredValue] | None
) -> RowError | None:
    """Converting takes a permission of its own, and the rights for all that is made or filled (Salesforce Help)."""
    access = Access(org, tx)
    one = org.schema.get("Lead")
    if lead is None or not access.sees(one, asked.lead_id):
        return RowError("INVALID_CROSS_REFERENCE_KEY", say("dml.invalid_cross_reference"))
    if not access.allows("ConvertLeads", "ModifyAllData"):
        return RowError("INSUFFICIENT_ACCESS_OR_READONLY", say("rights.convert"), status=403)
    if error := access.refuse_update(one, asked.lead_id):
        return error
    for name, given in (("Account", asked.account_id), ("Contact", asked.contact_id)):
        target = org.schema.get(name)
        if given is None:
            error = access.refuse_create(target)
        elif access.sees(target, given):
            error = access.refuse_update(target, given)
        else:
            error = RowError("INVALID_CROSS_REFERENCE_KEY", say("dml.invalid_cross_reference"))
        if error:
            return error
    return None if asked.without_opportunity else access.refuse_create(org.schema.get("Opportunity"))


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


def _settle_account(keeper: "_Keeper", asked: Conversion, lead: Mapping[str, StoredValue], owner: str) -> str:
    values = {target: lead.get(source) for source, target in _TO_ACCOUNT.items() if lead.get(source) is not None}
    values.setdefault("Name", compose_name(lead.get("FirstName"), lead.get("LastName")))
    if asked.account_id is None:
        return keeper.store("Account", None, {**values, "OwnerId": owner})
    _fill_blanks(keeper, "Account", asked.account_id, values)
    return asked.account_id


def _settle_contact(
    keeper: "_Keeper", asked: Conversion, lead: Mapping[str, StoredValue], account_id: str, owner: str
) -> str:
    one = keeper.org.schema.get("Contact")
    names = {**_TO_CONTACT, **{name: name for name in lead if name.endswith("__c") and name.lower() in one.fields}}
    values = {target: lead.get(source) for source, target in names.items() if lead.get(source) is not None}
    consent: dict[str, StoredValue] = {name: 1 for name in _CONSENT if lead.get(name)}
    if asked.contact_id is None:
        blank: dict[str, StoredValue] = dict.fromkeys(_CONSENT, 0)
        return keeper.store("Contact", None, {**blank, **values, **consent, "AccountId": account_id, "OwnerId": owner})
    forced = {"LeadSource": values["LeadSource"]} if asked.overwrite_lead_source and "LeadSource" in values else {}
    _fill_blanks(keeper, "Contact", asked.contact_id, {**values, "AccountId": account_id}, {**forced, **consent})
    return asked.contact_id


def _fill_blanks(
    keeper: "_Keeper",
    object_name: str,
    record_id: str,
    values: Mapping[str, StoredValue],
    forced: Mapping[str, StoredValue] | None = None,
) -> None:
    before = keeper.tx.get(object_name, record_id)
    assert before is not None
    changes = {name: value for name, value in values.items() if before.get(name) is None}
    changes |= {name: value for name, value in (forced or {}).items() if before.get(name) != value}
    if changes:
        keeper.store(object_name, record_id, changes)


def _make_opportunity(
    keeper: "_Keeper",
    tx: Transaction,
    asked: Conversion,
    lead: Mapping[str, StoredValue],
    account_id: str,
    owner: str,
    campaign_id: str | None,
) -> str:
    named = compose_name(lead.get("FirstName"), lead["LastName"])
    row: dict[str, StoredValue] = {
        "AccountId": account_id,
        "Name": asked.opportunity_name or str(lead["Company"] or named)[:120],
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
    return keeper.store("Opportunity", None, row)
