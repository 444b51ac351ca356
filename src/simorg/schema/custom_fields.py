"""From the definition of a custom field to the field that describe shows (Metadata API Developer Guide, "CustomField",
and Salesforce Help, "Custom Field Types": which facts each type needs, and how far they reach).
"""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from simorg.fidelity import say
from simorg.schema import build
from simorg.schema.definition import SUMMARY_OPERATIONS, DefinitionError, FieldDefinition
from simorg.schema.registry import Field, PicklistValue

_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*__c", re.ASCII)
_LONGEST_NAME = 40
_MOST_DIGITS = 18
#: The smallest and the largest length of the types that have one to choose.
_LENGTHS = {"Text": (1, 255), "LongTextArea": (256, 131_072), "Html": (256, 131_072), "EncryptedText": (1, 175)}
_NUMBERS = {"Number": "double", "Currency": "currency", "Percent": "percent"}
_LINES = ("LongTextArea", "Html", "MultiselectPicklist")
_CAN_BE = {
    "externalId": ("Text", "Number", "Email", "AutoNumber"),
    "unique": ("Text", "Number", "Email", "AutoNumber"),
    "caseSensitive": ("Text",),
    "required": (
        "Currency", "Date", "DateTime", "Email", "EncryptedText", "Lookup", "MasterDetail", "Number", "Percent",
        "Phone", "Picklist", "Text", "TextArea", "Time", "Url",
    ),
    "length": ("Text", "LongTextArea", "Html", "EncryptedText", "Checkbox"),
    "precision": tuple(_NUMBERS),
    "scale": tuple(_NUMBERS),
    "valueSet": ("Picklist", "MultiselectPicklist"),
    "referenceTo": ("Lookup", "MasterDetail"),
    "relationshipName": ("Lookup", "MasterDetail"),
    "summaryOperation": ("Summary",),
    "displayFormat": ("AutoNumber",),
    "formula": ("Checkbox", "Currency", "Date", "DateTime", "Number", "Percent", "Text", "Time"),
}  # fmt: skip
#: What describe says of the type of a formula or of a roll-up.
_RESULTS = {
    "Checkbox": "boolean", "Currency": "currency", "Date": "date", "DateTime": "datetime", "Number": "double",
    "Percent": "percent", "Text": "string", "Time": "time",
}  # fmt: skip
FORMULA_TEXT = 1300
_SHAPES = {
    "equals", "notEqual", "lessThan", "greaterThan", "lessOrEqual", "greaterOrEqual", "contains", "notContain",
    "startsWith",
}  # fmt: skip


def build_field(definition: FieldDefinition) -> Field:
    """The field of a definition that is whole in itself. What it refers to (objects, other fields, formulas) is judged
    by whoever adds it to an object.

    Raises:
        DefinitionError: a part is missing, does not belong to the type, or is out of range.
    """
    _check_name(definition.full_name)
    _check_parts(definition)
    common: dict[str, Any] = {
        "custom": True,
        "definition": definition,
        "help": definition.help,
        "unique": definition.unique,
        "external_id": definition.external_id,
        "id_lookup": definition.external_id or definition.type == "Email",
        "case_sensitive": definition.case_sensitive,
        "nillable": not definition.required,
    }
    if definition.formula is not None:
        return _build_calculated(definition, _RESULTS[definition.type], common)
    field = _MAKERS[definition.type](definition, common)
    if definition.required and definition.default_value is not None:
        field = replace(field, defaulted_on_create=True)
    return field


def relation_names(definition: FieldDefinition, child_plural: str) -> tuple[str, str]:
    """The relationship of a lookup as its own object and as the parent call it."""
    inverse = definition.relationship_name or child_plural.replace(" ", "_")
    return f"{definition.full_name[:-3]}__r", f"{inverse}__r"


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or len(name) - len("__c") > _LONGEST_NAME:
        raise DefinitionError("FIELD_INTEGRITY_EXCEPTION", say("definition.name"), ("fullName",))


def _check_parts(one: FieldDefinition) -> None:
    kind = one.type
    given = {
        "externalId": one.external_id, "unique": one.unique, "caseSensitive": one.case_sensitive,
        "required": one.required, "length": one.length is not None, "precision": one.precision is not None,
        "scale": one.scale is not None, "valueSet": bool(one.entries), "referenceTo": one.reference_to is not None,
        "relationshipName": one.relationship_name is not None, "displayFormat": one.display_format is not None,
        "summaryOperation": one.summary_operation is not None, "formula": one.formula is not None,
    }  # fmt: skip
    for name, present in given.items():
        if present and kind not in _CAN_BE[name]:
            raise _error("definition.not_allowed", kind, name)
    if one.formula is not None:
        _require_digits(one)
        return
    for name, kinds in (("referenceTo", ("Lookup", "MasterDetail")), ("summaryOperation", ("Summary",))):
        if kind in kinds and not given[name]:
            raise _error("definition.missing", kind, name)
    if kind == "Checkbox" and one.default_value is None:
        raise _error("definition.missing", kind, "defaultValue")
    if kind in _LINES and one.visible_lines is None:
        raise _error("definition.missing", kind, "visibleLines")
    if kind in _CAN_BE["valueSet"] and not one.entries:
        raise _error("definition.missing", kind, "valueSet")
    _require_length(one)
    _require_digits(one)
    _require_values(one)


def _require_length(one: FieldDefinition) -> None:
    if one.type not in _LENGTHS:
        return
    least, most = _LENGTHS[one.type]
    if one.length is None:
        raise _error("definition.missing", one.type, "length")
    if not least <= one.length <= most:
        message = say("definition.length", type=one.type, least=least, most=most)
        raise DefinitionError("FIELD_INTEGRITY_EXCEPTION", message, ("length",))


def _require_digits(one: FieldDefinition) -> None:
    if one.type not in _NUMBERS:
        return
    for name, value in (("precision", one.precision), ("scale", one.scale)):
        if value is None and one.formula is None:
            raise _error("definition.missing", one.type, name)
    precision, scale = one.precision or _MOST_DIGITS, one.scale or 0
    if not 1 <= precision <= _MOST_DIGITS or not 0 <= scale <= min(precision, _MOST_DIGITS - 1):
        message = say("definition.digits", most=_MOST_DIGITS)
        raise DefinitionError("FIELD_INTEGRITY_EXCEPTION", message, ("precision", "scale"))


def _require_values(one: FieldDefinition) -> None:
    names = [entry.name.casefold() for entry in one.entries]
    twice = next((entry.name for entry in one.entries if names.count(entry.name.casefold()) > 1), None)
    if twice is not None:
        message = say("definition.value_twice", value=twice)
        raise DefinitionError("DUPLICATE_VALUE", message, ("valueSet",))
    for condition in one.summary_filters:
        if condition.operation not in _SHAPES:
            message = f"'{condition.operation}' is not a valid value for the enum 'FilterOperation'"
            raise DefinitionError("FIELD_INTEGRITY_EXCEPTION", message, ("summaryFilterItems",))


def _error(key: str, kind: str, name: str) -> DefinitionError:
    return DefinitionError("FIELD_INTEGRITY_EXCEPTION", say(key, name=name, type=kind), (name,))


def _build_calculated(one: FieldDefinition, kind: str, common: dict[str, Any]) -> Field:
    facts = {**common, "createable": False, "updateable": False, "calculated": True, "formula": one.formula}
    facts |= {"nillable": kind != "boolean", "permissionable": True, "aggregatable": kind != "boolean"}
    if kind in ("double", "currency", "percent"):
        facts |= {"precision": one.precision or _MOST_DIGITS, "scale": one.scale or 0, "groupable": False}
    return Field(one.full_name, one.label, kind, length=FORMULA_TEXT if kind == "string" else 0, **facts)


def _text(one: FieldDefinition, common: dict[str, Any]) -> Field:
    return build.text(one.full_name, one.label, one.length or 255, **common)


def _area(one: FieldDefinition, common: dict[str, Any]) -> Field:
    html = one.type == "Html"
    extra = {"html": html, "extra_type": "richtextarea" if html else None}
    return build.area(one.full_name, one.label, one.length or 255, **common, **extra)


def _encrypted(one: FieldDefinition, common: dict[str, Any]) -> Field:
    closed = {"filterable": False, "sortable": False, "groupable": False, "aggregatable": False, "permissionable": True}
    masks = {"mask_char": "X" if one.mask_char == "X" else "*", "mask_type": one.mask_type or "all"}
    length = one.length or 175
    return Field(one.full_name, one.label, "encryptedstring", length=length, **{**common, **closed, **masks})


def _number(one: FieldDefinition, common: dict[str, Any]) -> Field:
    digits = (one.precision or _MOST_DIGITS, one.scale or 0)
    return build.number(one.full_name, one.label, *digits, kind=_NUMBERS[one.type], **common)


def _checkbox(one: FieldDefinition, common: dict[str, Any]) -> Field:
    default = (one.default_value or "").strip().lower() == "true"
    return build.flag(
        one.full_name, one.label, **{**common, "nillable": False, "default": default, "permissionable": True}
    )


def _picklist(one: FieldDefinition, common: dict[str, Any]) -> Field:
    values = tuple(
        PicklistValue(entry.name, entry.label, entry.active, entry.default, entry.valid_for) for entry in one.entries
    )
    several = one.type == "MultiselectPicklist"
    default = next((entry.name for entry in one.entries if entry.default), None)
    facts = {**common, "restricted_picklist": one.restricted, "controller": one.controlling_field}
    if several:
        facts |= {"sortable": False, "groupable": False, "aggregatable": False, "precision": one.visible_lines or 4}
    return Field(
        one.full_name, one.label, "multipicklist" if several else "picklist", length=4099 if several else 255,
        picklist=values, default=default, permissionable=True, **facts,
    )  # fmt: skip


def _lookup(one: FieldDefinition, common: dict[str, Any]) -> Field:
    master = one.type == "MasterDetail"
    facts = {**common, "cascade_delete": master or one.delete_constraint == "Cascade"}
    if master:
        moves = str(one.other.get("reparentableMasterDetail", "")).lower() == "true"
        facts |= {"nillable": False, "permissionable": False, "updateable": moves}
    return build.lookup(one.full_name, one.label, (str(one.reference_to),), f"{one.full_name[:-3]}__r", **facts)


def _auto_number(one: FieldDefinition, common: dict[str, Any]) -> Field:
    form = one.display_format or "{0}"
    if not re.fullmatch(r"[^{}]*(?:\{(?:YYYY|YY|MM|DD)\}[^{}]*)*\{0+\}[^{}]*", form):
        message = say("definition.display_format", value=form)
        raise DefinitionError("FIELD_INTEGRITY_EXCEPTION", message, ("displayFormat",))
    facts = {**common, "nillable": True, "createable": False, "updateable": False, "defaulted_on_create": True}
    return build.text(one.full_name, one.label, 30, **facts, auto_number=form)


def _summary(one: FieldDefinition, common: dict[str, Any]) -> Field:
    if one.summary_operation not in SUMMARY_OPERATIONS:
        message = f"'{one.summary_operation}' is not a valid value for the enum 'SummaryOperations'"
        raise DefinitionError("FIELD_INTEGRITY_EXCEPTION", message, ("summaryOperation",))
    needs = ("summaryForeignKey",) if one.summary_operation == "count" else ("summaryForeignKey", "summarizedField")
    given = {"summaryForeignKey": one.summary_foreign_key, "summarizedField": one.summarized_field}
    for name in needs:
        if not given[name]:
            raise _error("definition.missing", "Summary", name)
    facts = {**common, "createable": False, "updateable": False, "calculated": True, "permissionable": True}
    return Field(one.full_name, one.label, "double", precision=18, scale=0, groupable=False, **facts)


def _plain(make: Callable[..., Field], *more: Any) -> Callable[[FieldDefinition, dict[str, Any]], Field]:
    def build_plain(one: FieldDefinition, common: dict[str, Any]) -> Field:
        return make(one.full_name, one.label, *more, **common)

    return build_plain


def _time(one: FieldDefinition, common: dict[str, Any]) -> Field:
    return Field(one.full_name, one.label, "time", groupable=False, permissionable=True, **common)


_MAKERS: dict[str, Callable[[FieldDefinition, dict[str, Any]], Field]] = {
    "AutoNumber": _auto_number,
    "Checkbox": _checkbox,
    "Currency": _number,
    "Date": _plain(build.date),
    "DateTime": _plain(build.moment),
    "Email": _plain(build.email),
    "EncryptedText": _encrypted,
    "Html": _area,
    "LongTextArea": _area,
    "Lookup": _lookup,
    "MasterDetail": _lookup,
    "MultiselectPicklist": _picklist,
    "Number": _number,
    "Percent": _number,
    "Phone": _plain(build.phone),
    "Picklist": _picklist,
    "Summary": _summary,
    "Text": _text,
    "TextArea": _area,
    "Time": _time,
    "Url": _plain(build.url),
}


def can_control(field: Field | None) -> bool:
    """Whether a field can say which values of a picklist can be chosen: a picklist or a checkbox."""
    return field is not None and field.type in ("picklist", "boolean")
