"""What dead workers left is taken up, even where a successor waits already."""

from contextlib import closing
from datetime import timedelta

from syncline import clock
from syncline.jobs.names import sync_job
from syncline.store.database import transaction
from syncline.store.jobs import Swept, add_job, count_jobs, purge, sweep
from tests.engine.orgs import Hub

SILENCE = timedelta(seconds=30)


def a_dead_workers_job(hub: Hub) -> int:
    """A job under way of a worker whose last sign of life is a minute old."""
    with closing(hub.database.connect("test")) as conn, transaction(conn, "test"):
        assert add_job(conn, sync_job(1))
    hub.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 minute')")
    hub.execute(
        "UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT max(id) FROM procrastinate_workers)"
    )
    ((job_id,),) = hub.rows("SELECT id FROM procrastinate_jobs")
    return int(job_id)


def swept(hub: Hub) -> Swept:
    with closing(hub.database.connect("test")) as conn, transaction(conn, "test"):
        return sweep(conn, SILENCE)


def test_the_job_of_a_dead_worker_waits_again(hub: Hub) -> None:
    job_id = a_dead_workers_job(hub)

    assert swept(hub) == Swept(requeued=(job_id,))
    assert hub.rows("SELECT status::text FROM procrastinate_jobs") == [("todo",)]


def test_the_job_of_a_living_worker_stays_with_it(hub: Hub) -> None:
    a_dead_workers_job(hub)
    hub.execute("UPDATE procrastinate_workers SET last_heartbeat = now()")

    assert swept(hub) == Swept()


def test_a_successor_that_waits_does_not_jam_the_sweep(hub: Hub) -> None:
    first = a_dead_workers_job(hub)
    with closing(hub.database.connect("test")) as conn, transaction(conn, "test"):
        assert add_job(conn, sync_job(1))

    assert swept(hub) == Swept(closed=(first,))
    assert hub.rows("SELECT id = %s, status::text FROM procrastinate_jobs ORDER BY id", first) == [
        (True, "failed"),
        (False, "todo"),
    ]


def test_a_jammed_job_does_not_keep_another_from_being_taken_up(hub: Hub) -> None:
    first = a_dead_workers_job(hub)
    with closing(hub.database.connect("test")) as conn, transaction(conn, "test"):
        add_job(conn, sync_job(1))
        add_job(conn, sync_job(2))
    hub.execute("UPDATE procrastinate_jobs SET status = 'doing' WHERE queueing_lock = 'read:2'")

    found = swept(hub)

    assert (found.closed, len(found.requeued)) == ((first,), 1)


def test_one_job_that_waits_is_enough(hub: Hub) -> None:
    with closing(hub.database.connect("test")) as conn, transaction(conn, "test"):
        assert add_job(conn, sync_job(1))
        assert not add_job(conn, sync_job(1))
        assert count_jobs(conn) == {("sync", "todo"): 1}


def test_jobs_that_ended_long_ago_are_deleted(hub: Hub) -> None:
    with closing(hub.database.connect("test")) as conn, transaction(conn, "test"):
        for number in range(3):
            add_job(conn, sync_job(number))
    hub.execute("UPDATE procrastinate_jobs SET status = 'succeeded' WHERE queueing_lock <> 'read:2'")
    hub.execute(
        "UPDATE procrastinate_events SET at = now() - interval '3 days'"
        " WHERE job_id IN (SELECT id FROM procrastinate_jobs WHERE queueing_lock <> 'read:1')"
    )

    with closing(hub.database.connect("test")) as conn, transaction(conn, "test"):
        assert purge(conn, clock.now() - timedelta(days=1)) == 1
    assert sorted(hub.rows("SELECT queueing_lock FROM procrastinate_jobs")) == [("read:1",), ("read:2",)]
