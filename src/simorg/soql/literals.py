"""Dates and times in queries: written out, and named (TODAY, LAST_N_DAYS:7) in the user's time zone.

Source: SOQL and SOSL Reference, "Date Formats and Date Literals". Weeks begin on Sunday; quarters with January.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

Span = tuple[date, date]

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:?\d\d)", re.IGNORECASE)
#: Days, weeks, months... that a span may count; more means the same.
_MOST = 36_500
#: The years that dates can lie in.
_FIRST_YEAR, _LAST_YEAR = 1700, 4000


def read_datetime(text: str) -> datetime | None:
    """A moment written out, in UTC and whole seconds; None for what is none."""
    found = _MOMENT.fullmatch(text)
    if not found:
        return None
    day, clock, zone = found.groups()
    zone = "+00:00" if zone in "Zz" else zone
    zone = zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"
    try:
        return datetime.fromisoformat(f"{day}T{clock}{zone}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def read_date(text: str) -> date | None:
    """A day written out; None for what is none."""
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def knows(name: str, *, counted: bool) -> bool:
    """Whether there is a named span of this name, with a number after it or without."""
    return name in (_COUNTED if counted else _PLAIN)


def find_span(name: str, number: int | None, now: datetime, zone: ZoneInfo) -> Span:
    """The first day of a named span and the day after its last.

    Raises:
        KeyError: there is no such name.
    """
    today = now.astimezone(zone).date()
    if number is None:
        return _PLAIN[name](today)
    return _COUNTED[name](today, min(number, _MOST))


def to_moment(day: date, zone: ZoneInfo) -> datetime:
    """When a day begins in a time zone, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _days(today: date, first: int, after: int) -> Span:
    return today + timedelta(first), today + timedelta(after)


def _week(today: date, first: int, after: int) -> Span:
    sunday = today - timedelta((today.weekday() + 1) % 7)
    return sunday + timedelta(7 * first), sunday + timedelta(7 * after)


def _months(today: date, first: int, after: int, size: int = 1) -> Span:
    start = (today.year * 12 + today.month - 1) // size
    return _month((start + first) * size), _month((start + after) * size)


def _counted_months(today: date, number: int, kind: str, size: int) -> Span:
    first, after = {"LAST_N_S": (-number, 0), "NEXT_N_S": (1, number + 1), "N_S_AGO": (-number, -number + 1)}[kind]
    return _months(today, first, after, size)


def _month(number: int) -> date:
    year, month = divmod(max(_FIRST_YEAR * 12, min(_LAST_YEAR * 12, number)), 12)
    return date(year, month + 1, 1)


_PLAIN: dict[str, Callable[[date], Span]] = {
    "YESTERDAY": lambda day: _days(day, -1, 0),
    "TODAY": lambda day: _days(day, 0, 1),
    "TOMORROW": lambda day: _days(day, 1, 2),
    "LAST_WEEK": lambda day: _week(day, -1, 0),
    "THIS_WEEK": lambda day: _week(day, 0, 1),
    "NEXT_WEEK": lambda day: _week(day, 1, 2),
    "LAST_MONTH": lambda day: _months(day, -1, 0),
    "THIS_MONTH": lambda day: _months(day, 0, 1),
    "NEXT_MONTH": lambda day: _months(day, 1, 2),
    "LAST_90_DAYS": lambda day: _days(day, -90, 1),
    "NEXT_90_DAYS": lambda day: _days(day, 1, 91),
    **{
        f"{which}_{fiscal}{unit}": partial(_months, first=at, after=at + 1, size=size)
        for which, at in (("LAST", -1), ("THIS", 0), ("NEXT", 1))
        for fiscal in ("", "FISCAL_")
        for unit, size in (("QUARTER", 3), ("YEAR", 12))
    },
}
_COUNTED: dict[str, Callable[[date, int], Span]] = {
    "LAST_N_DAYS": lambda day, n: _days(day, -n, 1),
    "NEXT_N_DAYS": lambda day, n: _days(day, 1, n + 1),
    "N_DAYS_AGO": lambda day, n: _days(day, -n, -n + 1),
    "LAST_N_WEEKS": lambda day, n: _week(day, -n, 0),
    "NEXT_N_WEEKS": lambda day, n: _week(day, 1, n + 1),
    "N_WEEKS_AGO": lambda day, n: _week(day, -n, -n + 1),
    "LAST_N_MONTHS": lambda day, n: _months(day, -n, 0),
    "NEXT_N_MONTHS": lambda day, n: _months(day, 1, n + 1),
    "N_MONTHS_AGO": lambda day, n: _months(day, -n, -n + 1),
    **{
        f"{before}{fiscal}{unit}{after}": partial(_counted_months, kind=before + after, size=size)
        for before, after in (("LAST_N_", "S"), ("NEXT_N_", "S"), ("N_", "S_AGO"))
        for fiscal in ("", "FISCAL_")
        for unit, size in (("QUARTER", 3), ("YEAR", 12))
    },
}
