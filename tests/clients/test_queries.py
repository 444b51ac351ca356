"""simple-salesforce queries, pages, describes, upserts and runs Bulk 2.0 queries, checked against the store itself."""

import csv
import io
from typing import Any

import pytest
import requests
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest, SalesforceResourceNotFound

from tests.clients.conftest import connect
from tests.simulated import Simulated

_FIELDS = ("Id", "Email", "LastName", "Company", "NumberOfEmployees", "AnnualRevenue", "IsConverted", "CreatedDate")


@pytest.fixture
def people(served_people: Simulated) -> Salesforce:
    """simple-salesforce on an org of 3,000 people."""
    return connect(served_people)


def _stored(served: Simulated, object_name: str) -> dict[str, dict[str, Any]]:
    rows = served.control("GET", f"export?objects={object_name}")[object_name]
    return {row["Id"]: row for row in rows if not row["IsDeleted"]}


def _same(record: dict[str, Any], row: dict[str, Any]) -> bool:
    created = row["CreatedDate"][:-1] + ".000+0000"
    wanted = {**row, "IsConverted": bool(row["IsConverted"]), "CreatedDate": created}
    return all(record[name] == wanted[name] for name in _FIELDS)


def test_all_pages_of_a_query_hold_what_is_stored(people: Salesforce, served_people: Simulated) -> None:
    stored = _stored(served_people, "Lead")
    records = list(people.query_all_iter(f"SELECT {', '.join(_FIELDS)} FROM Lead ORDER BY Id"))
    assert [one["Id"] for one in records] == sorted(stored)
    assert all(_same(one, stored[one["Id"]]) for one in records)


def test_a_page_tells_where_the_next_one_is(people: Salesforce, served_people: Simulated) -> None:
    first = people.query("SELECT Id FROM Contact", include_deleted=False)
    assert first["done"] is True
    small = served_people.call("GET", "/query", params={"q": "SELECT Id FROM Lead"}, token=people.session_id,
                               headers={"Sforce-Query-Options": "batchSize=200"}).json()  # fmt: skip
    assert len(small["records"]) == 200
    assert small["done"] is False
    assert small["nextRecordsUrl"].startswith("/services/data/v64.0/query/")
    assert small["nextRecordsUrl"].endswith("-200")
    seen = {one["Id"] for one in small["records"]}
    while not small["done"]:
        small = people.query_more(small["nextRecordsUrl"], identifier_is_url=True)
        seen |= {one["Id"] for one in small["records"]}
    assert seen == set(_stored(served_people, "Lead"))


def test_query_all_sees_the_deleted(people: Salesforce) -> None:
    living = people.query("SELECT COUNT() FROM Lead")["totalSize"]
    every = people.query("SELECT COUNT() FROM Lead", include_deleted=True)["totalSize"]
    merged = people.query_all("SELECT Id, MasterRecordId FROM Lead WHERE IsDeleted = true AND MasterRecordId != null",
                              include_deleted=True)  # fmt: skip
    assert every > living
    assert merged["totalSize"] > 0


def test_a_bulk_query_holds_what_is_stored(people: Salesforce, served_people: Simulated) -> None:
    stored = _stored(served_people, "Lead")
    pages = list(people.bulk2.Lead.query(f"SELECT {', '.join(_FIELDS)} FROM Lead", max_records=700))
    assert len(pages) == -(-len(stored) // 700)
    rows = [row for page in pages for row in csv.DictReader(io.StringIO(page))]
    assert {row["Id"] for row in rows} == set(stored)
    for row in rows:
        kept = stored[row["Id"]]
        assert row["Email"] == (kept["Email"] or "")
        assert row["LastName"] == kept["LastName"]
        assert row["Company"] == kept["Company"]
        assert row["IsConverted"] == ("true" if kept["IsConverted"] else "false")
        assert row["CreatedDate"] == kept["CreatedDate"][:-1] + ".000Z"
        assert (float(row["AnnualRevenue"]) if row["AnnualRevenue"] else None) == kept["AnnualRevenue"]


def test_an_empty_bulk_result_is_its_header(people: Salesforce) -> None:
    pages = list(people.bulk2.Lead.query("SELECT Id, Email FROM Lead WHERE LastName = 'nobody at all'"))
    assert "".join(pages).strip() == '"Id","Email"'


def test_the_states_of_a_job(org: Simulated) -> None:
    org.control("POST", "settings", {"bulk_delay": 600})
    token = org.log_in()

    def call(method: str, path: str, **how: Any) -> requests.Response:
        return org.call(method, f"/jobs/query{path}", token=token, **how)

    try:
        job = call("POST", "", json={"operation": "query", "query": "SELECT Id FROM Lead"}).json()
        assert (job["state"], job["apiVersion"], "jobType" in job) == ("UploadComplete", 64.0, False)
        early = call("GET", f"/{job['id']}/results")
        assert (early.status_code, early.json()[0]["errorCode"]) == (400, "INVALIDJOBSTATE")
        assert call("PATCH", f"/{job['id']}", json={"state": "Aborted"}).json()["state"] == "Aborted"
        again = call("PATCH", f"/{job['id']}", json={"state": "Aborted"})
        assert again.json()[0]["errorCode"] == "INVALIDJOBSTATE"
    finally:
        org.control("POST", "settings", {"bulk_delay": 0})
    done = call("POST", "", json={"operation": "query", "query": "SELECT Id FROM Lead"}).json()
    while (state := call("GET", f"/{done['id']}").json())["state"] != "JobComplete":
        assert state["state"] in ("UploadComplete", "InProgress")
    assert (state["jobType"], state["numberRecordsProcessed"]) == ("V2Query", 22)
    other = org.call("GET", f"/jobs/query/{done['id']}/results", token=token, version="63.0")
    assert other.status_code == 409
    page = call("GET", f"/{done['id']}/results", params={"maxRecords": 20})
    assert (page.headers["Sforce-NumberOfRecords"], len(page.text.splitlines())) == ("20", 21)
    rest = call("GET", f"/{done['id']}/results", params={"locator": page.headers["Sforce-Locator"]})
    assert (rest.headers["Sforce-NumberOfRecords"], rest.headers["Sforce-Locator"]) == ("2", "null")
    assert call("DELETE", f"/{done['id']}").status_code == 204
    assert call("GET", f"/{done['id']}").status_code == 404


def test_describe_of_a_new_org_hides_the_opt_out(sf: Salesforce) -> None:
    described = sf.Lead.describe()
    names = [field["name"] for field in described["fields"]]
    assert "HasOptedOutOfEmail" not in names
    assert {"Email", "IsConverted", "Lead_Score__c", "Syncline_Id__c"} <= set(names)
    with pytest.raises(SalesforceMalformedRequest, match="No such column 'HasOptedOutOfEmail'"):
        sf.query("SELECT HasOptedOutOfEmail FROM Lead")


def test_upsert_creates_once_and_updates_then(sf: Salesforce, org: Simulated) -> None:
    new = {"LastName": "Key", "Company": "Keyed", "Email": "Key@Example.com"}
    assert sf.Lead.upsert("Syncline_Id__c/abc-1", new) == 201
    assert sf.Lead.upsert("Syncline_Id__c/ABC-1", {"Title": "Chief"}) == 200
    (row,) = [row for row in _stored(org, "Lead").values() if row["Syncline_Id__c"] == "abc-1"]
    assert (row["Title"], row["Email"]) == ("Chief", "key@example.com")
    assert sf.Lead.get_by_custom_id("Syncline_Id__c", "abc-1")["Id"] == row["Id"]


def test_updated_and_deleted(sf: Salesforce, org: Simulated) -> None:
    lead = sf.query("SELECT Id FROM Lead LIMIT 1")["records"][0]["Id"]
    org.control("POST", "clock", {"advance": 3600})
    sf.Lead.update(lead, {"Title": "Moved"})
    other = sf.query(f"SELECT Id FROM Lead WHERE Id != '{lead}' LIMIT 1")["records"][0]["Id"]
    sf.Lead.delete(other)
    now = org.org.clock.now()
    span = {"start": f"{now:%Y-%m-%dT%H:%M:00}Z", "end": f"{now:%Y-%m-%dT%H:%M:59}Z"}
    token = org.log_in()
    assert org.call("GET", "/sobjects/Lead/updated", token=token, params=span).json()[0]["errorCode"] == (
        "INVALID_REPLICATION_DATE"
    )
    span["end"] = f"{now.replace(hour=23):%Y-%m-%dT%H:%M:59}Z" if now.hour < 23 else "2099-01-01T00:00:00Z"
    assert org.call("GET", "/sobjects/Lead/updated", token=token, params=span).json()["ids"] == [lead]
    deleted = org.call("GET", "/sobjects/Lead/deleted", token=token, params=span).json()
    assert [one["id"] for one in deleted["deletedRecords"]] == [other]


def test_what_is_not_there(sf: Salesforce) -> None:
    with pytest.raises(SalesforceResourceNotFound):
        sf.Lead.get("00Q000000000001AAA")
    with pytest.raises(SalesforceResourceNotFound):
        sf.restful("sobjects/Nothing__c/describe")


def test_versions_need_no_session_and_know_their_range(org: Simulated) -> None:
    versions = requests.get(f"{org.url}/services/data", timeout=30).json()
    assert versions[0] == {"label": "Summer '14", "url": "/services/data/v31.0", "version": "31.0"}
    assert (versions[-1]["version"], versions[-3]["label"]) == ("68.0", "Spring '26")
    assert org.call("GET", "/limits", version="30.0").status_code == 410
    assert org.call("GET", "/limits", version="99.0").status_code == 404


def test_every_answer_says_how_much_is_used(org: Simulated) -> None:
    answer = org.call("GET", "/limits")
    limits = answer.json()
    assert answer.headers["Sforce-Limit-Info"].endswith(f"/{limits['DailyApiRequests']['Max']}")
    assert limits["DailyBulkApiBatches"] == {"Max": 15000, "Remaining": 15000}
    assert len(limits) > 50


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/sobjects/Lead", b"{"),
        ("POST", "/sobjects/Lead", b"[" * 100_000),
        ("POST", "/composite", b'{"compositeRequest": 5}'),
        ("POST", "/jobs/query", b'{"operation": "query", "query": 5}'),
        ("PATCH", "/composite/sobjects", b'{"records": [5]}'),
        ("GET", "/query?q=%00%ff", b""),
        ("POST", "/sobjects/Lead", '{"LastName": "\ud800"}'.encode("utf-8", "surrogatepass")),
    ],
)
def test_hostile_requests_get_an_error_and_no_traceback(org: Simulated, method: str, path: str, body: bytes) -> None:
    answer = org.call(method, path, data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()[0]["errorCode"]


def test_an_xml_bomb_is_refused(org: Simulated) -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb">]><a>&b;</a>'
    answer = requests.post(f"{org.url}/services/Soap/u/64.0", bomb.encode(), timeout=30)
    assert answer.status_code == 500
    assert "document type is not allowed" in answer.text
