"""Describes are kept: a run at rest asks nothing, a change in the org is seen when it matters."""

from dataclasses import replace

import pytest

from syncline import clock
from syncline.store.describes import Describe, load_describes, save_describe
from syncline.store.mappings import save_mapping
from tests.engine.objects.conftest import Asked
from tests.engine.orgs import Hub
from tests.engine.sync.planted import shape


def test_a_look_at_rest_is_one_composite_call(synced: Hub) -> None:
    """L41 and section 12, 2: neither describes nor anything else is asked where nothing changed."""
    synced.org.control("POST", "clock", {"advance": 3600})  # nothing is fresh any more
    synced.sync()
    asked = Asked(synced.org)
    synced.sync()
    assert [one["path"].rsplit("/", 1)[1] for one in asked.counted()] == ["composite"]


def test_describes_are_checked_once_a_day_and_a_304_is_enough(synced: Hub) -> None:
    synced.execute("UPDATE describes SET checked_at = checked_at - interval '25 hours'")
    asked = Asked(synced.org)
    synced.sync()
    assert [one["status"] for one in asked.counted("/describe")] == [304, 304]
    asked = Asked(synced.org)
    synced.sync()
    assert not asked.counted("/describe")


def test_a_change_of_mapping_checks_describes_before_the_plan(synced: Hub) -> None:
    with synced.open() as ctx:
        save_mapping(ctx.connection.id, replace(ctx.mapping), clock.now())
    asked = Asked(synced.org)
    synced.sync()
    assert len(asked.counted("/describe")) == 2


def test_another_user_is_asked_anew_and_in_full(synced: Hub) -> None:
    synced.execute("UPDATE describes SET user_id = '005000000000000AAA'")
    asked = Asked(synced.org)
    synced.sync()
    assert [one["status"] for one in asked.counted("/describe")] == [200, 200]


def test_what_a_shape_holds_survives_being_kept(synced: Hub) -> None:
    kept = replace(
        shape("Lead"), etag='"x"', fields=(replace(shape("Lead").fields[0], picklist=("a", "b"), nillable=False),)
    )
    describe = Describe("Lead", kept, "005", "64.0", 3, clock.now())
    missing = Describe("Gone__c", None, "005", "64.0", 3, clock.now())
    with synced.database.connect("test") as conn:
        save_describe(conn, 7, describe)
        save_describe(conn, 7, missing)
        assert load_describes(conn, 7, ["Lead", "Gone__c", "Never"]) == {"Lead": describe, "Gone__c": missing}


@pytest.mark.parametrize("change", [{"hidden": True}, {"remove": True}])
def test_a_field_that_goes_is_noticed_by_the_refused_query(synced: Hub, change: dict[str, bool]) -> None:
    """Section 10 and L47: INVALID_FIELD asks the org anew at once, and the rest of the run goes on."""
    synced.org.control("POST", "fields", {"object": "Lead", "name": "Title", **change})
    record = synced.rows("SELECT id FROM sf_main.lead WHERE NOT isdeleted AND NOT isconverted LIMIT 1")[0][0]
    with synced.open() as ctx:
        ctx.salesforce.update("Lead", [{"Id": record, "LastName": "Changed"}])
    report = synced.sync()
    assert report.state == "done"
    assert report.counts["shapes_changed"] == 1
    assert synced.rows("SELECT lastname FROM sf_main.lead WHERE id = %s", record) == [("Changed",)]
    assert synced.rows("SELECT count(*) > 0 FROM contacts WHERE title IS NOT NULL") == [(True,)]
