"""Permission sets and profiles as metadata: what they grant is at work at once; and who may change metadata at all."""

from typing import Any

import pytest

from tests.clients.metadata import (
    administrator,
    call_metadata,
    deploy,
    manifest,
    messages,
    read_one,
    results,
    retrieve,
    text_field,
)
from tests.clients.metadata import component as file_of
from tests.simulated import Simulated

_FIELD = (
    '<metadata xsi:type="CustomField"><fullName>Lead.Grade__c</fullName><label>Grade</label><length>20</length>'
    "<type>Text</type></metadata>"
)
_GRANT = (
    "<fieldPermissions><editable>{edit}</editable><field>Lead.Grade__c</field><readable>true</readable>"
    "</fieldPermissions><label>Grades</label>"
)
_LEADS = (
    "<objectPermissions><allowCreate>false</allowCreate><allowDelete>false</allowDelete><allowEdit>false</allowEdit>"
    "<allowRead>true</allowRead><modifyAllRecords>false</modifyAllRecords><object>Lead</object>"
    "<viewAllRecords>false</viewAllRecords></objectPermissions>"
)


@pytest.fixture
def token(org: Simulated) -> str:
    """A session of the administrator."""
    return administrator(org)


def _sees(org: Simulated, token: str = "") -> dict[str, Any] | None:
    fields = org.call("GET", "/sobjects/Lead/describe", token=token).json()["fields"]
    return next((one for one in fields if one["name"] == "Grade__c"), None)


def _set(org: Simulated, token: str, operation: str, inner: str, name: str = "Grades") -> Any:
    content = f'<metadata xsi:type="PermissionSet"><fullName>{name}</fullName>{inner}</metadata>'
    return results(org, token, operation, content)[0]


def _error(result: Any) -> tuple[str, str]:
    (error,) = result["errors"]
    return error["statusCode"][0], error["message"][0]


def test_a_new_field_is_seen_by_who_is_granted_it(org: Simulated, token: str) -> None:
    """By nobody at first, not the administrator either; then by the users of a permission set."""
    results(org, token, "createMetadata", _FIELD)
    assert _sees(org, token) is None
    assert _sees(org) is None
    assert _set(org, token, "createMetadata", _GRANT.format(edit="false"))["success"] == ["true"]
    query = {"q": "SELECT Id FROM PermissionSet WHERE Name = 'Grades'"}
    found = org.call("GET", "/query", token=token, params=query).json()["records"][0]["Id"]
    integration = org.org.users.logins["integration"].user_id
    assigned = {"AssigneeId": integration, "PermissionSetId": found}
    assert org.call("POST", "/sobjects/PermissionSetAssignment", token=token, json=assigned).status_code == 201
    shown = _sees(org)
    assert shown is not None
    assert shown["updateable"] is False
    assert _set(org, token, "updateMetadata", _GRANT.format(edit="true"))["success"] == ["true"]
    assert (_sees(org) or {})["updateable"] is True
    results(org, token, "deleteMetadata", "<type>CustomField</type><fullNames>Lead.Grade__c</fullNames>")
    assert read_one(org, token, "PermissionSet", "Grades").get("fieldPermissions") is None


def test_a_permission_set_is_replaced_whole(org: Simulated, token: str) -> None:
    """What is not named any more is not granted any more; tabs and the like are kept as they were given."""
    results(org, token, "createMetadata", _FIELD)
    tabs = "<tabSettings><tab>standard-Lead</tab><visibility>Visible</visibility></tabSettings>"
    users = "<userPermissions><enabled>true</enabled><name>ApiEnabled</name></userPermissions>"
    whole = _GRANT.format(edit="true") + _LEADS + tabs + users
    assert _set(org, token, "createMetadata", whole)["success"] == ["true"]
    read = read_one(org, token, "PermissionSet", "Grades")
    assert read["objectPermissions"][0]["object"] == ["Lead"]
    assert read["tabSettings"][0]["tab"] == ["standard-Lead"]
    assert read["userPermissions"][0]["name"] == ["ApiEnabled"]
    assert _set(org, token, "upsertMetadata", "<label>Renamed</label>")["created"] == ["false"]
    read = read_one(org, token, "PermissionSet", "Grades")
    assert (read["label"], read.get("objectPermissions"), read.get("userPermissions")) == (["Renamed"], None, None)
    gone = "<type>PermissionSet</type><fullNames>Grades</fullNames>"
    assert results(org, token, "deleteMetadata", gone)[0]["success"] == ["true"]
    assert read_one(org, token, "PermissionSet", "Grades") is None


@pytest.mark.parametrize(
    ("inner", "code", "message"),
    [
        ("<description>x</description>", "REQUIRED_FIELD_MISSING", "Required field is missing: label"),
        (_GRANT.format(edit="true"), "INVALID_CROSS_REFERENCE_KEY",
         "In field: field - no CustomField named Lead.Grade__c found"),
        (_GRANT.format(edit="true").replace("Grade__c", "LastName"), "FIELD_INTEGRITY_EXCEPTION",
         "You cannot deploy to a required field: Lead.LastName"),
        ("<label>x</label>" + _LEADS.replace("Lead", "Nope__c"), "INVALID_CROSS_REFERENCE_KEY",
         "In field: object - no CustomObject named Nope__c found"),
        ("<label>x</label><userPermissions><enabled>true</enabled><name>Fly</name></userPermissions>", "INVALID_FIELD",
         "Unknown user permission: Fly"),
        ("<label>x</label>" + _LEADS.replace("<allowDelete>false", "<allowDelete>true"),
         "FIELD_INTEGRITY_EXCEPTION", "depends on"),
    ],
)  # fmt: skip
def test_a_permission_set_that_cannot_be_is_refused(
    org: Simulated, token: str, inner: str, code: str, message: str
) -> None:
    """By the rules of permission sets; nothing of it is kept."""
    found_code, found_message = _error(_set(org, token, "createMetadata", inner))
    assert found_code == code
    assert message in found_message
    assert read_one(org, token, "PermissionSet", "Grades") is None


def test_a_profile_grants_what_it_names_and_keeps_the_rest(org: Simulated, token: str) -> None:
    """A field for administrators, deployed together with the field; a profile tells of what is retrieved with it."""
    profile = (
        "<fieldPermissions><editable>true</editable><field>Lead.Grade__c</field><readable>true</readable>"
        "</fieldPermissions>"
    )
    files = {
        "package.xml": manifest({"CustomField": ["Lead.Grade__c"], "Profile": ["Admin"]}),
        "objects/Lead.object": file_of("CustomObject", text_field("Grade__c")),
        "profiles/Admin.profile": file_of("Profile", profile),
    }
    done = deploy(org, token, files)
    assert done["success"] == ["true"], messages(done, "componentFailures")
    assert _sees(org, token) is not None
    assert org.call("GET", "/sobjects/Lead", token=token).status_code == 200
    got, _ = retrieve(org, token, {"CustomField": ["Lead.Grade__c"], "Profile": ["Admin"]})
    assert "<field>Lead.Grade__c</field>" in got["profiles/Admin.profile"]
    assert "Lead.Title" not in got["profiles/Admin.profile"]
    assert "<name>ModifyAllData</name>" in got["profiles/Admin.profile"]


def test_a_profile_is_made_and_taken_away(org: Simulated, token: str) -> None:
    """A custom one, with a licence; standard ones stay."""
    content = (
        '<metadata xsi:type="Profile"><fullName>Marketing</fullName><userLicense>Salesforce</userLicense></metadata>'
    )
    assert results(org, token, "createMetadata", content)[0]["success"] == ["true"]
    read = read_one(org, token, "Profile", "Marketing")
    assert (read["custom"], read["userLicense"]) == (["true"], ["Salesforce"])
    gone = "<type>Profile</type><fullNames>Marketing</fullNames><fullNames>Admin</fullNames>"
    said = results(org, token, "deleteMetadata", gone)
    assert [one["success"][0] for one in said] == ["true", "false"]


def test_metadata_is_closed_to_who_may_not_change_it(org: Simulated) -> None:
    """SOAP, deploys over REST and Tooling refuse a user without the permissions, and change nothing."""
    token = org.log_in()
    status, said = call_metadata(org, token, "createMetadata", _FIELD)
    assert (status, said["faultcode"]) == (500, ["sf:INSUFFICIENT_ACCESS"])
    assert "ModifyAllData or ModifyMetadata" in said["faultstring"][0]
    body = {"FullName": "Lead.Grade__c", "Metadata": {"label": "x", "type": "Text", "length": 3}}
    made = org.call("POST", "/tooling/sobjects/CustomField", token=token, json=body)
    assert (made.status_code, made.json()[0]["errorCode"]) == (403, "INSUFFICIENT_ACCESS")
    started = org.call("POST", "/metadata/deployRequest", token=token, files={"json": (None, "{}")})
    assert (started.status_code, started.json()[0]["errorCode"]) == (403, "INSUFFICIENT_ACCESS")
    assert read_one(org, administrator(org), "CustomField", "Lead.Grade__c") is None


def test_definitions_tell_a_user_nothing_that_is_closed(org: Simulated, token: str) -> None:
    """FieldDefinition and EntityDefinition, by the REST API and by Tooling, show what the user sees."""
    results(org, token, "createMetadata", _FIELD)
    text = "SELECT QualifiedApiName FROM FieldDefinition WHERE EntityDefinition.QualifiedApiName = 'Lead'"
    for path in ("/query", "/tooling/query"):
        rows = org.call("GET", path, params={"q": text}).json()["records"]
        names = [one["QualifiedApiName"] for one in rows]
        assert "Company" in names
        assert "Grade__c" not in names
