"""Every error of a login that the documentation or a recording names, by the text that it is known by, over HTTP."""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.clients.browser import Browser, connect_app, redeem, refresh
from tests.clients.test_login import _soap, _token
from tests.simulated import Simulated

_JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
#: Open on Mondays alone, and then for no time.
_CLOSED = {"Monday": ["00:00", "00:00"]}
Told = tuple[str, str | None]


def _client(org: Simulated, **more: str) -> dict[str, str]:
    return {**{name: org.facts[name] for name in ("client_id", "client_secret")}, **more}


def _read(answer: requests.Response) -> Told:
    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("application/json")
    body = answer.json()
    assert set(body) <= {"error", "error_description"}
    return body["error"], body.get("error_description")


def _password(org: Simulated, **more: str) -> Told:
    whole = org.facts["password"] + org.facts["security_token"]
    form = _client(org, grant_type="password", username=org.facts["username"], password=whole)
    return _read(_token(org, **{**form, **more}))


def _credentials(org: Simulated, **more: str) -> Told:
    return _read(_token(org, **_client(org, grant_type="client_credentials", **more)))


def _assert(org: Simulated, key: Any = None, **claims: object) -> Told:
    usual = {
        "iss": org.facts["client_id"],
        "sub": org.facts["username"],
        "aud": "https://login.salesforce.com",
        "exp": int(time.time()) + 120,
    }
    pem = key or Path(org.facts["private_key"]).read_text(encoding="ascii")
    answer = _token(org, grant_type=_JWT, assertion=jwt.encode({**usual, **claims}, pem, algorithm="RS256"))
    return _read(answer) if answer.status_code != 200 else ("", None)


def _again(org: Simulated) -> Told:
    assert _assert(org, jti="one") == ("", None)
    return _assert(org, jti="one")


def _code(org: Simulated, asked: dict[str, str] | None = None, **sent: str) -> Told:
    browser = Browser(org).authorize(**(asked or {})).log_in("integration")
    return _read(redeem(org, browser.left_for["code"], **sent))


def _denied(org: Simulated) -> Told:
    left = Browser(org).authorize().log_in().send(decision="deny").left_for
    return left["error"], left["error_description"]


def _dead_refresh(org: Simulated) -> Told:
    given = connect_app(org)["refresh_token"]
    requests.post(f"{org.url}/services/oauth2/revoke", data={"token": given}, timeout=30).raise_for_status()
    return _read(refresh(org, given))


def _policy(org: Simulated, **policy: Any) -> Simulated:
    org.control("POST", "login-policy", policy)
    return org


def _app(org: Simulated, **settings: Any) -> Simulated:
    org.control("POST", "apps", {"client_id": "default", **settings})
    return org


def _rights(org: Simulated, **rights: Any) -> Simulated:
    org.control("POST", "rights", {"user": "integration", **rights})
    return org


def _often(org: Simulated) -> Told:
    _policy(org, logins_per_hour=1)
    org.log_in()
    return _credentials(org)


def _bare(org: Simulated) -> Told:
    org.control("POST", "faults", {"name": "bare-oauth-error"})
    return _password(org)


_DENIED = ("access_denied", "end-user denied authorization")
_STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_CHALLENGE = {"code_challenge": "c" * 43}
#: What happens → what the app is told.
_OAUTH: dict[str, tuple[Callable[[Simulated], Told], Told]] = {
    "authentication failure: wrong password":
        (lambda org: _password(org, password="wrong"), ("invalid_grant", "authentication failure")),
    "authentication failure: wrong user":
        (lambda org: _password(org, username="nobody@example.com"), ("invalid_grant", "authentication failure")),
    "authentication failure: the flow is blocked":
        (lambda org: _password(_policy(org, block_password_flow=True)), ("invalid_grant", "authentication failure")),
    "expired password":
        (lambda org: _password(_policy(org, user="integration", expire_password=True)),
         ("invalid_grant", "expired password")),
    "expired access/refresh token": (_dead_refresh, ("invalid_grant", "expired access/refresh token")),
    "user hasn't approved this consumer":
        (lambda org: _assert(org, sub=org.facts["rep"]["username"]),
         ("invalid_grant", "user hasn't approved this consumer")),
    "user is not admin approved to access this app":
        (lambda org: _credentials(_app(org, permitted_users="admin_approved")),
         ("invalid_app_access", "user is not admin approved to access this app")),
    "audience is invalid":
        (lambda org: _assert(org, aud="https://elsewhere.example"), ("invalid_grant", "audience is invalid")),
    "audience is invalid: a production org and the sandboxes' host":
        (lambda org: _assert(org, aud="https://test.salesforce.com"), ("invalid_grant", "audience is invalid")),
    "expired authorization code: JWT exp in the past":
        (lambda org: _assert(org, exp=1), ("invalid_grant", "expired authorization code")),
    "expired authorization code: JWT exp is no time":
        (lambda org: _assert(org, exp=float("nan")), ("invalid_grant", "expired authorization code")),
    "invalid assertion: exp too far":
        (lambda org: _assert(org, exp=int(time.time()) + 3_600), ("invalid_grant", "invalid assertion")),
    "invalid assertion: another key": (lambda org: _assert(org, _STRANGER), ("invalid_grant", "invalid assertion")),
    "invalid assertion: no JWT":
        (lambda org: _read(_token(org, grant_type=_JWT, assertion="abc")), ("invalid_grant", "invalid assertion")),
    "assertion used before": (_again, ("invalid_grant", "assertion has been used before")),
    "code_verifier missing though challenge was sent":
        (lambda org: _code(org, _CHALLENGE), ("invalid_grant", "missing code verifier")),
    "challenge mismatch":
        (lambda org: _code(org, _CHALLENGE, code_verifier="v" * 43), ("invalid_request", "invalid code verifier")),
    "invalid authorization code":
        (lambda org: _read(redeem(org, "aPrx")), ("invalid_grant", "invalid authorization code")),
    "invalid_client_id":
        (lambda org: _credentials(org, client_id="x"), ("invalid_client_id", "client identifier invalid")),
    "invalid client credentials":
        (lambda org: _credentials(org, client_secret="x"), ("invalid_client", "invalid client credentials")),
    "no client credentials user enabled":
        (lambda org: _credentials(_app(org, run_as="")), ("invalid_grant", "no client credentials user enabled")),
    "client credentials flow not enabled":
        (lambda org: _credentials(_app(org, client_credentials=False)),
         ("invalid_grant", "client credentials flow not enabled")),
    "unsupported_grant_type":
        (lambda org: _read(_token(org, grant_type="device")), ("unsupported_grant_type", "grant type not supported")),
    "redirect_uri_mismatch":
        (lambda org: _code(org, redirect_uri="https://x.example"),
         ("redirect_uri_mismatch", "redirect_uri must match configuration")),
    "inactive_user": (lambda org: _credentials(_rights(org, active=False)), ("inactive_user", "user is inactive")),
    "inactive_user: frozen": (lambda org: _credentials(_rights(org, frozen=True)), ("inactive_user", "user is frozen")),
    "inactive_org":
        (lambda org: _credentials(_policy(org, state="inactive")), ("inactive_org", "The organization is inactive")),
    "ip restricted":
        (lambda org: _credentials(_policy(org, ip_ranges=["10.0.0.1"])), ("invalid_grant", "ip restricted")),
    "invalid login hours":
        (lambda org: _credentials(_policy(org, hours=_CLOSED)), ("invalid_grant", "invalid login hours")),
    "rate_limit_exceeded": (_often, ("rate_limit_exceeded", "number of logins exceeded")),
    "invalid_scope":
        (lambda org: _assert(_app(org, scopes=["api"])) and _password(org, scope="web"),
         ("invalid_scope", "requested scope is invalid, unknown, or malformed")),
    "authorize denied": (_denied, _DENIED),
    "no error_description": (_bare, ("invalid_grant", None)),
}  # fmt: skip


@pytest.mark.parametrize("what", _OAUTH)
def test_what_oauth_says(org: Simulated, what: str) -> None:
    happens, told = _OAUTH[what]
    org.control("POST", "clock", {"freeze": True})
    try:
        assert happens(org) == told
    finally:
        org.control("POST", "clock", {"resume": True})


def _log_in_by_soap(org: Simulated, password: str = "", version: str = "64.0") -> requests.Response:
    whole = password or org.facts["password"] + org.facts["security_token"]
    return _soap(org, org.facts["username"], whole, version)


def _settings(org: Simulated, **settings: Any) -> Simulated:
    org.control("POST", "settings", settings)
    return org


def _locked(org: Simulated) -> requests.Response:
    _policy(org, lockout_attempts=1, tells_lockout=True)
    _log_in_by_soap(org, "wrong")
    return _log_in_by_soap(org)


def _soap_often(org: Simulated) -> requests.Response:
    _policy(org, logins_per_hour=1)
    _log_in_by_soap(org)
    return _log_in_by_soap(org)


_SOAP: dict[str, Callable[[Simulated], requests.Response]] = {
    "INVALID_LOGIN": lambda org: _log_in_by_soap(org, "wrong"),
    "LOGIN_MUST_USE_SECURITY_TOKEN": lambda org: _log_in_by_soap(org, org.facts["password"]),
    "PASSWORD_LOCKOUT": _locked,
    "LOGIN_RATE_EXCEEDED": _soap_often,
    "LOGIN_DURING_RESTRICTED_TIME": lambda org: _log_in_by_soap(_policy(org, hours=_CLOSED)),
    "LOGIN_DURING_RESTRICTED_DOMAIN": lambda org: _log_in_by_soap(_policy(org, ip_ranges=["10.0.0.1"])),
    "INACTIVE_ORG": lambda org: _log_in_by_soap(_policy(org, state="inactive")),
    "API_CURRENTLY_DISABLED": lambda org: _log_in_by_soap(_rights(org, permission="ApiEnabled", allow=False)),
    "API_DISABLED_FOR_ORG": lambda org: _log_in_by_soap(_settings(org, api_enabled=False)),
    "TRIAL_EXPIRED": lambda org: _log_in_by_soap(_policy(org, state="trial_expired")),
    "ORG_LOCKED": lambda org: _log_in_by_soap(_policy(org, state="locked")),
    "INVALID_OPERATION": lambda org: _log_in_by_soap(_settings(org, soap_login_enabled=False)),
    "UNSUPPORTED_API_VERSION": lambda org: _log_in_by_soap(org, version="30.0"),
    "SERVER_UNAVAILABLE": lambda org: _log_in_by_soap(_policy(org, state="unavailable")),
}


@pytest.mark.parametrize("code", _SOAP)
def test_what_soap_login_says(org: Simulated, code: str) -> None:
    try:
        answer = _SOAP[code](org)
    finally:
        org.control("POST", "settings", {"soap_login_enabled": True, "api_enabled": True})
    assert answer.status_code == 500
    assert "urn:fault.partner.soap.sforce.com" in answer.text
    assert re.search("<sf:exceptionCode>(.*?)<", answer.text)[1] == code  # type: ignore[index]  # a fault has one
    assert f"<faultcode>sf:{code}</faultcode>" in answer.text
    assert re.search(f"<faultstring>{code}: .+</faultstring>", answer.text)


def test_the_wrong_tries_are_forgotten_with_the_lock_out(org: Simulated) -> None:
    _policy(org, lockout_attempts=2)
    for _ in range(2):
        _log_in_by_soap(org, "wrong")
    assert _log_in_by_soap(org).status_code == 500
    org.control("POST", "clock", {"advance": 901})
    _log_in_by_soap(org, "wrong")
    assert _log_in_by_soap(org).status_code == 200


def test_a_header_tells_the_address_that_is_trusted(org: Simulated) -> None:
    _policy(org, source_header="X-Forwarded-For", trusted_ranges=[["198.51.100.1", "198.51.100.9"]])
    form = _client(org, grant_type="password", username=org.facts["username"], password=org.facts["password"])
    for address, status in (("198.51.100.5", 200), ("198.51.100.10", 400), ("nonsense", 400)):
        headers = {"X-Forwarded-For": address}
        answer = requests.post(f"{org.url}/services/oauth2/token", data=form, headers=headers, timeout=30)
        assert answer.status_code == status


@pytest.mark.parametrize(("name", "keeps_access"), [("rotated", True), ("revoked", False), ("expired", True)])
def test_bad_days_of_refresh_tokens(org: Simulated, name: str, keeps_access: bool) -> None:
    got = connect_app(org)
    org.control("POST", "faults", {"name": f"refresh-token-{name}"})
    # No other login meets it.
    org.log_in()
    assert _read(refresh(org, got["refresh_token"])) == ("invalid_grant", "expired access/refresh token")
    assert _read(refresh(org, got["refresh_token"])) == ("invalid_grant", "expired access/refresh token")
    assert (org.call("GET", "/limits", token=got["access_token"]).status_code == 200) is keeps_access
    assert refresh(org, connect_app(org)["refresh_token"]).status_code == 200


def test_a_password_expires_on_order(org: Simulated) -> None:
    org.control("POST", "faults", {"name": "password-expired"})
    assert _password(org) == ("invalid_grant", "expired password")
    assert "<passwordExpired>true<" in _log_in_by_soap(org).text
    assert "password has expired" in Browser(org).authorize().log_in("integration").page.text


def _query(org: Simulated, role: str, soql: str) -> list[dict[str, Any]]:
    token = org.control("POST", "sessions", {"username": role})["access_token"]
    answer = org.call("GET", "/query", token=token, params={"q": soql})
    assert answer.status_code == 200, answer.text
    records: list[dict[str, Any]] = json.loads(answer.text)["records"]
    return records


def test_logins_are_written_down_for_whoever_may_see_them(org: Simulated) -> None:
    _log_in_by_soap(org, "wrong")
    _log_in_by_soap(org)
    connect_app(org, "rep")
    soql = "SELECT UserId, Status, LoginType, Application, ApiVersion, SourceIp FROM LoginHistory ORDER BY Id"
    seen = _query(org, "admin", soql)
    told = [(one["LoginType"], one["Application"], one["Status"]) for one in seen]
    assert told == [
        ("Other Apex API", None, "Invalid Password"), ("Other Apex API", None, "Success"),
        ("Application", "Browser", "Success"), ("Remote Access 2.0", "Sample App", "Success"),
    ]  # fmt: skip
    assert {one["SourceIp"] for one in seen} == {"127.0.0.1"}
    rep = org.org.users.logins["rep"].user_id
    assert {one["UserId"] for one in _query(org, "rep", soql)} == {rep}
    assert _query(org, "colleague", soql) == []
    org.control("POST", "rights", {"user": "colleague", "permission": "MonitorLoginHistory"})
    assert len(_query(org, "colleague", soql)) == 4


def test_apps_and_their_tokens_are_records(org: Simulated) -> None:
    got = connect_app(org, "rep")
    refresh(org, got["refresh_token"])
    soql = "SELECT AppName, UserId, UseCount, DeleteToken, LastUsedDate FROM OauthToken"
    assert _query(org, "colleague", soql) == []
    (seen,) = _query(org, "rep", soql)
    assert (seen["AppName"], seen["UseCount"]) == ("Sample App", 1)
    assert [one["DeleteToken"] for one in _query(org, "admin", soql)] == [seen["DeleteToken"]]
    form = {"token": seen["DeleteToken"]}
    requests.post(f"{org.url}/services/oauth2/revoke", data=form, timeout=30).raise_for_status()
    assert _query(org, "rep", soql) == []
    assert refresh(org, got["refresh_token"]).status_code == 400

    made = org.control("POST", "apps", {"name": "Hub", "permitted_users": "admin_approved"})
    soql = "SELECT Id, Name, OptionsAllowAdminApprovedUsersOnly FROM ConnectedApplication ORDER BY Name"
    apps = [(one["Name"], one["OptionsAllowAdminApprovedUsersOnly"]) for one in _query(org, "admin", soql)]
    assert apps == [("Hub", True), ("Sample App", False)]
    org.control("DELETE", f"apps/{made['client_id']}")
    assert len(_query(org, "admin", soql)) == 1
    minimal = org.control("POST", "sessions", {"username": "minimal"})["access_token"]
    assert org.call("GET", "/query", token=minimal, params={"q": soql}).json()[0]["errorCode"] == "INVALID_TYPE"
