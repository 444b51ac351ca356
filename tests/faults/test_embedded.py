"""The embedded server when things die: killed servers, killed owners, full disks."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from syncline.errors import OperatorError, StoreError
from syncline.store.database import Database, transaction
from syncline.store.embedded import EmbeddedServer, Options
from tests.processes import joined

FAST = Options(durable=False)


@pytest.fixture
def folder(open_folder: Path) -> Iterator[Path]:
    """The folder of a server of this test's own."""
    yield open_folder / "pg"
    if (open_folder / "pg").exists():
        assert EmbeddedServer(open_folder / "pg").remove()


def kill(pid: int | None) -> None:
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def test_a_killed_server_is_back_at_the_next_connect_with_what_was_committed(folder: Path) -> None:
    told: list[str] = []
    with EmbeddedServer(folder).start() as handle:
        database = Database(handle.url(), revive=lambda: handle.ensure_running(told.append))
        with database.connect() as connection, transaction(connection, "test"):
            connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS one")
            connection.execute("CREATE UNLOGGED TABLE scratch AS SELECT 1 AS one")

        kill(handle.pid)

        with database.connect() as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (1000,)
            assert connection.execute("SELECT count(*) FROM scratch").fetchone() == (0,)


def test_a_transaction_that_the_kill_cut_short_leaves_nothing(folder: Path) -> None:
    with EmbeddedServer(folder).start() as handle:
        database = Database(handle.url(), revive=handle.ensure_running)
        connection = database.connect()
        with pytest.raises(StoreError), transaction(connection, "test"):  # noqa: PT012  # the kill stands inside it
            connection.execute("CREATE TABLE half (one int)")
            handle.kill()
            connection.execute("INSERT INTO half VALUES (1)")
        connection.close()

        with database.connect() as again:
            assert again.execute("SELECT to_regclass('half')").fetchone() == (None,)


def test_it_survives_being_killed_over_and_over(folder: Path) -> None:
    with EmbeddedServer(folder, FAST).start() as handle:
        pids = set()
        for _ in range(4):
            pids.add(handle.pid)
            kill(handle.pid)
            handle.ensure_running()
        assert len(pids) == 4


def test_a_server_whose_owner_was_killed_is_adopted(folder: Path) -> None:
    with joined(folder) as owner:
        owner.process.kill()
        owner.process.wait(timeout=30)
        orphan = owner.said["pid"]

    with EmbeddedServer(folder, FAST).start() as handle:
        assert handle.pid == orphan
        with psycopg.connect(handle.url()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    assert handle.pid is None


def test_a_start_after_both_were_killed_recovers(folder: Path) -> None:
    with joined(folder) as owner:
        owner.process.kill()
        owner.process.wait(timeout=30)
        kill(owner.said["pid"])

    told: list[str] = []
    with EmbeddedServer(folder, FAST).start(told.append) as handle:
        assert handle.pid != owner.said["pid"]


def test_a_first_start_that_was_cut_short_begins_anew(folder: Path) -> None:
    folder.mkdir(mode=0o711)
    (folder / "data.new").mkdir()
    (folder / "data.new" / "PG_VERSION").write_text("18\n")
    (folder / "passwords.json").write_text("{}")

    with EmbeddedServer(folder, FAST).start() as handle, psycopg.connect(handle.url()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.fixture
def small_disk(open_folder: Path) -> Iterator[Path]:
    """A real file system of 96 MB."""
    mounted = open_folder / "disk"
    mounted.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=96m,mode=0711", "tmpfs", mounted], capture_output=True, check=False
    )
    if made.returncode != 0:
        pytest.skip("may not mount a small file system here (needs root)")
    yield mounted
    subprocess.run(["umount", mounted], check=True)


def test_a_full_disk_at_the_first_start_is_named(small_disk: Path) -> None:
    _fill(small_disk / "filler", leave=8_000_000)

    with pytest.raises(OperatorError, match="disk is full") as refused:
        EmbeddedServer(small_disk / "pg", FAST).start()
    assert "Free some space" in str(refused.value.remedy)

    (small_disk / "filler").unlink()
    with EmbeddedServer(small_disk / "pg", FAST).start() as handle:
        assert handle.pid is not None


def test_a_disk_that_fills_up_stops_the_write_and_loses_nothing(small_disk: Path) -> None:
    with EmbeddedServer(small_disk / "pg", FAST).start() as handle:
        database = Database(handle.url(), revive=handle.ensure_running)
        with database.connect() as connection, transaction(connection, "test"):
            connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
            connection.execute("CREATE UNLOGGED TABLE big (text text)")
        _fill(small_disk / "filler", leave=4_000_000)

        connection = database.connect()
        with pytest.raises(OperatorError, match="disk is full"), transaction(connection, "test"):
            connection.execute("INSERT INTO big SELECT repeat(md5(n::text), 30) FROM generate_series(1, 20000) n")
        connection.close()

        (small_disk / "filler").unlink()
        with database.connect() as connection:
            assert connection.execute("SELECT one FROM kept").fetchone() == (1,)
            connection.execute("INSERT INTO big SELECT repeat(md5(n::text), 30) FROM generate_series(1, 20000) n")


def _fill(path: Path, *, leave: int) -> None:
    room = os.statvfs(path.parent)
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, room.f_bavail * room.f_frsize - leave)
