"""The Tooling API over REST, and deploys over REST."""

import json
import time
from typing import Any

import pytest
import requests

from tests.clients.metadata import (
    administrator,
    build_zip,
    component,
    create_field,
    manifest,
    read_one,
    show_field,
    text_field,
)
from tests.simulated import Simulated


@pytest.fixture
def token(org: Simulated) -> str:
    """A session of the administrator."""
    return administrator(org)


def _create(org: Simulated, token: str, full_name: str, **metadata: Any) -> requests.Response:
    body = {"FullName": full_name, "Metadata": {"label": "Grade", **metadata}}
    return org.call("POST", "/tooling/sobjects/CustomField", token=token, json=body)


def _query(org: Simulated, token: str, text: str) -> requests.Response:
    return org.call("GET", "/tooling/query", token=token, params={"q": text})


def _error(answer: requests.Response) -> tuple[int, str, str]:
    (error,) = answer.json()
    return answer.status_code, error["errorCode"], error["message"]


def test_a_field_is_made_read_changed_and_deleted(org: Simulated, token: str) -> None:
    """The whole life of a custom field over REST."""
    made = _create(org, token, "Lead.Grade__c", type="Number", precision=6, scale=0)
    field_id = made.json()["id"]
    assert (made.status_code, made.json()) == (
        201, {"id": field_id, "success": True, "errors": [], "warnings": [], "infos": []},
    )  # fmt: skip
    assert field_id.startswith("00N")
    path = f"/tooling/sobjects/CustomField/{field_id}"
    read = org.call("GET", path, token=token).json()
    assert (read["FullName"], read["DeveloperName"], read["TableEnumOrId"]) == ("Lead.Grade__c", "Grade", "Lead")
    assert (read["Metadata"]["precision"], read["Metadata"]["formula"]) == (6, None)
    metadata = {**read["Metadata"], "precision": 8}
    assert org.call("PATCH", path, token=token, json={"Metadata": metadata}).status_code == 204
    assert org.call("GET", path, token=token).json()["Metadata"]["precision"] == 8
    show_field(org, "Lead.Grade__c")
    shown = org.call("GET", "/sobjects/Lead/describe", token=token).json()["fields"]
    assert [one["precision"] for one in shown if one["name"] == "Grade__c"] == [8]
    assert org.call("DELETE", path, token=token).status_code == 204
    assert _error(org.call("GET", path, token=token))[:2] == (404, "NOT_FOUND")
    assert read_one(org, token, "CustomField", "Lead.Grade__c") is None


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"Metadata": {}}, "REQUIRED_FIELD_MISSING", "Required fields are missing: [FullName]"),
        ({"FullName": "Lead.X__c"}, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Metadata]"),
        ({"FullName": "Lead.X__c", "Colour": 1}, "INVALID_FIELD", "No such column 'Colour'"),
        ({"FullName": "Lead.X__c", "DeveloperName": "X"}, "INVALID_FIELD_FOR_INSERT_UPDATE", "DeveloperName"),
        ({"FullName": "Lead.X__c", "Metadata": {"colour": 1}}, "JSON_PARSER_ERROR", "colour"),
        ({"FullName": "Lead.X__c", "Metadata": {"length": "ten"}}, "JSON_PARSER_ERROR", "ten"),
        ({"FullName": "Lead.X__c", "Metadata": []}, "JSON_PARSER_ERROR", "CustomField"),
        ({"FullName": "Lead.X__c", "Metadata": {"type": "Text", "label": "X"}},
         "FIELD_INTEGRITY_EXCEPTION", "'length'"),
        ({"FullName": "Nope.X__c", "Metadata": {"type": "Text", "label": "X", "length": 3}},
         "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "Nope"),
        ({"FullName": "Lead.Lead_Score__c", "Metadata": {"type": "Text", "label": "X", "length": 3}},
         "DUPLICATE_DEVELOPER_NAME", "There is already a field named Lead_Score on Lead."),
    ],
)  # fmt: skip
def test_a_field_that_cannot_be_is_refused_with_its_code(
    org: Simulated, token: str, body: dict[str, Any], code: str, message: str
) -> None:
    """Status 400, the code, and a message that names what is wrong."""
    answer = org.call("POST", "/tooling/sobjects/CustomField", token=token, json=body)
    status, found_code, found_message = _error(answer)
    assert (status, found_code) == (400, code)
    assert message in found_message


def test_a_query_finds_components_in_the_recorded_form(org: Simulated, token: str) -> None:
    """Size, locator and type beside the records."""
    create_field(org, token, "Lead.Grade__c")
    text = "SELECT Id, DeveloperName FROM CustomField WHERE TableEnumOrId = 'Lead' AND DeveloperName = 'Grade'"
    found = _query(org, token, text).json()
    (record,) = found.pop("records")
    assert found == {
        "size": 1, "totalSize": 1, "done": True, "queryLocator": None, "entityTypeName": "CustomField",
    }  # fmt: skip
    assert record["DeveloperName"] == "Grade"
    assert record["attributes"]["url"] == f"/services/data/v64.0/tooling/sobjects/CustomField/{record['Id']}"


def test_metadata_is_read_for_one_row_alone(org: Simulated, token: str) -> None:
    """Two rows are refused, one is shown."""
    create_field(org, token, "Lead.Grade__c", inlineHelpText="How well")
    several = _query(org, token, "SELECT Metadata FROM CustomField WHERE TableEnumOrId = 'Lead'")
    status, code, message = _error(several)
    assert (status, code) == (400, "MALFORMED_QUERY")
    assert message.startswith("When retrieving results with Metadata or FullName fields, the query qualifications must")
    one = _query(org, token, "SELECT FullName, Metadata FROM CustomField WHERE DeveloperName = 'Grade'").json()
    assert one["records"][0]["Metadata"]["inlineHelpText"] == "How well"


def test_definitions_follow_the_schema(org: Simulated, token: str) -> None:
    """Entities with their fields; fields need a filter, and parents can be reached."""
    create_field(org, token, "Lead.Grade__c", type="Number", precision=6, scale=2)
    text = (
        "SELECT QualifiedApiName, DataType, EntityDefinition.QualifiedApiName FROM FieldDefinition "
        "WHERE EntityDefinition.QualifiedApiName = 'Lead' AND QualifiedApiName IN ('Grade__c', 'Company', 'OwnerId') "
        "ORDER BY QualifiedApiName"
    )
    rows = _query(org, token, text).json()["records"]
    assert [(one["QualifiedApiName"], one["DataType"]) for one in rows] == [
        ("Company", "Text(255)"), ("Grade__c", "Number(4, 2)"), ("OwnerId", "Lookup(Group,User)"),
    ]  # fmt: skip
    assert rows[0]["EntityDefinition"]["QualifiedApiName"] == "Lead"
    unfiltered = _error(_query(org, token, "SELECT QualifiedApiName FROM FieldDefinition"))
    needed = "FieldDefinition: a filter on a reified column is required [DurableId, EntityDefinitionId]"
    assert unfiltered == (400, "MALFORMED_QUERY", needed)
    nested = (
        "SELECT DurableId, (SELECT QualifiedApiName FROM Fields LIMIT 2) FROM EntityDefinition WHERE DurableId = 'Lead'"
    )
    (entity,) = _query(org, token, nested).json()["records"]
    assert entity["Fields"]["size"] == 2


def test_every_object_is_described_and_can_be_read(org: Simulated, token: str) -> None:
    """What global describe lists has a describe, and its fields can be queried."""
    listed = org.call("GET", "/tooling/sobjects", token=token).json()["sobjects"]
    assert {"CustomField", "EntityDefinition", "FieldDefinition", "Layout"} <= {one["name"] for one in listed}
    for one in listed:
        described = org.call("GET", f"/tooling/sobjects/{one['name']}/describe", token=token).json()
        names = [field["name"] for field in described["fields"] if field["name"] not in ("Metadata", "FullName")]
        where = " WHERE EntityDefinitionId = 'Lead'" if one["name"] == "FieldDefinition" else ""
        answer = _query(org, token, f"SELECT {', '.join(names)} FROM {one['name']}{where} LIMIT 3")
        assert answer.status_code == 200, answer.text
        assert one["urls"]["sobject"] == f"/services/data/v64.0/tooling/sobjects/{one['name']}"


def test_a_layout_is_changed_over_rest(org: Simulated, token: str) -> None:
    """A field is placed at the end of the first column, and found there."""
    create_field(org, token, "Lead.Grade__c")
    found = _query(org, token, "SELECT Id FROM Layout WHERE TableEnumOrId = 'Lead'").json()["records"][0]["Id"]
    path = f"/tooling/sobjects/Layout/{found}"
    metadata = org.call("GET", path, token=token).json()["Metadata"]
    items = metadata["layoutSections"][0]["layoutColumns"][0]["layoutItems"]
    items.append({"behavior": "Edit", "field": "Grade__c"})
    assert org.call("PATCH", path, token=token, json={"Metadata": metadata}).status_code == 204
    read = org.call("GET", path, token=token).json()["Metadata"]
    assert read["layoutSections"][0]["layoutColumns"][0]["layoutItems"][-1]["field"] == "Grade__c"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/tooling/sobjects/Nope", 404),
        ("/tooling/sobjects/CustomField/00N000000000001", 404),
        ("/tooling/sobjects/CustomField/nothing", 404),
        ("/tooling/query?q=SELECT+Nope+FROM+CustomField", 400),
        ("/tooling/query?q=SELECT+Id+FROM+Lead", 400),
        ("/tooling/query", 400),
    ],
)
def test_what_is_not_there_is_refused(org: Simulated, token: str, path: str, status: int) -> None:
    """Unknown objects, ids and queries."""
    assert org.call("GET", path, token=token).status_code == status


def _start(org: Simulated, token: str, options: object, zipped: bytes) -> requests.Response:
    files = {
        "json": (None, json.dumps(options), "application/json"),
        "file": ("deploy.zip", zipped, "application/zip"),
    }
    return org.call("POST", "/metadata/deployRequest", token=token, files=files)


def test_a_zip_is_deployed_over_rest(org: Simulated, token: str) -> None:
    """Two parts start it; its state is read until the end, with the messages in JSON."""
    zipped = build_zip(
        {
            "package.xml": manifest({"CustomField": ["Lead.Good__c"]}),
            "objects/Lead.object": component("CustomObject", text_field("Good__c")),
        }
    )
    options = {"deployOptions": {"singlePackage": True, "rollbackOnError": True, "testLevel": "NoTestRun"}}
    started = _start(org, token, options, zipped)
    assert started.status_code == 201
    deploy_id = started.json()["id"]
    assert started.json()["url"].endswith(f"/metadata/deployRequest/{deploy_id}")
    until = time.monotonic() + 30
    while True:
        path = f"/metadata/deployRequest/{deploy_id}?includeDetails=true"
        result = org.call("GET", path, token=token).json()["deployResult"]
        if result["done"]:
            break
        assert time.monotonic() < until
        time.sleep(0.01)
    assert (result["status"], result["success"], result["numberComponentsDeployed"]) == ("Succeeded", True, 1)
    assert [one["fullName"] for one in result["details"]["componentSuccesses"]] == ["Lead.Good__c"]
    cancel = {"deployResult": {"status": "Canceling"}}
    assert org.call("PATCH", f"/metadata/deployRequest/{deploy_id}", token=token, json=cancel).status_code == 400


@pytest.mark.parametrize(
    "options", [{}, {"deployOptions": 1}, {"deployOptions": {"checkOnly": "yes"}}, {"deployOptions": {"colour": 1}}]
)
def test_a_deploy_that_is_not_described_is_refused(org: Simulated, token: str, options: object) -> None:
    """400 and JSON_PARSER_ERROR; nothing is started."""
    assert _error(_start(org, token, options, b""))[:2] == (400, "JSON_PARSER_ERROR")


def test_a_waiting_deploy_is_cancelled_over_rest(org: Simulated, token: str) -> None:
    """202, and the state says so."""
    org.control("POST", "settings", {"deploy_delay": 60})
    try:
        deploy_id = _start(org, token, {"deployOptions": {}}, build_zip({})).json()["id"]
        cancel = {"deployResult": {"status": "Canceling"}}
        answer = org.call("PATCH", f"/metadata/deployRequest/{deploy_id}", token=token, json=cancel)
    finally:
        org.control("POST", "settings", {"deploy_delay": 0})
    assert (answer.status_code, answer.json()["deployResult"]["status"]) == (202, "Canceled")


def test_permission_sets_and_profiles_are_read(org: Simulated, token: str) -> None:
    """With what they grant as Metadata; they are written as records, not here."""
    found = _query(org, token, "SELECT Id, Name, FullName, Metadata FROM Profile WHERE Name = 'System Administrator'")
    (profile,) = found.json()["records"]
    assert profile["FullName"] == "Admin"
    assert {"enabled": True, "name": "ModifyAllData"} in profile["Metadata"]["userPermissions"]
    (one,) = _query(org, token, "SELECT Id FROM PermissionSet WHERE Name = 'Marketing_Integration'").json()["records"]
    path = f"/tooling/sobjects/PermissionSet/{one['Id']}"
    assert org.call("GET", path, token=token).json()["Metadata"]["label"] == "Marketing Integration"
    assert org.call("DELETE", path, token=token).status_code == 405
