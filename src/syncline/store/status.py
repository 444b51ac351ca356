"""How a connection stands: what is linked, left out, read, waiting to be sent, and waiting for a person."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import psycopg

from syncline.domain.mapping import Lane
from syncline.store.issues import Cause, list_causes
from syncline.store.named_sql import load

_SQL = load("status")


@dataclass(frozen=True)
class Status:
    """How a connection stands. `contacts` counts all contacts by state; the rest is the connection's own."""

    contacts: Mapping[str, int]
    linked: Mapping[str, int]
    left_out: Mapping[str, Mapping[str, int]]
    read_until: Mapping[str, datetime]
    waiting: Mapping[str, int]
    parked: int
    causes: tuple[Cause, ...]


def load_status(conn: psycopg.Connection, connection_id: int) -> Status:
    """Counts everything anew."""
    of = {"connection_id": connection_id}
    left_out: dict[str, dict[str, int]] = {}
    for object_name, reason, count in conn.execute(_SQL["left_out"].compose(), of).fetchall():
        left_out.setdefault(object_name, {})[reason] = count
    waiting: dict[str, int] = {}
    parked = 0
    lanes = list(Lane)
    for lane, state, count in conn.execute(_SQL["outbox"].compose(), of).fetchall():
        if state == "waiting":
            waiting[str(lanes[lane])] = count
        else:
            parked += count
    return Status(
        contacts=dict(conn.execute(_SQL["contacts"].compose()).fetchall()),
        linked=dict(conn.execute(_SQL["links"].compose(), of).fetchall()),
        left_out=left_out,
        read_until=dict(conn.execute(_SQL["cursors"].compose(), of).fetchall()),
        waiting=waiting,
        parked=parked,
        causes=tuple(list_causes(conn, connection_id)),
    )
