"""Bulk API 2.0 query jobs over REST (Bulk API 2.0 and Bulk API Developer Guide, "Query")."""

import base64
import binascii
import codecs

from simorg.bulk.jobs import DELIMITERS, LINE_ENDS, Job, QueryJobs
from simorg.errors import ApiError
from simorg.fidelity import say
from simorg.ids import read_number, to_18
from simorg.org import Org
from simorg.soql.csv_sql import csv_select
from simorg.wire.bulk_listing import list_jobs, require_job, sees_job
from simorg.wire.http import ApiRequest, ApiResponse, FileBody, Route, data
from simorg.wire.query import compile_for

_OPERATIONS = ("query", "queryAll")


def create(request: ApiRequest) -> ApiResponse:
    """POST /jobs/query: takes a query, which runs on its own."""
    asked = request.json_object()
    operation = str(asked.get("operation", ""))
    if operation not in _OPERATIONS:
        raise ApiError(400, "API_ERROR", say("bulk.invalid_operation", operation=operation))
    query = asked.get("query")
    if not isinstance(query, str) or not query.strip():
        raise ApiError(400, "API_ERROR", say("bulk.query_missing"))
    delimiter, line_end = str(asked.get("columnDelimiter", "COMMA")), str(asked.get("lineEnding", "LF"))
    if delimiter not in DELIMITERS or line_end not in LINE_ENDS or asked.get("contentType", "CSV") != "CSV":
        raise ApiError(400, "API_ERROR", say("bulk.invalid_format"))
    compiled = compile_for(request.org, query, all_rows=operation == "queryAll", user_id=request.user_id)
    select = csv_select(compiled, DELIMITERS[delimiter])
    jobs = jobs_of(request.org)
    job = jobs.create(operation, query, select, request.user_id, request.version, line_end, delimiter)
    return ApiResponse(200, job.as_json())


def listing(request: ApiRequest) -> ApiResponse:
    """GET /jobs/query: all jobs, page by page."""
    seen = [job for job in jobs_of(request.org).listed() if sees_job(request, job.created_by)]
    jobs = [(read_number(job.id), job.as_json()) for job in seen]
    return list_jobs(request, jobs, "V2Query")


def show(request: ApiRequest, job_id: str) -> ApiResponse:
    """GET /jobs/query/<id>: the job as it stands."""
    return ApiResponse(200, _find(request, job_id).as_json())


def change(request: ApiRequest, job_id: str) -> ApiResponse:
    """PATCH /jobs/query/<id>: aborts."""
    job = _find(request, job_id)
    if request.json_object().get("state") != "Aborted":
        raise ApiError(400, "INVALIDJOBSTATE", say("bulk.only_abort"))
    jobs_of(request.org).abort(job)
    return ApiResponse(200, job.as_json())


def delete(request: ApiRequest, job_id: str) -> ApiResponse:
    """DELETE /jobs/query/<id>."""
    jobs_of(request.org).delete(_find(request, job_id))
    return ApiResponse(204)


def results(request: ApiRequest, job_id: str) -> ApiResponse:
    """GET /jobs/query/<id>/results: one page as CSV; the locator of the next is in a header, `null` at the end."""
    job = _find(request, job_id, content=True)
    if job.version != request.version:
        raise ApiError(409, "API_ERROR", say("bulk.other_version", version=f"{job.version:.1f}"))
    if job.result is None or job.state != "JobComplete":
        raise ApiError(400, "INVALIDJOBSTATE", say("bulk.early_read", state=job.state))
    result = job.result
    start = _read_locator(request.args.get("locator", ""), result.rows)
    rows = min(_read_max(request.args.get("maxRecords")) or result.page_rows, result.rows - start)
    end = start + rows
    at = result.offset(start)
    header = _restyle(result.header, request.org.faults.csv_header(request.path))
    twin = result.twin(start, rows) if header == result.header else None
    body = FileBody(result.lines, at, result.offset(end) - at, twin, header)
    headers = {
        "Sforce-NumberOfRecords": str(rows),
        "Sforce-Locator": "null" if end >= result.rows else base64.b64encode(str(end).encode()).decode().rstrip("="),
    }
    return ApiResponse(200, body, "text/csv", headers)


def _restyle(header: bytes, style: str) -> bytes:
    """A header line in another form, as ordered."""
    if style == "bom":
        return codecs.BOM_UTF8 + header
    if style == "bare":
        return header.replace(b'"', b"")
    return header


def jobs_of(org: Org) -> QueryJobs:
    """The jobs of an org."""
    jobs = org.parts.get("query jobs")
    if not isinstance(jobs, QueryJobs):
        jobs = org.parts.setdefault("query jobs", QueryJobs(org))
        assert isinstance(jobs, QueryJobs)
    return jobs


def _find(request: ApiRequest, job_id: str, *, content: bool = False) -> Job:
    job = jobs_of(request.org).find(to_18(job_id) or job_id)
    require_job(request, job.created_by, content=content)
    return job


def _read_locator(locator: str, rows: int) -> int:
    if not locator or locator == "null":
        return 0
    try:
        start = int(base64.b64decode(locator + "=" * (-len(locator) % 4), validate=True))
    except (ValueError, binascii.Error):
        start = -1
    if not 0 <= start < max(rows, 1):
        raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
    return start


def _read_max(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ApiError(400, "API_ERROR", say("bulk.invalid_max_records", value=text))
    return int(text)


ROUTES = [
    Route(("POST",), data("/jobs/query"), create),
    Route(("GET",), data("/jobs/query"), listing),
    Route(("GET",), data("/jobs/query/<job_id>"), show),
    Route(("PATCH",), data("/jobs/query/<job_id>"), change),
    Route(("DELETE",), data("/jobs/query/<job_id>"), delete),
    Route(("GET",), data("/jobs/query/<job_id>/results"), results),
]
