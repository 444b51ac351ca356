"""OAuth 2.0, the token endpoint: web server, refresh token, JWT bearer, client credentials and username-password flow.

Sources: Salesforce Help, "OAuth Authorization Flows" and "OAuth 2.0 Authorization Errors"; RFC 6749, 7523, 7636.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt
from jwt.types import Options

from simorg.fidelity import say
from simorg.logins.apps import ClientApp, read_scopes
from simorg.logins.check import Admitted, admit, check_password_login, check_user, find_user, policy_of
from simorg.logins.grants import Code, RefreshToken, fits_challenge
from simorg.logins.history import note_attempt
from simorg.logins.keys import hash_token, sign
from simorg.logins.tokens import has_approved, is_permitted, issue_refresh, spoil_refresh, use_refresh
from simorg.org import ClientAccess, Session
from simorg.transport.targets import is_login_host
from simorg.wire.http import ApiRequest, ApiResponse, Route
from simorg.wire.oauth_clients import NO_STORE, find_client, read_form, refuse, require_client, tell_caller

_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
#: Salesforce Help, "OAuth 2.0 JWT Bearer Flow": exp within three minutes; five are tolerated.
_LONGEST_JWT = timedelta(minutes=5)
_ID_TOKEN_LIFE = timedelta(minutes=2)
#: What this module checks itself, against the org's clock.
_UNCHECKED: Options = {
    "verify_exp": False, "verify_aud": False, "verify_iat": False, "verify_nbf": False, "verify_jti": False,
    "verify_sub": False,
}  # fmt: skip


_UNSIGNED: Options = {**_UNCHECKED, "verify_signature": False}


@dataclass(frozen=True)
class _Granted:
    """What a flow comes to: who may do what by which app."""

    app: ClientApp
    user_id: str
    scopes: tuple[str, ...]
    #: The refresh token behind it, and whether the answer names it.
    refresh: RefreshToken | None = None
    names_refresh: bool = False
    nonce: str = ""


def token(request: ApiRequest) -> ApiResponse:
    """POST /services/oauth2/token: a session for whoever proves who they are."""
    form = read_form(request)
    flow = _FLOWS.get(form.get("grant_type", ""))
    if flow is None:
        raise refuse("unsupported_grant_type", "grant type not supported")
    granted = flow(request, form)
    refused = admit(request.org, granted.user_id, tell_caller(request, application=granted.app.name))
    if refused is not None:
        raise refuse(refused.error, refused.description)
    access = ClientAccess(granted.app.client_id, granted.scopes, granted.refresh.key if granted.refresh else "")
    seconds = granted.app.session_seconds or policy_of(request.org, granted.user_id).session_seconds
    session = request.org.log_in(granted.user_id, seconds, access=access)
    return ApiResponse(200, _describe(request, granted, session), headers=dict(NO_STORE))


def _web_server(request: ApiRequest, form: dict[str, str]) -> _Granted:
    app, proved = find_client(request, form)
    if app.require_secret and not proved:
        raise refuse("invalid_client", "invalid client credentials")
    code = request.org.logins.grants.take_code(form.get("code", ""))
    if code is None or code.client_id != app.client_id:
        raise refuse("invalid_grant", "invalid authorization code")
    if code.used or code.expires <= request.org.clock.now():
        raise refuse("invalid_grant", "expired authorization code")
    if form.get("redirect_uri", "") != code.redirect_uri:
        raise refuse("redirect_uri_mismatch", "redirect_uri must match configuration")
    _check_verifier(code, form.get("code_verifier", ""))
    _check_user(request, app, code.user_id)
    refresh = issue_refresh(request.org, app, code.user_id, code.scopes) if "refresh_token" in code.scopes else None
    return _Granted(app, code.user_id, code.scopes, refresh, refresh is not None, code.nonce)


def _check_verifier(code: Code, verifier: str) -> None:
    """Holds a code to its proof key ("OAuth 2.0 Web Server Flow": which error stands for what)."""
    if not code.challenge and verifier:
        raise refuse("invalid_grant", say("oauth.verifier_without_challenge"))
    if code.challenge and not verifier:
        raise refuse("invalid_grant", say("oauth.verifier_missing"))
    if code.challenge and not fits_challenge(code, verifier):
        raise refuse("invalid_request", say("oauth.verifier_wrong"))


def _refresh(request: ApiRequest, form: dict[str, str]) -> _Granted:
    app, proved = find_client(request, form)
    if app.require_refresh_secret and not proved:
        raise refuse("invalid_client", "invalid client credentials")
    given = form.get("refresh_token", "")
    spoil_refresh(request.org, given, request.org.faults.spoil_refresh(request.path))
    known = request.org.logins.grants.find_refresh(given)
    wanted = form.get("scope", "").replace("offline_access", "refresh_token").split()
    if known is not None and known.client_id == app.client_id:
        if not set(wanted) <= set(known.scopes):
            raise refuse("invalid_scope", say("oauth.scope_beyond"))
        # Before its use, which would bring a new token that nobody is told.
        _check_user(request, app, known.user_id)
    used = use_refresh(request.org, app, given)
    if used is None:
        raise refuse("invalid_grant", "expired access/refresh token")
    scopes = tuple(one for one in used.scopes if one in wanted) if wanted else used.scopes
    return _Granted(app, used.user_id, scopes, used, app.rotation)


def _client_credentials(request: ApiRequest, form: dict[str, str]) -> _Granted:
    app = require_client(request, form)
    if is_login_host(request.base_url):
        raise refuse("invalid_grant", say("login.own_host"))
    if not app.client_credentials:
        raise refuse("invalid_grant", say("oauth.no_client_credentials"))
    if request.org.storage.get("User", app.run_as) is None:
        raise refuse("invalid_grant", say("oauth.no_run_as"))
    _check_user(request, app, app.run_as)
    return _Granted(app, app.run_as, _without_refresh(app.scopes))


def _password(request: ApiRequest, form: dict[str, str]) -> _Granted:
    app = require_client(request, form)
    org = request.org
    if org.logins.org.block_password_flow:
        raise refuse("invalid_grant", "authentication failure")
    caller = tell_caller(request, application=app.name)
    found = check_password_login(org, form.get("username", ""), form.get("password", ""), caller)
    if not isinstance(found, Admitted):
        raise refuse(found.error, found.description)
    if found.password_expired:
        raise refuse("invalid_grant", say("login.expired_password"))
    _check_user(request, app, found.user_id)
    return _Granted(app, found.user_id, _without_refresh(_read_scopes(app, form)))


def _jwt_bearer(request: ApiRequest, form: dict[str, str]) -> _Granted:
    assertion, org = form.get("assertion", ""), request.org
    try:
        issuer = str(jwt.decode(assertion, options=_UNSIGNED).get("iss", ""))
        app = org.logins.apps.find(issuer)
        if app is None:
            raise refuse("invalid_client_id", "client identifier invalid")
        if app.public_key is None:
            raise refuse("invalid_grant", "invalid assertion")
        claims = jwt.decode(assertion, app.public_key, algorithms=["RS256"], options=_UNCHECKED)
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise refuse("invalid_grant", "invalid assertion") from None
    _check_claims(request, app, claims)
    user_id = find_user(org, str(claims.get("sub", "")))
    if user_id is None:
        raise refuse("invalid_grant", say("oauth.not_approved"))
    if is_permitted(org, app, user_id) and not has_approved(org, app, user_id, ("refresh_token",)):
        raise refuse("invalid_grant", say("oauth.not_approved"))
    _check_user(request, app, user_id)
    return _Granted(app, user_id, _without_refresh(_read_scopes(app, form)))


def _check_claims(request: ApiRequest, app: ClientApp, claims: dict[str, Any]) -> None:
    """Holds an assertion to its audience, its time, and its being used once."""
    org, now = request.org, request.org.clock.now()
    audiences = claims.get("aud")
    named = {str(one).rstrip("/") for one in (audiences if isinstance(audiences, list) else [audiences])}
    login_host = "https://test.salesforce.com" if org.sandbox else "https://login.salesforce.com"
    if not named & {login_host, f"https://{org.my_domain}", request.base_url}:
        raise refuse("invalid_grant", "audience is invalid")
    expires = _read_seconds(claims.get("exp"))
    if not expires > now.timestamp():
        raise refuse("invalid_grant", "expired authorization code")
    if expires > (now + _LONGEST_JWT).timestamp():
        raise refuse("invalid_grant", "invalid assertion")
    until = datetime.fromtimestamp(expires, now.tzinfo)
    name = str(claims.get("jti") or "")
    if name and not org.logins.grants.note_assertion(app.client_id, name, until, now):
        raise refuse("invalid_grant", say("oauth.assertion_used"))


def _read_seconds(claim: object) -> float:
    """A time of a token; clients that send it as text are understood too."""
    try:
        return float(str(claim))
    except ValueError:
        return 0.0


def _check_user(request: ApiRequest, app: ClientApp, user_id: str) -> None:
    """Lets a user through whom org, app and policies let in."""
    org = request.org
    if app.blocked:
        raise refuse("invalid_client", say("oauth.app_blocked"))
    refused = check_user(org, user_id, org.logins.source_of(request.headers), anywhere=app.relax_ip)
    if refused is not None:
        note_attempt(org, user_id, tell_caller(request, application=app.name), refused.soap_code)
        raise refuse(refused.error, refused.description)
    if not is_permitted(org, app, user_id):
        raise refuse("invalid_app_access", say("oauth.not_admin_approved"))


def _read_scopes(app: ClientApp, form: dict[str, str]) -> tuple[str, ...]:
    scopes = read_scopes(app, form.get("scope", ""))
    if scopes is None:
        raise refuse("invalid_scope", say("oauth.invalid_scope"))
    return scopes


def _without_refresh(scopes: tuple[str, ...]) -> tuple[str, ...]:
    """The scopes of a flow that gives no refresh token."""
    return tuple(one for one in scopes if one != "refresh_token")


def _describe(request: ApiRequest, granted: _Granted, session: Session) -> dict[str, Any]:
    identity = f"{request.base_url}/id/{request.org.id}/{granted.user_id}"
    issued_at = str(request.org.clock.now_ms())
    secret = granted.app.client_secret.encode()
    signature = hmac.new(secret, (identity + issued_at).encode(), hashlib.sha256).digest()
    body = {
        "access_token": session.token,
        "signature": base64.b64encode(signature).decode(),
        "scope": " ".join(granted.scopes),
        "instance_url": request.instance_url,
        "id": identity,
        "token_type": "Bearer",
        "issued_at": issued_at,
    }
    if granted.names_refresh and granted.refresh is not None:
        body["refresh_token"] = granted.refresh.token
    if "openid" in granted.scopes:
        body["id_token"] = _build_id_token(request, granted, session.token, identity)
    return body


def _build_id_token(request: ApiRequest, granted: _Granted, access_token: str, subject: str) -> str:
    now = int(request.org.clock.now().timestamp())
    claims = {
        "iss": request.base_url, "sub": subject, "aud": granted.app.client_id, "iat": now,
        "exp": now + int(_ID_TOKEN_LIFE.total_seconds()), "at_hash": hash_token(access_token),
    }  # fmt: skip
    return sign({**claims, "nonce": granted.nonce} if granted.nonce else claims)


_FLOWS: dict[str, Callable[[ApiRequest, dict[str, str]], _Granted]] = {
    "authorization_code": _web_server,
    "refresh_token": _refresh,
    "client_credentials": _client_credentials,
    "password": _password,
    _JWT_BEARER: _jwt_bearer,
}
ROUTES = [Route(("POST", "GET"), "/services/oauth2/token", token, auth=False, counts=False)]
