"""Workers look at connections by their schedules: what changes on either side moves without anybody's command."""

import threading
from contextlib import closing

from syncline import clock
from syncline.domain.schedule import PACES, Mode, Schedule
from syncline.jobs.dispatch import dispatch
from syncline.jobs.look import Looker
from syncline.salesforce.client import Salesforce
from syncline.store import contacts, schedules
from syncline.store.database import transaction
from tests.engine.jobs.working import app_of, wait_until, working
from tests.engine.orgs import Hub


def set_mode(hub: Hub, mode: Mode) -> None:
    with closing(hub.database.connect("test")) as conn, transaction(conn, "test"):
        ((connection_id,),) = hub.rows("SELECT id FROM connections")
        schedules.save_schedule(conn, connection_id, Schedule(mode), clock.now())


def a_lead(hub: Hub) -> str:
    ((record_id,),) = hub.rows("SELECT record_id FROM links WHERE object = 'Lead' ORDER BY 1 LIMIT 1")
    return str(record_id)


def edit(hub: Hub, record_id: str, **values: str) -> None:
    mapping = hub.mapping
    with closing(hub.database.connect("test")) as conn, transaction(conn, "test"):
        contacts.edit_contact(conn, mapping, record_id, values, now=clock.now(), origin="test")


def test_a_change_in_the_org_comes_here(hub: Hub, colleague: Salesforce) -> None:
    hub.sync()
    record_id = a_lead(hub)
    set_mode(hub, Mode.LIVE)
    with working(hub):
        colleague.update("Lead", [{"Id": record_id, "Title": "Changed there"}])

        wait_until(lambda: bool(hub.rows("SELECT 1 FROM contacts WHERE title = 'Changed there'")))


def test_an_edit_here_brings_the_next_look_forward(hub: Hub, colleague: Salesforce) -> None:
    hub.sync()
    record_id = a_lead(hub)
    set_mode(hub, Mode.LIVE)
    with working(hub):
        wait_until(lambda: bool(hub.rows("SELECT 1 FROM schedules WHERE looked_at IS NOT NULL")))
        # At rest, as far as the schedule is concerned.
        hub.execute("UPDATE schedules SET next_at = next_at + interval '1 day'")
        edit(hub, record_id, title="Edited here")

        wait_until(
            lambda: (
                colleague.query(f"SELECT Title FROM Lead WHERE Id = '{record_id}'").records[0]["Title"] == "Edited here"
            )
        )


def test_nothing_is_looked_at_before_a_person_approved_the_mapping(hub: Hub) -> None:
    assert dispatch(hub.database) == []

    hub.sync()

    assert len(dispatch(hub.database)) == 1


def test_a_look_under_way_is_not_queued_again(hub: Hub) -> None:
    hub.sync()
    assert len(dispatch(hub.database)) == 1
    hub.execute("UPDATE schedules SET next_at = now() - interval '1 hour'")

    assert dispatch(hub.database) == []
    assert hub.rows("SELECT count(*) FROM procrastinate_jobs") == [(1,)]


def test_a_paused_connection_rests_until_it_is_resumed(hub: Hub) -> None:
    hub.sync()
    ((connection_id,),) = hub.rows("SELECT id FROM connections")
    with closing(hub.database.connect("test")) as conn, transaction(conn, "test"):
        schedules.set_paused(conn, connection_id, paused=True, now=clock.now())
        schedules.wake(conn, connection_id, clock.now())
    assert dispatch(hub.database) == []

    with closing(hub.database.connect("test")) as conn, transaction(conn, "test"):
        schedules.set_paused(conn, connection_id, paused=False, now=clock.now())

    assert dispatch(hub.database) == [connection_id]


def test_a_manual_connection_is_looked_at_only_when_woken(hub: Hub) -> None:
    hub.sync()
    set_mode(hub, Mode.MANUAL)
    edit(hub, a_lead(hub), title="Edited here")
    assert dispatch(hub.database) == []

    ((connection_id,),) = hub.rows("SELECT id FROM connections")
    with closing(hub.database.connect("test")) as conn, transaction(conn, "test"):
        schedules.wake(conn, connection_id, clock.now())

    assert dispatch(hub.database) == [connection_id]


def test_a_broken_connection_is_left_alone(hub: Hub) -> None:
    hub.sync()
    hub.execute("UPDATE connections SET state = 'broken'")

    assert dispatch(hub.database) == []


def test_an_edit_brings_the_next_look_forward_once_by_the_pace_of_the_mode(hub: Hub) -> None:
    hub.sync()
    with closing(hub.database.connect("test")) as conn, transaction(conn, "test"):
        schedules.ensure_schedules(conn)
    far = "now() + interval '10 minutes'"
    hub.execute(f"UPDATE schedules SET next_at = {far}")
    edit(hub, a_lead(hub), title="The very first edit")

    dispatch(hub.database)

    pace = PACES[Mode.BALANCED].edit.total_seconds()
    assert hub.rows("SELECT next_at <= now() + make_interval(secs => %s) FROM schedules", pace) == [(True,)]
    hub.execute(f"UPDATE schedules SET next_at = {far}")
    dispatch(hub.database)
    assert hub.rows("SELECT next_at > now() + interval '9 minutes' FROM schedules") == [(True,)]


def test_a_look_that_fails_comes_again_later_and_later(hub: Hub) -> None:
    hub.sync()
    ((connection_id,),) = hub.rows("SELECT id FROM connections")
    looker = Looker(app_of(hub), threading.Event())
    waits = []
    for _ in range(3):
        hub.org.control("POST", "faults", {"path": "/services", "status": 503, "times": 20})
        looker.look(connection_id, 1)
        ((state, failures, wait),) = hub.rows("SELECT outcome, failures, next_at - looked_at FROM schedules")
        waits.append((state, failures))
        assert wait.total_seconds() >= 5 * 2 ** (failures - 1)
        hub.org.control("DELETE", "faults")

    assert waits == [("failed", 1), ("failed", 2), ("failed", 3)]
    looker.look(connection_id, 1)
    assert hub.rows("SELECT outcome, failures FROM schedules") == [("done", 0)]


def test_a_look_at_rest_logs_in_once_for_many(hub: Hub) -> None:
    hub.sync()
    ((connection_id,),) = hub.rows("SELECT id FROM connections")
    looker = Looker(app_of(hub), threading.Event())
    hub.org.control("DELETE", "journal")
    for _ in range(3):
        looker.look(connection_id, 1)

    logins = [one for one in hub.org.control("GET", "journal") if "oauth2/token" in str(one)]
    assert len(logins) == 1
