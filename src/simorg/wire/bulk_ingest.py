"""Bulk API 2.0 ingest jobs over REST (Bulk API 2.0 and Bulk API Developer Guide, "Bulk API 2.0 Ingest")."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from simorg.bulk.ingest import OPERATIONS, Asked, IngestJob, IngestJobs
from simorg.bulk.jobs import DELIMITERS, ENDED, LINE_ENDS
from simorg.bulk.loading import FAILED, SUCCESSFUL
from simorg.errors import ApiError
from simorg.fidelity import say
from simorg.ids import to_18
from simorg.org import Org
from simorg.schema.registry import Field, ObjectType
from simorg.wire.bulk_listing import list_jobs, require_job, sees_job
from simorg.wire.http import ApiRequest, ApiResponse, FileBody, Route, data
from simorg.wire.multipart import read_parts

#: The first version with the resource, and the first that takes an assignment rule.
_FIRST, _FIRST_WITH_RULE = 41.0, 49.0
_MOST_MULTIPART = 100_000
_PROPERTIES = frozenset(
    {
        "assignmentRuleId", "columnDelimiter", "concurrencyMode", "contentType", "externalIdFieldName", "lineEnding",
        "object", "operation",
    }
)  # fmt: skip
_WITH_RULES = ("Lead", "Case")
_CSV = "text/csv"


def create(request: ApiRequest) -> ApiResponse:
    """POST /jobs/ingest: a new job; as multipart with its data, which starts it."""
    _require_version(request)
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        job = jobs_of(request.org).create(_read_job(request, request.json_object()))
        return ApiResponse(200, job.as_created())
    parts = read_parts(request)
    if set(parts) != {"job", "content"}:
        raise ApiError(400, "API_ERROR", say("bulk.multipart"))
    asked = _read_job(request, replace(request, body=parts["job"]).json_object())
    content = parts["content"]
    if len(content.decode("utf-8", "replace")) > _MOST_MULTIPART:
        raise ApiError(400, "API_ERROR", say("bulk.multipart_too_long", most=_MOST_MULTIPART))
    jobs = jobs_of(request.org)
    job = jobs.create(asked)
    jobs.upload(job, content)
    jobs.complete(job)
    # The job may be at work by now; the answer tells of its creation.
    return ApiResponse(200, replace(job, state="UploadComplete").as_created())


def listing(request: ApiRequest) -> ApiResponse:
    """GET /jobs/ingest: all jobs, page by page."""
    _require_version(request)
    seen = [job for job in jobs_of(request.org).listed() if sees_job(request, job.asked.user_id)]
    jobs = [(job.number, job.as_listed()) for job in seen]
    return list_jobs(request, jobs, "V2Ingest")


def show(request: ApiRequest, job_id: str) -> ApiResponse:
    """GET /jobs/ingest/<id>: the job as it stands."""
    return ApiResponse(200, _find(request, job_id).as_json())


def upload(request: ApiRequest, job_id: str) -> ApiResponse:
    """PUT /jobs/ingest/<id>/batches: the data of a job, all at once."""
    job = _find(request, job_id, content=True)
    if request.headers.get("content-type", _CSV).split(";")[0].strip().lower() != _CSV:
        raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", say("bulk.not_csv"))
    most = request.org.settings.bulk_upload_mb
    if -(-len(request.body) // 3) * 4 > most * 1024 * 1024:
        raise ApiError(413, "REQUEST_TOO_LARGE", say("bulk.too_large", most=most))
    jobs_of(request.org).upload(job, request.body)
    return ApiResponse(201)


def change(request: ApiRequest, job_id: str) -> ApiResponse:
    """PATCH /jobs/ingest/<id>: completes the upload, or aborts."""
    state = request.json_object().get("state")
    # Whoever completes a job has its rows written in the creator's name.
    job = _find(request, job_id, content=state == "UploadComplete")
    jobs = jobs_of(request.org)
    if state == "UploadComplete":
        jobs.complete(job)
        # The job may be at work by now; the answer tells of the change.
        return ApiResponse(200, replace(job, state="UploadComplete").as_created())
    if state != "Aborted":
        raise ApiError(400, "INVALIDJOBSTATE", say("bulk.invalid_state", state=state))
    jobs.abort(job)
    return ApiResponse(200, job.as_created())


def delete(request: ApiRequest, job_id: str) -> ApiResponse:
    """DELETE /jobs/ingest/<id>."""
    jobs_of(request.org).delete(_find(request, job_id))
    return ApiResponse(204)


def successful(request: ApiRequest, job_id: str) -> ApiResponse:
    """GET /jobs/ingest/<id>/successfulResults: what was written, with the id before each row."""
    return _show_results(_find_ended(request, job_id), SUCCESSFUL, "sf__Created")


def failed(request: ApiRequest, job_id: str) -> ApiResponse:
    """GET /jobs/ingest/<id>/failedResults: what was refused, with the error before each row."""
    return _show_results(_find_ended(request, job_id), FAILED, "sf__Error")


def unprocessed(request: ApiRequest, job_id: str) -> ApiResponse:
    """GET /jobs/ingest/<id>/unprocessedrecords: the rows that were left over, as they were sent."""
    job = _find_ended(request, job_id)
    size = job.data.stat().st_size if job.data.exists() else 0
    rest_at = job.progress.rest_at
    if not size:
        return _csv(b"")
    return _csv(FileBody(job.data, rest_at, size - rest_at, head=job.progress.header))


def jobs_of(org: Org) -> IngestJobs:
    """The jobs of an org."""
    jobs = org.parts.get("ingest jobs")
    if not isinstance(jobs, IngestJobs):
        jobs = org.parts.setdefault("ingest jobs", IngestJobs(org))
        assert isinstance(jobs, IngestJobs)
    return jobs


def _show_results(job: IngestJob, name: str, column: str) -> ApiResponse:
    path: Path = job.folder / name
    if not path.exists():
        head = f'"sf__Id"{DELIMITERS[job.asked.delimiter]}"{column}"{LINE_ENDS[job.asked.line_ending]}'
        return _csv(head.encode())
    return _csv(FileBody(path, 0, path.stat().st_size))


def _csv(body: object) -> ApiResponse:
    return ApiResponse(200, body, "text/csv")


def _require_version(request: ApiRequest) -> None:
    if request.version < _FIRST:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")


def _find(request: ApiRequest, job_id: str, *, content: bool = False) -> IngestJob:
    _require_version(request)
    job = jobs_of(request.org).find(to_18(job_id) or job_id)
    require_job(request, job.asked.user_id, content=content)
    return job


def _find_ended(request: ApiRequest, job_id: str) -> IngestJob:
    job = _find(request, job_id, content=True)
    if job.state not in ENDED:
        raise ApiError(400, "INVALIDJOBSTATE", say("bulk.early_read", state=job.state))
    # An aborted job ends its chunk first.
    job.ended.wait(30)
    return job


def _read_job(request: ApiRequest, asked: Mapping[str, Any]) -> Asked:
    """What a job is asked to do, by "Create a Job".

    Raises:
        ApiError: 400, it cannot be done.
    """
    for name in asked:
        if name not in _PROPERTIES:
            raise ApiError(400, "JSON_PARSER_ERROR", f'Unrecognized field "{name}"')
    operation = asked.get("operation")
    if operation not in OPERATIONS:
        raise ApiError(400, "API_ERROR", say("bulk.invalid_operation", operation=operation))
    delimiter, line_ending = asked.get("columnDelimiter") or "COMMA", asked.get("lineEnding") or "LF"
    if delimiter not in DELIMITERS or line_ending not in LINE_ENDS or asked.get("contentType", "CSV") != "CSV":
        raise ApiError(400, "API_ERROR", say("bulk.invalid_format"))
    one = _read_object(request, asked.get("object"), operation)
    return Asked(
        object=one,
        operation=operation,
        key=_read_key(one, operation, asked.get("externalIdFieldName")),
        delimiter=delimiter,
        line_ending=line_ending,
        assignment_rule=_read_rule(request, one, asked.get("assignmentRuleId")),
        user_id=request.user_id,
        version=request.version,
    )


def _read_object(request: ApiRequest, name: object, operation: str) -> ObjectType:
    one = request.view.find(name) if isinstance(name, str) else None
    if one is None:
        raise ApiError(400, "INVALIDJOB", say("bulk.unknown_object", object=name))
    # What the object takes; what the user may do to a record, each row tells.
    whole = request.org.schema.get(one.name)
    allowed = {
        "insert": whole.createable,
        "update": whole.updateable,
        "upsert": whole.createable and whole.updateable,
    }.get(operation, whole.deletable)
    if not allowed:
        raise ApiError(400, "INVALIDENTITY", say("bulk.unsupported_object", object=one.name))
    hard = request.org.settings.bulk_hard_delete or request.view.rights.allows("BulkApiHardDelete")
    if operation == "hardDelete" and not hard:
        raise ApiError(400, "FEATURENOTENABLED", say("bulk.hard_delete"))
    return one


def _read_key(one: ObjectType, operation: str, name: object) -> Field | None:
    if operation != "upsert":
        if name:
            raise ApiError(400, "INVALIDJOB", say("bulk.key_not_allowed"))
        return None
    if not name:
        raise ApiError(400, "INVALIDJOB", say("bulk.key_needed"))
    key = one.find(str(name))
    if key is None or not (key.external_id or key.id_lookup):
        raise ApiError(400, "INVALIDJOB", say("bulk.key_unknown", field=name, object=one.name))
    return key


def _read_rule(request: ApiRequest, one: ObjectType, value: object) -> str | None:
    """The rule to run. An org has one at most, so that any rule's id stands for it."""
    if not value:
        return None
    rule = to_18(value) if isinstance(value, str) and value.startswith("01Q") else None
    if rule is None or one.name not in _WITH_RULES or request.version < _FIRST_WITH_RULE:
        raise ApiError(400, "INVALIDJOB", say("bulk.assignment_rule", object=one.name, value=value))
    return rule


ROUTES = [
    Route(("POST",), data("/jobs/ingest"), create),
    Route(("GET",), data("/jobs/ingest"), listing),
    Route(("GET",), data("/jobs/ingest/<job_id>"), show),
    Route(("PATCH",), data("/jobs/ingest/<job_id>"), change),
    Route(("DELETE",), data("/jobs/ingest/<job_id>"), delete),
    Route(("PUT",), data("/jobs/ingest/<job_id>/batches"), upload),
    Route(("GET",), data("/jobs/ingest/<job_id>/successfulResults"), successful),
    Route(("GET",), data("/jobs/ingest/<job_id>/failedResults"), failed),
    Route(("GET",), data("/jobs/ingest/<job_id>/unprocessedrecords"), unprocessed),
    # Written so by a widespread client, and answered so.
    Route(("GET",), data("/jobs/ingest/<job_id>/unprocessedRecords"), unprocessed),
]
