"""Takes away what a test wrote, looking only at what was written: most tests touch few tables."""

import psycopg
from psycopg import sql

from syncline.store.database import Database

#: The columns of contacts that migrations make; every other was added by a mapping.
_SCHEMAS = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'sf\\_%' OR nspname LIKE 'sfwork\\_%'"
_TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
_ADDED_COLUMNS = """
    SELECT attname FROM pg_attribute
    WHERE attrelid = 'contacts'::regclass AND attnum > 0 AND NOT attisdropped
"""
_TRIGGERS = "SELECT tgname FROM pg_trigger WHERE tgrelid = 'contacts'::regclass AND NOT tgisinternal"
_FUNCTIONS = """
    SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""
_WORN_COLUMNS = 1000
_baselines: dict[str, dict[str, set[str]]] = {}


def _names(connection: psycopg.Connection, query: str) -> set[str]:
    return {name for (name,) in connection.execute(query.encode())}


def note_baseline(database: Database) -> None:
    """Remembers what a freshly migrated database looks like."""
    with database.connect("test baseline") as connection:
        _baselines[database.url] = {
            query: _names(connection, query) for query in (_TABLES, _ADDED_COLUMNS, _TRIGGERS, _FUNCTIONS)
        }


def clean(database: Database) -> None:
    """Brings the database back to its baseline."""
    baseline = _baselines[database.url]
    with database.connect("test cleaning") as connection:
        connection.execute("SET LOCAL lock_timeout = '20s'")
        connection.execute("SET LOCAL syncline.allow_truncate = 'on'")
        for schema in _names(connection, _SCHEMAS):
            connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema)))
        for trigger in _names(connection, _TRIGGERS) - baseline[_TRIGGERS]:
            connection.execute(sql.SQL("DROP TRIGGER {} ON contacts").format(sql.Identifier(trigger)))
        for function in _names(connection, _FUNCTIONS) - baseline[_FUNCTIONS]:
            connection.execute(f"DROP FUNCTION {function} CASCADE".encode())
        for table in _names(connection, _TABLES) - baseline[_TABLES]:
            connection.execute(sql.SQL("DROP TABLE {} CASCADE").format(sql.Identifier(table)))
        for column in _names(connection, _ADDED_COLUMNS) - baseline[_ADDED_COLUMNS]:
            connection.execute(sql.SQL("ALTER TABLE contacts DROP COLUMN {}").format(sql.Identifier(column)))
        _truncate_written(connection, baseline[_TABLES] - {"django_migrations"})


def is_worn(database: Database) -> bool:
    """Whether so many columns came and went that contacts nears PostgreSQL's limit of 1,600, dropped ones included."""
    with database.connect("test cleaning") as connection:
        found = connection.execute(
            "SELECT max(attnum) FROM pg_attribute WHERE attrelid = 'contacts'::regclass"
        ).fetchone()
    return found is not None and int(found[0]) > _WORN_COLUMNS


def _truncate_written(connection: psycopg.Connection, tables: set[str]) -> None:
    written = [table for table in sorted(tables) if _has_rows(connection, table)]
    if written:
        names = sql.SQL(", ").join(sql.Identifier(table) for table in written)
        connection.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(names))


def _has_rows(connection: psycopg.Connection, table: str) -> bool:
    found = connection.execute(sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(table))).fetchone()
    return bool(found and found[0])
