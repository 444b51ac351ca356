"""Single records and SOAP operations over HTTP, by simple-salesforce and by plain requests."""

import threading
import time
from collections.abc import Callable
from email.utils import format_datetime
from typing import Any

import pytest
import requests
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest, SalesforceMoreThanOneRecord

from simorg.clock import read_stamp
from simorg.transactions import Transaction
from tests.clients.soap import call_soap
from tests.simulated import Simulated

_PERSON = {"LastName": "Moss", "Company": "Moss Ltd"}
_UNKNOWN = [{"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}]
_DELETED = [{"message": "entity is deleted", "errorCode": "ENTITY_IS_DELETED", "fields": []}]


@pytest.fixture
def token(org: Simulated) -> str:
    return org.log_in()


def _make(org: Simulated, token: str, **values: Any) -> str:
    answer = org.call("POST", "/sobjects/Lead", token=token, json={**_PERSON, **values})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_the_life_of_a_record_in_simple_salesforce(sf: Salesforce) -> None:
    made: Any = sf.Lead.create({**_PERSON, "Email": "Ada@Moss.example"})
    assert made == {"id": made["id"], "success": True, "errors": []}
    assert sf.Lead.update(made["id"], {"Title": "CFO"}) == 204
    read: Any = sf.Lead.get(made["id"])
    assert (read["Id"], read["Name"], read["Title"], read["Email"]) == (made["id"], "Moss", "CFO", "ada@moss.example")
    assert sf.Lead.delete(made["id"]) == 204
    assert sf.query(f"SELECT Id FROM Lead WHERE Id = '{made['id']}'")["totalSize"] == 0
    gone = sf.query_all(f"SELECT IsDeleted FROM Lead WHERE Id = '{made['id']}'", include_deleted=True)
    assert gone["records"][0]["IsDeleted"] is True


def test_a_create_tells_where_the_record_is(org: Simulated, token: str) -> None:
    answer = org.call("POST", "/sobjects/lead/", token=token, json=_PERSON)
    record_id = answer.json()["id"]
    assert answer.status_code == 201
    assert len(record_id) == 18
    assert answer.headers["Location"] == f"/services/data/v64.0/sobjects/Lead/{record_id}"
    assert requests.get(
        org.url + answer.headers["Location"], headers={"Authorization": f"Bearer {token}"}, timeout=30
    ).ok


def test_refusals_of_simple_salesforce(sf: Salesforce) -> None:
    with pytest.raises(SalesforceMalformedRequest) as refused:
        sf.Lead.create({"LastName": "Moss"})
    assert refused.value.content == [
        {
            "message": "Required fields are missing: [Company]",
            "errorCode": "REQUIRED_FIELD_MISSING",
            "fields": ["Company"],
        }
    ]


def test_a_read_of_some_fields(org: Simulated, token: str) -> None:
    lead = _make(org, token, Title="CFO")
    answer = org.call("GET", f"/sobjects/Lead/{lead}?fields=title,Lead_Score__c", token=token)
    assert answer.json() == {
        "attributes": {"type": "Lead", "url": f"/services/data/v64.0/sobjects/Lead/{lead}"},
        "Title": "CFO",
        "Lead_Score__c": None,
        "Id": lead,
    }
    assert org.call("GET", f"/sobjects/Lead/{lead[:15]}", token=token).json()["Id"] == lead
    assert (
        org.call("GET", f"/sobjects/Lead/{lead}?fields=Colour", token=token).json()[0]["errorCode"] == "INVALID_FIELD"
    )


def test_deleted_and_unknown_records(org: Simulated, token: str) -> None:
    lead = _make(org, token)
    path = f"/sobjects/Lead/{lead}"
    assert org.call("DELETE", path, token=token).status_code == 204
    for method, options, expected in (
        ("GET", {}, _UNKNOWN),
        ("PATCH", {"json": {"Title": "x"}}, _DELETED),
        ("DELETE", {}, _DELETED),
    ):
        answer = org.call(method, path, token=token, **options)
        assert (answer.status_code, answer.json()) == (404, expected)
    for method in ("GET", "DELETE"):
        answer = org.call(method, "/sobjects/Lead/00QgK00000zzzzz", token=token)
        assert (answer.status_code, answer.json()) == (404, _UNKNOWN)


def test_a_malformed_id(org: Simulated, token: str) -> None:
    answer = org.call("PATCH", "/sobjects/Lead/00Q00000000000!AAA", token=token, json={"Title": "x"})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "MALFORMED_ID")
    assert answer.json()[0]["fields"] == ["Id"]


def test_the_id_does_not_belong_into_the_body(org: Simulated, token: str) -> None:
    lead = _make(org, token)
    answer = org.call("PATCH", f"/sobjects/Lead/{lead}", token=token, json={"Id": lead, "Title": "x"})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALID_FIELD")


@pytest.mark.parametrize("body", ["{", "[1]", '{"Title": NaN}', b"\xff"])
def test_what_is_not_json(org: Simulated, token: str, body: Any) -> None:
    answer = org.call("POST", "/sobjects/Lead", token=token, data=body)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")


def test_half_a_surrogate_pair_is_kept_as_a_question_mark(org: Simulated, token: str) -> None:
    body = '{"LastName": "a\\ud800b", "Company": "\\ud83d\\ude00"}'
    lead = org.call("POST", "/sobjects/Lead", token=token, data=body).json()["id"]
    read = org.call("GET", f"/sobjects/Lead/{lead}", token=token).json()
    assert (read["LastName"], read["Company"]) == ("a?b", "😀")


@pytest.mark.parametrize(("version", "status"), [("45.0", 204), ("46.0", 200), ("64.0", 200)])
def test_an_upsert_answers_by_version(org: Simulated, token: str, version: str, status: int) -> None:
    path = "/sobjects/Lead/Syncline_Id__c/p-1"
    created = org.call("PATCH", path, version=version, token=token, json=_PERSON)
    record_id = created.json()["id"]
    told = {"id": record_id, "success": True, "errors": []}
    tells = version != "45.0"
    assert (created.status_code, created.json()) == (201, {**told, "created": True} if tells else told)
    updated = org.call("PATCH", path, version=version, token=token, json={"Title": "CFO"})
    assert updated.status_code == status
    if tells:
        assert updated.json() == {**told, "created": False}
        assert updated.headers["Location"] == f"/services/data/v{version}/sobjects/Lead/{record_id}"
    else:
        assert updated.content == b""
    read = org.call("GET", path, token=token).json()
    assert (read["Id"], read["Title"], read["Syncline_Id__c"]) == (record_id, "CFO", "p-1")


def test_upserts_of_simple_salesforce(sf: Salesforce) -> None:
    assert sf.Lead.upsert("Syncline_Id__c/p-2", _PERSON) == 201
    assert sf.Lead.upsert("Syncline_Id__c/p-2", {"Title": "CEO"}) == 200
    read: Any = sf.Lead.get_by_custom_id("Syncline_Id__c", "P-2")
    assert read["Title"] == "CEO"


def test_an_upsert_that_only_updates(org: Simulated, token: str) -> None:
    answer = org.call("PATCH", "/sobjects/Lead/Syncline_Id__c/none?updateOnly=true", token=token, json=_PERSON)
    assert (answer.status_code, answer.json()) == (404, _UNKNOWN)


def test_what_cannot_be_a_key(org: Simulated, token: str) -> None:
    answer = org.call("PATCH", "/sobjects/Lead/Title/CFO", token=token, json=_PERSON)
    assert (answer.status_code, answer.json()) == (
        404,
        [
            {
                "message": "Provided external ID field does not exist or is not accessible: Title",
                "errorCode": "NOT_FOUND",
            }
        ],
    )
    body = {**_PERSON, "syncline_id__C": "p-3"}
    answer = org.call("PATCH", "/sobjects/Lead/Syncline_Id__c/p-3", token=token, json=body)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALID_FIELD")


def test_a_key_of_several_records(sf: Salesforce, org: Simulated, token: str) -> None:
    twins = [_make(org, token, Email="Twin@moss.example") for _ in range(2)]
    path = "/sobjects/Lead/Email/twin@MOSS.example"
    for method, options in (("GET", {}), ("PATCH", {"json": {"Title": "x"}}), ("DELETE", {})):
        answer = org.call(method, path, token=token, **options)
        assert answer.status_code == 300
        assert answer.json() == [f"/services/data/v64.0/sobjects/Lead/{twin}" for twin in twins]
    with pytest.raises(SalesforceMoreThanOneRecord):
        sf.Lead.get_by_custom_id("Email", "twin@moss.example")
    assert org.call("DELETE", f"/sobjects/Lead/{twins[0]}", token=token).status_code == 204
    assert org.call("GET", path, token=token).json()["Id"] == twins[1]


def test_a_create_without_a_key(org: Simulated, token: str) -> None:
    assert org.call("POST", "/sobjects/Lead/Id", token=token, json=_PERSON).status_code == 201


def test_an_upsert_sees_what_others_do_not_see_yet(org: Simulated, token: str) -> None:
    org.control("POST", "settings", {"commit_lag_ms": 3_600_000})
    try:
        statuses = [
            org.call("PATCH", "/sobjects/Lead/Email/lag@moss.example", token=token, json=_PERSON).status_code
            for _ in range(2)
        ]
    finally:
        org.control("POST", "settings", {"commit_lag_ms": 0})
    assert statuses == [201, 200]


def _overtake(
    org: Simulated, send: Callable[[], requests.Response], write: Callable[[Transaction], object]
) -> set[int]:
    """Statuses of eight requests that are all on their way when another writer, who came first, commits."""
    answers: list[requests.Response] = []
    threads = [threading.Thread(target=lambda: answers.append(send())) for _ in range(8)]
    with org.org.storage.transaction(org.org.users.logins["colleague"].user_id) as tx:
        before = org.org.requests_used
        for thread in threads:
            thread.start()
        give_up = time.monotonic() + 30
        while org.org.requests_used < before + len(threads) and time.monotonic() < give_up:
            time.sleep(0.001)
        assert org.org.requests_used == before + len(threads)
        write(tx)
    for thread in threads:
        thread.join()
    return {answer.status_code for answer in answers}


def test_an_upsert_finds_what_another_writer_just_made(org: Simulated, token: str) -> None:
    def send() -> requests.Response:
        return org.call("PATCH", "/sobjects/Lead/Email/race@moss.example", token=token, json=_PERSON)

    row = {**_PERSON, "Email": "race@moss.example"}
    assert _overtake(org, send, lambda tx: tx.insert("Lead", row)) == {200}


def test_a_condition_holds_against_a_writer_who_came_first(org: Simulated, token: str) -> None:
    lead = _make(org, token)
    seen = org.call("GET", f"/sobjects/Lead/{lead}", token=token).headers["Last-Modified"]
    org.org.clock.advance(10)

    def send() -> requests.Response:
        headers = {"If-Unmodified-Since": seen}
        return org.call("PATCH", f"/sobjects/Lead/{lead}", token=token, json={"Title": "late"}, headers=headers)

    assert _overtake(org, send, lambda tx: tx.update("Lead", lead, {"Title": "first"})) == {412}
    assert org.call("GET", f"/sobjects/Lead/{lead}", token=token).json()["Title"] == "first"


def test_conditions_on_the_last_change(org: Simulated, token: str) -> None:
    lead = _make(org, token)
    path = f"/sobjects/Lead/{lead}"
    seen = org.call("GET", path, token=token).headers["Last-Modified"]
    assert org.call("GET", path, token=token, headers={"If-Modified-Since": seen}).status_code == 304
    org.org.clock.advance(10)
    unchanged = {"If-Unmodified-Since": seen}
    assert org.call("PATCH", path, token=token, json={"Title": "x"}, headers=unchanged).status_code == 204
    answer = org.call("PATCH", path, token=token, json={"Title": "y"}, headers=unchanged)
    assert answer.status_code == 412
    read = org.call("GET", path, token=token, headers={"If-Modified-Since": seen})
    assert read.status_code == 200
    assert read.json()["Title"] == "x"
    assert read.headers["Last-Modified"] == format_datetime(
        read_stamp(read.json()["LastModifiedDate"].replace(".000+0000", "Z")), usegmt=True
    )
    wrong = {"If-Unmodified-Since": "yesterday"}
    assert org.call("PATCH", path, token=token, json={"Title": "z"}, headers=wrong).status_code == 400


@pytest.mark.parametrize(("header", "reassigned"), [({}, True), ({"Sforce-Auto-Assign": "false"}, False)])
def test_the_assignment_header(org: Simulated, token: str, header: dict[str, str], reassigned: bool) -> None:
    colleague = org.org.users.logins["colleague"].user_id
    lead = _make(org, token, LeadSource="Web")
    org.control("POST", "settings", {"assignment_source": "Web", "assignment_owner": colleague})
    try:
        assert org.call("PATCH", f"/sobjects/Lead/{lead}", token=token, json={"Title": "x"}, headers=header).ok
    finally:
        org.control("POST", "settings", {"assignment_source": None, "assignment_owner": None})
    owner = org.call("GET", f"/sobjects/Lead/{lead}", token=token).json()["OwnerId"]
    assert (owner == colleague) is reassigned


def test_a_conversion_bycall_soap(org: Simulated, token: str) -> None:
    lead = _make(org, token, Email="c@moss.example")
    asked = f"<leadConverts><leadId>{lead}</leadId><convertedStatus>Closed - Converted</convertedStatus></leadConverts>"
    status, body = call_soap(org, token, "convertLead", asked)
    (result,) = body["result"]
    assert (status, result["success"], result["leadId"]) == (200, ["true"], [lead])
    read = org.call("GET", f"/sobjects/Lead/{lead}", token=token).json()
    assert read["IsConverted"] is True
    assert [read["ConvertedContactId"]] == result["contactId"]
    assert len(read["ConvertedDate"]) == len("2026-01-02")
    answer = org.call("PATCH", f"/sobjects/Lead/{lead}", token=token, json={"Title": "x"})
    assert (answer.status_code, answer.json()) == (
        400,
        [{"message": "cannot reference converted lead", "errorCode": "CANNOT_UPDATE_CONVERTED_LEAD", "fields": []}],
    )
    again = call_soap(org, token, "convertLead", asked)[1]["result"][0]
    assert (again["success"], again["errors"][0]["statusCode"]) == (["false"], ["CANNOT_UPDATE_CONVERTED_LEAD"])


def test_a_merge_bycall_soap(org: Simulated, token: str) -> None:
    master, loser = _make(org, token), _make(org, token)
    asked = (
        f"<request><masterRecord><o:type>Lead</o:type><o:Id>{master}</o:Id><o:Title>CFO</o:Title></masterRecord>"
        f"<recordToMergeIds>{loser}</recordToMergeIds></request>"
    )
    (result,) = call_soap(org, token, "merge", asked)[1]["result"]
    assert (result["success"], result["id"], result["mergedRecordIds"]) == (["true"], [master], [loser])
    assert org.call("GET", f"/sobjects/Lead/{master}", token=token).json()["Title"] == "CFO"
    soql = f"SELECT IsDeleted, MasterRecordId FROM Lead WHERE Id = '{loser}'"
    (row,) = org.call("GET", "/queryAll", token=token, params={"q": soql}).json()["records"]
    assert (row["IsDeleted"], row["MasterRecordId"]) == (True, master)


def test_records_bycall_soap(org: Simulated, token: str) -> None:
    person = "<sObjects><o:type>Lead</o:type><o:LastName>S &amp; T</o:LastName><o:Company>C</o:Company></sObjects>"
    (made,) = call_soap(org, token, "create", person)[1]["result"]
    (lead,) = made["id"]
    change = f"<sObjects><o:type>Lead</o:type><o:fieldsToNull>Title</o:fieldsToNull><o:Id>{lead}</o:Id></sObjects>"
    assert call_soap(org, token, "update", change)[1]["result"][0]["success"] == ["true"]
    assert org.call("GET", f"/sobjects/Lead/{lead}", token=token).json()["LastName"] == "S & T"
    for operation, answered in (("delete", 404), ("undelete", 200)):
        assert call_soap(org, token, operation, f"<ids>{lead}</ids>")[1]["result"][0]["success"] == ["true"]
        assert org.call("GET", f"/sobjects/Lead/{lead}", token=token).status_code == answered


@pytest.mark.parametrize("together", [False, True])
def test_soap_writes_all_or_none_when_asked(org: Simulated, token: str, together: bool) -> None:
    header = "<AllOrNoneHeader><allOrNone>true</allOrNone></AllOrNoneHeader>" if together else ""
    good = "<sObjects><o:type>Lead</o:type><o:LastName>Good</o:LastName><o:Company>AoN</o:Company></sObjects>"
    bad = "<sObjects><o:type>Lead</o:type><o:LastName>Bad</o:LastName></sObjects>"
    results = call_soap(org, token, "create", good + bad, header)[1]["result"]
    assert [one["success"] for one in results] == [["false" if together else "true"], ["false"]]
    found = org.call("GET", "/query", token=token, params={"q": "SELECT Id FROM Lead WHERE Company = 'AoN'"}).json()
    assert found["totalSize"] == int(not together)
