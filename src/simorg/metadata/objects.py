"""Objects as components: custom ones are made and removed, all can be given fields, rules and the like."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from simorg.fidelity import say
from simorg.metadata import store
from simorg.metadata.change import Change, Refused
from simorg.metadata.codec import Content, arrange
from simorg.metadata.columns import drop_table, empty_object
from simorg.metadata.components import child_types
from simorg.metadata.fields import CustomFields, find_user_of
from simorg.org import Org
from simorg.schema.definition import read_definition
from simorg.schema.objects.custom import build_custom
from simorg.schema.registry import ObjectType, Schema

_PREFIX = "01I"
_CHILDREN = tuple(one.element for one in child_types("CustomObject"))
_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*__c", re.ASCII)
_LONGEST_NAME = 40
_NAME_TYPES = ("Text", "AutoNumber")


class CustomObjects:
    """The objects of an org. What an object holds of other types (fields, rules) is theirs to read and write."""

    def names(self, org: Org) -> list[str]:
        """Every object."""
        return [one.name for one in org.schema.objects()]

    def read(self, org: Org, name: str) -> Content | None:
        """An object without what it holds of other types, or None."""
        one = org.schema.find(name)
        if one is None:
            return None
        stored = store.find(org.storage, "CustomObject", one.name)
        content = {**_describe(one), **(stored.content if stored else {})}
        return arrange("CustomObject", {"fullName": one.name, **content})

    def create(self, change: Change, name: str, content: Mapping[str, Any]) -> None:
        """Makes a custom object."""
        org = change.org
        own = _own(content)
        _check(name, own)
        org.schema.add_object(build_stored(org, name, own))
        added = org.schema.get(name)
        drop_table(change.tx, added)
        org.storage.add_object(name)
        if own.get("enableActivities", True):
            what = org.schema.get("Task").fields["whatid"]
            org.schema.change_field("Task", "WhatId", reference_to=(*what.reference_to, added.name))
        store.save(change.tx, "CustomObject", name, store.new_id(change.tx, _PREFIX), own)

    def update(self, change: Change, name: str, content: Mapping[str, Any]) -> None:
        """Changes what an object says of itself."""
        org = change.org
        one = org.schema.get(name)
        own = {**_own(self.read(org, name) or {}), **_own(content)}
        if one.custom:
            _check(one.name, own)
            org.schema.replace_object(with_facts(one, own))
        store.save(change.tx, "CustomObject", one.name, self.identify(org, one.name), own)

    def delete(self, change: Change, name: str) -> None:
        """Removes a custom object with its records, its fields and the lookups to it."""
        org = change.org
        one = org.schema.get(name)
        if not one.custom:
            raise Refused("INVALID_CROSS_REFERENCE_KEY", say("metadata.standard_object", name=one.name))
        for other in org.schema.objects():
            for field in other.fields.values():
                if one.name not in field.reference_to or other.name in (one.name, "Task"):
                    continue
                if user := find_user_of(org, other, field.name):
                    raise Refused("DEPENDENCY_EXISTS", say("metadata.object_used", place=user))
                if field.custom:
                    CustomFields().delete(change, f"{other.name}.{field.name}")
        empty_object(change.tx, one)
        store.remove(change.tx, "CustomObject", one.name)
        store.remove_below(change.tx, one.name)
        take_away(org.schema, one.name)

    def identify(self, org: Org, name: str) -> str:
        """The id of a custom object; standard ones have none."""
        one = org.schema.find(name)
        if one is None or not one.custom:
            return ""
        stored = store.find(org.storage, "CustomObject", one.name)
        return stored.id if stored and stored.id else store.derive_id(_PREFIX, one.name)


def take_away(schema: Schema, object_name: str) -> None:
    """Takes an object out of the schema, with the relationships to it and from it."""
    gone = schema.get(object_name)
    schema.remove_object(object_name)
    for one in schema.objects():
        children = tuple(child for child in one.children if child.child != gone.name)
        fields = {
            key: replace(field, reference_to=tuple(to for to in field.reference_to if to != gone.name))
            if gone.name in field.reference_to
            else field
            for key, field in one.fields.items()
        }
        if len(children) != len(one.children) or fields != one.fields:
            schema.replace_object(replace(one, children=children, fields=fields))


def build_stored(org: Org, name: str, own: Mapping[str, Any]) -> ObjectType:
    """A new custom object from what its component says."""
    taken = [one.key_prefix for one in org.schema.objects()]
    new = build_custom({"name": name, "label": own["label"], "plural": own["pluralLabel"]}, taken)
    return with_facts(new, own)


def with_facts(one: ObjectType, own: Mapping[str, Any]) -> ObjectType:
    """An object as its component says; standard ones keep what they are."""
    if not one.custom:
        return one
    facts: dict[str, Any] = {
        "label": own["label"],
        "label_plural": own["pluralLabel"],
        "searchable": bool(own.get("enableSearch", True)),
        "feed_enabled": bool(own.get("enableFeeds", False)),
    }
    return _with_name_field(replace(one, **facts), own["nameField"])


def _own(content: Mapping[str, Any]) -> Content:
    """What an object says of itself, without what it holds of other types."""
    return {key: value for key, value in content.items() if key not in _CHILDREN and key != "fullName"}


def _check(name: str, own: Content) -> None:
    if not name.endswith("__c"):
        raise Refused("FIELD_INTEGRITY_EXCEPTION", say("metadata.custom_suffix"), ("fullName",))
    if not _NAME.fullmatch(name) or len(name) - len("__c") > _LONGEST_NAME:
        raise Refused("FIELD_INTEGRITY_EXCEPTION", say("metadata.object_name"), ("fullName",))
    for element in ("label", "pluralLabel", "deploymentStatus", "sharingModel"):
        if not own.get(element):
            raise Refused("REQUIRED_FIELD_MISSING", say("metadata.required", name=element), (element,))
    named = own.get("nameField") or {}
    if named.get("type") not in _NAME_TYPES:
        raise Refused("FIELD_INTEGRITY_EXCEPTION", say("metadata.name_field"), ("nameField",))


def _with_name_field(one: ObjectType, named: Mapping[str, Any]) -> ObjectType:
    """The object with its name as text or as an automatic number."""
    name = one.fields["name"]
    label = str(named.get("label") or name.label)
    if named.get("type") == "AutoNumber":
        definition = read_definition(named, "Name")
        changed = replace(
            name, label=label, length=30, createable=False, updateable=False, nillable=False, defaulted_on_create=True,
            auto_number=definition.display_format or "{0}",
        )  # fmt: skip
    else:
        changed = replace(
            name, label=label, length=80, createable=True, updateable=True, nillable=True, defaulted_on_create=False,
            auto_number=None,
        )  # fmt: skip
    return replace(one, fields={**one.fields, "name": changed})


def _describe(one: ObjectType) -> Content:
    """An object that nobody defined here, in the words of the Metadata API."""
    common: Content = {
        "deploymentStatus": "Deployed",
        "enableActivities": any(child.child == "Task" for child in one.children),
        "enableFeeds": one.feed_enabled,
        "enableHistory": False,
        "label": one.label,
        "pluralLabel": one.label_plural,
        "sharingModel": "ReadWrite",
    }
    if not one.custom:
        return {key: common[key] for key in ("enableFeeds", "enableHistory", "sharingModel")}
    name = one.fields["name"]
    named: Content = {"label": name.label, "type": "AutoNumber" if name.auto_number else "Text"}
    if name.auto_number:
        named["displayFormat"] = name.auto_number
    return {**common, "enableReports": True, "enableSearch": one.searchable, "nameField": arrange("CustomField", named)}
