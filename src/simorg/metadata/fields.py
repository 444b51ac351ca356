"""Custom fields as components: installed in the schema by its own definition of a field, found there again."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from simorg.behaviour.customizing import define_field, redefine_field, remove_field
from simorg.fidelity import say
from simorg.metadata import store
from simorg.metadata.change import Change, Refused
from simorg.metadata.codec import Content, arrange
from simorg.metadata.columns import copy_column, fill_column, renew_column, retype_column
from simorg.org import Org
from simorg.schema.definition import DefinitionError, FieldDefinition, read_definition
from simorg.schema.registry import Field, ObjectType
from simorg.security.granting import move_grants
from simorg.transactions import quote

#: What can be changed about a standard field.
_STANDARD = frozenset({
    "fullName", "type", "label", "inlineHelpText", "trackHistory", "trackFeedHistory", "trackTrending", "description",
    "businessOwnerGroup", "businessOwnerUser", "businessStatus", "complianceGroup", "securityClassification",
})  # fmt: skip
#: describe's type → FieldType.
_TYPES = {
    "string": "Text", "textarea": "TextArea", "email": "Email", "phone": "Phone", "url": "Url", "boolean": "Checkbox",
    "double": "Number", "int": "Number", "currency": "Currency", "percent": "Percent", "date": "Date",
    "datetime": "DateTime", "time": "Time", "picklist": "Picklist", "multipicklist": "MultiselectPicklist",
    "reference": "Lookup", "encryptedstring": "EncryptedText", "combobox": "Picklist", "id": "Lookup",
    "address": "Address", "location": "Location",
}  # fmt: skip
_UNIQUE = ("Text", "Number", "Email", "AutoNumber")
_NEVER_REQUIRED = ("Checkbox", "AutoNumber", "Summary", "MasterDetail", "MultiselectPicklist", "LongTextArea", "Html")
_PREFIX = "00N"
_WORD = re.compile(r"\w+", re.ASCII)


class CustomFields:
    """The fields of an org by `Object.Field`: the custom ones, and of the standard ones what can be set about them."""

    def names(self, org: Org) -> list[str]:
        """Every custom field, and the standard ones that set-up shows."""
        return [
            f"{one.name}.{field.name}"
            for one in org.schema.objects()
            for field in one.fields.values()
            if field.custom or (field.permissionable and field.compound is None)
        ]

    def read(self, org: Org, name: str) -> Content | None:
        """A field, or None."""
        found = find_field(org, name)
        if found is None:
            return None
        one, field = found
        full_name = f"{one.name}.{field.name}"
        stored = store.find(org.storage, "CustomField", full_name)
        content = stored.content if stored else describe(field)
        return arrange("CustomField", {"fullName": full_name, **_flags(field), **content})

    def create(self, change: Change, name: str, content: Mapping[str, Any]) -> None:
        """Makes a custom field; nobody sees it until field permissions are given."""
        object_name, _, field_name = name.partition(".")
        definition = _define(content, field_name)
        if change.org.schema.find(object_name) is None:
            message = say("metadata.unknown_entity", name=object_name)
            raise Refused("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, ("TableEnumOrId",))
        if not field_name.endswith("__c"):
            raise Refused("FIELD_INTEGRITY_EXCEPTION", say("metadata.standard_name"), ("fullName",))
        field = define_field(change.org, object_name, definition)
        one = change.org.schema.get(object_name)
        renew_column(change.tx, one, field)
        fill_column(change.tx, one, field)
        self._keep(change, one, field, definition)

    def update(self, change: Change, name: str, content: Mapping[str, Any]) -> None:
        """Changes a field: a custom one to another definition, a standard one in what can be set about it."""
        found = find_field(change.org, name)
        assert found is not None
        one, old = found
        if not old.custom:
            self._set_standard(change, one, old, content)
            return
        definition = _define({**(self.read(change.org, name) or {}), **content}, old.name)
        self._check_values(change, one, old, definition)
        field = redefine_field(change.org, one.name, definition)
        retype_column(change.tx, one, old, field)
        fill_column(change.tx, change.org.schema.get(one.name), field)
        self._keep(change, one, field, definition)

    def delete(self, change: Change, name: str) -> None:
        """Removes a custom field, with what it holds and who may see it."""
        found = find_field(change.org, name)
        assert found is not None
        one, field = found
        if not field.custom:
            raise Refused("INVALID_CROSS_REFERENCE_KEY", say("metadata.standard_field", name=field.name))
        if user := find_user_of(change.org, one, field.name):
            raise Refused("DEPENDENCY_EXISTS", say("metadata.field_used", place=user))
        remove_field(change.org, one.name, field.name)
        self._forget(change, one, field)

    def rename(self, change: Change, name: str, new: str) -> None:
        """Gives a custom field another API name; its values and its id go with it."""
        found = find_field(change.org, name)
        assert found is not None
        one, field = found
        object_name, _, field_name = new.partition(".")
        if not field.custom or object_name.lower() != one.name.lower() or not field_name.endswith("__c"):
            raise Refused("INVALID_OPERATION", say("metadata.rename", name=name, new=new))
        if user := find_user_of(change.org, one, field.name):
            raise Refused("DEPENDENCY_EXISTS", say("metadata.field_used", place=user))
        content = self.read(change.org, name) or {}
        old_id = self.identify(change.org, name)
        definition = _define({**content, "fullName": new}, field_name)
        added = define_field(change.org, one.name, replace(definition, relationship_name=None))
        renew_column(change.tx, one, added)
        if field.stored:
            copy_column(change.tx, one, field.name, added)
        move_grants(change.tx, one, field.name, added.name)
        self._forget(change, one, field)
        remove_field(change.org, one.name, field.name)
        store.save(change.tx, "CustomField", f"{one.name}.{added.name}", old_id, definition.as_metadata())

    def identify(self, org: Org, name: str) -> str:
        """The id of a custom field; standard ones have none."""
        found = find_field(org, name)
        if found is None or not found[1].custom:
            return ""
        full_name = f"{found[0].name}.{found[1].name}"
        stored = store.find(org.storage, "CustomField", full_name)
        return stored.id if stored else store.derive_id(_PREFIX, full_name)

    def _keep(self, change: Change, one: ObjectType, field: Field, definition: FieldDefinition) -> None:
        full_name = f"{one.name}.{field.name}"
        known = store.find(change.org.storage, "CustomField", full_name)
        derived = store.derive_id(_PREFIX, full_name) if (one.name, field.name) in _initial(change.org) else ""
        record_id = known.id if known else derived or store.new_id(change.tx, _PREFIX)
        content = {key: value for key, value in definition.as_metadata().items() if key != "fullName"}
        store.save(change.tx, "CustomField", full_name, record_id, content)

    def _forget(self, change: Change, one: ObjectType, field: Field) -> None:
        store.remove(change.tx, "CustomField", f"{one.name}.{field.name}")

    def _set_standard(self, change: Change, one: ObjectType, old: Field, content: Mapping[str, Any]) -> None:
        full_name = f"{one.name}.{old.name}"
        before = self.read(change.org, full_name) or {}
        for key, value in content.items():
            if key not in _STANDARD and before.get(key) != value:
                raise Refused("FIELD_INTEGRITY_EXCEPTION", say("metadata.standard_part", name=key), (key,))
        kept = {**before, **content}
        kept.pop("fullName", None)
        changes: dict[str, Any] = {"help": kept.get("inlineHelpText") or None}
        if kept.get("label"):
            changes["label"] = kept["label"]
        change.org.schema.change_field(one.name, old.name, **changes)
        store.save(change.tx, "CustomField", full_name, "", kept)

    def _check_values(self, change: Change, one: ObjectType, old: Field, new: FieldDefinition) -> None:
        """Refuses what the records that are there would break: a length they exceed, a value they share."""
        if not old.stored:
            return
        column, table = quote(old.name), quote(one.name)
        if new.type == "Text" and new.length is not None:
            statement = f'SELECT 1 FROM {table} WHERE length({column}) > ? AND "IsDeleted" = 0 LIMIT 1'
            if change.tx.run(statement, [new.length]).fetchone():
                raise Refused("FIELD_INTEGRITY_EXCEPTION", say("metadata.shorter", length=new.length), ("length",))
        if new.unique and not old.unique:
            same = "" if new.case_sensitive else " COLLATE NOCASE"
            living = 'WHERE "IsDeleted" = 0 AND' if "isdeleted" in one.fields else "WHERE"
            shared = f"{column} IS NOT NULL GROUP BY {column}{same} HAVING count(*) > 1 LIMIT 1"
            statement = f"SELECT 1 FROM {table} {living} {shared}"
            if change.tx.run(statement, ()).fetchone():
                raise Refused("DUPLICATE_VALUE", say("metadata.not_unique", name=old.label), ("unique",))


def find_field(org: Org, name: str) -> tuple[ObjectType, Field] | None:
    """Object and field behind `Object.Field`, in any case."""
    object_name, _, field_name = name.partition(".")
    one = org.schema.find(object_name)
    field = one.fields.get(field_name.lower()) if one else None
    return None if one is None or field is None else (one, field)


def describe(field: Field) -> Content:
    """A field that no definition made, in the words of the Metadata API."""
    if field.definition is not None:
        return field.definition.as_metadata()
    content: Content = {"label": field.label, "type": metadata_type(field), "trackHistory": False}
    if field.custom:
        content |= {"required": field.required and field.type != "boolean", "externalId": field.external_id}
        content |= _measures(field)
    if field.type == "picklist" and field.picklist:
        values = [
            {"fullName": one.value, "default": one.default, "label": one.label or one.value} for one in field.picklist
        ]
        content["valueSet"] = {
            "restricted": field.restricted_picklist,
            "valueSetDefinition": {"sorted": False, "value": values},
        }
    if field.type == "reference" and field.custom:
        content |= {"referenceTo": field.reference_to[0], "deleteConstraint": "SetNull"}
    if field.help:
        content["inlineHelpText"] = field.help
    return arrange("CustomField", content)


def _flags(field: Field) -> Content:
    """What is said of every custom field of its type, set or not."""
    if not field.custom:
        return {}
    kind = metadata_type(field)
    unique: Content = {"unique": False} if kind in _UNIQUE and not field.calculated else {}
    required: Content = {} if kind in _NEVER_REQUIRED or field.calculated else {"required": False}
    return {"externalId": False, **required, **unique}


def _measures(field: Field) -> Content:
    if field.type in ("string", "encryptedstring"):
        return {"length": field.length, "unique": field.unique}
    if field.type in ("double", "currency", "percent"):
        return {"precision": field.precision, "scale": field.scale, "unique": field.unique}
    if field.type == "int":
        return {"precision": field.digits, "scale": 0, "unique": field.unique}
    if field.type == "boolean":
        return {"defaultValue": "true" if field.default else "false"}
    if field.type == "textarea" and field.length > 255:
        return {"length": field.length, "visibleLines": 3}
    return {"visibleLines": 4} if field.type == "multipicklist" else {}


def metadata_type(field: Field) -> str:
    """The FieldType of a field."""
    if field.definition is not None:
        return field.definition.type
    if field.type == "textarea" and field.length > 255:
        return "Html" if field.html else "LongTextArea"
    return _TYPES.get(field.type, "Text")


def find_user_of(org: Org, one: ObjectType, field_name: str) -> str | None:
    """What is built on a field: another field's formula, roll-up or controlling field; None for nothing."""
    wanted = field_name.lower()
    for other in org.schema.objects():
        for field in other.fields.values():
            definition = field.definition
            if definition is None or (other.name == one.name and field.name.lower() == wanted):
                continue
            if definition.summarized_field and definition.summarized_field.lower() == f"{one.name}.{wanted}".lower():
                return f"{other.name}.{field.name}"
            if other.name != one.name:
                continue
            formulas = f"{definition.formula or ''} {definition.default_value or ''}".lower()
            controlled = (definition.controlling_field or "").lower() == wanted
            if controlled or _names(formulas, wanted):
                return f"{other.name}.{field.name}"
    return None


def _names(formula: str, field_name: str) -> bool:
    return any(part.lower() == field_name for part in _WORD.findall(formula))


def _define(content: Mapping[str, Any], field_name: str) -> FieldDefinition:
    if not content.get("type"):
        raise Refused("REQUIRED_FIELD_MISSING", say("metadata.required", name="type"), ("type",))
    if not content.get("label"):
        raise Refused("REQUIRED_FIELD_MISSING", say("metadata.required", name="label"), ("label",))
    try:
        return read_definition(content, field_name)
    except DefinitionError as error:
        raise Refused(error.code, error.message, error.fields) from None


def _initial(org: Org) -> set[tuple[str, str]]:
    return {
        (one.name, field.name)
        for one in (org.schema.initial(each.name) for each in org.schema.objects())
        if one is not None
        for field in one.fields.values()
        if field.custom
    }
