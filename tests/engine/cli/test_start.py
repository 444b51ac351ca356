"""`syncline start`: from an org with nothing of ours to the first sync, asked, declined, killed and gone on with."""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncline.store.database import Database
from tests import simulated
from tests.engine.cli.conftest import Done, Syncline
from tests.processes import run_syncline
from tests.simulated import Simulated

_SET = "SELECT Id FROM PermissionSet WHERE Name = 'Syncline_Integration'"
_QUESTION = "[y/N]"
#: One moment of each stretch of the way: in the set-up, at connecting, at approving and in the middle of the sync.
_MOMENTS = (
    "remote.create.answered", "remote.update.answered", "remote.create.sending:2", "columns.committed",
    "approve.committed", "applied.committing",
)  # fmt: skip


@pytest.fixture
def nothing_there(tmp_path: Path) -> Iterator[Simulated]:
    """An org without anything of ours."""
    org = simulated.start(tmp_path / "org", "people", 40, bare=True)
    yield org
    org.stop()


def _options(org: Simulated, folder: Path) -> list[str]:
    username = org.facts["administrator"]["username"]
    token, secret = folder / "token", folder / "secret"
    token.write_text(org.control("POST", "sessions", {"username": username})["access_token"])
    secret.write_text(org.facts["client_secret"])
    return [
        "--url", org.url, "--token-file", str(token), "--client-id", org.facts["client_id"],
        "--client-secret-file", str(secret), "--user", f"integration@{org.org.realm}.simorg.example",
    ]  # fmt: skip


def _count_sets(org: Simulated, options: list[str]) -> int:
    token = Path(options[options.index("--token-file") + 1]).read_text()
    total: int = org.call("GET", f"/query?q={_SET}", token=token).json()["totalSize"]
    return total


def _count_contacts(database: Database) -> int:
    with database.connect("test") as connection:
        (count,) = connection.execute("SELECT count(*) FROM contacts").fetchone() or (0,)
    return int(count)


def test_two_questions_lead_from_nothing_to_a_sync(
    syncline: Syncline, nothing_there: Simulated, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each no stops before anything of its step is done, and the next run goes on there; the whole asks twice."""
    options = _options(nothing_there, tmp_path)

    def answer(text: str, *arguments: str) -> Done:
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        return syncline("start", *arguments)

    declined = answer("n\n", *options)
    assert (declined.status, declined.out.count(_QUESTION)) == (3, 1), declined.err
    assert _count_sets(nothing_there, options) == 0
    looked = answer("y\nn\n", *options)
    assert (looked.status, looked.out.count(_QUESTION)) == (3, 2), looked.err
    assert re.findall(r"\d of 5: .*", looked.out) == [
        "1 of 5: Set the org up", "2 of 5: Connect", "3 of 5: Check the rights", "4 of 5: Map the fields",
        "5 of 5: Plan, and sync",
    ]  # fmt: skip
    assert _count_sets(nothing_there, options) == 1
    assert _count_contacts(database) == 0
    synced = answer("y\n")
    assert (synced.status, synced.out.count(_QUESTION)) == (0, 1), synced.out + synced.err
    assert "Passed over" in synced.out
    assert "Connected already: main" in synced.out
    assert _count_contacts(database) > 30
    again = syncline("start", "--yes", "--json", *options)
    assert again.status == 0, again.err
    assert (again.facts["set_up"], again.facts["state"]) == ([], "done")
    assert again.facts["counts"].get("contacts_created", 0) == 0


def test_a_right_that_is_missing_stops_it_and_a_token_mends_it(
    syncline: Syncline, nothing_there: Simulated, database: Database, tmp_path: Path
) -> None:
    """Without View All some people would look like all; the right is named, granted by the next run, and it goes on."""
    options = _options(nothing_there, tmp_path)
    user = options[-1]
    for right in ("ModifyAllRecords", "ViewAllRecords"):
        body = {"user": user, "object": "Contact", "permission": right, "allow": False}
        nothing_there.control("POST", "rights", body)
    without = [one for one in options if one not in ("--token-file", str(tmp_path / "token"))]
    stopped = syncline("start", "--yes", "--json", *without)
    assert stopped.status == 1, stopped.out
    assert "MISSING  Contact (View All Records)" in stopped.err
    assert _count_contacts(database) == 0
    assert syncline("start", "--json", *options).facts["error"]["remedy"].startswith("Give --yes")
    mended = syncline("start", "--yes", "--json", *options)
    assert mended.status == 0, mended.out + mended.err
    assert mended.facts["set_up"]
    assert _count_contacts(database) > 30


def test_killed_on_the_way_and_run_again_it_ends_the_same(
    nothing_there: Simulated, database: Database, tmp_path: Path
) -> None:
    """Each run dies a stretch further on; the last one ends with one set, every person once, and nothing to do."""
    options = _options(nothing_there, tmp_path)
    reach = {"DATABASE_URL": database.url}
    for moment in _MOMENTS:
        died = run_syncline(tmp_path / "home", "start", "--yes", *options, **reach, SYNCLINE_KILL_AT=moment)
        assert died.returncode == -9, (moment, died.stdout, died.stderr)
    done = run_syncline(tmp_path / "home", "start", "--yes", *options, **reach)
    assert done.returncode == 0, done.stdout + done.stderr
    assert _count_sets(nothing_there, options) == 1
    people = _count_contacts(database)
    assert people > 30
    again = run_syncline(tmp_path / "home", "start", "--yes", *options, **reach)
    assert "Everything is there: nothing to do." in again.stdout
    assert "nothing had to move" in again.stdout
    assert _count_contacts(database) == people
