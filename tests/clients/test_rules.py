"""Rules of an administrator as callers meet them: over REST, collections, composite, SOAP and Bulk."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from typer.testing import CliRunner

from simorg.cli import app
from simorg.users import ADMINISTRATOR, COLLEAGUE
from tests.clients.loading import Loader
from tests.clients.soap import call_soap
from tests.simulated import Simulated

_PERSON = {"LastName": "Moss", "Company": "Moss Ltd"}
_DUPLICATES = {
    "kind": "duplicate", "name": "Standard_Lead_Duplicate_Rule", "object": "Lead",
    "match": [{"object": name, "fields": {"Email": "Email"}, "rule": "Email_Match"} for name in ("Lead", "Contact")],
}  # fmt: skip


@pytest.fixture
def token(org: Simulated) -> Iterator[str]:
    yield org.log_in()
    org.control("DELETE", "rules")


def _set(org: Simulated, kind: str, name: str = "Rule", /, **facts: Any) -> Any:
    return org.control("POST", "rules", {"kind": kind, "name": name, "object": "Lead", **facts})


def test_rules_are_set_listed_and_taken_away(org: Simulated, token: str) -> None:
    made = _set(org, "validation", condition="ISBLANK(Phone)", message="A phone, please.", field="Phone")
    assert made["active"] is True
    assert org.control("GET", "rules") == {"rules": [{"kind": "validation", **made}], "waiting": 0}
    wrong = {"kind": "validation", "name": "Rule", "object": "Lead", "condition": "Foo__c", "message": "x"}
    headers = {"X-Simorg-Token": org.org.admin_token}
    refused = requests.post(f"{org.url}/__org__/rules", json=wrong, headers=headers, timeout=30)
    assert (refused.status_code, refused.json()[0]["message"]) == (400, "Field Foo__c does not exist. Check spelling.")
    answer = org.call("POST", "/sobjects/Lead", token=token, json=_PERSON)
    assert answer.json() == [
        {"message": "A phone, please.", "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "fields": ["Phone"]}
    ]
    assert org.control("DELETE", "rules?kind=validation&name=Rule") == {"removed": 1}
    assert org.call("POST", "/sobjects/Lead", token=token, json=_PERSON).ok


def test_the_command_sets_rules(org: Simulated, token: str, tmp_path: Any) -> None:
    assert token
    rule = {"kind": "validation", "name": "Phone", "object": "Lead", "condition": "ISBLANK(Phone)", "message": "No."}
    (tmp_path / "rules.json").write_text(json.dumps([rule, {**rule, "name": "Second"}]))
    access = ["--url", org.url, "--token", org.org.admin_token]
    done = CliRunner().invoke(app, ["rules", *access, "--add", f"@{tmp_path / 'rules.json'}", "--remove", "Phone"])
    assert [json.loads(line)["name"] for line in done.output.splitlines()] == ["Second"]
    assert CliRunner().invoke(app, ["rules", *access, "--clear"]).output == ""


@pytest.mark.parametrize(("version", "key"), [(64, "duplicateResult"), (50, "duplicateResut"), (46, "duplicateResult")])
def test_what_a_duplicate_answers(org: Simulated, token: str, version: int, key: str) -> None:
    contact = org.call("POST", "/sobjects/Contact", token=token, json={"LastName": "M", "Email": "a@m.example"}).json()
    org.control("POST", "rules", _DUPLICATES)
    root = f"{org.url}/services/data/v{version}.0"
    headers = {"Authorization": f"Bearer {token}"}
    body = {**_PERSON, "Email": "A@M.example"}
    answer = requests.post(f"{root}/sobjects/Lead", json=body, headers=headers, timeout=30)
    (error,) = answer.json()
    url = f"/services/data/v{version}.0/sobjects/Contact/{contact['id']}"
    record = {"attributes": {"type": "Contact", "url": url}, "Id": contact["id"]}
    assert answer.status_code == 400
    assert error == {
        "errorCode": "DUPLICATES_DETECTED",
        "message": "Use one of these records?",
        key: {
            "allowSave": True,
            "duplicateRule": "Standard_Lead_Duplicate_Rule",
            "duplicateRuleEntityType": "Lead",
            "errorMessage": "Use one of these records?",
            "matchResults": [
                {
                    "entityType": "Contact", "errors": [], "matchEngine": "ExactMatchEngine", "rule": "Email_Match",
                    "matchRecords": [
                        {"additionalInformation": [], "fieldDiffs": [], "matchConfidence": 100.0, "record": record}
                    ],
                    "size": 1, "success": True,
                }
            ],
        },
    }  # fmt: skip
    more = {**headers, "Sforce-Duplicate-Rule-Header": "includeRecordDetails=true; runAsCurrentUser=true"}
    (error,) = requests.post(f"{root}/sobjects/Lead", json=body, headers=more, timeout=30).json()
    assert error[key]["matchResults"][0]["matchRecords"][0]["record"]["LastName"] == "M"
    allowed = {**headers, "Sforce-Duplicate-Rule-Header": "allowSave=true"}
    assert requests.post(f"{root}/sobjects/Lead", json=body, headers=allowed, timeout=30).status_code == 201
    org.control("POST", "rules", {**_DUPLICATES, "on_create": "block"})
    assert requests.post(f"{root}/sobjects/Lead", json=body, headers=allowed, timeout=30).status_code == 400


def test_duplicates_in_collections_composite_and_soap(org: Simulated, token: str) -> None:
    assert org.call("POST", "/sobjects/Lead", token=token, json={**_PERSON, "Email": "a@m.example"}).ok
    org.control("POST", "rules", _DUPLICATES)
    record = {"attributes": {"type": "Lead"}, **_PERSON, "Email": "a@m.example"}
    (item,) = org.call("POST", "/composite/sobjects", token=token, json={"records": [record]}).json()
    assert (item["success"], item["errors"][0]["statusCode"]) == (False, "DUPLICATES_DETECTED")
    assert item["errors"][0]["duplicateResult"]["allowSave"] is True
    part = {
        "method": "POST", "url": "/services/data/v64.0/sobjects/Lead", "referenceId": "a",
        "body": {**_PERSON, "Email": "a@m.example"}, "httpHeaders": {"Sforce-Duplicate-Rule-Header": "allowSave=true"},
    }  # fmt: skip
    (answer,) = org.call("POST", "/composite", token=token, json={"compositeRequest": [part]}).json()[
        "compositeResponse"
    ]
    assert answer["httpStatusCode"] == 201
    asked = (
        "<sObjects><o:type>Lead</o:type><LastName>M</LastName><Company>M</Company><Email>a@m.example</Email></sObjects>"
    )
    (result,) = call_soap(org, token, "create", asked)[1]["result"]
    assert result["errors"][0]["statusCode"] == ["DUPLICATES_DETECTED"]
    assert result["errors"][0]["duplicateResult"][0]["duplicateRule"] == ["Standard_Lead_Duplicate_Rule"]
    header = "<DuplicateRuleHeader><allowSave>true</allowSave></DuplicateRuleHeader>"
    (result,) = call_soap(org, token, "create", asked, header)[1]["result"]
    assert result["success"] == ["true"]


def test_the_assignment_rule_asked_for(org: Simulated, token: str) -> None:
    colleague, other = (org.org.users.logins[role].user_id for role in (COLLEAGUE, ADMINISTRATOR))
    _set(org, "assignment", "A", entries=[{"owner": other}])
    rule = _set(org, "assignment", "B", entries=[{"owner": colleague}])
    assert rule["id"].startswith("01Q")
    for header, owner in (({}, other), ({"Sforce-Auto-Assign": rule["id"][:15]}, colleague)):
        made = org.call("POST", "/sobjects/Lead", token=token, json=_PERSON, headers=header).json()["id"]
        assert org.call("GET", f"/sobjects/Lead/{made}", token=token).json()["OwnerId"] == owner


def test_an_automation_is_delivered_when_its_time_has_come(org: Simulated, token: str) -> None:
    colleague = org.org.users.logins["colleague"]
    _set(org, "automation", run="later", delay=20, set={"Title": "Late"}, user=colleague.username, on="created")
    lead = org.call("POST", "/sobjects/Lead", token=token, json=_PERSON).json()["id"]
    assert org.call("GET", f"/sobjects/Lead/{lead}", token=token).json()["Title"] is None
    assert org.control("GET", "rules")["waiting"] == 1
    org.control("POST", "clock", {"advance": 21})
    read = org.call("GET", f"/sobjects/Lead/{lead}", token=token).json()
    assert (read["Title"], read["LastModifiedById"]) == ("Late", colleague.user_id)


def test_rules_judge_bulk_rows_one_by_one(org: Simulated, token: str) -> None:
    loader = Loader(org)
    assert org.call("POST", "/sobjects/Contact", token=token, json={"LastName": "M", "Email": "a@m.example"}).ok
    org.control("POST", "rules", _DUPLICATES)
    _set(org, "validation", condition="LastName = 'Bad'", message="No.", field="LastName")
    _set(org, "automation", "Tidy", run="before", calculate={"Title": "UPPER(LastName)"})
    job = loader.run("LastName,Company,Email\nBad,C,\nGood,C,\nTwin,C,a@m.example\n")
    errors = sorted(row["sf__Error"] for row in loader.rows(job["id"], "failedResults"))
    assert errors == [
        "DUPLICATES_DETECTED:Use one of these records?:--",
        "FIELD_CUSTOM_VALIDATION_EXCEPTION:No.:LastName --",
    ]
    (good,) = loader.rows(job["id"], "successfulResults")
    assert loader.stored("Lead")[good["sf__Id"]]["Title"] == "GOOD"
