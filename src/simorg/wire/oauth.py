"""OAuth 2.0: client credentials, JWT bearer and username-password; userinfo, identity and revoke.

Sources: Salesforce Help, "OAuth authorization flows"; RFC 6749, RFC 7523, RFC 7009.
"""

import base64
import hashlib
import hmac
from datetime import timedelta
from urllib.parse import parse_qsl, unquote

import jwt

from simorg.errors import ApiError
from simorg.fidelity import say
from simorg.ids import to_18
from simorg.logins.check import Admitted, check_password_login, check_user, policy_of
from simorg.org import Session
from simorg.transport.targets import is_login_host
from simorg.users import ConnectedApp
from simorg.wire.http import ApiRequest, ApiResponse, Route

_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_AUDIENCES = ("https://login.salesforce.com", "https://test.salesforce.com")
#: Salesforce Help, "OAuth 2.0 JWT Bearer Flow": exp within three minutes; five are tolerated.
_LONGEST_JWT = timedelta(minutes=5)
_SCOPE = "api id web"


def token(request: ApiRequest) -> ApiResponse:
    """POST /services/oauth2/token: a session for whoever proves who they are."""
    form = _read_form(request)
    grants = {"client_credentials": _client_credentials, "password": _password, _JWT_BEARER: _jwt_bearer}
    grant = grants.get(form.get("grant_type", ""))
    if grant is None:
        raise _refuse("unsupported_grant_type", "grant type not supported")
    user_id = grant(request, form)
    refused = check_user(request.org, user_id, request.org.logins.source_of(request.headers))
    if refused is not None:
        raise _refuse(refused.error, refused.description)
    seconds = policy_of(request.org, user_id).session_seconds
    return _token_answer(request, request.org.log_in(user_id, seconds))


def _client_credentials(request: ApiRequest, form: dict[str, str]) -> str:
    run_as = _check_client(request, form, secret=True).run_as
    if is_login_host(request.base_url):
        raise _refuse("invalid_grant", say("login.own_host"))
    return run_as


def _password(request: ApiRequest, form: dict[str, str]) -> str:
    _check_client(request, form, secret=True)
    org = request.org
    if org.logins.org.block_password_flow:
        raise _refuse("invalid_grant", "authentication failure")
    source = org.logins.source_of(request.headers)
    found = check_password_login(org, form.get("username", ""), form.get("password", ""), source)
    if not isinstance(found, Admitted):
        raise _refuse(found.error, found.description)
    if found.password_expired:
        raise _refuse("invalid_grant", say("login.expired_password"))
    return found.user_id


def _jwt_bearer(request: ApiRequest, form: dict[str, str]) -> str:
    app = _require_app(request)
    now = request.org.clock.now()
    try:
        claims = jwt.decode(
            form.get("assertion", ""),
            app.public_key,
            algorithms=["RS256"],
            options={"verify_exp": False, "verify_aud": False, "verify_iat": False, "verify_nbf": False},
        )
    except jwt.PyJWTError:
        raise _refuse("invalid_grant", "invalid assertion") from None
    if claims.get("iss") != app.client_id:
        raise _refuse("invalid_client_id", "client identifier invalid")
    audiences = claims.get("aud")
    named = {str(one).rstrip("/") for one in (audiences if isinstance(audiences, list) else [audiences])}
    if not named & {*_AUDIENCES, request.base_url}:
        raise _refuse("invalid_grant", "audience is invalid")
    expires = _read_seconds(claims.get("exp"))
    if expires <= now.timestamp():
        raise _refuse("invalid_grant", "expired authorization code")
    if expires > (now + _LONGEST_JWT).timestamp():
        raise _refuse("invalid_grant", "invalid assertion")
    login = request.org.users.by_username(str(claims.get("sub", "")))
    if login is None:
        raise _refuse("invalid_grant", "user hasn't approved this consumer")
    return login.user_id


def _read_seconds(claim: object) -> float:
    """A time of a token; clients that send it as text are understood too."""
    try:
        return float(str(claim))
    except ValueError:
        return 0.0


def _check_client(request: ApiRequest, form: dict[str, str], *, secret: bool) -> ConnectedApp:
    app = _require_app(request)
    client_id, client_secret = form.get("client_id", ""), form.get("client_secret", "")
    kind, _, encoded = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "basic":
        try:
            client_id, _, client_secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except ValueError:
            raise _refuse("invalid_client", "invalid client credentials") from None
        client_id, client_secret = unquote(client_id), unquote(client_secret)
    if not hmac.compare_digest(client_id.encode(), app.client_id.encode()):
        raise _refuse("invalid_client_id", "client identifier invalid")
    if secret and not hmac.compare_digest(client_secret.encode(), app.client_secret.encode()):
        raise _refuse("invalid_client", "invalid client credentials")
    return app


def _require_app(request: ApiRequest) -> ConnectedApp:
    if request.org.users.app is None:
        raise _refuse("invalid_client_id", "client identifier invalid")
    return request.org.users.app


def _token_answer(request: ApiRequest, session: Session) -> ApiResponse:
    identity = f"{request.base_url}/id/{request.org.id}/{session.user_id}"
    issued_at = str(request.org.clock.now_ms())
    secret = _require_app(request).client_secret
    signature = hmac.new(secret.encode(), (identity + issued_at).encode(), hashlib.sha256).digest()
    body = {
        "access_token": session.token,
        "signature": base64.b64encode(signature).decode(),
        "scope": _SCOPE,
        "instance_url": request.instance_url,
        "id": identity,
        "token_type": "Bearer",
        "issued_at": issued_at,
    }
    return ApiResponse(200, body, headers={"Cache-Control": "no-store"})


def userinfo(request: ApiRequest) -> ApiResponse:
    """GET /services/oauth2/userinfo: who the session is, as OpenID says it."""
    org, user_id = request.org, request.user_id
    user = org.storage.get("User", user_id) or {}
    base, data = request.base_url, f"{request.base_url}/services/data/v{{version}}"
    urls = {
        "enterprise": f"{base}/services/Soap/c/{{version}}/{org.id[:15]}",
        "metadata": f"{base}/services/Soap/m/{{version}}/{org.id[:15]}",
        "partner": f"{base}/services/Soap/u/{{version}}/{org.id[:15]}",
        "rest": f"{data}/",
        "sobjects": f"{data}/sobjects/",
        "search": f"{data}/search/",
        "query": f"{data}/query/",
        "recent": f"{data}/recent/",
        "tooling_soap": f"{base}/services/Soap/T/{{version}}/{org.id[:15]}",
        "tooling_rest": f"{data}/tooling/",
        "profile": f"{base}/{user_id}",
        "feeds": f"{data}/chatter/feeds",
        "groups": f"{data}/chatter/groups",
        "users": f"{data}/chatter/users",
        "feed_items": f"{data}/chatter/feed-items",
        "feed_elements": f"{data}/chatter/feed-elements",
        "custom_domain": base,
    }
    body = {
        "sub": f"{base}/id/{org.id}/{user_id}",
        "user_id": user_id,
        "organization_id": org.id,
        "preferred_username": user.get("Username"),
        "nickname": user.get("Alias"),
        "name": org.user_name(user_id),
        "email": user.get("Email"),
        "email_verified": True,
        "given_name": user.get("FirstName"),
        "family_name": user.get("LastName"),
        "zoneinfo": org.settings.time_zone,
        "photos": {"picture": f"{base}/profilephoto/005/F", "thumbnail": f"{base}/profilephoto/005/T"},
        "profile": f"{base}/{user_id}",
        "picture": f"{base}/profilephoto/005/F",
        "address": {},
        "is_salesforce_integration_user": False,
        "urls": urls,
        "active": bool(user.get("IsActive")),
        "user_type": "STANDARD",
        "language": "en_US",
        "locale": "en_US",
        "utcOffset": 0,
        "updated_at": str(user.get("LastModifiedDate") or ""),
    }
    return ApiResponse(200, body)


def identity(request: ApiRequest, org_id: str, user_id: str) -> ApiResponse:
    """GET /id/<org>/<user>: the identity URL of a token."""
    found = _session_of(request)
    if found is None:
        raise ApiError(403, "FORBIDDEN", "Bad_OAuth_Token", body=b"Bad_OAuth_Token")
    if to_18(org_id) != request.org.id or to_18(user_id) != found.user_id:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist", body=b"Bad_Id")
    user = request.org.storage.get("User", found.user_id) or {}
    base = request.base_url
    body = {
        "id": f"{base}/id/{request.org.id}/{found.user_id}",
        "asserted_user": True,
        "user_id": found.user_id,
        "organization_id": request.org.id,
        "username": user.get("Username"),
        "nick_name": user.get("Alias"),
        "display_name": request.org.user_name(found.user_id),
        "email": user.get("Email"),
        "email_verified": True,
        "first_name": user.get("FirstName"),
        "last_name": user.get("LastName"),
        "timezone": request.org.settings.time_zone,
        "active": bool(user.get("IsActive")),
        "user_type": "STANDARD",
        "language": "en_US",
        "locale": "en_US",
        "utcOffset": 0,
        "urls": {"rest": f"{base}/services/data/v{{version}}/", "query": f"{base}/services/data/v{{version}}/query/"},
        "is_app_installed": True,
    }
    return ApiResponse(200, body)


def revoke(request: ApiRequest) -> ApiResponse:
    """POST or GET /services/oauth2/revoke: ends a session."""
    given = {**request.args, **_read_form(request)}.get("token", "")
    if not request.org.end_session(given):
        raise _refuse("unsupported_token_type", "this token type is not supported")
    return ApiResponse(200, {})


def _session_of(request: ApiRequest) -> Session | None:
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    if kind.lower() not in ("bearer", "oauth"):
        given = request.args.get("oauth_token", "")
    return request.org.find_session(given.strip())


def _read_form(request: ApiRequest) -> dict[str, str]:
    text = request.body.decode("utf-8", "replace")
    form = dict(parse_qsl(text, keep_blank_values=True)) if text else {}
    return form or dict(request.args)


def _refuse(error: str, description: str) -> ApiError:
    return ApiError(400, error, description, body={"error": error, "error_description": description})


ROUTES = [
    Route(("POST", "GET"), "/services/oauth2/token", token, auth=False, counts=False),
    Route(("GET", "POST"), "/services/oauth2/userinfo", userinfo, counts=False),
    Route(("POST", "GET"), "/services/oauth2/revoke", revoke, auth=False, counts=False),
    Route(("GET", "POST"), "/id/<org_id>/<user_id>", identity, auth=False, counts=False),
]
