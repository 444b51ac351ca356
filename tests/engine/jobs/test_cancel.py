"""A run stops where a person, or the end of its worker, asks it to; the next one goes on."""

import threading
from contextlib import closing

import pytest

from syncline.errors import Stopped, StoreError
from syncline.flows.runs import Holder, open_run
from syncline.jobs.look import Looker
from syncline.store import runs
from syncline.store.database import transaction
from tests.engine.jobs.working import app_of, wait_until
from tests.engine.orgs import NAME, Hub


def cancel(hub: Hub) -> list[int]:
    ((connection_id,),) = hub.rows("SELECT id FROM connections")
    with closing(hub.database.connect("test")) as conn, transaction(conn, "test"):
        return runs.ask_to_stop(conn, connection_id)


def test_a_run_that_is_cancelled_stops_at_its_next_safe_place_and_the_next_goes_on(hub: Hub) -> None:
    def ask_and_go_on() -> None:
        with hub.open() as ctx:
            assert cancel(hub) == [ctx.run_id]

            def tick() -> bool:
                ctx.progress.tick("stage", "Lead", 1)
                return False

            wait_until(tick)

    with pytest.raises(Stopped) as stopped:
        ask_and_go_on()

    assert stopped.value.by_person
    assert hub.rows("SELECT state FROM runs") == [("cancelled",)]
    assert hub.sync().state == "done"


def test_nothing_is_cancelled_where_nothing_runs(hub: Hub) -> None:
    hub.sync()

    assert cancel(hub) == []


def test_a_run_stops_with_its_worker_and_another_goes_on_at_once(hub: Hub) -> None:
    hub.sync()
    ((connection_id,),) = hub.rows("SELECT id FROM connections")
    ending = threading.Event()
    ending.set()

    Looker(app_of(hub), ending).look(connection_id, 1)

    # A run with nothing to do may be through before it comes to a safe place.
    ((state, due),) = hub.rows("SELECT outcome, next_at <= looked_at FROM schedules")
    assert (state, due) in (("stopped", True), ("done", False))


def test_a_run_whose_lock_is_gone_does_not_go_on(hub: Hub) -> None:
    def lose_the_lock() -> None:
        with open_run(hub.database, hub.keys, NAME, "sync", holder=Holder()) as ctx:
            hub.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'run main' AND datname = current_database()"
            )

            def tick() -> bool:
                ctx.progress.tick("stage", "Lead", 1)
                return False

            wait_until(tick)

    with pytest.raises(StoreError, match="reached"):
        lose_the_lock()
