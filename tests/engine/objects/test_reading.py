"""L44: the place in a result dies with its session; the query goes on behind the last row that is staged."""

import json
from collections.abc import Callable

import pytest

from syncline.errors import RemoteRefused, RetryLater
from syncline.salesforce.client import Salesforce
from syncline.sync import run, stage
from syncline.sync.context import SyncContext
from tests.engine.objects.conftest import Asked
from tests.engine.orgs import Hub


def _ids(hub: Hub, table: str) -> set[str]:
    return {one for (one,) in hub.rows(f"SELECT id FROM sf_main.{table}")}


def _count_theirs(client: Salesforce, object_name: str) -> int:
    return client.query(f"SELECT COUNT() FROM {object_name}", all_rows=True).total_size


def _queries(asked: Asked, object_name: str) -> list[str]:
    """The queries of an object, without the looks at how much there is."""
    return [one["query"] for one in asked.counted("/query") if f"FROM {object_name}" in one["query"]]


@pytest.mark.parametrize("pages_before", [0, 2])
def test_l44_l2_a_place_lost_with_its_session_goes_on_behind_the_last_row(
    hub: Hub, client: Salesforce, pages_before: int
) -> None:
    """All records of the seed are tied: those of one second are told apart by their Id, and none is left out.

    One session reads both objects: whichever has its place in it loses it.
    """
    hub.org.org.settings.page_rows = 50
    total = _count_theirs(client, "Lead")
    hub.org.control("POST", "faults", {"path": "/query/", "expire_own": True, "skip": pages_before})
    asked = Asked(hub.org)
    report = hub.sync()
    continued = report.counts["queries_continued"]
    assert continued in (1, 2)
    queries = [*_queries(asked, "Lead"), *_queries(asked, "Contact")]
    assert sum(" ORDER BY SystemModstamp, Id" in one for one in queries) == 2 + continued
    behind = [one for one in queries if "Id >" in one]
    assert len(behind) == continued
    assert all("SystemModstamp = " in one for one in behind)
    assert len(_ids(hub, "lead")) == total
    assert hub.prove().percent == 100


def _end_every_session_at_its_second_page(hub: Hub, times: int) -> None:
    """Every other further page ends its session: the one between is the same, asked for with the next session."""
    for number in range(times):
        hub.org.control("POST", "faults", {"path": "/query/", "expire_own": True, "skip": number})


def test_l44_every_session_may_die_behind_its_first_page(hub: Hub, client: Salesforce) -> None:
    hub.sync()
    everyone = [one["Id"] for one in client.query("SELECT Id FROM Lead WHERE IsConverted = false").records]
    client.update("Lead", [{"Id": one, "Title": "Weaver"} for one in everyone])
    hub.org.org.settings.page_rows = 50
    _end_every_session_at_its_second_page(hub, times=len(everyone) // 50 + 1)
    report = hub.sync()
    assert report.counts["queries_continued"] == (len(everyone) - 1) // 50 >= 2
    hub.org.control("DELETE", "faults")
    assert hub.rows("SELECT count(*) FROM sf_main.lead WHERE title = 'Weaver'") == [(len(everyone),)]
    assert hub.prove().percent == 100


def test_l44_rows_that_are_missing_behind_a_lost_place_are_noticed(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """L7b: what came before the place was lost counts towards what the org announces behind it."""
    hub.org.org.settings.page_rows = 50
    hub.org.control("POST", "faults", {"path": "/query/", "expire_own": True})
    copied = stage.staging.copy_rows
    monkeypatch.setattr(stage.staging, "copy_rows", lambda *args: copied(*args) - 1)
    with pytest.raises(RetryLater, match="announced"):
        hub.sync()


def _at_second_page(ctx: SyncContext, do: Callable[[], object]) -> None:
    """Lets something happen in the org when the first page of Leads is staged."""
    left = [do]
    ctx.progress.watch = lambda tick: left.pop()() if left and (tick.step, tick.object) == ("stage", "Lead") else None


@pytest.mark.parametrize("what", ["field", "object"])
def test_l47_rights_taken_away_in_the_middle_of_a_read_suspend_what_is_hidden(
    synced: Hub, client: Salesforce, what: str
) -> None:
    """The query cannot go on as it was: the org is asked what it shows, and what is left is read from the beginning."""
    everyone = [one["Id"] for one in client.query("SELECT Id FROM Lead WHERE IsConverted = false").records]
    client.update("Lead", [{"Id": one, "Title": "Weaver", "Company": "Looms"} for one in everyone])
    person = client.query("SELECT Id FROM Contact LIMIT 1").records[0]["Id"]
    client.update("Contact", [{"Id": person, "Department": "Looms"}])
    synced.org.org.settings.page_rows = 50
    right = {"user": "integration", "object": "Lead", "field": "Title" if what == "field" else "", "permission": "Read"}

    def take_away() -> None:
        synced.org.control("POST", "rights", {**right, "allow": False})
        synced.org.control("POST", "faults", {"path": "/query/", "expire_own": True})

    before = synced.rows("SELECT id, title FROM sf_main.lead ORDER BY id")
    with synced.open() as ctx:
        _at_second_page(ctx, take_away)
        report = run.sync(ctx, approve=True, allow_large_change=True)
    assert (report.state, report.counts["suspended"]) == ("done", 1)
    told = synced.rows("SELECT code, object, field FROM issues WHERE state = 'open'")
    assert told == [("FIELD_GONE", "Lead", "title") if what == "field" else ("OBJECT_GONE", "Lead", "")]
    assert synced.rows("SELECT id, title FROM sf_main.lead ORDER BY id") == before, "hidden is not blank"
    assert synced.rows("SELECT department FROM sf_main.contact WHERE id = %s", person) == [("Looms",)]
    companies = synced.rows("SELECT count(*) FROM sf_main.lead WHERE company = 'Looms'")
    assert companies == [(len(everyone) if what == "field" else 0,)]


def test_l35_a_page_that_leaves_a_field_out_does_not_blank_it(synced: Hub, client: Salesforce) -> None:
    """Blank is not the same as not there."""
    everyone = [one["Id"] for one in client.query("SELECT Id FROM Lead WHERE IsConverted = false").records]
    client.update("Lead", [{"Id": one, "Company": "Looms"} for one in everyone])
    synced.org.org.settings.page_rows = 50
    page = {"totalSize": len(everyone), "done": True, "records": [{"Id": everyone[0]}] * (len(everyone) - 50)}
    synced.org.control("POST", "faults", {"path": "/query/", "status": 200, "body": json.dumps(page)})
    with pytest.raises(RemoteRefused, match="lacks fields"):
        synced.sync()
    assert synced.rows("SELECT count(*) FROM sf_main.lead WHERE company IS NULL") == [(0,)]
    synced.sync()
    assert synced.rows("SELECT count(*) FROM sf_main.lead WHERE company = 'Looms'") == [(len(everyone),)]
