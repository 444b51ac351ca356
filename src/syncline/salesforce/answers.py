"""Answers of the REST API as values: pages of queries, and what became of single records."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from syncline.domain.ids import SalesforceId
from syncline.domain.outcomes import RowError, RowResult


@dataclass(frozen=True)
class Identity:
    """Whose session it is."""

    organization_id: str
    user_id: str
    username: str
    name: str
    email: str = ""


@dataclass(frozen=True)
class Page:
    """One page of a query's result; records as JSON gives them."""

    records: list[dict[str, Any]]
    total_size: int
    done: bool
    next_url: str | None


def read_page(body: Mapping[str, Any]) -> Page:
    """A page as the API gives it."""
    return Page(body["records"], body["totalSize"], body["done"], body.get("nextRecordsUrl"))


def read_row(body: Mapping[str, Any]) -> RowResult:
    """What became of one record of a collections call."""
    record_id = body.get("id")
    return RowResult(
        SalesforceId(record_id) if record_id else None,
        bool(body.get("success")),
        bool(body.get("created")),
        read_errors(body.get("errors")),
    )


def read_errors(items: Any) -> tuple[RowError, ...]:
    """The errors of one record; collections call the code statusCode, single records errorCode."""
    return tuple(
        RowError(
            str(one.get("statusCode") or one.get("errorCode") or ""),
            str(one.get("message", "")),
            tuple(one.get("fields") or ()),
            tuple(_find_matches(one)),
        )
        for one in items or ()
    )


def _find_matches(error: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The records that a duplicate rule found, as (object, id).

    Versions 48 to 51 misspell the key (REST API Developer Guide, "Duplicate Rules").
    """
    result = error.get("duplicateResult") or error.get("duplicateResut") or {}
    for matches in result.get("matchResults") or ():
        for match in matches.get("matchRecords") or ():
            record = match.get("record") or {}
            kind = (record.get("attributes") or {}).get("type") or matches.get("entityType") or ""
            if record.get("Id"):
                yield str(kind), str(record["Id"])
