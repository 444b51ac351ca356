"""Validation rules and record types as metadata: at work on every road, gone when they are taken away."""

from pathlib import Path
from typing import Any

import pytest

from simorg.opening import open_org
from simorg.settings import Settings
from tests import simulated
from tests.clients.metadata import administrator, component, create_field, deploy, manifest, messages, read_one, results
from tests.simulated import Simulated

_RULE = (
    "<active>{active}</active><errorConditionFormula>{formula}</errorConditionFormula>"
    "<errorDisplayField>{field}</errorDisplayField><errorMessage>Give a title.</errorMessage>"
)
_GOOD = {"active": "true", "formula": "ISBLANK(Title)", "field": "Title"}


@pytest.fixture
def token(org: Simulated) -> str:
    """A session of the administrator."""
    return administrator(org)


def _make(org: Simulated, token: str, operation: str, **facts: str) -> Any:
    inner = _RULE.format(**{**_GOOD, **facts})
    content = f'<metadata xsi:type="ValidationRule"><fullName>Lead.Needs_Title</fullName>{inner}</metadata>'
    return results(org, token, operation, content)[0]


def _save(org: Simulated, token: str) -> int:
    answer = org.call("POST", "/sobjects/Lead", token=token, json={"LastName": "A", "Company": "B"})
    if answer.status_code == 400:
        assert answer.json() == [
            {"message": "Give a title.", "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "fields": ["Title"]}
        ]
    return answer.status_code


def test_a_rule_judges_writes_until_it_is_taken_away(org: Simulated, token: str) -> None:
    """Made, switched off, switched on, deleted."""
    assert _make(org, token, "createMetadata")["success"] == ["true"]
    assert _save(org, token) == 400
    assert _make(org, token, "updateMetadata", active="false")["success"] == ["true"]
    assert _save(org, token) == 201
    assert _make(org, token, "upsertMetadata")["success"] == ["true"]
    assert _save(org, token) == 400
    results(org, token, "deleteMetadata", "<type>ValidationRule</type><fullNames>Lead.Needs_Title</fullNames>")
    assert _save(org, token) == 201


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"formula": "ISBLANK(Nope__c)"}, "Nope__c"),
        ({"formula": "Title"}, "Boolean"),
        ({"formula": "ISBLANK("}, "Syntax error"),
        ({"field": "Nope__c"}, "In field: errorDisplayField - no CustomField named Lead.Nope__c found"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(org: Simulated, token: str, facts: dict[str, str], message: str) -> None:
    """A formula that is none, or a field that is not there; nothing judges afterwards."""
    result = _make(org, token, "createMetadata", **facts)
    assert result["success"] == ["false"]
    assert message in result["errors"][0]["message"][0]
    assert _save(org, token) == 201


def test_rules_of_a_failed_deploy_judge_nothing(org: Simulated, token: str) -> None:
    """They are put to work at the end of a deploy that is kept."""
    rules = "<validationRules><fullName>{}</fullName>" + _RULE + "</validationRules>"
    good, bad = rules.format("Needs_Title", **_GOOD), rules.format("Bad", **{**_GOOD, "field": "Nope__c"})
    names = ["Lead.Needs_Title", "Lead.Bad"]
    files = {
        "package.xml": manifest({"ValidationRule": names}),
        "objects/Lead.object": component("CustomObject", good + bad),
    }
    done = deploy(org, token, files)
    assert list(messages(done, "componentFailures")) == ["Lead.Bad"]
    assert _save(org, token) == 201
    assert deploy(org, token, files, rollbackOnError=False)["status"] == ["SucceededPartial"]
    assert _save(org, token) == 400


def test_a_rule_of_an_object_that_is_refused_judges_nothing(org: Simulated, token: str) -> None:
    """The object is one component: its good rule goes with its bad one."""
    rules = "<validationRules><fullName>{}</fullName>" + _RULE + "</validationRules>"
    inner = rules.format("Needs_Title", **_GOOD) + rules.format("Bad", **{**_GOOD, "field": "Nope__c"})
    content = f'<metadata xsi:type="CustomObject"><fullName>Lead</fullName>{inner}</metadata>'
    assert results(org, token, "updateMetadata", content)[0]["success"] == ["false"]
    assert _save(org, token) == 201


def test_a_record_type_is_a_record(org: Simulated, token: str) -> None:
    """It is found by SOQL, follows changes, and is deleted in Setup alone."""
    inner = "<fullName>Lead.Partner</fullName><active>{}</active><label>Partner</label>"
    content = f'<metadata xsi:type="RecordType">{inner}</metadata>'
    assert results(org, token, "createMetadata", content.format("true"))[0]["success"] == ["true"]
    query = {"q": "SELECT Name, SobjectType, IsActive FROM RecordType WHERE DeveloperName = 'Partner'"}
    (record,) = org.call("GET", "/query", token=token, params=query).json()["records"]
    assert (record["Name"], record["SobjectType"], record["IsActive"]) == ("Partner", "Lead", True)
    results(org, token, "updateMetadata", content.format("false"))
    (record,) = org.call("GET", "/query", token=token, params=query).json()["records"]
    assert record["IsActive"] is False
    gone = results(org, token, "deleteMetadata", "<type>RecordType</type><fullNames>Lead.Partner</fullNames>")[0]
    assert gone["success"] == ["false"]
    assert read_one(org, token, "RecordType", "Lead.Partner")["label"] == ["Partner"]


def test_a_record_type_leaves_values_out(org: Simulated, token: str) -> None:
    """A value that it does not name is refused, its default is taken; an unknown value makes no record type."""
    values = "".join(
        f"<value><fullName>{one}</fullName><default>false</default><label>{one}</label></value>"
        for one in ("A", "B", "C")
    )
    value_set = f"<restricted>true</restricted><valueSetDefinition><sorted>false</sorted>{values}</valueSetDefinition>"
    create_field(org, token, "Lead.Kind__c", type="Picklist", valueSet=value_set)
    kept = "<values><fullName>{}</fullName><default>true</default></values>"
    inner = (
        "<fullName>Lead.Partner</fullName><active>true</active><label>Partner</label>"
        "<picklistValues><picklist>Kind__c</picklist>{}</picklistValues>"
    )
    content = '<metadata xsi:type="RecordType">' + inner + "</metadata>"
    assert results(org, token, "createMetadata", content.format(kept.format("Z")))[0]["success"] == ["false"]
    assert results(org, token, "createMetadata", content.format(kept.format("B")))[0]["success"] == ["true"]
    query = {"q": "SELECT Id FROM RecordType WHERE DeveloperName = 'Partner'"}
    record_type = org.call("GET", "/query", token=token, params=query).json()["records"][0]["Id"]
    lead = {"LastName": "A", "Company": "B", "RecordTypeId": record_type}
    refused = org.call("POST", "/sobjects/Lead", token=token, json={**lead, "Kind__c": "A"})
    assert refused.json()[0]["errorCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    made = org.call("POST", "/sobjects/Lead", token=token, json=lead).json()["id"]
    assert org.call("GET", f"/sobjects/Lead/{made}", token=token).json()["Kind__c"] == "B"


def test_rules_survive_a_restart(tmp_path: Path) -> None:
    """They judge again when the org is opened from its folder."""
    first = simulated.start(tmp_path)
    token = administrator(first)
    assert _make(first, token, "createMetadata")["success"] == ["true"]
    inner = "<fullName>Lead.Partner</fullName><active>true</active><label>Partner</label>"
    results(first, token, "createMetadata", f'<metadata xsi:type="RecordType">{inner}</metadata>')
    record_type = first.org.schema.get("Lead").record_types[0].id
    first.stop()
    org = open_org(tmp_path, "developer-edition", None, Settings())
    try:
        rules = org.rules.of("Lead")
        assert rules is not None
        assert [one.message for one in rules.validations] == ["Give a title."]
        assert [one.id for one in org.schema.get("Lead").record_types] == [record_type]
    finally:
        org.close()
