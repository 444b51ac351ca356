"""The embedded server: private, shared, restarted, refused with a remedy."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from syncline.errors import OperatorError
from syncline.store.embedded import EmbeddedServer, Options, ServerHandle
from syncline.store.embedded.accounts import choose_account
from syncline.store.embedded.binaries import find_binaries, wheel_folder
from tests.processes import NOBODY, finish_joining, joined, run_as_nobody, start_joining

FAST = Options(durable=False)
DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")
as_root = pytest.mark.skipif(os.getuid() != 0, reason="needs root")


@pytest.fixture
def folder(open_folder: Path) -> Iterator[Path]:
    """The folder of a server of this test's own."""
    yield open_folder / "pg"
    if (open_folder / "pg").exists():
        assert EmbeddedServer(open_folder / "pg").remove()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_only_its_account_may_reach_it(server: ServerHandle) -> None:
    assert mode(server.folder / "data") == 0o700
    assert mode(server.folder / "passwords.json") == 0o600
    assert mode(server.socket().parent) == 0o700
    assert mode(server.folder) & 0o066 == 0


def test_it_listens_on_no_port_and_asks_for_the_password(server: ServerHandle) -> None:
    with psycopg.connect(server.url()) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.url(), password="guess")


def test_text_is_compared_alike_everywhere(server: ServerHandle) -> None:
    with psycopg.connect(server.url()) as connection:
        row = connection.execute(
            "SELECT lower('ÀÉÎ'), current_setting('server_encoding'), current_setting('TimeZone')"
        ).fetchone()
    assert row == ("àéî", "UTF8", "UTC")


def test_the_owner_is_no_superuser_and_the_reader_only_reads(server: ServerHandle) -> None:
    with psycopg.connect(server.url()) as owner:
        assert owner.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (False,)
        owner.execute("CREATE TABLE readable (id int)")
        owner.execute("CREATE SCHEMA sf_reader")
        owner.execute("CREATE TABLE sf_reader.lead (id int)")
    try:
        with psycopg.connect(server.reader_url(), autocommit=True) as reader:
            assert reader.execute("SELECT count(*) FROM readable, sf_reader.lead").fetchone() == (0,)
            for statement in ("INSERT INTO readable VALUES (1)", "DROP TABLE readable", "CREATE TABLE mine (id int)"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    reader.execute(statement.encode())
    finally:
        with psycopg.connect(server.url()) as owner:
            owner.execute("DROP TABLE readable")
            owner.execute("DROP SCHEMA sf_reader CASCADE")


def test_a_warm_restart_keeps_the_data(folder: Path) -> None:
    with EmbeddedServer(folder, FAST).start() as handle, psycopg.connect(handle.url()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
        first = handle.pid
    assert handle.pid is None

    told: list[str] = []
    with EmbeddedServer(folder, FAST).start(told.append) as handle, psycopg.connect(handle.url()) as connection:
        assert connection.execute("SELECT one FROM kept").fetchone() == (1,)
        assert handle.pid != first
    assert "making the database" not in told


def test_the_last_process_to_leave_stops_it(folder: Path) -> None:
    with EmbeddedServer(folder, FAST).start() as handle:
        with joined(folder) as second, joined(folder) as third:
            assert second.said["pid"] == third.said["pid"] == handle.pid
            second.leave()
            assert handle.pid is not None
            handle.close()
            assert handle.pid == third.said["pid"]
            third.leave()
        assert handle.pid is None


def test_starts_at_the_same_moment_make_one_server(folder: Path) -> None:
    processes = [start_joining(folder) for _ in range(3)]
    users = [finish_joining(process) for process in processes]

    assert len({user.said["pid"] for user in users}) == 1
    for user in users:
        with psycopg.connect(user.said["url"]) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    for user in users:
        user.leave()


def test_it_may_be_left_running_until_the_next_process_leaves(folder: Path) -> None:
    handle = EmbeddedServer(folder, FAST).start()
    handle.leave_running()
    handle.close()
    pid = handle.pid
    assert pid is not None

    with EmbeddedServer(folder, FAST).start() as adopted:
        assert adopted.pid == pid
    assert adopted.pid is None


def test_a_server_in_use_is_not_removed(folder: Path) -> None:
    with EmbeddedServer(folder, FAST).start() as handle:
        assert not EmbeddedServer(folder).remove()
        assert handle.pid is not None


@as_root
def test_root_runs_it_under_another_account(folder: Path) -> None:
    with EmbeddedServer(folder, FAST).start() as handle:
        assert handle.pid is not None
        assert Path(f"/proc/{handle.pid}").stat().st_uid != 0
        assert (folder / "data").stat().st_uid == NOBODY
        assert (folder / "passwords.json").stat().st_uid == 0


@as_root
def test_a_folder_under_a_closed_one_is_left_closed(open_folder: Path) -> None:
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    server = EmbeddedServer(closed / "home" / "pg", FAST)
    try:
        with server.start() as handle:
            assert not handle.folder.is_relative_to(open_folder)
            assert mode(closed) == 0o700
            first = handle.folder
        with server.start() as handle:
            assert handle.folder == first
    finally:
        assert server.remove()
    assert not first.exists()


@as_root
def test_programs_under_a_closed_folder_are_copied_where_its_account_can_run_them(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = wheel_folder()
    assert wheel is not None
    closed = open_folder / "closed"
    (closed / wheel.parent.name).mkdir(parents=True)
    (closed / wheel.parent.name / wheel.name).symlink_to(wheel)
    (closed / wheel.parent.name / "__init__.py").touch()
    (closed / f"{wheel.parent.name}.libs").symlink_to(wheel.parent.with_name(f"{wheel.parent.name}.libs"))
    closed.chmod(0o700)
    monkeypatch.syspath_prepend(str(closed))

    found = find_binaries(choose_account(), None, open_folder / "shared")
    again = find_binaries(choose_account(), None, open_folder / "shared")

    assert found == again
    assert found.major == 18
    assert found.folder.is_relative_to(open_folder / "shared")


_AS_USER = """
import json, os, sys, tempfile
from pathlib import Path
import psycopg
from syncline.store.embedded import EmbeddedServer, Options
with tempfile.TemporaryDirectory() as home:
    with EmbeddedServer(Path(home) / "pg", Options(durable=False)).start() as handle:
        owner = Path(f"/proc/{handle.pid}").stat().st_uid
        with psycopg.connect(handle.url()) as connection:
            answer = connection.execute("SELECT 42").fetchone()[0]
    print(json.dumps({"owner": owner, "me": os.getuid(), "answer": answer, "left": handle.pid}))
"""


@pytest.mark.as_user
def test_an_ordinary_user_runs_it_as_themselves() -> None:
    said = run_as_nobody(_AS_USER)

    assert said == {"owner": NOBODY, "me": NOBODY, "answer": 42, "left": None}


_CLOSED = """
import json, sys
from pathlib import Path
from syncline.errors import OperatorError
from syncline.store.embedded import EmbeddedServer
try:
    EmbeddedServer(Path(sys.argv[1])).start()
except OperatorError as error:
    print(json.dumps({"message": error.message, "remedy": error.remedy}))
"""


@pytest.mark.as_user
def test_a_folder_that_may_not_be_read_is_named(open_folder: Path) -> None:
    unreadable = open_folder / "pg"
    unreadable.mkdir(mode=0o000)
    os.chown(unreadable, NOBODY, NOBODY)

    said = run_as_nobody(_CLOSED, str(unreadable))

    assert str(unreadable) in said["message"]
    assert "readable" in said["remedy"]


@as_root
def test_a_folder_of_somebody_else_is_named(open_folder: Path) -> None:
    foreign = open_folder / "pg"
    foreign.mkdir()
    os.chown(foreign, 4242, 4242)

    with pytest.raises(OperatorError, match="belongs to user id 4242"):
        EmbeddedServer(foreign).start()


@pytest.mark.parametrize("trap", ["link", "open", "file"])
def test_a_socket_folder_that_somebody_prepared_is_refused(open_folder: Path, trap: str) -> None:
    handle = EmbeddedServer(open_folder / "pg", Options(durable=False, socket_root=open_folder))
    first = handle.start()
    sockets = first.socket().parent
    first.close()
    match trap:
        case "link":
            sockets.symlink_to("/tmp")
        case "open":
            sockets.mkdir()
            sockets.chmod(0o777)
        case _:
            sockets.touch()

    with pytest.raises(OperatorError, match="not a private folder"):
        handle.start()


def test_a_socket_path_that_is_too_long_is_refused(open_folder: Path) -> None:
    deep = open_folder / ("x" * 90)
    deep.mkdir()

    with pytest.raises(OperatorError, match="too long"):
        EmbeddedServer(open_folder / "pg", Options(socket_root=deep)).start()


def test_another_versions_data_is_refused_and_kept(folder: Path) -> None:
    EmbeddedServer(folder, FAST).start().close()
    version = folder / "data" / "PG_VERSION"
    right = version.read_text()
    version.write_text("14\n")

    with pytest.raises(OperatorError, match="made by PostgreSQL 14") as refused:
        EmbeddedServer(folder, FAST).start()

    assert "SYNCLINE_PG_BIN" in str(refused.value.remedy)
    version.write_text(right)
    EmbeddedServer(folder, FAST).start().close()


def test_programs_that_are_not_there_are_named(folder: Path, open_folder: Path) -> None:
    with pytest.raises(OperatorError, match="SYNCLINE_PG_BIN names"):
        EmbeddedServer(folder, Options(binaries=open_folder)).start()


@pytest.mark.debian_postgresql
@pytest.mark.skipif(not DEBIAN_15.exists(), reason="Debian's PostgreSQL 15 is not installed")
def test_debians_programs_do_as_well(folder: Path) -> None:
    server = EmbeddedServer(folder, Options(binaries=DEBIAN_15, durable=False))
    with server.start() as handle, psycopg.connect(handle.url()) as connection:
        assert connection.info.server_version // 10_000 == 15
        assert connection.execute("SELECT lower('É')").fetchone() == ("é",)


def test_settings_of_the_operator_are_taken(folder: Path) -> None:
    EmbeddedServer(folder, FAST).start().close()
    local = folder / "data" / "local.conf"
    local.write_text("work_mem = '13MB'\n")
    local.chmod(0o644)

    with EmbeddedServer(folder, FAST).start() as handle, psycopg.connect(handle.url()) as connection:
        assert connection.execute("SHOW work_mem").fetchone() == ("13MB",)


def test_a_wrong_setting_of_the_operator_is_told_in_postgresqls_words(folder: Path) -> None:
    EmbeddedServer(folder, FAST).start().close()
    local = folder / "data" / "local.conf"
    local.write_text("work_mem = 'plenty'\n")
    local.chmod(0o644)

    with pytest.raises(OperatorError, match="work_mem"):
        EmbeddedServer(folder, FAST).start()
