"""The rights that an integration user needs: those that the mapping uses and no more, or those that the seed lists."""

from collections.abc import Iterable
from collections.abc import Mapping as Shapes
from dataclasses import dataclass
from enum import StrEnum

from syncline.domain.formula.check import check_source
from syncline.domain.mapping import CONTACT, LEAD, PERSON_OBJECTS, MappedField, Mapping, is_expression
from syncline.domain.objects import MirroredObject
from syncline.domain.rights import (
    ACTIVITIES,
    CREATE,
    EDIT,
    MODIFY_ALL,
    READ,
    VIEW_ALL,
    Right,
    on_field,
    on_object,
    permission_field,
    system,
    with_needs,
)
from syncline.domain.shape import COMPOUND_TYPES, ObjectShape
from syncline.errors import FormulaError


class Preset(StrEnum):
    """Which rights a set-up grants."""

    #: What the mapping and the mirrored objects use.
    LEAST = "least"
    #: What integrations of this kind commonly ask for, whether it is used or not.
    LIKE_THE_SEED = "like-the-seed"


@dataclass(frozen=True)
class Wanted:
    """What is to be possible."""

    mapping: Mapping
    #: What the org shows of each object, by name; an object that is not among them is judged by its name alone.
    shapes: Shapes[str, ObjectShape]
    mirrored: tuple[MirroredObject, ...] = ()
    #: Whether contacts that have no record may become Leads.
    creates_leads: bool = True


@dataclass(frozen=True)
class Needed:
    """The rights, each with its reason, and what is to be said about the list."""

    rights: Shapes[Right, str]
    notes: tuple[str, ...] = ()


_API = "every request goes through the API"
_CHECK = "lets `syncline check` read what is granted"

_SEED_SYSTEM = ("ApiEnabled", "EditTask", "ExportReport", "RunReports", "ViewPublicReports")
_SEED_OBJECTS = {
    "Account": (READ, VIEW_ALL),
    "Campaign": (READ, CREATE, EDIT, VIEW_ALL),
    CONTACT: (READ, CREATE, EDIT, VIEW_ALL, MODIFY_ALL),
    LEAD: (READ, CREATE, EDIT, VIEW_ALL, MODIFY_ALL),
    "Opportunity": (READ, VIEW_ALL),
}
_SEED_PEOPLE = {
    "Email": EDIT, "HasOptedOutOfEmail": EDIT, "Hard_Bounce__c": EDIT, "Lead_Score__c": EDIT, "LeadSource": EDIT,
    "Owner_ID__c": READ,
}  # fmt: skip
_SEED_FIELDS: dict[str, dict[str, str]] = {
    "Account": {"Active__c": READ, "AnnualRevenue": READ, "Industry": READ},
    "Campaign": {
        "NumberOfContacts": READ, "NumberOfConvertedLeads": READ, "NumberOfLeads": READ, "NumberOfOpportunities": READ,
    },
    CONTACT: _SEED_PEOPLE,
    LEAD: {**_SEED_PEOPLE, "Status": EDIT},
    "Opportunity": {"Amount": READ, "LeadSource": READ},
    "Task": {"Description": EDIT, "ActivityDate": EDIT, "Subject": EDIT, "Type": EDIT},
}  # fmt: skip
_SEED_NOTES = (
    "View Reports is a label that the API does not know: Run Reports and View Reports in Public Folders cover it.",
    "Modify All Records needs Delete in the API, so Delete is granted on Leads and Contacts; `--preset least` needs"
    " neither.",
)


def find_needed(wanted: Wanted, preset: Preset = Preset.LEAST) -> Needed:
    """The rights needed, with all that each needs beside it."""
    least = with_needs(_least(wanted))
    if preset is Preset.LEAST:
        return Needed(least)
    listed, absent = _seed(wanted.shapes)
    notes = (*_SEED_NOTES, *(f"{name} is not in this org, and is left out." for name in absent))
    return Needed({**with_needs(listed), **least}, notes)


def _least(wanted: Wanted) -> dict[Right, str]:
    rights = {system("ApiEnabled"): _API, system("ViewSetup"): _CHECK}
    for name in PERSON_OBJECTS:
        fields = list(wanted.mapping.on(name))
        if not fields and name != LEAD:
            continue
        rights[on_object(name, READ)] = f"{name}s are people"
        rights[on_object(name, VIEW_ALL)] = f"every {name} is read, whoever owns it"
        shape = wanted.shapes.get(name)
        for field, source in fields:
            rights |= _of_field(field, source, name, shape)
        if any(field.direction.pushes for field, _ in fields):
            rights[on_object(name, EDIT)] = "values are sent"
        if key := _find_key(wanted, name):
            rights |= _of_columns(name, shape, (key,), "matching by our own id")
    if wanted.creates_leads:
        rights |= _to_create(wanted)
    for one in wanted.mirrored:
        rights |= _of_mirrored(one, wanted.shapes.get(one.name))
    return rights


def _of_field(field: MappedField, source: str, object_name: str, shape: ObjectShape | None) -> dict[Right, str]:
    """What a mapped field needs on an object: to be read, and to be edited where it is sent."""
    reason = f"mapped to {field.name}"
    if is_expression(source):
        return _of_columns(object_name, shape, _read_by(source, shape), f"read by the expression of {field.name}")
    rights = _of_columns(object_name, shape, (source,), reason)
    found = shape.find(source) if shape else None
    fixed = found is not None and (
        found.calculated or not (found.updateable or found.createable or found.permissionable)
    )
    name = permission_field(shape, source)
    if field.direction.pushes and name and not fixed:
        rights[on_field(object_name, name, EDIT)] = f"{reason}, and sent"
    return rights


def _to_create(wanted: Wanted) -> dict[Right, str]:
    rights = {on_object(LEAD, CREATE): "contacts without a record become Leads"}
    if key := _find_key(wanted, LEAD):
        rights[on_field(LEAD, key, EDIT)] = "a Lead is created by our own id, so never twice"
    return rights


def _find_key(wanted: Wanted, object_name: str) -> str | None:
    """The field of our own id on an object; None where the org is seen not to have it."""
    shape = wanted.shapes.get(object_name)
    key = wanted.mapping.external_id_field
    return key if key and (shape is None or shape.find(key)) else None


def _of_columns(object_name: str, shape: ObjectShape | None, names: Iterable[str], reason: str) -> dict[Right, str]:
    rights = {}
    for name in names:
        granted_by = permission_field(shape, name)
        if granted_by:
            rights[on_field(object_name, granted_by, READ)] = reason
    return rights


def _read_by(source: str, shape: ObjectShape | None) -> tuple[str, ...]:
    if shape is None:
        return ()
    try:
        return check_source(source, shape).fields
    except FormulaError:
        # What it reads is not shown, or it is wrong: the mapping's own check tells which.
        return ()


def _of_mirrored(one: MirroredObject, shape: ObjectShape | None) -> dict[Right, str]:
    if one.name in ACTIVITIES:
        rights = {system("ActivitiesAccess"): f"{one.name}s are mirrored"}
    else:
        rights = {
            on_object(one.name, READ): "it is mirrored",
            on_object(one.name, VIEW_ALL): "every record is mirrored, whoever owns it",
        }
    if shape is None:
        return rights
    names = [field.name for field in shape.fields if field.type not in COMPOUND_TYPES and one.wants(field)]
    return rights | _of_columns(one.name, shape, names, "it is mirrored")


def _seed(shapes: Shapes[str, ObjectShape]) -> tuple[dict[Right, str], list[str]]:
    """The list of the seed, as far as the org has it, and what it has not."""
    reason = "the usual list asks for it"
    rights = {system(one): reason for one in _SEED_SYSTEM}
    absent = []
    for name, granted in _SEED_OBJECTS.items():
        rights |= {on_object(name, one): reason for one in granted}
    for object_name, fields in _SEED_FIELDS.items():
        shape = shapes.get(object_name)
        for field, permission in fields.items():
            if shape is not None and shape.find(field) is None:
                absent.append(f"{object_name}.{field}")
                continue
            granted_by = permission_field(shape, field)
            if granted_by:
                rights[on_field(object_name, granted_by, permission)] = reason
    return rights, absent
