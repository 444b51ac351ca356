"""What is to be done next: looks that are due, local edits that bring one forward, opt-outs that may not wait.

Each worker asks so every second. It costs a few short statements; row locks see to it that one worker adds each job.
"""

from contextlib import closing
from datetime import timedelta

from syncline import clock
from syncline.domain.schedule import PACES
from syncline.jobs.names import sync_job
from syncline.store import schedules
from syncline.store.database import Database, transaction
from syncline.store.jobs import add_job

#: A worker that dies before it says when the next look is leaves it to this.
_GUARD = timedelta(minutes=1)


def dispatch(database: Database) -> list[int]:
    """Queues what is due; gives the connections whose look was queued."""
    now = clock.now()
    with closing(database.connect("syncline dispatch")) as conn, transaction(conn, "dispatch"):
        schedules.ensure_schedules(conn)
        schedules.note_edits(conn, {mode: now + pace.edit for mode, pace in PACES.items()})
        due = schedules.claim_due(conn, now, now + _GUARD)
        for connection_id in due:
            add_job(conn, sync_job(connection_id))
    return due
