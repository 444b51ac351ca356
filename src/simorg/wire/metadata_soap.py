"""Metadata API over SOAP: `/services/Soap/m/NN.0` (Metadata API Developer Guide; the WSDL of the Metadata API).

What stands behind the version in the path (the org's id, or what clients add for their logs) does not matter.
"""

from xml.sax.saxutils import escape

from simorg.errors import ApiError
from simorg.fidelity import say
from simorg.metadata.rights import require_metadata
from simorg.metadata.types import NAMESPACE
from simorg.metadata.xml import XSI, Malformed, Node, element, read_xml
from simorg.wire.api_access import check_session
from simorg.wire.http import ApiRequest, ApiResponse, Route
from simorg.wire.metadata_calls import FILE_OPERATIONS
from simorg.wire.metadata_crud import CRUD_OPERATIONS, MetadataCall
from simorg.wire.soap import read_soap_version
from simorg.wire.soap_envelope import ENVELOPE

_XML = "text/xml;charset=UTF-8"
_LARGEST = 52 * 1024 * 1024
_OPERATIONS = {**CRUD_OPERATIONS, **FILE_OPERATIONS}


def call(request: ApiRequest, number: str, rest: str = "") -> ApiResponse:  # clients add what they like
    """POST /services/Soap/m/NN.0[/...]: one call."""
    try:
        if len(request.body) > _LARGEST:
            raise ApiError(500, "LIMIT_EXCEEDED", say("metadata.message_too_large", most=_LARGEST))
        header, operation = _read_envelope(request.body)
        version = read_soap_version(number, request.org)
        return _answer(*_operate(request, version, header, operation))
    except Malformed as error:
        message = f"{error.message} at {error.line}:{error.column}" if error.line else error.message
        return _fault(ApiError(500, "soapenv:Client", message))
    except ApiError as error:
        return _fault(error)


def _read_envelope(body: bytes) -> tuple[Node | None, Node]:
    root = read_xml(body)
    content = root.child("Body")
    if root.name != "Envelope" or root.namespace != ENVELOPE or content is None or not content.children:
        raise ApiError(500, "soapenv:Client", "Invalid SOAP envelope: no operation was found in its body.")
    return root.child("Header"), content.children[0]


def _operate(request: ApiRequest, version: float, header: Node | None, operation: Node) -> tuple[str, object]:
    holder = header.child("SessionHeader") if header else None
    session = request.org.find_session(holder.value("sessionId") if holder else "")
    if session is None:
        raise ApiError(500, "INVALID_SESSION_ID", say("metadata.no_session"))
    check_session(request.org, session)
    act = _OPERATIONS.get(operation.name)
    if act is None or operation.namespace != NAMESPACE:
        name = f"{{{operation.namespace}}}{operation.name}"
        raise ApiError(500, "soapenv:Client", f"No operation available for request {name[:200]}")
    if not request.org.count_request():
        raise ApiError(500, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    require_metadata(request.org, session.user_id)
    inner = ApiRequest(**{**vars(request), "session": session, "version": version})
    return operation.name, act(MetadataCall(inner, request.org, session.user_id, version, operation, header))


def _answer(operation: str, result: object) -> ApiResponse:
    content = element(f"{operation}Response", {"result": result})
    opened = f"<{operation}Response"
    body = content.replace(opened, f'{opened} xmlns="{NAMESPACE}"', 1)
    return ApiResponse(200, _wrap(body), _XML)


def _fault(error: ApiError) -> ApiResponse:
    """A fault, HTTP 500; its code carries the prefix sf, which clients read literally."""
    plain = ":" in error.code
    code = error.code if plain else f"sf:{error.code}"
    text = error.message if plain else f"{error.code}: {error.message}"
    shown = "".join(one for one in text if one >= " " or one in "\t\n\r")
    body = f"<soapenv:Fault><faultcode>{code}</faultcode><faultstring>{escape(shown)}</faultstring></soapenv:Fault>"
    return ApiResponse(500, _wrap(body), _XML)


def _wrap(body: str) -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="{ENVELOPE}" xmlns:sf="{NAMESPACE}" '
        f'xmlns:xsi="{XSI}"><soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>'
    ).encode("utf-8", "replace")


ROUTES = [
    Route(("POST",), "/services/Soap/m/<number>", call, auth=False, counts=False),
    Route(("POST",), "/services/Soap/m/<number>/<path:rest>", call, auth=False, counts=False),
]
