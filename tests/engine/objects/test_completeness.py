"""Nothing is missed: late rows, tied stamps, edits in the middle of a read, pages that fail, other clocks."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from syncline import clock
from syncline.errors import RetryLater
from syncline.salesforce import client as client_module
from syncline.salesforce.client import Salesforce
from syncline.store import reads
from syncline.sync import run
from tests.engine.orgs import Hub


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits between tries are short."""
    monkeypatch.setattr(client_module, "_FIRST_WAIT", 0.01)


def _leads(client: Salesforce) -> list[str]:
    query = "SELECT Id FROM Lead WHERE IsConverted = false AND Email != null ORDER BY Id"
    return [one["Id"] for one in client.query(query).records]


def _title(hub: Hub, record_id: str) -> str | None:
    ((title,),) = hub.rows(
        "SELECT contacts.title FROM contacts JOIN links ON contact_id = contacts.id WHERE record_id = %s", record_id
    )
    return None if title is None else str(title)


def _cursor(hub: Hub) -> datetime:
    with hub.open("look") as ctx, hub.database.connect("test") as conn:
        found = reads.load_cursor(conn, ctx.connection.id, "Lead")
    assert found is not None
    return found.read_until


def test_l1_l9_a_row_shown_late_and_a_second_edit_of_one_second_are_read(synced: Hub, client: Salesforce) -> None:
    late, other = _leads(client)[:2]
    synced.org.control("POST", "faults", {"lag_ms": [20_000, 20_000]})
    client.update("Lead", [{"Id": late, "Title": "Shown late"}])
    synced.org.control("DELETE", "faults")
    synced.org.control("POST", "clock", {"advance": 10})
    synced.org.control("POST", "faults", {"stamp_seconds": 3600, "times": None})
    client.update("Lead", [{"Id": other, "Title": "First"}])
    synced.sync()
    assert (_title(synced, late) == "Shown late", _title(synced, other)) == (False, "First")
    client.update("Lead", [{"Id": other, "Title": "Second"}])  # with the same stamp
    synced.sync()
    assert _title(synced, other) == "Second"
    synced.org.control("POST", "clock", {"advance": 15})
    synced.sync()
    assert _title(synced, late) == "Shown late"


def _when_staged(hub: Hub, do: Callable[[], object]) -> None:
    """A sync in which something happens when the first page of Leads is staged."""
    left = [do]
    with hub.open() as ctx:
        ctx.settings = hub.settings

        def watch(tick: object) -> None:
            if left and (getattr(tick, "step", ""), getattr(tick, "object", "")) == ("stage", "Lead"):
                left.pop()()

        ctx.progress.watch = watch
        run.sync(ctx, approve=True, allow_large_change=True)


def test_l3_what_changes_while_a_read_goes_on_is_read_next(synced: Hub, client: Salesforce) -> None:
    """The bound is fixed before the query, and only that bound is saved."""
    synced.settings = replace(synced.settings, overlap=timedelta(0))
    record_id, *others = _leads(client)[:80]
    client.update("Lead", [{"Id": one, "Title": "Begun"} for one in others])
    synced.org.org.settings.page_rows = 50  # the second page is answered after the clock moved

    def edit() -> None:
        client.update("Lead", [{"Id": record_id, "Title": "Meanwhile"}])
        synced.org.control("POST", "clock", {"advance": 1800})

    _when_staged(synced, edit)
    synced.sync()
    assert _title(synced, record_id) == "Meanwhile"


def test_l5_a_page_that_fails_fails_the_read_and_leaves_the_cursor_where_it_was(
    synced: Hub, client: Salesforce
) -> None:
    everyone = _leads(client)
    before = _cursor(synced)
    synced.org.control("POST", "clock", {"advance": 60})
    client.update("Lead", [{"Id": one, "Title": "Paged"} for one in everyone[:150]])
    synced.org.org.settings.page_rows = 50
    synced.org.control("POST", "faults", {"path": "/query/", "status": 503, "skip": 1, "times": None})
    with pytest.raises(RetryLater):
        synced.sync()
    assert _cursor(synced) == before
    synced.org.control("DELETE", "faults")
    synced.org.control("POST", "clock", {"advance": 7200})
    synced.sync()
    assert synced.rows("SELECT count(*) FROM sf_main.lead WHERE title = 'Paged'") == [(150,)]


def test_l7_l7b_only_the_org_says_where_a_result_ends(hub: Hub, client: Salesforce) -> None:
    """Pages of any size, the first shorter than the next."""
    hub.org.control("POST", "faults", {"page_rows": [1, 90], "times": None, "seed": 3})
    hub.sync()
    hub.org.control("DELETE", "faults")
    theirs = client.query("SELECT COUNT() FROM Lead", all_rows=True).total_size
    assert hub.rows("SELECT count(*) FROM sf_main.lead") == [(theirs,)]


def test_l20_clocks_of_two_systems_are_never_compared(synced: Hub, client: Salesforce) -> None:
    """The org's clock is hours ahead of ours."""
    synced.org.control("POST", "clock", {"advance": 4 * 3600})
    theirs, ours = _leads(client)[:2]
    client.update("Lead", [{"Id": theirs, "Title": "Theirs"}])
    synced.execute(
        "UPDATE contacts SET title = 'Ours' WHERE id = (SELECT contact_id FROM links WHERE record_id = %s)", ours
    )
    assert _cursor(synced) < clock.now() + timedelta(hours=1)
    synced.sync()
    assert (_title(synced, theirs), _title(synced, ours)) == ("Theirs", "Ours")
    found = client.retrieve("Lead", [ours], ["Title"])[0]
    assert found is not None
    assert found["Title"] == "Ours"
    assert synced.prove().percent == 100


def test_l35_l38_values_are_as_they_are_by_either_road(hub: Hub, client: Salesforce) -> None:
    """What a data library takes for a blank is a text; a date has no time zone."""
    texts = ["N/A", "null", "NULL", "0", "false", "nan", "None", '"', "a,b", "line\nbreak", "#N/A"]
    people = client.query("SELECT Id FROM Contact WHERE Email != null ORDER BY Id").records[: len(texts)]
    ids = [one["Id"] for one in people]
    changes = [{"Id": one, "Title": text, "Birthdate": "1999-12-31"} for one, text in zip(ids, texts, strict=True)]
    assert all(one.success for one in client.update("Contact", changes))
    by_road = []
    for threshold in (10_000, 0):
        hub.settings = replace(hub.settings, bulk_threshold=threshold)
        hub.execute("UPDATE cursors SET field_list = ''")
        if by_road:
            hub.execute("UPDATE sf_main.contact SET title = 'other', birthdate = NULL")
        hub.sync()
        found = hub.rows("SELECT id, title, birthdate::text FROM sf_main.contact WHERE id = ANY(%s) ORDER BY id", ids)
        by_road.append([one[1:] for one in found])
    assert by_road == [[(text, "1999-12-31") for text in texts]] * 2
