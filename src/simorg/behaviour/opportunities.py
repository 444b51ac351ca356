"""Opportunities and the roles of contacts in them (Object Reference, Opportunity and OpportunityContactRole).

StageName implies probability, closing and forecast; each can be given otherwise beside it. An Opportunity has one
primary contact.
"""

from simorg.behaviour.writing import Rules, Write
from simorg.schema.objects.pipeline import FORECASTS, STAGES
from simorg.transactions import StoredValue, Transaction

_UNKNOWN_STAGE = (50.0, False, False, "Pipeline")
_CATEGORIES = {name: category for category, name in FORECASTS.items()}


def imply_by_stage(stage: str) -> dict[str, StoredValue]:
    """What follows from a stage."""
    probability, closed, won, forecast = STAGES.get(stage, _UNKNOWN_STAGE)
    return {
        "Probability": probability,
        "IsClosed": int(closed),
        "IsWon": int(won),
        "ForecastCategory": forecast,
        "ForecastCategoryName": FORECASTS[forecast],
    }


def make_primary(tx: Transaction, opportunity_id: str, contact_id: str) -> str:
    """Makes a contact the primary one of an Opportunity that has none; gives the role's id."""
    role: dict[str, StoredValue] = {"OpportunityId": opportunity_id, "ContactId": contact_id, "IsPrimary": 1}
    return tx.insert("OpportunityContactRole", role)


def _derive(write: Write) -> None:
    written = write.written
    if write.before is None:
        written["PushCount"] = 0
    elif write.changes("CloseDate") and str(written["CloseDate"])[:7] > str(write.before.get("CloseDate"))[:7]:
        # Pushed to a later month.
        written["PushCount"] = int(write.before.get("PushCount") or 0) + 1
    if write.changes("StageName"):
        implied = imply_by_stage(str(written["StageName"]))
        given = {name for name in ("Probability", "ForecastCategoryName") if written.get(name) is not None}
        written |= {name: value for name, value in implied.items() if name not in given}
        if write.before is not None:
            written["LastStageChangeDate"] = write.tx.stamp
    category = _CATEGORIES.get(str(written.get("ForecastCategoryName")))
    if category:
        written["ForecastCategory"] = category


def _settle(write: Write, opportunity_id: str) -> None:
    contact = write.written.get("ContactId")
    if write.before is None and contact:
        make_primary(write.tx, opportunity_id, str(contact))


def _settle_role(write: Write, role_id: str) -> None:
    """The newest primary contact is the only one."""
    if not write.value("IsPrimary") or not write.changes("IsPrimary"):
        return
    others = '"OpportunityId" = ? AND "IsPrimary" = 1 AND "IsDeleted" = 0 AND "Id" <> ?'
    for row in write.tx.select("OpportunityContactRole", others, [write.value("OpportunityId"), role_id]):
        write.tx.update("OpportunityContactRole", str(row["Id"]), {"IsPrimary": 0})


OPPORTUNITY = Rules(derive=_derive, settle=_settle)
CONTACT_ROLE = Rules(settle=_settle_role)
