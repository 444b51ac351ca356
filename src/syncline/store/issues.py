"""Issues: what a person should look at, one row per cause, record and field, with the remedy."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.types.json import Jsonb

from syncline.store.named_sql import load

_SQL = load("issues")


@dataclass(frozen=True)
class Issue:
    """What went wrong with one record or field, in Salesforce's words and ours."""

    code: str
    message: str
    remedy: str
    direction: str
    object: str = ""
    record_id: str = ""
    contact_id: int | None = None
    field: str = ""


def open_issue(conn: psycopg.Connection, connection_id: int, run_id: int, issue: Issue, now: datetime) -> None:
    """Keeps an issue, or tells an open one of the same cause anew."""
    conn.execute(_SQL["open"].compose(), {"connection_id": connection_id, "run_id": run_id, "now": now, **vars(issue)})


def resolve_issues(
    conn: psycopg.Connection, connection_id: int, taken: Mapping[int, Iterable[str]], now: datetime
) -> None:
    """Closes what was open about sending these contacts and fields (contact → fields that Salesforce took)."""
    rows = [{"contact_id": contact_id, "fields": list(fields)} for contact_id, fields in taken.items()]
    if rows:
        conn.execute(_SQL["resolve"].compose(), {"connection_id": connection_id, "taken": Jsonb(rows), "now": now})
