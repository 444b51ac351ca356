"""The embedded server as Syncline's processes share it: the first starts it, the last to leave stops it."""

import contextlib
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from urllib.parse import quote, urlencode

import psycopg
from psycopg import sql

from syncline import clock
from syncline.errors import OperatorError, StoreError
from syncline.store.embedded import cluster
from syncline.store.embedded.accounts import Account, choose_account
from syncline.store.embedded.binaries import find_binaries
from syncline.store.embedded.locks import FileLock
from syncline.store.embedded.places import SHARED_STATE, Places, choose_places, make_private

#: Recovery after a crash replays the log; with much of it that takes minutes.
_PATIENCE = 600.0
_LOOK_EVERY = 0.02
#: Processes of a killed server end by themselves, a moment after it.
_LEFTOVERS_PATIENCE = 60.0

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """How the server is run: `durable` is only ever off in tests."""

    binaries: Path | None = None
    socket_root: Path = Path("/tmp")  # noqa: S108  # short on every system; what is made there is checked
    durable: bool = True


def _silent(_: str) -> None:
    pass


class EmbeddedServer:
    """A PostgreSQL whose files stand in one folder. Making this object does nothing; `start` does."""

    def __init__(self, folder: Path, options: Options | None = None) -> None:
        self._folder = folder
        self._options = options or Options()

    def start(self, progress: Progress | None = None) -> "ServerHandle":
        """Starts the server, or joins the processes that already use it; `progress` hears what is waited for.

        Raises:
            OperatorError: it cannot be started; the message says why and the remedy what to do.
        """
        handle = self._handle()
        handle.ensure_running(progress)
        return handle

    def stop(self) -> bool:
        """Stops the server unless a process uses it, and tells whether it still runs."""
        handle = self._handle()
        handle.close()
        return handle.pid is not None

    def remove(self) -> bool:
        """Stops the server and deletes its files, unless a process uses it; tells whether it did."""
        return self._handle().remove()

    def _handle(self) -> "ServerHandle":
        account = choose_account()
        return ServerHandle(choose_places(self._folder, account, self._options.socket_root), account, self._options)


class ServerHandle:
    """One process's share in a running server; give it back with `close`."""

    def __init__(self, places: Places, account: Account, options: Options) -> None:
        self._places = places
        self._account = account
        self._options = options
        self._users = FileLock(places.folder / "users.lock")
        self._mutex = threading.Lock()
        self._passwords: dict[str, str] = {}
        self._stops = True

    def __enter__(self) -> "ServerHandle":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def folder(self) -> Path:
        """The folder of the server's files; elsewhere than asked for when its account could not reach that."""
        return self._places.folder

    @property
    def log(self) -> Path:
        """The server's log."""
        return self._places.log

    @property
    def pid(self) -> int | None:
        """The server's process id, or None when it does not run."""
        return cluster.server_pid(self._places)

    def kill(self) -> None:
        """Kills every process of the server at once, as a crash of the machine would. For proofs only."""
        for pid in cluster.server_processes(self._places):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def url(self, database: str = cluster.OWNER, role: str = cluster.OWNER) -> str:
        """The postgresql:// URL of a database, over the socket and with the role's password."""
        where = urlencode({"host": str(self._places.sockets)}, quote_via=quote, safe="")
        return f"postgresql://{role}:{quote(self._passwords[role], safe='')}@/{quote(database)}?{where}"

    def admin_url(self, database: str = "postgres") -> str:
        """The URL for making and dropping databases."""
        return self.url(database, cluster.ADMIN)

    def reader_url(self, database: str = cluster.OWNER) -> str:
        """The URL for tools that only read."""
        return self.url(database, cluster.READER)

    def reader_tcp_url(self, port: int, database: str = cluster.OWNER) -> str:
        """The URL for tools that only read, through a `Door` on that port of the loopback."""
        password = quote(self._passwords[cluster.READER], safe="")
        return f"postgresql://{cluster.READER}:{password}@127.0.0.1:{port}/{quote(database)}"

    def socket(self) -> Path:
        """The Unix socket on which the server listens."""
        return self._places.sockets / ".s.PGSQL.5432"

    def ensure_running(self, progress: Progress | None = None) -> None:
        """Starts the server unless it runs, also again after it was killed; returns when it answers.

        Raises:
            OperatorError: it cannot be started.
        """
        say = progress or _silent
        with self._mutex, self._alone(say):
            self._users.share()
            try:
                self._bring_up(say)
            except BaseException:
                self._users.release()
                raise

    def leave_running(self) -> None:
        """Lets the server outlive this process, without owners; the next to join it stops it when it leaves."""
        self._stops = False

    def close(self) -> None:
        """Leaves the server; the last to leave stops it."""
        with self._mutex, self._alone(_silent):
            if self._users.try_alone() and self._stops:
                self._stop()
            self._users.release()

    def remove(self) -> bool:
        """Deletes the server's files when no other process uses it, and tells whether it did."""
        with self._mutex, self._alone(_silent):
            if not self._users.try_alone():
                self._users.release()
                return False
            self._stop()
            self._users.release()
            shutil.rmtree(self._places.folder, ignore_errors=True)
        return True

    @contextlib.contextmanager
    def _alone(self, say: Progress) -> Iterator[None]:
        """Starting, joining and leaving happen one at a time, over all processes."""
        lock = FileLock(self._places.folder / "start.lock")
        lock.wait_alone(clock.monotonic() + _PATIENCE, lambda: say("another process is starting the database"))
        try:
            yield
        finally:
            lock.release()

    def _bring_up(self, say: Progress) -> None:
        if not self._answers(say):
            self._start(say)
        provisioned = self._places.folder / "provisioned"
        if not provisioned.exists():
            self._provision()
            provisioned.touch(mode=0o600)

    def _answers(self, say: Progress) -> bool:
        """Whether a running server takes connections; waits while it recovers."""
        deadline = clock.monotonic() + _PATIENCE
        while self.pid is not None:
            self._passwords = cluster.read_passwords(self._places)
            try:
                psycopg.connect(self.admin_url(), connect_timeout=10).close()
            except psycopg.OperationalError as problem:
                if clock.monotonic() > deadline:
                    raise StoreError(f"The database runs and does not answer: {problem}") from problem
                say("the database is recovering after a crash")
                clock.sleep(_LOOK_EVERY)
            else:
                return True
        return False

    def _start(self, say: Progress) -> None:
        places, account, durable = self._places, self._account, self._options.durable
        binaries = find_binaries(account, self._options.binaries, SHARED_STATE)
        if not places.data.exists():
            say("making the database")
            (places.folder / "provisioned").unlink(missing_ok=True)
            cluster.create_cluster(places, binaries, account, durable=durable)
        cluster.check_version(places, binaries)
        make_private(places.sockets, account)  # whoever left last took it away
        crashed = (places.data / "postmaster.pid").exists()
        message = "the database is recovering after a crash" if crashed else "starting the database"
        deadline = clock.monotonic() + _LEFTOVERS_PATIENCE
        while True:
            try:
                cluster.start(places, binaries, account, durable=durable, waiting=lambda: say(message))
            except OperatorError as problem:
                if cluster.STILL_IN_USE not in problem.message or clock.monotonic() > deadline:
                    raise
                clock.sleep(_LOOK_EVERY)
            else:
                break
        self._passwords = cluster.read_passwords(places)

    def _stop(self) -> None:
        if self.pid is not None:
            binaries = find_binaries(self._account, self._options.binaries, SHARED_STATE)
            cluster.stop(self._places, binaries, self._account)
        # The server takes its socket away at the very end, perhaps after we have seen it gone.
        shutil.rmtree(self._places.sockets, ignore_errors=True)

    def _provision(self) -> None:
        """Makes the two roles and the database; may be cut short and done again."""
        with psycopg.connect(self.admin_url(), autocommit=True) as connection:
            for role in (cluster.OWNER, cluster.READER):
                found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
                verb = sql.SQL("ALTER" if found else "CREATE")
                connection.execute(
                    sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(
                        verb, sql.Identifier(role), sql.Literal(self._passwords[role])
                    )
                )
            connection.execute("GRANT pg_checkpoint, pg_read_all_stats TO syncline")
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [cluster.OWNER]).fetchone():
                connection.execute("CREATE DATABASE syncline OWNER syncline")
        with psycopg.connect(self.url()) as connection:
            # What the owner makes from now on, the reader may read.
            connection.execute("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO syncline_reader")
            connection.execute("ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO syncline_reader")
