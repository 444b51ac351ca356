"""The tables behind an org's records, and those that hold no records."""

import sqlite3
from collections.abc import Sequence

from simorg.schema.registry import Field, ObjectType
from simorg.transactions import quote

_REAL = frozenset({"double", "currency", "percent"})
_INTEGER = frozenset({"int", "long", "boolean"})
_INDEXED = frozenset({
    "SystemModstamp", "Email", "MasterRecordId", "AccountId", "ConvertedContactId", "CampaignId", "LeadId", "ContactId",
    "OpportunityId", "WhoId", "WhatId", "PersonContactId", "AssigneeId", "ParentId", "ProfileId",
})  # fmt: skip
#: `_expelled`: deleted records out of the recycle bin. `_metadata`: components that somebody made or changed.
#: `_waiting`: automations for later (`simorg.behaviour.waiting`). `_kept`: what else the org was told
#: (`simorg.keeping`).
_OWN = (
    'CREATE TABLE IF NOT EXISTS _expelled ("Id" TEXT PRIMARY KEY) WITHOUT ROWID',
    "CREATE TABLE IF NOT EXISTS _counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL)",
    """CREATE TABLE IF NOT EXISTS _metadata (
        type TEXT NOT NULL, full_name TEXT NOT NULL COLLATE NOCASE, id TEXT NOT NULL, content TEXT NOT NULL,
        created TEXT NOT NULL, created_by TEXT NOT NULL, changed TEXT NOT NULL, changed_by TEXT NOT NULL,
        PRIMARY KEY (type, full_name)
    ) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS _waiting (
        id INTEGER PRIMARY KEY, at TEXT NOT NULL, object TEXT NOT NULL, rule TEXT NOT NULL, record_id TEXT NOT NULL,
        user_id TEXT NOT NULL, chain INTEGER NOT NULL
    )""",
    "CREATE INDEX IF NOT EXISTS _waiting_at ON _waiting (at)",
    """CREATE TABLE IF NOT EXISTS _kept (
        part TEXT NOT NULL, name TEXT NOT NULL, content TEXT NOT NULL, PRIMARY KEY (part, name)
    ) WITHOUT ROWID""",
)


def make_own_tables(connection: sqlite3.Connection) -> None:
    """Makes the tables that hold no records, where they are missing."""
    for statement in _OWN:
        connection.execute(statement)


def make_table(connection: sqlite3.Connection, one: ObjectType) -> None:
    """Makes the tables of an object, or the columns that they miss."""
    columns = "".join(f", {quote(field.name)} {column_type(field)}" for field in one.stored_fields)
    connection.execute(
        f"CREATE TABLE IF NOT EXISTS {quote(one.name)}"
        f" (_row INTEGER PRIMARY KEY, _visible_at INTEGER NOT NULL DEFAULT 0{columns})"
    )
    connection.execute(
        f"CREATE TABLE IF NOT EXISTS {quote(one.name + '__before')}"
        f" (_row INTEGER, _visible_at INTEGER, _from INTEGER NOT NULL, _until INTEGER NOT NULL{columns})"
    )
    add_missing_columns(connection, one.name, list(one.stored_fields))
    connection.execute(f'CREATE UNIQUE INDEX IF NOT EXISTS {quote(one.name + "_id")} ON {quote(one.name)} ("Id")')
    make_indexes(connection, one, one.stored_fields)


def drop_tables(connection: sqlite3.Connection, object_name: str) -> None:
    """Throws the tables of an object away, with its records."""
    for table in (object_name, f"{object_name}__before"):
        connection.execute(f"DROP TABLE IF EXISTS {quote(table)}")


def make_indexes(connection: sqlite3.Connection, one: ObjectType, fields: Sequence[Field]) -> None:
    """Makes the indexes of those fields that are looked up by."""
    for field in fields:
        wanted = field.name in _INDEXED or field.external_id or field.unique
        if field.stored and (wanted or (field.custom and field.reference_to)):
            folds = (field.external_id or field.unique) and not field.case_sensitive
            collation = " COLLATE NOCASE" if folds or field.name == "Email" else ""
            name, column = quote(f"{one.name}_{field.name}"), quote(field.name)
            connection.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {quote(one.name)} ({column}{collation})")


def add_missing_columns(connection: sqlite3.Connection, object_name: str, fields: Sequence[Field]) -> None:
    """Adds the columns of new fields to both tables of an object."""
    for table in (object_name, f"{object_name}__before"):
        present = {row[1] for row in connection.execute(f"PRAGMA table_info({quote(table)})")}
        for field in fields:
            if field.stored and field.name not in present:
                connection.execute(f"ALTER TABLE {quote(table)} ADD COLUMN {quote(field.name)} {column_type(field)}")


def column_type(field: Field) -> str:
    """The SQLite type of a field's column."""
    if field.type in _REAL:
        return "REAL"
    return "INTEGER" if field.type in _INTEGER else "TEXT"
