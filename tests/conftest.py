"""What every test shares: the --nightly switch, and one PostgreSQL for the whole run.

The server is started by whichever worker first needs it, with fsync off, and stopped by the last to leave. Each
worker has a database of its own, cloned from one that was migrated once; between tests only what was written is
taken away.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from syncline.store import setup
from syncline.store.database import Database
from syncline.store.embedded import EmbeddedServer, Options, ServerHandle
from syncline.store.embedded.locks import FileLock
from tests.cleaning import clean, is_worn, note_baseline

_TEMPLATE = "syncline_template"
_RUN_FOLDER = "SYNCLINE_TEST_RUN_FOLDER"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--nightly", action="store_true", help="also run the long form of the proofs")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--nightly"):
        return
    for item in items:
        if item.get_closest_marker("nightly"):
            item.add_marker(pytest.mark.skip(reason="runs with --nightly"))


def pytest_configure(config: pytest.Config) -> None:
    """Makes the folder of the run, once for all workers; PostgreSQL's account must be able to pass through it."""
    if not hasattr(config, "workerinput"):
        folder = Path(tempfile.mkdtemp(prefix="syncline-test-", dir="/tmp"))
        folder.chmod(0o711)
        os.environ[_RUN_FOLDER] = str(folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Takes away what the run left, its server first."""
    if not hasattr(config, "workerinput"):
        folder = Path(os.environ.pop(_RUN_FOLDER))
        if (folder / "postgresql").exists():
            EmbeddedServer(folder / "postgresql", _options()).remove()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def run_folder() -> Path:
    """A folder that all workers of this run share, and every account may pass through."""
    return Path(os.environ[_RUN_FOLDER])


@pytest.fixture
def open_folder(run_folder: Path) -> Iterator[Path]:
    """A folder of this test that every account may pass through, unlike tmp_path."""
    folder = Path(tempfile.mkdtemp(dir=run_folder))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


def _options() -> Options:
    """The PostgreSQL to test on: SYNCLINE_TEST_PG_BIN, else the built-in one."""
    chosen = os.environ.get("SYNCLINE_TEST_PG_BIN")
    return Options(binaries=Path(chosen) if chosen else None, durable=False)


@pytest.fixture(scope="session")
def server(run_folder: Path) -> Iterator[ServerHandle]:
    """The run's PostgreSQL."""
    with EmbeddedServer(run_folder / "postgresql", _options()).start() as handle:
        yield handle


def _make_template(server: ServerHandle, run_folder: Path) -> None:
    lock = FileLock(run_folder / "template.lock")
    lock.wait_alone(float("inf"), lambda: None)
    try:
        with psycopg.connect(server.admin_url(), autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [_TEMPLATE])
            if found.fetchone() is not None:
                return
            connection.execute(f"CREATE DATABASE {_TEMPLATE} OWNER syncline")
        database = Database(server.url(_TEMPLATE))
        setup.configure(database.url)
        setup.migrate(database)
        setup.disconnect()
    finally:
        lock.release()


def _clone(server: ServerHandle, name: str) -> None:
    with psycopg.connect(server.admin_url(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE} OWNER syncline STRATEGY file_copy".encode())


@pytest.fixture(scope="session")
def worker_database(server: ServerHandle, run_folder: Path, worker_id: str) -> Iterator[Database]:
    """This worker's database, migrated, with Django pointed at it."""
    _make_template(server, run_folder)
    name = f"syncline_{worker_id}"
    _clone(server, name)
    database = Database(server.url(name), revive=server.ensure_running)
    setup.configure(database.url)
    note_baseline(database)
    yield database
    setup.disconnect()


@pytest.fixture
def database(worker_database: Database, server: ServerHandle, worker_id: str) -> Iterator[Database]:
    """A database as freshly migrated; what the test writes is taken away behind it."""
    # A test with a server of its own may have pointed Django elsewhere.
    setup.configure(worker_database.url)
    yield worker_database
    setup.disconnect()
    clean(worker_database)
    if is_worn(worker_database):
        _clone(server, f"syncline_{worker_id}")
