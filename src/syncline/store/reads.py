"""Cursors and reads in progress: how far each object is read, and what the next process needs to go on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.types.json import Jsonb

from syncline.store.named_sql import load

_SQL = load("reads")


@dataclass(frozen=True)
class Cursor:
    """How far the reading of an object is complete, by the org's clock."""

    read_until: datetime
    field_list: str
    undecided_all: bool
    sources: Mapping[str, str]


@dataclass(frozen=True)
class Read:
    """A read in progress."""

    road: str
    job_id: str | None
    soql: str
    field_list: str
    read_until: datetime
    expected: int | None = None


def load_cursor(conn: psycopg.Connection, connection_id: int, object_name: str) -> Cursor | None:
    row = conn.execute(_SQL["cursor"].compose(), {"connection_id": connection_id, "object": object_name}).fetchone()
    return Cursor(*row) if row else None


def move_cursor(
    conn: psycopg.Connection, connection_id: int, object_name: str, read: Read, *, undecided_all: bool
) -> None:
    """Moves the cursor to the end of a read; belongs in the transaction that merges the mirror."""
    conn.execute(
        _SQL["move_cursor"].compose(),
        {
            "connection_id": connection_id,
            "object": object_name,
            "read_until": read.read_until,
            "field_list": read.field_list,
            "undecided_all": undecided_all,
        },
    )


def settle(conn: psycopg.Connection, connection_id: int, sources: Mapping[str, Mapping[str, str]]) -> None:
    """Everything in the mirror is decided and applied; `sources` maps object to marketing field to Salesforce field."""
    for object_name, by_field in sources.items():
        conn.execute(
            _SQL["settle_cursor"].compose(),
            {"connection_id": connection_id, "object": object_name, "sources": Jsonb(dict(by_field))},
        )


def load_read(conn: psycopg.Connection, connection_id: int, object_name: str) -> Read | None:
    row = conn.execute(_SQL["open_read"].compose(), {"connection_id": connection_id, "object": object_name}).fetchone()
    return Read(*row) if row else None


def begin_read(conn: psycopg.Connection, connection_id: int, object_name: str, read: Read) -> None:
    conn.execute(
        _SQL["begin_read"].compose(),
        {
            "connection_id": connection_id,
            "object": object_name,
            "road": read.road,
            "job_id": read.job_id,
            "soql": read.soql,
            "field_list": read.field_list,
            "read_until": read.read_until,
        },
    )


def expect(conn: psycopg.Connection, connection_id: int, object_name: str, rows: int) -> None:
    conn.execute(_SQL["expect"].compose(), {"connection_id": connection_id, "object": object_name, "expected": rows})


def end_read(conn: psycopg.Connection, connection_id: int, object_name: str) -> None:
    conn.execute(_SQL["end_read"].compose(), {"connection_id": connection_id, "object": object_name})


def ask_everything(conn: psycopg.Connection, connection_id: int) -> None:
    """Lets the next read of every object be one of everything."""
    for step in ("ask_everything", "give_up"):
        conn.execute(_SQL[step].compose(), {"connection_id": connection_id})


def ask_everything_of(conn: psycopg.Connection, connection_id: int, object_name: str) -> None:
    """Lets the next read of one object be one of everything."""
    conn.execute(_SQL["ask_everything_of"].compose(), {"connection_id": connection_id, "object": object_name})
