"""What is stored of an org's metadata, put into its schema at a start, and taken out of it when all is begun anew."""

from dataclasses import replace

from simorg.behaviour.customizing import define_field, remove_field
from simorg.metadata import store
from simorg.metadata.columns import renew_column
from simorg.metadata.objects import build_stored, take_away, with_facts
from simorg.metadata.package import rank_field
from simorg.metadata.rules import put_stored_rules
from simorg.metadata.store import REMOVED, Stored
from simorg.org import Org
from simorg.schema.definition import read_definition
from simorg.schema.registry import ChildRelationship, Field, ObjectType


def install_stored(org: Org) -> None:
    """Puts objects and fields that were made or changed into the schema of an org that has just been opened."""
    with org.schema.changing():
        for one in store.listed(org.storage, "CustomObject"):
            known = org.schema.find(one.full_name)
            if known is not None:
                org.schema.replace_object(with_facts(known, one.content))
                continue
            org.schema.add_object(build_stored(org, one.full_name, one.content))
            org.storage.add_object(one.full_name)
        for gone in store.listed(org.storage, REMOVED):
            object_name, _, field_name = gone.full_name.partition(".")
            if field_name.lower() in org.schema.get(object_name).fields:
                org.schema.remove_field(object_name, field_name)
        for field in sorted(store.listed(org.storage, "CustomField"), key=lambda each: rank_field(each.content)):
            _install_field(org, field)
    put_stored_rules(org)


def _install_field(org: Org, stored: Stored) -> None:
    object_name, _, field_name = stored.full_name.partition(".")
    known = org.schema.get(object_name).fields.get(field_name.lower())
    if known is not None and not known.custom:
        changes = {"help": stored.content.get("inlineHelpText"), "label": stored.content.get("label") or known.label}
        org.schema.change_field(object_name, field_name, **changes)
        return
    if known is not None:
        org.schema.remove_field(object_name, field_name)
    define_field(org, object_name, read_definition(stored.content, field_name))


def forget_stored(org: Org) -> None:
    """Puts the schema back to what the org began with, as far as metadata changed it; before its records are wiped."""
    with org.schema.changing():
        for one in store.listed(org.storage, "CustomObject"):
            before = org.schema.initial(one.full_name)
            now = org.schema.find(one.full_name)
            if before is None and now is not None:
                take_away(org.schema, one.full_name)
            elif before is not None and now is not None:
                org.schema.replace_object(replace(now, label=before.label, label_plural=before.label_plural))
        for made in store.listed(org.storage, "RecordType"):
            _forget_record_type(org, made.full_name)
        for type_name in ("CustomField", REMOVED):
            for stored in store.listed(org.storage, type_name):
                _restore_field(org, stored.full_name)
        for each in org.schema.objects():
            _restore_order(org, each)


def _forget_record_type(org: Org, full_name: str) -> None:
    object_name, _, name = full_name.partition(".")
    one, began = org.schema.find(object_name), org.schema.initial(object_name)
    if one is None:
        return
    kept = tuple(each for each in one.record_types if each.developer_name != name)
    fields = dict(one.fields)
    if not kept and began is not None and "recordtypeid" not in began.fields:
        fields.pop("recordtypeid", None)
    org.schema.replace_object(replace(one, record_types=kept, fields=fields))


def _restore_order(org: Org, one: ObjectType) -> None:
    began = org.schema.initial(one.name)
    first = [key for key in began.fields if key in one.fields] if began else []
    order = [*first, *[key for key in one.fields if key not in set(first)]]
    if order != list(one.fields):
        org.schema.replace_object(replace(one, fields={key: one.fields[key] for key in order}))


def _restore_field(org: Org, full_name: str) -> None:
    object_name, _, field_name = full_name.partition(".")
    one = org.schema.find(object_name)
    if one is None:
        return
    began = org.schema.initial(object_name)
    field = began.fields.get(field_name.lower()) if began else None
    if one.fields.get(field_name.lower()) is not None and (field is None or field.custom):
        remove_field(org, one.name, field_name)
    if field is not None:
        _put_back(org, one.name, field)


def _put_back(org: Org, object_name: str, field: Field) -> None:
    org.schema.add_field(object_name, field)
    if not field.custom:
        return
    with org.storage.transaction() as tx:
        renew_column(tx, org.schema.get(object_name), field)
    for name in field.reference_to:
        parent = org.schema.get(name)
        hanging = ChildRelationship(object_name, field.name, field.child_relationship, field.cascade_delete)
        org.schema.replace_object(replace(parent, children=(*parent.children, hanging)))
