"""Sub-requests of one composite call, and their results (REST API Developer Guide, Composite)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from syncline.salesforce.failures import remote_error

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


def query_part(reference_id: str, soql: str, *, all_rows: bool) -> Part:
    """A query as a part; `all_rows` sees deleted records too."""
    resource = "queryAll" if all_rows else "query"
    return Part("GET", f"{ROOT}/{resource}?q={quote(soql, safe='')}", reference_id)
