"""Opening a run: the connection's lock, its client, what the org shows, and the row that keeps what was counted."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace

import psycopg

from syncline import clock
from syncline.domain.connection import ConnectionState
from syncline.domain.ids import ConnectionId, RunId
from syncline.domain.mapping import PERSON_OBJECTS
from syncline.errors import Busy, ConnectionBroken, LimitReached, OperatorError, Stopped, SynclineError
from syncline.flows.connect import refuse_nobody
from syncline.flows.sessions import Sessions
from syncline.salesforce.client import Salesforce
from syncline.store import budget, runs
from syncline.store.connections import load_connection, set_state
from syncline.store.consent_lane import try_lane
from syncline.store.database import Database, store_errors, transaction
from syncline.store.mappings import load_mapping
from syncline.store.secrets import KeyRing
from syncline.sync.budget import CallGuard
from syncline.sync.context import SyncContext
from syncline.sync.describes import load_objects, load_shapes
from syncline.sync.progress import Progress, Tick

#: Seconds between two looks whether a run is still wanted, and still holds its lock.
_CHECK_EVERY = 1.0
#: Seconds for which the consent lane waits for a lock that a large run holds.
_PATIENCE = 1.0
#: More records than there can be.
_ANY_NUMBER = sys.maxsize


@dataclass(frozen=True)
class Holder:
    """Who runs: a command, or a worker with the job, its sessions, and an event that is set when it ends."""

    job_id: int | None = None
    sessions: Sessions = field(default_factory=Sessions)
    ending: threading.Event = field(default_factory=threading.Event)


@contextmanager
def open_run(
    database: Database,
    keys: KeyRing,
    connection_name: str,
    kind: str,
    watch: Callable[[Tick], None] | None = None,
    holder: Holder | None = None,
) -> Iterator[SyncContext]:
    """One run over one connection: nobody else runs over it meanwhile, and how it ended is kept.

    Raises:
        Busy: another process runs over this connection.
        Stopped: a person, or the worker's end, asked the run to stop.
        OperatorError: there is no such connection, or it has no mapping.
        ConnectionBroken: Salesforce refuses the login.
    """
    holder = holder or Holder()
    connection = load_connection(connection_name)
    mapping = load_mapping(connection.id)
    if mapping is None:
        raise OperatorError(
            f"The connection {connection.name!r} has no mapping.", remedy="Connect again: `syncline connect`."
        )
    with closing(database.connect(f"run {connection.name}")) as lock:
        _take_lock(lock, connection.id, connection.name)
        with transaction(lock, "run"):
            run_id = runs.start(lock, connection.id, kind, clock.now(), holder.job_id)
        with holder.sessions.open_client(connection, keys) as client:
            progress = Progress(watch, checkpoint=Checkpoint(lock, run_id, holder.ending))
            context = SyncContext(connection, mapping, {}, client, database, run_id, progress=progress)
            context.guard = _keep_budget(database, client, connection.id)
            try:
                with context.urgent():  # without it, not even opt-outs could be sent
                    load_objects(context)
                refuse_nobody(context.shapes)
                # A plain read outside of any transaction can fail too.
                with store_errors():
                    yield context
            except BaseException as problem:
                _close_failed(database, context, problem)
                raise
        _close(database, run_id, context)
        if connection.state is ConnectionState.BROKEN:
            set_state(connection.id, ConnectionState.ACTIVE)


@contextmanager
def open_consent(
    database: Database, keys: KeyRing, connection_name: str, holder: Holder
) -> Iterator[SyncContext | None]:
    """A turn of the consent lane beside whatever else runs; None where somebody else has it. It uses the reserve.

    Raises:
        OperatorError: there is no such connection, or it has no mapping.
        StoreBusy: a large run holds what is needed for longer than this waits.
        ConnectionBroken: Salesforce refuses the login.
    """
    connection = load_connection(connection_name)
    mapping = load_mapping(connection.id)
    if mapping is None:
        raise OperatorError(f"The connection {connection.name!r} has no mapping.", remedy="See `syncline connect`.")
    with closing(database.connect(f"consent {connection.name}")) as lock:
        if not try_lane(lock, connection.id):
            yield None
            return
        with transaction(lock, "run"):
            run_id = runs.start(lock, connection.id, runs.CONSENT_KIND, clock.now(), holder.job_id)
        with holder.sessions.open_client(connection, keys) as client:
            context = SyncContext(connection, mapping, {}, client, database.impatient(_PATIENCE), run_id)
            # A Bulk job would last longer than the lane may be held, and a run that begins would take it for its own.
            context.settings = replace(context.settings, bulk_send_rows=_ANY_NUMBER)
            context.guard = _keep_budget(database, client, connection.id)
            try:
                with context.urgent():
                    context.shapes.update(load_shapes(context, PERSON_OBJECTS))
                    with store_errors():
                        yield context
            except BaseException as problem:
                _close_failed(database, context, problem)
                raise
        _close(database, run_id, context)
        if not any(context.counts.as_dict().values()):
            with transaction(lock, "run"):
                runs.drop(lock, run_id)  # a turn that moved nothing is not worth a line


class Checkpoint:
    """Called at the safe places of a run, from any of its threads: raises where the run is to stop.

    It asks over the session that holds the run's lock. Where that session is gone, with a restart of the database,
    somebody else may have the lock by now, and this run must not go on.
    """

    def __init__(self, lock: psycopg.Connection, run_id: RunId, ending: threading.Event) -> None:
        self._lock = lock
        self._run_id = run_id
        self._ending = ending
        self._mutex = threading.Lock()
        self._next = clock.monotonic() + _CHECK_EVERY

    def __call__(self) -> None:
        """Looks now and then.

        Raises:
            Stopped: the run is to stop.
            StoreError: the session with the lock is gone.
        """
        if self._ending.is_set():
            raise Stopped("The worker ended.", by_person=False, remedy="Another one goes on from here.")
        with self._mutex:
            if clock.monotonic() < self._next:
                return
            self._next = clock.monotonic() + _CHECK_EVERY
            with store_errors():
                asked = runs.is_asked_to_stop(self._lock, self._run_id)
                self._lock.rollback()
        if asked:
            raise Stopped("The run was cancelled.", by_person=True, remedy="The next sync goes on from here.")


def _take_lock(lock: psycopg.Connection, connection_id: int, name: str) -> None:
    # Held by the session, not by the transaction, until the process lets go or dies.
    with transaction(lock, "lock"):
        if not runs.try_lock(lock, connection_id):
            raise Busy(
                f"Another sync of {name!r} is running.",
                remedy="Wait until it is done: `syncline runs` shows it. What it leaves, the next run takes up.",
            )


def _keep_budget(database: Database, client: Salesforce, connection_id: ConnectionId) -> CallGuard:
    with closing(database.connect("budget")) as conn, transaction(conn, "budget"):
        allowed = budget.load_budget(conn, connection_id)
    guard = CallGuard(allowed, database, connection_id, client)
    client.keep_within(guard)
    return guard


def _close(database: Database, run_id: RunId, context: SyncContext) -> None:
    with closing(database.connect("run")) as conn, transaction(conn, "finish"):
        counts = {**context.counts.as_dict(), "calls": context.salesforce.calls.total}
        runs.finish(conn, run_id, context.state, counts, context.message, clock.now())
        usage = context.salesforce.usage()
        if usage:
            budget.note_org(conn, context.connection.id, usage.used, usage.limit, clock.now())
    if context.guard:
        context.guard.close()


def _name_end(problem: BaseException) -> str:
    if isinstance(problem, LimitReached):
        return "paused"
    if isinstance(problem, Stopped):
        return "cancelled" if problem.by_person else "stopped"
    return "failed"


def _close_failed(database: Database, context: SyncContext, problem: BaseException) -> None:
    """Keeps how the run ended, as far as the database still takes it; the problem itself goes on."""
    context.state = _name_end(problem)
    context.message = problem.message if isinstance(problem, SynclineError) else type(problem).__name__
    try:
        _close(database, context.run_id, context)
        if isinstance(problem, ConnectionBroken):
            set_state(context.connection.id, ConnectionState.BROKEN)
    except SynclineError:
        # The database is what failed: the next run closes this one's row.
        return
