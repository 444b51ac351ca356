"""Bulk API 2.0 ingest jobs: many rows of one object in one upload (Bulk API 2.0 Developer Guide, "Ingest").

Salesforce processes the rows in its own time and order, each for itself; the results are read back when the job has
ended. Headers do not reach a job: what needs one goes by collections.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from syncline import killpoints
from syncline.errors import RemoteRefused, RetryLater
from syncline.salesforce.bulk import ResultPage
from syncline.salesforce.client import Salesforce

_STATES_ENDED = frozenset({"JobComplete", "Failed", "Aborted"})


@dataclass(frozen=True)
class IngestJob:
    """An ingest job; `state`: Open, UploadComplete, InProgress, JobComplete, Failed, Aborted."""

    id: str
    state: str
    processed: int = 0
    failed: int = 0
    error_message: str = ""

    @property
    def ended(self) -> bool:
        """Nothing more happens to it, and its results can be read."""
        return self.state in _STATES_ENDED


class ResultKind(StrEnum):
    """The three results of a job; together they hold every row that was sent."""

    SUCCESSFUL = "successfulResults"
    FAILED = "failedResults"
    UNPROCESSED = "unprocessedrecords"


class BulkIngest:
    """The ingest jobs of an org."""

    def __init__(self, client: Salesforce) -> None:
        self._client = client

    def create(
        self,
        object_name: str,
        operation: str,
        external_id_field: str | None = None,
        *,
        assignment_rule: str | None = None,
    ) -> IngestJob:
        """Opens a job for CSV with commas and CRLF: under LF a lone CR inside a value fails the whole job.

        `assignment_rule`: the Id of the rule that Leads go through; without it they go through none.

        Raises:
            RemoteRefused: Bulk does not write this.
        """
        request = {"object": object_name, "operation": operation, "contentType": "CSV", "lineEnding": "CRLF"}
        if external_id_field:
            request["externalIdFieldName"] = external_id_field
        if assignment_rule:
            request["assignmentRuleId"] = assignment_rule
        killpoints.reach("remote.ingest_job.sending")
        # A job whose answer is lost stays open and empty, and does nothing: asking again is safe.
        body = self._client.json("bulk", "POST", self._path(), json=request)
        killpoints.reach("remote.ingest_job.answered")
        return _read_job(body)

    def upload(self, job_id: str, content: Callable[[], Iterable[bytes]]) -> None:
        """Uploads the rows of an open job; `content` gives the CSV in pieces, anew for each try."""
        headers = {"Content-Type": "text/csv; charset=UTF-8"}
        killpoints.reach("remote.upload.sending")
        with _settled_by_the_first_try():
            self._client.send("bulk", "PUT", self._path(job_id, "/batches"), headers=headers, content=content)
        killpoints.reach("remote.upload.answered")

    def complete(self, job_id: str) -> None:
        """Says that all rows are there: the job begins."""
        self._change(job_id, "UploadComplete")

    def abort(self, job_id: str) -> None:
        """Ends a job before its time, if it has not ended; what it wrote stays written."""
        self._change(job_id, "Aborted")

    def find(self, job_id: str) -> IngestJob | None:
        """A job as it stands; None where the org has forgotten it, as it does after seven days."""
        try:
            return _read_job(self._client.json("bulk", "GET", self._path(job_id)))
        except RemoteRefused as refused:
            if refused.status == 404:
                return None
            raise

    @contextmanager
    def result(self, job_id: str, kind: ResultKind) -> Iterator[ResultPage]:
        """Opens one of the results of an ended job: the columns as they were sent, with sf__Id and more before them.

        Raises:
            RetryLater: it did not come, or broke off.
        """
        with self._client.open_result(self._path(job_id, f"/{kind}")) as page:
            yield page

    def _change(self, job_id: str, state: str) -> None:
        killpoints.reach("remote.ingest_state.sending")
        with _settled_by_the_first_try():
            self._client.json("bulk", "PATCH", self._path(job_id), json={"state": state})
        killpoints.reach("remote.ingest_state.answered")

    def _path(self, job_id: str = "", part: str = "") -> str:
        return self._client.path(f"/jobs/ingest{f'/{job_id}' if job_id else ''}{part}")


@contextmanager
def _settled_by_the_first_try() -> Iterator[None]:
    """Where an answer was lost and the request had taken effect, the next try is told that the job is past that."""
    try:
        yield
    except RetryLater as problem:
        if problem.code != "INVALIDJOBSTATE":
            raise


def _read_job(body: dict[str, Any]) -> IngestJob:
    return IngestJob(
        id=body["id"],
        state=body["state"],
        processed=int(body.get("numberRecordsProcessed") or 0),
        failed=int(body.get("numberRecordsFailed") or 0),
        error_message=str(body.get("errorMessage") or ""),
    )
