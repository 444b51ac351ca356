"""What a day at rest costs: the schedule's looks, each with the calls that a look at rest makes."""

import threading
from datetime import UTC, datetime, timedelta

from syncline.domain.schedule import OBJECTS_PER_CALL, Mode, Past, Schedule, calls_at_rest, next_look
from syncline.jobs.look import Looker
from tests.engine.jobs.working import app_of
from tests.engine.orgs import Hub

_DAY = timedelta(days=1)


def looks_of_a_day(mode: Mode) -> int:
    """How often a connection is looked at in a day after the last change, by going from look to look."""
    began = at = datetime(2026, 3, 1, tzinfo=UTC)
    looks = 0
    while at < began + _DAY:
        looks += 1
        found = next_look(Schedule(mode), Past(at, at, began, 0), 0.5)
        assert found is not None
        at = found
    return looks


def calls_of_a_look_at_rest(hub: Hub) -> int:
    ((connection_id,),) = hub.rows("SELECT id FROM connections")
    looker = Looker(app_of(hub), threading.Event())
    looker.look(connection_id, 1)  # logs in
    used = hub.rows("SELECT sum(calls)::int FROM call_days")[0][0]
    looker.look(connection_id, 1)
    return int(hub.rows("SELECT sum(calls)::int FROM call_days")[0][0]) - int(used)


def test_a_day_at_rest_costs_at_most_300_calls_for_8_objects(hub: Hub) -> None:
    hub.sync()

    calls = calls_of_a_look_at_rest(hub)

    assert calls == 1  # two objects share it, as up to five do
    assert looks_of_a_day(Mode.BALANCED) * calls * -(-8 // OBJECTS_PER_CALL) <= 300


def test_what_a_schedule_is_said_to_cost_is_what_a_day_at_rest_takes() -> None:
    for mode in (Mode.LIVE, Mode.BALANCED, Mode.ECONOMY):
        said = calls_at_rest(Schedule(mode), 2) or 0
        assert 0 <= looks_of_a_day(mode) - said <= 12  # the day begins with a change, and thins out
