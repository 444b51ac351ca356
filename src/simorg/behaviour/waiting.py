"""Automations that wait for their time: rows beside the records, so that one comes and goes with the write that it
belongs to, and waits through a restart.

How often one may lead to another is bounded as for jobs that start jobs (Apex Developer Guide, "Queueable Apex" and
"Execution Governors and Limits").
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from simorg.behaviour.rulebook import Automation
from simorg.clock import format_exact, read_exact
from simorg.errors import RowError
from simorg.fidelity import say
from simorg.org import Org
from simorg.transactions import Transaction

#: So many jobs a chain has in Developer Edition and trial orgs, the first one included; elsewhere a chain has no end.
MOST_CHAINED = 5
_COLUMNS = "id, object, rule, record_id, user_id, chain"


@dataclass(frozen=True)
class Due:
    """An automation whose time has come. `chain`: which one it is of those that led to one another, from 1."""

    id: int
    object: str
    rule: str
    record_id: str
    user_id: str
    chain: int


def postpone(org: Org, tx: Transaction, rule: Automation, record_id: str) -> RowError | None:
    """Keeps an automation for later; gives why it cannot be."""
    if tx.chain >= MOST_CHAINED and org.settings.edition == "Developer Edition":
        message = say("automation.chain", name=rule.name, object=rule.object, id=record_id)
        return RowError("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", message)
    at = format_exact(org.clock.now() + timedelta(seconds=rule.delay))
    tx.run(
        "INSERT INTO _waiting (at, object, rule, record_id, user_id, chain) VALUES (?, ?, ?, ?, ?, ?)",
        (at, rule.object, rule.name, record_id, tx.user_id, tx.chain + 1),
    )
    tx.after_commit.append(lambda: org.rules.note_next(read_exact(at)))
    return None


def find_due(org: Org, now: datetime) -> list[Due]:
    """The automations whose time has come, in the order of their times."""
    statement = f"SELECT {_COLUMNS} FROM _waiting WHERE at <= ? ORDER BY at, id"
    return [_read(row) for row in org.storage.read(statement, [format_exact(now)])]


def take(tx: Transaction, due: Due) -> bool:
    """Takes one out; False where somebody else did."""
    return tx.run("DELETE FROM _waiting WHERE id = ?", [due.id]).rowcount > 0


def count_waiting(org: Org) -> int:
    """How many automations wait."""
    row = org.storage.read_one("SELECT count(*) FROM _waiting")
    return int(str(row[0])) if row else 0


def note_next(org: Org) -> None:
    """Lets the rules know when the next one is due."""
    row = org.storage.read_one("SELECT min(at) FROM _waiting")
    org.rules.set_next(read_exact(str(row[0])) if row and row[0] else None)


def forget_all(org: Org) -> None:
    """Takes all of them out."""
    with org.storage.transaction(lags=False) as tx:
        tx.run("DELETE FROM _waiting", ())
    org.rules.set_next(None)


def _read(row: tuple[object, ...]) -> Due:
    number, object_name, rule, record_id, user_id, chain = row
    return Due(int(str(number)), str(object_name), str(rule), str(record_id), str(user_id), int(str(chain)))
