"""Requests for Bulk ingest jobs over plain HTTP: what is refused, jobs with their data in one request, and the list."""

import json
from typing import Any

import pytest

from simorg.wire.bulk_ingest import jobs_of
from tests.clients.loading import Loader
from tests.simulated import Simulated

_ROWS = "LastName,Company\n" + "".join(f"Moss {i},Loaded\n" for i in range(6))
_KEYS = {
    "id", "operation", "object", "createdById", "createdDate", "systemModstamp", "state", "concurrencyMode",
    "contentType", "apiVersion", "lineEnding", "columnDelimiter",
}  # fmt: skip


@pytest.fixture
def loader(org: Simulated) -> Loader:
    return Loader(org)


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"operation": "merge"}, "API_ERROR", "Operation is not valid: merge"),
        ({"operation": None}, "API_ERROR", "Operation is not valid: None"),
        ({"object": "Nothing__c"}, "INVALIDJOB", "Unable to find object: Nothing__c"),
        ({"object": None}, "INVALIDJOB", "Unable to find object: None"),
        ({"columnDelimiter": "COLON"}, "API_ERROR", "contentType, columnDelimiter or lineEnding is not valid"),
        ({"lineEnding": "CR"}, "API_ERROR", "contentType, columnDelimiter or lineEnding is not valid"),
        ({"contentType": "JSON"}, "API_ERROR", "contentType, columnDelimiter or lineEnding is not valid"),
        ({"operation": "upsert"}, "INVALIDJOB", "externalIdFieldName is required for upsert"),
        ({"externalIdFieldName": "Id"}, "INVALIDJOB", "externalIdFieldName can only be specified for upsert"),
        (
            {"operation": "upsert", "externalIdFieldName": "Title"},
            "INVALIDJOB",
            "Field name provided, Title, does not match an External ID, Salesforce Id, or indexed field for Lead",
        ),
        ({"colour": "red"}, "JSON_PARSER_ERROR", 'Unrecognized field "colour"'),
        (
            {"assignmentRuleId": "00QgK0000000001"},
            "INVALIDJOB",
            "assignmentRuleId is not the id of a rule for Lead: 00QgK0000000001",
        ),
        (
            {"object": "Contact", "assignmentRuleId": "01QgK0000000001"},
            "INVALIDJOB",
            "assignmentRuleId is not the id of a rule for Contact: 01QgK0000000001",
        ),
        ({"object": "User", "operation": "delete"}, "INVALIDENTITY", "Entity 'User' is not supported by the Bulk API."),
        ({"object": "Profile"}, "INVALIDENTITY", "Entity 'Profile' is not supported by the Bulk API."),
        (
            {"operation": "hardDelete"},
            "FEATURENOTENABLED",
            "hardDelete operation requires special user profile permission, please contact your system administrator",
        ),
    ],
)
def test_jobs_that_are_refused(loader: Loader, changes: dict[str, Any], code: str, message: str) -> None:
    answer = loader.call("POST", json={"object": "Lead", "operation": "insert", **changes})
    assert (answer.status_code, answer.json()) == (400, [{"errorCode": code, "message": message}])
    assert loader.call("GET").json()["records"] == []


def test_versions_from_41_on_have_the_resource(loader: Loader) -> None:
    for version, status in (("40.0", 404), ("41.0", 200)):
        asked = {"object": "Lead", "operation": "insert"}
        assert loader.call("POST", version=version, json=asked).status_code == status


def test_all_jobs_are_listed_page_by_page(loader: Loader) -> None:
    jobs = jobs_of(loader.org.org)
    first = jobs.find(loader.create())
    created = {first.id} | {jobs.create(first.asked).id for _ in range(1_001)}
    page = loader.call("GET").json()
    assert (page["done"], len(page["records"])) == (False, 1_000)
    assert page["nextRecordsUrl"].startswith("/services/data/v64.0/jobs/ingest?queryLocator=01g")
    assert set(page["records"][0]) == {*_KEYS, "contentUrl", "jobType"}
    # What is made meanwhile does not shift the pages.
    loader.create()
    rest = loader.call("GET", page["nextRecordsUrl"].removeprefix("/services/data/v64.0/jobs/ingest")).json()
    assert (rest["done"], len(rest["records"]), rest["nextRecordsUrl"]) == (True, 2, None)
    assert {job["id"] for job in page["records"] + rest["records"]} == created
    wrong = loader.call("GET", "?queryLocator=1000")
    assert (wrong.status_code, wrong.json()[0]["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("", 1), ("jobType=V2Ingest", 1), ("jobType=Classic", 0), ("jobType=BigObjectIngest", 0),
        ("isPkChunkingEnabled=false", 1), ("isPkChunkingEnabled=true", 0), ("concurrencyMode=parallel", 1),
        ("concurrencyMode=serial", 0),
    ],
)  # fmt: skip
def test_filters_of_the_list(loader: Loader, query: str, number: int) -> None:
    loader.create()
    loader.org.call("POST", "/jobs/query", json={"operation": "query", "query": "SELECT Id FROM Lead"})
    answer = loader.call("GET", f"?{query}")
    assert (answer.status_code, len(answer.json()["records"])) == (200, number)


def test_a_job_type_that_there_is_not(loader: Loader) -> None:
    assert loader.call("GET", "?jobType=V3").status_code == 400


def _multipart(job: object, content: str, boundary: str = "BOUNDARY") -> bytes:
    return (
        f"--{boundary}\r\nContent-Type: application/json\r\nContent-Disposition: form-data; name=\"job\"\r\n\r\n"
        f"{json.dumps(job)}\r\n--{boundary}\r\nContent-Type: text/csv\r\n"
        f"Content-Disposition: form-data; name=\"content\"; filename=\"content\"\r\n\r\n{content}\r\n--{boundary}--\r\n"
    ).encode()  # fmt: skip


def _post_multipart(loader: Loader, body: bytes, boundary: str = '"BOUNDARY"') -> Any:
    kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return loader.call("POST", data=body, headers=kind)


def test_a_job_with_its_data_in_one_request(loader: Loader) -> None:
    answer = _post_multipart(loader, _multipart({"object": "Lead", "operation": "insert"}, _ROWS))
    job = answer.json()
    assert (answer.status_code, job["state"], set(job)) == (200, "UploadComplete", _KEYS)
    assert loader.wait(job["id"])["numberRecordsProcessed"] == 6
    assert len(loader.named("Loaded")) == 6


def test_a_request_in_parts_has_100_000_characters_of_data_at_most(loader: Loader) -> None:
    rows = "LastName,Company\n" + "Möss,Loaded\n" * 8_331
    rows += "x" * (100_000 - len(rows))
    job = {"object": "Lead", "operation": "insert"}
    too_long = _post_multipart(loader, _multipart(job, rows + "x"))
    assert (too_long.status_code, loader.call("GET").json()["records"]) == (400, [])
    assert _post_multipart(loader, _multipart(job, rows)).status_code == 200


@pytest.mark.parametrize(
    ("body", "boundary"),
    [
        (_multipart({"object": "Lead", "operation": "insert"}, _ROWS).replace(b'"content"', b'"data"'), "BOUNDARY"),
        (_multipart({"object": "Lead", "operation": "insert"}, _ROWS)[:-40], "BOUNDARY"),
        (_multipart({"object": "Lead", "operation": "insert"}, _ROWS), "OTHER"),
        (_multipart({"object": "Lead", "operation": "insert"}, _ROWS), '""'),
        (_multipart([], _ROWS), "BOUNDARY"),
        (b"", "BOUNDARY"),
    ],
)
def test_requests_in_parts_that_are_none(loader: Loader, body: bytes, boundary: str) -> None:
    answer = _post_multipart(loader, body, boundary)
    assert (answer.status_code, loader.call("GET").json()["records"]) == (400, [])
