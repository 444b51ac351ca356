"""The queue as a worker uses it: Procrastinate on the installation's database, with our tasks.

One loop serves some queues with a number of slots. Tasks are synchronous and run in threads of the loop.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.worker import Worker as Serving

from syncline import clock
from syncline.errors import StoreError
from syncline.jobs.names import CONSENT_TASK, SYNC_TASK
from syncline.store.database import Database

_LOG = logging.getLogger(__name__)

#: What a job does: called with the connection and the job's id.
Work = Callable[[int, int], None]

#: Seconds to wait before a loop that ended is started again.
_PAUSE = 0.5
_DATABASE_PATIENCE = 600.0
_LOOK_EVERY = 0.2


@dataclass(frozen=True)
class Signs:
    """Signs of life, in seconds: how often a worker gives one, and after which silence it counts as dead."""

    every: float = 10.0
    silence: float = 30.0


class QueueLoop:
    """Serves queues until it is told to end; started again whenever it ends by itself, as with a restart of PostgreSQL.

    Procrastinate's own loop ends without an error when the database goes away.
    """

    def __init__(
        self, database: Database, queues: Sequence[str], slots: int, work: Mapping[str, Work], signs: Signs
    ) -> None:
        self._database = database
        self._queues = list(queues)
        self._slots = slots
        self._work = work
        self._signs = signs
        self._ending = threading.Event()
        self._serving: Serving | None = None
        self._running: set[int] = set()
        self._mutex = threading.Lock()

    @property
    def name(self) -> str:
        """The queues, for logs."""
        return ",".join(self._queues)

    def report(self) -> tuple[int, frozenset[int]] | None:
        """Under which id this loop fetches jobs, and those that it runs; None while it is not served."""
        with self._mutex:
            serving = self._serving
            if serving is None or serving.worker_id is None:
                return None
            return serving.worker_id, frozenset(self._running)

    def serve(self) -> None:
        """Works until `end` is called."""
        while not self._ending.is_set():
            try:
                # Where the database is ours and died, this starts it again.
                self._database.wait_until_up(_DATABASE_PATIENCE)
                asyncio.run(self._serve_once())
            except StoreError as problem:
                _LOG.warning("the queue %s has no database: %s", self.name, problem.message)
            except Exception:  # noqa: BLE001  # whatever broke the loop, another one begins
                _LOG.exception("the loop of the queue %s broke", self.name)
            if not self._ending.is_set():
                _LOG.warning("the loop of the queue %s ended and is started again", self.name)
                clock.sleep(_PAUSE)

    def end(self) -> None:
        """Takes no further job; `serve` returns once those under way have ended."""
        self._ending.set()

    async def _serve_once(self) -> None:
        queue = build_queue(
            self._database, {name: self._watched(work) for name, work in self._work.items()}, self._slots
        )
        async with queue.open_async():
            serving = Serving(
                queue,
                queues=self._queues,
                concurrency=self._slots,
                name=self.name,
                install_signal_handlers=False,
                update_heartbeat_interval=self._signs.every,
                stalled_worker_timeout=self._signs.silence,
                fetch_job_polling_interval=1.0,
            )
            with self._mutex:
                self._serving = serving
            stopping = asyncio.create_task(self._stop_if_told(serving))
            try:
                await serving.run()  # type: ignore[no-untyped-call]  # Procrastinate leaves it so
            finally:
                stopping.cancel()
                with self._mutex:
                    self._serving = None

    async def _stop_if_told(self, serving: Serving) -> None:
        """Ends a loop that was told to before it could hear it."""
        while not self._ending.is_set():
            await asyncio.sleep(_LOOK_EVERY)
        serving.stop()  # type: ignore[no-untyped-call]  # as above

    def _watched(self, work: Work) -> Work:
        def run(connection_id: int, job_id: int) -> None:
            with self._mutex:
                self._running.add(job_id)
            try:
                work(connection_id, job_id)
            finally:
                with self._mutex:
                    self._running.discard(job_id)

        return run


def build_queue(database: Database, work: Mapping[str, Work], slots: int) -> App:
    """Procrastinate on this database with our tasks; opens nothing yet."""
    # A connection to listen, one for signs of life, and one for each job to be fetched or ended.
    connector = PsycopgConnector(conninfo=database.conninfo("syncline queue"), min_size=1, max_size=slots + 3)
    queue = App(connector=connector)
    for name in (SYNC_TASK, CONSENT_TASK):
        queue.task(name=name, pass_context=True)(_make_task(work[name]))
    return queue


def _make_task(work: Work) -> Callable[..., None]:
    def run(context: JobContext, connection_id: int, **_: Any) -> None:
        work(connection_id, context.job.id or 0)

    return run
