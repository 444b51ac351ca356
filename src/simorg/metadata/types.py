"""What components of metadata are made of: the elements of each type in their order, and the values of each enum.

Source: Metadata API Developer Guide, "Metadata Types", and the order of the Metadata WSDL. `types.json` holds one line
for each type: element → kind, with `!` where the WSDL requires it and `*` where it repeats.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
PLAIN = frozenset({"string", "boolean", "int", "double", "dateTime", "base64Binary"})


@dataclass(frozen=True)
class Element:
    """One element of a type. `kind` is a plain kind, an enum or another type."""

    name: str
    kind: str
    repeats: bool = False
    required: bool = False


@cache
def _table() -> Mapping[str, Mapping[str, object]]:
    read: Mapping[str, Mapping[str, object]] = json.loads(
        files("simorg.metadata").joinpath("types.json").read_text(encoding="utf-8")
    )
    return read


@cache
def find_type(name: str) -> Mapping[str, Element] | None:
    """The elements of a type by name, in order; None for what is no type."""
    known = _table()["types"].get(name)
    if known is None:
        return None
    assert isinstance(known, dict)
    return {
        element: Element(element, kind.rstrip("!*"), repeats=kind.endswith("*"), required=kind.endswith("!"))
        for element, kind in known.items()
    }


@cache
def find_enum(name: str) -> tuple[str, ...] | None:
    """The values of an enum; None for what is none."""
    known = _table()["enums"].get(name)
    return tuple(known) if isinstance(known, list) else None


@cache
def is_settings(name: str) -> bool:
    """Whether a type describes settings of the org: of these there is one each, and it is only changed."""
    return name.endswith("Settings") and name in _table()["types"] and not name.startswith("ExtlClntApp")


def settings_types() -> list[str]:
    """The types that describe settings."""
    return [name for name in _table()["types"] if is_settings(name) and "fullName" in (find_type(name) or {})]
