"""Objects that are mirrored on an operator's word: which they are, and how they stand."""

from collections.abc import Mapping
from datetime import datetime

import psycopg
from psycopg import sql

from syncline.domain.objects import Choice, MirroredObject
from syncline.store import reads, shaping, staging
from syncline.store.named_sql import load
from syncline.store.names import ConnectionTables

_SQL = load("objects")


def list_objects(conn: psycopg.Connection, connection_id: int) -> dict[str, MirroredObject]:
    """The mirrored objects by name."""
    rows = conn.execute(_SQL["list"].compose(), {"connection_id": connection_id})
    return {name: MirroredObject(name, Choice(choice), tuple(fields)) for name, choice, fields in rows}


def save_object(conn: psycopg.Connection, connection_id: int, mirrored: MirroredObject, now: datetime) -> None:
    """Mirrors an object from now on, or other fields of it."""
    conn.execute(
        _SQL["save"].compose(),
        {
            "connection_id": connection_id,
            "object": mirrored.name,
            "choice": str(mirrored.choice),
            "fields": list(mirrored.fields),
            "now": now,
        },
    )


def remove_object(
    conn: psycopg.Connection,
    tables: ConnectionTables,
    connection_id: int,
    name: str,
    now: datetime,
    *,
    of_people: bool,
    drop_table: bool,
) -> bool:
    """Mirrors an object no longer; whether its table was dropped. Objects of people keep table and cursor.

    Raises:
        StoreError: a view stands on the table.
    """
    parameters = {"connection_id": connection_id, "object": name, "now": now}
    conn.execute(_SQL["remove"].compose(), parameters)
    if of_people:
        return False
    for step in ("forget_cursor", "resolve"):
        conn.execute(_SQL[step].compose(), parameters)
    reads.end_read(conn, connection_id, name)
    staging.drop(conn, tables, connection_id, name)
    return drop_table and shaping.drop_mirror(conn, tables, connection_id, name)


def load_standing(conn: psycopg.Connection, connection_id: int) -> Mapping[str, datetime]:
    """Until when each object is read, by the org's clock."""
    return dict(conn.execute(_SQL["standing"].compose(), {"connection_id": connection_id}).fetchall())


def count_records(conn: psycopg.Connection, tables: ConnectionTables, object_name: str) -> int | None:
    """Records in an object's table that are not deleted; None where there is no table."""
    columns = shaping.load_columns(conn, tables, object_name)
    if not columns:
        return None
    living = sql.SQL("NOT isdeleted" if "isdeleted" in columns else "true")
    row = conn.execute(_SQL["count_live"].compose(mirror=tables.mirror(object_name), living=living)).fetchone()
    return row[0] if row else 0
