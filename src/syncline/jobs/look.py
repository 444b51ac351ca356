"""One scheduled look at a connection: a whole run, and what it says about when to look next."""

import logging
import random
import threading
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta

from syncline import clock
from syncline.bootstrap import App
from syncline.domain.connection import Connection
from syncline.domain.schedule import Past, next_look
from syncline.errors import Busy, LimitReached, RetryLater, Stopped, StoreBusy, SynclineError
from syncline.flows.runs import Holder
from syncline.flows.sessions import Sessions
from syncline.jobs.logs import logged
from syncline.store import schedules
from syncline.store.connections import list_connections
from syncline.store.database import transaction
from syncline.store.schedules import Settled
from syncline.sync import consent_lane, run
from syncline.sync.run import RunReport

_LOG = logging.getLogger(__name__)

#: When a look comes again that found the connection taken by somebody's command.
_BUSY_WAIT = timedelta(seconds=10)
#: Counts of a run that mean: something moved.
_MOVED = (
    "contacts_created",
    "contacts_updated",
    "pulled",
    "pushed",
    "created_in_salesforce",
    "converted",
    "merged",
    "deleted",
    "undeleted",
    "read_changed",
)


@dataclass(frozen=True)
class End:
    """How a look ended. `failed`: it is tried again sooner or later, by how often it failed already."""

    outcome: str
    message: str = ""
    changed: bool = False
    failed: bool = False
    not_before: datetime | None = None


class Looker:
    """Looks at connections for one worker, whose sessions outlive the looks; `ending` stops them at a safe place."""

    def __init__(self, app: App, ending: threading.Event) -> None:
        self._app = app
        self._ending = ending
        self.sessions = Sessions()

    def look(self, connection_id: int, job_id: int) -> None:
        """One run over a connection; how it ended, and when the next one is, stands in its schedule."""
        connection = find_connection(connection_id)
        if connection is None:
            return  # forgotten since the job was queued
        with logged(job=job_id, connection=connection.name):
            started = clock.now()
            with closing(self._app.database.connect("look")) as conn, transaction(conn, "look"):
                schedules.begin_look(conn, connection_id)
            end = self._run(connection, job_id)
            _LOG.info("the look ended: %s %s", end.outcome, end.message)
            self._settle(connection, started, end)

    def send_consent(self, connection_id: int, job_id: int) -> None:
        """One turn of the consent lane; what it cannot do now comes with the next turn, or with a run."""
        connection = find_connection(connection_id)
        if connection is None:
            return
        with logged(job=job_id, connection=connection.name):
            try:
                holder = Holder(job_id, self.sessions, self._ending)
                with self._app.open_consent(connection.name, holder) as ctx:
                    if ctx is not None:
                        consent_lane.work(ctx)
            except StoreBusy as busy:
                _LOG.info("the consent lane comes again: %s", busy.message)
            except SynclineError as problem:
                _LOG.warning("the consent lane failed: %s", problem.message)

    def _run(self, connection: Connection, job_id: int) -> End:
        holder = Holder(job_id, self.sessions, self._ending)
        try:
            with self._app.open_run(connection.name, "sync", holder=holder) as ctx, logged(run=ctx.run_id):
                return _read_report(run.sync(ctx))
        except Busy as busy:
            return End("busy", busy.message, not_before=clock.now() + _BUSY_WAIT)
        except Stopped as stopped:
            return End("cancelled" if stopped.by_person else "stopped", stopped.message)
        except LimitReached as reached:
            return End("paused", reached.message, not_before=reached.until)
        except RetryLater as later:
            wait = timedelta(seconds=later.retry_after) if later.retry_after else None
            return End("failed", later.message, failed=True, not_before=clock.now() + wait if wait else None)
        except SynclineError as problem:
            _LOG.warning("the look failed: %s", problem.message)
            return End("failed", problem.message, failed=True)

    def _settle(self, connection: Connection, started: datetime, end: End) -> None:
        with closing(self._app.database.connect("look")) as conn, transaction(conn, "look"):
            kept = schedules.load_schedule(conn, connection.id)
            now = clock.now()
            failures = kept.failures + 1 if end.failed else 0
            past = Past(started, now, now if end.changed else kept.changed_at, failures, end.not_before)
            at = next_look(kept.schedule, past, random.random())  # noqa: S311  # jitter, not a secret
            if end.outcome == "stopped":
                at = now  # another worker goes on at once
            schedules.settle_look(
                conn, connection.id, Settled(end.outcome, end.message, end.changed, failures, at), now
            )


def find_connection(connection_id: int) -> Connection | None:
    """The connection of that id, or None where it was forgotten."""
    return next((one for one in list_connections() if one.id == connection_id), None)


def _read_report(report: RunReport) -> End:
    changed = any(report.counts.get(name) for name in _MOVED)
    return End(report.state, report.message, changed)
