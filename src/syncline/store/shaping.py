"""The shape of the mirror's tables: made, altered and rebuilt as the org's objects change, with readers at work.

A table that is there is altered under a lock that waits briefly and tries again, since whoever waits for it holds up
every reader behind. Columns only come: one that is no longer read stays, with what it held.
"""

from collections.abc import Sequence
from typing import LiteralString

import psycopg
from psycopg import sql
from psycopg.errors import DependentObjectsStillExist, LockNotAvailable

from syncline import clock
from syncline.domain.shape import FieldShape
from syncline.errors import StoreError
from syncline.store.mirror_table import MirrorTable, listed
from syncline.store.named_sql import load
from syncline.store.names import ConnectionTables

_SQL = load("shaping")
#: Records that another one stands for are few, and each sync asks for all of them: condition and fields needed.
_MOVED: dict[str, tuple[LiteralString, tuple[str, ...]]] = {
    "converted": (
        "isconverted AND convertedcontactid IS NOT NULL",
        ("IsConverted", "ConvertedContactId"),
    ),
    "merged": ("isdeleted AND masterrecordid IS NOT NULL", ("IsDeleted", "MasterRecordId")),
}
#: Who made and who last changed a record is seldom joined by: no index is kept for it.
_NOT_INDEXED = frozenset({"createdbyid", "lastmodifiedbyid", "masterrecordid"})
#: PostgreSQL counts dropped columns too, up to 1,600; a table is rebuilt before.
_MOST_COLUMNS = 1_500
#: The first key of our advisory locks on the shape of a connection's tables; it only has to be ours.
_SHAPE_SPACE = 7_962_547
_LOCK_WAIT = "2s"
_TRIES, _PAUSE = 5, 1.0


class ShapeHeld(StoreError):
    """A table cannot be given its columns now: somebody reads it without end, or a view stands in the way."""


def lock_shape(conn: psycopg.Connection, connection_id: int) -> None:
    """Waits until nobody else alters the tables of this connection; held to the end of the transaction."""
    conn.execute(_SQL["lock_shape"].compose(), {"space": _SHAPE_SPACE, "connection_id": connection_id})


def ensure_mirror(conn: psycopg.Connection, table: MirrorTable) -> Sequence[FieldShape]:
    """Makes the mirror's table, or adds the columns it lacks; gives the fields whose column was made anew.

    A column whose type changed is made anew and empty: what it held has to be read again.

    Raises:
        ShapeHeld: somebody reads the table without end, or a view needs a column whose type changed.
    """
    name = table.tables.mirror(table.object_name)
    present = load_columns(conn, table.tables, table.object_name)
    if not present:
        conn.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(table.tables.schema)))
        conn.execute(sql.SQL("CREATE TABLE {} ({})").format(name, definitions(table)))
        return ()
    missing = [one for one in table.fields if one.column not in present]
    other = [one for one in table.fields if one.column in present and present[one.column] != _wanted_type(one)]
    if missing or other:
        lock_shape(conn, table.connection_id)
        for attempt in range(1, _TRIES + 1):
            try:
                _alter(conn, table, missing, other)
                break
            except LockNotAvailable as held:
                if attempt == _TRIES:
                    raise ShapeHeld(
                        f"The table of {table.object_name} is being read and cannot be given new columns.",
                        remedy="End the long query that reads it, then run the sync again.",
                    ) from held
            clock.sleep(_PAUSE)
    return other


def find_held(conn: psycopg.Connection, table: MirrorTable) -> dict[str, str]:
    """The fields whose type changed while views need their column as it is: by name, what stands in the way."""
    present = load_columns(conn, table.tables, table.object_name)
    other = {one.column: one.name for one in table.fields if present.get(one.column, "") not in ("", _wanted_type(one))}
    if not other:
        return {}
    qualified = table.tables.mirror(table.object_name).as_string(conn)
    rows = conn.execute(_SQL["viewed_columns"].compose(), {"table": qualified, "columns": list(other)})
    return {other[column]: views for column, views in rows}


def _alter(
    conn: psycopg.Connection, table: MirrorTable, missing: Sequence[FieldShape], other: Sequence[FieldShape]
) -> None:
    name = table.tables.mirror(table.object_name)
    with conn.transaction():
        conn.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(_LOCK_WAIT)))
        if _count_columns(conn, table) + len(missing) + len(other) > _MOST_COLUMNS:
            _rebuild(conn, table)
        for one in other:
            try:
                conn.execute(sql.SQL("ALTER TABLE {} DROP COLUMN {}").format(name, sql.Identifier(one.column)))
            except DependentObjectsStillExist as held:
                raise ShapeHeld(
                    f"{table.object_name}.{one.name} has another type now, and a view needs its column: "
                    f"{_name_dependents(held)}",
                    remedy="Drop that view, run the sync, then make the view anew.",
                ) from held
        added = [*missing, *other]
        actions = listed(sql.SQL("ADD COLUMN {}").format(_definition(one)) for one in added)
        conn.execute(sql.SQL("ALTER TABLE {} {}").format(name, actions))
        conn.execute("SET LOCAL lock_timeout = DEFAULT")
    if not table.of_people:
        _index_lookups(conn, table)


def _rebuild(conn: psycopg.Connection, table: MirrorTable) -> None:
    """Copies the table without its dropped columns; where a view stands on it, it stays as it is."""
    lasting = sql.Identifier(table.tables.work_schema, f"rebuilt_{table.object_name.lower()}"[:63])
    try:
        with conn.transaction():
            name = table.tables.mirror(table.object_name)
            conn.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(table.tables.work_schema)))
            conn.execute(sql.SQL("CREATE TABLE {} (LIKE {})").format(lasting, name))
            conn.execute(sql.SQL("INSERT INTO {} SELECT * FROM {}").format(lasting, name))
            conn.execute(sql.SQL("DROP TABLE {}").format(name))
            take_place(conn, table, lasting)
            make_keys(conn, table)
    except DependentObjectsStillExist:
        return


def take_place(conn: psycopg.Connection, table: MirrorTable, made: sql.Identifier) -> None:
    """Lets a table of the work schema be the mirror, which is not there at this moment."""
    name = sql.Identifier(table.object_name.lower())
    conn.execute(sql.SQL("ALTER TABLE {} RENAME TO {}").format(made, name))
    work = sql.Identifier(table.tables.work_schema, table.object_name.lower())
    conn.execute(sql.SQL("ALTER TABLE {} SET SCHEMA {}").format(work, sql.Identifier(table.tables.schema)))


def drop_mirror(conn: psycopg.Connection, tables: ConnectionTables, connection_id: int, object_name: str) -> bool:
    """Takes the table of an object away; whether there was one.

    Raises:
        ShapeHeld: a view stands on it.
    """
    lock_shape(conn, connection_id)
    name = tables.mirror(object_name)
    found = load_columns(conn, tables, object_name)
    try:
        with conn.transaction():
            conn.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(name))
    except DependentObjectsStillExist as held:
        raise ShapeHeld(
            f"A view stands on the table of {object_name}: {_name_dependents(held)}",
            remedy="Drop the view first, or keep the table: --keep-table.",
        ) from held
    return bool(found)


def _name_dependents(held: DependentObjectsStillExist) -> str:
    """What stands on a table or column, as PostgreSQL tells it line by line."""
    return "; ".join((held.diag.message_detail or str(held)).splitlines())


def _wanted_type(field: FieldShape) -> str:
    return "timestamp with time zone" if field.column_type == "timestamptz" else field.column_type


def load_columns(conn: psycopg.Connection, tables: ConnectionTables, object_name: str) -> dict[str, str]:
    """The columns of an object's table with their PostgreSQL types; none where there is no table."""
    qualified = tables.mirror(object_name).as_string(conn)
    return dict(conn.execute(_SQL["columns"].compose(), {"table": qualified}).fetchall())


def _count_columns(conn: psycopg.Connection, table: MirrorTable) -> int:
    """Columns of the table, dropped ones included."""
    qualified = table.tables.mirror(table.object_name).as_string(conn)
    row = conn.execute(_SQL["count_columns"].compose(), {"table": qualified}).fetchone()
    return row[0] if row else 0


def definitions(table: MirrorTable) -> sql.Composed:
    """The columns of the mirror with their types, as CREATE TABLE takes them."""
    return listed(_definition(one) for one in table.fields)


def _definition(field: FieldShape) -> sql.Composed:
    if field.column == "id":
        return sql.Composed([sql.SQL('id text COLLATE "C" NOT NULL')])
    if field.type == "reference":
        # Ids are compared exactly, and an index over them has to serve a join with a key.
        return sql.SQL('{} text COLLATE "C"').format(sql.Identifier(field.column))
    return sql.SQL("{} " + field.column_type).format(sql.Identifier(field.column))


def drop_keys(conn: psycopg.Connection, table: MirrorTable) -> None:
    """Takes the keys away, to fill the table faster."""
    name = table.tables.mirror(table.object_name)
    conn.execute(
        sql.SQL("ALTER TABLE {} DROP CONSTRAINT IF EXISTS {}").format(
            name, sql.Identifier(f"{table.object_name.lower()}_pkey")
        )
    )
    for suffix in ("stamp", *_MOVED):
        conn.execute(sql.SQL("DROP INDEX IF EXISTS {}").format(_index(table, suffix)))


def make_keys(conn: psycopg.Connection, table: MirrorTable) -> None:
    """Makes the keys of a table that has none: by id, by stamp, and what its kind of records needs."""
    name = table.tables.mirror(table.object_name)
    conn.execute(
        sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} PRIMARY KEY (id)").format(
            name, sql.Identifier(f"{table.object_name.lower()}_pkey")
        )
    )
    if table.stamp != "id":
        index = sql.Identifier(f"{table.object_name.lower()}_stamp")
        conn.execute(sql.SQL("CREATE INDEX {} ON {} ({})").format(index, name, sql.Identifier(table.stamp)))
    if not table.of_people:
        _index_lookups(conn, table)
        return
    for suffix, (condition, needed) in _MOVED.items():
        if all(table.shape.find(field) for field in needed):
            index = sql.Identifier(f"{table.object_name.lower()}_{suffix}")
            conn.execute(sql.SQL("CREATE INDEX {} ON {} (id) WHERE " + condition).format(index, name))


def _index_lookups(conn: psycopg.Connection, table: MirrorTable) -> None:
    """An index for each lookup that has none yet."""
    name = table.tables.mirror(table.object_name)
    rows = conn.execute(_SQL["indexed_columns"].compose(), {"table": name.as_string(conn)}).fetchall()
    indexed = {column for (column,) in rows}
    for one in table.fields:
        if one.type == "reference" and one.column not in _NOT_INDEXED | indexed:
            conn.execute(sql.SQL("CREATE INDEX ON {} ({})").format(name, sql.Identifier(one.column)))


def _index(table: MirrorTable, suffix: str) -> sql.Identifier:
    return sql.Identifier(table.tables.schema, f"{table.object_name.lower()}_{suffix}")
