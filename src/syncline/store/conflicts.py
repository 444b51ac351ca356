"""Conflicts that wait for a person: listed with both values, and settled for one side."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import psycopg
from psycopg import sql

from syncline.domain.ids import ContactId
from syncline.domain.mapping import PERSON_OBJECTS, Mapping, is_expression
from syncline.store.application import build_assignments
from syncline.store.decisions import cases
from syncline.store.expressions import canonical, contact_value, mirror_value
from syncline.store.named_sql import load
from syncline.store.names import ConnectionTables

_SQL = load("conflicts")


class Side(StrEnum):
    """Whose value stands."""

    MARKETING = "marketing"
    SALESFORCE = "salesforce"


@dataclass(frozen=True)
class Conflict:
    """One field that both sides changed to different values, in canonical text."""

    contact_id: int
    object: str
    record_id: str
    email: str | None
    field: str
    base: str | None
    ours: str | None
    theirs: str | None


def list_conflicts(
    conn: psycopg.Connection, tables: ConnectionTables, connection_id: int, mapping: Mapping, rows: int
) -> list[Conflict]:
    """Conflicts that wait, by contact."""
    parameters = {"connection_id": connection_id, "rows": rows}
    known = [name for name in PERSON_OBJECTS if _has_mirror(conn, tables, name)]
    mirrors = sql.SQL("\n").join(
        sql.SQL("LEFT JOIN {} {} ON link.object = {} AND {} = link.record_id").format(
            tables.mirror(name), sql.Identifier(_alias(name)), sql.Literal(name), sql.Identifier(_alias(name), "id")
        )
        for name in known
    )
    statement = _SQL["held"].compose(
        ours=cases((one.name, canonical(contact_value(one, "contact"), one.type)) for one in mapping.fields),
        theirs=_theirs_of_all(mapping, known),
        mirrors=mirrors,
    )
    return [Conflict(*row) for row in conn.execute(statement, parameters)]


def count_conflicts(conn: psycopg.Connection, connection_id: int) -> int:
    """How many wait."""
    row = conn.execute(_SQL["count"].compose(), {"connection_id": connection_id}).fetchone()
    return row[0] if row else 0


def settle(
    conn: psycopg.Connection,
    tables: ConnectionTables,
    connection_id: int,
    mapping: Mapping,
    side: Side,
    *,
    contact_id: ContactId | None,
    field: str | None,
    origin: str,
    now: datetime,
) -> int:
    """Settles conflicts for one side, in the caller's transaction; gives their number. Of None, all are meant."""
    parameters: dict[str, object] = {
        "connection_id": connection_id,
        "contact_id": contact_id,
        "field": field,
        "origin": origin,
        "moment": now.isoformat(),
        "now": now,
        "rule": "conflict settled",
    }
    settled = conn.execute(_SQL["chosen"].compose(), parameters).rowcount
    if not settled:
        return 0
    conn.execute(_SQL["author"].compose(), parameters)
    if side is Side.SALESFORCE:
        for name in PERSON_OBJECTS:
            if _has_mirror(conn, tables, name):
                _take_theirs(conn, tables, mapping, name, parameters)
    else:
        lanes = sql.SQL(", ").join(
            sql.SQL("({}, {}::smallint)").format(sql.Literal(one.name), sql.Literal(one.lane.rank))
            for one in mapping.fields
        )
        conn.execute(_SQL["keep_ours"].compose(lanes=lanes), parameters)
        conn.execute(_SQL["log_kept"].compose(), parameters)
    conn.execute(_SQL["forget"].compose(), parameters)
    return settled


def _take_theirs(
    conn: psycopg.Connection,
    tables: ConnectionTables,
    mapping: Mapping,
    object_name: str,
    parameters: dict[str, object],
) -> None:
    mapped = [(one, source) for one, source in mapping.on(object_name) if not is_expression(source)]
    statement = _SQL["take_theirs"].compose(
        theirs=cases((one.name, canonical(mirror_value(one, source, "mirror"), one.type)) for one, source in mapped),
        assignments=build_assignments(one for one, _ in mapped),
        mirror=tables.mirror(object_name),
    )
    conn.execute(statement, {**parameters, "object": object_name})


def _theirs_of_all(mapping: Mapping, objects: list[str]) -> sql.Composable:
    branches = [
        sql.SQL("WHEN link.object = {} AND waiting.field = {} THEN {}").format(
            sql.Literal(name),
            sql.Literal(one.name),
            canonical(mirror_value(one, source, _alias(name)), one.type),
        )
        for name in objects
        for one, source in mapping.on(name)
        if not is_expression(source)
    ]
    return sql.SQL("\n").join(branches) if branches else sql.SQL("WHEN true THEN NULL::text")


def _alias(object_name: str) -> str:
    return f"mirror_{object_name.lower()}"


def _has_mirror(conn: psycopg.Connection, tables: ConnectionTables, object_name: str) -> bool:
    qualified = tables.mirror(object_name).as_string(conn)
    row = conn.execute("SELECT to_regclass(%s) IS NOT NULL", [qualified]).fetchone()
    return bool(row and row[0])
