"""Bulk API 2.0 query jobs and their result pages (Bulk API 2.0 Developer Guide, Query)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from syncline.salesforce.transport import Stream


@dataclass(frozen=True)
class BulkJob:
    """A query job; `state` as Salesforce spells it: UploadComplete, InProgress, JobComplete, Failed, Aborted."""

    id: str
    state: str
    object: str
    api_version: str
    records_processed: int
    error_message: str | None = None


def read_job(body: dict[str, Any]) -> BulkJob:
    """A job as the API describes it."""
    return BulkJob(
        id=body["id"],
        state=body["state"],
        object=str(body.get("object", "")),
        api_version=str(body.get("apiVersion", "")),
        records_processed=int(body.get("numberRecordsProcessed") or 0),
        error_message=body.get("errorMessage"),
    )


class ResultPage:
    """One page of a result: CSV with a header line, to be read once."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    @property
    def next_locator(self) -> str | None:
        """Where the next page begins; None at the end, which the API writes as the text null."""
        locator = self._stream.header("Sforce-Locator")
        return None if locator in (None, "", "null") else locator

    @property
    def records(self) -> int | None:
        """Rows of this page, where the API says so."""
        text = self._stream.header("Sforce-NumberOfRecords")
        return int(text) if text and text.isdigit() else None

    def chunks(self) -> Iterator[bytes]:
        """The page's bytes, decoded.

        Raises:
            RetryLater: the page broke off.
        """
        return self._stream.chunks()
