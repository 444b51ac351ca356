"""Choosing people for a rehearsal: always the same ones for the same data, and only such that may be worked on."""

from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg import sql

from syncline.domain.mapping import CONTACT
from syncline.store.named_sql import load
from syncline.store.names import ConnectionTables

_SQL = load("sampling")


@dataclass(frozen=True)
class Sample:
    """One linked person; the account is a Contact's."""

    record_id: str
    contact_id: int
    account_id: str | None
    owner_id: str


def choose_people(
    conn: psycopg.Connection,
    tables: ConnectionTables,
    connection_id: int,
    object_name: str,
    limit: int,
    *,
    fields: set[str],
) -> list[Sample]:
    """Up to `limit` people of one object; nobody who opted out, where `fields` says that opt-outs are mapped."""
    wanted = sql.SQL("NOT contact.opted_out") if "opted_out" in fields else sql.SQL("true")
    account = sql.SQL("mirror.accountid") if object_name == CONTACT else sql.SQL("NULL")
    statement = _SQL["people"].compose(mirror=tables.mirror(object_name), wanted=wanted, account=account)
    rows = conn.execute(statement, {"connection_id": connection_id, "object": object_name, "limit": limit}).fetchall()
    return [Sample(*row) for row in rows]


def raise_scores(conn: psycopg.Connection, connection_id: int, limit: int, taken: list[int], now: datetime) -> int:
    """Changes the score of up to `limit` people but those in `taken`, and gives how many it changed."""
    parameters = {"connection_id": connection_id, "limit": limit, "taken": taken, "now": now}
    return conn.execute(_SQL["raise_scores"].compose(), parameters).rowcount


def count_contacts(conn: psycopg.Connection) -> int:
    """Contacts that stand for somebody."""
    row = conn.execute(_SQL["count_contacts"].compose()).fetchone()
    return row[0] if row else 0
