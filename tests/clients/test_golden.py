"""What recordings of real orgs and the documentation settle, row by row over HTTP: golden facts, and texts of errors.

A row's text is the source's; where it is silent there is `…`. In a row `{lead}` and its like are ids of the org.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from tests import simulated
from tests.clients.soap import call_soap
from tests.simulated import Simulated

_PERSON = {"LastName": "Moss", "Company": "Moss Ltd"}
_REFERENCE = (
    "If you are attempting to use a custom {0}, be sure to append the '__c' after the {1} name. "
    "Please reference your WSDL or the describe call for the appropriate names."
)


@dataclass(frozen=True)
class Golden:
    """An org prepared once, with the ids that rows name."""

    org: Simulated
    ids: Mapping[str, str]
    tokens: Mapping[str, str]

    def call(self, method: str, path: str, role: str = "admin", **how: Any) -> requests.Response:
        """A request of a role, with the ids in its path."""
        return self.org.call(method, path.format(**self.ids), token=self.tokens[role], **how)


_FIELDS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("Lead", "External_Id__c", {"type": "Text", "length": 20, "externalId": True, "unique": True}),
    ("Lead", "Rating__c", {
        "type": "Picklist", "label": "Rating",
        "valueSet": {"restricted": True, "valueSetDefinition": {"value": ["Good"]}},
    }),
    ("Campaign", "Website__c", {"type": "Text", "length": 80, "required": True}),
)  # fmt: skip
_RULES: tuple[dict[str, Any], ...] = (
    {"kind": "validation", "name": "Top", "object": "Lead", "condition": "Title = 'Top'", "message": "Not at the top."},
    {"kind": "validation", "name": "Field", "object": "Lead", "condition": "Title = 'Field'", "message": "Not this.",
     "field": "Title"},
    {"kind": "automation", "name": "Loop", "object": "Lead", "condition": "Title = 'Loop'",
     "calculate": {"NumberOfEmployees": "BLANKVALUE(NumberOfEmployees, 0) + 1"}},
    {"kind": "automation", "name": "Flow", "object": "Lead", "condition": "Title = 'Flow'", "set": {"Email": "x"}},
    {"kind": "duplicate", "name": "Standard_Lead_Duplicate_Rule", "object": "Lead",
     "match": [{"object": "Lead", "fields": {"Fax": "Fax"}}]},
)  # fmt: skip


def _make(org: Simulated, token: str, name: str, **values: Any) -> str:
    answer = org.call("POST", f"/sobjects/{name}", token=token, json=values)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Golden]:
    """An org with fields, rules and records that rows speak of."""
    org = simulated.start(tmp_path_factory.mktemp("golden"))
    for object_name, name, definition in _FIELDS:
        org.control("POST", "fields", {"object": object_name, "name": name, "define": definition})
    roles = ("admin", "integration", "rep", "minimal")
    tokens = {role: org.control("POST", "sessions", {"username": role})["access_token"] for role in roles}
    token = tokens["admin"]
    ids = {
        "lead": _make(org, token, "Lead", **_PERSON, External_Id__c="K1", Fax="5"),
        "converted": _make(org, token, "Lead", **_PERSON),
        "account": _make(org, token, "Account", Name="Gone Ltd"),
        "hidden": _make(org, token, "Account", Name="Hidden Ltd"),
        "inactive": org.org.users.logins["colleague"].user_id,
    }
    ids["fallen"] = _make(org, token, "Contact", LastName="Gone", AccountId=ids["account"])
    org.call("DELETE", f"/sobjects/Account/{ids['account']}", token=token)
    status = "<convertedStatus>Closed - Converted</convertedStatus>"
    call_soap(org, token, "convertLead", f"<leadConverts><leadId>{ids['converted']}</leadId>{status}</leadConverts>")
    org.control("POST", "rights", {"user": "colleague", "active": False})
    org.control("POST", "settings", {"sharing": {"Lead": "Read", "Account": "Private"}})
    for rule in _RULES:
        org.control("POST", "rules", rule)
    yield Golden(org, ids, tokens)
    org.stop()


@dataclass(frozen=True)
class Row:
    """An error as the source has it: what leads to it, its code, its text and the fields that it names."""

    code: str
    text: str
    method: str
    path: str
    body: Any = None
    fields: tuple[str, ...] | None = None
    status: int = 400
    role: str = "admin"
    more: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.code


def _query(code: str, text: str, soql: str, role: str = "integration") -> Row:
    return Row(code, text, "GET", "/query", role=role, more={"params": {"q": soql}})


def _lead(code: str, text: str, fields: tuple[str, ...] | None = None, **values: Any) -> Row:
    return Row(code, text, "POST", "/sobjects/Lead", {**_PERSON, **values}, fields)


_QUERIES = [
    _query(
        "INVALID_TYPE",
        "\nselect count() from XYZZY\n                    ^\nERROR at Row:1:Column:21\nsObject type 'XYZZY' is not "
        f"supported. {_REFERENCE.format('object', 'entity')}",
        "select count() from XYZZY",
    ),
    _query(
        "INVALID_FIELD",
        "\nSELECT Bacon__c FROM Account LIMIT 2\n       ^\nERROR at Row:1:Column:8\nNo such column 'Bacon__c' on "
        f"entity 'Account'. {_REFERENCE.format('field', 'custom field')}",
        "SELECT Bacon__c FROM Account LIMIT 2",
    ),
    _query(
        "INVALID_FIELD",
        "\nSELECT HasOptedOutOfEmail FROM Lead\n       ^\nERROR at Row:1:Column:8\nNo such column 'HasOptedOutOfEmail' "
        f"on entity 'Lead'. {_REFERENCE.format('field', 'custom field')}",
        "SELECT HasOptedOutOfEmail FROM Lead",
    ),
    _query("MALFORMED_QUERY", "unexpected token: SELEKT", "SELEKT Id FROM Lead"),
    _query(
        "INVALID_FIELD", "…field 'Description' can not be filtered in a query call",
        "SELECT Id FROM Lead WHERE Description = 'x'",
    ),
    _query("NUMBER_OUTSIDE_VALID_RANGE", "…", "SELECT Id FROM Lead ORDER BY Id OFFSET 2001"),
    _query(
        "EXCEEDED_MAX_SEMIJOIN_SUBSELECTS", "…",
        "SELECT Id FROM Lead WHERE " + " AND ".join(["Id IN (SELECT LeadId FROM CampaignMember)"] * 3),
    ),
    _query(
        "QUERY_TOO_COMPLICATED", "…",
        "SELECT Id FROM Lead WHERE " + "(" * 300 + "Title = 'x'" + " OR Title = 'y')" * 300,
    ),
]  # fmt: skip

_WRITES = [
    _lead("INVALID_FIELD", "No such column 'Color__c' on sobject of type Lead", Color__c="red"),
    _lead(
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        "Unable to create/update fields: IsDeleted. Please check the security settings of this field and verify that "
        "it is read/write for your profile or permission set.",
        ("IsDeleted",), IsDeleted=True,
    ),
    Row(
        "REQUIRED_FIELD_MISSING", "Required fields are missing: [Website__c]", "POST", "/sobjects/Campaign",
        {"Name": "x"}, ("Website__c",),
    ),
    _lead(
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "Rating: bad value for restricted picklist field: Terrible",
        ("Rating__c",), Rating__c="Terrible",
    ),
    _lead("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Not at the top.", (), Title="Top"),
    _lead("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Not this.", ("Title",), Title="Field"),
    _lead(
        "DUPLICATE_VALUE", "duplicate value found: External_Id__c duplicates value on record with id: 00Q…",
        External_Id__c="K1",
    ),
    _lead("DUPLICATES_DETECTED", "Use one of these records?", Fax="5"),
    _lead("STRING_TOO_LONG", "…data value too large: …(max length=128)", ("Title",), Title="x" * 129),
    _lead("NUMBER_OUTSIDE_VALID_RANGE", "…", ("NumberOfEmployees",), NumberOfEmployees=10**12),
    _lead("INVALID_EMAIL_ADDRESS", "Email: invalid email address: x", ("Email",), Email="x"),
    _lead("INVALID_TYPE_ON_FIELD_IN_RECORD", "…", ("NumberOfEmployees",), NumberOfEmployees="many"),
    Row("JSON_PARSER_ERROR", "…", "POST", "/sobjects/Lead", more={"data": "{"}),
    Row(
        "JSON_PARSER_ERROR",
        "Nested object for polymorphic foreign key must have an attributes field before any other fields.",
        "POST", "/composite/sobjects", {"records": [_PERSON]},
    ),
    Row(
        "MALFORMED_ID", "Record ID: id value of incorrect type: 00QgK0000000001AAB", "GET",
        "/sobjects/Lead/00QgK0000000001AAB", None, ("Id",),
    ),
    Row("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", "PATCH", "/sobjects/Lead/{lead}",
        {"OwnerId": "005000000000000AAA"}),
    Row("ENTITY_IS_DELETED", "entity is deleted", "DELETE", "/sobjects/Contact/{fallen}", status=404),
    Row(
        "INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", "PATCH", "/sobjects/Lead/{lead}",
        {"Title": "x"}, status=403, role="rep",
    ),
    Row(
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
        "You can't complete this action because you don't have the required access on the cross-reference ID. Contact "
        "your Salesforce admin to gain access.",
        "POST", "/sobjects/Contact", {"LastName": "x", "AccountId": "{hidden}"}, status=403, role="rep",
    ),
    Row("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", "PATCH", "/sobjects/Lead/{converted}",
        {"Title": "x"}, ()),
    Row("INACTIVE_OWNER_OR_USER", "…", "PATCH", "/sobjects/Lead/{lead}", {"OwnerId": "{inactive}"}),
    _lead("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "…", Title="Loop"),
    _lead("CANNOT_EXECUTE_FLOW_TRIGGER", "…", Title="Flow"),
]  # fmt: skip


def _fill(value: Any, ids: Mapping[str, str]) -> Any:
    """A body with the ids that it names."""
    if isinstance(value, dict):
        return {key: _fill(one, ids) for key, one in value.items()}
    return ids.get(value[1:-1], value) if isinstance(value, str) and value.startswith("{") else value


@pytest.mark.parametrize("row", [*_QUERIES, *_WRITES], ids=str)
def test_an_error_has_its_code_and_its_text(golden: Golden, row: Row) -> None:
    how = {"json": _fill(row.body, golden.ids)} if row.body is not None else dict(row.more)
    answer = golden.call(row.method, row.path, row.role, **how)
    (error,) = answer.json()
    assert (answer.status_code, error["errorCode"]) == (row.status, row.code)
    pattern = "(?s:.*)".join(re.escape(part) for part in row.text.split("…"))
    assert re.fullmatch(pattern, error["message"]), error["message"]
    if row.fields is not None:
        assert error["fields"] == list(row.fields)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record or 1 records: {lead}"),
        ("STORAGE_LIMIT_EXCEEDED", "storage limit exceeded"),
        ("TXN_SECURITY_METERING_ERROR", "refused by a policy"),
        ("SERVER_UNAVAILABLE", "server unavailable"),
        ("UNKNOWN_EXCEPTION", "An unexpected error occurred."),
    ],
)
def test_an_error_of_the_org_itself_comes_on_order(golden: Golden, code: str, message: str) -> None:
    """The lock by its name in the catalogue, the others by their code."""
    facts = {"name": "row-locked"} if code == "UNABLE_TO_LOCK_ROW" else {"row_code": code, "row_message": message}
    golden.org.control("POST", "faults", {**facts, "object_name": "Lead", "operation": "update"})
    wanted = message.format(**golden.ids)
    single = golden.call("PATCH", "/sobjects/Lead/{lead}", json={"Title": "y"})
    assert single.json() == [{"message": wanted, "errorCode": code, "fields": []}]
    golden.org.control("POST", "faults", {**facts, "object_name": "Lead", "operation": "update"})
    record = {"attributes": {"type": "Lead"}, "id": golden.ids["lead"], "Title": "y"}
    (item,) = golden.call("PATCH", "/composite/sobjects", json={"records": [record]}).json()
    assert item["errors"] == [{"statusCode": code, "message": wanted, "fields": []}]


@pytest.mark.parametrize(
    ("code", "status", "message"),
    [("QUERY_TIMEOUT", 400, "Your query request was running for too long."),
     ("REQUEST_LIMIT_EXCEEDED", 403, "TotalRequests Limit exceeded.")],
)  # fmt: skip
def test_an_error_of_a_query_comes_on_order(golden: Golden, code: str, status: int, message: str) -> None:
    body = f'[{{"message":"{message}","errorCode":"{code}"}}]'
    golden.org.control("POST", "faults", {"operation": "query", "status": status, "body": body})
    answer = golden.call("GET", "/query", params={"q": "SELECT Id FROM Lead"})
    assert (answer.status_code, answer.json()) == (status, [{"message": message, "errorCode": code}])


def test_a_user_without_the_api_is_told_nothing(golden: Golden) -> None:
    right = {"user": "minimal", "permission": "ApiEnabled"}
    golden.org.control("POST", "rights", {**right, "allow": False})
    answer = golden.call("GET", "/limits", "minimal")
    golden.org.control("POST", "rights", right)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (403, "API_CURRENTLY_DISABLED")


def test_an_org_without_the_api_answers_nothing(golden: Golden) -> None:
    golden.org.control("POST", "settings", {"api_enabled": False})
    try:
        answer = golden.call("GET", "/query", params={"q": "SELECT Id FROM Lead"})
    finally:
        golden.org.control("POST", "settings", {"api_enabled": True})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (403, "API_DISABLED_FOR_ORG")


def test_fact_1_collections_answer_item_by_item(golden: Golden) -> None:
    """Always 200, in order; a failed item has no id; statusCode there, errorCode at the top."""
    records = [{"attributes": {"type": "Lead"}, **one} for one in (_PERSON, {"Company": "x"}, _PERSON)]
    answer = golden.call("POST", "/composite/sobjects", json={"records": records})
    assert answer.status_code == 200
    good, bad, other = answer.json()
    assert [sorted(one) for one in (good, bad, other)] == [
        ["errors", "id", "success"], ["errors", "success"], ["errors", "id", "success"],
    ]  # fmt: skip
    assert [sorted(error) for error in bad["errors"]] == [["fields", "message", "statusCode"]]
    (top,) = golden.call("POST", "/sobjects/Lead", json={"Company": "x"}).json()
    assert sorted(top) == ["errorCode", "fields", "message"]


def test_fact_3_messages_begin_with_the_label(golden: Golden) -> None:
    (error,) = golden.call("POST", "/sobjects/Lead", json={**_PERSON, "NumberOfEmployees": "x"}).json()
    assert error["message"].startswith("Employees: ")
    (error,) = golden.call("POST", "/sobjects/Lead", json={"Company": "x"}).json()
    assert (error["errorCode"], error["fields"]) == ("REQUIRED_FIELD_MISSING", ["LastName"])


def test_fact_4_a_deleted_record_is_not_found(golden: Golden) -> None:
    """A list as the body; what fell with its parent is told apart when it is deleted once more."""
    for path in ("/sobjects/Account/{account}", "/sobjects/Contact/{fallen}"):
        answer = golden.call("GET", path)
        assert (answer.status_code, answer.json()[0]["errorCode"]) == (404, "NOT_FOUND")
    again = golden.call("DELETE", "/sobjects/Contact/{fallen}")
    assert (again.status_code, again.json()[0]["errorCode"]) == (404, "ENTITY_IS_DELETED")


def test_fact_5_moments_end_in_zeros_and_a_conversion_has_a_day(golden: Golden) -> None:
    row = golden.call("GET", "/sobjects/Lead/{converted}").json()
    moments = [row[name] for name in ("CreatedDate", "LastModifiedDate", "SystemModstamp")]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000\+0000", one) for one in moments)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", row["ConvertedDate"])


def test_fact_6_usage_and_describe_headers(golden: Golden) -> None:
    answer = golden.call("GET", "/sobjects/Lead/describe")
    assert re.fullmatch(r"api-usage=\d+/\d+", answer.headers["Sforce-Limit-Info"])
    assert answer.headers["ETag"]
    assert answer.headers["Last-Modified"].endswith(" GMT")
    facts = golden.org.facts
    login = f"<username>{facts['username']}</username><password>{facts['password']}{facts['security_token']}</password>"
    envelope = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
        f'<login xmlns="urn:partner.soap.sforce.com">{login}</login></e:Body></e:Envelope>'
    )
    headers = {"Content-Type": "text/xml", "SOAPAction": "login"}
    answer = requests.post(f"{golden.org.url}/services/Soap/u/64.0", data=envelope, headers=headers, timeout=60)
    assert answer.status_code == 200
    assert "Sforce-Limit-Info" not in answer.headers


def test_fact_7_the_shapes_of_create_query_and_upsert(golden: Golden) -> None:
    made = golden.call("POST", "/sobjects/Lead", json=_PERSON)
    assert made.status_code == 201
    assert made.headers["Location"].endswith(f"/sobjects/Lead/{made.json()['id']}")
    soql = f"SELECT Id FROM Lead WHERE Id = '{made.json()['id']}'"
    (row,) = golden.call("GET", "/query", params={"q": soql}).json()["records"]
    assert sorted(row) == ["Id", "attributes"]
    for version, updated in (("39.0", 204), ("64.0", 200)):
        path = f"/sobjects/Lead/External_Id__c/K{version}"
        first = golden.call("PATCH", path, json=_PERSON, version=version)
        second = golden.call("PATCH", path, json=_PERSON, version=version)
        assert (first.status_code, second.status_code) == (201, updated)
        assert bool(second.content) is (updated == 200)


def _described(golden: Golden, name: str) -> dict[str, dict[str, Any]]:
    fields = golden.call("GET", f"/sobjects/{name}/describe").json()["fields"]
    return {one["name"]: one for one in fields}


def test_fact_8_no_opt_out_until_it_is_granted(golden: Golden) -> None:
    for name in ("Lead", "Contact"):
        assert {"HasOptedOutOfEmail", "HasOptedOutOfFax", "DoNotCall"}.isdisjoint(_described(golden, name))
    right = {"user": "admin", "object": "Contact", "field": "HasOptedOutOfEmail", "permission": "Read"}
    golden.org.control("POST", "rights", right)
    assert "HasOptedOutOfEmail" in _described(golden, "Contact")


def test_fact_9_flags_of_bounces_conversion_and_owners(golden: Golden) -> None:
    lead, contact = _described(golden, "Lead"), _described(golden, "Contact")
    flags = {
        name: tuple((one[name]["createable"], one[name]["updateable"]) for one in (lead, contact))
        for name in ("EmailBouncedReason", "EmailBouncedDate")
    }
    assert set(flags.values()) == {((False, True), (True, True))}
    assert (lead["IsConverted"]["createable"], lead["IsConverted"]["updateable"]) == (True, False)
    assert (lead["OwnerId"]["referenceTo"], contact["OwnerId"]["referenceTo"]) == (["Group", "User"], ["User"])


@pytest.mark.parametrize(
    ("object_name", "name", "value"),
    [("Lead", "Name", "A B"), ("Lead", "Address", {"city": "X"}), ("Contact", "MailingAddress", {"city": "X"})],
)
def test_fact_10_compound_fields_are_described_and_not_written(
    golden: Golden, object_name: str, name: str, value: object
) -> None:
    shown = _described(golden, object_name)[name]
    assert (shown["createable"], shown["updateable"]) == (False, False)
    answer = golden.call("POST", f"/sobjects/{object_name}", json={**_PERSON, name: value})
    assert answer.status_code == 400
