"""Bulk ingest jobs over plain HTTP: their states, what they tell of themselves, and how they end."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.clients.loading import CSV_HEADERS, Loader
from tests.simulated import Simulated

_ROWS = "LastName,Company\n" + "".join(f"Moss {i},Loaded\n" for i in range(6))
_NEW_KEYS = {
    "id", "operation", "object", "createdById", "createdDate", "systemModstamp", "state", "concurrencyMode",
    "contentType", "apiVersion", "lineEnding", "columnDelimiter",
}  # fmt: skip
_TIMES = {"retries", "totalProcessingTime", "apiActiveProcessingTime", "apexProcessingTime"}
_COUNTS = {"numberRecordsProcessed", "numberRecordsFailed"}


@pytest.fixture
def loader(org: Simulated) -> Loader:
    return Loader(org)


@contextlib.contextmanager
def _settings(org: Simulated, **changes: Any) -> Iterator[None]:
    before = org.control("GET", "settings")
    org.control("POST", "settings", changes)
    try:
        yield
    finally:
        org.control("POST", "settings", {name: before[name] for name in changes})


def test_a_new_job_is_open_for_its_data(loader: Loader) -> None:
    answer = loader.call("POST", json={"object": "lead", "operation": "insert"})
    job = answer.json()
    assert answer.status_code == 200
    assert set(job) == {*_NEW_KEYS, "contentUrl"}
    assert job["id"].startswith("750")
    assert job["contentUrl"] == f"services/data/v64.0/jobs/ingest/{job['id']}/batches"
    assert job["createdById"] == loader.org.org.users.logins["integration"].user_id
    assert job["createdDate"] == job["systemModstamp"]
    assert {name: job[name] for name in _NEW_KEYS - {"id", "createdById", "createdDate", "systemModstamp"}} == {
        "operation": "insert", "object": "Lead", "state": "Open", "concurrencyMode": "Parallel", "contentType": "CSV",
        "apiVersion": 64.0, "lineEnding": "LF", "columnDelimiter": "COMMA",
    }  # fmt: skip
    info = loader.info(job["id"])
    assert set(info) == {*job, *_TIMES, "jobType"}
    assert info["jobType"] == "V2Ingest"


def test_what_a_job_was_created_with_is_shown(loader: Loader) -> None:
    asked = {
        "object": "Lead", "operation": "upsert", "externalIdFieldName": "syncline_id__c", "columnDelimiter": "PIPE",
        "lineEnding": "CRLF", "contentType": "CSV", "assignmentRuleId": "01QgK0000000001",
    }  # fmt: skip
    job = loader.call("POST", json=asked).json()
    assert job["assignmentRuleId"][:15] == "01QgK0000000001"
    assert {name: job[name] for name in asked if name != "assignmentRuleId"} == {
        **{name: value for name, value in asked.items() if name != "assignmentRuleId"},
        "externalIdFieldName": "Syncline_Id__c",
    }


def test_the_life_of_a_job(loader: Loader) -> None:
    job_id = loader.create()
    uploaded = loader.upload(job_id, _ROWS)
    assert (uploaded.status_code, uploaded.content) == (201, b"")
    assert loader.info(job_id)["state"] == "Open"
    closed = loader.change(job_id, "UploadComplete")
    assert (closed.status_code, closed.json()["state"]) == (200, "UploadComplete")
    assert set(closed.json()) == _NEW_KEYS
    job = loader.wait(job_id)
    assert set(job) == {*_NEW_KEYS, *_TIMES, *_COUNTS, "jobType"}
    assert (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"]) == ("JobComplete", 6, 0)
    assert job["totalProcessingTime"] >= job["apiActiveProcessingTime"] >= job["apexProcessingTime"] == 0
    assert len(loader.named("Loaded")) == 6
    deleted = loader.call("DELETE", f"/{job_id}")
    assert (deleted.status_code, deleted.content) == (204, b"")
    for path in ("", "/successfulResults", "/failedResults", "/unprocessedrecords"):
        gone = loader.call("GET", f"/{job_id}{path}")
        assert (gone.status_code, gone.json()[0]["errorCode"]) == (404, "NOT_FOUND")
    assert not list((loader.org.org.folder / "ingest").iterdir())


def test_data_are_taken_once(loader: Loader) -> None:
    job_id = loader.create()
    assert loader.upload(job_id, _ROWS).status_code == 201
    again = loader.upload(job_id, "LastName,Company\nOther,Loaded twice\n")
    assert (again.status_code, again.json()[0]["errorCode"]) == (400, "INVALIDJOBSTATE")
    assert again.json()[0]["message"].startswith(f"Found multiple contents for job: <{job_id}>")
    loader.change(job_id, "UploadComplete")
    assert loader.wait(job_id)["numberRecordsProcessed"] == 6
    late = loader.upload(job_id, _ROWS)
    assert (late.status_code, late.json()[0]["errorCode"]) == (400, "INVALIDJOBSTATE")
    assert not loader.named("Loaded twice")


def test_data_that_are_no_csv_or_too_large(loader: Loader) -> None:
    job_id = loader.create()
    wrong = loader.call("PUT", f"/{job_id}/batches", data=b"{}", headers={"Content-Type": "application/json"})
    assert (wrong.status_code, wrong.json()[0]["errorCode"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
    with _settings(loader.org, bulk_upload_mb=4 / 1024 / 1024):
        # Three bytes are four as base64, a fourth makes them eight.
        assert loader.upload(job_id, "Nam").status_code == 201
        larger = loader.upload(loader.create(), "Name")
        assert (larger.status_code, larger.json()[0]["errorCode"]) == (413, "REQUEST_TOO_LARGE")


def test_a_waiting_job_can_be_aborted_and_deleted(loader: Loader) -> None:
    with _settings(loader.org, bulk_delay=600):
        job_id = loader.start(_ROWS)
        assert loader.info(job_id)["state"] == "UploadComplete"
        assert loader.info(job_id)["numberRecordsProcessed"] == 0
        for which in ("successfulResults", "failedResults", "unprocessedrecords"):
            early = loader.call("GET", f"/{job_id}/{which}")
            assert (early.status_code, early.json()[0]["errorCode"]) == (400, "INVALIDJOBSTATE")
        aborted = loader.change(job_id, "Aborted")
        assert (aborted.status_code, aborted.json()["state"]) == (200, "Aborted")
        assert loader.text(job_id, "unprocessedrecords") == _ROWS
        assert loader.text(job_id, "successfulResults") == '"sf__Id","sf__Created"\n'
        assert loader.text(job_id, "failedResults") == '"sf__Id","sf__Error"\n'
        waiting = loader.start(_ROWS)
        assert loader.call("DELETE", f"/{waiting}").status_code == 204
    assert not loader.named("Loaded")


def test_an_aborted_job_keeps_what_it_wrote_and_tells_the_rest(loader: Loader) -> None:
    with _settings(loader.org, bulk_batch_rows=1, bulk_batch_delay=0.2):
        job_id = loader.start(_ROWS)
        while not (job := loader.wait(job_id, "InProgress"))["numberRecordsProcessed"]:
            assert set(job) == {*_NEW_KEYS, *_TIMES, *_COUNTS, "jobType"}
        at_work = loader.call("DELETE", f"/{job_id}")
        assert (at_work.status_code, at_work.json()[0]["errorCode"]) == (400, "INVALIDJOBSTATE")
        assert loader.change(job_id, "Aborted").json()["state"] == "Aborted"
    written = [row["LastName"] for row in loader.rows(job_id, "successfulResults")]
    left = [row["LastName"] for row in loader.rows(job_id, "unprocessedrecords")]
    assert 0 < len(written) < 6
    assert written + left == [f"Moss {i}" for i in range(6)]
    assert [row["LastName"] for row in loader.named("Loaded")] == written
    assert loader.info(job_id)["numberRecordsProcessed"] == len(written)


def test_an_open_job_is_not_deleted_but_aborted(loader: Loader) -> None:
    job_id = loader.create()
    refused = loader.call("DELETE", f"/{job_id}")
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, "INVALIDJOBSTATE")
    assert loader.change(job_id, "Aborted").json()["state"] == "Aborted"
    nothing = loader.call("GET", f"/{job_id}/unprocessedrecords")
    assert (nothing.status_code, nothing.content) == (200, b"")
    assert loader.call("DELETE", f"/{job_id}").status_code == 204


@pytest.mark.parametrize(
    ("end", "state", "message"),
    [
        ("UploadComplete", "Aborted", "Aborting already Completed Job not allowed"),
        ("Aborted", "Aborted", "Aborting already Aborted Job not allowed"),
    ],
)
def test_what_has_ended_cannot_be_aborted(loader: Loader, end: str, state: str, message: str) -> None:
    job_id = loader.create()
    loader.upload(job_id, _ROWS)
    loader.change(job_id, end)
    loader.wait(job_id)
    refused = loader.change(job_id, state)
    assert (refused.status_code, refused.json()) == (400, [{"errorCode": "INVALIDJOBSTATE", "message": message}])


@pytest.mark.parametrize("state", ["JobComplete", "Open", "InProgress", "", None])
def test_other_states_cannot_be_asked_for(loader: Loader, state: str) -> None:
    job_id = loader.create()
    refused = loader.change(job_id, state)
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, "INVALIDJOBSTATE")
    assert loader.info(job_id)["state"] == "Open"


def test_a_completed_upload_is_not_completed_again(loader: Loader) -> None:
    job_id = loader.start(_ROWS)
    again = loader.change(job_id, "UploadComplete")
    assert (again.status_code, again.json()[0]["errorCode"]) == (400, "INVALIDJOBSTATE")
    loader.wait(job_id)
    assert len(loader.named("Loaded")) == 6


@pytest.mark.parametrize("data", [None, "", "\n\n"])
def test_a_job_without_data_fails(loader: Loader, data: str | None) -> None:
    job_id = loader.create()
    if data is not None:
        assert loader.upload(job_id, data).status_code == 201
    loader.change(job_id, "UploadComplete")
    job = loader.wait(job_id)
    assert (job["state"], job["errorMessage"]) == ("Failed", "InvalidBatch : Records not found")


def test_a_job_of_a_header_alone_is_complete(loader: Loader) -> None:
    job = loader.run("LastName,Company\n")
    assert (job["state"], job["numberRecordsProcessed"]) == ("JobComplete", 0)
    assert loader.text(job["id"], "successfulResults") == '"sf__Id","sf__Created","LastName","Company"\n'
    assert loader.text(job["id"], "failedResults") == '"sf__Id","sf__Error","LastName","Company"\n'
    assert loader.text(job["id"], "unprocessedrecords") == "LastName,Company\n"


def test_a_job_that_fails_on_order(loader: Loader) -> None:
    loader.org.control("POST", "faults", {"operation": "bulkIngest", "row_code": "TooManyLockFailure"})
    job = loader.run(_ROWS)
    assert (job["state"], job["errorMessage"]) == ("Failed", "TooManyLockFailure : TooManyLockFailure")
    assert loader.text(job["id"], "unprocessedrecords") == _ROWS
    assert not loader.named("Loaded")
    assert loader.run(_ROWS)["state"] == "JobComplete"


def test_a_job_that_fails_between_two_batches_keeps_the_first(loader: Loader) -> None:
    loader.org.control("POST", "faults", {"operation": "bulkBatch", "skip": 2, "row_code": "Timeout"})
    with _settings(loader.org, bulk_batch_rows=2):
        job = loader.run(_ROWS)
    assert (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"]) == ("Failed", 4, 0)
    assert [row["LastName"] for row in loader.rows(job["id"], "successfulResults")] == [f"Moss {i}" for i in range(4)]
    assert loader.text(job["id"], "unprocessedrecords") == "LastName,Company\nMoss 4,Loaded\nMoss 5,Loaded\n"
    assert len(loader.named("Loaded")) == 4


def test_a_row_that_fails_on_order_leaves_the_others(loader: Loader) -> None:
    fault = {"operation": "create", "skip": 1, "times": 2, "row_code": "UNABLE_TO_LOCK_ROW", "row_message": "locked"}
    loader.org.control("POST", "faults", fault)
    job = loader.run(_ROWS)
    assert (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"]) == ("JobComplete", 6, 2)
    failed = loader.rows(job["id"], "failedResults")
    assert [(row["LastName"], row["sf__Error"]) for row in failed] == [
        ("Moss 1", "UNABLE_TO_LOCK_ROW:locked:--"),
        ("Moss 2", "UNABLE_TO_LOCK_ROW:locked:--"),
    ]


def test_results_in_another_order(loader: Loader) -> None:
    data = "LastName,Company\n" + "".join(f"{i:03},{'Loaded' if i % 2 else ''}\n" for i in range(300))
    with _settings(loader.org, bulk_shuffle=True):
        job = loader.run(data)
    for which, rest in (("successfulResults", 1), ("failedResults", 0)):
        names = [row["LastName"] for row in loader.rows(job["id"], which)]
        sent = [f"{i:03}" for i in range(300) if i % 2 == rest]
        assert sorted(names) == sent
        assert names != sent


def test_the_ids_of_jobs_differ_whatever_their_kind(loader: Loader) -> None:
    query = {"operation": "query", "query": "SELECT Id FROM Lead"}
    ids = []
    for _ in range(3):
        ids += [loader.create(), loader.org.call("POST", "/jobs/query", json=query).json()["id"]]
    assert len(set(ids)) == 6


def test_each_request_counts_as_one_call(loader: Loader) -> None:
    loader.org.control("DELETE", "journal")
    answer = loader.call("POST", json={"object": "Lead", "operation": "insert"})
    used, allowed = answer.headers["Sforce-Limit-Info"].removeprefix("api-usage=").split("/")
    assert int(allowed) > int(used) > 0
    job_id = answer.json()["id"]
    assert loader.upload(job_id, _ROWS).headers["Sforce-Limit-Info"] == f"api-usage={int(used) + 1}/{allowed}"
    loader.change(job_id, "UploadComplete")
    loader.call("GET", f"/{job_id}/nothing")
    entries = loader.org.control("GET", "journal?path=/jobs/ingest")
    assert [(one["method"], one["status"], one["cost"]) for one in entries] == [
        ("POST", 200, 1), ("PUT", 201, 1), ("PATCH", 200, 1), ("GET", 404, 0),
    ]  # fmt: skip
    loader.wait(job_id)


def test_results_are_served_as_gzip(loader: Loader) -> None:
    job = loader.run(_ROWS)
    answer = loader.call("GET", f"/{job['id']}/successfulResults", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(answer.text.splitlines()) == 7


def test_a_reset_forgets_jobs(loader: Loader) -> None:
    loader.run(_ROWS)
    loader.org.control("POST", "reset")
    again = Loader(loader.org)
    assert again.call("GET").json()["records"] == []
    assert again.call("PUT", "/750gK0000000001/batches", data=b"x", headers=CSV_HEADERS).status_code == 404
