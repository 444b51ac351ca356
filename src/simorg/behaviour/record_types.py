"""Record types at work: the one that a new record gets, and the picklist values that it leaves."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from simorg.behaviour.values import refuse_choice
from simorg.errors import RowError
from simorg.fidelity import say
from simorg.ids import build_id
from simorg.org import INSTANCE, Org
from simorg.schema.build import lookup
from simorg.schema.record_types import MASTER_ID, RecordType, default_of
from simorg.schema.registry import ObjectType
from simorg.transactions import StoredValue, Transaction

#: The name of a user's profile, whoever reads it: in a transaction, or for an answer.
PROFILE_NAME = 'SELECT p."Name" FROM "User" u JOIN "Profile" p ON p."Id" = u."ProfileId" WHERE u."Id" = ?'

_PREFIX = "012"
_FACTS = frozenset({
    "object", "developerName", "label", "active", "description", "values", "defaults", "profiles", "default",
})  # fmt: skip


def define_record_type(org: Org, facts: Mapping[str, Any]) -> RecordType:
    """Adds a record type to an object, or changes the one of its name.

    Raises:
        ValueError: the object, a picklist or a value is unknown, or a fact is.
    """
    unknown = sorted(set(facts) - _FACTS)
    one = org.schema.find(str(facts.get("object")))
    if unknown:
        raise ValueError(f"no such facts: {', '.join(unknown)}")
    if one is None:
        raise ValueError(f"no such object: {facts.get('object')}")
    name = str(facts["developerName"])
    known = next((each for each in one.record_types if each.developer_name == name), None)
    number = 1 + sum(len(each.record_types) for each in org.schema.objects())
    made = RecordType(
        id=known.id if known else build_id(_PREFIX, INSTANCE, number),
        developer_name=name,
        label=str(facts.get("label") or name.replace("_", " ")),
        active=bool(facts.get("active", True)),
        description=facts.get("description"),
        values={_proper(one, key): tuple(values) for key, values in dict(facts.get("values") or {}).items()},
        defaults={_proper(one, key): str(value) for key, value in dict(facts.get("defaults") or {}).items()},
        profiles=tuple(facts.get("profiles") or ()),
        default=bool(facts.get("default", False)),
    )
    _check_values(one, made)
    if "recordtypeid" not in one.fields:
        field = lookup("RecordTypeId", "Record Type ID", ("RecordType",), "RecordType", permissionable=False)
        org.schema.add_field(one.name, field)
        org.storage.add_column(one.name, field)
        one = org.schema.get(one.name)
    others = tuple(each for each in one.record_types if each.developer_name != name)
    org.schema.replace_object(replace(one, record_types=(*others, made)))
    plant_record_types(org, [(one, made)])
    return made


def plant_record_types(org: Org, types: Sequence[tuple[ObjectType, RecordType]] | None = None) -> None:
    """Lets the records of record types say what the schema says; all of them, where none are named."""
    if types is None:
        types = [(one, each) for one in org.schema.objects() for each in one.record_types]
    with org.storage.transaction() as tx:
        for one, each in types:
            row: dict[str, StoredValue] = {
                "Name": each.label,
                "DeveloperName": each.developer_name,
                "Description": each.description,
                "SobjectType": one.name,
                "IsActive": int(each.active),
            }
            if tx.get("RecordType", each.id):
                tx.update("RecordType", each.id, row)
            else:
                tx.insert("RecordType", {**row, "Id": each.id})


def apply_record_type(
    tx: Transaction,
    one: ObjectType,
    row: dict[str, StoredValue],
    before: Mapping[str, StoredValue] | None,
    given: Mapping[str, StoredValue],
) -> RowError | None:
    """Gives a new record its record type and the values that this implies; refuses values that the type leaves out.

    `given`: what the caller sent; `row` is what will be written.
    """
    if row.get("RecordTypeId") == MASTER_ID:
        row["RecordTypeId"] = None
    if before is None and "RecordTypeId" not in given:
        found = default_of(one.record_types, find_profile(tx))
        row["RecordTypeId"] = found.id if found else None
    type_id = row["RecordTypeId"] if "RecordTypeId" in row else (before or {}).get("RecordTypeId")
    if type_id is None:
        return None
    chosen = next((each for each in one.record_types if each.id == type_id and each.active), None)
    if chosen is None:
        if "RecordTypeId" not in row or (before and before.get("RecordTypeId") == type_id):
            return None
        message = say("record_type.invalid", id=type_id)
        return RowError("INVALID_CROSS_REFERENCE_KEY", message, ("RecordTypeId",))
    if before is None:
        _imply(chosen, row, given)
    return _check_row(one, chosen, row)


def find_profile(tx: Transaction) -> str | None:
    """The name of the profile of whoever writes."""
    found = tx.evaluate(PROFILE_NAME, [tx.user_id])
    return None if found is None else str(found)


def _imply(chosen: RecordType, row: dict[str, StoredValue], given: Mapping[str, StoredValue]) -> None:
    for name, values in chosen.values.items():
        if name not in given and row.get(name) is not None and row[name] not in values:
            row[name] = None
    row.update({name: value for name, value in chosen.defaults.items() if name not in given})


def _check_row(one: ObjectType, chosen: RecordType, row: Mapping[str, StoredValue]) -> RowError | None:
    for name, values in chosen.values.items():
        field = one.fields[name.lower()]
        if not field.restricted_picklist or row.get(name) is None:
            continue
        for part in str(row[name]).split(";"):
            if part not in values:
                return refuse_choice(field, part)
    return None


def _proper(one: ObjectType, name: str) -> str:
    field = one.fields.get(name.lower())
    if field is None or field.type not in ("picklist", "multipicklist"):
        raise ValueError(f"no such picklist: {one.name}.{name}")
    return field.name


def _check_values(one: ObjectType, made: RecordType) -> None:
    for name, values in made.values.items():
        unknown = [value for value in values if value not in one.fields[name.lower()].active_values]
        if unknown:
            raise ValueError(f"no such values of {one.name}.{name}: {', '.join(unknown)}")
    for name, value in made.defaults.items():
        if name in made.values and value not in made.values[name]:
            raise ValueError(f"the default of {one.name}.{name} is none of its values: {value}")
