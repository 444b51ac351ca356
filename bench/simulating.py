"""How fast the simulated org is by itself: its start, Bulk results, ingest and single reads, over HTTP and TLS."""

import http.client
import json
import ssl
import time
from collections.abc import Iterator
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from bench.fields import API_VERSION
from bench.measure import BenchFailed
from bench.services import Org, prepare_org, serve_org

_SOQL = (
    "SELECT Id, FirstName, LastName, Email, Company, Title, Status, LeadSource, SystemModstamp, Lead_Score__c FROM Lead"
)
_READS = 1_000
_INGESTED = 20_000
_BLOCK = 1024 * 1024
_PATIENCE = 600.0


class _Line:
    """A kept connection to the org, with a session."""

    def __init__(self, org: Org, *, tls: bool) -> None:
        place = urlsplit(org.url).netloc
        self._headers = {"Authorization": f"Bearer {org.token()}", "Content-Type": "application/json"}
        if tls:
            context = ssl.create_default_context(cafile=org.ca_bundle)
            self._connection: http.client.HTTPConnection = http.client.HTTPSConnection(place, context=context)
        else:
            self._connection = http.client.HTTPConnection(place)

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> tuple[http.client.HTTPResponse, int]:
        """A request; gives the answer's head, and the length of its body, which is read and dropped."""
        answer = self._send(method, path, body, headers)
        return answer, sum(len(block) for block in iter(lambda: answer.read(_BLOCK), b""))

    def ask_json(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        """A request whose answer is JSON."""
        content = self._send(method, path, body, headers).read()
        return json.loads(content) if content else None

    def _send(self, method: str, path: str, body: object, headers: dict[str, str]) -> http.client.HTTPResponse:
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        path = f"/services/data/v{API_VERSION}/{path}"
        self._connection.request(method, path, content, {**self._headers, **headers})
        answer = self._connection.getresponse()
        if answer.status >= 400:
            raise BenchFailed(f"{method} {path} was answered with {answer.status}: {answer.read()[:200]!r}")
        return answer


def run_simulated(people: int, runs: int) -> dict[str, Any]:
    """Every figure is the median of the runs; the ingested rows are written to a copy of the org."""
    prepare_org(people)
    began = time.perf_counter()
    with serve_org(people, own_copy=True) as org:
        started = time.perf_counter() - began
        plain, secured = _Line(org, tls=False), _Line(org, tls=True)
        job, rows, rendering = _run_job(plain, "jobs/query", {"operation": "query", "query": _SOQL})
        figures: dict[str, Any] = {"rendered": rows / rendering}
        for name, line in (("http", plain), ("tls", secured)):
            for packed in (True, False):
                title = f"served_{name}_{'gzip' if packed else 'plain'}"
                figures[title] = rows / median(_download(line, job, packed=packed) for _ in range(runs))
            figures[f"reads_{name}"] = _READS / median(_read_records(line) for _ in range(runs))
        figures["ingested"] = _INGESTED / median(_ingest(plain) for _ in range(runs))
    return {"people": people, "leads": rows, "seconds_to_copy_and_start": started, "a_second": figures}


def print_simulated(summary: dict[str, Any]) -> None:
    """The figures as a table."""
    print(f"\n{summary['people']:,} people, of them {summary['leads']:,} Leads\n")
    print(f"{'copied and started after':<28}{summary['seconds_to_copy_and_start']:>14,.1f} s")
    for name, figure in summary["a_second"].items():
        print(f"{name.replace('_', ' '):<28}{figure:>14,.0f} a second")


def _run_job(line: _Line, path: str, asked: dict[str, Any]) -> tuple[str, int, float]:
    """A job from its start to its end: id, rows, seconds."""
    began = time.perf_counter()
    job = line.ask_json("POST", path, asked)
    return _await(line, path, job, began)


def _await(line: _Line, path: str, job: dict[str, Any], began: float) -> tuple[str, int, float]:
    while job["state"] != "JobComplete":
        if job["state"] in ("Failed", "Aborted") or time.perf_counter() - began > _PATIENCE:
            raise BenchFailed(f"the job {job['id']} came to {job['state']}: {job.get('errorMessage')}")
        time.sleep(0.02)
        job = line.ask_json("GET", f"{path}/{job['id']}")
    return job["id"], int(job["numberRecordsProcessed"]), time.perf_counter() - began


def _download(line: _Line, job: str, *, packed: bool) -> float:
    began, locator = time.perf_counter(), ""
    headers = {"Accept-Encoding": "gzip" if packed else "identity"}
    while locator != "null":
        answer, _ = line.ask("GET", f"jobs/query/{job}/results?locator={locator}", **headers)
        locator = answer.headers["Sforce-Locator"] or "null"
    return time.perf_counter() - began


def _read_records(line: _Line) -> float:
    found = line.ask_json("GET", f"query?q=SELECT+Id+FROM+Lead+LIMIT+{_READS}")["records"]
    ids = [str(one["Id"]) for one in found]
    began = time.perf_counter()
    for number in range(_READS):
        line.ask("GET", f"sobjects/Lead/{ids[number % len(ids)]}")
    return time.perf_counter() - began


def _ingest(line: _Line) -> float:
    job = line.ask_json("POST", "jobs/ingest", {"object": "Lead", "operation": "insert", "lineEnding": "LF"})
    content = "".join(_rows()).encode()
    line.ask("PUT", f"jobs/ingest/{job['id']}/batches", content, **{"Content-Type": "text/csv"})
    began = time.perf_counter()
    job = line.ask_json("PATCH", f"jobs/ingest/{job['id']}", {"state": "UploadComplete"})
    return _await(line, "jobs/ingest", job, began)[2]


def _rows() -> Iterator[str]:
    yield "FirstName,LastName,Company,Title,Phone,City,Country\n"
    for number in range(_INGESTED):
        yield f"Bench,Person {number},Bench Ltd {number % 97},Buyer,+44 20 {number:07},London,United Kingdom\n"
