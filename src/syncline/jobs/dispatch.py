"""What is to be done next: looks that are due, local edits that bring one forward, opt-outs that may not wait.

Each worker asks so every second. It costs a few short statements; row locks see to it that one worker adds each job.
"""

from contextlib import closing
from datetime import timedelta

from syncline import clock
from syncline.domain.schedule import PACES
from syncline.jobs.names import consent_job, sync_job
from syncline.store import consent_lane, schedules
from syncline.store.consent_lane import Rhythm
from syncline.store.database import Database, transaction
from syncline.store.jobs import add_job

#: A worker that dies before it says when the next look is leaves it to this.
_GUARD = timedelta(minutes=1)
_RHYTHM = Rhythm()


def dispatch(database: Database) -> list[int]:
    """Queues what is due; gives the connections whose look was queued."""
    now = clock.now()
    with closing(database.connect("syncline dispatch")) as conn, transaction(conn, "dispatch"):
        schedules.ensure_schedules(conn)
        schedules.note_edits(conn, {mode: now + pace.edit for mode, pace in PACES.items()})
        due = schedules.claim_due(conn, now, now + _GUARD)
        for connection_id in due:
            add_job(conn, sync_job(connection_id))
        for connection_id in consent_lane.claim_due(conn, now, _RHYTHM):
            add_job(conn, consent_job(connection_id))
    return due
