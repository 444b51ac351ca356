"""A death at a named moment, of the process or of its database: what was committed stays, the rest was never there."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncline.store.embedded import EmbeddedServer
from tests.processes import ROOT, plain_environment

_WRITE = """
import json
from syncline.bootstrap import open_app
from syncline.config import read_settings
from syncline.errors import StoreError
from syncline.store.database import transaction
SQL = "INSERT INTO contacts (email, created_at, updated_at) VALUES ('a@example.com', '2026-01-01', '2026-01-01')"
with open_app(read_settings()) as app:
    failed = False
    connection = app.database.connect()
    try:
        with transaction(connection, "test"):
            connection.execute(SQL)
    except StoreError:
        failed = True
    connection.close()
    with app.database.connect() as again:
        rows = again.execute("SELECT count(*) FROM contacts").fetchone()[0]
    print(json.dumps({"failed": failed, "rows": rows}))
"""


@pytest.fixture
def home(open_folder: Path) -> Iterator[Path]:
    """An installation of this test's own."""
    home = open_folder / "home"
    yield home
    assert EmbeddedServer(home / "postgresql").remove()


def write(home: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", _WRITE],
        cwd=ROOT,
        env={**plain_environment(), "SYNCLINE_HOME": str(home), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize(("point", "rows"), [("test.committing", 0), ("test.committed", 1)])
def test_the_process_dies(home: Path, point: str, rows: int) -> None:
    died = write(home, SYNCLINE_KILL_AT=point)
    assert died.returncode == -signal.SIGKILL, died.stderr

    undisturbed = write(home)
    assert json.loads(undisturbed.stdout) == {"failed": False, "rows": rows + 1}


@pytest.mark.parametrize(("point", "rows"), [("test.committing", 0), ("test.committed", 1)])
def test_the_database_dies_and_is_back_at_the_next_connect(home: Path, point: str, rows: int) -> None:
    survived = write(home, SYNCLINE_KILL_AT=f"{point},postgres")

    assert survived.returncode == 0, survived.stderr
    assert json.loads(survived.stdout) == {"failed": rows == 0, "rows": rows}
