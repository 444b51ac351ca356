"""What every test shares: the --nightly switch, and one PostgreSQL for the whole run.

The server is started by whichever worker first needs it, with fsync off, and stopped by the last to leave. Each
worker has a database of its own, cloned from one that was migrated once; between tests only what was written is
taken away.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from syncline.store import setup
from syncline.store.database import Database
from syncline.store.embedded import EmbeddedServer, Options, ServerHandle
from syncline.store.embedded.locks import FileLock
from tests.cleaning import clean, note_baseline

_TEMPLATE = "syncline_template"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--nightly", action="store_true", help="also run the long form of the proofs")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--nightly"):
        return
    for item in items:
        if item.get_closest_marker("nightly"):
            item.add_marker(pytest.mark.skip(reason="runs with --nightly"))


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@pytest.fixture(scope="session")
def pg_bin() -> Path | None:
    """The PostgreSQL to test on: SYNCLINE_TEST_PG_BIN, else the built-in one."""
    chosen = os.environ.get("SYNCLINE_TEST_PG_BIN")
    return Path(chosen) if chosen else None


@pytest.fixture(scope="session")
def server(run_folder: Path, pg_bin: Path | None) -> Iterator[ServerHandle]:
    """The run's PostgreSQL."""
    options = Options(binaries=pg_bin, durable=False)
    with EmbeddedServer(run_folder / "postgresql", options).start() as handle:
        yield handle


def _make_template(server: ServerHandle, run_folder: Path) -> None:
    done = run_folder / "template.json"
    lock = FileLock(run_folder / "template.lock")
    lock.wait_alone(float("inf"), lambda: None)
    try:
        if done.exists():
            return
        with psycopg.connect(server.admin_url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {_TEMPLATE} OWNER syncline")
        database = Database(server.url(_TEMPLATE))
        setup.configure(database.url)
        setup.migrate(database)
        setup.disconnect()
        done.write_text(json.dumps({"template": _TEMPLATE}))
    finally:
        lock.release()


@pytest.fixture(scope="session")
def worker_database(server: ServerHandle, run_folder: Path, worker_id: str) -> Iterator[Database]:
    """This worker's database, migrated, with Django pointed at it."""
    _make_template(server, run_folder)
    name = f"syncline_{worker_id}"
    with psycopg.connect(server.admin_url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE} OWNER syncline STRATEGY file_copy")
    database = Database(server.url(name), revive=server.ensure_running)
    setup.configure(database.url)
    note_baseline(database)
    yield database
    setup.disconnect()


@pytest.fixture
def database(worker_database: Database) -> Iterator[Database]:
    """A database as freshly migrated; what the test writes is taken away behind it."""
    yield worker_database
    setup.disconnect()
    clean(worker_database)
