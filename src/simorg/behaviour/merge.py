"""Merging records: one or two losers go into a master, which takes their children.

Source: SOAP API Developer Guide, merge(). Losers end in the recycle bin with MasterRecordId; the master's stamp moves.
A contact that reports to nobody takes the manager of a loser; a circle of accounts or contacts is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simorg.behaviour.access import Access
from simorg.behaviour.campaigns import move_members
from simorg.behaviour.dml import Options, Writer
from simorg.behaviour.persons import person_of, refuse_person
from simorg.errors import RowError
from simorg.fidelity import say
from simorg.org import Org
from simorg.schema.person_accounts import is_enabled
from simorg.schema.registry import ObjectType
from simorg.transactions import StoredValue, Transaction, quote

_MOST_LOSERS = 2


@dataclass(frozen=True)
class Merged:
    """What a merge did, or why it was refused."""

    master_id: str | None
    merged: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    error: RowError | None = None


def merge(
    org: Org, tx: Transaction, one: ObjectType, master_id: str, losers: Sequence[str], values: Mapping[str, object]
) -> Merged:
    """Merges; `values` are fields that the master takes."""
    error = _find_obstacle(org, tx, one, master_id, losers) or _find_persons(org, tx, one, (master_id, *losers))
    if error:
        return Merged(master_id, error=error)
    taken = {**_find_manager(tx, one, master_id, losers), **values}
    if error := _find_circle(tx, one, master_id, losers, taken):
        return Merged(master_id, error=error)
    # A merge is no edit that an assignment rule watches.
    writer = Writer(org, tx, Options(auto_assign=False))
    outcome = writer.update(one, master_id, taken)
    if outcome.errors:
        return Merged(master_id, error=outcome.errors[0])
    related: list[str] = []
    if one.name == "Account" and (person := person_of(org, tx, master_id)):
        others = [other for loser in losers if (other := person_of(org, tx, loser))]
        for other in others:
            related += _move_children(org, tx, org.schema.get("Contact"), other, person)
            tx.mark_deleted("Contact", other, person)
    for loser in losers:
        related += _move_children(org, tx, one, loser, master_id)
        tx.mark_deleted(one.name, loser, master_id)
    return Merged(master_id, tuple(losers), tuple(related))


def _find_obstacle(
    org: Org, tx: Transaction, one: ObjectType, master_id: str, losers: Sequence[str]
) -> RowError | None:
    if not org.schema.get(one.name).mergeable:
        return RowError("INVALID_TYPE", f"merge is not supported for {one.name}")
    if not 0 < len(losers) <= _MOST_LOSERS:
        return RowError("INVALID_NUMBER_OF_RECORDS", say("merge.losers"))
    if master_id in losers or len(set(losers)) < len(losers):
        return RowError("INVALID_ID_FIELD", say("merge.same"))
    access = Access(org, tx)
    for record_id in (master_id, *losers):
        found = tx.get(one.name, record_id) if record_id[:3] == one.key_prefix else None
        if found is None or not access.sees(one, record_id):
            return RowError("INVALID_CROSS_REFERENCE_KEY", say("dml.invalid_cross_reference"))
        if found.get("IsDeleted"):
            return RowError("ENTITY_IS_DELETED", say("dml.entity_is_deleted"))
        if found.get("IsConverted"):
            return RowError("CANNOT_UPDATE_CONVERTED_LEAD", say("dml.converted_lead"))
        # The losers are deleted ("merge()": Edit and Delete are needed).
        loses = record_id != master_id
        if error := access.refuse_update(one, record_id) or (access.refuse_delete(one, record_id) if loses else None):
            return error
    return None


def _find_persons(org: Org, tx: Transaction, one: ObjectType, ids: Sequence[str]) -> RowError | None:
    """Person accounts merge with each other alone, and take their Contacts with them."""
    if not is_enabled(org.schema) or one.name not in ("Account", "Contact"):
        return None
    if one.name == "Contact":
        found = (refuse_person(tx, record_id) for record_id in ids)
        return next((error for error in found if error), None)
    persons = [person_of(org, tx, record_id) is not None for record_id in ids]
    return None if all(persons) or not any(persons) else RowError("INVALID_FIELD", say("person.merge"))


def _find_manager(tx: Transaction, one: ObjectType, master_id: str, losers: Sequence[str]) -> dict[str, StoredValue]:
    """Whom a contact reports to from now on, where that was open."""
    if one.name != "Contact":
        return {}
    managers = [(tx.get(one.name, record_id) or {}).get("ReportsToId") for record_id in (master_id, *losers)]
    found = next((manager for manager in managers[1:] if manager), None)
    return {} if managers[0] or not found else {"ReportsToId": found}


def _find_circle(
    tx: Transaction, one: ObjectType, master_id: str, losers: Sequence[str], values: Mapping[str, object]
) -> RowError | None:
    """The refusal where the master would come to stand above itself."""
    united = {master_id, *losers}
    for child in one.children:
        if child.child != one.name or child.field == "MasterRecordId":
            continue
        row: Mapping[str, object] = {**(tx.get(one.name, master_id) or {}), **values}
        seen: set[object] = set()
        while (above := row.get(child.field)) and above not in seen:
            if above in united:
                return RowError("CIRCULAR_DEPENDENCY", say("campaign.circle"), (child.field,))
            seen.add(above)
            row = tx.get(one.name, str(above)) or {}
    return None


def _move_children(org: Org, tx: Transaction, one: ObjectType, loser: str, master_id: str) -> list[str]:
    moved: list[str] = []
    for child in one.children:
        target = org.schema.find(child.child)
        if target is None or child.field == "MasterRecordId" or not target.fields[child.field.lower()].stored:
            continue
        if target.name == "CampaignMember":
            moved += move_members(tx, child.field, loser, master_id)
            continue
        for row in tx.select(target.name, f"{quote(child.field)} = ?", [loser]):
            changes: dict[str, StoredValue] = {child.field: master_id}
            tx.update(target.name, str(row["Id"]), changes)
            moved.append(str(row["Id"]))
    return list(dict.fromkeys(moved))
