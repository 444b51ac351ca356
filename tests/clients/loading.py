"""Short ways to drive Bulk ingest jobs by plain HTTP."""

import csv
import io
import time
from typing import Any

import requests

from tests.simulated import Simulated

CSV_HEADERS = {"Content-Type": "text/csv"}
ENDED = ("JobComplete", "Failed", "Aborted")


class Loader:
    """Ingest jobs of one org, as the integration user."""

    def __init__(self, org: Simulated) -> None:
        self.org = org
        self.token = org.log_in()

    def call(self, method: str, path: str = "", **how: Any) -> requests.Response:
        """A request below /jobs/ingest."""
        return self.org.call(method, f"/jobs/ingest{path}", token=self.token, **how)

    def create(
        self, object_name: str = "Lead", operation: str = "insert", *, version: str = "64.0", **more: Any
    ) -> str:
        """The id of a new job."""
        body = {"object": object_name, "operation": operation, **more}
        answer = self.call("POST", json=body, version=version)
        assert answer.status_code == 200, answer.text
        job_id: str = answer.json()["id"]
        return job_id

    def upload(self, job_id: str, data: str | bytes) -> requests.Response:
        """The data of a job."""
        content = data.encode() if isinstance(data, str) else data
        return self.call("PUT", f"/{job_id}/batches", data=content, headers=CSV_HEADERS)

    def change(self, job_id: str, state: str) -> requests.Response:
        """Another state for a job."""
        return self.call("PATCH", f"/{job_id}", json={"state": state})

    def info(self, job_id: str) -> dict[str, Any]:
        """The job as it stands."""
        answer = self.call("GET", f"/{job_id}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def start(self, data: str | bytes, object_name: str = "Lead", operation: str = "insert", **more: Any) -> str:
        """The id of a job that has its data and may run."""
        job_id = self.create(object_name, operation, **more)
        assert self.upload(job_id, data).status_code == 201
        assert self.change(job_id, "UploadComplete").status_code == 200
        return job_id

    def wait(self, job_id: str, *states: str) -> dict[str, Any]:
        """The job, once it is in one of these states, or has ended."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            job = self.info(job_id)
            if job["state"] in (states or ENDED):
                return job
            time.sleep(0.01)
        raise AssertionError(f"the job never came to {states or ENDED}")

    def run(
        self, data: str | bytes, object_name: str = "Lead", operation: str = "insert", **more: Any
    ) -> dict[str, Any]:
        """A job that has ended."""
        return self.wait(self.start(data, object_name, operation, **more))

    def text(self, job_id: str, which: str) -> str:
        """One of the results of a job, as it came."""
        answer = self.call("GET", f"/{job_id}/{which}")
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"] == "text/csv"
        return answer.content.decode()

    def rows(self, job_id: str, which: str) -> list[dict[str, str]]:
        """One of the results of a comma-separated job, row by row."""
        return list(csv.DictReader(io.StringIO(self.text(job_id, which), newline="")))

    def stored(self, object_name: str = "Lead") -> dict[str, dict[str, Any]]:
        """The records of an object as storage keeps them, by id, deleted ones too."""
        rows = self.org.control("GET", f"export?objects={object_name}")[object_name]
        return {row["Id"]: row for row in rows}

    def named(self, value: str, object_name: str = "Lead", field: str = "Company") -> list[dict[str, Any]]:
        """The records with a value, in the order of their ids."""
        return [row for _, row in sorted(self.stored(object_name).items()) if row[field] == value]
