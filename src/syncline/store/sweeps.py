"""When objects were swept, and which of their fields an operator wants swept beside the calculated ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg

from syncline.store.named_sql import load

_SQL = load("sweeps")


@dataclass(frozen=True)
class Sweep:
    """One object: `swept_at` is None where it is due since a field was named, or never was swept."""

    object: str
    swept_at: datetime | None
    fields: tuple[str, ...]


def load_sweeps(conn: psycopg.Connection, connection_id: int) -> dict[str, Sweep]:
    """What is noted of each object, by name."""
    rows = conn.execute(_SQL["load"].compose(), {"connection_id": connection_id})
    return {name: Sweep(name, swept_at, tuple(fields)) for name, swept_at, fields in rows}


def note_swept(conn: psycopg.Connection, connection_id: int, object_name: str, now: datetime) -> None:
    """An object was swept."""
    conn.execute(_SQL["note"].compose(), {"connection_id": connection_id, "object": object_name, "now": now})


def name_fields(conn: psycopg.Connection, connection_id: int, object_name: str, fields: Sequence[str]) -> None:
    """Says which fields are swept beside the calculated ones; the next sync does it at once."""
    parameters = {"connection_id": connection_id, "object": object_name, "fields": list(fields)}
    conn.execute(_SQL["name_fields"].compose(), parameters)
