"""`syncline setup` and `syncline check` as a person types them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import simulated
from tests.engine.cli.conftest import Syncline
from tests.simulated import Simulated


@pytest.fixture
def nothing_there(tmp_path: Path) -> Iterator[Simulated]:
    """An org without anything of ours."""
    org = simulated.start(tmp_path / "org", "people", 40, bare=True)
    yield org
    org.stop()


def _token_file(org: Simulated, tmp_path: Path) -> str:
    file = tmp_path / "token"
    username = org.facts["administrator"]["username"]
    file.write_text(org.control("POST", "sessions", {"username": username})["access_token"])
    return str(file)


def test_from_an_empty_org_to_a_checked_connection(
    syncline: Syncline, nothing_there: Simulated, tmp_path: Path
) -> None:
    """Plan, apply, connect, check; then a right is taken away, and the check names it with status 1."""
    org = nothing_there
    reach = ("--url", org.url, "--token-file", _token_file(org, tmp_path))
    # The user that the simulated org's app runs as.
    chosen = ("--user", f"integration@{org.org.realm}.simorg.example")
    planned = syncline("setup", "plan", *reach, *chosen)
    assert planned.status == 0, planned.err
    assert "create field Lead.Lead_Score__c" in planned.out
    # Every right with its reason, on lines that fit a terminal; an address may be longer than one.
    assert "     Contact (View All Records): every Contact is read, whoever owns it" in planned.out
    told = " ".join(planned.out.split())
    asked_for = syncline("setup", "plan", *reach, *chosen, "--json").facts["rights"]
    assert [one for one in asked_for if f"{one['right']}: {one['reason']}" not in told] == []
    assert max(map(len, planned.out.splitlines())) <= 80
    refused = syncline("setup", "apply", *reach, *chosen, "--json")
    assert (refused.status, "--yes" in refused.out) == (1, True)
    applied = syncline("setup", "apply", *reach, *chosen, "--yes", "--json")
    assert applied.status == 0, applied.out + applied.err
    assert len(applied.facts["done"]) >= len(applied.facts["steps"])
    assert syncline("setup", "plan", *reach, *chosen, "--json").facts["steps"] == []
    secret = tmp_path / "secret"
    secret.write_text(org.facts["client_secret"])
    connected = syncline(
        "connect", "--url", org.url, "--client-id", org.facts["client_id"], "--client-secret-file", str(secret)
    )
    assert connected.status == 0, connected.err
    fine = syncline("check", "--json")
    assert (fine.status, fine.facts["missing"]) == (0, []), fine.out
    org.control(
        "POST", "rights",
        {"user": fine.facts["username"], "object": "Lead", "field": "Lead_Score__c", "permission": "Edit",
         "allow": False},
    )  # fmt: skip
    lacking = syncline("check")
    assert lacking.status == 1
    assert "MISSING  Lead.Lead_Score__c (Edit): mapped to score, and sent" in lacking.out
    assert "Setup, Permission Sets, Syncline Integration, Object Settings, Leads, Field Permissions" in lacking.out


def test_a_package_is_written(syncline: Syncline, nothing_there: Simulated, tmp_path: Path) -> None:
    """A folder and a zip, without the session's token in either."""
    folder = tmp_path / "package"
    file = _token_file(nothing_there, tmp_path)
    done = syncline("setup", "package", str(folder), "--url", nothing_there.url, "--token-file", file, "--json")
    assert done.status == 0, done.err
    assert done.facts["files"] == [
        "README.txt", "objects/Contact.object", "objects/Lead.object", "package.xml",
        "permissionsets/Syncline_Integration.permissionset",
    ]  # fmt: skip
    token = Path(file).read_text()
    assert not any(token in path.read_text() for path in folder.rglob("*") if path.is_file())
    assert Path(done.facts["zip"]).read_bytes().startswith(b"PK")


def test_a_session_that_is_none_is_told(syncline: Syncline, nothing_there: Simulated, tmp_path: Path) -> None:
    """A wrong token, no token, and no file."""
    file = tmp_path / "token"
    file.write_text("00Dnothing!AQ")
    wrong = syncline("setup", "plan", "--url", nothing_there.url, "--token-file", str(file))
    assert wrong.status == 1
    assert "The session is no longer valid." in wrong.err
    none = syncline("setup", "plan", "--url", nothing_there.url)
    assert "SYNCLINE_ADMIN_TOKEN" in none.err
    missing = syncline("setup", "plan", "--url", nothing_there.url, "--token-file", str(tmp_path / "nothing"))
    assert "cannot be read" in missing.err


def test_a_teardown_takes_back_what_was_made(syncline: Syncline, nothing_there: Simulated, tmp_path: Path) -> None:
    """Listed first, done with --yes."""
    reach = ("--url", nothing_there.url, "--token-file", _token_file(nothing_there, tmp_path))
    assert syncline("setup", "teardown", *reach, "--yes").out.startswith("There is nothing")
    assert syncline("setup", "apply", *reach, "--yes").status == 0
    done = syncline("setup", "teardown", *reach, "--yes", "--json")
    fates = {one["name"]: one["fate"] for one in done.facts["items"]}
    assert fates["Lead.Lead_Score__c"] == "remove"
    assert fates["Syncline Integration"] == "remove"
