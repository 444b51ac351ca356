"""The mirror: one typed table per Salesforce object, the last state seen. Its names are a public interface.

`merge` takes what is staged into the mirror in one transaction of the caller. Where a linked record's value moves,
the value before is noted in field_bases, so that deciding can come later and a crash in between loses nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg import sql
from psycopg.errors import DataError, DependentObjectsStillExist, UniqueViolation

from syncline.domain.mapping import MappedField
from syncline.domain.shape import FieldShape
from syncline.store import staging
from syncline.store.expressions import canonical, decided, mirror_value
from syncline.store.mirror_table import MirrorTable, listed
from syncline.store.named_sql import load
from syncline.store.shaping import drop_keys, make_keys, take_place

_SQL = load("mirror")
#: Changed rows from which on new statistics pay.
_WORTH_STATISTICS = 1_000
_GUARDED = {
    "numeric": "try_numeric",
    "bigint": "try_bigint",
    "boolean": "try_boolean",
    "date": "try_date",
    "timestamptz": "try_timestamptz",
}


@dataclass(frozen=True)
class BadValue:
    """A value that did not fit its type: kept out of the mirror, and told."""

    record_id: str
    field: str
    type: str
    text: str


def is_empty(conn: psycopg.Connection, table: MirrorTable) -> bool:
    """Whether nothing was ever merged."""
    statement = sql.SQL("SELECT 1 FROM {} LIMIT 1").format(table.tables.mirror(table.object_name))
    return conn.execute(statement).fetchone() is None


def is_to_fill(conn: psycopg.Connection, table: MirrorTable) -> bool:
    """Whether there is a mirror and it is empty; a proof of agreement stages rows beside no mirror at all."""
    name = table.tables.mirror(table.object_name).as_string(conn)
    there = conn.execute("SELECT to_regclass(%s) IS NOT NULL", [name]).fetchone()
    return bool(there and there[0]) and is_empty(conn, table)


def load_first(conn: psycopg.Connection, table: MirrorTable) -> tuple[int, list[BadValue]]:
    """Fills the empty mirror with what is staged and makes its keys; gives rows and values that did not fit."""
    try:
        with conn.transaction():
            if staging.is_typed(conn, table.tables, table.object_name):
                return _become(conn, table), []
    except (UniqueViolation, DependentObjectsStillExist):
        pass  # an Id was read twice, or somebody's view needs the table that is there: row by row, then
    # A new file within this transaction: PostgreSQL then need not log row by row what it syncs at the commit.
    conn.execute(sql.SQL("TRUNCATE {}").format(table.tables.mirror(table.object_name)))
    drop_keys(conn, table)
    return _load_staged(conn, table)


def _become(conn: psycopg.Connection, table: MirrorTable) -> int:
    """What is staged with the mirror's types becomes the mirror."""
    staged = table.tables.staging(table.object_name)
    counted = conn.execute(sql.SQL("SELECT count(*) FROM {}").format(staged)).fetchone()
    conn.execute(sql.SQL("DROP TABLE {}").format(table.tables.mirror(table.object_name)))
    take_place(conn, table, staged)
    make_keys(conn, table)
    return counted[0] if counted else 0


def _load_staged(conn: psycopg.Connection, table: MirrorTable) -> tuple[int, list[BadValue]]:
    try:
        with conn.transaction():
            rows = _execute(conn, table, "load_empty", guarded=False)
            make_keys(conn, table)
        return rows, []
    except (DataError, UniqueViolation) as error:
        guarded = isinstance(error, DataError)
    bad = _find_bad_values(conn, table) if guarded else []
    try:
        with conn.transaction():
            rows = _execute(conn, table, "load_empty", guarded=guarded)
            make_keys(conn, table)
    except UniqueViolation:
        with conn.transaction():
            rows = _execute(conn, table, "load_empty_newest", guarded=guarded)
            make_keys(conn, table)
    return rows, bad


def _execute(conn: psycopg.Connection, table: MirrorTable, statement: str, *, guarded: bool) -> int:
    statement_parts = {"typed": typed_columns(table, guarded=guarded), **table.identifiers()}
    return conn.execute(_SQL[statement].compose(**statement_parts)).rowcount


def typed_columns(table: MirrorTable, *, guarded: bool = True) -> sql.Composed:
    """The typed values of a staged row; the guarded form gives NULL where the plain one would fail."""
    return listed(_typed(one, guarded=guarded) for one in table.fields)


def _typed(field: FieldShape, *, guarded: bool) -> sql.Composed:
    """The typed value of a staged text; the guarded form gives NULL where the plain one would fail."""
    value = sql.SQL("{}").format(sql.Identifier("staged", field.column))
    alias = sql.SQL(" AS {}").format(sql.Identifier(field.column))
    kind = field.column_type
    if kind == "text":
        return value + alias
    if guarded:
        return sql.SQL("{}({})").format(sql.Identifier(_GUARDED[kind]), value) + alias
    if kind == "bigint":
        # Bulk results print whole numbers as "0.0" now and then.
        return sql.SQL("{}::numeric::bigint").format(value) + alias
    return sql.SQL("{}::" + kind).format(value) + alias


def _find_bad_values(conn: psycopg.Connection, table: MirrorTable) -> list[BadValue]:
    bad: list[BadValue] = []
    for one in table.fields:
        guard = _GUARDED.get(one.column_type)
        if not guard:
            continue
        rows = conn.execute(
            sql.SQL(
                "SELECT id, left({column}, 200) FROM {staging}"
                " WHERE {column} IS NOT NULL AND {guard}({column}) IS NULL"
            ).format(
                column=sql.Identifier(one.column),
                staging=table.tables.staging(table.object_name),
                guard=sql.Identifier(guard),
            )
        ).fetchall()  # fmt: skip
        bad.extend(BadValue(record_id, one.name, one.type, text) for record_id, text in rows)
    return bad


def merge(
    conn: psycopg.Connection,
    table: MirrorTable,
    mapped: Sequence[tuple[MappedField, str]],
    visible_since: datetime,
) -> tuple[int, list[BadValue]]:
    """Takes staged rows into a mirror that has rows: gives the number that changed, and values that did not fit.

    `visible_since`: own writes before it are certainly visible by now.
    """
    names = table.identifiers()
    parameters = {**table.parameters(), "visible_since": visible_since}
    bad = _make_incoming(conn, table)
    others = [name for name in table.columns if name != "id"]
    compared = {
        "incoming_values": listed(sql.Identifier("incoming", name) for name in others),
        "mirror_values": listed(sql.Identifier("mirror", name) for name in others),
    }
    if table.of_people:
        # Neither table has statistics yet: taken for tiny, each would be read once for every row of the other.
        conn.execute("SET LOCAL enable_nestloop = off")
        conn.execute(_SQL["drop_before_own_writes"].compose(**names), parameters)
        conn.execute(_SQL["settle_own_writes"].compose(**names), parameters)
        conn.execute("SET LOCAL enable_nestloop = on")
        conn.execute(_SQL["settle_old_writes"].compose(**names), parameters)
    conn.execute(_SQL["drop_unchanged"].compose(**names, **compared), parameters)
    # What it is joined by; statistics of its values would be used by nothing.
    conn.execute(sql.SQL("ANALYZE {} (id)").format(names["incoming"]))
    if table.of_people:
        conn.execute(_SQL["note_touched"].compose(**names), parameters)
    if agreed := decided(mapped):
        conn.execute(_SQL["note_bases"].compose(values=_before_and_after(agreed), **names), parameters)
    assignments = listed(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in others)
    changed = conn.execute(_SQL["merge"].compose(assignments=assignments, **names)).rowcount
    conn.execute(sql.SQL("DROP TABLE {}").format(names["incoming"]))
    if table.of_people and changed > _WORTH_STATISTICS:
        # Without statistics the planner reads whole tables to decide a few thousand records.
        conn.execute("ANALYZE touched, field_bases")
    return changed, bad


def merge_part(
    conn: psycopg.Connection, part: MirrorTable, agreed: Sequence[tuple[MappedField, str]], *, touches: bool
) -> int:
    """Takes some staged columns into rows that the mirror has with the same stamp; gives the number that changed.

    `agreed`: the mapped fields that these columns decide, where the mirror holds what was agreed on. `touches`: what
    changes has to be decided.
    """
    names = part.identifiers()
    parameters = part.parameters()
    _make_incoming(conn, part)
    values = [name for name in part.columns if name not in ("id", part.stamp)]
    if not values:
        return 0
    compared = {
        "incoming_values": listed(sql.Identifier("incoming", name) for name in values),
        "mirror_values": listed(sql.Identifier("mirror", name) for name in values),
    }
    conn.execute(_SQL["keep_same_stamp"].compose(**names, **compared))
    # What it is joined by; statistics of its values would be used by nothing.
    conn.execute(sql.SQL("ANALYZE {} (id)").format(names["incoming"]))
    if part.of_people and touches:
        conn.execute(_SQL["note_touched"].compose(**names), parameters)
    if known := decided(agreed):
        conn.execute(_SQL["note_bases"].compose(values=_before_and_after(known), **names), parameters)
    assignments = listed(sql.SQL("{0} = incoming.{0}").format(sql.Identifier(name)) for name in values)
    changed = conn.execute(_SQL["take_part"].compose(assignments=assignments, **names)).rowcount
    conn.execute(sql.SQL("DROP TABLE {}").format(names["incoming"]))
    return changed


def count_rows(conn: psycopg.Connection, table: MirrorTable) -> int:
    """Rows of the mirror, deleted records included."""
    row = conn.execute(sql.SQL("SELECT count(*) FROM {}").format(table.tables.mirror(table.object_name))).fetchone()
    return row[0] if row else 0


def mark_vanished(conn: psycopg.Connection, table: MirrorTable) -> int:
    """Marks records deleted that a read of everything, which is staged, did not show; gives their number.

    Where the object has no mark for that, as Users and Groups have none, their rows go.
    """
    if table.of_people:
        statement = "mark_people_vanished"
    elif table.shape.find("IsDeleted"):
        statement = "mark_vanished"
    else:
        statement = "drop_vanished"
    return conn.execute(_SQL[statement].compose(**table.identifiers()), table.parameters()).rowcount


def _make_incoming(conn: psycopg.Connection, table: MirrorTable) -> list[BadValue]:
    conn.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(table.tables.incoming(table.object_name)))
    try:
        with conn.transaction():
            _execute(conn, table, "make_incoming", guarded=False)
        return []
    except DataError:
        _execute(conn, table, "make_incoming", guarded=True)
        return _find_bad_values(conn, table)


def _before_and_after(mapped: Sequence[tuple[MappedField, str]]) -> sql.Composed:
    return listed(
        sql.SQL("({}, {}, {})").format(
            sql.Literal(field.name),
            canonical(mirror_value(field, source, "mirror", before=True), field.type),
            canonical(mirror_value(field, source, "incoming"), field.type),
        )
        for field, source in mapped
    )


def load_recent(conn: psycopg.Connection, table: MirrorTable, since: datetime, until: datetime) -> dict[str, datetime]:
    """Ids and stamps of the mirror's rows inside a window."""
    rows = conn.execute(_SQL["recent"].compose(**table.identifiers()), {"since": since, "until": until}).fetchall()
    return dict(rows)
