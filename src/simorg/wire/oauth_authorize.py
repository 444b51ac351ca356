"""OAuth 2.0, the authorization endpoint of the web server flow, with its login and consent pages.

Sources: Salesforce Help, "OAuth 2.0 Web Server Flow" (parameters), "OAuth 2.0 Authorization Errors"; RFC 6749, section
4.1; RFC 7636. What is wrong about the app or its address is shown; everything else goes to the app's address.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlencode

from simorg.fidelity import say
from simorg.logins.apps import ClientApp, knows_callback, read_scopes
from simorg.logins.browsers import Asked, draw_browser, waits_until
from simorg.logins.check import Admitted, admit, check_password_login, check_user
from simorg.logins.grants import CODE_LIFE, Code
from simorg.logins.history import PAGE
from simorg.logins.tokens import has_approved, is_permitted
from simorg.wire.http import ApiRequest, ApiResponse, Route
from simorg.wire.oauth_clients import read_form, tell_caller
from simorg.wire.oauth_pages import CONSENT, LOGIN, build_consent, build_error, build_expired, build_login

_COOKIE = "simorg_browser"
_CHALLENGE = re.compile(r"[A-Za-z0-9._~-]{43,128}=?")
_METHODS = ("S256", "plain")
#: What a person reads who could not log in.
_LOGIN_FAILED = (
    "Please check your username and password. If you still can't log in, contact your Salesforce administrator."
)


class _ForApp(Exception):
    """An error that the app is told at its address."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description


def authorize(request: ApiRequest) -> ApiResponse:
    """GET or POST /services/oauth2/authorize: begins the web server flow."""
    given = read_form(request)
    app = request.org.logins.apps.find(given.get("client_id", ""))
    if app is None:
        return build_error("invalid_client_id", "client identifier invalid")
    uri = given.get("redirect_uri", "")
    if not uri:
        return build_error("redirect_uri_missing", say("oauth.redirect_missing"))
    if not knows_callback(app, uri):
        return build_error("redirect_uri_mismatch", "redirect_uri must match configuration")
    if app.require_pkce and not given.get("code_challenge"):
        return build_error("invalid_request", "missing required code challenge")
    try:
        asked = _read(request, app, given)
        return _begin(request, app, asked, at_once=_wants_no_page(given))
    except _ForApp as error:
        return _redirect(uri, given.get("state", ""), {"error": error.error, "error_description": error.description})


def show_consent(request: ApiRequest) -> ApiResponse:
    """GET of the consent page, for whoever has just logged in."""
    number = request.args.get("request", "")
    asked, app = _find(request, number)
    if asked is None or app is None or not asked.user_id:
        return build_expired()
    return _ask_consent(request, app, number, asked)


def log_in(request: ApiRequest) -> ApiResponse:
    """POST of the login page."""
    form, org = read_form(request), request.org
    number, username = form.get("request", ""), form.get("un", "")
    asked, app = _find(request, number)
    if asked is None or app is None:
        return build_expired()
    caller = tell_caller(request, PAGE, "Browser")
    found = check_password_login(org, username, form.get("pw", ""), caller, page=True)
    if not isinstance(found, Admitted):
        return build_login(app, _hidden(number, app), username=username, error=_LOGIN_FAILED)
    if found.password_expired:
        return build_login(app, _hidden(number, app), username=username, error=say("login.page_expired"))
    if admit(org, found.user_id, caller) is not None:
        return build_login(app, _hidden(number, app), username=username, error=_LOGIN_FAILED)
    seconds = found.seconds or org.settings.session_seconds
    after = org.logins.browsers.log_in(number, asked, found.user_id, org.clock.now() + timedelta(seconds=seconds))
    response = _finish_or_ask(request, app, number, after)
    _set_cookie(request, response, after.browser)
    return response


def decide(request: ApiRequest) -> ApiResponse:
    """POST of the consent page."""
    form, org = read_form(request), request.org
    number = form.get("request", "")
    asked, app = _find(request, number)
    if asked is None or app is None or not asked.user_id:
        return build_expired()
    if form.get("decision") == "other":
        org.logins.browsers.log_out(asked.browser)
        return build_login(app, _hidden(number, app))
    if org.logins.browsers.user_of(asked.browser, org.clock.now()) != asked.user_id:
        return build_expired()
    if form.get("decision") != "allow":
        org.logins.browsers.end(number)
        denied = {"error": "access_denied", "error_description": "end-user denied authorization"}
        return _redirect(asked.redirect_uri, asked.state, denied, status=303)
    org.logins.grants.approve(app.client_id, asked.user_id, asked.scopes)
    return _give_code(request, app, number, asked)


def _read(request: ApiRequest, app: ClientApp, given: Mapping[str, str]) -> Asked:
    """What an app asks for.

    Raises:
        _ForApp: it asks for what there is not.
    """
    if app.blocked:
        raise _ForApp("OAUTH_APP_BLOCKED", "this app is blocked by admin")
    if given.get("response_type") != "code":
        raise _ForApp("unsupported_response_type", say("oauth.response_type"))
    scopes = read_scopes(app, given.get("scope", ""))
    if scopes is None:
        raise _ForApp("invalid_scope", say("oauth.invalid_scope"))
    challenge, method = given.get("code_challenge", ""), given.get("code_challenge_method") or "S256"
    if challenge and (method not in _METHODS or not _CHALLENGE.fullmatch(challenge)):
        raise _ForApp("invalid_request", say("oauth.challenge"))
    return Asked(
        client_id=app.client_id,
        redirect_uri=given["redirect_uri"],
        scopes=scopes,
        state=given.get("state", ""),
        challenge=challenge,
        method=method,
        nonce=given.get("nonce", ""),
        prompt=frozenset(given.get("prompt", "").split()),
        login_hint=given.get("login_hint", ""),
        browser=_read_cookie(request) or draw_browser(),
        expires=waits_until(request.org.clock.now()),
    )


def _begin(request: ApiRequest, app: ClientApp, asked: Asked, *, at_once: bool) -> ApiResponse:
    """Goes as far as it can without its user: to the app, to the consent page, or to the login page."""
    browsers, now = request.org.logins.browsers, request.org.clock.now()
    user_id = "" if asked.prompt & {"login", "select_account"} else browsers.user_of(asked.browser, now)
    asked = replace(asked, user_id=user_id)
    if at_once and not (user_id and _is_free(request, app, asked)):
        raise _ForApp("immediate_unsuccessful", say("oauth.immediate"))
    number = browsers.begin(asked, now)
    if user_id:
        return _finish_or_ask(request, app, number, asked)
    response = build_login(app, _hidden(number, app), username=asked.login_hint)
    _set_cookie(request, response, asked.browser)
    return response


def _finish_or_ask(request: ApiRequest, app: ClientApp, number: str, asked: Asked) -> ApiResponse:
    if not is_permitted(request.org, app, asked.user_id):
        request.org.logins.browsers.end(number)
        told = {"error": "OAUTH_APP_ACCESS_DENIED", "error_description": say("oauth.not_admin_approved")}
        return _redirect(asked.redirect_uri, asked.state, told, status=303)
    if _is_free(request, app, asked):
        return _give_code(request, app, number, asked)
    place = f"{CONSENT}?{urlencode(_hidden(number, app))}"
    return ApiResponse(303, None, headers={"Location": place, "Cache-Control": "no-store"})


def _is_free(request: ApiRequest, app: ClientApp, asked: Asked) -> bool:
    """Whether nobody has to be asked."""
    return "consent" not in asked.prompt and has_approved(request.org, app, asked.user_id, asked.scopes)


def _ask_consent(request: ApiRequest, app: ClientApp, number: str, asked: Asked) -> ApiResponse:
    user = request.org.storage.get("User", asked.user_id) or {}
    return build_consent(app, _hidden(number, app), str(user.get("Username", "")), asked.scopes)


def _give_code(request: ApiRequest, app: ClientApp, number: str, asked: Asked) -> ApiResponse:
    org = request.org
    org.logins.browsers.end(number)
    refused = check_user(org, asked.user_id, org.logins.source_of(request.headers), anywhere=app.relax_ip)
    if refused is not None:
        told = {"error": refused.error, "error_description": refused.description}
        return _redirect(asked.redirect_uri, asked.state, told, status=303)
    now = org.clock.now()
    code = Code(
        client_id=asked.client_id,
        user_id=asked.user_id,
        redirect_uri=asked.redirect_uri,
        scopes=asked.scopes,
        challenge=asked.challenge,
        method=asked.method,
        nonce=asked.nonce,
        expires=now + CODE_LIFE,
    )
    given = {"code": org.logins.grants.add_code(code, now)}
    return _redirect(asked.redirect_uri, asked.state, given, status=303)


def _redirect(uri: str, state: str, told: Mapping[str, str], *, status: int = 302) -> ApiResponse:
    """Sends the browser to the app, with the state as it came."""
    query = urlencode({**told, **({"state": state} if state else {})}, errors="replace")
    place = f"{uri}{'&' if '?' in uri else '?'}{query}"
    return ApiResponse(status, None, headers={"Location": place, "Cache-Control": "no-store"})


def _find(request: ApiRequest, number: str) -> tuple[Asked | None, ClientApp | None]:
    """The request that this browser's form is about, and its app."""
    browser = _read_cookie(request)
    asked = request.org.logins.browsers.find(number, browser, request.org.clock.now()) if browser else None
    return asked, request.org.logins.apps.find(asked.client_id) if asked else None


def _wants_no_page(given: Mapping[str, str]) -> bool:
    return given.get("immediate") == "true" or "none" in given.get("prompt", "").split()


def _hidden(number: str, app: ClientApp) -> dict[str, str]:
    """What a form carries: its request, and the app, by which a login host finds the org."""
    return {"request": number, "client_id": app.client_id}


def _read_cookie(request: ApiRequest) -> str:
    try:
        found = SimpleCookie(request.headers.get("cookie", "")).get(_COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


def _set_cookie(request: ApiRequest, response: ApiResponse, browser: str) -> None:
    secure = "; Secure" if request.base_url.startswith("https:") else ""
    response.headers["Set-Cookie"] = f"{_COOKIE}={browser}; Path=/; HttpOnly; SameSite=Lax{secure}"


ROUTES = [
    Route(("GET", "POST"), "/services/oauth2/authorize", authorize, auth=False, counts=False),
    Route(("POST",), LOGIN, log_in, auth=False, counts=False),
    Route(("GET",), CONSENT, show_consent, auth=False, counts=False),
    Route(("POST",), CONSENT, decide, auth=False, counts=False),
]
