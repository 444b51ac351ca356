"""Capture of edits: whoever changes a contact, by the web, an import or plain SQL, the sync sees it.

The trigger is generated from the mapping, in the transaction that gives contacts their columns. Inserts need none:
a contact without a link is new.
"""

import psycopg
from psycopg import sql

from syncline.domain.mapping import MappedField, Mapping
from syncline.store.expressions import canonical, contact_value
from syncline.store.named_sql import load

_SQL = load("capture")


def install_capture(conn: psycopg.Connection, mapping: Mapping) -> None:
    """Makes the trigger that writes edits of mapped fields to the change log and, where they are pushed, the outbox."""
    values = sql.SQL(", ").join(_value_row(field) for field in mapping.fields)
    body = _SQL["body"].compose(values=values).as_string(conn)
    conn.execute(_SQL["function"].compose(body=sql.Literal(f"{body};")))
    conn.execute(_SQL["trigger"].compose())


def _value_row(field: MappedField) -> sql.Composed:
    return sql.SQL("({}, {}::smallint, {}, {}, {})").format(
        sql.Literal(field.name),
        sql.Literal(field.lane.rank),
        sql.Literal(field.direction.pushes),
        canonical(contact_value(field, "before"), field.type),
        canonical(contact_value(field, "after"), field.type),
    )
