"""Account, and Opportunity as far as conversion and deletion need it."""

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
    flag,
    identity,
    lookup,
    number,
    phone,
    pick,
    read_only,
    seen,
    text,
    url,
    whole,
)
from simorg.schema.registry import ObjectType

#: Stage → probability, closed, won, forecast category.
STAGES: dict[str, tuple[float, bool, bool, str]] = {
    "Prospecting": (10.0, False, False, "Pipeline"),
    "Qualification": (10.0, False, False, "Pipeline"),
    "Needs Analysis": (20.0, False, False, "Pipeline"),
    "Value Proposition": (50.0, False, False, "Pipeline"),
    "Id. Decision Makers": (60.0, False, False, "Pipeline"),
    "Perception Analysis": (70.0, False, False, "Pipeline"),
    "Proposal/Price Quote": (75.0, False, False, "Pipeline"),
    "Negotiation/Review": (90.0, False, False, "Pipeline"),
    "Closed Won": (100.0, True, True, "Closed"),
    "Closed Lost": (0.0, True, False, "Omitted"),
}
_TYPES = (
    "Prospect", "Customer - Direct", "Customer - Channel", "Channel Partner / Reseller", "Installation Partner",
    "Technology Partner", "Other",
)  # fmt: skip


def build_account(*, bare: bool) -> ObjectType:
    """Account."""
    fields = [
        identity("Account"),
        deleted(),
        read_only(lookup("MasterRecordId", "Master Record ID", ("Account",), "MasterRecord"), permissionable=False),
        text("Name", "Account Name", 255, nillable=False, permissionable=False, name_field=True),
        pick("Type", "Account Type", _TYPES),
        lookup("ParentId", "Parent Account ID", ("Account",), "Parent"),
        *address("Billing", "Billing"),
        *address("Shipping", "Shipping"),
        phone("Phone", "Account Phone"),
        phone("Fax", "Account Fax"),
        text("AccountNumber", "Account Number", 40),
        url("Website", "Website"),
        read_only(url("PhotoUrl", "Photo URL"), permissionable=False, components=("Id",)),
        text("Sic", "SIC Code", 20),
        pick("Industry", "Industry", INDUSTRIES),
        number("AnnualRevenue", "Annual Revenue", 18, 0, "currency"),
        whole("NumberOfEmployees", "Employees"),
        pick("Ownership", "Ownership", ("Public", "Private", "Subsidiary", "Other")),
        text("TickerSymbol", "Ticker Symbol", 20),
        area("Description", "Account Description", 32000),
        pick("Rating", "Account Rating", RATINGS),
        text("Site", "Account Site", 80),
        lookup("OwnerId", "Owner ID", ("User",), "Owner", nillable=False, defaulted_on_create=True,
               permissionable=False),
        *audit(),
        *seen(),
        text("Jigsaw", "Data.com Key", 20),
        read_only(text("JigsawCompanyId", "Jigsaw Company ID", 20), permissionable=False),
        pick("AccountSource", "Account Source", LEAD_SOURCES),
        text("SicDesc", "SIC Description", 80),
        *([] if bare else [pick("Active__c", "Active", ("No", "Yes"), custom=True)]),
    ]  # fmt: skip
    children = [
        ("Account", "MasterRecordId", None),
        ("Account", "ParentId", "ChildAccounts"),
        ("Contact", "AccountId", "Contacts"),
        ("Lead", "ConvertedAccountId", None),
        ("Opportunity", "AccountId", "Opportunities"),
    ]
    return build_object(
        "Account", "Account", "Accounts", "001", fields, children=children, cascades=("Contact", "Opportunity"),
        mergeable=True, feed_enabled=True,
    )  # fmt: skip


def build_opportunity() -> ObjectType:
    """Opportunity."""
    forecasts = ("Omitted", "Pipeline", "BestCase", "Forecast", "Closed")
    fields = [
        identity("Opportunity"),
        deleted(),
        lookup("AccountId", "Account ID", ("Account",), "Account"),
        text("Name", "Name", 120, nillable=False, permissionable=False, name_field=True),
        area("Description", "Description", 32000),
        pick("StageName", "Stage", STAGES, nillable=False, permissionable=False),
        number("Amount", "Amount", 18, 2, "currency"),
        number("Probability", "Probability (%)", 3, 0, "percent", defaulted_on_create=True),
        date("CloseDate", "Close Date", nillable=False, permissionable=False),
        pick("Type", "Opportunity Type", ("Existing Customer - Upgrade", "New Customer")),
        text("NextStep", "Next Step", 255),
        pick("LeadSource", "Lead Source", LEAD_SOURCES),
        read_only(flag("IsClosed", "Closed")),
        read_only(flag("IsWon", "Won")),
        pick("ForecastCategory", "Forecast Category", forecasts, nillable=False, defaulted_on_create=True,
             createable=False, updateable=False, permissionable=False, restricted_picklist=True),
        lookup("OwnerId", "Owner ID", ("User",), "Owner", nillable=False, defaulted_on_create=True,
               permissionable=False),
        *audit(),
        *seen(),
    ]  # fmt: skip
    children = [("Lead", "ConvertedOpportunityId", None)]
    return build_object(
        "Opportunity", "Opportunity", "Opportunities", "006", fields, children=children, feed_enabled=True
    )
