"""Staging: result bytes of Salesforce, copied as they come into a table; nothing is parsed in Python.

Changes are staged as text, unlogged, and `store.mirror` types them in SQL. What is to fill an empty mirror is staged
with the mirror's own types into a lasting table, which then becomes the mirror as it stands. The position inside a
read is written in the transaction that stages the page; it is unlogged, and after a crash of the database whatever
differs from it is read again.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.errors import DataError

from syncline.errors import StoreError
from syncline.store.named_sql import load
from syncline.store.names import ConnectionTables

_SQL = load("staging")


class ValueDoesNotFit(StoreError):
    """A page holds a value that is not of its column's type, so it cannot be staged with types."""


@dataclass(frozen=True)
class Position:
    """How far a read is staged."""

    locator: str | None
    staged: int
    finished: bool


def read_header(chunks: Iterator[bytes]) -> tuple[list[str], list[bytes]]:
    """Takes chunks until the header line is whole; gives the column names and the chunks taken."""
    taken: list[bytes] = []
    head = b""
    for chunk in chunks:
        taken.append(chunk)
        head += chunk
        end = head.find(b"\n")
        if end >= 0:
            line = head[:end].rstrip(b"\r").decode("utf-8-sig")
            return [name.strip('"') for name in line.split(",")], taken
    line = head.rstrip(b"\r").decode("utf-8-sig")
    return ([name.strip('"') for name in line.split(",")] if line else []), taken


def ensure_schema(conn: psycopg.Connection, tables: ConnectionTables) -> None:
    """Makes the schema of staging tables; not to be called by two threads at once."""
    conn.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(tables.work_schema)))


def reset(
    conn: psycopg.Connection, tables: ConnectionTables, connection_id: int, object_name: str, fields: Sequence[str]
) -> None:
    """Makes an empty staging table with one text column per field, and puts the position at the first page."""
    columns = sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(name.lower())) for name in fields)
    _make(
        conn,
        tables,
        connection_id,
        object_name,
        sql.SQL("CREATE UNLOGGED TABLE {} ({}) WITH (autovacuum_enabled = off)").format(
            tables.staging(object_name), columns
        ),
    )


def reset_typed(
    conn: psycopg.Connection,
    tables: ConnectionTables,
    connection_id: int,
    object_name: str,
    definitions: sql.Composable,
) -> None:
    """Makes an empty staging table that can become the mirror, and puts the position at the first page."""
    statement = sql.SQL("CREATE TABLE {} ({})").format(tables.staging(object_name), definitions)
    _make(conn, tables, connection_id, object_name, statement)


def _make(
    conn: psycopg.Connection,
    tables: ConnectionTables,
    connection_id: int,
    object_name: str,
    statement: sql.Composed,
) -> None:
    conn.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(tables.staging(object_name)))
    conn.execute(statement)
    conn.execute(_SQL["reset_position"].compose(), {"connection_id": connection_id, "object": object_name})


def is_typed(conn: psycopg.Connection, tables: ConnectionTables, object_name: str) -> bool:
    """Whether the staged rows have the mirror's types."""
    parameters = {"schema": tables.work_schema, "table": tables.staging_name(object_name)}
    return conn.execute(_SQL["is_lasting"].compose(), parameters).fetchone() is not None


def load_position(
    conn: psycopg.Connection, tables: ConnectionTables, connection_id: int, object_name: str
) -> Position | None:
    """The position of an unfinished read, or None where the staged rows do not bear it out."""
    row = conn.execute(_SQL["position"].compose(), {"connection_id": connection_id, "object": object_name}).fetchone()
    if row is None:
        return None
    exists = conn.execute(
        _SQL["table_exists"].compose(), {"schema": tables.work_schema, "table": tables.staging_name(object_name)}
    ).fetchone()
    if not exists:
        return None
    counted = conn.execute(sql.SQL("SELECT count(*) FROM {}").format(tables.staging(object_name))).fetchone()
    position = Position(*row)
    # After a crash of the database unlogged tables are empty; whatever differs is read again from the first page.
    return position if counted and counted[0] == position.staged else None


def copy_csv(
    conn: psycopg.Connection,
    tables: ConnectionTables,
    object_name: str,
    columns: Sequence[str],
    chunks: Iterable[bytes],
) -> int:
    """Copies one CSV page, header included, byte for byte; gives the number of rows. Empty values become NULL.

    Raises:
        ValueDoesNotFit: a value is not of its column's type.
    """
    names = sql.SQL(", ").join(sql.Identifier(name.lower()) for name in columns)
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv, HEADER true, FORCE_NULL ({}))").format(
        tables.staging(object_name), names, names
    )
    try:
        with conn.cursor() as cursor:
            with cursor.copy(statement) as copy:
                for chunk in chunks:
                    # PostgreSQL's text cannot hold a NUL byte; some middle boxes let one through.
                    copy.write(chunk.replace(b"\x00", b"") if b"\x00" in chunk else chunk)
            return cursor.rowcount
    except DataError as problem:
        raise ValueDoesNotFit(f"The result of {object_name} cannot be staged: {problem}") from problem


def copy_rows(
    conn: psycopg.Connection,
    tables: ConnectionTables,
    object_name: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str | None]],
) -> int:
    """Copies rows of text, as a REST page gives them; gives the number of rows."""
    names = sql.SQL(", ").join(sql.Identifier(name.lower()) for name in columns)
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(tables.staging(object_name), names)
    with conn.cursor() as cursor:
        with cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
        return cursor.rowcount


def store_position(conn: psycopg.Connection, connection_id: int, object_name: str, position: Position) -> None:
    """Writes the position; belongs in the transaction that staged the page."""
    conn.execute(
        _SQL["store_position"].compose(),
        {
            "connection_id": connection_id,
            "object": object_name,
            "locator": position.locator,
            "staged": position.staged,
            "finished": position.finished,
        },
    )


def drop(conn: psycopg.Connection, tables: ConnectionTables, connection_id: int, object_name: str) -> None:
    """Forgets the staged rows and the position."""
    conn.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(tables.staging(object_name)))
    conn.execute(_SQL["forget_position"].compose(), {"connection_id": connection_id, "object": object_name})
