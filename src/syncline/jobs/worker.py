"""A worker: loops that serve the queues, and a keeper that adds what is due and takes up what dead workers left.

Any number of workers may run, on any machines that reach the database. What they are told to do stands there alone.
"""

import logging
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta

import psycopg

from syncline import clock
from syncline.bootstrap import App
from syncline.errors import SynclineError
from syncline.jobs.dispatch import dispatch
from syncline.jobs.look import Looker
from syncline.jobs.names import CONSENT_QUEUE, CONSENT_TASK, SYNC_QUEUE, SYNC_TASK
from syncline.jobs.queue import QueueLoop, Signs
from syncline.store import jobs
from syncline.store.database import transaction

_LOG = logging.getLogger(__name__)

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class WorkerOptions:
    """How a worker works: runs side by side, its signs of life, and seconds between what its keeper does."""

    slots: int = 2
    consent_slots: int = 1
    signs: Signs = field(default_factory=Signs)
    dispatch_every: float = 1.0
    sweep_every: float = 15.0
    purge_every: float = 3600.0
    #: How long ended jobs are kept; runs are kept for themselves.
    keep: timedelta = _DAY


class Worker:
    """Works on every connection until `end` is called; `run` then returns once what is under way has stopped."""

    def __init__(self, app: App, options: WorkerOptions | None = None) -> None:
        self._app = app
        self._options = options or WorkerOptions()
        self._ending = threading.Event()
        self._suspects: set[tuple[int, int]] = set()
        looker = Looker(app, self._ending)
        work = {SYNC_TASK: looker.look, CONSENT_TASK: looker.send_consent}
        self._loops = [
            QueueLoop(app.database, [SYNC_QUEUE], self._options.slots, work, self._options.signs),
            QueueLoop(app.database, [CONSENT_QUEUE], self._options.consent_slots, work, self._options.signs),
        ]

    def run(self) -> None:
        """Works until `end` is called."""
        threads = [threading.Thread(target=one.serve, name=f"queue {one.name}") for one in self._loops]
        for thread in threads:
            thread.start()
        _LOG.info("the worker begins")
        try:
            self._keep()
        finally:
            self.end()
            for thread in threads:
                thread.join()
        _LOG.info("the worker ended")

    def end(self) -> None:
        """Lets runs stop at their next safe place, and the worker end; safe to call from anywhere, also twice."""
        self._ending.set()
        for one in self._loops:
            one.end()

    def _keep(self) -> None:
        """Until the end: what is due is queued, dead workers' jobs are taken up, old jobs are deleted."""
        duties: list[tuple[float, Callable[[], None]]] = [
            (self._options.dispatch_every, self._dispatch),
            (self._options.sweep_every, self._sweep),
            (self._options.purge_every, self._purge),
        ]
        due = [0.0 for _ in duties]
        while not self._ending.is_set():
            for index, (every, duty) in enumerate(duties):
                if clock.monotonic() >= due[index]:
                    due[index] = clock.monotonic() + every
                    self._try(duty)
            self._ending.wait(min(every for every, _ in duties))

    def _try(self, duty: Callable[[], None]) -> None:
        try:
            duty()
        except SynclineError as problem:
            _LOG.warning("%s: %s", duty.__name__.strip("_"), problem.message)
        except Exception:  # noqa: BLE001  # a duty that fails must not end the others
            _LOG.exception("%s failed", duty.__name__.strip("_"))

    def _dispatch(self) -> None:
        for connection_id in dispatch(self._app.database):
            _LOG.info("connection %d is due", connection_id)

    def _sweep(self) -> None:
        with closing(self._app.database.connect("syncline sweep")) as conn, transaction(conn, "sweep"):
            self._give_up_lost(conn)
            swept = jobs.sweep(conn, timedelta(seconds=self._options.signs.silence))
        if swept.requeued or swept.closed:
            _LOG.warning("jobs of dead workers: %s taken up, %s closed", swept.requeued, swept.closed)

    def _give_up_lost(self, conn: psycopg.Connection) -> None:
        """What our loops fetched and do not run, now as in the sweep before, belongs to nobody.

        That is how a job looks whose end could not be noted since the database went away just then: its worker lives,
        so nothing else would ever take it up.
        """
        found: set[tuple[int, int]] = set()
        for one in self._loops:
            if report := one.report():
                worker_id, running = report
                lost = jobs.find_lost(conn, worker_id, running)
                jobs.give_up(conn, worker_id, {job_id for job_id in lost if (worker_id, job_id) in self._suspects})
                found |= {(worker_id, job_id) for job_id in lost}
        self._suspects = found

    def _purge(self) -> None:
        with closing(self._app.database.connect("syncline purge")) as conn, transaction(conn, "purge"):
            purged = jobs.purge(conn, clock.now() - self._options.keep)
        _LOG.info("%d ended jobs deleted", purged)
