"""A field that changes behind a client's back: hidden, taken away, renamed, made required, or of another type.

What an administrator does in Setup while an integration runs. The values stay where they can.
"""

from collections.abc import Mapping
from dataclasses import replace

from simorg.behaviour.customizing import remove_field
from simorg.org import Org
from simorg.schema.registry import NUMBER_TYPES, TEXT_TYPES, Field, ObjectType
from simorg.security.granting import drop_grants, move_grants, show_to_all
from simorg.security.rights import find_permissionable, permission_name
from simorg.tables import column_type
from simorg.transactions import quote

ACTIONS = ("hide", "show", "remove", "rename", "require", "retype")
_DEFAULT_LENGTH = 255
#: Types as the Metadata API calls them, by describe's names.
_METADATA_TYPES = {
    "string": "Text", "email": "Email", "phone": "Phone", "url": "Url", "textarea": "TextArea", "picklist": "Picklist",
    "multipicklist": "MultiselectPicklist", "double": "Number", "int": "Number", "currency": "Currency",
    "percent": "Percent",
}  # fmt: skip


def drift(org: Org, change: Mapping[str, object]) -> None:
    """Changes a field, whole or not at all.

    `change`: {"object", "field", "action": one of ACTIONS, "to": the new name, or describe's name of a type}.

    Raises:
        ValueError: it names what there is not, or what cannot be done to this field.
    """
    with org.changing():
        _drift(org, change)


def can_be_hidden(one: ObjectType, field: Field) -> bool:
    """Whether field permissions decide about a field: not about required ones, and not about a record's name."""
    return one.fields[permission_name(one, field).lower()] in find_permissionable(one)


def _drift(org: Org, change: Mapping[str, object]) -> None:
    action, to = str(change.get("action", "")), str(change.get("to", ""))
    one = org.schema.find(str(change.get("object", "")))
    field = one.fields.get(str(change.get("field", "")).lower()) if one else None
    if one is None or field is None:
        raise ValueError(f"no such field: {change.get('object')}.{change.get('field')}")
    if action in ("hide", "show"):
        _grant(org, one, field, shows=action == "show")
    elif action == "remove":
        _remove(org, one, field)
    elif action == "require":
        org.schema.change_field(one.name, field.name, nillable=False)
    elif action == "rename":
        _rename(org, one, field, to)
    elif action == "retype":
        _retype(org, one, field, to)
    else:
        raise ValueError(f"no such change: {action!r}. There are: {', '.join(ACTIONS)}")


def _grant(org: Org, one: ObjectType, field: Field, *, shows: bool) -> None:
    """Takes every field permission on a field away, or grants it to all who see Accounts."""
    if not can_be_hidden(one, field):
        raise ValueError(f"{one.name}.{field.name} is open to everybody who sees the object")
    granted = one.fields[permission_name(one, field).lower()]
    with org.storage.transaction(lags=False) as tx:
        if shows:
            show_to_all(tx, one, [granted])
        else:
            drop_grants(tx, one, granted.name)


def _remove(org: Org, one: ObjectType, field: Field) -> None:
    if field.custom:
        remove_field(org, one.name, field.name)
    else:
        org.schema.remove_field(one.name, field.name)


def _rename(org: Org, one: ObjectType, field: Field, to: str) -> None:
    if not field.custom or not to.endswith("__c") or to.lower() in one.fields:
        raise ValueError(f"only a custom field is renamed, to a new name that ends with __c: {field.name} to {to!r}")
    definition = replace(field.definition, full_name=to) if field.definition else None
    new = replace(field, name=to, definition=definition)
    org.schema.add_field(one.name, new)
    org.storage.add_column(one.name, new)
    if field.stored:
        copied = f"UPDATE {{table}} SET {quote(new.name)} = {quote(field.name)}"
        org.storage.reshape(one.name, [copied])
    with org.storage.transaction() as tx:
        move_grants(tx, one, field.name, new.name)
    _remove(org, one, field)


def _retype(org: Org, one: ObjectType, field: Field, to: str) -> None:
    known = TEXT_TYPES | NUMBER_TYPES
    if not field.custom or not field.stored or field.type not in known or to not in known:
        raise ValueError(f"only a custom field of text or numbers gets another such type: {field.name} to {to!r}")
    length = field.length or _DEFAULT_LENGTH if to in TEXT_TYPES else 0
    definition = None if field.definition is None else replace(field.definition, type=_METADATA_TYPES.get(to, "Text"))
    new = replace(field, type=to, length=length, definition=definition)
    org.schema.add_field(one.name, new)
    index = quote(f"{one.name}_{field.name}")
    column, kept = quote(field.name), quote(f"_was_{field.name}")
    statements = (
        f"DROP INDEX IF EXISTS {index}",
        f"ALTER TABLE {{table}} RENAME COLUMN {column} TO {kept}",
        f"ALTER TABLE {{table}} ADD COLUMN {column} {column_type(new)}",
        f"UPDATE {{table}} SET {column} = {_convert(kept, field, new)}",
        f"ALTER TABLE {{table}} DROP COLUMN {kept}",
    )
    org.storage.reshape(one.name, statements)


def _convert(column: str, old: Field, new: Field) -> str:
    """The values of a column as another type tells them, as SQL; what cannot be told in it is blank."""
    was_text, is_text = column_type(old) == "TEXT", column_type(new) == "TEXT"
    if is_text and not was_text:
        return f"CASE WHEN {column} = CAST({column} AS INTEGER) THEN CAST({column} AS INTEGER) ELSE {column} END"
    if was_text and not is_text:
        return f"CASE WHEN {column} GLOB '*[0-9]*' AND {column} NOT GLOB '*[^0-9.-]*' THEN {column} END"
    return column
