"""The rows of the Tooling API's objects, made from the schema and the components when a query asks for them."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from simorg.functions import add_functions
from simorg.metadata import store
from simorg.metadata.codec import Content
from simorg.metadata.fields import describe as describe_metadata_field
from simorg.metadata.fields import metadata_type
from simorg.metadata.listing import FileFacts, list_components
from simorg.metadata.operations import read
from simorg.org import Org
from simorg.schema.registry import Field, ObjectType, Schema
from simorg.tables import column_type
from simorg.transactions import StoredValue, quote

Row = Mapping[str, StoredValue]
_VALUE_TYPES = {
    "string": "string", "textarea": "string", "double": "double", "currency": "double", "percent": "double",
    "boolean": "boolean", "date": "date", "datetime": "datetime", "int": "int", "reference": "id", "id": "id",
}  # fmt: skip
#: FieldType → what set-up calls it.
_CALLED = {
    "Text": "Text({length})", "Number": "Number({digits}, {scale})", "Currency": "Currency({digits}, {scale})",
    "Percent": "Percent({digits}, {scale})", "LongTextArea": "Long Text Area({length})",
    "Html": "Rich Text Area({length})",
    "TextArea": "Text Area({length})", "DateTime": "Date/Time", "Url": "URL({length})",
    "MultiselectPicklist": "Picklist (Multi-Select)", "EncryptedText": "Text (Encrypted)({length})",
    "AutoNumber": "Auto Number", "MasterDetail": "Master-Detail({target})", "Lookup": "Lookup({target})",
    "Summary": "Roll-Up Summary",
}  # fmt: skip


class Visible(Protocol):
    """What a user sees of the schema."""

    def objects(self) -> list[ObjectType]:
        """The objects, by name."""


class ToolingTables:
    """The tables that one query reads, in memory. `visible` is what the user sees of the schema."""

    def __init__(self, org: Org, objects: Schema, visible: Visible) -> None:
        self._org = org
        self._objects = objects
        self._visible = visible
        self._made: set[str] = set()
        self.connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        add_functions(self.connection)

    def source(self, object_name: str) -> str:
        """What to select from to read an object, as SQL; its rows are made at the first call."""
        one = self._objects.get(object_name)
        if one.name not in self._made:
            self._made.add(one.name)
            self._fill(one)
        return quote(one.name)

    def _fill(self, one: ObjectType) -> None:
        names = [field.name for field in one.fields.values()]
        columns = ", ".join(f"{quote(field.name)} {column_type(field)}" for field in one.fields.values())
        self.connection.execute(f"CREATE TABLE {quote(one.name)} (_row INTEGER PRIMARY KEY, {columns})")
        places = ", ".join("?" * len(names))
        statement = f"INSERT INTO {quote(one.name)} ({', '.join(map(quote, names))}) VALUES ({places})"
        rows = self._rows(one.name)
        self.connection.executemany(statement, ([row.get(name) for name in names] for row in rows))

    def _rows(self, name: str) -> Iterator[Row]:
        if name == "EntityDefinition":
            return (entity_row(self._org, one) for one in self._visible.objects())
        if name == "FieldDefinition":
            return (field_row(self._org, one, field) for one in self._visible.objects() for field in one.visible_fields)
        if name == "User":
            return self._users()
        return (component_row(self._org, one) for one in list_components(self._org, name) if one.id)

    def _users(self) -> Iterator[Row]:
        for record_id, username in self._org.storage.read('SELECT "Id", "Username" FROM "User"'):
            yield {"Id": record_id, "Name": self._org.user_name(str(record_id)), "Username": username}


def component_row(org: Org, facts: FileFacts) -> Row:
    """A component as a row; Metadata and FullName hold its name until they are shown."""
    parent, _, own = facts.full_name.partition(".")
    content = (read(org, facts.type, facts.full_name) or {}) if facts.type not in ("CustomObject", "Layout") else {}
    row: dict[str, StoredValue] = {
        "Id": facts.id, "NamespacePrefix": None, "ManageableState": "unmanaged", "CreatedDate": facts.created,
        "CreatedById": facts.created_by, "LastModifiedDate": facts.changed, "LastModifiedById": facts.changed_by,
        "FullName": facts.full_name, "Metadata": facts.full_name,
    }  # fmt: skip
    return {**row, **_OWN[facts.type](org, facts, parent, own, content)}


Own = Callable[[Org, FileFacts, str, str, Content], Row]


def _own_object(org: Org, facts: FileFacts, _parent: str, _own: str, _content: Content) -> Row:
    stored = store.find(org.storage, "CustomObject", facts.full_name)
    own = stored.content if stored else {}
    return {
        "DeveloperName": facts.full_name.removesuffix("__c"), "Language": "en_US",
        "Description": own.get("description"), "SharingModel": own.get("sharingModel", "ReadWrite"),
    }  # fmt: skip


def _own_field(org: Org, _facts: FileFacts, parent: str, own: str, content: Content) -> Row:
    return {
        "TableEnumOrId": entity_id(org, parent), "EntityDefinitionId": entity_id(org, parent),
        "DeveloperName": own.removesuffix("__c"), "Description": content.get("description"),
        "Length": content.get("length"), "Precision": content.get("precision"), "Scale": content.get("scale"),
        "RelationshipLabel": content.get("relationshipLabel"), "SummaryOperation": content.get("summaryOperation"),
        "InlineHelpText": content.get("inlineHelpText"),
    }  # fmt: skip


def _own_rule(org: Org, _facts: FileFacts, parent: str, own: str, content: Content) -> Row:
    return {
        "ValidationName": own, "Active": int(bool(content.get("active"))), "Description": content.get("description"),
        "ErrorDisplayField": content.get("errorDisplayField"), "ErrorMessage": content.get("errorMessage"),
        "EntityDefinitionId": entity_id(org, parent),
    }  # fmt: skip


def _own_record_type(org: Org, _facts: FileFacts, parent: str, _own: str, content: Content) -> Row:
    return {
        "Name": content.get("label"), "Description": content.get("description"),
        "IsActive": int(bool(content.get("active"))), "SobjectType": parent,
        "EntityDefinitionId": entity_id(org, parent),
    }  # fmt: skip


def _own_layout(org: Org, facts: FileFacts, _parent: str, _own: str, _content: Content) -> Row:
    object_name, _, name = facts.full_name.partition("-")
    return {
        "Name": name, "LayoutType": "Standard", "TableEnumOrId": entity_id(org, object_name),
        "EntityDefinitionId": entity_id(org, object_name),
    }  # fmt: skip


def _own_tab(_org: Org, facts: FileFacts, _parent: str, _own: str, content: Content) -> Row:
    kind = "customObject" if content.get("customObject") else "url" if content.get("url") else "visualforcePage"
    return {
        "DeveloperName": facts.full_name, "MasterLabel": content.get("label"), "Type": kind, "Url": content.get("url"),
        "Description": content.get("description"),
    }  # fmt: skip


def _own_application(_org: Org, facts: FileFacts, _parent: str, _own: str, content: Content) -> Row:
    return {
        "DeveloperName": facts.full_name, "Label": content.get("label"), "NavType": content.get("navType"),
        "UiType": content.get("uiType"), "Description": content.get("description"),
    }  # fmt: skip


def _own_permission_set(_org: Org, facts: FileFacts, _parent: str, _own: str, content: Content) -> Row:
    return {
        "Name": facts.full_name, "Label": content.get("label"), "Description": content.get("description"),
        "IsOwnedByProfile": 0, "IsCustom": 1,
    }  # fmt: skip


def _own_profile(org: Org, facts: FileFacts, _parent: str, _own: str, content: Content) -> Row:
    row = org.storage.read_one('SELECT "Name" FROM "Profile" WHERE "Id" = ?', [facts.id])
    return {"Name": row[0] if row else facts.full_name, "Description": content.get("description")}


_OWN: Mapping[str, Own] = {
    "CustomObject": _own_object,
    "CustomField": _own_field,
    "ValidationRule": _own_rule,
    "RecordType": _own_record_type,
    "Layout": _own_layout,
    "CustomTab": _own_tab,
    "CustomApplication": _own_application,
    "PermissionSet": _own_permission_set,
    "Profile": _own_profile,
}


def entity_id(org: Org, object_name: str) -> str:
    """What names an object in definitions: its API name, of a custom one the id with 15 characters."""
    one = org.schema.find(object_name)
    if one is None or not one.custom:
        return one.name if one else object_name
    stored = store.find(org.storage, "CustomObject", one.name)
    return (stored.id if stored and stored.id else store.derive_id("01I", one.name))[:15]


def entity_row(org: Org, one: ObjectType) -> Row:
    """An object as EntityDefinition has it."""
    own_id = entity_id(org, one.name)
    return {
        "Id": own_id, "DurableId": own_id, "QualifiedApiName": one.name,
        "DeveloperName": one.name.removesuffix("__c"), "Label": one.label, "MasterLabel": one.label,
        "PluralLabel": one.label_plural, "KeyPrefix": one.key_prefix,
        "DeploymentStatus": "Deployed" if one.custom else None, "InternalSharingModel": "ReadWrite",
        "ExternalSharingModel": "Private", "PublisherId": "<local>" if one.custom else "System",
        "IsApexTriggerable": int(one.triggerable), "IsCompactLayoutable": int(one.layoutable), "IsCustomSetting": 0,
        "IsCustomizable": int(one.layoutable), "IsDeprecatedAndHidden": 0, "IsEverCreatable": int(one.createable),
        "IsEverDeletable": int(one.deletable), "IsEverUpdatable": int(one.updateable),
        "IsFeedEnabled": int(one.feed_enabled), "IsIdEnabled": 1, "IsInterface": 0,
        "IsLayoutable": int(one.layoutable), "IsProcessEnabled": int(one.layoutable), "IsQueryable": 1,
        "IsReplicateable": int(one.replicateable), "IsRetrieveable": 1, "IsSearchable": int(one.searchable),
        "IsSearchLayoutable": int(one.searchable), "IsSubtype": 0, "IsTriggerable": int(one.triggerable),
        "IsWorkflowEnabled": int(one.layoutable),
    }  # fmt: skip


def field_row(org: Org, one: ObjectType, field: Field) -> Row:
    """A field as FieldDefinition has it."""
    object_id = entity_id(org, one.name)
    own = field.name
    if field.custom:
        stored = store.find(org.storage, "CustomField", f"{one.name}.{field.name}")
        own = (stored.id if stored and stored.id else store.derive_id("00N", f"{one.name}.{field.name}"))[:15]
    elif field.type == "reference" and own.endswith("Id"):
        own = own.removesuffix("Id")
    return {
        "Id": f"{object_id}.{own}", "DurableId": f"{object_id}.{own}", "QualifiedApiName": field.name,
        "EntityDefinitionId": object_id, "DeveloperName": own if not field.custom else field.name[:-3],
        "Label": field.label, "MasterLabel": field.label, "DataType": call_type(field),
        "ValueTypeId": _VALUE_TYPES.get(field.type, "string"), "ExtraTypeInfo": field.extra_type,
        "Length": field.length, "Precision": field.precision or field.digits, "Scale": field.scale,
        "RelationshipName": field.relationship_name, "Description": describe_metadata_field(field).get("description"),
        "PublisherId": "<local>" if field.custom else "System",
        "ReferenceTo": json.dumps({"referenceTo": list(field.reference_to) or None}),
        "IsApiFilterable": int(field.filterable), "IsApiGroupable": int(field.groupable),
        "IsApiSortable": int(field.sortable), "IsCalculated": int(field.calculated),
        "IsCompactLayoutable": int(field.filterable), "IsFieldHistoryTracked": 0,
        "IsFlsEnabled": int(field.permissionable), "IsHighScaleNumber": 0, "IsHtmlFormatted": int(field.html),
        "IsIndexed": int(field.external_id or field.unique or field.type in ("id", "reference") or field.name_field),
        "IsListFilterable": int(field.filterable), "IsListSortable": int(field.sortable), "IsListVisible": 1,
        "IsNameField": int(field.name_field), "IsNillable": int(field.nillable),
        "IsPolymorphicForeignKey": int(len(field.reference_to) > 1), "IsWorkflowFilterable": int(field.filterable),
    }  # fmt: skip


def call_type(field: Field) -> str:
    """What set-up calls the type of a field, e.g. Number(4, 2), Formula (Text)."""
    kind = metadata_type(field)
    if field.name_field and field.components:
        return "Name"
    shape = _CALLED.get(kind, kind)
    called = shape.format(
        length=field.length, digits=(field.precision or field.digits) - field.scale, scale=field.scale,
        target=",".join(field.reference_to),
    )  # fmt: skip
    if field.calculated and kind != "Summary":
        return f"Formula ({shape.partition('(')[0]})"
    return f"{called} (External ID)" if field.external_id else called
