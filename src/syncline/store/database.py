"""Connections to PostgreSQL for the sync engine, one transaction at a time, with errors of our own at the edge.

The statements live in `named_sql`; Django's ORM has a connection of its own and never takes part in a sync.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from syncline import clock, killpoints
from syncline.errors import OperatorError, StoreBusy, StoreError

#: The oldest server that the named SQL runs on.
OLDEST_VERSION = 15
#: Seconds after which a silent network path is given up; a socket in the file system ignores them.
_NETWORK = {
    "connect_timeout": "10",
    "keepalives": "1",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
#: The same for the server's end: what a machine held that vanished is free again after about a minute.
_SERVER_NETWORK = (
    "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3 -c tcp_user_timeout=60000"
)
_LOOK_EVERY = 0.05


class RowTooWide(StoreError):
    """A record has more texts than one row of the database can hold."""


class Database:
    """A database by its URL. `revive` is called once when nothing listens there, then the connect is tried again."""

    def __init__(self, url: str, revive: Callable[[], None] | None = None, lock_timeout: float | None = None) -> None:
        self._url = url
        self._revive = revive
        self._lock_timeout = lock_timeout

    @property
    def url(self) -> str:
        """The postgresql:// URL, password included."""
        return self._url

    def impatient(self, seconds: float) -> "Database":
        """The same database for work that rather comes again than waits longer than this for somebody's lock."""
        return Database(self._url, self._revive, seconds)

    def connect(self, application_name: str = "syncline") -> psycopg.Connection:
        """Opens a connection in UTC that begins a transaction with its first statement.

        Raises:
            StoreError: the server cannot be reached, or refuses us.
        """
        conninfo = self.conninfo(application_name)
        try:
            return psycopg.connect(conninfo)
        except psycopg.OperationalError as problem:
            if self._revive is None:
                raise _translate(problem) from problem
        self._revive()
        with store_errors():
            return psycopg.connect(conninfo)

    def wait_until_up(self, seconds: float, progress: Callable[[str], None] | None = None) -> None:
        """Waits until the server takes connections; a server that recovers from a crash refuses them for a while.

        Raises:
            StoreError: it did not within that time.
        """
        deadline = clock.monotonic() + seconds
        while True:
            try:
                self.connect("syncline wait").close()
            except StoreError:
                if clock.monotonic() > deadline:
                    raise
                if progress:
                    progress("waiting for the database")
                clock.sleep(_LOOK_EVERY)
            else:
                return

    def check_version(self) -> int:
        """The major version of the server.

        Raises:
            OperatorError: it is older than Syncline's statements.
        """
        connection = self.connect("syncline check")
        major = connection.info.server_version // 10_000
        connection.close()
        if major < OLDEST_VERSION:
            raise OperatorError(
                f"DATABASE_URL names a PostgreSQL {major}; Syncline needs {OLDEST_VERSION} or newer.",
                remedy="Upgrade that server, or unset DATABASE_URL to use the built-in one.",
            )
        return major

    def conninfo(self, application_name: str) -> str:
        """What `connect` connects with, for a pool."""
        given = conninfo_to_dict(self._url)
        options = f"{given.pop('options', '')} -c TimeZone=UTC -c DateStyle=ISO -c client_encoding=UTF8"
        if not str(given.get("host", "")).startswith("/"):
            options += f" {_SERVER_NETWORK}"
        if self._lock_timeout is not None:
            options += f" -c lock_timeout={int(self._lock_timeout * 1000)}"
        return make_conninfo(
            "", **{**_NETWORK, **given, "application_name": application_name, "options": options.strip()}
        )


@contextmanager
def transaction(connection: psycopg.Connection, name: str) -> Iterator[psycopg.Connection]:
    """Commits at the end what was done inside, or rolls it back when the block raises.

    The moments before and after the commit are kill points: `<name>.committing` and `<name>.committed`.

    Raises:
        StoreError: the database failed; nothing of the block is kept, unless the commit's answer was lost.
    """
    with store_errors():
        try:
            yield connection
        except BaseException:
            with suppress(psycopg.Error):  # a lost connection rolls back by itself
                connection.rollback()
            raise
        killpoints.reach(f"{name}.committing")
        connection.commit()
        killpoints.reach(f"{name}.committed")


@contextmanager
def store_errors() -> Iterator[None]:
    """Turns what psycopg raises inside into errors of Syncline; the original stays as the cause.

    Raises:
        OperatorError: the database's disk is full.
        StoreBusy: a lock was not to be had in the time that the caller waits for one.
        StoreError: anything else that went wrong in the database.
    """
    try:
        yield
    except psycopg.Error as problem:
        raise _translate(problem) from problem


def _translate(problem: psycopg.Error) -> OperatorError | StoreError:
    if isinstance(problem, errors.DiskFull):
        return OperatorError(
            f"The database's disk is full: {_first_line(problem)}",
            remedy="Free some space there, then run the same command again: it goes on where it stopped.",
        )
    if isinstance(problem, errors.InsufficientPrivilege):
        return OperatorError(
            f"The database refuses: {_first_line(problem)}",
            remedy="Let DATABASE_URL name a role that owns its database.",
        )
    if isinstance(problem, errors.LockNotAvailable):
        return StoreBusy(f"The database is busy: {_first_line(problem)}", remedy="Try again in a moment.")
    if isinstance(problem, errors.ProgramLimitExceeded) and "row is too big" in str(problem):
        # A row is one page; of each long text it keeps at least its place elsewhere (PostgreSQL manual, "TOAST").
        return RowTooWide(
            f"A record has more filled fields than one row of the database can hold: {_first_line(problem)}",
            remedy="Mirror fewer of its fields: `syncline objects add NAME --fields A,B,…`.",
        )
    if problem.sqlstate is None or isinstance(problem, psycopg.OperationalError):
        return StoreError(
            f"The database cannot be reached: {_first_line(problem)}",
            remedy="Run the same command again; `syncline doctor` tells more.",
        )
    return StoreError(f"The database failed: {_first_line(problem)} (SQLSTATE {problem.sqlstate})")


def _first_line(problem: psycopg.Error) -> str:
    return (str(problem).strip().splitlines() or [type(problem).__name__])[0]
