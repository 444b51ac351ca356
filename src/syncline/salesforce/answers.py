"""What Salesforce's collections say about single rows (REST API Developer Guide, sObject Collections)."""

from typing import Any

from syncline.domain.ids import SalesforceId
from syncline.domain.outcomes import RowError, RowResult


def read_row(body: dict[str, Any]) -> RowResult:
    """What became of one row."""
    errors = tuple(
        RowError(
            str(one.get("statusCode") or one.get("errorCode") or ""),
            str(one.get("message", "")),
            tuple(one.get("fields") or ()),
        )
        for one in body.get("errors") or ()
    )
    record_id = body.get("id")
    return RowResult(
        SalesforceId(record_id) if record_id else None, bool(body.get("success")), bool(body.get("created")), errors
    )
