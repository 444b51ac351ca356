"""What Salesforce refused: parked and told, remembered with its circumstances, and tried again when these change.

The statements read a relation of refused rows: given by Python for a collections call, or a table for a Bulk job.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from syncline.domain.mapping import MappedField
from syncline.store import issues
from syncline.store.named_sql import load
from syncline.store.targets import Target

_SQL = load("refusals")
#: How long a refusal rests before one record of its cause is tried again, to see whether it is mended.
_PROBE_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class Failed:
    """A refused row; `next` as `domain.sending.Next` says it, `record_id` empty where nothing was created."""

    contact_id: int
    record_id: str
    version: int
    code: str
    message: str
    remedy: str
    names: tuple[str, ...]
    next: str


def settle_failed(
    conn: psycopg.Connection, target: Target, failed: Sequence[Failed], *, run_id: int, now: datetime
) -> None:
    """Parks what is for a person, drops refused fields from what waits, and tells of both."""
    if not failed:
        return
    rows = [{**vars(one), "names": list(one.names)} for one in failed]
    settle_relation(conn, target, _SQL["given"].compose(), {"refused": Jsonb(rows)}, run_id=run_id, now=now)


def settle_relation(
    conn: psycopg.Connection,
    target: Target,
    failed: sql.Composable,
    parameters: dict[str, Any],
    *,
    run_id: int,
    now: datetime,
) -> None:
    """The same for a relation named `failed`."""
    facts = {**parameters, **_facts(target), "run_id": run_id, "now": now}
    parts = {"failed": failed, "mirror": target.mirror, "stamp": _stamp(target)}
    for step in ("park", "drop_fields", "tell_again", "tell", "remember"):
        conn.execute(_SQL[step].compose(**parts), facts)


def settle_taken(conn: psycopg.Connection, target: Target, sent: sql.Composable, parameters: dict[str, Any]) -> None:
    """Closes what was refused of rows that Salesforce took, given as a relation named `sent`."""
    for step in ("resolve", "wake_alike", "forget"):
        conn.execute(_SQL[step].compose(sent=sent), parameters)


def wake_changed(
    conn: psycopg.Connection, target: Target, fields: Sequence[MappedField], user_id: str, now: datetime
) -> int:
    """Lets what was refused wait to be sent again where its record, its fields or their rights changed, or as a probe.

    `user_id`: our own user, whose writes change nothing about a refusal. Gives the number of contacts.
    """
    by_others = sql.SQL("true")
    if target.shape.find("LastModifiedById"):
        by_others = sql.SQL("mirror.lastmodifiedbyid IS DISTINCT FROM %(user_id)s")
    parts = {"mirror": target.mirror, "stamp": _stamp(target), "by_others": by_others}
    parameters = {**_facts(target), "user_id": user_id, "now": now, "probe_before": now - _PROBE_AFTER}
    conn.execute(_SQL["forget_gone"].compose(), parameters)
    conn.execute(_SQL["chosen"].compose(**parts), parameters)
    woken = issues.wake_chosen(conn, target.connection_id, fields)
    conn.execute(_SQL["note_tried"].compose(**parts), parameters)
    return woken


def _facts(target: Target) -> dict[str, object]:
    return {"connection_id": target.connection_id, "object": target.object_name, "shape": target.digest}


def _stamp(target: Target) -> sql.Composable:
    stamp = target.shape.stamp_field
    return sql.Identifier("mirror", stamp.lower()) if stamp else sql.SQL("NULL::timestamptz")
