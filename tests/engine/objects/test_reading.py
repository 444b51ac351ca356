"""L44: the place in a result dies with its session; the query goes on behind the last row that is staged."""

import pytest

from syncline.errors import RetryLater
from syncline.salesforce.client import Salesforce
from syncline.sync import stage
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
