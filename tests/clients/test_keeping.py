"""What an org is told by its control plane is there again after a restart or a kill, and gone after a reset."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from simorg.access import describe_access
from simorg.logins.grants import build_refresh
from simorg.opening import WrongFolder, open_org
from simorg.server import start_server
from simorg.settings import Settings
from tests import simulated
from tests.simulated import Simulated

_DEFINED = {
    "Kind__c": {"type": "Picklist", "valueSet": {"valueSetDefinition": {"value": ["A", "B"]}, "restricted": True}},
    "Half__c": {"type": "Number", "precision": 8, "scale": 2, "formula": "AnnualRevenue / 2"},
    "Quarter__c": {"type": "Number", "precision": 8, "scale": 2, "formula": "Half__c / 2"},
    "Friend__c": {"type": "Lookup", "referenceTo": "Contact", "relationshipName": "Friends"},
}
_RULES: list[dict[str, Any]] = [
    {"kind": "validation", "name": "Title", "object": "Lead", "condition": "Title = 'No'", "message": "No."},
    {"kind": "duplicate", "name": "Twice", "object": "Lead", "match": [{"object": "Lead", "fields": {"Fax": "Fax"}}]},
    {"kind": "automation", "name": "Score", "object": "Lead", "changed": ["Rating"], "set": {"Lead_Score__c": 7}},
]
_POLICY = {"user": "rep", "ip_ranges": [["10.0.0.1", "10.0.0.9"]], "hours": {"Monday": ["08:00", "18:00"]}}


def _tell(org: Simulated) -> None:
    """Everything that the control plane can change, once."""
    for name, definition in _DEFINED.items():
        org.control("POST", "fields", {"object": "Lead", "name": name, "define": definition})
    org.control("POST", "fields", {"object": "Lead", "name": "Title", "hidden": True, "granted": False})
    org.control("POST", "fields", {"object": "Contact", "name": "Fax", "remove": True})
    field = {"type": "string", "label": "Key", "length": 20, "external_id": True, "unique": True, "custom": True}
    org.control("POST", "fields", {"object": "Account", "name": "Key__c", "add": field})
    person = {"name": "Contact__c", "type": "reference", "reference_to": ["Contact"]}
    org.control("POST", "objects", {"name": "Webinar__c", "fields": [person]})
    facts = {"object": "Lead", "developerName": "Partner", "values": {"Kind__c": ["B"]}, "profiles": ["Standard User"]}
    org.control("POST", "record-types", facts)
    org.control("POST", "person-accounts")
    for rule in _RULES:
        org.control("POST", "rules", rule)
    entries = [{"owner": org.org.users.logins["colleague"].user_id}]
    org.control("POST", "rules", {"kind": "assignment", "name": "All", "object": "Lead", "entries": entries})
    org.control("POST", "login-policy", {"lockout_attempts": 3, "state": "active", "tells_lockout": True})
    org.control("POST", "login-policy", _POLICY)
    org.control("POST", "login-policy", {"profile": "integration", "password_days": 7})
    org.control("POST", "rights", {"user": "rep", "object": "Lead", "permission": "Edit", "allow": False})
    org.control("POST", "rights", {"user": "rep", "frozen": True})
    org.control("POST", "settings", {"sharing": {"Lead": "Private"}, "page_rows": 77, "commit_lag_some": [0.5, 1, 2]})
    org.control("POST", "clock", {"advance": 86_400})
    org.control("POST", "clock", {"freeze": True})


def _look(org: Simulated) -> dict[str, Any]:
    """What the org tells about all of it."""
    token = org.control("POST", "sessions", {"username": "admin"})["access_token"]
    described = {}
    for name in ("Lead", "Contact", "Account", "Task", "Webinar__c"):
        answer = org.call("GET", f"/sobjects/{name}/describe", token=token)
        described[name] = {**answer.json(), "urls": None} if answer.ok else answer.status_code
    return {
        "describe": described,
        "layouts": org.call("GET", "/sobjects/Lead/describe/layouts", token=token).json(),
        "rules": org.control("GET", "rules"),
        "policy": org.control("GET", "login-policy"),
        "rights": org.control("GET", "rights?user=rep"),
        "settings": org.control("GET", "settings"),
        "secrets": org.org.logins.passwords.all(),
    }


def _after_a_kill(org: Simulated, folder: Path) -> Simulated:
    """The org as it is opened from what lay in its folder at this moment."""
    shutil.copytree(org.org.folder, folder)
    opened = open_org(folder, "developer-edition", None, Settings())
    server = start_server(opened)
    return Simulated(server, describe_access(server))


def _log_in(org: Simulated, password: str) -> int:
    form = {"grant_type": "password", "client_id": org.facts["client_id"], "username": org.facts["username"]}
    form |= {"client_secret": org.facts["client_secret"], "password": password + org.facts["security_token"]}
    return requests.post(f"{org.url}/services/oauth2/token", data=form, timeout=60).status_code


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Simulated]:
    """An org that was told everything."""
    running = simulated.start(tmp_path / "org")
    _tell(running)
    yield running
    running.stop()


def test_what_it_was_told_survives_a_kill(told: Simulated, tmp_path: Path) -> None:
    """Fields, objects, record types, person accounts, rules, policies, passwords, rights, settings and the clock."""
    assert _log_in(told, "wrong") == 400
    token = told.control("POST", "sessions", {"username": "admin"})["access_token"]
    user = told.org.users.logins["integration"].user_id
    password = {"NewPassword": "new-Secret-1"}
    assert told.call("POST", f"/sobjects/User/{user}/password", token=token, json=password).status_code == 204
    lead = {"LastName": "A", "Company": "B", "AnnualRevenue": 10, "Kind__c": "B", "Rating": "Hot"}
    made = told.call("POST", "/sobjects/Lead", token=token, json=lead).json()["id"]
    before, now = _look(told), told.org.clock.now()
    other = _after_a_kill(told, tmp_path / "killed")
    try:
        assert _look(other) == before
        assert other.org.clock.now() == now
        token = other.control("POST", "sessions", {"username": "admin"})["access_token"]
        row = other.call("GET", f"/sobjects/Lead/{made}", token=token).json()
        assert (row["Kind__c"], row["Quarter__c"], row["Lead_Score__c"]) == ("B", 2.5, 7)
        refused = other.call("POST", "/sobjects/Lead", token=token, json={**lead, "Kind__c": "C"}).json()
        assert refused[0]["errorCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
        assert _log_in(other, other.org.users.logins["integration"].password) == 400
    finally:
        other.stop()


def test_apps_and_refresh_tokens_survive_a_kill(org: Simulated, tmp_path: Path) -> None:
    """A rotated token goes on where it was, and its forerunner is dead there too; a reset ends it all."""
    asked = {"name": "Hub", "callbacks": ["https://hub.example/cb"], "rotation": True, "approved_by": ["integration"]}
    app = org.control("POST", "apps", asked)
    first = _grant_refresh(org, app)
    second = _refresh(org, app, first).json()["refresh_token"]
    other = _after_a_kill(org, tmp_path / "killed")
    try:
        kept = next(one for one in other.control("GET", "apps") if one["client_id"] == app["client_id"])
        assert (kept["name"], kept["rotation"], kept["callbacks"]) == ("Hub", True, ["https://hub.example/cb"])
        third = _refresh(other, app, second)
        assert third.status_code == 200
        assert third.json()["refresh_token"] not in (first, second)
        assert _refresh(other, app, first).status_code == 400
        assert other.call("GET", "/limits", token=other.log_in()).status_code == 200
        other.control("POST", "reset")
        assert [one["name"] for one in other.control("GET", "apps")] == ["Sample App"]
        assert _refresh(other, app, third.json()["refresh_token"]).status_code == 400
    finally:
        other.stop()


def _grant_refresh(org: Simulated, app: dict[str, Any]) -> str:
    made = build_refresh(app["client_id"], org.org.users.logins["integration"].user_id, ("api", "refresh_token"),
                         org.org.clock.now())  # fmt: skip
    org.org.logins.grants.add_refresh(made)
    org.org.keep()
    return made.token


def _refresh(org: Simulated, app: dict[str, Any], token: str) -> requests.Response:
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": app["client_id"]}
    form |= {"client_secret": app["client_secret"]}
    return requests.post(f"{org.url}/services/oauth2/token", data=form, timeout=60)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "field-renamed", "object": "Lead", "field": "Lead_Score__c", "to": "Points__c"},
        {"name": "field-retyped", "object": "Lead", "field": "Lead_Score__c", "to": "string"},
        {"name": "field-required", "object": "Lead", "field": "Lead_Score__c"},
        {"name": "field-removed", "object": "Lead", "field": "Lead_Score__c"},
        {"name": "field-hidden", "object": "Lead", "field": "Lead_Score__c"},
    ],
)
def test_a_field_that_changed_survives_a_kill_and_no_reset(
    org: Simulated, tmp_path: Path, change: dict[str, str]
) -> None:
    token = org.log_in()
    made = org.call("POST", "/sobjects/Lead", token=token, json={"LastName": "A", "Company": "B", "Lead_Score__c": 5})
    began = org.call("GET", "/sobjects/Lead/describe", token=token).json()
    org.control("POST", "faults", {**change, "path": "/limits"})
    org.call("GET", "/limits", token=token)
    changed = org.call("GET", "/sobjects/Lead/describe", token=token).json()
    row = org.call("GET", f"/sobjects/Lead/{made.json()['id']}", token=token).json()
    assert changed["fields"] != began["fields"]
    other = _after_a_kill(org, tmp_path / "killed")
    try:
        assert other.call("GET", "/sobjects/Lead/describe").json()["fields"] == changed["fields"]
        assert other.call("GET", f"/sobjects/Lead/{made.json()['id']}").json() == row
    finally:
        other.stop()
    org.control("POST", "reset")
    token = org.log_in()
    assert org.call("GET", "/sobjects/Lead/describe", token=token).json()["fields"] == began["fields"]
    lead = {"LastName": "A", "Company": "B", "Lead_Score__c": 6}
    made = org.call("POST", "/sobjects/Lead", token=token, json=lead)
    assert org.call("GET", f"/sobjects/Lead/{made.json()['id']}", token=token).json()["Lead_Score__c"] == 6


def test_a_reset_takes_everything_away_for_good(told: Simulated, tmp_path: Path) -> None:
    """Fields, objects, rules and policies are those of the seed, after a kill too; settings stay as they were set."""
    fresh = simulated.start(tmp_path / "fresh")
    told.control("POST", "reset")
    told.control("POST", "settings", {"sharing": {"Lead": "ReadWriteTransfer"}, "page_rows": 2_000})
    told.org.settings.sharing.clear()
    told.control("POST", "settings", {"commit_lag_some": None})
    other = _after_a_kill(told, tmp_path / "killed")
    try:
        for running in (told, other):
            looked, wanted = _look(running), _look(fresh)
            for name, one in wanted["describe"].items():
                assert looked["describe"][name] == one, name
            assert {key: one for key, one in looked.items() if key not in ("describe", "secrets", "settings")} == {
                key: one for key, one in wanted.items() if key not in ("describe", "secrets", "settings")
            }
    finally:
        other.stop()
        fresh.stop()


def test_an_automation_that_waits_survives_a_kill(org: Simulated, tmp_path: Path) -> None:
    """It runs once, in whichever org its time comes."""
    rule = {"kind": "automation", "name": "Late", "object": "Lead", "run": "later", "delay": 60, "on": "created"}
    org.control("POST", "rules", {**rule, "calculate": {"Title": "Title & 'x'"}})
    lead = {"LastName": "A", "Company": "B", "Title": "T"}
    made = org.call("POST", "/sobjects/Lead", json=lead).json()["id"]
    other = _after_a_kill(org, tmp_path / "killed")
    try:
        assert other.control("GET", "rules")["waiting"] == 1
        for _ in range(2):
            other.control("POST", "clock", {"advance": 61})
            assert other.call("GET", f"/sobjects/Lead/{made}").json()["Title"] == "Tx"
        assert other.control("GET", "rules")["waiting"] == 0
    finally:
        other.stop()


def test_a_folder_whose_planting_was_killed_is_planted_anew(tmp_path: Path) -> None:
    first = open_org(tmp_path / "org", "developer-edition", None, Settings())
    accounts = first.storage.read_one('SELECT count(*) FROM "Account"')
    first.close()
    (tmp_path / "org" / "seed.json").unlink()
    second = open_org(tmp_path / "org", "developer-edition", None, Settings())
    try:
        assert second.storage.read_one('SELECT count(*) FROM "Account"') == accounts
    finally:
        second.close()


def test_a_folder_remembers_the_seed_that_it_was_planted_with_last(tmp_path: Path) -> None:
    running = simulated.start(tmp_path / "org")
    running.control("POST", "reset", {"seed": "people", "people": 20})
    running.stop()
    with pytest.raises(WrongFolder, match="--seed people"):
        open_org(tmp_path / "org", "developer-edition", None, Settings())
    open_org(tmp_path / "org", "people", None, Settings()).close()


def test_what_a_start_says_goes_before_what_was_told(org: Simulated, tmp_path: Path) -> None:
    org.control("POST", "settings", {"page_rows": 500, "commit_lag_ms": 20})
    shutil.copytree(org.org.folder, tmp_path / "copy")
    opened = open_org(tmp_path / "copy", "developer-edition", None, Settings(commit_lag_ms=70))
    try:
        assert (opened.settings.page_rows, opened.settings.commit_lag_ms) == (500, 70)
    finally:
        opened.close()
        org.control("POST", "settings", {"page_rows": 2_000, "commit_lag_ms": 0})
