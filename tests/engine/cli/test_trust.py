"""The commands that explain, settle, retry and undo, as a person calls them."""

import pytest

from syncline.salesforce import client as client_module
from syncline.store.database import Database
from tests.engine.cli.conftest import Syncline
from tests.engine.orgs import colleague_of
from tests.simulated import Simulated


@pytest.fixture
def synced(syncline: Syncline, org: Simulated, monkeypatch: pytest.MonkeyPatch) -> Syncline:
    """An installation that has imported everything; titles go both ways, and their conflicts are held."""
    monkeypatch.setattr(client_module, "_FIRST_WAIT", 0.01)
    file = syncline.home.parent / "secret"
    file.write_text(org.facts["client_secret"])
    way = ("--url", org.url, "--client-id", org.facts["client_id"], "--client-secret-file", str(file))
    assert syncline("connect", *way).status == 0
    assert syncline("map", "set", "title", "--direction", "both", "--policy", "hold").status == 0
    assert syncline("sync", "--yes").status == 0
    assert syncline("contacts", "add", "email=ada@new.example", "last_name=Ada", "company=Engines").status == 0
    assert syncline("sync").status == 0
    return syncline


def test_an_edit_is_explained_sent_and_undone(synced: Syncline) -> None:
    assert synced("contacts", "edit", "ada@new.example", "title=Countess").status == 0
    assert "waits to be sent" in synced("explain", "ada@new.example").out
    assert synced("sync").status == 0
    told = synced("explain", "ada@new.example", "title")
    assert "in step" in told.out
    assert "Countess" in told.out
    assert synced("explain", "ada@new.example", "title", "--json").facts["fields"][0]["source"] == "Title"
    run = synced("runs", "1", "--json").facts["runs"][0]["id"]
    look = synced("undo", "--run", str(run))
    assert (look.status, "Nothing is done yet" in look.out) == (0, True)
    done = synced("undo", "--run", str(run), "--yes", "--json")
    assert (done.status, done.facts["counts"]["values_sent_back"]) == (0, 1)
    assert synced("undo", "--contact", "ada@new.example", "--field", "title", "--yes").status == 0
    assert synced("sync").status == 0
    assert synced("contacts", "show", "ada@new.example", "--json").facts["ours"]["title"] is None


def test_an_undo_of_everything_is_refused(synced: Syncline) -> None:
    done = synced("undo")
    assert (done.status, "everything" in done.err, "remedy" in done.err) == (1, True, True)
    assert synced("undo", "--field", "title").status == 1
    assert "no field" in synced("undo", "--run", "1", "--field", "nonsense").err
    assert "nothing to give back" in synced("undo", "--run", "999999").out


def test_a_record_that_is_not_synced_is_explained(synced: Syncline, org: Simulated) -> None:
    rows = org.control("GET", "export?objects=Lead")["Lead"]
    nameless = next(
        row["Id"] for row in rows if not row.get("Email") and not row["IsDeleted"] and not row["IsConverted"]
    )
    done = synced("explain", nameless)
    assert (done.status, "no e-mail address" in done.out) == (0, True)
    assert synced("explain", nameless[:15], "--json").facts["reason"] == "without_email"
    assert synced("explain", "00Q000000000000AAA").status == 1


def test_what_is_refused_is_listed_shown_and_tried_again(synced: Syncline, org: Simulated) -> None:
    assert "Nothing is wrong" in synced("errors", "list").out
    org.control(
        "POST", "faults", {"object_name": "Lead", "row_code": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "times": None}
    )
    assert synced("contacts", "edit", "ada@new.example", "title=Refused").status == 0
    assert synced("sync").status == 4
    (cause,) = synced("errors", "list", "--json").facts["causes"]
    assert "FIELD_CUSTOM_VALIDATION_EXCEPTION" in synced("errors", "list").out
    assert synced("errors", "show", str(cause["number"])).status == 0
    assert synced("errors", "show", "999999").status == 1
    assert "waits for a person" in synced("explain", "ada@new.example").out
    org.control("DELETE", "faults")
    assert synced("errors", "retry", "--json").facts["contacts"] == 1
    assert synced("sync").status == 0
    assert synced("errors", "list", "--json").facts["causes"] == []


def test_a_conflict_is_listed_and_settled(synced: Syncline, org: Simulated) -> None:
    assert "No conflict waits" in synced("conflicts", "list").out
    rows = org.control("GET", "export?objects=Lead")["Lead"]
    record_id = next(row["Id"] for row in rows if row.get("Email") == "ada@new.example")
    with colleague_of(org) as colleague:
        colleague.update("Lead", [{"Id": record_id, "Title": "Theirs"}])
    assert synced("contacts", "edit", "ada@new.example", "title=Ours").status == 0
    assert synced("sync").status == 0
    (conflict,) = synced("conflicts", "list", "--json").facts["conflicts"]
    assert (conflict["ours"], conflict["theirs"]) == ("Ours", "Theirs")
    assert synced("conflicts", "settle", "--take", "salesforce").status == 2
    assert synced("conflicts", "settle", "ada@new.example", "--take", "nobody").status == 2
    assert synced("conflicts", "settle", "ada@new.example", "title", "--take", "salesforce").status == 0
    assert synced("conflicts", "settle", "--all", "--take", "salesforce").status == 1
    assert synced("contacts", "show", "ada@new.example", "--json").facts["ours"]["title"] == "Theirs"


def test_agreement_is_proved_and_drift_is_repaired(synced: Syncline, database: Database) -> None:
    proof = synced("reconcile", "--json")
    assert (proof.status, proof.facts["agreement_percent"]) == (0, 100)
    with database.connect() as conn:
        conn.execute("SELECT set_config('syncline.origin', 'connection:0', true)")
        conn.execute("UPDATE contacts SET title = 'Past the engine' WHERE email = 'ada@new.example'")
        conn.commit()
    found = synced("reconcile")
    assert found.status == 1
    assert "Past the engine" in found.out
    assert "99.9" in found.out
    mended = synced("reconcile", "--repair", "--json")
    assert (mended.status, mended.facts["after"]["agreement_percent"]) == (0, 100)
    assert mended.facts["drifted"][0]["field"] == "title"
    assert "No value had drifted" in synced("reconcile", "--repair").out


def test_consent_is_recorded_shown_and_lifted_with_evidence(synced: Syncline) -> None:
    address = "ada@new.example"
    assert "may be mailed" in synced("consent", "show", address).out
    before = synced("consent", "count", "--json").facts["mailable"]
    done = synced("consent", "opt-out", address, "--evidence", "asked by mail", "--json")
    assert (done.status, done.facts["mailable"], done.facts["contacts"]) == (0, False, 1)
    assert synced("consent", "count", "--json").facts["mailable"] == before - 1
    assert synced("sync", "--json").facts["counts"]["opt_outs_pushed"] == 1
    refused = synced("contacts", "edit", address, "opted_out=no")
    assert (refused.status, "consent opt-in" in refused.err) == (1, True)
    assert synced("consent", "opt-in", address, "--evidence", " ").status == 2
    assert synced("consent", "opt-in", address, "--evidence", "agreed by form").status == 0
    assert synced("consent", "bounce", address, "--evidence", "550").status == 0
    assert "bounces" in synced("consent", "show", address).out
    assert synced("consent", "clear-bounce", address, "--evidence", "works again").status == 0
    assert synced("consent", "complaint", address).status == 0
    assert synced("consent", "opt-in", address, "--evidence", "said so").status == 0
    shown = synced("consent", "show", address, "--json").facts
    assert (shown["mailable"], len(shown["facts"])) == (True, 6)
    assert synced("consent", "opt-in", address, "--evidence", "again").status == 1
    assert synced("consent", "opt-out", "nonsense").status == 1
