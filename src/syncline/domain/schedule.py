"""Schedules: when a connection is looked at next. Often while something moves there, seldom at rest.

Between two looks of an automatic schedule lies half of the time for which nothing moved, within the bounds of its pace.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

#: Objects whose small queries share one composite call.
OBJECTS_PER_CALL = 5
#: Waits after failures: doubled from the first, never longer than the last.
_FIRST_RETRY, _LAST_RETRY = timedelta(seconds=10), timedelta(minutes=15)
_DAY = timedelta(days=1)
_SHORTEST_FIXED = timedelta(seconds=5)
_CRON_PARTS = 5


class Mode(StrEnum):
    """How a connection is looked at."""

    LIVE = "live"
    BALANCED = "balanced"
    ECONOMY = "economy"
    FIXED = "fixed"
    MANUAL = "manual"


@dataclass(frozen=True)
class Pace:
    """The bounds of an automatic schedule: between two looks, and from an edit here until it is sent."""

    busy: timedelta
    rest: timedelta
    edit: timedelta


#: Without change events somebody has to look: live does so all the time.
PACES: Mapping[Mode, Pace] = {
    Mode.LIVE: Pace(timedelta(seconds=5), timedelta(seconds=5), timedelta(seconds=1)),
    Mode.BALANCED: Pace(timedelta(seconds=30), timedelta(minutes=15), timedelta(seconds=10)),
    Mode.ECONOMY: Pace(timedelta(minutes=5), timedelta(hours=1), timedelta(minutes=1)),
}


@dataclass(frozen=True)
class Schedule:
    """When to look; `every` or `cron` (in UTC) belong to a fixed one.

    Raises:
        ValueError: the parts do not make a schedule; the message says why.
    """

    mode: Mode = Mode.BALANCED
    every: timedelta | None = None
    cron: str | None = None

    def __post_init__(self) -> None:
        fixed = self.mode is Mode.FIXED
        if fixed and (self.every is None) == (self.cron is None):
            raise ValueError("a fixed schedule has either an interval or a cron expression")
        if not fixed and (self.every is not None or self.cron is not None):
            raise ValueError(f"the schedule {self.mode} has neither an interval nor a cron expression")
        if self.every is not None and self.every < _SHORTEST_FIXED:
            raise ValueError(f"{self.every} is too short: 5 seconds at least")
        if self.cron is not None:
            _check_cron(self.cron)

    def describe(self) -> str:
        """In words."""
        if self.every is not None:
            return f"every {describe_time(self.every)}"
        return f"cron {self.cron} (UTC)" if self.cron is not None else str(self.mode)


def _check_cron(text: str) -> None:
    if len(text.split()) != _CRON_PARTS:
        raise ValueError(f"{text!r} is no cron expression: minute, hour, day, month, weekday")
    from croniter import CroniterError, croniter

    try:
        croniter(text)
    except CroniterError as problem:
        raise ValueError(f"{text!r} is no cron expression: {problem}") from None


@dataclass(frozen=True)
class Past:
    """What the latest look came to; times by our clock. `failures`: how many in a row failed, this one included.

    `not_before`: what Salesforce asked for, or when the budget of the next day begins.
    """

    started: datetime
    ended: datetime
    changed: datetime | None
    failures: int = 0
    not_before: datetime | None = None


def next_look(schedule: Schedule, past: Past, jitter: float) -> datetime | None:
    """When to look next, or None where a person does. `jitter`, 0 to 1, spreads the retries of several connections."""
    if schedule.mode is Mode.MANUAL:
        return None
    planned = _plan(schedule, past)
    if past.failures:
        planned = past.ended + _retry_wait(past.failures, jitter)
    return max(planned, past.not_before) if past.not_before else planned


def _plan(schedule: Schedule, past: Past) -> datetime:
    if schedule.cron is not None:
        # Late: few schedules need it, and it takes a tenth of a second.
        from croniter import croniter

        found: datetime = croniter(schedule.cron, past.ended).get_next(type(past.ended))
        return found
    interval = schedule.every if schedule.every is not None else _interval(PACES[schedule.mode], past)
    return max(past.started + interval, past.ended)


def _interval(pace: Pace, past: Past) -> timedelta:
    if past.changed is None:
        return pace.rest
    return min(max((past.ended - past.changed) / 2, pace.busy), pace.rest)


def _retry_wait(failures: int, jitter: float) -> timedelta:
    longest: timedelta = min(_FIRST_RETRY * 2 ** min(failures - 1, 20), _LAST_RETRY)
    return longest * (0.5 + jitter / 2)


def calls_at_rest(schedule: Schedule, objects: int) -> int | None:
    """API calls of a day on which nothing moves, at most; None where a person, or a cron expression, decides."""
    if schedule.every is not None:
        interval = schedule.every
    elif schedule.mode in PACES:
        interval = PACES[schedule.mode].rest
    else:
        return None
    return -(-_DAY // interval) * -(-objects // OBJECTS_PER_CALL)


def describe_time(span: timedelta) -> str:
    """A span in the largest unit that fits it whole: 90 s, 15 min, 1 h."""
    seconds = int(span.total_seconds())
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
