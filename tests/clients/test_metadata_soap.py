"""The Metadata API on single components, over plain HTTP: answers, refusals, faults."""

from typing import Any

import pytest

from tests.clients.metadata import (
    administrator,
    call_metadata,
    create_field,
    post_metadata,
    read_one,
    results,
)
from tests.simulated import Simulated


@pytest.fixture
def token(org: Simulated) -> str:
    """A session of the administrator."""
    return administrator(org)


def _error(result: Any) -> tuple[str, str]:
    (error,) = result["errors"]
    return error["statusCode"][0], error["message"][0]


@pytest.mark.parametrize(
    ("facts", "code", "message"),
    [
        ({"type": "Text", "length": 400}, "FIELD_INTEGRITY_EXCEPTION", "must be from 1 to 255"),
        ({"type": "Number", "precision": 4}, "FIELD_INTEGRITY_EXCEPTION", "Must specify 'scale'"),
        ({"type": "Checkbox"}, "FIELD_INTEGRITY_EXCEPTION", "Must specify 'defaultValue'"),
        ({"type": "Date", "length": 3}, "FIELD_INTEGRITY_EXCEPTION", "Can not specify 'length'"),
        ({"type": "Text", "label": ""}, "REQUIRED_FIELD_MISSING", "Required field is missing: label"),
        ({"type": "Lookup", "referenceTo": "Nope__c"}, "FIELD_INTEGRITY_EXCEPTION", "Nope__c"),
    ],
)
def test_a_field_that_cannot_be_is_refused_by_code(
    org: Simulated, token: str, facts: dict[str, object], code: str, message: str
) -> None:
    """The field's own rules, as the result of its component."""
    result = create_field(org, token, "Lead.Grade__c", **facts)
    assert result["success"] == ["false"]
    found_code, found_message = _error(result)
    assert found_code == code
    assert message in found_message
    assert read_one(org, token, "CustomField", "Lead.Grade__c") is None


@pytest.mark.parametrize(
    ("full_name", "code", "message"),
    [
        ("Lead.Grade", "FIELD_INTEGRITY_EXCEPTION", "Could not resolve standard field's name."),
        ("Lead.Gr__ade__c", "FIELD_INTEGRITY_EXCEPTION", "two consecutive underscore"),
        ("Nope__c.Grade__c", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
         "Entity Enumeration Or ID: bad value for restricted picklist field: Nope__c"),
        ("Lead.Lead_Score__c", "DUPLICATE_DEVELOPER_NAME", "There is already a field named Lead_Score on Lead."),
    ],
)  # fmt: skip
def test_a_name_that_cannot_be_is_refused(org: Simulated, token: str, full_name: str, code: str, message: str) -> None:
    """Names of fields and of what they belong to."""
    found_code, found_message = _error(create_field(org, token, full_name, label="Grade"))
    assert found_code == code
    assert message in found_message


def test_one_refused_component_takes_nothing_from_the_others(org: Simulated, token: str) -> None:
    """Without all or none each stands alone; with it none is kept."""
    content = "".join(
        f'<metadata xsi:type="CustomField"><fullName>Lead.{name}</fullName><label>x</label>'
        f"<length>{length}</length><type>Text</type></metadata>"
        for name, length in (("One__c", 10), ("Two__c", 900), ("Three__c", 10))
    )
    said = results(
        org, token, "createMetadata", content, "<AllOrNoneHeader><allOrNone>true</allOrNone></AllOrNoneHeader>"
    )
    assert [one["success"][0] for one in said] == ["false", "false", "false"]
    assert _error(said[0])[0] == "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    assert read_one(org, token, "CustomField", "Lead.One__c") is None
    said = results(org, token, "createMetadata", content)
    assert [one["success"][0] for one in said] == ["true", "false", "true"]
    assert read_one(org, token, "CustomField", "Lead.Three__c")["length"] == ["10"]


def test_a_field_is_there_for_every_road_at_once(org: Simulated, token: str) -> None:
    """Describe, a write, SOQL with a filter, and an upsert by the new key."""
    create_field(org, token, "Lead.Code__c", length=20, externalId=True, unique=True)
    described = org.call("GET", "/sobjects/Lead/describe", token=token).json()["fields"]
    (shown,) = [one for one in described if one["name"] == "Code__c"]
    assert (shown["type"], shown["length"], shown["externalId"], shown["unique"]) == ("string", 20, True, True)
    lead = {"LastName": "Ode", "Company": "Ode"}
    for _ in range(2):
        done = org.call("PATCH", "/sobjects/Lead/Code__c/c-1", token=token, json=lead)
        assert done.json()["success"], done.text
    query = {"q": "SELECT LastName FROM Lead WHERE Code__c = 'C-1'"}
    found = org.call("GET", "/query", token=token, params=query).json()
    assert [one["LastName"] for one in found["records"]] == ["Ode"]


def test_a_deleted_field_is_gone_with_what_it_held(org: Simulated, token: str) -> None:
    """A field of the same name begins empty, whatever its type."""
    create_field(org, token, "Lead.Code__c", length=20)
    made = org.call("POST", "/sobjects/Lead", token=token, json={"LastName": "A", "Company": "B", "Code__c": "x"})
    lead = made.json()["id"]
    content = "<type>CustomField</type><fullNames>Lead.Code__c</fullNames>"
    assert results(org, token, "deleteMetadata", content)[0]["success"] == ["true"]
    refused = org.call("GET", "/query", token=token, params={"q": "SELECT Code__c FROM Lead"})
    assert refused.json()[0]["errorCode"] == "INVALID_FIELD"
    create_field(org, token, "Lead.Code__c", type="Number", precision=5, scale=1)
    path = f"/sobjects/Lead/{lead}"
    assert org.call("GET", path, token=token).json()["Code__c"] is None
    org.call("PATCH", path, token=token, json={"Code__c": 2.5})
    query = {"q": "SELECT Id FROM Lead WHERE Code__c > 2 AND Code__c < 10"}
    assert org.call("GET", "/query", token=token, params=query).json()["totalSize"] == 1


def test_a_field_changes_its_type_where_its_values_can_follow(org: Simulated, token: str) -> None:
    """Number to Text keeps the value; a change that Salesforce does not offer is refused."""
    create_field(org, token, "Lead.Points__c", type="Number", precision=5, scale=0)
    lead = org.call(
        "POST", "/sobjects/Lead", token=token, json={"LastName": "A", "Company": "B", "Points__c": 7}
    ).json()
    changed = '<metadata xsi:type="CustomField"><fullName>Lead.Points__c</fullName><label>P</label>{}</metadata>'
    refused = results(org, token, "updateMetadata", changed.format("<type>Date</type>"))[0]
    assert _error(refused)[0] == "FIELD_INTEGRITY_EXCEPTION"
    wider = changed.format("<precision>8</precision><scale>2</scale><type>Number</type>")
    assert results(org, token, "updateMetadata", wider)[0]["success"] == ["true"]
    assert org.call("GET", f"/sobjects/Lead/{lead['id']}", token=token).json()["Points__c"] == 7


def test_a_field_cannot_become_shorter_than_its_values_nor_unique_over_twins(org: Simulated, token: str) -> None:
    """What the records hold is looked at."""
    create_field(org, token, "Lead.Code__c", length=20)
    for _ in range(2):
        org.call("POST", "/sobjects/Lead", token=token, json={"LastName": "A", "Company": "B", "Code__c": "twins"})
    named = "<fullName>Lead.Code__c</fullName><label>Code</label><type>Text</type>"
    changed = f'<metadata xsi:type="CustomField">{named}{{}}</metadata>'
    for facts, code in (
        ("<length>3</length>", "FIELD_INTEGRITY_EXCEPTION"),
        ("<length>20</length><unique>true</unique>", "DUPLICATE_VALUE"),
    ):
        assert _error(results(org, token, "updateMetadata", changed.format(facts))[0])[0] == code


def test_a_field_is_renamed_with_its_values(org: Simulated, token: str) -> None:
    """renameMetadata: the old name is gone, the values are under the new one."""
    create_field(org, token, "Lead.Old__c", length=20)
    made = org.call("POST", "/sobjects/Lead", token=token, json={"LastName": "A", "Company": "B", "Old__c": "kept"})
    content = "<type>CustomField</type><oldFullName>Lead.Old__c</oldFullName><newFullName>Lead.New__c</newFullName>"
    assert results(org, token, "renameMetadata", content)[0]["success"] == ["true"]
    record = org.call("GET", f"/sobjects/Lead/{made.json()['id']}", token=token).json()
    assert record["New__c"] == "kept"
    assert "Old__c" not in record


def test_a_layout_takes_a_field_and_loses_it_with_the_field(org: Simulated, token: str) -> None:
    """A placed field is found again; a deleted one is on no layout."""
    create_field(org, token, "Lead.Code__c", length=20)
    item = "<layoutItems><behavior>Edit</behavior><field>{}</field></layoutItems>"
    layout = (
        '<metadata xsi:type="Layout"><fullName>Lead-Lead Layout</fullName><layoutSections><layoutColumns>'
        + item.format("LastName") + "{}</layoutColumns><style>TwoColumnsTopToBottom</style></layoutSections></metadata>"
    )  # fmt: skip
    missing = results(org, token, "updateMetadata", layout.format(item.format("Nope__c")))[0]
    assert _error(missing)[1] == "In field: field - no CustomField named Lead.Nope__c found"
    assert results(org, token, "updateMetadata", layout.format(item.format("Code__c")))[0]["success"] == ["true"]

    def placed() -> list[str]:
        found = read_one(org, token, "Layout", "Lead-Lead Layout")
        return [one["field"][0] for one in found["layoutSections"][0]["layoutColumns"][0]["layoutItems"]]

    assert placed() == ["LastName", "Code__c"]
    results(org, token, "deleteMetadata", "<type>CustomField</type><fullNames>Lead.Code__c</fullNames>")
    assert placed() == ["LastName"]


def test_components_without_a_meaning_here_come_back_as_they_were_given(org: Simulated, token: str) -> None:
    """A connected app, a tab, an application that shows it, and a setting."""
    app = (
        '<metadata xsi:type="ConnectedApp"><fullName>Hub</fullName><contactEmail>a@example.com</contactEmail>'
        "<label>Hub</label><oauthConfig><callbackUrl>https://hub.example/cb</callbackUrl><scopes>Api</scopes>"
        "<scopes>RefreshToken</scopes></oauthConfig></metadata>"
    )
    assert results(org, token, "createMetadata", app)[0]["success"] == ["true"]
    assert read_one(org, token, "ConnectedApp", "Hub")["oauthConfig"][0]["scopes"] == ["Api", "RefreshToken"]
    tab = (
        '<metadata xsi:type="CustomTab"><fullName>Hub_Page</fullName><label>Hub</label><url>https://hub.example</url>'
        "</metadata>"
    )
    shown = (
        '<metadata xsi:type="CustomApplication"><fullName>Marketing_Hub</fullName><label>Hub</label>'
        "<tabs>standard-Lead</tabs><tabs>{}</tabs></metadata>"
    )
    assert (
        _error(results(org, token, "createMetadata", shown.format("Hub_Page"))[0])[0] == "INVALID_CROSS_REFERENCE_KEY"
    )
    assert results(org, token, "createMetadata", tab)[0]["success"] == ["true"]
    assert results(org, token, "createMetadata", shown.format("Hub_Page"))[0]["success"] == ["true"]
    setting = (
        '<metadata xsi:type="CampaignSettings"><fullName>Campaign</fullName><enableAutoCampInfluenceDisabled>true'
        "</enableAutoCampInfluenceDisabled></metadata>"
    )
    assert results(org, token, "updateMetadata", setting)[0]["success"] == ["true"]
    assert read_one(org, token, "CampaignSettings", "Campaign")["enableAutoCampInfluenceDisabled"] == ["true"]


def test_the_journal_tells_who_changed_what(org: Simulated, token: str) -> None:
    """An entry for each component that was changed, with the user and the road."""
    create_field(org, token, "Lead.Code__c", length=20)
    (entry,) = org.control("GET", "journal?method=SETUP")
    assert (entry["path"], entry["request"]) == ("/CustomField/Lead.Code__c", "create by createMetadata")
    assert entry["user_id"] == org.facts["administrator"].get("user_id", entry["user_id"])


def test_a_reset_takes_away_what_was_made_and_brings_back_what_was_deleted(org: Simulated, token: str) -> None:
    """The schema is as after the start."""
    before = org.call("GET", "/sobjects/Lead/describe", token=token).json()["fields"]
    create_field(org, token, "Lead.Code__c", length=20)
    results(org, token, "deleteMetadata", "<type>CustomField</type><fullNames>Lead.Lead_Score__c</fullNames>")
    inner = "<fullName>Lead.Partner</fullName><active>true</active><label>Partner</label>"
    results(org, token, "createMetadata", f'<metadata xsi:type="RecordType">{inner}</metadata>')
    org.control("POST", "reset")
    assert org.call("GET", "/sobjects/Lead/describe").json()["fields"] == before


_FIELD = '<metadata xsi:type="CustomField"><fullName>Lead.X__c</fullName>{}</metadata>'


@pytest.mark.parametrize(
    ("operation", "content", "fault"),
    [
        ("createMetadata", _FIELD.format("<label>x</label>") * 11, "sf:LIMIT_EXCEEDED"),
        ("createMetadata", _FIELD.format("<colour>red</colour>"), "soapenv:Client"),
        ("createMetadata", _FIELD.format("<type>Colour</type>"), "soapenv:Client"),
        ("createMetadata", _FIELD.format("<length>ten</length>"), "soapenv:Client"),
        ("createMetadata", _FIELD.format("<label>x</label><label>y</label>"), "soapenv:Client"),
        ("createMetadata", '<metadata xsi:type="Colour"><fullName>X</fullName></metadata>', "sf:INVALID_TYPE"),
        ("readMetadata", "<type>Colour</type><fullNames>X</fullNames>", "sf:INVALID_TYPE"),
        ("listMetadata", "<queries><type>Layout</type></queries>" * 4, "sf:LIMIT_EXCEEDED"),
        ("checkDeployStatus", "<asyncProcessId>0Af000000000001</asyncProcessId>", "sf:INVALID_CROSS_REFERENCE_KEY"),
        ("deploy", "<ZipFile>!!</ZipFile>", "sf:INVALID_ZIP"),
        ("paintMetadata", "", "soapenv:Client"),
    ],
)
def test_a_call_that_cannot_be_is_a_fault(org: Simulated, token: str, operation: str, content: str, fault: str) -> None:
    """Status 500 and the code; nothing is made."""
    status, said = call_metadata(org, token, operation, content)
    assert (status, said["faultcode"]) == (500, [fault])
    assert read_one(org, token, "CustomField", "Lead.X__c") is None


def test_a_call_without_a_session_is_refused(org: Simulated) -> None:
    """INVALID_SESSION_ID as the code that clients read."""
    status, said = call_metadata(org, "00D0!nothing", "describeMetadata", "<asOfVersion>64.0</asOfVersion>")
    assert (status, said["faultcode"]) == (500, ["sf:INVALID_SESSION_ID"])
    assert said["faultstring"][0].startswith("INVALID_SESSION_ID: Invalid Session ID found in SessionHeader")


def test_an_old_version_is_refused_and_the_orgs_id_may_stand_behind_a_new_one(org: Simulated, token: str) -> None:
    """The version in the path, and what clients add behind it."""
    assert b"UNSUPPORTED_API_VERSION" in post_metadata(org, _describe(token), version="20.0").content
    for version in (f"59.0/{org.facts['org_id']}", "59.0/deployRequest/0Af", "66.0/"):
        assert post_metadata(org, _describe(token), version=version).status_code == 200


def _describe(token: str) -> bytes:
    return (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns="http://soap.sforce.com/2006/04/metadata"><e:Header><SessionHeader><sessionId>'
        f"{token}</sessionId></SessionHeader></e:Header><e:Body><describeMetadata/></e:Body></e:Envelope>"
    ).encode()


_BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
_OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize(
    "message",
    [
        _BOMB + "<x>&b;</x>",
        _OUTSIDE + "<x>&a;</x>",
        "<x>&undefined;</x>",
        "<x>" * 100_000,
        "<x>" * 5_000 + "</x>" * 5_000,
        "<x><y></x>",
        "",
        "\x00\xff",
        '<?xml version="1.0" encoding="no-such-code"?><x/>',
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body/></e:Envelope>',
    ],
)
def test_hostile_messages_are_faults_and_cost_nothing(org: Simulated, message: str) -> None:
    """No entity is read or expanded, nothing is nested without end; the answer is a fault, never a traceback."""
    answer = post_metadata(org, message.encode("latin-1"))
    assert answer.status_code == 500
    assert b"<faultcode>soapenv:Client</faultcode>" in answer.content
    assert b"UNKNOWN_EXCEPTION" not in answer.content


def test_records_that_are_there_take_only_the_default_of_a_checkbox(org: Simulated, token: str) -> None:
    """A checkbox is never blank; a picklist's default is for new records."""
    made = org.call("POST", "/sobjects/Lead", token=token, json={"LastName": "A", "Company": "B"}).json()["id"]
    create_field(org, token, "Lead.Vip__c", type="Checkbox", defaultValue="true")
    value = "<value><fullName>One</fullName><default>true</default><label>One</label></value>"
    values = f"<valueSetDefinition><sorted>false</sorted>{value}</valueSetDefinition>"
    create_field(org, token, "Lead.Kind__c", type="Picklist", valueSet=values)
    record = org.call("GET", f"/sobjects/Lead/{made}", token=token).json()
    assert (record["Vip__c"], record["Kind__c"]) == (True, None)


def test_an_object_goes_with_its_records_and_with_what_leads_to_it(org: Simulated, token: str) -> None:
    """Lookups to it, tasks' relations, its layout; one of the same name begins empty."""
    inner = (
        "<fullName>Webinar__c</fullName><deploymentStatus>Deployed</deploymentStatus><label>Webinar</label>"
        "<nameField><label>Name</label><type>Text</type></nameField><pluralLabel>Webinars</pluralLabel>"
        "<sharingModel>ReadWrite</sharingModel>"
    )
    made = f'<metadata xsi:type="CustomObject">{inner}</metadata>'
    assert results(org, token, "createMetadata", made)[0]["success"] == ["true"]
    lookup = {"type": "Lookup", "referenceTo": "Webinar__c", "relationshipName": "Leads"}
    create_field(org, token, "Lead.Webinar__c", **lookup)
    webinar = org.call("POST", "/sobjects/Webinar__c", token=token, json={"Name": "One"}).json()["id"]
    lead = {"LastName": "A", "Company": "B", "Webinar__c": webinar}
    assert org.call("POST", "/sobjects/Lead", token=token, json=lead).status_code == 201
    gone = "<type>CustomObject</type><fullNames>Webinar__c</fullNames>"
    assert results(org, token, "deleteMetadata", gone)[0]["success"] == ["true"]
    assert org.call("GET", "/sobjects/Webinar__c/describe", token=token).status_code == 404
    assert read_one(org, token, "CustomField", "Lead.Webinar__c") is None
    assert read_one(org, token, "Layout", "Webinar__c-Webinar Layout") is None
    (what,) = [
        one
        for one in org.call("GET", "/sobjects/Task/describe", token=token).json()["fields"]
        if one["name"] == "WhatId"
    ]
    assert "Webinar__c" not in what["referenceTo"]
    assert results(org, token, "createMetadata", made)[0]["success"] == ["true"]
    query = {"q": "SELECT Id FROM Webinar__c"}
    assert org.call("GET", "/query", token=token, params=query).json()["totalSize"] == 0
