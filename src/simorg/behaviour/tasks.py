"""Tasks: what follows from status, priority, person and thing (Object Reference, Task).

AccountId is the Account itself, or that of the Opportunity or of a custom object that lies under an Account; of any
other thing, and without one, it is the Contact's.
"""

from simorg.behaviour.writing import Rules, Write
from simorg.errors import RowError
from simorg.fidelity import say
from simorg.org import Org
from simorg.schema.objects.activities import HIGH_PRIORITY
from simorg.transactions import StoredValue, Transaction


def _derive(write: Write) -> None:
    if write.changes("Status"):
        closed = bool(write.tx.select("TaskStatus", '"ApiName" = ? AND "IsClosed" = 1', [write.written["Status"]]))
        was_closed = bool((write.before or {}).get("IsClosed"))
        write.written["IsClosed"] = int(closed)
        if closed != was_closed:
            write.written["CompletedDateTime"] = write.tx.stamp if closed else None
    if write.changes("Priority"):
        write.written["IsHighPriority"] = int(write.written["Priority"] == HIGH_PRIORITY)
    if write.changes("WhoId") or write.changes("WhatId"):
        write.written["AccountId"] = find_account(write.org, write.tx, write.value("WhoId"), write.value("WhatId"))


def _check(write: Write) -> RowError | None:
    who = str(write.value("WhoId") or "")
    if who[:3] != "00Q":
        return None
    if write.value("WhatId") and (write.changes("WhoId") or write.changes("WhatId")):
        return RowError("FIELD_INTEGRITY_EXCEPTION", say("task.lead_and_thing"), ("WhatId",))
    lead = write.tx.get("Lead", who) if write.changes("WhoId") else None
    if lead and lead["IsConverted"]:
        return RowError("CANNOT_UPDATE_CONVERTED_LEAD", say("dml.converted_lead"))
    return None


def find_account(org: Org, tx: Transaction, who: StoredValue, what: StoredValue) -> StoredValue:
    """The Account that a task belongs to."""
    thing = org.schema.by_prefix(str(what)) if what else None
    if thing and thing.name == "Account":
        return what
    names = [
        one.name
        for one in (thing.stored_fields if thing else ())
        if one.reference_to == ("Account",) and (one.name == "AccountId" or one.cascade_delete)
    ]
    if thing and names:
        found = tx.get(thing.name, str(what))
        return found.get(names[0]) if found else None
    contact = tx.get("Contact", str(who)) if str(who)[:3] == "003" else None
    return contact.get("AccountId") if contact else None


def convert_tasks(
    org: Org, tx: Transaction, lead_id: str, contact_id: str, what_id: str, new_owner: str | None
) -> None:
    """A converted Lead's tasks become the Contact's, about its Opportunity or else its Account.

    Open ones of whoever converts go to the new owner, where one is named (Salesforce Help, article 000385227).
    """
    for task in tx.select("Task", '"WhoId" = ? AND "IsDeleted" = 0', [lead_id]):
        changes: dict[str, StoredValue] = {
            "WhoId": contact_id,
            "WhatId": what_id,
            "AccountId": find_account(org, tx, contact_id, what_id),
        }
        if new_owner and not task["IsClosed"] and task["OwnerId"] == tx.user_id:
            changes["OwnerId"] = new_owner
        tx.update("Task", str(task["Id"]), changes)


TASK = Rules(derive=_derive, check=_check)
