"""Bulk query jobs: UploadComplete, InProgress, then JobComplete, Failed or Aborted; each in its own thread."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simorg import clock
from simorg.bulk.results import Aborted, Result, Results, render
from simorg.errors import ApiError
from simorg.ids import build_id
from simorg.org import INSTANCE, Org
from simorg.soql.csv_sql import CsvSelect

DELIMITERS = {"COMMA": ",", "TAB": "\t", "SEMICOLON": ";", "PIPE": "|", "CARET": "^", "BACKQUOTE": "`"}
LINE_ENDS = {"LF": "\n", "CRLF": "\r\n"}
ENDED = ("JobComplete", "Failed", "Aborted")


@dataclass
class Job:
    """One query job."""

    id: str
    operation: str
    query: str
    object_name: str
    created_by: str
    created: str
    version: float
    delimiter: str
    line_end: str
    select: CsvSelect
    state: str = "UploadComplete"
    changed: str = ""
    rows: int = 0
    retries: int = 0
    milliseconds: int = 0
    error: str = ""
    result: Result | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    def as_json(self) -> dict[str, object]:
        """The job as Salesforce shows it; what only a started job knows is left out before."""
        body: dict[str, object] = {
            "id": self.id,
            "operation": self.operation,
            "object": self.object_name,
            "createdById": self.created_by,
            "createdDate": stamp(self.created),
            "systemModstamp": stamp(self.changed or self.created),
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": self.version,
            "lineEnding": self.line_end,
            "columnDelimiter": self.delimiter,
        }
        if self.state != "UploadComplete":
            body |= {
                "jobType": "V2Query",
                "numberRecordsProcessed": self.rows,
                "retries": self.retries,
                "totalProcessingTime": self.milliseconds,
                "isPkChunkingSupported": True,
            }
        if self.error:
            body["errorMessage"] = self.error
        return body


class QueryJobs:
    """The query jobs of one org."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._results = Results(org.folder / "bulk")
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()

    def create(
        self, operation: str, query: str, select: CsvSelect, user_id: str, version: float, line_end: str, delimiter: str
    ) -> Job:
        """Takes a job and starts it."""
        with self._lock:
            job = Job(
                id=build_id("750", INSTANCE, next(self._org.job_numbers)),
                operation=operation,
                query=query,
                object_name=select.object_name,
                created_by=user_id,
                created=self._org.clock.stamp(),
                version=version,
                delimiter=delimiter,
                line_end=line_end,
                select=select,
            )
            self._jobs[job.id] = job
        threading.Thread(target=self._run, args=[job], daemon=True, name=f"bulk {job.id}").start()
        return job

    def find(self, job_id: str) -> Job:
        """A job.

        Raises:
            ApiError: 404, there is none.
        """
        job = self._jobs.get(job_id)
        if job is None:
            raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
        return job

    def listed(self) -> list[Job]:
        """All jobs, the newest first."""
        with self._lock:
            return list(reversed(self._jobs.values()))

    def abort(self, job: Job) -> None:
        """Ends a job before its time.

        Raises:
            ApiError: it has ended already.
        """
        with self._lock:
            if job.state in ENDED:
                message = f"Aborting already {'Completed' if job.state == 'JobComplete' else job.state} Job not allowed"
                raise ApiError(400, "INVALIDJOBSTATE", message)
            job.state, job.changed = "Aborted", self._org.clock.stamp()
            job.stop.set()

    def delete(self, job: Job) -> None:
        """Removes a job that has ended.

        Raises:
            ApiError: it has not.
        """
        with self._lock:
            if job.state not in ENDED:
                raise ApiError(400, "INVALIDJOBSTATE", "Can not delete a job that is not in a terminal state")
            self._jobs.pop(job.id, None)

    def clear(self) -> None:
        """Ends and forgets everything."""
        for job in self.listed():
            job.stop.set()
            job.ended.wait(30)
        with self._lock:
            self._jobs.clear()
        self._results.clear()

    def _run(self, job: Job) -> None:
        began = clock.tick()
        try:
            job.stop.wait(self._org.settings.bulk_delay)
            _raise_aborted(job)
            self._move(job, "InProgress")
            failure = self._org.faults.row_error(job.object_name, "bulkQuery")
            if failure:
                self._fail(job, f"{failure.code} : {failure.message}")
                return
            result = self._obtain(job)
            job.milliseconds = int((clock.tick() - began) * 1000)
            job.result, job.rows = result, result.rows
            self._move(job, "JobComplete")
        except Aborted:
            return
        except Exception as error:  # noqa: BLE001  # a job that cannot be finished says so, like every other outcome
            self._fail(job, f"InternalServerError : {error}")
        finally:
            self._org.storage.release_reader()
            job.ended.set()

    def _obtain(self, job: Job) -> Result:
        versions = tuple(self._org.storage.data_version(name) for name in sorted(job.select.objects_read))
        page_rows = self._org.settings.bulk_page_rows
        key = (job.select.statement, job.select.parameters, job.line_end, versions, page_rows)
        result = self._results.find(key)
        if result is None:
            end = LINE_ENDS[job.line_end].encode()
            folder = self._results.new_folder()

            def note(rows: int) -> None:
                job.rows = rows
                _raise_aborted(job)

            result = render(folder, job.select.header.encode() + end, self._lines(job, end), page_rows, note)
            self._results.keep(key, result, self._used)
        return result

    def _lines(self, job: Job, end: bytes) -> Iterator[bytes]:
        rows: Iterator[tuple[Any, ...]] = self._org.storage.read(job.select.statement, job.select.parameters)
        return (line + end for (line,) in rows)

    def _used(self) -> set[Path]:
        return {job.result.folder for job in self.listed() if job.result}

    def _move(self, job: Job, state: str) -> None:
        with self._lock:
            _raise_aborted(job)
            job.state, job.changed = state, self._org.clock.stamp()

    def _fail(self, job: Job, message: str) -> None:
        with self._lock:
            if not job.stop.is_set():
                job.state, job.error, job.changed = "Failed", message, self._org.clock.stamp()


def _raise_aborted(job: Job) -> None:
    if job.stop.is_set():
        raise Aborted


def stamp(stored: str) -> str:
    """A moment as jobs show it."""
    return stored[:-1] + ".000+0000"
