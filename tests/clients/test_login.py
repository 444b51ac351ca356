"""Every way in, by simple-salesforce and by plain requests, and every way to be refused."""

import base64
import hashlib
import hmac
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceAuthenticationFailed

from simorg.users import derive
from tests.clients.conftest import connect
from tests.simulated import Simulated

_JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def _token(org: Simulated, **form: str) -> requests.Response:
    return requests.post(f"{org.url}/services/oauth2/token", data=form, timeout=30)


def _soap(org: Simulated, username: str, password: str, version: str = "64.0", api: str = "u") -> requests.Response:
    namespace = "urn:enterprise.soap.sforce.com" if api == "c" else "urn:partner.soap.sforce.com"
    body = (
        '<?xml version="1.0"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
        f'<login xmlns="{namespace}"><username>{username}</username><password>{password}</password></login>'
        "</e:Body></e:Envelope>"
    )
    headers = {"Content-Type": "text/xml", "SOAPAction": "login"}
    return requests.post(f"{org.url}/services/Soap/{api}/{version}", body.encode(), headers=headers, timeout=30)


def test_soap_login_of_simple_salesforce(org: Simulated) -> None:
    sf = connect(org)
    assert sf.session_id.startswith("00D")
    assert sf.session_id[15] == "!"
    assert sf.query("SELECT Id FROM Organization")["records"][0]["Id"] == org.facts["org_id"]


def test_client_credentials_of_simple_salesforce_by_basic(org: Simulated) -> None:
    sf = connect(org, consumer_key=org.facts["client_id"], consumer_secret=org.facts["client_secret"], domain="my.my")
    user = sf.query(f"SELECT Username FROM User WHERE Username = '{org.facts['username']}'")["records"]
    assert user[0]["Username"] == org.facts["username"]


def test_jwt_bearer_of_simple_salesforce(org: Simulated) -> None:
    sf = connect(
        org,
        username=org.facts["username"],
        consumer_key=org.facts["client_id"],
        privatekey_file=org.facts["private_key"],
    )
    assert sf.query("SELECT count() FROM User")["totalSize"] > 0


def test_password_flow_of_simple_salesforce(org: Simulated) -> None:
    sf = connect(
        org,
        username=org.facts["username"],
        password=org.facts["password"] + org.facts["security_token"],
        consumer_key=org.facts["client_id"],
        consumer_secret=org.facts["client_secret"],
    )
    assert isinstance(sf, Salesforce)


def test_a_wrong_password_is_refused_with_the_code_that_clients_read(org: Simulated) -> None:
    with pytest.raises(SalesforceAuthenticationFailed) as refused:
        connect(org, username=org.facts["username"], password="wrong", security_token="wrong")
    assert refused.value.code == "INVALID_LOGIN"
    assert "Invalid username, password, security token; or user locked out." in str(refused.value)


def test_a_missing_token_says_so(org: Simulated) -> None:
    answer = _soap(org, org.facts["username"], org.facts["password"])
    assert answer.status_code == 500
    assert "<sf:exceptionCode>LOGIN_MUST_USE_SECURITY_TOKEN</sf:exceptionCode>" in answer.text
    org.control("POST", "settings", {"trusted_address": True})
    try:
        assert _soap(org, org.facts["username"], org.facts["password"]).status_code == 200
    finally:
        org.control("POST", "settings", {"trusted_address": False})


def test_soap_login_can_be_switched_off(org: Simulated) -> None:
    org.control("POST", "settings", {"soap_login_enabled": False})
    try:
        answer = _soap(org, org.facts["username"], org.facts["password"] + org.facts["security_token"])
    finally:
        org.control("POST", "settings", {"soap_login_enabled": True})
    assert answer.status_code == 500
    assert "SOAP API login() is disabled by default in this org." in answer.text
    assert "sf:INVALID_OPERATION" in answer.text


@pytest.mark.parametrize(("version", "code"), [("30.0", "UNSUPPORTED_API_VERSION"), ("65.0", "INVALID_OPERATION")])
def test_soap_login_knows_its_versions(org: Simulated, version: str, code: str) -> None:
    password = org.facts["password"] + org.facts["security_token"]
    answer = _soap(org, org.facts["username"], password, version)
    assert answer.status_code == 500
    assert f"sf:{code}" in answer.text


def test_soap_answers_carry_the_session_and_no_usage_header(org: Simulated) -> None:
    password = org.facts["password"] + org.facts["security_token"]
    for api in ("u", "c"):
        answer = _soap(org, org.facts["username"], password, api=api)
        assert answer.status_code == 200
        assert "<sessionId>00D" in answer.text
        assert f"/services/Soap/{api}/64.0/{org.facts['org_id'][:15]}</serverUrl>" in answer.text
        assert "Sforce-Limit-Info" not in answer.headers


def test_a_token_answer_is_signed(org: Simulated) -> None:
    form = {"client_id": org.facts["client_id"], "client_secret": org.facts["client_secret"]}
    body = _token(org, grant_type="client_credentials", **form).json()
    assert {"access_token", "instance_url", "id", "token_type", "issued_at", "signature"} <= set(body)
    signed = hmac.new(form["client_secret"].encode(), (body["id"] + body["issued_at"]).encode(), hashlib.sha256)
    assert base64.b64decode(body["signature"]) == signed.digest()
    assert body["issued_at"].isdigit()
    assert body["token_type"] == "Bearer"
    assert "refresh_token" not in body


@pytest.mark.parametrize(
    ("form", "error", "description"),
    [
        ({"grant_type": "nonsense"}, "unsupported_grant_type", "grant type not supported"),
        ({"grant_type": "client_credentials", "client_id": "x"}, "invalid_client_id", "client identifier invalid"),
        ({"grant_type": _JWT, "assertion": "abc"}, "invalid_grant", "invalid assertion"),
        ({}, "unsupported_grant_type", "grant type not supported"),
    ],
)
def test_oauth_refusals(org: Simulated, form: dict[str, str], error: str, description: str) -> None:
    answer = _token(org, **form)
    assert answer.status_code == 400
    assert answer.json() == {"error": error, "error_description": description}


def test_oauth_knows_its_secrets(org: Simulated) -> None:
    client = {"client_id": org.facts["client_id"]}
    assert (
        _token(org, grant_type="client_credentials", **client, client_secret="no").json()["error"] == "invalid_client"
    )
    person = {"username": org.facts["username"], "password": org.facts["password"]}
    secret = {"client_secret": org.facts["client_secret"]}
    answer = _token(org, grant_type="password", **client, **secret, **person)
    assert answer.json() == {"error": "invalid_grant", "error_description": "authentication failure"}


@pytest.mark.parametrize(
    ("changes", "description"),
    [
        ({"aud": "https://elsewhere.example"}, "audience is invalid"),
        ({"exp": 1}, "expired authorization code"),
        ({"sub": "nobody@example.com"}, "user hasn't approved this consumer"),
    ],
)
def test_jwt_claims_are_checked(org: Simulated, changes: dict[str, object], description: str) -> None:
    key = Path(org.facts["private_key"]).read_text(encoding="ascii")
    claims = {
        "iss": org.facts["client_id"],
        "sub": org.facts["username"],
        "aud": "https://login.salesforce.com",
        "exp": int(time.time()) + 120,
    }
    assert _token(org, grant_type=_JWT, assertion=jwt.encode(claims, key, algorithm="RS256")).status_code == 200
    wrong = jwt.encode({**claims, **changes}, key, algorithm="RS256")
    assert _token(org, grant_type=_JWT, assertion=wrong).json() == {
        "error": "invalid_grant",
        "error_description": description,
    }


def test_userinfo_and_identity(org: Simulated) -> None:
    token = org.log_in()
    headers = {"Authorization": f"Bearer {token}"}
    who = requests.get(f"{org.url}/services/oauth2/userinfo", headers=headers, timeout=30).json()
    assert who["organization_id"] == org.facts["org_id"]
    assert who["preferred_username"] == org.facts["username"]
    assert {"enterprise", "metadata", "partner", "rest", "sobjects", "query", "tooling_rest"} <= set(who["urls"])
    url = f"{org.url}/id/{who['organization_id']}/{who['user_id']}?format=json&oauth_token={token}"
    assert requests.get(url, timeout=30).json()["username"] == org.facts["username"]
    assert requests.get(url.replace(token, "x"), timeout=30).status_code == 403


def test_an_instance_names_the_identity_at_the_login_host(org: Simulated) -> None:
    """REST API guide, "Resources by Version": whoever follows it comes to where logins begin, also from a My Domain."""
    headers = {"Authorization": f"Bearer {org.log_in()}"}
    way: Any = {"proxies": {"https": org.facts["proxy_url"]}, "verify": org.facts["ca_bundle"], "timeout": 30}
    host = f"https://{org.facts['my_domain']}"
    found = requests.get(f"{host}/services/data/v64.0", headers=headers, **way).json()["identity"]
    assert found.startswith(f"https://login.salesforce.com/id/{org.facts['org_id']}/005")
    assert requests.get(found, headers=headers, **way).json()["username"] == org.facts["username"]
    direct = requests.get(f"{org.url}/services/data/v64.0", headers=headers, timeout=30).json()["identity"]
    assert direct.startswith(f"{org.url}/id/")


def test_a_revoked_session_is_over(org: Simulated) -> None:
    token = org.log_in()
    assert org.call("GET", "/limits", token=token).status_code == 200
    requests.post(f"{org.url}/services/oauth2/revoke", data={"token": token}, timeout=30).raise_for_status()
    answer = org.call("GET", "/limits", token=token)
    assert answer.status_code == 401
    assert answer.json() == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
    assert "Sforce-Limit-Info" not in answer.headers


def test_sessions_end_together_and_with_time(org: Simulated) -> None:
    sf = connect(org)
    first = sf.session_id
    org.control("DELETE", "sessions")
    assert org.call("GET", "/limits", token=first).json()[0]["errorCode"] == "INVALID_SESSION_ID"
    # This client logs in again on its own when it is told so.
    assert sf.query("SELECT Id FROM User")["totalSize"] > 0
    assert sf.session_id != first
    token = org.log_in()
    org.control("POST", "clock", {"advance": 7_201})
    assert org.call("GET", "/limits", token=token).status_code == 401


def test_secrets_come_from_the_seed() -> None:
    assert derive("people", "secret") == derive("people", "secret")
    assert derive("people", "secret") != derive("other", "secret")
