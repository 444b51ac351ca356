"""Components between XML or JSON and plain data: mappings of elements in the order of their type.

Plain data: strings, booleans, whole numbers and doubles; enums are strings; what repeats is a list; nothing is None.
"""

import re
from collections.abc import Mapping
from typing import Any

from simorg.fidelity import say
from simorg.metadata.types import NAMESPACE, Element, find_enum, find_type
from simorg.metadata.xml import Malformed, Node

Content = dict[str, Any]
_INT = re.compile(r"[+-]?\d{1,10}")
_DOUBLE = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def read_node(type_name: str, node: Node) -> Content:
    """A component, or a part of one, from XML.

    Raises:
        Malformed: an element is unknown, repeated, missing or has a wrong value.
    """
    elements = find_type(type_name)
    assert elements is not None, type_name
    found: Content = {}
    for one in node.children:
        element = elements.get(one.name)
        if element is None or one.namespace not in ("", NAMESPACE):
            name = f"{{{one.namespace or NAMESPACE}}}{one.name}"
            raise Malformed(say("metadata.invalid_element", element=name, type=type_name), one.line, one.column)
        if one.nil:
            continue
        value = _read_value(element, one)
        if element.repeats:
            found.setdefault(one.name, []).append(value)
        elif one.name in found:
            message = say("metadata.duplicated_element", element=f"{{{NAMESPACE}}}{one.name}", type=type_name)
            raise Malformed(message, one.line, one.column)
        else:
            found[one.name] = value
    return arrange(type_name, found)


def _read_value(element: Element, node: Node) -> object:
    if find_type(element.kind) is not None:
        return read_node(element.kind, node)
    if node.children:
        inner = node.children[0]
        name = f"{{{inner.namespace}}}{inner.name}"
        raise Malformed(say("metadata.invalid_element", element=name, type=element.kind), inner.line, inner.column)
    try:
        return _read_text(element.kind, node.text)
    except ValueError as error:
        raise Malformed(str(error), node.line, node.column) from None


def _read_text(kind: str, text: str) -> object:
    """A plain value or an enum's; blanks around all but strings do not count.

    Raises:
        ValueError: it is none.
    """
    if kind in ("string", "base64Binary", "dateTime"):
        return text
    text = text.strip()
    if kind == "boolean":
        if text not in ("true", "false", "1", "0"):
            raise ValueError(say("metadata.bad_boolean", value=text[:80]))
        return text in ("true", "1")
    if kind == "int":
        if not _INT.fullmatch(text):
            raise ValueError(say("metadata.bad_number", value=text[:80], kind="int"))
        return int(text)
    if kind == "double":
        if not _DOUBLE.fullmatch(text):
            raise ValueError(say("metadata.bad_number", value=text[:80], kind="double"))
        return float(text)
    values = find_enum(kind)
    if values is not None and text not in values:
        raise ValueError(say("metadata.bad_enum", value=text[:80], enum=kind))
    return text


def arrange(type_name: str, content: Mapping[str, Any]) -> Content:
    """The same content with its elements in the order of their type, at every depth."""
    found: Content = {}
    for name, element in (find_type(type_name) or {}).items():
        if name not in content:
            continue
        value = content[name]
        if find_type(element.kind) is not None:
            several = [arrange(element.kind, one) for one in (value if element.repeats else [value])]
            value = several if element.repeats else several[0]
        found[name] = value
    return found


def read_json(type_name: str, given: object, where: str = "Metadata") -> Content:
    """A component, or a part of one, from the JSON of the Tooling API; null is nothing.

    Raises:
        Malformed: a name is unknown or a value has a wrong kind.
    """
    elements = find_type(type_name)
    assert elements is not None, type_name
    if not isinstance(given, dict):
        raise Malformed(say("metadata.bad_json", where=where, kind=type_name))
    found: Content = {}
    for name, value in given.items():
        element = elements.get(name)
        if element is None:
            raise Malformed(say("metadata.unknown_json", name=name[:80], type=type_name))
        if value is None or name == "urls":
            continue
        if element.repeats:
            if not isinstance(value, list):
                raise Malformed(say("metadata.bad_json", where=name, kind="list"))
            if value:
                found[name] = [_read_json_value(element, one) for one in value]
        else:
            found[name] = _read_json_value(element, value)
    return arrange(type_name, found)


def _read_json_value(element: Element, value: object) -> object:
    if find_type(element.kind) is not None:
        return read_json(element.kind, value, element.name)
    if isinstance(value, dict | list) or value is None:
        raise Malformed(say("metadata.bad_json", where=element.name, kind=element.kind))
    if isinstance(value, bool):
        value = "true" if value else "false"
    if element.kind == "int" and isinstance(value, float) and value.is_integer():
        value = int(value)
    try:
        return _read_text(element.kind, str(value))
    except ValueError as error:
        raise Malformed(str(error)) from None


def show_json(type_name: str, content: Mapping[str, Any]) -> Content:
    """A component as the Tooling API shows it: every element, null where there is nothing; no fullName."""
    shown: Content = {}
    for name, element in (find_type(type_name) or {}).items():
        if name == "fullName" and type_name in ("CustomField", "CustomObject", "ValidationRule", "Layout"):
            continue
        value = content.get(name)
        nested = find_type(element.kind) is not None
        if element.repeats:
            shown[name] = [show_json(element.kind, one) if nested else one for one in value or []]
        else:
            shown[name] = show_json(element.kind, value) if nested and value is not None else value
    return shown


def find_missing(type_name: str, content: Mapping[str, Any]) -> str | None:
    """The first element that its type requires and that is not there, at any depth."""
    for name, element in (find_type(type_name) or {}).items():
        value = content.get(name)
        if value is None:
            if element.required:
                return name
            continue
        if find_type(element.kind) is not None:
            for one in value if isinstance(value, list) else [value]:
                if missing := find_missing(element.kind, one):
                    return missing
    return None
