"""Opportunity, OpportunityContactRole and OpportunityStage (Object Reference for the Salesforce Platform).

OpportunityContactRole and the cascades are as a recorded describe has them; Opportunity as its page says.
"""

from typing import Any

from simorg.schema.build import (
    LEAD_SOURCES,
    area,
    audit,
    build_object,
    date,
    deleted,
    flag,
    identity,
    lookup,
    moment,
    number,
    pick,
    picklist_object,
    read_only,
    seen,
    text,
    whole,
)
from simorg.schema.registry import Field, ObjectType

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
#: Forecast category → the name that people see and may choose.
FORECASTS = {
    "Omitted": "Omitted",
    "Pipeline": "Pipeline",
    "BestCase": "Best Case",
    "Forecast": "Commit",
    "Closed": "Closed",
}
_TYPES = (
    "Existing Customer - Upgrade", "Existing Customer - Replacement", "Existing Customer - Downgrade", "New Customer",
)  # fmt: skip
_ROLES = (
    "Business User", "Decision Maker", "Economic Buyer", "Economic Decision Maker", "Evaluator", "Executive Sponsor",
    "Influencer", "Technical Buyer", "Other",
)  # fmt: skip

_MONTH = 'CAST(substr(r."CloseDate", 6, 2) AS INTEGER)'
_YEAR = 'CAST(substr(r."CloseDate", 1, 4) AS INTEGER)'
_QUARTER = f"(({_MONTH} + 2) / 3)"
_PRIMARY = (
    '(SELECT o."ContactId" FROM {OpportunityContactRole} o WHERE o."OpportunityId" = r."Id" AND o."IsPrimary" = 1'
    ' AND o."IsDeleted" = 0 LIMIT 1)'
)
_OPEN_TASK = 'SELECT 1 FROM {Task} k WHERE k."WhatId" = r."Id" AND k."IsDeleted" = 0 AND k."IsClosed" = 0'


def build_pipeline() -> list[ObjectType]:
    """All of them."""
    return [_opportunity(), _contact_role(), _stage()]


def _opportunity() -> ObjectType:
    fields = [
        identity("Opportunity"),
        deleted(),
        lookup("AccountId", "Account ID", ("Account",), "Account"),
        flag("IsPrivate", "Private", permissionable=True),
        text("Name", "Name", 120, nillable=False, permissionable=False, name_field=True),
        area("Description", "Description", 32000),
        pick("StageName", "Stage", STAGES, nillable=False, permissionable=False),
        number("Amount", "Amount", 18, 2, "currency"),
        number("Probability", "Probability (%)", 3, 0, "percent", defaulted_on_create=True),
        read_only(number("ExpectedRevenue", "Expected Amount", 18, 2, "currency"),
                  derived='(r."Amount" * r."Probability" / 100)'),
        number("TotalOpportunityQuantity", "Quantity", 18, 2),
        date("CloseDate", "Close Date", nillable=False, permissionable=False),
        pick("Type", "Opportunity Type", _TYPES),
        text("NextStep", "Next Step", 255),
        pick("LeadSource", "Lead Source", LEAD_SOURCES),
        read_only(flag("IsClosed", "Closed")),
        read_only(flag("IsWon", "Won")),
        read_only(pick("ForecastCategory", "Forecast Category", FORECASTS, length=40, nillable=False,
                       defaulted_on_create=True, permissionable=False, restricted_picklist=True)),
        pick("ForecastCategoryName", "Forecast Category", FORECASTS.values(), defaulted_on_create=True),
        lookup("CampaignId", "Campaign ID", ("Campaign",), "Campaign"),
        read_only(flag("HasOpportunityLineItem", "Has Line Item")),
        lookup("OwnerId", "Owner ID", ("User",), "Owner", nillable=False, defaulted_on_create=True,
               permissionable=False),
        *audit(),
        *seen()[:1],
        read_only(whole("PushCount", "Push Count", 9), permissionable=False),
        read_only(moment("LastStageChangeDate", "Last Stage Change Date"), permissionable=False),
        *_fiscal(),
        # It is only taken by a create, which makes the primary role; from then on it follows the roles.
        lookup("ContactId", "Contact ID", ("Contact",), "Contact", updateable=False, permissionable=False,
               derived=_PRIMARY),
        *seen()[1:],
        read_only(flag("HasOpenActivity", "Has Open Activity"), derived=f"EXISTS ({_OPEN_TASK})"),
        read_only(flag("HasOverdueTask", "Has Overdue Task"),
                  derived=f'EXISTS ({_OPEN_TASK} AND k."ActivityDate" < {{today}})'),
    ]  # fmt: skip
    children = [
        ("Lead", "ConvertedOpportunityId", None),
        ("OpportunityContactRole", "OpportunityId", "OpportunityContactRoles"),
        ("Task", "WhatId", "Tasks"),
    ]
    return build_object(
        "Opportunity", "Opportunity", "Opportunities", "006", fields, children=children,
        cascades=("OpportunityContactRole", "Task"), feed_enabled=True,
    )  # fmt: skip


def _fiscal() -> list[Field]:
    """Year and quarter of the close date; the fiscal year is the calendar's."""

    def part(field: Field, sql: str) -> Field:
        return read_only(field, permissionable=False, derived=sql)

    return [
        part(whole("FiscalQuarter", "Fiscal Quarter", 9), _QUARTER),
        part(whole("FiscalYear", "Fiscal Year", 9), _YEAR),
        part(text("Fiscal", "Fiscal Period", 6), f"({_YEAR} || ' ' || {_QUARTER})"),
    ]


def _contact_role() -> ObjectType:
    plain: dict[str, Any] = {"permissionable": False}
    fields = [
        identity("Contact Role"),
        lookup("OpportunityId", "Opportunity ID", ("Opportunity",), "Opportunity", nillable=False, updateable=False,
               **plain),
        lookup("ContactId", "Contact ID", ("Contact",), "Contact", nillable=False, **plain),
        pick("Role", "Role", _ROLES, length=40, **plain),
        flag("IsPrimary", "Primary"),
        *audit(),
        deleted(),
    ]  # fmt: skip
    return build_object(
        "OpportunityContactRole", "Opportunity Contact Role", "Opportunity Contact Role", "00K", fields,
        undeletable=False, searchable=False, mru_enabled=False,
    )  # fmt: skip


def _stage() -> ObjectType:
    plain: dict[str, Any] = {"permissionable": False}
    return picklist_object(
        "OpportunityStage",
        "Opportunity Stage",
        [
            flag("IsActive", "Is Active"),
            whole("SortOrder", "Sort Order", 9, **plain),
            flag("IsClosed", "Closed"),
            flag("IsWon", "Won"),
            pick("ForecastCategory", "Forecast Category", FORECASTS, length=40, nillable=False,
                 restricted_picklist=True, **plain),
            pick("ForecastCategoryName", "Forecast Category", FORECASTS.values(), nillable=False, **plain),
            number("DefaultProbability", "Probability (%)", 3, 0, "percent", **plain),
            text("Description", "Description", 255, **plain),
        ],
    )  # fmt: skip
