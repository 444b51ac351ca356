"""Account (Object Reference for the Salesforce Platform)."""

from simorg.schema.build import (
    INDUSTRIES,
    LEAD_SOURCES,
    RATINGS,
    address,
    area,
    audit,
    build_object,
    deleted,
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
        ("Task", "AccountId", None),
        ("Task", "WhatId", "Tasks"),
    ]
    return build_object(
        "Account", "Account", "Accounts", "001", fields, children=children,
        cascades=("Contact", "Opportunity", "Task.WhatId"), mergeable=True, feed_enabled=True,
    )  # fmt: skip
