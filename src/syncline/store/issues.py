"""Issues: what a person should look at, one row per cause, record and field, with the remedy."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from syncline.domain.mapping import MappedField
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


@dataclass(frozen=True)
class Cause:
    """Open issues that have the same cause, with the newest of them as an example. `number` names it in commands."""

    number: int
    direction: str
    code: str
    object: str
    field: str
    count: int
    since: datetime
    latest: datetime
    message: str
    remedy: str
    record_id: str
    contact_id: int | None


@dataclass(frozen=True)
class IssueRow:
    """One open issue of a cause."""

    record_id: str
    contact_id: int | None
    message: str
    remedy: str
    run_id: int | None
    at: datetime


def list_causes(conn: psycopg.Connection, connection_id: int) -> list[Cause]:
    """What is open, by cause, the most frequent first."""
    return [Cause(*row) for row in conn.execute(_SQL["causes"].compose(), {"connection_id": connection_id})]


def list_rows(conn: psycopg.Connection, connection_id: int, cause: Cause, rows: int) -> list[IssueRow]:
    """The newest issues of one cause."""
    parameters = {
        "connection_id": connection_id,
        "direction": cause.direction,
        "code": cause.code,
        "object": cause.object,
        "field": cause.field,
        "rows": rows,
    }
    return [IssueRow(*row) for row in conn.execute(_SQL["rows"].compose(), parameters)]


def try_again(
    conn: psycopg.Connection,
    connection_id: int,
    fields: Sequence[MappedField],
    *,
    code: str | None,
    field: str | None,
    one_each: bool,
) -> int:
    """Lets what was refused wait to be sent again, in the caller's transaction; gives the number of contacts.

    `one_each` takes one record of each cause, to see whether it is mended.
    """
    parameters = {"connection_id": connection_id, "code": code, "field": field, "one_each": one_each}
    conn.execute(_SQL["chosen"].compose(), parameters)
    return wake_chosen(conn, connection_id, fields)


def wake_chosen(conn: psycopg.Connection, connection_id: int, fields: Sequence[MappedField]) -> int:
    """Lets what the temporary table `chosen` names wait to be sent again; gives the number of contacts."""
    conn.execute(_SQL["wake"].compose())
    lanes = sql.SQL(", ").join(
        sql.SQL("({}, {}::smallint)").format(sql.Literal(one.name), sql.Literal(one.lane.rank))
        for one in fields
        if one.direction.pushes
    )
    if any(one.direction.pushes for one in fields):
        conn.execute(_SQL["requeue"].compose(lanes=lanes), {"connection_id": connection_id})
    row = conn.execute(_SQL["count_chosen"].compose()).fetchone()
    return row[0] if row else 0


def resolve_read(
    conn: psycopg.Connection, connection_id: int, object_name: str, staging: sql.Identifier, now: datetime
) -> None:
    """Closes what was wrong with values of the records that are staged; what still is wrong is opened anew after."""
    parameters = {"connection_id": connection_id, "object": object_name, "now": now}
    conn.execute(_SQL["resolve_read"].compose(staging=staging), parameters)


def tell_now(
    conn: psycopg.Connection,
    connection_id: int,
    run_id: int,
    codes: Sequence[str],
    told: Sequence[Issue],
    now: datetime,
) -> None:
    """Of these codes just these issues are open from now on: the others are closed."""
    kept = Jsonb([{"code": one.code, "object": one.object, "field": one.field} for one in told])
    parameters = {"connection_id": connection_id, "codes": list(codes), "kept": kept, "now": now}
    conn.execute(_SQL["resolve_others"].compose(), parameters)
    for one in told:
        open_issue(conn, connection_id, run_id, one, now)


def list_open(conn: psycopg.Connection, connection_id: int, codes: Sequence[str]) -> set[tuple[str, str, str]]:
    """What is open of these codes: (code, object, field)."""
    rows = conn.execute(_SQL["open_of"].compose(), {"connection_id": connection_id, "codes": list(codes)})
    return set(rows.fetchall())
