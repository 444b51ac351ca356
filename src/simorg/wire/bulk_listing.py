"""The list of all Bulk jobs of a kind, page by page, newest first (Bulk API 2.0 Developer Guide, "Get Information About
All Ingest Jobs" and "Get Information About All Query Jobs"), and who sees a job.

A job is its creator's, and of whoever has the permission Manage Data Integrations ("How Requests Are Processed" says
that of aborting one). What it reads or wrote is what the creator sees: with that permission alone nobody gets it.
"""

from collections.abc import Sequence

from simorg.errors import ApiError
from simorg.fidelity import say
from simorg.ids import build_id
from simorg.org import INSTANCE
from simorg.wire.http import ApiRequest, ApiResponse

_PAGE = 1_000
_TYPES = ("BigObjectIngest", "Classic", "V2Ingest", "V2Query")


def list_jobs(request: ApiRequest, jobs: Sequence[tuple[int, dict[str, object]]], job_type: str) -> ApiResponse:
    """One page of jobs, each with its number, all of one type. A locator tells the number that the page begins below,
    so that jobs made or deleted meanwhile shift nothing.
    """
    args = request.args
    wanted = args.get("jobType")
    if wanted and wanted not in _TYPES:
        raise ApiError(400, "API_ERROR", say("bulk.invalid_job_type", value=wanted))
    fits = wanted in (None, "", job_type)
    fits = fits and args.get("isPkChunkingEnabled", "").lower() != "true"
    fits = fits and args.get("concurrencyMode", "parallel").lower() == "parallel"
    below = _read_locator(args["queryLocator"]) if args.get("queryLocator") else None
    found = [(number, job) for number, job in jobs if fits and (below is None or number < below)]
    page, done = found[:_PAGE], len(found) <= _PAGE
    next_url = None if done else f"{request.path.rstrip('/')}?queryLocator={_locate(page[-1][0])}"
    return ApiResponse(200, {"done": done, "records": [job for _, job in page], "nextRecordsUrl": next_url})


def sees_job(request: ApiRequest, created_by: str) -> bool:
    """Whether the user of a request may know of a job, abort and delete it."""
    return request.user_id == created_by or request.view.rights.allows("ManageDataIntegrations")


def require_job(request: ApiRequest, created_by: str, *, content: bool) -> None:
    """Refuses a job, or its content, to whom it is not for.

    Raises:
        ApiError: 404, as for a job that is not there.
    """
    if request.user_id == created_by:
        return
    every = "ModifyAllData" if content else "ManageDataIntegrations"
    if not sees_job(request, created_by) or not request.view.rights.allows(every):
        raise ApiError(404, "NOT_FOUND", say("bulk.foreign_job"))


def _locate(number: int) -> str:
    return f"{build_id('01g', INSTANCE, 1)}-{number}"


def _read_locator(locator: str) -> int:
    before, _, number = locator.rpartition("-")
    if before != build_id("01g", INSTANCE, 1) or not number.isascii() or not number.isdigit():
        raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
    return int(number)
