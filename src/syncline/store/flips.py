"""Fields that go back and forth between two values: found before they are written again, and held."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from syncline.domain.mapping import Lane
from syncline.domain.sending import FLIPS, Flip, Pending
from syncline.store.named_sql import load
from syncline.store.targets import Target

_SQL = load("outbox")


def find_flipping(
    conn: psycopg.Connection, target: Target, sent: sql.Composable, parameters: dict[str, Any], since: datetime
) -> list[Flip]:
    """Fields of a relation named `sent` that were written over the same value again and again since then."""
    names = [field.name for field, _ in target.sent if field.lane is not Lane.CONSENT]
    writer = sql.SQL("mirror.lastmodifiedbyid" if target.shape.find("LastModifiedById") else "NULL::text")
    statement = _SQL["flipping"].compose(sent=sent, mirror=target.mirror, last_writer=writer)
    found = conn.execute(statement, {**parameters, "fields": names, "since": since, "times": FLIPS})
    return [Flip(*row) for row in found]


def find_flips(conn: psycopg.Connection, target: Target, pending: Sequence[Pending], since: datetime) -> list[Flip]:
    """The same for rows that Python holds."""
    rows = [
        {
            "contact_id": one.contact_id,
            "record_id": one.record_id,
            "version": one.version,
            "ours": dict(one.ours),
            "theirs": dict(one.theirs),
        }
        for one in pending
    ]
    return find_flipping(conn, target, _SQL["given"].compose(), {"rows": Jsonb(rows)}, since)


def hold_flips(conn: psycopg.Connection, target: Target, flips: Sequence[Flip]) -> None:
    """These fields wait for a person."""
    rows = [{"contact_id": one.contact_id, "field": one.field, "theirs": one.theirs} for one in flips]
    conn.execute(_SQL["hold"].compose(), {"connection_id": target.connection_id, "rows": Jsonb(rows)})
