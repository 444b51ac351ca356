"""Workers that die, and a database that dies under them: another goes on, and nothing is done twice."""

import os
import signal
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from syncline import clock
from syncline.domain.schedule import Mode, Schedule
from syncline.jobs.queue import Signs
from syncline.store import schedules, setup
from syncline.store.database import Database, transaction
from syncline.store.embedded import EmbeddedServer, Options, ServerHandle
from syncline.store.secrets import KeyRing
from tests import simulated
from tests.engine.jobs.working import QUICK, wait_until, worker_process, working
from tests.engine.orgs import Hub, colleague_of
from tests.simulated import Simulated

PEOPLE = 200
_LIVE = Schedule(Mode.LIVE)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulated]:
    running = simulated.start(tmp_path_factory.mktemp("org"), "people", PEOPLE)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def own_server(run_folder: Path) -> Iterator[ServerHandle]:
    """A server that may die, whose database is a template: migrated, connected and approved."""
    # Each process of the test run has its own: the tests make its database anew, and kill it.
    folder = run_folder / f"workers-{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
    with EmbeddedServer(folder, Options(durable=False)).start() as server:
        yield server


@pytest.fixture(scope="module")
def prepared(own_server: ServerHandle, served: Simulated, tmp_path_factory: pytest.TempPathFactory) -> KeyRing:
    served.control("POST", "reset", {"people": PEOPLE})
    database = Database(own_server.url())
    setup.configure(database.url)
    setup.migrate(database)
    hub = Hub(database, KeyRing(tmp_path_factory.mktemp("keys") / "ring.json"), served)
    hub.connect()
    hub.execute("UPDATE mappings SET approved_at = now()")
    setup.disconnect()
    return hub.keys


@pytest.fixture
def hub(own_server: ServerHandle, prepared: KeyRing, served: Simulated) -> Iterator[Hub]:
    """Connected and approved, with nothing read yet, and a schedule that only a test sets off."""
    own_server.ensure_running()
    served.control("POST", "reset", {"people": PEOPLE})
    served.control("POST", "settings", {"bulk_page_rows": 20, "page_rows": 20})
    with psycopg.connect(own_server.admin_url(), autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS staged WITH (FORCE)")
        admin.execute("CREATE DATABASE staged TEMPLATE syncline OWNER syncline STRATEGY file_copy")
    database = Database(own_server.url("staged"), revive=own_server.ensure_running)
    setup.configure(database.url)
    yield Hub(database, prepared, served)
    setup.disconnect()


def start_looking(hub: Hub, schedule: Schedule = _LIVE) -> None:
    ((connection_id,),) = hub.rows("SELECT id FROM connections")
    with closing(hub.database.connect("test")) as conn, transaction(conn, "test"):
        schedules.save_schedule(conn, connection_id, schedule, clock.now())


def states(hub: Hub) -> list[str]:
    with suppress(psycopg.Error):
        return [state for (state,) in hub.rows("SELECT state FROM runs ORDER BY id")]
    return []


def overlapping(hub: Hub) -> list[tuple[object, ...]]:
    """Pairs of runs of one connection that ran beside each other."""
    return hub.rows(
        "SELECT one.id, other.id FROM runs one JOIN runs other ON other.connection_id = one.connection_id"
        " AND other.id > one.id AND other.started_at < coalesce(one.finished_at, 'infinity')"
    )


@pytest.mark.parametrize(
    ("moment", "while_it"),
    [
        pytest.param("stage.committed:3", "reads", id="while it reads"),
        pytest.param("contacts.committing:1", "applies", id="while it applies", marks=pytest.mark.nightly),
        pytest.param("remote.update.answered:1", "sends", id="while it sends", marks=pytest.mark.nightly),
    ],
)
def test_a_worker_that_is_killed_leaves_its_work_to_another(
    hub: Hub, tmp_path: Path, moment: str, while_it: str
) -> None:
    if while_it == "sends":
        hub.sync()
        hub.execute(
            "UPDATE contacts SET opted_out = true WHERE id IN (SELECT min(id) FROM contacts WHERE NOT opted_out)"
        )
    start_looking(hub)
    with worker_process(hub, tmp_path, SYNCLINE_KILL_AT=moment) as first:
        assert first.wait(60) == -signal.SIGKILL

        with working(hub):
            took = wait_until(lambda: states(hub)[-1:] == ["done"])

    assert took < 60
    assert "failed" in states(hub)
    assert not overlapping(hub)
    proof = hub.prove()
    assert proof.differing == 0


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param("remote.update.sending:1", id="before it sends an opt-out"),
        pytest.param("dispatch.committed:1", id="once it queued", marks=pytest.mark.nightly),
        pytest.param("look.committing:1", id="before it settles a look", marks=pytest.mark.nightly),
    ],
)
def test_an_opt_out_survives_the_death_of_the_worker_that_has_it(hub: Hub, tmp_path: Path, moment: str) -> None:
    hub.sync()
    ((contact_id, record_id),) = hub.rows(
        "SELECT contact.id, link.record_id FROM contacts contact JOIN links link ON link.contact_id = contact.id"
        " WHERE NOT contact.opted_out AND link.object = 'Lead' AND link.state = 'live' ORDER BY 1 LIMIT 1"
    )
    start_looking(hub)
    hub.execute("UPDATE contacts SET opted_out = true WHERE id = %s", contact_id)
    with worker_process(hub, tmp_path, SYNCLINE_KILL_AT=moment) as first:
        assert first.wait(60) == -signal.SIGKILL

        with colleague_of(hub.org) as colleague, working(hub):
            soql = f"SELECT Id FROM Lead WHERE Id = '{record_id}' AND HasOptedOutOfEmail = true"
            wait_until(lambda: bool(colleague.query(soql).records))


def test_an_opt_out_waits_seconds_where_no_look_is_due_and_its_worker_died(hub: Hub, tmp_path: Path) -> None:
    """Nothing but the lane itself takes it up: looks are an hour away, and nobody sweeps."""
    hub.sync()
    ((contact_id, record_id),) = hub.rows(
        "SELECT contact.id, link.record_id FROM contacts contact JOIN links link ON link.contact_id = contact.id"
        " WHERE NOT contact.opted_out AND link.object = 'Lead' AND link.state = 'live' ORDER BY 1 LIMIT 1"
    )
    start_looking(hub, Schedule(Mode.FIXED, every=timedelta(hours=1)))
    hub.execute("UPDATE schedules SET next_at = now() + interval '1 hour'")
    hub.execute("UPDATE contacts SET opted_out = true WHERE id = %s", contact_id)
    with worker_process(hub, tmp_path, SYNCLINE_KILL_AT="remote.update.sending:1") as first:
        assert first.wait(60) == -signal.SIGKILL

    nobody_sweeps = replace(QUICK, signs=Signs(every=0.3, silence=600.0), sweep_every=600.0)
    with working(hub, nobody_sweeps):
        # Both the minute of the lane's own second try and the sweep would be later.
        wait_until(lambda: bool(hub.rows("SELECT 1 FROM change_log WHERE action = 'sent' AND new = 'true'")), 30)
    with colleague_of(hub.org) as colleague:
        soql = f"SELECT Id FROM Lead WHERE Id = '{record_id}' AND HasOptedOutOfEmail = true"
        assert colleague.query(soql).records
    assert states(hub) == ["done", "failed", "done"]


def test_two_workers_never_run_one_connection_beside_each_other(hub: Hub, tmp_path: Path) -> None:
    hub.sync()
    start_looking(hub)

    def has_run(times: int) -> bool:
        hub.execute("UPDATE schedules SET next_at = now()")
        return states(hub).count("done") >= times

    with worker_process(hub, tmp_path), working(hub):
        wait_until(lambda: has_run(6))

    assert not overlapping(hub)


def test_workers_go_on_after_postgresql_was_killed(hub: Hub, own_server: ServerHandle) -> None:
    hub.sync()
    start_looking(hub)
    with working(hub):
        wait_until(lambda: states(hub).count("done") >= 2)
        own_server.kill()
        with colleague_of(hub.org) as colleague:
            ((record_id,),) = hub.rows("SELECT record_id FROM links WHERE object = 'Lead' ORDER BY 1 LIMIT 1")
            colleague.update("Lead", [{"Id": record_id, "Title": "After the crash"}])

        wait_until(lambda: bool(hub.rows("SELECT 1 FROM contacts WHERE title = 'After the crash'")))


def test_a_worker_that_is_told_to_end_stops_at_a_safe_place(hub: Hub, tmp_path: Path) -> None:
    start_looking(hub)
    hub.org.control("POST", "faults", {"path": "/jobs/query", "method": "GET", "delay": 0.3, "times": 1000})
    with worker_process(hub, tmp_path) as first:
        wait_until(lambda: states(hub) == ["running"])
        first.send_signal(signal.SIGTERM)

        assert first.wait(60) == 0

    hub.org.control("DELETE", "faults")
    assert states(hub) in (["stopped"], ["done"])
    assert hub.rows("SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'") == [(0,)]
