"""What can be switched about an org, over HTTP; and that each row of the page of knobs names a test that is there."""

import re
from pathlib import Path

import pytest

from tests.processes import ROOT
from tests.simulated import Simulated

_PERSON = {"LastName": "Moss", "Company": "Moss Ltd"}
_PAGE = Path("src/simorg/docs/knobs.md")
_NAMED = re.findall(r"(tests/\S+\.py)::(\w+)", (ROOT / _PAGE).read_text(encoding="utf-8"))


@pytest.mark.parametrize(("path", "name"), _NAMED)
def test_a_knob_has_a_test(path: str, name: str) -> None:
    assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8")


def test_every_knob_names_one() -> None:
    rows = [line for line in (ROOT / _PAGE).read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    assert len(_NAMED) == len(rows) - 1


def test_an_automation_edits_under_the_user_who_wrote(org: Simulated) -> None:
    """The answer tells nothing of it, and the record looks as if its writer had done it."""
    org.control("POST", "rules", {"kind": "automation", "name": "T", "object": "Lead", "set": {"Title": "Dr"}})
    token = org.log_in()
    made = org.call("POST", "/sobjects/Lead", token=token, json={**_PERSON, "Title": "Mr"}).json()
    row = org.call("GET", f"/sobjects/Lead/{made['id']}", token=token).json()
    assert (row["Title"], row["LastModifiedById"]) == ("Dr", org.org.users.logins["integration"].user_id)


def test_a_field_is_hidden_by_its_permissions(org: Simulated) -> None:
    """As if it were not there, for whoever asks; FieldPermissions tell why, and granting them mends it."""
    org.control("POST", "faults", {"name": "field-hidden", "object": "Lead", "field": "Title", "path": "/limits"})
    token = org.log_in()
    org.call("GET", "/limits", token=token)
    refused = org.call("GET", "/query", token=token, params={"q": "SELECT Title FROM Lead"})
    assert "No such column 'Title' on entity 'Lead'" in refused.text
    admin = org.control("POST", "sessions", {"username": "admin"})["access_token"]
    soql = {"q": "SELECT count() FROM FieldPermissions WHERE Field = 'Lead.Title'"}
    assert org.call("GET", "/query", token=admin, params=soql).json()["totalSize"] == 0
    right = {"user": "integration", "object": "Lead", "field": "Title", "permission": "Read"}
    org.control("POST", "rights", right)
    assert org.call("GET", "/query", token=token, params={"q": "SELECT Title FROM Lead"}).ok


def test_the_calls_of_a_day_run_out(org: Simulated) -> None:
    token = org.log_in()
    org.control("POST", "settings", {"daily_requests": org.org.requests_used + 1})
    try:
        answers = [org.call("GET", "/limits", token=token) for _ in range(2)]
    finally:
        org.control("POST", "settings", {"daily_requests": 15_000_000})
    assert [one.status_code for one in answers] == [200, 403]
    assert answers[1].json() == [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]


def test_a_queue_owns_what_an_assignment_rule_gives_it(org: Simulated) -> None:
    """Made over REST by an administrator, as set-up tools do."""
    admin = org.control("POST", "sessions", {"username": "admin"})["access_token"]
    made = org.call("POST", "/sobjects/Group", token=admin, json={"Name": "Inbound", "Type": "Queue"})
    assert made.status_code == 201, made.text
    entries = [{"owner": made.json()["id"]}]
    org.control("POST", "rules", {"kind": "assignment", "name": "All", "object": "Lead", "entries": entries})
    lead = org.call("POST", "/sobjects/Lead", token=admin, json=_PERSON).json()["id"]
    soql = f"SELECT OwnerId, Owner.Name FROM Lead WHERE Id = '{lead}'"
    (row,) = org.call("GET", "/query", token=admin, params={"q": soql}).json()["records"]
    assert (row["OwnerId"], row["Owner"]["Name"]) == (made.json()["id"], "Inbound")
