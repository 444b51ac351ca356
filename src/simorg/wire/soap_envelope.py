"""SOAP 1.1 envelopes: read safely, answered and refused in Salesforce's namespaces.

Source: SOAP API Developer Guide; W3C SOAP 1.1. Document types and entities are refused: no call needs them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.parsers import expat

from simorg.errors import ApiError
from simorg.org import Org
from simorg.wire.http import ApiRequest, ApiResponse

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
PARTNER = "urn:partner.soap.sforce.com"
ENTERPRISE = "urn:enterprise.soap.sforce.com"
SOBJECT = "urn:sobject.partner.soap.sforce.com"
_FAULTS = {PARTNER: "urn:fault.partner.soap.sforce.com", ENTERPRISE: "urn:fault.enterprise.soap.sforce.com"}
_XML = "text/xml;charset=UTF-8"


@dataclass(frozen=True)
class SoapCall:
    """One call. `arguments` is the operation's element; `namespace` the API's (partner or enterprise)."""

    request: ApiRequest
    org: Org
    user_id: str
    operation: str
    arguments: ElementTree.Element
    namespace: str
    header: ElementTree.Element | None


def local(element: ElementTree.Element) -> str:
    """An element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def child(element: ElementTree.Element | None, name: str) -> ElementTree.Element | None:
    """The first child of a name, in any namespace."""
    return next((one for one in element if local(one) == name), None) if element is not None else None


def children(element: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    """All children of a name, in any namespace."""
    return [one for one in element if local(one) == name]


def child_text(element: ElementTree.Element | None, name: str, default: str = "") -> str:
    """The text of a child."""
    found = child(element, name)
    return default if found is None else (found.text or "")


def is_nil(element: ElementTree.Element) -> bool:
    """Whether an element says that it has no value."""
    return element.get(f"{{{XSI}}}nil") in ("true", "1")


def build(namespace: str, name: str, content: object) -> ElementTree.Element:
    """An element from plain data: mappings are children, lists repeat, None is nil, booleans true and false."""
    element = ElementTree.Element(f"{{{namespace}}}{name}")
    if content is None:
        element.set(f"{{{XSI}}}nil", "true")
    elif isinstance(content, Mapping):
        for key, value in content.items():
            for one in value if isinstance(value, list | tuple) else [value]:
                element.append(build(namespace, str(key), one))
    elif isinstance(content, bool):
        element.text = "true" if content else "false"
    else:
        element.text = _allowed(str(content))
    return element


def read_envelope(body: bytes) -> tuple[ElementTree.Element | None, ElementTree.Element]:
    """Header and operation of an envelope.

    Raises:
        ApiError: it is not well-formed, has a document type, or carries no operation.
    """
    root = _parse(body)
    content = child(root, "Body")
    if local(root) != "Envelope" or content is None or len(content) == 0:
        raise ApiError(500, "soapenv:Client", "Invalid SOAP envelope: no operation was found in its body.")
    return child(root, "Header"), content[0]


def answer(response: ElementTree.Element) -> ApiResponse:
    """A successful answer around an element."""
    return ApiResponse(200, _envelope(response), _XML)


def fault(namespace: str, error: ApiError, kind: str = "UnexpectedErrorFault") -> ApiResponse:
    """A fault, HTTP 500; its code carries the prefix sf, which clients read literally."""
    faults = _FAULTS.get(namespace, _FAULTS[PARTNER])
    code = error.code if ":" in error.code else f"sf:{error.code}"
    text = error.message if ":" in error.code else f"{error.code}: {error.message}"
    detail = ""
    if ":" not in error.code:
        detail = (
            f'<detail><sf:{kind} xsi:type="sf:{kind}"><sf:exceptionCode>{error.code}</sf:exceptionCode>'
            f"<sf:exceptionMessage>{_escape(error.message)}</sf:exceptionMessage></sf:{kind}></detail>"
        )
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<soapenv:Envelope xmlns:soapenv="{ENVELOPE}" xmlns:sf="{faults}" xmlns:xsi="{XSI}"><soapenv:Body>'
        f"<soapenv:Fault><faultcode>{code}</faultcode><faultstring>{_escape(text)}</faultstring>{detail}"
        "</soapenv:Fault></soapenv:Body></soapenv:Envelope>"
    )
    return ApiResponse(500, body.encode(), _XML)


def _envelope(response: ElementTree.Element) -> bytes:
    ElementTree.register_namespace("soapenv", ENVELOPE)
    ElementTree.register_namespace("xsi", XSI)
    ElementTree.register_namespace("sf", SOBJECT)
    root = ElementTree.Element(f"{{{ENVELOPE}}}Envelope")
    ElementTree.SubElement(root, f"{{{ENVELOPE}}}Body").append(response)
    namespace = response.tag[1:].partition("}")[0]
    text = ElementTree.tostring(root, encoding="unicode", default_namespace=None)
    prefix = _prefix_of(text, namespace)
    # Clients that search for <sessionId> as text need the API's namespace to be the default one.
    if prefix:
        text = text.replace(f"<{prefix}:", "<").replace(f"</{prefix}:", "</").replace(f"xmlns:{prefix}=", "xmlns=")
    return ('<?xml version="1.0" encoding="UTF-8"?>' + text).encode()


def _prefix_of(text: str, namespace: str) -> str:
    at = text.find(f'="{namespace}"')
    return text[text.rfind("xmlns:", 0, at) + len("xmlns:") : at] if at >= 0 else ""


def _parse(body: bytes) -> ElementTree.Element:
    builder = ElementTree.TreeBuilder()
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True

    def start(name: str, attributes: dict[str, str]) -> None:
        builder.start(_expand(name), {_expand(key): value for key, value in attributes.items()})

    def end(name: str) -> None:
        builder.end(_expand(name))

    def refuse(*_: object) -> None:
        raise ApiError(500, "soapenv:Client", "A document type is not allowed in a SOAP message.")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(body, True)
        return builder.close()
    except (expat.ExpatError, AssertionError, ValueError) as error:
        raise ApiError(500, "soapenv:Client", f"The SOAP message is not well-formed: {error}") from None


def _expand(name: str) -> str:
    return "{" + name if "}" in name else name


def _allowed(text: str) -> str:
    """XML 1.0 knows no control characters but tab and line ends."""
    return "".join(one for one in text if one >= " " or one in "\t\n\r")


def _escape(text: str) -> str:
    return _allowed(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
