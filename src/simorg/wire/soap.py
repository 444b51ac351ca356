"""SOAP API: login, and the operations on records behind a session header.

Source: SOAP API Developer Guide; login() is supported from 31.0 to 64.0 and not available from 65.0.
"""

from xml.etree import ElementTree

from simorg.errors import ApiError
from simorg.fidelity import say
from simorg.logins.check import Admitted, admit, check_password_login
from simorg.logins.history import SOAP_LOGIN
from simorg.org import Org
from simorg.wire.api_access import check_api_access, check_session
from simorg.wire.http import ApiRequest, ApiResponse, Route
from simorg.wire.oauth_clients import tell_caller
from simorg.wire.soap_envelope import (
    ENTERPRISE,
    PARTNER,
    SoapCall,
    answer,
    build,
    child,
    child_text,
    fault,
    local,
    read_envelope,
)
from simorg.wire.soap_operations import OPERATIONS
from simorg.wire.soap_user import describe_user

_LAST_WITH_LOGIN = 64


def call(request: ApiRequest, api: str, number: str, org_id: str = "") -> ApiResponse:
    """POST /services/Soap/{u,c}/NN.0[/org id]: one SOAP call."""
    namespace = ENTERPRISE if api == "c" else PARTNER
    kind = "UnexpectedErrorFault"
    try:
        header, arguments = read_envelope(request.body)
        if local(arguments) == "login":
            kind = "LoginFault"
            return answer(_log_in(request, number, arguments, namespace, api))
        version = read_soap_version(number, request.org)
        return answer(_operate(request, version, header, arguments, namespace))
    except ApiError as error:
        return fault(namespace, error, kind)


def read_soap_version(number: str, org: Org) -> float:
    first, last = org.settings.versions
    try:
        version = float(number)
    except ValueError:
        raise ApiError(404, "UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL") from None
    if not first <= version <= last or version != int(version):
        raise ApiError(500, "UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL")
    return version


def _log_in(
    request: ApiRequest, number: str, arguments: ElementTree.Element, namespace: str, api: str
) -> ElementTree.Element:
    org = request.org
    version = read_soap_version(number, org)
    if version > _LAST_WITH_LOGIN:
        raise ApiError(500, "INVALID_OPERATION", say("soap.login_not_available"))
    if not org.settings.soap_login_enabled:
        message = (
            "SOAP API login() is disabled by default in this org. "
            "Contact the org administrator to enable SOAP API login()."
        )
        raise ApiError(500, "INVALID_OPERATION", message)
    kind = "SOAP Enterprise" if api == "c" else "SOAP Partner"
    caller = tell_caller(request, SOAP_LOGIN, api_type=kind, api_version=number)
    found = check_password_login(org, child_text(arguments, "username"), child_text(arguments, "password"), caller)
    if not isinstance(found, Admitted):
        raise ApiError(500, found.soap_code, found.soap_message)
    check_api_access(org, found.user_id)
    if refused := admit(org, found.user_id, caller):
        raise ApiError(500, refused.soap_code, refused.soap_message)
    return build(namespace, "loginResponse", {"result": _login_result(request, found, api, version)})


def _login_result(request: ApiRequest, found: Admitted, api: str, version: float) -> dict[str, object]:
    org, base = request.org, request.instance_url
    session = org.log_in(found.user_id, found.seconds, password_only=found.password_expired)
    return {
        "metadataServerUrl": f"{base}/services/Soap/m/{version:.1f}/{org.id[:15]}",
        "passwordExpired": found.password_expired,
        "sandbox": org.sandbox,
        "serverUrl": f"{base}/services/Soap/{api}/{version:.1f}/{org.id[:15]}",
        "sessionId": session.token,
        "userId": found.user_id,
        "userInfo": describe_user(org, found.user_id),
    }


def _operate(
    request: ApiRequest,
    version: float,
    header: ElementTree.Element | None,
    arguments: ElementTree.Element,
    namespace: str,
) -> ElementTree.Element:
    token = child_text(child(header, "SessionHeader"), "sessionId")
    session = request.org.find_session(token.strip())
    if session is None:
        message = "Invalid Session ID found in SessionHeader: Illegal Session. Session not found, missing session key"
        raise ApiError(500, "INVALID_SESSION_ID", message)
    name = local(arguments)
    check_session(request.org, session, sets_password=name in ("setPassword", "logout"))
    operation = OPERATIONS.get(name)
    if operation is None:
        raise ApiError(500, "soapenv:Client", f"No operation available for request {{{namespace}}}{name}")
    if not request.org.count_request():
        raise ApiError(500, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    inner = ApiRequest(**{**vars(request), "session": session, "version": version})
    return operation(SoapCall(inner, request.org, session.user_id, name, arguments, namespace, header))


ROUTES = [
    Route(("POST",), "/services/Soap/<any(u,c):api>/<number>", call, auth=False, counts=False),
    Route(("POST",), "/services/Soap/<any(u,c):api>/<number>/<org_id>", call, auth=False, counts=False),
]
