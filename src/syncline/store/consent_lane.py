"""The consent lane in the database: who holds it, what it has to do, and what it saw in Salesforce.

Its statements run beside those of a large run over the same connection, and never let that wait for long.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import psycopg
from psycopg.types.json import Jsonb

from syncline.store.database import Database, store_errors, transaction
from syncline.store.named_sql import load
from syncline.store.runs import LOCK_SPACE

_SQL = load("consent_lane")
#: The first keys of our advisory locks on lanes and on the ledger, beside that of runs.
_LANE_SPACE, _LEDGER_SPACE = LOCK_SPACE + 1, LOCK_SPACE + 2


@dataclass(frozen=True)
class Seen:
    """A record of Salesforce that shows a fact; `stamp` is its own, as text."""

    object: str
    record_id: str
    address: str
    kind: str
    flag: str
    field: str
    stamp: str


@dataclass(frozen=True)
class Rhythm:
    """How often the lane goes to work: beside a run that is `settled`, and again for what it could not send.

    `pause` is also how long a job that was called may need until it holds the lane.
    """

    pause: timedelta = timedelta(seconds=3)
    settled: timedelta = timedelta(seconds=5)
    again: timedelta = timedelta(minutes=1)


def lock_ledger(conn: psycopg.Connection) -> None:
    """Waits for the turn to add facts in sets; until the end of the caller's transaction."""
    conn.execute(_SQL["ledger_lock"].compose(), {"space": _LEDGER_SPACE})


@contextmanager
def hold_lane(database: Database, connection_id: int) -> Iterator[None]:
    """Waits for the consent lane of a connection, and holds it."""
    parameters = {"space": _LANE_SPACE, "connection_id": connection_id}
    with closing(database.connect("syncline lane")) as conn:
        with transaction(conn, "lane"):
            conn.execute(_SQL["lane_lock"].compose(), parameters)
        yield


def try_lane(conn: psycopg.Connection, connection_id: int) -> bool:
    """Takes the consent lane for as long as this database session lives, where nobody holds it."""
    parameters = {"space": _LANE_SPACE, "connection_id": connection_id}
    with store_errors():
        row = conn.execute(_SQL["try_lane_lock"].compose(), parameters).fetchone()
        conn.commit()
    return bool(row and row[0])


def find_run(conn: psycopg.Connection, connection_id: int) -> datetime | None:
    """When the run began that is under way now, by our clock; None where there is none."""
    parameters = {"connection_id": connection_id, "run_space": LOCK_SPACE}
    row = conn.execute(_SQL["run_under_way"].compose(), parameters).fetchone()
    return row[0] if row else None


def load_cursor(conn: psycopg.Connection, connection_id: int) -> datetime | None:
    """How far opt-outs were looked for beside a run, by the org's clock."""
    row = conn.execute(_SQL["cursor"].compose(), {"connection_id": connection_id}).fetchone()
    return row[0] if row else None


def take_seen(
    conn: psycopg.Connection, connection_id: int, seen: Sequence[Seen], until: datetime, now: datetime
) -> int:
    """Takes what records show into the ledger and moves the cursor, in the caller's transaction; gives new facts."""
    facts = 0
    if seen:
        lock_ledger(conn)
        rows = Jsonb([asdict(one) for one in seen])
        parameters = {"connection_id": connection_id, "rows": rows, "now": now}
        facts = conn.execute(_SQL["take_seen"].compose(), parameters).rowcount
    conn.execute(_SQL["move_cursor"].compose(), {"connection_id": connection_id, "until": until})
    return facts


def find_unsent(conn: psycopg.Connection, connection_id: int, now: datetime) -> int | None:
    """The newest edit among the opt-outs and opt-ins that wait to be sent; None where none does."""
    row = conn.execute(_SQL["unsent"].compose(), {"connection_id": connection_id, "now": now}).fetchone()
    return row[0] if row else None


def load_tried(conn: psycopg.Connection, connection_id: int) -> int:
    """The newest edit that the lane has tried to send."""
    row = conn.execute(_SQL["sent_until"].compose(), {"connection_id": connection_id}).fetchone()
    return int(row[0]) if row else 0


def note_tried(conn: psycopg.Connection, connection_id: int, version: int) -> None:
    """The lane has tried to send the edits up to this one; what is left of them waits for a run, or a while."""
    conn.execute(_SQL["note_sent"].compose(), {"connection_id": connection_id, "version": version})


def claim_due(conn: psycopg.Connection, now: datetime, rhythm: Rhythm) -> list[int]:
    """Connections whose consent lane has something to do now."""
    parameters = {"now": now, "run_space": LOCK_SPACE, "lane_space": _LANE_SPACE, **vars(rhythm)}
    return [row[0] for row in conn.execute(_SQL["due"].compose(), parameters)]
