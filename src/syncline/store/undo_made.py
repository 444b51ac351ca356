"""Taking back what a run made: contacts are put away, not erased, and come back where that undo is undone.

Works in the session of `store.undo`: `look` gathers what the run made into a table of the session, the others read it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from syncline.domain.ids import RunId
from syncline.domain.mapping import Mapping
from syncline.domain.undo import MadeRecord, MadeUndo, Selection
from syncline.store.named_sql import load
from syncline.store.names import ConnectionTables

_SQL = load("undo_made")
_SHOWN = 200


@dataclass(frozen=True)
class Turn:
    """What is taken back: rows of the log with this action, by the state of contact and link that follows."""

    action: str
    told: str
    state: str
    link_state: str
    steps: tuple[str, ...]


#: Contacts that a run made are put away.
PUT_AWAY = Turn(
    "create", "archive", "archived", "dismissed", ("set_links", "leave_out", "forget_waiting", "forget_bases")
)
#: Contacts that an undo put away come back.
BRING_BACK = Turn("archive", "revive", "active", "live", ("set_links", "let_in", "meet_again", "touch"))


def look(conn: psycopg.Connection, connection_id: int, selection: Selection) -> MadeUndo:
    """Gathers what the chosen run made; nothing where the selection is not a whole run."""
    conn.execute(_SQL["drop"].compose())
    if not selection.is_whole_run:
        return MadeUndo()
    parameters = {"connection_id": connection_id, "run_id": selection.run_id}
    conn.execute(_SQL["make"].compose(touched=_SQL["touched"].compose()), parameters)
    conn.execute(_SQL["index"].compose())
    totals = {action: (free, touched) for action, free, touched in conn.execute(_SQL["totals"].compose())}
    records = conn.execute(_SQL["records"].compose(), {"rows": _SHOWN}).fetchall()
    contacts, contacts_kept = totals.get("create", (0, 0))
    made, made_kept = totals.get("created", (0, 0))
    back, _ = totals.get("archive", (0, 0))
    return MadeUndo(contacts, contacts_kept, made, made_kept, back, tuple(MadeRecord(*row) for row in records))


def take_back(
    conn: psycopg.Connection,
    connection_id: int,
    mapping: Mapping,
    turn: Turn,
    after: int,
    rows: int,
    undo_id: RunId,
    now: datetime,
) -> tuple[int, int] | None:
    """Takes back the next contacts, in the caller's transaction: (contacts, last number); None at the end."""
    parameters = {
        **vars(turn),
        "connection_id": connection_id,
        "fields": [field.name for field in mapping.fields],
        "after": after,
        "rows": rows,
        "undo_id": undo_id,
        "origin": f"undo:{undo_id}",
        "now": now,
    }
    found = conn.execute(_SQL["batch"].compose(), parameters).fetchone()
    if not found or found[0] is None:
        return None
    parameters["last"] = found[0]
    conn.execute(_SQL["lock"].compose(), parameters)
    conn.execute(_SQL["look_again"].compose(touched=_SQL["touched"].compose()), parameters)
    for step in ("set_state", *turn.steps, "log"):
        conn.execute(_SQL[step].compose(), parameters)
    counted = conn.execute(_SQL["counted"].compose(), parameters).fetchone()
    return (counted[0] if counted else 0), found[0]


def load_made(conn: psycopg.Connection, object_name: str, after: int, rows: int) -> list[tuple[int, MadeRecord]]:
    """The next records that the run made in Salesforce, with their place, whose contacts nobody touched since."""
    found = conn.execute(_SQL["made_there"].compose(), {"object": object_name, "after": after, "rows": rows})
    return [(row[0], MadeRecord(row[1], row[2], row[3], touched=False)) for row in found]


def note_deleted(
    conn: psycopg.Connection,
    tables: ConnectionTables,
    connection_id: int,
    deleted: Sequence[MadeRecord],
    undo_id: RunId,
    now: datetime,
) -> None:
    """Records that were made in Salesforce are deleted there again: their contacts stand by themselves."""
    if not deleted:
        return
    parameters = {
        "connection_id": connection_id,
        "record_ids": [one.record_id for one in deleted],
        "contact_ids": [one.contact_id for one in deleted],
        "rows": Jsonb([{"contact_id": one.contact_id, "record_id": one.record_id} for one in deleted]),
        "undo_id": undo_id,
        "origin": f"undo:{undo_id}",
        "now": now,
    }
    mirror: sql.Composable = tables.mirror(deleted[0].object)
    for step in ("unlink", "stand_alone", "gone_there", "forget_edits", "log_deleted"):
        conn.execute(_SQL[step].compose(mirror=mirror), parameters)
