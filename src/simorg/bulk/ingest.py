"""Bulk ingest jobs: Open, UploadComplete, InProgress, then JobComplete, Failed or Aborted; each runs in its own thread.

Source: Bulk API 2.0 Developer Guide, "Bulk API 2.0 Ingest". The data of a job and its results lie in files.
"""

import shutil
import threading
from dataclasses import dataclass, field
from pathlib import Path

from simorg import clock
from simorg.bulk.csv_input import BadInput
from simorg.bulk.jobs import DELIMITERS, ENDED, LINE_ENDS, stamp
from simorg.bulk.loading import Load, Progress, Stopped, Task
from simorg.errors import ApiError
from simorg.fidelity import say
from simorg.ids import build_id
from simorg.org import INSTANCE, Org
from simorg.schema.registry import Field, ObjectType

OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")
#: States in which a job can be deleted ("Delete a Job").
_DELETABLE = ("UploadComplete", *ENDED)


@dataclass(frozen=True)
class Asked:
    """What a job was created with."""

    object: ObjectType
    operation: str
    key: Field | None
    delimiter: str
    line_ending: str
    assignment_rule: str | None
    user_id: str
    version: float


@dataclass
class IngestJob:
    """One ingest job."""

    id: str
    number: int
    asked: Asked
    created: str
    folder: Path
    state: str = "Open"
    changed: str = ""
    error: str = ""
    milliseconds: int = 0
    active_milliseconds: int = 0
    uploaded: bool = False
    progress: Progress = field(default_factory=Progress)
    stop: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def data(self) -> Path:
        """The CSV as it was uploaded."""
        return self.folder / "data.csv"

    def as_created(self) -> dict[str, object]:
        """The job as the answers to its creation and to changes of its state show it."""
        asked = self.asked
        body: dict[str, object] = {
            "id": self.id,
            "operation": asked.operation,
            "object": asked.object.name,
            "createdById": asked.user_id,
            "createdDate": stamp(self.created),
            "systemModstamp": stamp(self.changed or self.created),
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": asked.version,
            "lineEnding": asked.line_ending,
            "columnDelimiter": asked.delimiter,
        }
        if self.state == "Open":
            body["contentUrl"] = f"services/data/v{asked.version:.1f}/jobs/ingest/{self.id}/batches"
        if asked.key:
            body["externalIdFieldName"] = asked.key.name
        if asked.assignment_rule:
            body["assignmentRuleId"] = asked.assignment_rule
        return body

    def as_listed(self) -> dict[str, object]:
        """The job in the list of all jobs."""
        return {**self.as_created(), "jobType": "V2Ingest"}

    def as_json(self) -> dict[str, object]:
        """Everything about the job ("Get Information About an Ingest Job")."""
        body = self.as_listed() | {
            "retries": 0,
            "totalProcessingTime": self.milliseconds,
            "apiActiveProcessingTime": self.active_milliseconds,
            "apexProcessingTime": 0,
        }
        if self.state != "Open":
            body["numberRecordsProcessed"] = self.progress.processed
            body["numberRecordsFailed"] = self.progress.failed
        if self.error:
            body["errorMessage"] = self.error
        return body


class IngestJobs:
    """The ingest jobs of one org."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._folder = org.folder / "ingest"
        self._jobs: dict[str, IngestJob] = {}
        self._lock = threading.Lock()

    def create(self, asked: Asked) -> IngestJob:
        """A new job, open for its data."""
        with self._lock:
            number = next(self._org.job_numbers)
            job_id = build_id("750", INSTANCE, number)
            job = IngestJob(job_id, number, asked, self._org.clock.stamp(), self._folder / f"job-{number}")
            job.folder.mkdir(parents=True)
            self._jobs[job.id] = job
        return job

    def find(self, job_id: str) -> IngestJob:
        """A job.

        Raises:
            ApiError: 404, there is none.
        """
        job = self._jobs.get(job_id)
        if job is None:
            raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
        return job

    def listed(self) -> list[IngestJob]:
        """All jobs, the newest first."""
        with self._lock:
            return list(reversed(self._jobs.values()))

    def upload(self, job: IngestJob, content: bytes) -> None:
        """Takes the data of a job, once.

        Raises:
            ApiError: it is not open, or has data already.
        """
        with self._lock:
            if job.state != "Open":
                raise ApiError(400, "INVALIDJOBSTATE", say("bulk.not_open", id=job.id, state=job.state))
            if job.uploaded:
                raise ApiError(400, "INVALIDJOBSTATE", say("bulk.second_upload", id=job.id))
            job.uploaded = True
        job.data.write_bytes(content)

    def complete(self, job: IngestJob) -> None:
        """Says that all data are there, and starts the job.

        Raises:
            ApiError: it is not open.
        """
        with self._lock:
            if job.state != "Open":
                raise ApiError(400, "INVALIDJOBSTATE", say("bulk.not_open", id=job.id, state=job.state))
            job.state, job.changed = "UploadComplete", self._org.clock.stamp()
        threading.Thread(target=self._run, args=[job], daemon=True, name=f"ingest {job.id}").start()

    def abort(self, job: IngestJob) -> None:
        """Ends a job before its time; what it has written stays.

        Raises:
            ApiError: it has ended already.
        """
        with self._lock:
            if job.state in ENDED:
                message = f"Aborting already {'Completed' if job.state == 'JobComplete' else job.state} Job not allowed"
                raise ApiError(400, "INVALIDJOBSTATE", message)
            never_ran = job.state == "Open"
            job.state, job.changed = "Aborted", self._org.clock.stamp()
            job.stop.set()
            if never_ran:
                job.ended.set()

    def delete(self, job: IngestJob) -> None:
        """Removes a job with its data and results.

        Raises:
            ApiError: it is open, or at work.
        """
        with self._lock:
            if job.state not in _DELETABLE:
                raise ApiError(400, "INVALIDJOBSTATE", say("bulk.not_deletable", state=job.state))
            job.stop.set()
            self._jobs.pop(job.id, None)
        job.ended.wait(30)
        shutil.rmtree(job.folder, ignore_errors=True)

    def clear(self) -> None:
        """Ends and forgets everything."""
        for job in self.listed():
            job.stop.set()
            if job.state != "Open":
                job.ended.wait(30)
        with self._lock:
            self._jobs.clear()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, job: IngestJob) -> None:
        began = clock.tick()
        try:
            job.stop.wait(self._org.settings.bulk_delay)
            self._move(job, "InProgress")
            started = clock.tick()
            try:
                self._load(job)
            finally:
                job.active_milliseconds = int((clock.tick() - started) * 1000)
                job.milliseconds = int((clock.tick() - began) * 1000)
            self._move(job, "JobComplete")
        except Stopped:
            return
        except BadInput as error:
            self._fail(job, str(error))
        except Exception as error:  # noqa: BLE001  # a job that cannot be finished says so, like every other outcome
            self._fail(job, f"InternalServerError : {error}")
        finally:
            self._org.storage.release_reader()
            job.ended.set()

    def _load(self, job: IngestJob) -> None:
        asked = job.asked
        if fault := self._org.faults.row_error(asked.object.name, "bulkIngest"):
            raise BadInput(f"{fault.code} : {fault.message}")
        task = Task(
            asked.object, asked.operation, asked.key, DELIMITERS[asked.delimiter], asked.line_ending,
            LINE_ENDS[asked.line_ending], asked.user_id, asked.version, auto_assign=asked.assignment_rule is not None,
            assignment_rule=asked.assignment_rule,
        )  # fmt: skip
        Load(self._org, task, job.folder, job.progress, job.stop, seed=job.number).run(job.data)

    def _move(self, job: IngestJob, state: str) -> None:
        with self._lock:
            if job.stop.is_set():
                raise Stopped
            job.state, job.changed = state, self._org.clock.stamp()

    def _fail(self, job: IngestJob, message: str) -> None:
        with self._lock:
            if not job.stop.is_set():
                job.state, job.error, job.changed = "Failed", message, self._org.clock.stamp()
