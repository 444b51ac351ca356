"""Commands against an org: the way of a person from connecting to a sync, and the bad days on it.

Each bad day ends with a message that names the thing and the remedy, with the right status, and with nothing lost.
"""

from pathlib import Path
from typing import Any

import pytest

from syncline.salesforce import client as client_module
from syncline.sync import stage
from tests.engine.cli.conftest import Done, Syncline
from tests.engine.orgs import colleague_of
from tests.simulated import Simulated


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits between tries are short: their number is tested elsewhere."""
    monkeypatch.setattr(client_module, "_FIRST_WAIT", 0.01)
    monkeypatch.setattr(stage, "_PAGE_WAIT", 0.01)
    monkeypatch.setattr(stage, "_FIRST_POLL", 0.01)


def _connect(syncline: Syncline, org: Simulated, *more: str, secret: str = "", url: str = "") -> Done:
    file = syncline.home.parent / "secret"
    file.write_text(secret or org.facts["client_secret"])
    return syncline(
        "connect", "--url", url or org.url, "--client-id", org.facts["client_id"], "--client-secret-file", str(file),
        *more,
    )  # fmt: skip


@pytest.fixture
def connected(syncline: Syncline, org: Simulated) -> Syncline:
    """An installation that is connected."""
    done = _connect(syncline, org)
    assert done.status == 0, done.err
    return syncline


@pytest.fixture
def synced(connected: Syncline) -> Syncline:
    """An installation that has imported everything."""
    done = connected("sync", "--yes")
    assert done.status == 0, done.err
    return connected


def test_the_way_of_a_person(connected: Syncline, org: Simulated) -> None:
    plan = connected("plan")
    assert plan.status == 0
    assert "new" in plan.out
    assert "to be read:" in plan.err
    assert "records of Contact: about 1 calls and 1 s" in plan.out
    waiting = connected("sync")
    assert waiting.status == 3
    done = connected("sync", "--yes", "--json")
    assert done.status == 0, done.err
    assert done.facts["counts"]["contacts_created"] > 200
    assert connected("sync", "--json").facts["counts"].get("contacts_created", 0) == 0
    assert connected("status").status == 0
    assert connected("runs", "--json").facts["runs"][0]["state"] == "done"


def test_a_person_is_added_edited_and_shown(synced: Syncline, org: Simulated) -> None:
    added = synced("contacts", "add", "email=ada@new.example", "first_name=Ada", "last_name=New", "company=Engines")
    assert added.status == 0, added.err
    assert "Waits to be sent" in synced("contacts", "show", "ada@new.example").out
    assert synced("sync").status == 0
    changed = synced("map", "set", "title", "--direction", "both")
    assert changed.status == 0
    assert "reads anew" not in changed.out
    filled = synced("map", "set", "data_key", "--lead", "Jigsaw")
    assert "The next plan or sync reads anew: Jigsaw of " in filled.out
    kept_out = ("map", "object", "lead", "--filter", "=ISBLANK(LastActivityDate)", "--reason", "in talks")
    assert [one["fields"] for one in synced(*kept_out, "--json").facts["reading"]] == [["Jigsaw", "LastActivityDate"]]
    assert synced("map", "preview").status == 2
    filtered = synced("map", "preview", "--filter")
    assert ", because: in talks" in filtered.out
    tried = synced("map", "preview", "--filter", "=LEN(Company) > 14", "--object", "lead", "--limit", "1")
    assert "are contacts now, which would no longer be synced" in tried.out
    assert synced("sync", "--yes").status == 0
    assert synced("contacts", "edit", "ada@new.example", "title=Countess").status == 0
    assert synced("sync").status == 0
    shown = synced("contacts", "show", "ada@new.example", "--json").facts
    assert (shown["ours"]["title"], shown["theirs"]["title"]) == ("Countess", "Countess")
    text = synced("contacts", "show", str(shown["id"])).out
    assert "Countess" in text
    assert "added here, found nowhere" in text
    (record_id,) = [record_id for _, record_id, _ in shown["links"]]
    assert synced("contacts", "show", record_id).status == 0
    missing = synced("contacts", "show", "nobody@new.example")
    assert (missing.status, "There is no contact" in missing.err) == (1, True)


def test_a_wrong_secret_is_refused_and_nothing_is_stored(syncline: Syncline, org: Simulated) -> None:
    done = _connect(syncline, org, secret="wrong")
    assert done.status == 1
    assert "client secret" in done.err
    assert "remedy" in done.err
    assert syncline("status", "--json").facts == {"connections": []}


def test_a_login_that_is_refused_later_breaks_the_connection_until_it_works_again(
    synced: Syncline, org: Simulated
) -> None:
    fault = {"path": "/oauth2/token", "status": 400, "times": None,
             "body": '{"error":"invalid_client","error_description":"invalid client credentials"}'}  # fmt: skip
    org.control("POST", "faults", fault)
    done = synced("sync", "--json")
    assert done.status == 1
    assert done.facts["error"]["type"] == "ConnectionBroken"
    org.control("DELETE", "faults")
    assert synced("sync").status == 0


def test_a_session_that_ends_in_the_middle_is_renewed(synced: Syncline, org: Simulated) -> None:
    org.control("POST", "faults", {"path": "/query", "expire": True, "times": 2})
    assert synced("sync").status == 0


def test_an_org_that_is_down(synced: Syncline, org: Simulated) -> None:
    org.control("POST", "faults", {"path": "/", "drop": "before", "times": None})
    done = synced("sync")
    assert done.status == 1
    assert "error:" in done.err
    assert "remedy:" in done.err
    org.control("DELETE", "faults")
    assert synced("sync").status == 0


def test_a_page_that_is_not_json(synced: Syncline, org: Simulated) -> None:
    fault = {"path": "/composite", "status": 200, "body": "<html>proxy</html>", "content_type": "text/html"}
    org.control("POST", "faults", {**fault, "times": None})
    done = synced("sync")
    assert done.status == 1
    assert "not JSON" in done.err
    org.control("DELETE", "faults")
    assert synced("sync").status == 0


def test_half_a_bulk_page_is_asked_for_again(
    connected: Syncline, org: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    from syncline.sync.context import SyncSettings

    monkeypatch.setattr(SyncSettings.__init__, "__defaults__", _with_threshold(SyncSettings, 10))
    org.control("POST", "faults", {"path": "/results", "truncate": 2_000, "times": 2})
    done = connected("sync", "--yes", "--json")
    assert done.status == 0, done.err
    assert done.facts["counts"]["pages_asked_again"] >= 2
    assert done.facts["counts"]["contacts_created"] > 200


def _with_threshold(settings: Any, rows: int) -> tuple[object, ...]:
    defaults = list(settings.__init__.__defaults__)
    names = list(settings.__dataclass_fields__)
    defaults[names.index("bulk_threshold")] = rows
    return tuple(defaults)


def test_the_daily_limit_pauses_the_sync(synced: Syncline, org: Simulated) -> None:
    org.control("POST", "settings", {"daily_requests": 1})
    done = synced("sync", "--json")
    assert done.status == 1
    assert "24 hours" in done.out + done.err
    org.control("POST", "settings", {"daily_requests": 1_000_000})
    assert synced("sync").status == 0


def test_a_field_that_was_taken_away_stops_nothing_else(synced: Syncline, org: Simulated) -> None:
    org.control("POST", "fields", {"object": "Lead", "name": "Title", "hidden": True})
    try:
        with colleague_of(org) as colleague:
            lead = colleague.query("SELECT Id FROM Lead WHERE IsConverted = false LIMIT 1").records[0]["Id"]
            colleague.update("Lead", [{"Id": lead, "Phone": "+49 1"}])
        done = synced("sync", "--json")
        assert done.status == 0, done.err
        check = synced("map", "validate")
        assert "Title" in check.out + check.err
    finally:
        org.control("POST", "fields", {"object": "Lead", "name": "Title", "hidden": False})
    assert synced("sync").status == 0


def test_a_million_characters_are_refused_and_nothing_is_lost(synced: Syncline, org: Simulated) -> None:
    assert synced("map", "set", "description", "--direction", "both").status == 0
    assert synced("sync", "--yes").status == 0
    lead = org.control("GET", "export?objects=Lead")["Lead"][0]["Id"]
    assert synced("contacts", "edit", lead, f"description={'x' * 1_000_000}").status == 0
    done = synced("sync", "--json")
    assert done.status == 4
    kept = synced("contacts", "show", lead, "--json").facts
    assert len(kept["ours"]["description"]) == 1_000_000
    assert "STRING_TOO_LONG" in synced("status").out or "1000000 characters" in synced("status").out
    assert org.control("GET", "export?objects=Lead")["Lead"][0]["Description"] != kept["ours"]["description"]


def test_secrets_are_never_shown(synced: Syncline, org: Simulated) -> None:
    secrets = [org.facts["client_secret"], *org.org.sessions]
    shown = "".join(
        synced(*command).out + synced(*command).err
        for command in (("status", "--json"), ("runs", "--json"), ("doctor", "--json"), ("map", "show", "--json"))
    )
    logged = "".join(path.read_text() for path in Path(synced.home).rglob("*.log"))
    assert not [secret for secret in secrets if secret in shown + logged]


def test_options_and_rules_are_set_shown_and_refused(connected: Syncline) -> None:
    for name in ("street", "city"):
        done = connected("map", "set", name, "--group", "address")
        assert done.status == 0, done.err
    odd = connected("map", "set", "city", "--direction", "both")
    assert odd.status == 1
    assert "moves with street" in odd.err
    assert connected("map", "set", "city", "--guard", "sometimes").status == 2
    assert connected("map", "set", "rating", "--value", "Hot=A", "--value", "Cold=C").status == 0
    shown = connected("map", "show").out
    assert "city: moves with the group address" in shown
    assert "rating: values Hot=A, Cold=C" in shown
    field = next(one for one in connected("map", "show", "--json").facts["fields"] if one["name"] == "rating")
    assert field["values"] == {"Hot": "A", "Cold": "C"}
    assert connected("map", "set", "city", "--group", "none").status == 0

    ruled = connected("map", "rules", "--ambiguous", "hold", "--duplicates", "hold", "--no-assignment", "--json").facts
    assert (ruled["ambiguous"], ruled["duplicates"], ruled["assignment_rules"]) == ("hold", "hold", False)
    assert connected("map", "rules", "--json").facts == ruled
    assert connected("map", "object", "Lead", "--filter", '=Title = "Boss"').status == 1
    assert connected("map", "object", "Account").status == 2
    assert connected("map", "object", "lead", "--strict", "--json").facts["strict"] is True
    assert connected("map", "object", "Lead", "--delete", "archive").status == 0
    assert connected("map", "object", "Lead", "--delete", "burn").status == 2


def test_an_expression_is_tried_mapped_shown_and_synced(connected: Syncline) -> None:
    expression = '=UPPER(LastName) & IF(ISBLANK(Title), "", ", " & Title)'
    tried = connected("map", "preview", expression, "--object", "lead", "--limit", "2", "--json")
    assert tried.status == 0, tried.err
    (on_lead,) = tried.facts["objects"]
    assert on_lead["from"] == "salesforce"
    assert len(on_lead["rows"]) == 2
    assert connected("map", "set", "badge", "--lead", expression, "--contact", "=UPPER(LastName)").status == 0
    assert expression in connected("map", "show").out
    field = next(one for one in connected("map", "show", "--json").facts["fields"] if one["name"] == "badge")
    assert (field["lead"], field["type"], field["direction"]) == (expression, "text", "pull")
    assert "formula" not in field
    assert connected("sync", "--yes").status == 0
    shown = connected("map", "preview", "badge", "--json").facts["objects"]
    assert {one["object"] for one in shown} == {"Lead", "Contact"}
    assert all(one["from"] == "mirror" and len(one["rows"]) == 10 for one in shown)
    kept: dict[str, str] = {}
    for row in next(one for one in shown if one["object"] == "Lead")["rows"]:
        title = row["values"]["Title"]
        assert row["result"] == row["values"]["LastName"].upper() + (f", {title}" if title else "")
        contact = connected("contacts", "show", row["id"], "--json")
        kept |= {row["result"]: contact.facts["ours"]["badge"]} if contact.status == 0 else {}
    assert kept
    assert all(value == result for result, value in kept.items())
    assert "in the mirror" in connected("map", "preview", "badge").out
    assert connected("map", "validate").status == 0


def test_a_wrong_expression_is_refused_with_its_place_and_nothing_is_kept(connected: Syncline) -> None:
    version = connected("map", "show", "--json").facts["version"]
    wrong = connected("map", "set", "badge", "--lead", "=UPPER(Lastnam)")
    assert wrong.status == 1
    assert "badge, Lead: Error: Field Lastnam does not exist. Check spelling (line 1, column 8)" in wrong.err
    assert "Did you mean LastName" in wrong.err
    pushed = connected("map", "set", "badge", "--lead", "=UPPER(LastName)", "--direction", "both")
    assert pushed.status == 1
    assert "cannot be sent to Lead" in pushed.err
    related = connected("map", "preview", "=Owner.Name")
    assert related.status == 1
    assert "fields of related records are not read yet" in related.err
    assert connected("map", "preview", "nobody").status == 1
    assert connected("map", "preview", "title", "--object", "Account").status == 1
    assert connected("map", "show", "--json").facts["version"] == version
