"""The budget of API calls: a sync keeps within it, loses nothing, and opt-outs go on in the reserve."""

import pytest

from syncline import clock
from syncline.domain.budget import Budget
from syncline.errors import LimitReached
from syncline.salesforce.client import Salesforce
from syncline.store import budget
from syncline.store.connections import load_connection
from syncline.store.database import transaction
from tests.engine.orgs import NAME, Hub


@pytest.fixture
def synced(hub: Hub) -> Hub:
    """Everything imported."""
    hub.sync()
    return hub


def _used(hub: Hub) -> int:
    with hub.database.connect() as conn:
        return budget.count_used(conn, load_connection(NAME).id, clock.now())


def _allow(hub: Hub, ceiling: int | None, reserve: int | None) -> None:
    with hub.database.connect() as conn, transaction(conn, "set_budget"):
        budget.save_budget(conn, load_connection(NAME).id, Budget(ceiling, reserve))


def _leads(hub: Hub, number: int) -> list[tuple[int, str]]:
    return hub.rows(
        "SELECT contact_id, record_id FROM links WHERE object = 'Lead' AND state = 'live' ORDER BY record_id LIMIT %s",
        number,
    )


def test_what_is_counted_is_what_the_org_counted(synced: Hub) -> None:
    synced.org.control("DELETE", "journal")
    before = _used(synced)
    report = synced.sync()
    counted = sum(int(entry["cost"]) for entry in synced.org.control("GET", "journal"))
    assert _used(synced) - before == counted == sum(report.calls.values()) - report.calls["login"]
    with synced.database.connect() as conn:
        (day,) = budget.list_days(conn, load_connection(NAME).id, 5)
    assert day.org_limit is not None
    assert day.org_used is not None


def test_a_sync_never_passes_the_ceiling_and_goes_on_when_it_is_raised(synced: Hub) -> None:
    ceiling = _used(synced) + 5
    _allow(synced, ceiling, 0)
    synced.small_pages()
    ids = [contact_id for contact_id, _ in _leads(synced, 100)]
    synced.execute("UPDATE contacts SET title = 'Within the budget' WHERE id = ANY(%s)", ids)
    report = synced.sync()
    assert report.state == "paused"
    assert "budget" in report.message
    assert _used(synced) == ceiling
    with pytest.raises(LimitReached, match="budget"):
        synced.sync()
    assert _used(synced) == ceiling
    _allow(synced, None, None)
    done = synced.sync()
    assert done.state == "done"
    assert report.counts.get("pushed", 0) + done.counts["pushed"] == 100
    assert synced.prove().percent == 100


def test_opt_outs_go_on_in_the_reserve(synced: Hub, client: Salesforce) -> None:
    one, other = _leads(synced, 2)
    _allow(synced, _used(synced) + 20, 20)
    synced.execute("UPDATE contacts SET opted_out = true WHERE id = %s", one[0])
    synced.execute("UPDATE contacts SET title = 'Has to wait' WHERE id = %s", other[0])
    with pytest.raises(LimitReached, match="kept for opt-outs"):
        synced.sync()
    seen = client.retrieve("Lead", [one[1], other[1]], ["HasOptedOutOfEmail", "Title"])
    assert seen[0] is not None
    assert seen[1] is not None
    assert seen[0]["HasOptedOutOfEmail"] is True
    assert seen[1]["Title"] != "Has to wait"
    states = synced.rows("SELECT state FROM runs ORDER BY id DESC LIMIT 1")
    assert states == [("paused",)]


def test_the_calls_of_others_count_against_the_orgs_own_limit(synced: Hub) -> None:
    with synced.open() as ctx:
        ctx.salesforce.limits()
        usage = ctx.salesforce.usage()
        assert usage is not None
    _allow(synced, None, usage.limit)
    ((contact_id, _),) = _leads(synced, 1)
    synced.execute("UPDATE contacts SET title = 'Has to wait' WHERE id = %s", contact_id)
    report = synced.sync()
    assert report.state == "paused"
    assert "The org has used" in report.message
