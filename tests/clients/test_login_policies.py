"""Who is let in: addresses, hours, lock-out, expiry, one-time codes, the org's state; told by SOAP and by OAuth."""

import re
from typing import Any

import pytest
import requests

from simorg.logins.passwords import code_key, one_time_code
from tests.clients.test_login import _soap, _token
from tests.simulated import Simulated

_CLOSED = {day: ["00:00", "00:00"] for day in ("Monday",)}


def _code(answer: requests.Response) -> str:
    found = re.search("<sf:exceptionCode>(.*?)<", answer.text)
    return found[1] if found else ""


def _secret(org: Simulated) -> str:
    return str(org.facts["password"] + org.facts["security_token"])


def _password(org: Simulated, password: str) -> dict[str, Any]:
    client = {name: org.facts[name] for name in ("client_id", "client_secret", "username")}
    answer: dict[str, Any] = _token(org, grant_type="password", password=password, **client).json()
    return answer


@pytest.mark.parametrize(
    ("policy", "code", "error", "description"),
    [
        ({"ip_ranges": [["10.0.0.1", "10.0.0.9"]]}, "LOGIN_DURING_RESTRICTED_DOMAIN", "invalid_grant", "ip restricted"),
        ({"hours": _CLOSED}, "LOGIN_DURING_RESTRICTED_TIME", "invalid_grant", "invalid login hours"),
        ({"state": "inactive"}, "INACTIVE_ORG", "inactive_org", "The organization is inactive"),
        ({"state": "locked"}, "ORG_LOCKED", "inactive_org", "The organization is locked"),
        ({"state": "trial_expired"}, "TRIAL_EXPIRED", "inactive_org", "The trial of the organization has expired"),
        ({"state": "unavailable"}, "SERVER_UNAVAILABLE", "server_error", "The server is not available"),
    ],
)
def test_a_policy_keeps_out_by_every_road(
    org: Simulated, policy: dict[str, Any], code: str, error: str, description: str
) -> None:
    assert _code(_soap(org, org.facts["username"], _secret(org))) == ""
    org.control("POST", "login-policy", policy)
    assert _code(_soap(org, org.facts["username"], _secret(org))) == code
    told = {"error": error, "error_description": description}
    assert _password(org, _secret(org)) == told
    client = {name: org.facts[name] for name in ("client_id", "client_secret")}
    assert _token(org, grant_type="client_credentials", **client).json() == told


@pytest.mark.parametrize("level", ["user", "profile"])
def test_the_more_specific_policy_decides_and_a_header_tells_the_address(org: Simulated, level: str) -> None:
    org.control("POST", "login-policy", {"ip_ranges": ["192.0.2.1"]})
    assert "error" in _password(org, _secret(org))
    org.control("POST", "login-policy", {level: "integration", "ip_ranges": [["198.51.100.1", "198.51.100.9"]]})
    org.control("POST", "login-policy", {"source_address": "198.51.100.5"})
    # An address of the profile's ranges needs no security token.
    assert "access_token" in _password(org, org.facts["password"])


def test_a_trusted_address_needs_no_token(org: Simulated) -> None:
    assert _code(_soap(org, org.facts["username"], org.facts["password"])) == "LOGIN_MUST_USE_SECURITY_TOKEN"
    org.control("POST", "login-policy", {"trusted_ranges": ["127.0.0.1"]})
    assert _soap(org, org.facts["username"], org.facts["password"]).status_code == 200


@pytest.mark.parametrize(("tells", "code"), [(True, "PASSWORD_LOCKOUT"), (False, "INVALID_LOGIN")])
def test_wrong_passwords_lock_out_for_a_while(org: Simulated, tells: bool, code: str) -> None:
    org.control("POST", "login-policy", {"lockout_attempts": 2, "tells_lockout": tells})
    for _ in range(2):
        assert _code(_soap(org, org.facts["username"], "wrong")) == "INVALID_LOGIN"
    assert _code(_soap(org, org.facts["username"], _secret(org))) == code
    user_id = org.org.users.logins["integration"].user_id
    locked = 'SELECT "IsPasswordLocked" FROM "UserLogin" WHERE "UserId" = ?'
    assert org.org.storage.read_one(locked, [user_id]) == (1,)
    org.control("POST", "clock", {"advance": 901})
    assert _soap(org, org.facts["username"], _secret(org)).status_code == 200
    assert org.org.storage.read_one(locked, [user_id]) == (0,)


@pytest.mark.parametrize("how", ["rest", "soap"])
def test_an_expired_password_can_only_be_set(org: Simulated, how: str) -> None:
    org.control("POST", "rights", {"user": "integration", "permission": "PasswordNeverExpires", "allow": False})
    assert _soap(org, org.facts["username"], _secret(org)).status_code == 200
    org.control("POST", "clock", {"advance": 91 * 86_400})
    assert _password(org, _secret(org)) == {"error": "invalid_grant", "error_description": "expired password"}
    answer = _soap(org, org.facts["username"], _secret(org))
    assert "<passwordExpired>true<" in answer.text
    session = re.search("<sessionId>(.*?)<", answer.text)[1]  # type: ignore[index]  # a login names one
    refused = org.call("GET", "/limits", token=session)
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (403, "INVALID_OPERATION_WITH_EXPIRED_PASSWORD")
    user_id = org.org.users.logins["integration"].user_id
    path = f"/sobjects/User/{user_id}/password"
    assert org.call("GET", path, token=session).json() == {"isExpired": True}
    if how == "rest":
        assert org.call("POST", path, token=session, json={"NewPassword": "short"}).status_code == 400
        assert org.call("POST", path, token=session, json={"NewPassword": "longer-than-9"}).status_code == 204
    else:
        body = (
            '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com">'
            f"<e:Header><SessionHeader><sessionId>{session}</sessionId></SessionHeader></e:Header><e:Body>"
            f"<setPassword><userId>{user_id}</userId><password>longer-than-9</password></setPassword></e:Body></e:Envelope>"
        )
        assert requests.post(f"{org.url}/services/Soap/u/64.0", body.encode(), timeout=30).status_code == 200
    assert org.call("GET", "/limits", token=session).status_code == 200
    # With the password the security token has changed.
    changed = f"longer-than-9{org.facts['security_token']}"
    assert _code(_soap(org, org.facts["username"], changed)) == "INVALID_LOGIN"
    secret = org.org.logins.passwords.find(user_id, None, org.org.clock.now())
    assert secret is not None
    assert _soap(org, org.facts["username"], f"longer-than-9{secret.security_token}").status_code == 200


def test_only_administrators_reset_the_passwords_of_others(org: Simulated) -> None:
    path = f"/sobjects/User/{org.org.users.logins['rep'].user_id}/password"
    answer = org.call("DELETE", path)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (403, "INSUFFICIENT_ACCESS")
    admin = org.control("POST", "sessions", {"username": "admin"})["access_token"]
    assert org.call("DELETE", path, token=admin).json()["NewPassword"]


def test_one_time_codes_where_they_are_demanded(org: Simulated) -> None:
    org.control("POST", "rights", {"user": "integration", "permission": "TwoFactorApi"})
    assert _code(_soap(org, org.facts["username"], _secret(org))) == "INVALID_LOGIN"
    user_id = org.org.users.logins["integration"].user_id
    code = one_time_code(code_key(org.org.realm, user_id), org.org.clock.now())
    assert _soap(org, org.facts["username"], org.facts["password"] + code).status_code == 200


def test_the_password_flow_can_be_blocked(org: Simulated) -> None:
    org.control("POST", "login-policy", {"block_password_flow": True})
    assert _password(org, _secret(org))["error_description"] == "authentication failure"


def test_a_session_lives_as_the_policy_says_after_its_last_use(org: Simulated) -> None:
    org.control("POST", "login-policy", {"session_seconds": 900})
    token = org.log_in()
    for seconds, status in ((600, 200), (600, 200), (901, 401)):
        org.control("POST", "clock", {"advance": seconds})
        assert org.call("GET", "/limits", token=token).status_code == status


def test_client_credentials_need_the_orgs_own_host(org: Simulated) -> None:
    form = {"grant_type": "client_credentials", **{n: org.facts[n] for n in ("client_id", "client_secret")}}
    for host, wanted in (("login.salesforce.com", 400), (org.facts["my_domain"], 200)):
        answer = requests.post(f"{org.url}/services/oauth2/token", data=form, headers={"Host": host}, timeout=30)
        assert answer.status_code == wanted


@pytest.mark.parametrize(
    "policy", [{"state": "gone"}, {"hours": {"Someday": []}}, {"ip_ranges": ["x"]}, {"lockout_attempts": -1}, {"no": 1}]
)
def test_a_policy_that_cannot_be_is_refused(org: Simulated, policy: dict[str, Any]) -> None:
    with pytest.raises(requests.HTTPError):
        org.control("POST", "login-policy", policy)
