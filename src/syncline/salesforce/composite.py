"""Sub-requests of one composite call, and their results (REST API Developer Guide, Composite)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote

from syncline.domain.ids import SalesforceId
from syncline.domain.outcomes import RowError, RowResult
from syncline.salesforce.answers import read_errors
from syncline.salesforce.failures import CHANGED_MEANWHILE, remote_error

#: Stands for the versioned root of the API in the URL of a part; the client fills it in.
ROOT = "{root}"
#: Queries that one composite call takes (REST API Developer Guide, Composite, "Limits").
MOST_QUERIES = 5


@dataclass(frozen=True)
class Part:
    """One sub-request; its URL begins with ROOT."""

    method: str
    url: str
    reference_id: str
    body: Any = None
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True)
class PartResult:
    """The answer to one sub-request."""

    reference_id: str
    status: int
    body: Any

    def expect_success(self) -> Any:
        """The body of a part that succeeded.

        Raises:
            RemoteError: it did not.
        """
        if 200 <= self.status < 300:
            return self.body
        raise remote_error(f"composite part {self.reference_id}", self.status, self.body)


def build_request(parts: Sequence[Part], root: str, *, all_or_none: bool) -> dict[str, Any]:
    """The body of a composite call; `root` is the versioned root of the API."""
    return {
        "allOrNone": all_or_none,
        "compositeRequest": [
            {
                "method": part.method,
                "url": part.url.replace(ROOT, root, 1),
                "referenceId": part.reference_id,
                **({"body": part.body} if part.body is not None else {}),
                **({"httpHeaders": dict(part.headers)} if part.headers else {}),
            }
            for part in parts
        ],
    }


def build_write_headers(*, auto_assign: bool, allow_duplicates: bool = False) -> dict[str, str]:
    """How a write treats assignment rules, and duplicate rules that only alert (REST API Developer Guide, Headers)."""
    headers = {"Sforce-Auto-Assign": "TRUE" if auto_assign else "FALSE"}
    if allow_duplicates:
        headers["Sforce-Duplicate-Rule-Header"] = "allowSave=true"
    return headers


def update_part(
    reference_id: str, object_name: str, record: Mapping[str, Any], unmodified_since: datetime | None
) -> Part:
    """An update of the record with this Id, which is refused with status 412 where it changed after that second."""
    body = {name: value for name, value in record.items() if name != "Id"}
    headers = build_write_headers(auto_assign=False)
    if unmodified_since is not None:
        headers["If-Unmodified-Since"] = format_datetime(unmodified_since.astimezone(UTC), usegmt=True)
    return Part("PATCH", f"{ROOT}/sobjects/{object_name}/{record['Id']}", reference_id, body, headers)


def create_part(
    reference_id: str, object_name: str, record: Mapping[str, Any], key: str | None, headers: Mapping[str, str]
) -> Part:
    """A create, as an upsert by the external id where `key` names its field."""
    url = f"{ROOT}/sobjects/{object_name}"
    if key is None:
        return Part("POST", url, reference_id, dict(record), headers)
    body = {name: value for name, value in record.items() if name != key}
    return Part("PATCH", f"{url}/{key}/{quote(str(record[key]), safe='')}", reference_id, body, headers)


def read_written(result: PartResult, record_id: str | None = None) -> RowResult:
    """What became of the record of a part that writes; `record_id`: whose it was, where the answer does not tell."""
    if 200 <= result.status < 300:
        body = result.body if isinstance(result.body, dict) else {}
        return RowResult(SalesforceId(body.get("id") or record_id or ""), True, bool(body.get("created")))
    if result.status == 412:
        return RowResult(None, False, errors=(RowError(CHANGED_MEANWHILE, "The record was changed meanwhile."),))
    if result.status == 300:
        return RowResult(None, False, errors=(RowError("DUPLICATE_EXTERNAL_ID", "Several records have this key."),))
    errors = read_errors(result.body if isinstance(result.body, list) else [])
    return RowResult(None, False, errors=errors)


def query_part(reference_id: str, soql: str, *, all_rows: bool) -> Part:
    """A query as a part; `all_rows` sees deleted records too."""
    resource = "queryAll" if all_rows else "query"
    return Part("GET", f"{ROOT}/{resource}?q={quote(soql, safe='')}", reference_id)
