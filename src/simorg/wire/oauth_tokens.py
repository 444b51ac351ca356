"""Ending tokens, and looking at them.

Sources: Salesforce Help, "Revoke OAuth Tokens" and "OpenID Connect Token Introspection"; RFC 7009, RFC 7662.
"""

from datetime import datetime
from typing import Any

from simorg.fidelity import say
from simorg.logins.apps import ClientApp
from simorg.logins.grants import lives
from simorg.logins.tokens import end_refresh
from simorg.wire.http import ApiRequest, ApiResponse, Route
from simorg.wire.oauth_clients import NO_STORE, read_form, refuse, require_client


def revoke(request: ApiRequest) -> ApiResponse:
    """POST or GET /services/oauth2/revoke: an access token dies alone, a refresh token with all that came of it.

    The DeleteToken of a record of OauthToken does as well (Object Reference, "OauthToken").
    """
    given, org = read_form(request).get("token", ""), request.org
    if end_refresh(org, lambda one: given in (one.token, one.key)):
        return ApiResponse(200, None)
    if not org.end_session(given):
        raise refuse("invalid_token", say("oauth.invalid_token"))
    return ApiResponse(200, None)


def introspect(request: ApiRequest) -> ApiResponse:
    """POST /services/oauth2/introspect: what an app's own token is worth."""
    form = read_form(request)
    app = require_client(request, form)
    if "token" not in form:
        raise refuse("invalid_request", say("oauth.token_missing"))
    given = form["token"]
    found = _describe_access(request, app, given) or _describe_refresh(request, app, given)
    return ApiResponse(200, found or {"active": False}, headers=dict(NO_STORE))


def _describe_access(request: ApiRequest, app: ClientApp, given: str) -> dict[str, Any] | None:
    session = request.org.look_at_session(given)
    if session is None or session.access is None or session.access.client_id != app.client_id:
        return None
    times = {"exp": _seconds(session.expires)}
    if session.issued is not None:
        times |= {"iat": _seconds(session.issued), "nbf": _seconds(session.issued)}
    return {**_describe(request, app, session.user_id, session.access.scopes), "token_type": "access_token", **times}


def _describe_refresh(request: ApiRequest, app: ClientApp, given: str) -> dict[str, Any] | None:
    known = request.org.logins.grants.find_refresh(given)
    if known is None or known.client_id != app.client_id or not lives(known, app, request.org.clock.now()):
        return None
    issued = _seconds(known.issued)
    told = {**_describe(request, app, known.user_id, known.scopes), "token_type": "refresh_token"}
    return {**told, "iat": issued, "nbf": issued}


def _describe(request: ApiRequest, app: ClientApp, user_id: str, scopes: tuple[str, ...]) -> dict[str, Any]:
    user = request.org.storage.get("User", user_id) or {}
    return {
        "active": True,
        "scope": " ".join(scopes),
        "client_id": app.client_id,
        "username": user.get("Username"),
        "sub": f"{request.base_url}/id/{request.org.id}/{user_id}",
    }


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


ROUTES = [
    Route(("POST", "GET"), "/services/oauth2/revoke", revoke, auth=False, counts=False),
    Route(("POST",), "/services/oauth2/introspect", introspect, auth=False, counts=False),
]
