"""The command line as a person or a program meets it: db, doctor, errors and exit statuses."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from syncline.store.embedded import EmbeddedServer, Options, ServerHandle
from tests.processes import ROOT, plain_environment, run_syncline

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture
def home(open_folder: Path) -> Iterator[Path]:
    """An installation of this test's own."""
    yield open_folder / "home"
    server = EmbeddedServer(open_folder / "home" / "postgresql")
    if (open_folder / "home" / "postgresql").exists():
        assert server.remove()


def test_help_names_every_command() -> None:
    from syncline.cli.main import COMMANDS

    for arguments in ([], ["--help"]):
        shown = run_syncline(Path("/nonexistent"), *arguments)
        assert shown.returncode == 0
        assert all(name in shown.stdout for name in COMMANDS)


def test_an_unknown_command_suggests_the_nearest() -> None:
    done = run_syncline(Path("/nonexistent"), "doctr")
    assert done.returncode == 2
    assert "syncline doctor" in done.stderr


def test_wrong_usage_has_its_own_status() -> None:
    assert run_syncline(Path("/nonexistent"), "doctor", "--loud").returncode == 2


def test_a_wrong_setting_is_one_line_and_a_remedy(home: Path) -> None:
    done = run_syncline(home, "db", "url", SYNCLINE_LOG="loud")

    assert done.returncode == 1
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == ["error", "remedy"]
    assert "SYNCLINE_LOG" in done.stderr


def test_errors_are_json_too(home: Path) -> None:
    done = run_syncline(home, "db", "url", "--json", SYNCLINE_TYPO="x")

    assert done.returncode == 1
    error = json.loads(done.stdout)["error"]
    assert error["type"] == "ConfigError"
    assert "SYNCLINE_TYPO" in error["message"]
    assert error["remedy"]


def test_the_url_leads_to_a_running_database_that_the_next_command_stops(home: Path) -> None:
    shown = run_syncline(home, "db", "url")
    assert shown.returncode == 0, shown.stderr
    with psycopg.connect(shown.stdout.strip()) as connection:
        assert connection.execute("SELECT count(*) FROM contacts").fetchone() == (0,)

    stopped = run_syncline(home, "db", "stop", "--json")
    assert json.loads(stopped.stdout) == {"running": False}
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(shown.stdout.strip())


def test_doctor_finds_a_fresh_installation_healthy(home: Path) -> None:
    done = run_syncline(home, "doctor", "--json")

    assert done.returncode == 0, done.stdout
    said = json.loads(done.stdout)
    assert said["ok"]
    assert {"python", "settings", "keys", "database", "disk"} <= {one["name"] for one in said["findings"]}


def test_doctor_says_what_to_mend(home: Path) -> None:
    ring = home / "keys" / "ring.json"
    ring.parent.mkdir(parents=True)
    ring.write_text("{}")
    ring.chmod(0o644)

    done = run_syncline(home, "doctor")

    assert done.returncode == 1
    assert "PROBLEM" in done.stdout
    assert f"chmod 600 {ring}" in done.stdout


def test_a_server_of_the_operators_own_is_used(server: ServerHandle, home: Path) -> None:
    with psycopg.connect(server.admin_url(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE given OWNER syncline")
    try:
        shown = run_syncline(home, "db", "url", DATABASE_URL=server.url("given"))
        assert shown.stdout.strip() == server.url("given")
        with psycopg.connect(server.url("given")) as given:
            assert given.execute("SELECT count(*) FROM contacts").fetchone() == (0,)
        assert not (home / "postgresql").exists()
        refused = run_syncline(home, "db", "url", "--tcp", DATABASE_URL=server.url("given"))
        assert refused.returncode == 1
    finally:
        with psycopg.connect(server.admin_url(), autocommit=True) as connection:
            connection.execute("DROP DATABASE given WITH (FORCE)")


@pytest.mark.debian_postgresql
@pytest.mark.skipif(not DEBIAN_15.exists(), reason="Debian's PostgreSQL 15 is not installed")
def test_the_oldest_server_that_is_promised_will_do(open_folder: Path, home: Path) -> None:
    own = EmbeddedServer(open_folder / "own", Options(binaries=DEBIAN_15, durable=False))
    with own.start() as debian:
        done = run_syncline(home, "doctor", "--json", DATABASE_URL=debian.url())
    assert own.remove()

    assert done.returncode == 0, done.stderr
    details = {one["name"]: one["detail"] for one in json.loads(done.stdout)["findings"]}
    assert details["database"].startswith("PostgreSQL 15")
    assert "DATABASE_URL" in details["database"]


def test_a_server_that_is_not_there_is_named(home: Path) -> None:
    done = run_syncline(home, "db", "url", DATABASE_URL="postgresql://me@127.0.0.1:1/x")

    assert done.returncode == 1
    assert "cannot be reached" in done.stderr


#: A shell that runs the tests in the background lets them, and what they start, ignore Ctrl-C.
_FOREGROUND = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
    " from syncline.cli.main import main; main()"
)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_the_tcp_door_lets_only_the_reader_in_and_closes_with_the_command(home: Path, end: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _FOREGROUND, "db", "url", "--tcp", "--json"],
        cwd=ROOT,
        env={**plain_environment(), "SYNCLINE_HOME": str(home)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        assert f"@127.0.0.1:{said['port']}/" in said["url"]
        with psycopg.connect(said["url"], autocommit=True) as reader:
            assert reader.execute("SELECT current_user, count(*) FROM contacts").fetchone() == ("syncline_reader", 0)
            for statement in ("DELETE FROM contacts", "SELECT secrets FROM connections"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    reader.execute(statement.encode())
        with pytest.raises(psycopg.OperationalError, match="only the role"):
            psycopg.connect(said["url"], user="syncline")
        process.send_signal(end)
        process.communicate(timeout=60)
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(said["url"], connect_timeout=5)
    finally:
        process.kill()
        process.communicate()
