"""Builds the objects of the program from Settings: the one place that knows every class.

Everything heavy is imported late, inside `open_app`, so that asking for help costs nothing.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncline import killpoints
from syncline.config import Settings
from syncline.errors import ConfigError

if TYPE_CHECKING:
    from syncline.flows.runs import Holder
    from syncline.store.database import Database
    from syncline.store.embedded import ServerHandle
    from syncline.store.secrets import KeyRing
    from syncline.sync.context import SyncContext
    from syncline.sync.progress import Tick

Progress = Callable[[str], None]


@dataclass(frozen=True)
class App:
    """What a command works with. `server` is None where DATABASE_URL names a server of the operator's."""

    settings: Settings
    database: "Database"
    keys: "KeyRing"
    server: "ServerHandle | None"

    def open_run(
        self,
        connection_name: str,
        kind: str,
        watch: "Callable[[Tick], None] | None" = None,
        holder: "Holder | None" = None,
    ) -> "AbstractContextManager[SyncContext]":
        """Opens a run over a connection; see `flows.runs.open_run`."""
        from syncline.flows.runs import open_run

        return open_run(self.database, self.keys, connection_name, kind, watch, holder)

    def open_consent(self, connection_name: str, holder: "Holder") -> "AbstractContextManager[SyncContext | None]":
        """Opens a turn of the consent lane of a connection; see `flows.runs.open_consent`."""
        from syncline.flows.runs import open_consent

        return open_consent(self.database, self.keys, connection_name, holder)


@contextmanager
def open_app(settings: Settings, progress: Progress | None = None) -> Iterator[App]:
    """Starts or joins the database, brings its tables up to date, and leaves it again at the end.

    Raises:
        OperatorError: something that a person must mend stands in the way.
    """
    from syncline.store import setup
    from syncline.store.secrets import KeyRing

    with ExitStack() as stack:
        database, server = _open_database(settings, stack, progress)
        _arm(settings, server)
        setup.configure(database.url)
        stack.callback(setup.disconnect)
        setup.migrate(database)
        yield App(settings, database, KeyRing(settings.keys), server)


def _open_database(
    settings: Settings, stack: ExitStack, progress: Progress | None
) -> "tuple[Database, ServerHandle | None]":
    from syncline.store.database import Database

    if settings.database_url is not None:
        database = Database(settings.database_url)
        database.check_version()
        return database, None
    from syncline.store.embedded import EmbeddedServer, Options

    server = EmbeddedServer(settings.server_folder, Options(binaries=settings.pg_bin)).start(progress)
    stack.callback(server.close)
    return Database(server.url(), revive=lambda: server.ensure_running(progress)), server


def _arm(settings: Settings, server: "ServerHandle | None") -> None:
    kill_at = settings.kill_at
    if kill_at is None:
        return
    if kill_at.target == "postgres" and server is None:
        raise ConfigError("SYNCLINE_KILL_AT cannot kill the server that DATABASE_URL names.", remedy="Unset it.")

    def strike() -> None:
        if kill_at.target == "postgres" and server is not None:
            server.kill()
        else:
            os.kill(os.getpid(), signal.SIGKILL)

    killpoints.arm(kill_at.name, kill_at.nth, strike)
