"""The web server flow as a person and an app go through it: pages, consent, proof keys, codes, id tokens."""

import base64
import hashlib
from typing import Any

import jwt
import pytest
import requests

from tests.clients.browser import CALLBACK, Browser, connect_app, redeem
from tests.simulated import Simulated

_VERIFIER = "v" * 64
_CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(_VERIFIER.encode()).digest()).rstrip(b"=").decode()


def _app(org: Simulated, **settings: Any) -> None:
    org.control("POST", "apps", {"client_id": "default", **settings})


def test_a_person_logs_in_and_allows_and_the_app_gets_its_tokens(org: Simulated) -> None:
    browser = Browser(org).authorize(scope="api refresh_token openid id", nonce="n1", login_hint='a"<b>@c')
    form = browser.page.forms[0]
    assert browser.page.labels == {"username": "Username", "password": "Password"}
    assert {form.ids["username"], form.ids["password"]} == {"un", "pw"}
    assert form.fields["un"] == 'a"<b>@c'
    assert '"<b>' not in browser.answer.text
    for name, value in (("X-Frame-Options", "DENY"), ("Referrer-Policy", "no-referrer"), ("Cache-Control", "no-store")):
        assert browser.answer.headers[name] == value
    assert "HttpOnly; SameSite=Lax" in browser.answer.headers["Set-Cookie"]

    browser.log_in("admin", "wrong")
    assert "check your username and password" in browser.page.text
    assert browser.page.forms[0].fields["un"] == org.facts["administrator"]["username"]
    browser.log_in("admin")
    assert "Sample App is asking to:" in browser.page.text
    assert org.facts["administrator"]["username"] in browser.page.text
    assert browser.page.forms[0].buttons == ["allow", "deny", "other"]
    browser.allow()
    assert browser.answer.status_code == 303
    assert browser.answer.headers["Location"].startswith(f"{CALLBACK}?code=")
    assert browser.left_for["state"] == "s t/ä+&="

    got = redeem(org, browser.left_for["code"]).json()
    assert got["scope"] == "id api refresh_token openid"
    assert org.call("GET", "/limits", token=got["access_token"]).status_code == 200
    assert got["id"].endswith(f"/id/{org.facts['org_id']}/{org.org.users.logins['admin'].user_id}")
    found = requests.get(f"{org.url}/.well-known/openid-configuration", timeout=30).json()
    key = jwt.PyJWKSet.from_dict(requests.get(found["jwks_uri"], timeout=30).json()).keys[0]
    claims = jwt.decode(got["id_token"], key, algorithms=["RS256"], audience=org.facts["client_id"], issuer=org.url)
    assert (claims["sub"], claims["nonce"]) == (got["id"], "n1")


def test_who_has_allowed_is_not_asked_again_unless_prompted(org: Simulated) -> None:
    browser = Browser(org).authorize(scope="api").log_in().allow()
    assert "code" in browser.left_for
    assert "code" in browser.authorize(scope="api").left_for
    assert "code" in browser.authorize(scope="api", immediate="true").left_for
    assert browser.authorize(scope="api id").page.forms[0].buttons == ["allow", "deny", "other"]
    assert browser.authorize(scope="api", prompt="consent").page.forms[0].buttons == ["allow", "deny", "other"]
    assert "un" in browser.send(decision="other").page.forms[0].fields
    assert "un" in browser.authorize(scope="api").page.forms[0].fields
    assert "un" in Browser(org).authorize(scope="api", prompt="login").page.forms[0].fields
    # The integration user's approval is older than the org's first day.
    assert "code" in Browser(org).authorize().log_in("integration").left_for


@pytest.mark.parametrize(
    ("asked", "error", "description"),
    [
        ({"response_type": "token"}, "unsupported_response_type", "response type not supported"),
        ({"scope": "api wave"}, "invalid_scope", "requested scope is invalid, unknown, or malformed"),
        ({"code_challenge": "short"}, "invalid_request", "invalid code challenge"),
        ({"code_challenge": _CHALLENGE, "code_challenge_method": "S512"}, "invalid_request", "invalid code challenge"),
        ({"immediate": "true"}, "immediate_unsuccessful", "immediate unsuccessful"),
        ({"prompt": "none"}, "immediate_unsuccessful", "immediate unsuccessful"),
    ],
)
def test_the_app_is_told_what_it_asked_wrongly(
    org: Simulated, asked: dict[str, str], error: str, description: str
) -> None:
    browser = Browser(org).authorize(**asked)
    assert browser.answer.headers["Location"].startswith(f"{CALLBACK}?")
    assert browser.left_for == {"error": error, "error_description": description, "state": "s t/ä+&="}


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"client_id": "nobody"}, "invalid_client_id"),
        ({"redirect_uri": ""}, "redirect_uri_missing"),
        ({"redirect_uri": "https://evil.example/cb"}, "redirect_uri_mismatch"),
        ({"redirect_uri": f"{CALLBACK}/"}, "redirect_uri_mismatch"),
        ({"redirect_uri": "http://localhost:1718/OauthRedirect"}, "redirect_uri_mismatch"),
        ({"redirect_uri": "javascript:alert(1)//<script>"}, "redirect_uri_mismatch"),
    ],
)
def test_what_is_wrong_about_the_address_is_shown_and_sent_nowhere(
    org: Simulated, asked: dict[str, str], error: str
) -> None:
    browser = Browser(org).authorize(**asked)
    assert browser.answer.status_code == 400
    assert "Location" not in browser.answer.headers
    assert f"error={error}&" in browser.page.text
    assert "<script" not in browser.answer.text


def test_denied_blocked_and_not_admitted(org: Simulated) -> None:
    browser = Browser(org).authorize(scope="api").log_in().send(decision="deny")
    assert (browser.left_for["error"], browser.left_for["error_description"]) == (
        "access_denied", "end-user denied authorization",
    )  # fmt: skip
    _app(org, permitted_users="admin_approved")
    assert Browser(org).authorize().log_in().left_for["error"] == "OAUTH_APP_ACCESS_DENIED"
    _app(org, permitted_users="all", blocked=True)
    assert Browser(org).authorize().left_for["error"] == "OAUTH_APP_BLOCKED"


def test_who_an_administrator_lets_have_an_app_is_not_asked(org: Simulated) -> None:
    _app(org, permitted_users="admin_approved")
    (app,) = org.control("GET", "apps")
    admin = org.control("POST", "sessions", {"username": "admin"})["access_token"]
    found = org.call("GET", "/query?q=SELECT+Id+FROM+PermissionSet+WHERE+Name='Data_Steward'", token=admin)
    row = {"ParentId": found.json()["records"][0]["Id"], "SetupEntityId": app["record_id"]}
    assert org.call("POST", "/sobjects/SetupEntityAccess", token=admin, json=row).status_code == 201
    assert "code" in Browser(org).authorize().log_in("colleague").left_for
    assert Browser(org).authorize().log_in("rep").left_for["error"] == "OAUTH_APP_ACCESS_DENIED"


@pytest.mark.parametrize(
    ("asked", "sent", "error"),
    [
        ({"code_challenge": _CHALLENGE}, {"code_verifier": _VERIFIER}, None),
        ({"code_challenge": _CHALLENGE, "code_challenge_method": "S256"}, {"code_verifier": _VERIFIER}, None),
        ({"code_challenge": _VERIFIER, "code_challenge_method": "plain"}, {"code_verifier": _VERIFIER}, None),
        ({"code_challenge": _CHALLENGE}, {}, "invalid_grant"),
        ({"code_challenge": _CHALLENGE}, {"code_verifier": "w" * 64}, "invalid_request"),
        ({"code_challenge": _VERIFIER}, {"code_verifier": _VERIFIER}, "invalid_request"),
        ({}, {"code_verifier": _VERIFIER}, "invalid_grant"),
    ],
)
def test_proof_keys(org: Simulated, asked: dict[str, str], sent: dict[str, str], error: str | None) -> None:
    browser = Browser(org).authorize(**asked).log_in("integration")
    got = redeem(org, browser.left_for["code"], **sent)
    assert got.json().get("error") == error
    assert got.status_code == (400 if error else 200)


def test_an_app_that_must_have_a_proof_key_is_refused_without(org: Simulated) -> None:
    _app(org, require_pkce=True, require_secret=False)
    browser = Browser(org).authorize()
    assert "error_description=missing%20required%20code%20challenge" in browser.page.text
    browser.authorize(code_challenge=_CHALLENGE).log_in("integration")
    got = redeem(org, browser.left_for["code"], code_verifier=_VERIFIER, client_secret="")
    assert got.json()["token_type"] == "Bearer"


def test_a_code_is_good_once_for_a_quarter_of_an_hour_for_its_app_and_address(org: Simulated) -> None:
    browser = Browser(org)

    def refused(code: str, **more: str) -> tuple[str, str]:
        body = redeem(org, code, **more).json()
        return body["error"], body["error_description"]

    def draw() -> str:
        browser.authorize()
        if browser.page.forms:
            browser.log_in("integration")
        return browser.left_for["code"]

    first = draw()
    assert redeem(org, first).status_code == 200
    assert refused(first) == ("invalid_grant", "expired authorization code")
    assert refused("aPrxnothing") == ("invalid_grant", "invalid authorization code")
    assert refused(draw(), redirect_uri="http://localhost/callback")[0] == "redirect_uri_mismatch"
    assert refused(draw(), client_secret="no") == ("invalid_client", "invalid client credentials")
    assert refused(draw(), client_secret="") == ("invalid_client", "invalid client credentials")
    other = org.control("POST", "apps", {"name": "Other", "callbacks": [CALLBACK]})
    mine = {name: other[name] for name in ("client_id", "client_secret")}
    assert refused(draw(), **mine) == ("invalid_grant", "invalid authorization code")
    last = draw()
    org.control("POST", "clock", {"advance": 15 * 60})
    assert refused(last) == ("invalid_grant", "expired authorization code")


def test_a_form_of_another_browser_or_without_its_cookie_is_worth_nothing(org: Simulated) -> None:
    victim, attacker = Browser(org).authorize(), Browser(org).authorize()
    stolen = attacker.page.forms[0].fields["request"]
    login = org.org.users.logins["admin"]
    victim.send(request=stolen, un=login.username, pw=login.password)
    assert "not valid any more" in victim.page.text
    assert victim.answer.status_code == 400
    before = attacker.session.cookies["simorg_browser"]
    attacker.log_in("admin")
    assert attacker.session.cookies["simorg_browser"] != before
    number = attacker.page.forms[0].fields["request"]
    place = f"{org.url}/setup/secur/RemoteAccessAuthorizationPage.apexp"
    for cookies in ({}, {"simorg_browser": before}, {"simorg_browser": "x"}):
        form = {"request": number, "decision": "allow"}
        assert requests.post(place, data=form, cookies=cookies, timeout=30).status_code == 400
    attacker.allow()
    assert "code" in attacker.left_for
    # Sent a second time, as by the button "back".
    assert requests.post(place, data=form, cookies=attacker.session.cookies, timeout=30).status_code == 400


def test_any_port_of_this_machine_where_an_app_wants_that(org: Simulated) -> None:
    asked = {"redirect_uri": "http://127.0.0.1:54321/callback"}
    assert Browser(org).authorize(**asked).answer.status_code == 400
    _app(org, loopback_any_port=True)
    browser = Browser(org).authorize(**asked).log_in("integration")
    assert browser.answer.headers["Location"].startswith("http://127.0.0.1:54321/callback?code=")
    for other in (
        "http://127.0.0.1:54321/other",
        "http://127.0.0.1:54321/callback?x=1",
        "http://127.0.0.1:1@e/callback",
    ):
        assert Browser(org).authorize(redirect_uri=other).answer.status_code == 400


def test_policies_hold_on_the_pages_too(org: Simulated) -> None:
    org.control("POST", "login-policy", {"ip_ranges": ["10.0.0.1"]})
    assert "check your username" in Browser(org).authorize().log_in().page.text
    org.control("POST", "login-policy", {"ip_ranges": [], "lockout_attempts": 1})
    browser = Browser(org).authorize().log_in("admin", "wrong")
    assert "check your username" in browser.log_in("admin").page.text
    org.control("POST", "login-policy", {"user": "rep", "expire_password": True})
    assert "password has expired" in Browser(org).authorize().log_in("rep").page.text


@pytest.mark.parametrize(
    "settings",
    [
        {"callbacks": ["http://evil.example/cb"]}, {"callbacks": ["https://a.example/#x"]}, {"callbacks": ["//x"]},
        {"callbacks": ["https://a.example/\r\nX: 1"]}, {"scopes": ["everything"]}, {"refresh_policy": "never"},
        {"certificate": "no pem"}, {"name": 5}, {"run_as": "nobody"}, {"session_seconds": 0}, {"colour": "red"},
        {"permitted_users": "some"}, {"client_id": "a b"}, {"refresh_seconds": -1},
    ],
)  # fmt: skip
def test_an_app_that_cannot_be_is_refused(org: Simulated, settings: dict[str, Any]) -> None:
    with pytest.raises(requests.HTTPError) as refused:
        org.control("POST", "apps", settings)
    assert refused.value.response.status_code == 400


def test_apps_come_and_go(org: Simulated) -> None:
    made = org.control("POST", "apps", {"name": "Mine", "callbacks": ["https://mine.example/cb"], "scopes": ["api"]})
    assert (made["scopes"], made["client_credentials"], made["public_key"]) == (["api"], False, None)
    assert [one["name"] for one in org.control("GET", "apps")] == ["Sample App", "Mine"]
    org.control("DELETE", f"apps/{made['client_id']}")
    assert Browser(org).authorize(client_id=made["client_id"]).answer.status_code == 400
    with pytest.raises(requests.HTTPError):
        org.control("DELETE", f"apps/{org.facts['client_id']}")


def test_secrets_stay_out_of_the_journal(org: Simulated) -> None:
    got = connect_app(org)
    requests.get(f"{org.url}/services/oauth2/revoke?token={got['refresh_token']}", timeout=30)
    seen = str(org.control("GET", "journal"))
    admin = org.org.users.logins["admin"]
    for secret in (got["access_token"], got["refresh_token"], org.facts["client_secret"], admin.password):
        assert secret not in seen
