"""What the OAuth resources have in common: their forms, who the client is, and how they refuse.

Sources: RFC 6749, sections 2.3 and 5.2; Salesforce Help, "OAuth 2.0 Authorization Errors".
"""

import base64
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote

from simorg.errors import ApiError
from simorg.logins.apps import ClientApp
from simorg.logins.history import REMOTE_ACCESS, Caller
from simorg.org import Session
from simorg.wire.http import ApiRequest

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


def read_form(request: ApiRequest) -> dict[str, str]:
    """The fields of a form in the body, and of the query string where the body has none of that name."""
    text = request.body.decode("utf-8", "replace")
    try:
        form = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=100, errors="replace")) if text else {}
    except ValueError:
        raise refuse("invalid_request", "too many parameters") from None
    return {**request.args, **form}


def refuse(error: str, description: str = "") -> ApiError:
    """An error as OAuth has it: 400 with a body of its own."""
    told = {"error": error, "error_description": description} if description else {"error": error}
    return ApiError(400, error, description, body=told)


def find_client(request: ApiRequest, form: Mapping[str, str]) -> tuple[ClientApp, bool]:
    """The app that asks, and whether it has proved to be it. A secret that is sent is checked, demanded or not.

    Raises:
        ApiError: no such app, or another secret than its.
    """
    client_id, client_secret = _read_credentials(request, form)
    app = request.org.logins.apps.find(client_id)
    if app is None:
        raise refuse("invalid_client_id", "client identifier invalid")
    if not client_secret:
        return app, False
    if not hmac.compare_digest(client_secret.encode("utf-8", "replace"), app.client_secret.encode()):
        raise refuse("invalid_client", "invalid client credentials")
    return app, True


def require_client(request: ApiRequest, form: Mapping[str, str]) -> ClientApp:
    """The app that asks and has proved to be it.

    Raises:
        ApiError: as `find_client`, or it did not prove it.
    """
    app, proved = find_client(request, form)
    if not proved:
        raise refuse("invalid_client", "invalid client credentials")
    return app


def tell_caller(request: ApiRequest, login_type: str = REMOTE_ACCESS, application: str = "", **more: str) -> Caller:
    """Who asks, as the org's login history has it."""
    host = request.base_url.partition("://")[2]
    source = request.org.logins.source_of(request.headers)
    agent = request.headers.get("user-agent", "")
    return Caller(source, login_type, application, url=host, browser=agent, **more)


def find_token_session(request: ApiRequest) -> Session | None:
    """The session whose access token a request carries, in its header or as a parameter."""
    return request.org.find_session(read_access_token(request))


def read_access_token(request: ApiRequest) -> str:
    """The access token of a request; empty for none."""
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    if kind.lower() in ("bearer", "oauth"):
        return given.strip()
    form = read_form(request)
    return form.get("oauth_token") or form.get("access_token") or ""


def _read_credentials(request: ApiRequest, form: Mapping[str, str]) -> tuple[str, str]:
    kind, _, encoded = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        client_id, _, client_secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        raise refuse("invalid_client", "invalid client credentials") from None
    # RFC 6749, section 2.3.1: both are encoded before they are joined. A plus is left alone: clients send it as it is.
    return unquote(client_id), unquote(client_secret)
