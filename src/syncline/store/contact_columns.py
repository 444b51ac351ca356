"""The columns of contacts: one per marketing field, made from the mapping together with the capture of their edits."""

from collections.abc import Sequence

import psycopg
from psycopg import sql

from syncline.domain.consent import consent_fields
from syncline.domain.mapping import FieldType, Mapping
from syncline.errors import MappingError
from syncline.store.capture import install_capture
from syncline.store.consent import install_consent
from syncline.store.formula.functions import ensure_functions

#: Columns that every contact has; no marketing field may be called so.
RESERVED = frozenset({"id", "external_key", "state", "merged_into", "linked", "created_at", "updated_at"})
_LOCK_TIMEOUT = "2s"


def ensure_columns(conn: psycopg.Connection, mapping: Mapping) -> None:
    """Adds the columns that the mapping names and contacts lack, and installs capture, in the caller's transaction.

    Where the mapping has expressions, their functions are there afterwards too.

    Raises:
        MappingError: a column is there with another type; it would have to be emptied.
    """
    present: dict[str, str] = dict(
        conn.execute(
            "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute"
            " WHERE attrelid = 'contacts'::regclass AND attnum > 0 AND NOT attisdropped"
        ).fetchall()
    )
    conn.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(_LOCK_TIMEOUT)))
    problems: list[str] = []
    for field in mapping.fields:
        wanted = field.type.column_type.replace("timestamptz", "timestamp with time zone")
        if field.name not in present:
            conn.execute(
                sql.SQL("ALTER TABLE contacts ADD COLUMN {} " + _definition(field.type)).format(
                    sql.Identifier(field.name)
                )
            )
        elif present[field.name] != wanted:
            problems.append(f"{field.name} is kept as {present[field.name]} here, the mapping says {field.type}")
    if problems:
        raise MappingError(problems, remedy="Give the field another name, or its old type: `syncline map set`.")
    ensure_address_index(conn)
    install_capture(conn, mapping)
    install_consent(conn, consent_fields(mapping))
    if any(field.expressions for field in mapping.fields) or any(rules.filter for _, rules in mapping.objects):
        ensure_functions(conn)
    conn.execute("SET LOCAL lock_timeout = 0")


def has_columns(conn: psycopg.Connection, names: Sequence[str]) -> bool:
    """Whether contacts have these columns already; a mapping's come with its first run."""
    row = conn.execute(
        "SELECT count(*) FROM pg_attribute WHERE attrelid = 'contacts'::regclass AND NOT attisdropped"
        " AND attname = ANY(%s)",
        [list(names)],
    ).fetchone()
    return bool(row and row[0] == len(set(names)))


def ensure_address_index(conn: psycopg.Connection) -> None:
    """Makes the index of addresses where a first import that did not end left it out."""
    conn.execute("CREATE INDEX IF NOT EXISTS contacts_email ON contacts (lower(email))")


def drop_address_index(conn: psycopg.Connection) -> bool:
    """Leaves the index of addresses out while an empty store is filled, where it costs half; says if it did."""
    if conn.execute("SELECT 1 FROM contacts LIMIT 1").fetchone():
        return False
    conn.execute("DROP INDEX IF EXISTS contacts_email")
    return True


def _definition(kind: FieldType) -> str:
    """The column's type; a box is never neither ticked nor clear, as in Salesforce."""
    return "boolean NOT NULL DEFAULT false" if kind is FieldType.BOOLEAN else kind.column_type
