"""The consent lane: opt-outs go both ways beside a run that is under way, and nothing gets lost or taken back by it."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

import pytest

from syncline import clock
from syncline.domain.mapping_options import ObjectRules
from syncline.jobs.dispatch import dispatch
from syncline.jobs.look import Looker
from syncline.salesforce.client import Salesforce
from syncline.store import consent_lane
from syncline.store.mappings import save_mapping
from syncline.sync import consent, decide, sending
from tests.engine.jobs.test_looks import a_lead, edit
from tests.engine.jobs.working import app_of, wait_until, working
from tests.engine.orgs import Hub


@contextmanager
def a_long_run(hub: Hub) -> Iterator[None]:
    """A run that began a minute ago and goes on meanwhile."""
    with hub.open():
        hub.execute("UPDATE runs SET started_at = now() - interval '1 minute' WHERE state = 'running'")
        yield


def a_turn(hub: Hub) -> None:
    ((connection_id,),) = hub.rows("SELECT id FROM connections")
    Looker(app_of(hub), threading.Event()).send_consent(connection_id, 1)


def is_opted_out_there(colleague: Salesforce, record_id: str) -> bool:
    return bool(
        colleague.query(f"SELECT HasOptedOutOfEmail FROM Lead WHERE Id = '{record_id}'").records[0][
            "HasOptedOutOfEmail"
        ]
    )


def a_mailable_lead(hub: Hub) -> tuple[str, str]:
    """Record and address of a Lead that nobody opted out."""
    ((record_id, address),) = hub.rows(
        "SELECT link.record_id, contact.email FROM links link"
        " JOIN mailable_contacts contact ON contact.id = link.contact_id"
        " JOIN contacts ON contacts.id = contact.id AND NOT contacts.opted_out"
        " WHERE link.object = 'Lead' AND link.state = 'live' ORDER BY 1 LIMIT 1"
    )
    return str(record_id), str(address)


def is_mailable(hub: Hub, address: str) -> bool:
    return bool(hub.rows("SELECT 1 FROM mailable_contacts WHERE lower(email) = lower(%s)", address))


def test_an_opt_out_here_is_sent_beside_a_run(hub: Hub, colleague: Salesforce) -> None:
    hub.sync()
    record_id, _ = a_mailable_lead(hub)
    with a_long_run(hub):
        hub.execute(
            "UPDATE contacts SET opted_out = true WHERE id = (SELECT contact_id FROM links WHERE record_id = %s)",
            record_id,
        )

        a_turn(hub)

        assert is_opted_out_there(colleague, record_id)
    assert hub.sync().counts.get("pushed", 0) == 0
    assert hub.prove().differing == 0


def test_an_opt_out_there_comes_here_beside_a_run(hub: Hub, colleague: Salesforce) -> None:
    hub.sync()
    record_id, address = a_mailable_lead(hub)
    with a_long_run(hub):
        colleague.update("Lead", [{"Id": record_id, "HasOptedOutOfEmail": True}])

        a_turn(hub)

        assert not is_mailable(hub, address)
        assert hub.rows("SELECT bool_and(opted_out) FROM contacts WHERE email = %s", address) == [(True,)]
        assert hub.rows("SELECT source, record_id FROM consent_facts WHERE address = lower(%s)", address) == [
            ("salesforce", record_id)
        ]
    hub.sync()
    hub.sync()
    assert hub.rows("SELECT count(*) FROM outbox") == [(0,)]
    assert hub.prove().differing == 0


def test_what_is_ticked_there_already_is_not_written_again(hub: Hub, colleague: Salesforce) -> None:
    hub.sync()
    record_id, _ = a_mailable_lead(hub)
    with a_long_run(hub):
        colleague.update("Lead", [{"Id": record_id, "HasOptedOutOfEmail": True}])
        stamp = colleague.query(f"SELECT SystemModstamp FROM Lead WHERE Id = '{record_id}'").records[0]
        a_turn(hub)
        a_turn(hub)

    assert colleague.query(f"SELECT SystemModstamp FROM Lead WHERE Id = '{record_id}'").records[0] == stamp


def test_an_opt_out_there_before_its_contact_is_here_counts(hub: Hub, colleague: Salesforce) -> None:
    lead = colleague.query(
        "SELECT Id, Email FROM Lead WHERE HasOptedOutOfEmail = false AND Email LIKE '%@%.%' LIMIT 1"
    ).records[0]
    with a_long_run(hub):
        colleague.update("Lead", [{"Id": lead["Id"], "HasOptedOutOfEmail": True}])
        a_turn(hub)

    assert hub.rows("SELECT opted_out FROM suppressions WHERE address = lower(%s)", lead["Email"]) == [(True,)]
    hub.sync()
    assert not is_mailable(hub, lead["Email"])


def test_an_opt_in_here_that_waits_is_not_taken_back(hub: Hub, colleague: Salesforce) -> None:
    hub.sync()
    record_id, address = a_mailable_lead(hub)
    edit(hub, record_id, opted_out="true")
    hub.sync()
    assert is_opted_out_there(colleague, record_id)
    with hub.open() as ctx:
        consent.opt_in(ctx, decide.build_scope(ctx), address, source="test", evidence="asked for it")
    with a_long_run(hub):
        a_turn(hub)
        a_turn(hub)
        assert is_mailable(hub, address)

    hub.sync()
    hub.sync()
    assert is_mailable(hub, address)
    assert not is_opted_out_there(colleague, record_id)


def test_a_contact_that_a_run_holds_is_shown_later(hub: Hub, colleague: Salesforce) -> None:
    hub.sync()
    record_id, address = a_mailable_lead(hub)
    with a_long_run(hub):
        colleague.update("Lead", [{"Id": record_id, "HasOptedOutOfEmail": True}])
        with closing(hub.database.connect("test")) as conn:
            conn.execute("SELECT 1 FROM contacts WHERE email = %s FOR UPDATE", [address])
            a_turn(hub)
            assert not is_mailable(hub, address)
            assert hub.rows("SELECT count(*) FROM consent_pending") == [(1,)]

        a_turn(hub)

    assert hub.rows("SELECT bool_and(opted_out) FROM contacts WHERE email = %s", address) == [(True,)]


def test_only_one_has_the_lane(hub: Hub, colleague: Salesforce) -> None:
    hub.sync()
    record_id, _ = a_mailable_lead(hub)
    edit(hub, record_id, opted_out="true")
    ((connection_id,),) = hub.rows("SELECT id FROM connections")
    with consent_lane.hold_lane(hub.database, connection_id):
        a_turn(hub)
        assert not is_opted_out_there(colleague, record_id)

    a_turn(hub)
    assert is_opted_out_there(colleague, record_id)


def test_the_lane_is_called_for_an_opt_out_and_beside_a_run_and_not_at_rest(hub: Hub) -> None:
    hub.sync()
    dispatch(hub.database)
    hub.execute("DELETE FROM procrastinate_jobs")

    def called() -> list[tuple[str]]:
        dispatch(hub.database)
        found = hub.rows("SELECT queue_name FROM procrastinate_jobs WHERE queue_name = 'consent'")
        hub.execute("DELETE FROM procrastinate_jobs")
        hub.execute("UPDATE schedules SET next_at = now() + interval '1 day', consent_at = now() - interval '10 s'")
        return found

    assert called() == []
    with a_long_run(hub):
        assert called() == [("consent",)]
    assert called() == []
    edit(hub, a_lead(hub), title="No opt-out")
    assert called() == []
    edit(hub, a_mailable_lead(hub)[0], opted_out="true")
    assert called() == [("consent",)]


def test_a_turn_that_moves_nothing_leaves_no_run(hub: Hub) -> None:
    hub.sync()
    a_turn(hub)

    assert hub.rows("SELECT kind FROM runs") == [("sync",)]


def test_a_worker_moves_opt_outs_both_ways_while_a_run_has_the_connection(hub: Hub, colleague: Salesforce) -> None:
    hub.sync()
    leads = hub.rows(
        "SELECT min(link.record_id), min(link.contact_id), contact.email FROM links link"
        " JOIN mailable_contacts contact ON contact.id = link.contact_id"
        " WHERE link.object = 'Lead' AND link.state = 'live'"
        " GROUP BY contact.email HAVING count(*) = 1 ORDER BY 1 LIMIT 6"
    )
    seconds = []
    with a_long_run(hub), working(hub):
        for here, there in zip(leads[:3], leads[3:], strict=True):
            hub.execute("UPDATE contacts SET opted_out = true WHERE id = %s", here[1])
            seconds.append(wait_until(lambda here=here: is_opted_out_there(colleague, here[0])))
            colleague.update("Lead", [{"Id": there[0], "HasOptedOutOfEmail": True}])
            seconds.append(wait_until(lambda there=there: not is_mailable(hub, there[2])))

    # A few seconds; how many depends on the machine.
    assert sorted(seconds)[len(seconds) // 2] < 20


def _titles(colleague: Salesforce, record_ids: list[str]) -> list[object]:
    found = colleague.retrieve("Lead", record_ids, ["Title", "HasOptedOutOfEmail"])
    return [(one["Title"], one["HasOptedOutOfEmail"]) for one in found if one]


def test_an_opt_out_of_a_record_that_moved_goes_alone_beside_a_run(hub: Hub, colleague: Salesforce) -> None:
    """Somebody saves the record at any moment of a long run: its opt-out does not wait for the next one."""
    hub.sync()
    plain, strict, ticked = (
        record_id
        for (record_id,) in hub.rows(
            "SELECT record_id FROM links JOIN mailable_contacts contact ON contact.id = contact_id"
            " WHERE object = 'Lead' AND links.state = 'live' ORDER BY 1 LIMIT 3"
        )
    )
    with a_long_run(hub):
        there = [{"Id": one, "Title": "Saved there"} for one in (plain, strict)]
        colleague.update("Lead", [*there, {"Id": ticked, "Title": "Saved there", "HasOptedOutOfEmail": True}])
        for one in (plain, strict, ticked):
            hub.execute(
                "UPDATE contacts SET opted_out = true, title = 'Edited here', phone = '+1 555 0199'"
                " WHERE id = (SELECT contact_id FROM links WHERE record_id = %s)",
                one,
            )
        hub.org.control("DELETE", "journal")

        a_turn(hub)

        assert _titles(colleague, [plain, strict, ticked]) == [("Saved there", True)] * 3
        journal = hub.org.control("GET", "journal?path=/composite/sobjects")
        # One look, one call; who shows it there already is not written again.
        assert [one["method"] for one in journal if one["path"].endswith("/composite/sobjects")] == ["PATCH"]
        waiting = dict(
            hub.rows(
                "SELECT record_id, ARRAY(SELECT jsonb_object_keys(fields) ORDER BY 1) FROM outbox"
                " JOIN links ON links.contact_id = outbox.contact_id"
            )
        )
        # Its other edits wait for the run, in their own lane.
        assert (waiting[plain], waiting[strict]) == (["phone", "title"], ["phone", "title"])
        assert hub.rows("SELECT count(*) FROM outbox WHERE lane = 0") == [(1,)]
    hub.sync()
    hub.sync()
    conflicts = hub.rows("SELECT count(*) FROM change_log WHERE field = 'title' AND action = 'overruled'")
    assert conflicts == [(3,)]
    assert {one["Phone"] for one in colleague.retrieve("Lead", [plain, strict, ticked], ["Phone"]) if one} == {
        "+1 555 0199"
    }
    assert hub.rows("SELECT count(*) FROM outbox") == [(0,)]
    assert hub.prove().differing == 0


def test_an_opt_out_goes_alone_where_the_second_look_finds_the_record_moved(
    hub: Hub, colleague: Salesforce, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.sync()
    record_id, _ = a_mailable_lead(hub)
    edit(hub, record_id, opted_out="true", title="Edited here")
    # Every look is too old at once; somebody saves the record between the two.
    monkeypatch.setattr(sending, "_LOOK_LASTS", -1.0)
    look, looks = sending._look, []

    def look_and_save(*asked: Any) -> Any:
        seen = look(*asked)
        if not looks:
            colleague.update("Lead", [{"Id": record_id, "Title": "Saved there"}])
        looks.append(seen)
        return seen

    monkeypatch.setattr(sending, "_look", look_and_save)
    a_turn(hub)
    assert len(looks) == 2
    assert _titles(colleague, [record_id]) == [("Saved there", True)]
    assert hub.rows("SELECT ARRAY(SELECT jsonb_object_keys(fields)) FROM outbox") == [(["title"],)]


def test_an_opt_in_of_a_record_that_moved_waits_for_the_run(hub: Hub, colleague: Salesforce) -> None:
    hub.sync()
    record_id, address = a_mailable_lead(hub)
    edit(hub, record_id, opted_out="true")
    hub.sync()
    with hub.open() as ctx:
        consent.opt_in(ctx, decide.build_scope(ctx), address, source="test", evidence="asked for it")
    with a_long_run(hub):
        colleague.update("Lead", [{"Id": record_id, "Title": "Saved there"}])
        a_turn(hub)
        assert is_opted_out_there(colleague, record_id)
    hub.sync()
    assert not is_opted_out_there(colleague, record_id)


def test_an_opt_out_by_a_strict_mapping_goes_alone_where_the_record_moved(hub: Hub, colleague: Salesforce) -> None:
    mapping = hub.mapping
    with hub.open() as ctx:
        rules = (("Lead", ObjectRules(strict=True)),)
        save_mapping(ctx.connection.id, replace(mapping, objects=rules), clock.now())
    hub.sync()
    record_id, _ = a_mailable_lead(hub)
    edit(hub, record_id, opted_out="true", title="Edited here")
    colleague.update("Lead", [{"Id": record_id, "Title": "Saved there"}])
    a_turn(hub)
    assert _titles(colleague, [record_id]) == [("Saved there", True)]
