"""Custom objects, from facts that a caller gives (Object Reference, "Custom Objects": names end in __c, relationships
in __r, key prefixes begin with a).
"""

from collections.abc import Collection, Mapping
from typing import Any

from simorg.schema.build import (
    area,
    audit,
    build_object,
    date,
    deleted,
    email,
    flag,
    identity,
    lookup,
    moment,
    number,
    phone,
    pick,
    seen,
    text,
    url,
    whole,
)
from simorg.schema.registry import Field, ObjectType

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_OWN = frozenset({"name", "label", "type", "relationship", "values"})


def build_custom(asked: Mapping[str, Any], taken: Collection[str]) -> ObjectType:
    """A custom object with the fields that every one has and those asked for.

    Raises:
        ValueError: a name, a type or a reference is wrong.
    """
    name = str(asked["name"])
    label = str(asked.get("label") or _label(name))
    plural = str(asked.get("plural") or f"{label}s")
    fields = [
        identity("Record"),
        lookup("OwnerId", "Owner ID", ("Group", "User"), "Owner", nillable=False, defaulted_on_create=True,
               permissionable=False, name_pointing=True),
        deleted(),
        text("Name", f"{label} Name", 80, permissionable=False, name_field=True),
        *audit(),
        *seen(),
        *[_build_field(one, plural) for one in asked.get("fields", ())],
    ]  # fmt: skip
    prefix = str(asked.get("prefix") or next(one for one in _prefixes() if one not in taken))
    children = [("Task", "WhatId", "Tasks")]
    return build_object(
        name, label, plural, prefix, fields, children=children, cascades=("Task",), custom=True, mru_enabled=False
    )


def _prefixes() -> list[str]:
    return [f"a{one}{other}" for one in _DIGITS for other in _DIGITS]


def _label(name: str) -> str:
    if not name.endswith("__c") or not name[:-3].isidentifier():
        raise ValueError(f"not the name of something custom: {name}")
    return name[:-3].replace("_", " ")


def _build_field(asked: Mapping[str, Any], plural: str) -> Field:
    name, kind = str(asked["name"]), str(asked.get("type", "string"))
    label = str(asked.get("label") or _label(name))
    facts = {"custom": True, **{key: value for key, value in asked.items() if key not in _OWN}}
    if kind == "reference":
        targets = tuple(facts.pop("reference_to"))
        inverse = str(asked.get("relationship") or plural.replace(" ", "_"))
        return lookup(name, label, targets, f"{name[:-3]}__r", child_relationship=f"{inverse}__r", **facts)
    if kind == "picklist":
        return pick(name, label, asked.get("values", ()), **facts)
    return _build_plain(name, label, kind, facts)


def _build_plain(name: str, label: str, kind: str, facts: dict[str, Any]) -> Field:
    if kind in ("string", "textarea"):
        return (text if kind == "string" else area)(name, label, **{"length": 255, **facts})
    if kind in ("double", "currency", "percent"):
        return number(name, label, kind=kind, **{"precision": 18, "scale": 2, **facts})
    makers = {
        "boolean": flag,
        "int": whole,
        "date": date,
        "datetime": moment,
        "email": email,
        "phone": phone,
        "url": url,
    }
    maker = makers.get(kind)
    if maker is None:
        raise ValueError(f"no such type of a field: {kind}")
    made: Field = maker(name, label, **facts)
    return made
