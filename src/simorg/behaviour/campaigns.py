"""Campaigns, their members and the statuses of members (Object Reference, Campaign, CampaignMember,
CampaignMemberStatus).

A new campaign gets the statuses Sent and Responded. A member's status implies whether it responded; the day of the
first response stays. A person is a member of a campaign once.
"""

from collections.abc import Mapping, Sequence

from simorg.behaviour.writing import Rules, Write
from simorg.errors import RowError
from simorg.fidelity import say
from simorg.transactions import StoredValue, Transaction, quote

Row = Mapping[str, StoredValue]

#: Label, default, responded: what a new campaign has.
FIRST_STATUSES = (("Sent", 1, 0), ("Responded", 0, 1))
_PERSONS = ("LeadId", "ContactId")


def plant_first_statuses(tx: Transaction, campaign_id: str) -> None:
    """Gives a new campaign its statuses."""
    for order, (label, default, responded) in enumerate(FIRST_STATUSES, start=1):
        row: dict[str, StoredValue] = {"CampaignId": campaign_id, "Label": label, "SortOrder": order}
        tx.insert("CampaignMemberStatus", {**row, "IsDefault": default, "HasResponded": responded})


def _settle_campaign(write: Write, campaign_id: str) -> None:
    if write.before is None:
        plant_first_statuses(write.tx, campaign_id)


def _check_campaign(write: Write) -> RowError | None:
    """A campaign is no ancestor of itself."""
    parent = write.written.get("ParentId")
    if write.before is None or not write.changes("ParentId"):
        return None
    while parent:
        if parent == write.before["Id"]:
            return RowError("CIRCULAR_DEPENDENCY", say("campaign.circle"), ("ParentId",))
        found = write.tx.get("Campaign", str(parent))
        parent = found.get("ParentId") if found else None
    return None


def _derive_member(write: Write) -> None:
    if write.before is not None and "Status" not in write.written:
        return
    statuses = _statuses(write.tx, write.value("CampaignId"))
    status = _find_status(statuses, write.written.get("Status"))
    if status is None and write.written.get("Status") is not None and write.org.settings.refuse_unknown_member_status:
        return
    status = status or next((one for one in statuses if one["IsDefault"]), None)
    if status is not None:
        write.written |= {"Status": status["Label"], "HasResponded": status["HasResponded"]}
    if write.value("HasResponded") and not write.value("FirstRespondedDate"):
        write.written["FirstRespondedDate"] = write.today


def _check_member(write: Write) -> RowError | None:
    if "Status" in write.written and write.org.settings.refuse_unknown_member_status:
        status = write.written["Status"]
        if _find_status(_statuses(write.tx, write.value("CampaignId")), status) is None:
            return RowError("INVALID_STATUS", say("campaign.unknown_status", status=status), ("Status",))
    if write.before is not None:
        return None
    given = [name for name in _PERSONS if write.written.get(name)]
    if len(given) != 1:
        return RowError("FIELD_INTEGRITY_EXCEPTION", say("campaign.one_person"), _PERSONS)
    person = str(write.written[given[0]])
    lead = write.tx.get("Lead", person) if given == ["LeadId"] else None
    if lead and lead["IsConverted"]:
        return RowError("CANNOT_UPDATE_CONVERTED_LEAD", say("dml.converted_lead"))
    if _find_member(write.tx, given[0], person, str(write.written["CampaignId"])):
        return RowError("DUPLICATE_VALUE", say("campaign.already_member"))
    return None


def _derive_status(write: Write) -> None:
    if write.value("SortOrder") is None:
        orders = [int(one["SortOrder"] or 0) for one in _statuses(write.tx, write.value("CampaignId"))]
        write.written["SortOrder"] = max(orders, default=0) + 1


def _check_status(write: Write) -> RowError | None:
    own = (write.before or {}).get("Id")
    others = [one for one in _statuses(write.tx, write.value("CampaignId")) if one["Id"] != own]
    if write.changes("Label") and _find_status(others, write.written["Label"]):
        return RowError("DUPLICATE_VALUE", say("campaign.status_exists", label=write.written["Label"]), ("Label",))
    if write.before is not None and write.changes("IsDefault") and not write.written["IsDefault"]:
        return RowError("FIELD_INTEGRITY_EXCEPTION", say("campaign.default_needed"), ("IsDefault",))
    responds = write.value("HasResponded") or any(one["HasResponded"] for one in others)
    if write.before is not None and not responds:
        return RowError("FIELD_INTEGRITY_EXCEPTION", say("campaign.responded_needed"), ("HasResponded",))
    return None


def _settle_status(write: Write, status_id: str) -> None:
    """One status is the default; members keep up with what their status is called and means."""
    campaign = write.value("CampaignId")
    if write.changes("IsDefault") and write.value("IsDefault"):
        for one in _statuses(write.tx, campaign):
            if one["IsDefault"] and one["Id"] != status_id:
                write.tx.update("CampaignMemberStatus", str(one["Id"]), {"IsDefault": 0})
    if write.before is None or not (write.changes("Label") or write.changes("HasResponded")):
        return
    changes: dict[str, StoredValue] = {"Status": write.value("Label"), "HasResponded": write.value("HasResponded")}
    first = {"FirstRespondedDate": write.today} if write.value("HasResponded") else {}
    members = write.tx.select("CampaignMember", '"CampaignId" = ? AND "Status" = ?', [campaign, write.before["Label"]])
    for one in members:
        more = {} if one["FirstRespondedDate"] else first
        write.tx.update("CampaignMember", str(one["Id"]), {**changes, **more}, touch_last_modified=False)


def _keep_status(tx: Transaction, status: Row) -> RowError | None:
    """Neither the default status is deleted nor one that members have."""
    used = '"CampaignId" = ? AND "Status" = ? AND "IsDeleted" = 0'
    if status["IsDefault"] or tx.select("CampaignMember", used, [status["CampaignId"], status["Label"]]):
        return RowError("DELETE_FAILED", say("campaign.status_used", label=status["Label"]))
    return None


def move_members(tx: Transaction, field: str, person: str, other: str) -> list[str]:
    """Members of one Lead or Contact become those of another, as a merge wants it; gives the ids of what changed.

    Where the other is a member of the campaign already, one member stays, with the status that comes later in the
    campaign's order.
    """
    moved = []
    for member in tx.select("CampaignMember", f"{quote(field)} = ?", [person]):
        known = None if member["IsDeleted"] else _find_member(tx, field, other, str(member["CampaignId"]))
        if known is None:
            tx.update("CampaignMember", str(member["Id"]), {field: other})
            moved.append(str(member["Id"]))
        else:
            moved.append(_unite(tx, member, known, {}))
    return moved


def convert_members(tx: Transaction, lead_id: str, contact_id: str) -> str | None:
    """A converted Lead's members become the Contact's too; gives the campaign that was joined last."""
    last = None
    for member in tx.select("CampaignMember", '"LeadId" = ? AND "IsDeleted" = 0', [lead_id]):
        known = _find_member(tx, "ContactId", contact_id, str(member["CampaignId"]))
        if known is None:
            tx.update("CampaignMember", str(member["Id"]), {"ContactId": contact_id})
        else:
            _unite(tx, member, known, {"LeadId": lead_id})
        if last is None or str(member["CreatedDate"]) >= str(last["CreatedDate"]):
            last = member
    return str(last["CampaignId"]) if last else None


def _unite(tx: Transaction, gone: Row, kept: Row, more: dict[str, StoredValue]) -> str:
    """Two members of one campaign become one; gives its id."""
    order = {one["Label"]: int(one["SortOrder"] or 0) for one in _statuses(tx, kept["CampaignId"])}
    later = max((kept, gone), key=lambda one: order.get(one["Status"], 0))
    dates = [str(one["FirstRespondedDate"]) for one in (kept, gone) if one["FirstRespondedDate"]]
    united = {"Status": later["Status"], "HasResponded": later["HasResponded"]}
    tx.update("CampaignMember", str(kept["Id"]), {**united, "FirstRespondedDate": min(dates, default=None), **more})
    tx.mark_deleted("CampaignMember", str(gone["Id"]))
    return str(kept["Id"])


def _statuses(tx: Transaction, campaign_id: StoredValue) -> list[dict[str, StoredValue]]:
    return tx.select("CampaignMemberStatus", '"CampaignId" = ? AND "IsDeleted" = 0', [campaign_id])


def _find_status(statuses: Sequence[Row], label: StoredValue) -> Row | None:
    wanted = str(label).casefold()
    return next((one for one in statuses if str(one["Label"]).casefold() == wanted), None)


def _find_member(tx: Transaction, field: str, person: str, campaign_id: str) -> Row | None:
    where = f'{quote(field)} = ? AND "CampaignId" = ? AND "IsDeleted" = 0'
    found = tx.select("CampaignMember", where, [person, campaign_id])
    return found[0] if found else None


CAMPAIGN = Rules(check=_check_campaign, settle=_settle_campaign)
MEMBER = Rules(derive=_derive_member, check=_check_member)
MEMBER_STATUS = Rules(derive=_derive_status, check=_check_status, settle=_settle_status, keep=_keep_status)
