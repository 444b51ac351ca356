"""What becomes of tokens: refresh tokens with their policies and rotation, revoking, looking at them, scopes."""

from typing import Any

import pytest
import requests

from simorg.logins.grants import MOST_TOKENS
from tests.clients.browser import connect_app, refresh
from tests.simulated import Simulated

_DEAD = {"error": "invalid_grant", "error_description": "expired access/refresh token"}
_DAY = 86_400


def _app(org: Simulated, **settings: Any) -> None:
    org.control("POST", "apps", {"client_id": "default", **settings})


def _post(org: Simulated, name: str, **form: str) -> requests.Response:
    return requests.post(f"{org.url}/services/oauth2/{name}", data=form, timeout=30)


def _introspect(org: Simulated, token: str) -> dict[str, Any]:
    client = {name: org.facts[name] for name in ("client_id", "client_secret")}
    told: dict[str, Any] = _post(org, "introspect", token=token, **client).json()
    return told


def _works(org: Simulated, token: str) -> bool:
    return org.call("GET", "/limits", token=token).status_code == 200


def test_a_refresh_token_brings_access_again_and_again(org: Simulated) -> None:
    first = connect_app(org)
    org.control("DELETE", "sessions")
    for _ in range(2):
        again = refresh(org, first["refresh_token"]).json()
        assert _works(org, again["access_token"])
        assert "refresh_token" not in again
        assert again["scope"] == first["scope"] == "id api refresh_token"
    assert refresh(org, first["refresh_token"], client_secret="").json()["error"] == "invalid_client"
    assert refresh(org, "5Aep861nothing").json() == _DEAD
    _app(org, require_refresh_secret=False)
    assert refresh(org, first["refresh_token"], client_secret="").status_code == 200
    assert "refresh_token" not in connect_app(org, scope="api")


def test_scopes_can_be_left_away_and_not_added(org: Simulated) -> None:
    given = connect_app(org, scope="api refresh_token id")["refresh_token"]
    less = refresh(org, given, scope="id").json()
    assert less["scope"] == "id"
    refused = org.call("GET", "/limits", token=less["access_token"])
    assert refused.status_code == 403
    assert refused.json() == [
        {"message": "This session is not valid for use with the REST API", "errorCode": "INVALID_SESSION_ID"}
    ]
    assert refresh(org, given, scope="id api").json()["scope"] == "id api"
    assert refresh(org, given, scope="id web").json()["error"] == "invalid_scope"
    only_api = refresh(org, given, scope="api").json()["access_token"]
    headers = {"Authorization": f"Bearer {only_api}"}
    who = requests.get(f"{org.url}/services/oauth2/userinfo", headers=headers, timeout=30)
    assert (who.status_code, who.text) == (404, "No_Access")


def test_rotation_ends_the_old_token_at_once_and_all_where_it_comes_again(org: Simulated) -> None:
    _app(org, rotation=True)
    old = connect_app(org)["refresh_token"]
    first = refresh(org, old).json()
    second = refresh(org, first["refresh_token"]).json()
    assert len({old, first["refresh_token"], second["refresh_token"]}) == 3
    assert _works(org, second["access_token"])
    assert refresh(org, first["refresh_token"]).json() == _DEAD
    assert refresh(org, second["refresh_token"]).json() == _DEAD
    assert not _works(org, second["access_token"])


@pytest.mark.parametrize(
    ("policy", "lives_after", "dies_after"),
    [
        ({"refresh_policy": "until_revoked"}, [400 * _DAY, 400 * _DAY], None),
        ({"refresh_policy": "expire_after", "refresh_seconds": 3 * _DAY}, [2 * _DAY], _DAY),
        ({"refresh_policy": "inactivity", "refresh_seconds": 3 * _DAY}, [2 * _DAY, 2 * _DAY], 3 * _DAY),
        ({"refresh_policy": "zero"}, [], 0),
    ],
)
def test_policies_of_refresh_tokens(
    org: Simulated, policy: dict[str, Any], lives_after: list[int], dies_after: int | None
) -> None:
    given = connect_app(org)["refresh_token"]
    _app(org, **policy)
    for seconds in lives_after:
        org.control("POST", "clock", {"advance": seconds})
        assert refresh(org, given).status_code == 200
    if dies_after is not None:
        org.control("POST", "clock", {"advance": dies_after})
        assert refresh(org, given).json() == _DEAD
    if policy["refresh_policy"] == "zero":
        assert "refresh_token" not in connect_app(org)


def test_what_dies_with_what(org: Simulated) -> None:
    got = connect_app(org)
    again = refresh(org, got["refresh_token"]).json()["access_token"]
    assert _post(org, "revoke", token=got["access_token"]).status_code == 200
    assert not _works(org, got["access_token"])
    assert _works(org, again)
    assert _post(org, "revoke", token=got["refresh_token"]).status_code == 200
    assert not _works(org, again)
    assert refresh(org, got["refresh_token"]).json() == _DEAD
    answer = _post(org, "revoke", token=got["refresh_token"])
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_token")
    soap = org.control("POST", "sessions", {"username": "rep"})["access_token"]
    assert _post(org, "revoke", token=soap).status_code == 200
    assert not _works(org, soap)


def test_the_oldest_of_six_goes(org: Simulated) -> None:
    got = []
    for _ in range(MOST_TOKENS + 1):
        got.append(connect_app(org))
        org.control("POST", "clock", {"advance": 1})
    assert refresh(org, got[0]["refresh_token"]).json() == _DEAD
    assert not _works(org, got[0]["access_token"])
    assert all(refresh(org, one["refresh_token"]).status_code == 200 for one in got[1:])


def test_who_may_not_log_in_any_more_gets_nothing_for_a_refresh_token(org: Simulated) -> None:
    _app(org, rotation=True)
    given = connect_app(org, "rep")["refresh_token"]
    org.control("POST", "rights", {"user": "rep", "frozen": True})
    assert refresh(org, given).json()["error"] == "inactive_user"
    org.control("POST", "rights", {"user": "rep", "frozen": False})
    org.control("POST", "login-policy", {"user": "rep", "ip_ranges": ["10.0.0.1"]})
    assert refresh(org, given).json() == {"error": "invalid_grant", "error_description": "ip restricted"}
    _app(org, relax_ip=True)
    assert refresh(org, given).status_code == 200
    other = connect_app(org)["refresh_token"]
    org.control("DELETE", "refresh-tokens?user=admin")
    assert refresh(org, other).json() == _DEAD


def test_tokens_can_be_looked_at_by_their_app(org: Simulated) -> None:
    got = connect_app(org)
    access = _introspect(org, got["access_token"])
    login = org.facts["administrator"]["username"]
    assert (access["active"], access["username"], access["token_type"]) == (True, login, "access_token")
    assert (access["client_id"], access["sub"], access["scope"]) == (org.facts["client_id"], got["id"], got["scope"])
    assert access["exp"] - access["iat"] == 7200
    assert _introspect(org, got["refresh_token"])["token_type"] == "refresh_token"
    assert _introspect(org, "x") == {"active": False}
    _post(org, "revoke", token=got["refresh_token"])
    assert _introspect(org, got["access_token"]) == {"active": False}
    other = org.control("POST", "apps", {"name": "Other"})
    got = connect_app(org)
    mine = {name: other[name] for name in ("client_id", "client_secret")}
    assert _post(org, "introspect", token=got["access_token"], **mine).json() == {"active": False}
    assert _post(org, "introspect", token="x", client_id=org.facts["client_id"]).json()["error"] == "invalid_client"


def test_identity_tells_who_by_whose_token(org: Simulated) -> None:
    got = connect_app(org, scope="id")
    headers = {"Authorization": f"Bearer {got['access_token']}"}
    mine = requests.get(got["id"], headers=headers, timeout=30).json()
    assert (mine["asserted_user"], mine["username"]) == (True, org.facts["administrator"]["username"])
    other = got["id"][:-18] + org.org.users.logins["rep"].user_id
    assert requests.get(other, headers=headers, timeout=30).json()["asserted_user"] is False
    refused = {
        f"{org.url}/id/00D000000000000EAA/{got['id'][-18:]}": (403, "Wrong_Org"),
        f"{org.url}/id/{org.facts['org_id']}/nobody": (404, "Bad_Id"),
    }
    for place, told in refused.items():
        answer = requests.get(place, headers=headers, timeout=30)
        assert (answer.status_code, answer.text) == told
    assert requests.get(got["id"], timeout=30).text == "Missing_OAuth_Token"
    headers["Authorization"] = "Bearer 00Dx"
    answer = requests.get(f"{org.url}/services/oauth2/userinfo", headers=headers, timeout=30)
    assert (answer.status_code, answer.text) == (403, "Bad_OAuth_Token")
