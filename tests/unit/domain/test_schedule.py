"""When a connection is looked at next: properties of every schedule."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncline.domain.schedule import PACES, Mode, Past, Schedule, calls_at_rest, describe_time, next_look

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECONDS = st.integers(0, 10_000_000).map(lambda number: timedelta(seconds=number))
AUTOMATIC = st.sampled_from(sorted(PACES))
JITTER = st.floats(0, 1)


def past(quiet: timedelta | None, took: timedelta = timedelta(0), failures: int = 0) -> Past:
    return Past(NOW - took, NOW, NOW - quiet if quiet is not None else None, failures)


def look(mode: Mode, of: Past, jitter: float = 0.5) -> timedelta:
    found = next_look(Schedule(mode), of, jitter)
    assert found is not None
    return found - NOW


@given(AUTOMATIC, st.none() | SECONDS, SECONDS)
def test_an_automatic_look_is_never_in_the_past_and_never_later_than_its_rest(
    mode: Mode, quiet: timedelta | None, took: timedelta
) -> None:
    wait = look(mode, past(quiet, took))

    assert timedelta(0) <= wait <= PACES[mode].rest


@given(AUTOMATIC, SECONDS, SECONDS)
def test_the_longer_nothing_moved_the_later(mode: Mode, quiet: timedelta, more: timedelta) -> None:
    assert look(mode, past(quiet)) <= look(mode, past(quiet + more))


@given(AUTOMATIC)
def test_just_after_a_change_it_is_soon(mode: Mode) -> None:
    assert look(mode, past(timedelta(0))) == PACES[mode].busy


@given(AUTOMATIC, SECONDS)
def test_economy_never_looks_sooner_than_balanced_and_that_never_than_live(mode: Mode, quiet: timedelta) -> None:
    waits = [look(one, past(quiet)) for one in (Mode.LIVE, Mode.BALANCED, Mode.ECONOMY)]

    assert waits == sorted(waits)


@given(AUTOMATIC, st.integers(1, 60), JITTER)
def test_after_failures_it_is_tried_later_and_later_but_always_again(mode: Mode, failures: int, jitter: float) -> None:
    wait = look(mode, past(None, failures=failures), jitter)

    assert timedelta(seconds=5) <= wait <= timedelta(minutes=15)
    assert wait <= look(mode, past(None, failures=failures + 1), 1.0)


@given(st.sampled_from([one for one in Mode if one not in (Mode.MANUAL, Mode.FIXED)]), SECONDS, JITTER)
def test_what_salesforce_asked_for_is_kept(mode: Mode, wanted: timedelta, jitter: float) -> None:
    of = Past(NOW, NOW, None, 1, NOW + wanted)

    found = next_look(Schedule(mode), of, jitter)

    assert found is not None
    assert found >= NOW + wanted


@given(st.integers(5, 100_000), SECONDS)
def test_a_fixed_look_follows_the_beginning_of_the_one_before(every: int, took: timedelta) -> None:
    schedule = Schedule(Mode.FIXED, every=timedelta(seconds=every))

    found = next_look(schedule, past(None, took), 0.5)

    assert found == max(NOW - took + timedelta(seconds=every), NOW)


def test_a_cron_expression_is_read_in_utc() -> None:
    assert next_look(Schedule(Mode.FIXED, cron="30 6 * * *"), past(None), 0.5) == datetime(
        2026, 3, 2, 6, 30, tzinfo=UTC
    )


def test_a_manual_connection_is_looked_at_by_nobody() -> None:
    assert next_look(Schedule(Mode.MANUAL), past(timedelta(0)), 0.5) is None


def test_a_day_of_rest_costs_little() -> None:
    assert (calls_at_rest(Schedule(), 8) or 0) <= 300
    assert calls_at_rest(Schedule(Mode.FIXED, every=timedelta(hours=1)), 5) == 24
    assert calls_at_rest(Schedule(Mode.FIXED, cron="* * * * *"), 5) is None


@pytest.mark.parametrize(
    ("mode", "every", "cron"),
    [
        pytest.param(Mode.FIXED, None, None, id="fixed without a time"),
        pytest.param(Mode.FIXED, timedelta(minutes=1), "* * * * *", id="both"),
        pytest.param(Mode.LIVE, timedelta(minutes=1), None, id="an interval that is not fixed"),
        pytest.param(Mode.FIXED, timedelta(seconds=1), None, id="too short"),
        pytest.param(Mode.FIXED, None, "* * * *", id="four parts"),
        pytest.param(Mode.FIXED, None, "* * * * * *", id="seconds"),
        pytest.param(Mode.FIXED, None, "61 * * * *", id="no such minute"),
    ],
)
def test_what_makes_no_schedule_is_refused(mode: Mode, every: timedelta | None, cron: str | None) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Schedule(mode, every, cron)


@pytest.mark.parametrize(
    ("seconds", "words"), [(5, "5 s"), (90, "90 s"), (900, "15 min"), (7200, "2 h"), (5400, "90 min")]
)
def test_times_are_told_in_whole_units(seconds: int, words: str) -> None:
    assert describe_time(timedelta(seconds=seconds)) == words
