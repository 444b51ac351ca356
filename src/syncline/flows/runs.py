"""Opening a run: the connection's lock, its client, what the org shows, and the row that keeps what was counted."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import psycopg

from syncline import clock
from syncline.domain.connection import ConnectionState
from syncline.domain.ids import ConnectionId, RunId
from syncline.errors import Busy, ConnectionBroken, LimitReached, OperatorError, SynclineError
from syncline.flows.connect import open_client, refuse_nobody
from syncline.salesforce.client import Salesforce
from syncline.store import budget, runs
from syncline.store.connections import load_connection, set_state
from syncline.store.database import Database, store_errors, transaction
from syncline.store.mappings import load_mapping
from syncline.store.secrets import KeyRing
from syncline.sync.budget import CallGuard
from syncline.sync.context import SyncContext
from syncline.sync.describes import load_objects
from syncline.sync.progress import Progress, Tick


@contextmanager
def open_run(
    database: Database,
    keys: KeyRing,
    connection_name: str,
    kind: str,
    watch: Callable[[Tick], None] | None = None,
) -> Iterator[SyncContext]:
    """One run over one connection: nobody else runs over it meanwhile, and how it ended is kept.

    Raises:
        Busy: another process runs over this connection.
        OperatorError: there is no such connection, or it has no mapping.
        ConnectionBroken: Salesforce refuses the login.
    """
    connection = load_connection(connection_name)
    mapping = load_mapping(connection.id)
    if mapping is None:
        raise OperatorError(
            f"The connection {connection.name!r} has no mapping.", remedy="Connect again: `syncline connect`."
        )
    with closing(database.connect(f"run {connection.name}")) as lock:
        _take_lock(lock, connection.id, connection.name)
        with transaction(lock, "run"):
            run_id = runs.start(lock, connection.id, kind, clock.now())
        with open_client(connection, keys) as client:
            context = SyncContext(connection, mapping, {}, client, database, run_id, progress=Progress(watch))
            context.guard = _keep_budget(lock, client, connection.id)
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


def _take_lock(lock: psycopg.Connection, connection_id: int, name: str) -> None:
    # Held by the session, not by the transaction, until the process lets go or dies.
    with transaction(lock, "lock"):
        if not runs.try_lock(lock, connection_id):
            raise Busy(
                f"Another sync of {name!r} is running.",
                remedy="Wait until it is done: `syncline runs` shows it. What it leaves, the next run takes up.",
            )


def _keep_budget(conn: psycopg.Connection, client: Salesforce, connection_id: ConnectionId) -> CallGuard:
    with transaction(conn, "budget"):
        guard = CallGuard(
            budget.load_budget(conn, connection_id), budget.count_used(conn, connection_id, clock.now()), client
        )
    client.keep_within(guard)
    return guard


def _close(database: Database, run_id: RunId, context: SyncContext) -> None:
    with closing(database.connect("run")) as conn, transaction(conn, "finish"):
        counts = {**context.counts.as_dict(), "calls": context.salesforce.calls.total}
        runs.finish(conn, run_id, context.state, counts, context.message, clock.now())
        if context.guard:
            usage = context.salesforce.usage()
            org = (usage.used, usage.limit) if usage else None
            budget.note_used(conn, context.connection.id, context.guard.counted, org, clock.now())


def _close_failed(database: Database, context: SyncContext, problem: BaseException) -> None:
    """Keeps how the run ended, as far as the database still takes it; the problem itself goes on."""
    context.state = "paused" if isinstance(problem, LimitReached) else "failed"
    context.message = problem.message if isinstance(problem, SynclineError) else type(problem).__name__
    try:
        _close(database, context.run_id, context)
        if isinstance(problem, ConnectionBroken):
            set_state(context.connection.id, ConnectionState.BROKEN)
    except SynclineError:
        # The database is what failed: the next run closes this one's row.
        return
