"""Bad days over HTTP: each does to a client what the catalogue says, and the mixture lets a correct client finish."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from simple_salesforce import Salesforce

from simorg import bad_days
from tests.clients import raw
from tests.clients.conftest import connect
from tests.clients.loading import Loader
from tests.simulated import Simulated

_SECONDS = 60


@pytest.fixture
def token(org: Simulated) -> str:
    return org.log_in()


@pytest.fixture(autouse=True)
def cleared(org: Simulated) -> Iterator[None]:
    """Fields that a test took away are back afterwards."""
    objects = org.org.schema.objects()
    yield
    bad_days.clear(org.org)
    for one in objects:
        org.org.schema.replace_object(one)


def _order(org: Simulated, name: str, **more: Any) -> None:
    org.control("POST", "faults", {"name": name, **more})


def _get(org: Simulated, token: str, path: str = "/limits", **options: Any) -> requests.Response:
    return org.call("GET", path, token=token, **options)


def _query(org: Simulated, token: str, soql: str) -> requests.Response:
    return _get(org, token, "/query", params={"q": soql})


@pytest.mark.parametrize(
    ("name", "status", "content_type", "begins"),
    [
        ("unavailable", 503, "application/json", '[{"message":"Server unavailable"'),
        ("unavailable-html", 503, "text/html", "<html>"),
        ("internal-error", 500, "application/json", '[{"message":"An unexpected'),
        ("status-420", 420, "text/html", "<html>"),
        ("status-406", 406, "", ""),
        ("not-json", 200, "text/html", "<html>"),
        ("empty-body", 200, "", ""),
        ("daily-limit", 403, "application/json", '[{"message":"TotalRequests Limit exceeded."'),
        ("concurrent-limit", 403, "application/json", '[{"message":"ConcurrentRequests'),
    ],
)
def test_answers_that_are_none(
    org: Simulated, token: str, name: str, status: int, content_type: str, begins: str
) -> None:
    _order(org, name, path="/limits")
    answer = _get(org, token)
    assert answer.status_code == status
    assert answer.headers.get("Content-Type", "").startswith(content_type)
    assert answer.text.startswith(begins)
    assert _get(org, token).status_code == 200
    (entry,) = (one for one in org.org.journal.entries() if one.fault)
    assert (entry.fault, entry.cost) == (name, 0)


def test_a_login_refused_without_a_word(org: Simulated) -> None:
    _order(org, "bare-oauth-error")
    answer = requests.post(f"{org.url}/services/oauth2/token", data={"grant_type": "password"}, timeout=_SECONDS)
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant"})


@pytest.mark.parametrize(("name", "made"), [("dropped-before", 0), ("dropped-after", 1)])
def test_connections_cut_around_a_write(org: Simulated, token: str, name: str, made: int) -> None:
    _order(org, name, operation="create", object_name="Account")
    with pytest.raises(requests.ConnectionError):
        org.call("POST", "/sobjects/Account", token=token, json={"Name": "Cut Ltd"})
    count = _query(org, token, "SELECT count() FROM Account WHERE Name = 'Cut Ltd'").json()["totalSize"]
    assert count == made


def test_an_upload_that_breaks_off(org: Simulated, token: str) -> None:
    job = org.call("POST", "/jobs/ingest", token=token, json={"object": "Lead", "operation": "insert"}).json()
    _order(org, "upload-interrupted", method="PUT")
    content = "LastName,Company\n" + "Moss,C\n" * 50_000
    with pytest.raises(requests.ConnectionError):
        org.call("PUT", f"/jobs/ingest/{job['id']}/batches", token=token, data=content)
    assert org.call("PUT", f"/jobs/ingest/{job['id']}/batches", token=token, data=content).status_code == 201
    assert any(entry.fault == "upload-interrupted" for entry in org.org.journal.entries(method="PUT"))


def test_an_answer_that_breaks_off(org: Simulated, token: str) -> None:
    _order(org, "truncated", path="/sobjects/Lead/describe")
    with pytest.raises(requests.RequestException):
        _get(org, token, "/sobjects/Lead/describe")


def test_a_session_that_ends_within_a_query_takes_its_pages_along(org: Simulated, token: str) -> None:
    org.org.settings.page_rows = 5
    other = org.log_in()
    try:
        first = _query(org, token, "SELECT Id FROM Lead").json()
        _order(org, "session-expired", path="/query/")
        ended = requests.get(
            org.url + first["nextRecordsUrl"], headers={"Authorization": f"Bearer {token}"}, timeout=60
        )
        assert ended.json() == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
        again = {"Authorization": f"Bearer {org.log_in()}"}
        gone = requests.get(org.url + first["nextRecordsUrl"], headers=again, timeout=_SECONDS)
        assert (gone.status_code, gone.json()[0]["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")
        assert _get(org, other).status_code == 200
    finally:
        org.org.settings.page_rows = 2_000


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("usage-header-absent", lambda header: header is None),
        ("usage-header-malformed", lambda header: header == "api-usage"),
        ("usage-header-per-app", lambda header: header.endswith("per-app-api-usage=17/250(appName=sample-app)")),
    ],
)
def test_usage_headers(org: Simulated, token: str, name: str, form: Callable[[str | None], bool]) -> None:
    _order(org, name)
    assert form(_get(org, token).headers.get("Sforce-Limit-Info"))
    assert _get(org, token).headers["Sforce-Limit-Info"].startswith("api-usage=")


def test_pages_shrink_and_nothing_is_lost(org: Simulated, token: str) -> None:
    everything = [one["Id"] for one in _query(org, token, "SELECT Id FROM Lead").json()["records"]]
    _order(org, "shrinking-pages", page_rows=[1, 4], seed=3)
    page = _query(org, token, "SELECT Id FROM Lead").json()
    sizes, found = [], []
    while True:
        sizes.append(len(page["records"]))
        found += [one["Id"] for one in page["records"]]
        if page["done"]:
            break
        page = org.call("GET", page["nextRecordsUrl"].removeprefix("/services/data/v64.0"), token=token).json()
    assert found == everything
    assert len(set(sizes)) > 1
    assert max(sizes) <= 4


def test_commits_show_in_another_order_than_they_were_made(org: Simulated, token: str) -> None:
    org.org.clock.freeze()
    _order(org, "commit-lag", lag_ms=[60_000, 60_000], times=1)
    for name in ("First Ltd", "Second Ltd"):
        org.call("POST", "/sobjects/Account", token=token, json={"Name": name})
    soql = "SELECT Name, SystemModstamp FROM Account WHERE Name IN ('First Ltd', 'Second Ltd') ORDER BY Name"
    assert [one["Name"] for one in _query(org, token, soql).json()["records"]] == ["Second Ltd"]
    org.org.clock.advance(61)
    seen = _query(org, token, soql).json()["records"]
    assert [one["Name"] for one in seen] == ["First Ltd", "Second Ltd"]
    assert seen[0]["SystemModstamp"] <= seen[1]["SystemModstamp"]


def test_stamps_are_tied(org: Simulated, token: str) -> None:
    org.org.clock.freeze()
    _order(org, "tied-stamps")
    for _ in range(3):
        org.call("POST", "/sobjects/Account", token=token, json={"Name": "Tied Ltd"})
        org.org.clock.advance(5)
    seen = _query(org, token, "SELECT SystemModstamp FROM Account WHERE Name = 'Tied Ltd'").json()["records"]
    assert len(seen) == 3
    assert len({one["SystemModstamp"] for one in seen}) == 1


def test_the_clock_is_ahead(org: Simulated, token: str) -> None:
    before = org.org.clock.now()
    _order(org, "clock-skew")
    assert _get(org, token).status_code == 200
    assert (org.org.clock.now() - before).total_seconds() >= 300


def test_a_field_goes_in_the_middle(org: Simulated, token: str) -> None:
    soql = "SELECT Id, Lead_Score__c FROM Lead LIMIT 1"
    _order(org, "field-renamed", object="Lead", field="Lead_Score__c", to="Points__c", skip=1)
    assert _query(org, token, soql).status_code == 200
    answer = _query(org, token, soql)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALID_FIELD")
    assert _query(org, token, "SELECT Points__c FROM Lead LIMIT 1").status_code == 200


def _run_query_job(org: Simulated, token: str) -> tuple[dict[str, Any], str]:
    asked = {"operation": "query", "query": "SELECT Id, Name FROM Lead"}
    job = org.call("POST", "/jobs/query", token=token, json=asked).json()
    until = time.monotonic() + _SECONDS
    while job["state"] not in ("JobComplete", "Failed") and time.monotonic() < until:
        job = _get(org, token, f"/jobs/query/{job['id']}").json()
    return job, _get(org, token, f"/jobs/query/{job['id']}/results").content.decode()


def test_bulk_jobs_fail_and_headers_differ(org: Simulated, token: str) -> None:
    _order(org, "bulk-query-failed")
    failed, _ = _run_query_job(org, token)
    assert (failed["state"], failed["errorMessage"]) == ("Failed", "InternalServerError : Retry your request.")
    _, plain = _run_query_job(org, token)
    _order(org, "bulk-header-bare")
    _, bare = _run_query_job(org, token)
    _order(org, "bulk-header-bom")
    _, marked = _run_query_job(org, token)
    assert plain.startswith('"Id","Name"\n')
    assert bare == plain.replace('"Id","Name"\n', "Id,Name\n", 1)
    assert marked == "\ufeff" + plain


def test_an_ingest_job_leaves_rows_unprocessed(org: Simulated, token: str) -> None:
    _order(org, "bulk-partial")
    job = org.call("POST", "/jobs/ingest", token=token, json={"object": "Lead", "operation": "insert"}).json()
    path = f"/jobs/ingest/{job['id']}"
    content = "LastName,Company\n" + "Moss,C\n" * 250
    org.call("PUT", f"{path}/batches", token=token, data=content, headers={"Content-Type": "text/csv"})
    org.call("PATCH", path, token=token, json={"state": "UploadComplete"})
    until = time.monotonic() + _SECONDS
    while job["state"] != "Failed" and time.monotonic() < until:
        job = _get(org, token, path).json()
    assert (job["state"], job["numberRecordsProcessed"]) == ("Failed", 100)
    assert len(_get(org, token, f"{path}/unprocessedrecords").text.splitlines()) == 151


def test_locked_records_fail_their_rows_and_no_job(org: Simulated, token: str) -> None:
    _order(org, "row-locked", times=None)
    job, _ = _run_query_job(org, token)
    assert job["state"] == "JobComplete"
    loader = Loader(org)
    ended = loader.run(b"LastName,Company\nOne,Locked\nTwo,Locked\n")
    assert (ended["state"], ended["numberRecordsFailed"]) == ("JobComplete", 2)
    failed = loader.rows(ended["id"], "failedResults")
    assert {row["sf__Error"].partition(":")[0] for row in failed} == {"UNABLE_TO_LOCK_ROW"}


def test_too_many_long_requests_are_told_from_the_daily_limit(org: Simulated, token: str) -> None:
    org.org.settings.concurrent_requests, org.org.settings.long_request_seconds = 1, 0.0
    with raw.connect(org.url) as plain:
        try:
            with org.org.storage.transaction():
                head = f"PATCH /services/data/v64.0/sobjects/Account/{_account(org)} HTTP/1.1\r\nHost: x\r\n"
                body = json.dumps({"Name": "Waits Ltd"})
                more = f"Authorization: Bearer {token}\r\nContent-Length: {len(body)}\r\n\r\n"
                plain.sendall((head + more + body).encode())
                refused = _wait_for_refusal(org, token)
            assert refused == [
                {
                    "message": "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
                    "errorCode": "REQUEST_LIMIT_EXCEEDED",
                }
            ]
            assert plain.recv(4_096).startswith(b"HTTP/1.1 204 ")
        finally:
            org.org.settings.concurrent_requests, org.org.settings.long_request_seconds = 25, 20.0
    assert _get(org, token).status_code == 200


def _account(org: Simulated) -> str:
    row = org.org.storage.read_one('SELECT "Id" FROM "Account" LIMIT 1')
    assert row is not None
    return str(row[0])


def _wait_for_refusal(org: Simulated, token: str) -> object:
    """What a request gets as soon as another is at work."""
    until = time.monotonic() + _SECONDS
    while time.monotonic() < until:
        answer = _get(org, token)
        if answer.status_code == 403:
            return answer.json()
    return None


class _Persistent:
    """A script as a careful person writes it: tries again, logs in again, and keeps keys of its own for its writes."""

    def __init__(self, org: Simulated) -> None:
        self._org = org
        self._client: Salesforce | None = None

    def run(self, work: Callable[[Salesforce], Any]) -> Any:
        """Does a step until it is done."""
        for _ in range(40):
            try:
                if self._client is None:
                    self._client = connect(self._org)
                return work(self._client)
            except Exception as error:  # noqa: BLE001  # whatever it was, it is tried again
                last = error
                if "INVALID_SESSION_ID" in str(error) or self._client is None:
                    self._client = None
        raise AssertionError("never done") from last


def _use_org(org: Simulated, people: int) -> list[str]:
    """Writes people by their own keys, changes them, reads all back: by records, by query and by Bulk."""
    script = _Persistent(org)
    for number in range(people):
        key = f"Syncline_Id__c/hostile-{number:03}"
        script.run(lambda sf, key=key, n=number: sf.Contact.upsert(key, {"LastName": f"Person {n:03}"}))
        script.run(lambda sf, key=key, n=number: sf.Contact.upsert(key, {"Title": f"Title {n:03}"}))
    soql = "SELECT Syncline_Id__c, LastName, Title FROM Contact WHERE Syncline_Id__c LIKE 'hostile-%' ORDER BY LastName"
    # Commits show late: what was written is there in the end.
    org.org.clock.advance(10)
    read = script.run(lambda sf: sf.query_all(soql))["records"]
    assert [one["Title"] for one in read] == [f"Title {number:03}" for number in range(people)]
    pages = script.run(lambda sf: list(sf.bulk2.Contact.query(soql)))
    assert sum(page.count("hostile-") for page in pages) == people
    return [entry.fault for entry in org.org.journal.entries() if entry.fault]


def test_a_correct_script_finishes_on_a_hostile_day(org: Simulated) -> None:
    org.control("POST", "faults", {"name": "hostile", "seed": 11})
    org.org.settings.page_rows = 7
    try:
        struck = _use_org(org, 25)
    finally:
        org.org.settings.page_rows = 2_000
    assert len(set(struck)) >= 3


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(10))
def test_a_correct_script_finishes_on_any_hostile_day(org: Simulated, seed: int) -> None:
    org.control("POST", "faults", {"name": "hostile", "seed": seed})
    assert len(set(_use_org(org, 150))) >= 5


def test_the_same_number_gives_the_same_day(org: Simulated) -> None:
    courses = []
    for _ in range(2):
        org.control("POST", "reset")
        org.control("POST", "faults", {"name": "hostile", "seed": 5})
        faults = org.org.faults
        paths = [f"/services/data/v64.0/query/{number}" for number in range(300)]
        courses.append([getattr(faults.for_request("GET", path), "name", "") for path in paths])
    assert courses[0] == courses[1]
    assert len(set(courses[0])) > 4
