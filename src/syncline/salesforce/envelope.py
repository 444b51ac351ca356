"""SOAP envelopes: just enough to log in, convert and merge. Answers with a DOCTYPE are refused unread."""

from collections.abc import Iterable, Mapping
from xml.etree import ElementTree  # DOCTYPE, the only door to its known weaknesses, is refused below
from xml.sax.saxutils import escape

Value = str | bool | None | Mapping[str, "Value"] | Iterable["Value"]

_ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"


def build_envelope(namespace: str, operation: str, arguments: Mapping[str, Value], session: str | None = None) -> bytes:
    """The request of an operation; iterables become repeated elements, None is left out."""
    header = ""
    if session is not None:
        header = f"<e:Header><SessionHeader><sessionId>{escape(session)}</sessionId></SessionHeader></e:Header>"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><e:Envelope xmlns:e="{_ENVELOPE}" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns="{namespace}">{header}'
        f"<e:Body><{operation}>{_build(arguments)}</{operation}></e:Body></e:Envelope>"
    ).encode()


def _build(arguments: Mapping[str, Value]) -> str:
    return "".join(_element(name, value) for name, value in arguments.items())


def _element(name: str, value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return f"<{name}>{'true' if value else 'false'}</{name}>"
    if isinstance(value, str):
        return f"<{name}>{escape(value)}</{name}>"
    if isinstance(value, Mapping):
        return f"<{name}>{_build(value)}</{name}>"
    return "".join(_element(name, one) for one in value)


def parse_envelope(content: bytes) -> ElementTree.Element | None:
    """The root of an answer, or None where it is not XML of the plain kind."""
    if b"<!DOCTYPE" in content:
        return None
    try:
        return ElementTree.fromstring(content)  # noqa: S314  # see above
    except ElementTree.ParseError:
        return None


def find_text(root: ElementTree.Element, name: str) -> str | None:
    """The text of the first element of that local name."""
    return next((one.text for one in root.iter() if local_name(one) == name), None)


def find_texts(root: ElementTree.Element, name: str) -> list[str]:
    """The texts of every element of that local name."""
    return [one.text or "" for one in root.iter() if local_name(one) == name]


def local_name(element: ElementTree.Element) -> str:
    """The name without its namespace."""
    return element.tag.rpartition("}")[2]
