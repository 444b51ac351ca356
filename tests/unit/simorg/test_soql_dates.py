"""Named spans of days, seen from a Wednesday: 2026-03-11."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simorg.soql import literals

_NOON = datetime(2026, 3, 11, 12, tzinfo=UTC)
_HERE = ZoneInfo("UTC")


@pytest.mark.parametrize(
    ("name", "number", "first", "last"),
    [
        ("YESTERDAY", None, "2026-03-10", "2026-03-10"),
        ("TODAY", None, "2026-03-11", "2026-03-11"),
        ("TOMORROW", None, "2026-03-12", "2026-03-12"),
        ("LAST_WEEK", None, "2026-03-01", "2026-03-07"),
        ("THIS_WEEK", None, "2026-03-08", "2026-03-14"),
        ("NEXT_WEEK", None, "2026-03-15", "2026-03-21"),
        ("LAST_MONTH", None, "2026-02-01", "2026-02-28"),
        ("THIS_MONTH", None, "2026-03-01", "2026-03-31"),
        ("NEXT_MONTH", None, "2026-04-01", "2026-04-30"),
        ("LAST_90_DAYS", None, "2025-12-11", "2026-03-11"),
        ("NEXT_90_DAYS", None, "2026-03-12", "2026-06-09"),
        ("LAST_QUARTER", None, "2025-10-01", "2025-12-31"),
        ("THIS_QUARTER", None, "2026-01-01", "2026-03-31"),
        ("NEXT_FISCAL_QUARTER", None, "2026-04-01", "2026-06-30"),
        ("LAST_YEAR", None, "2025-01-01", "2025-12-31"),
        ("THIS_FISCAL_YEAR", None, "2026-01-01", "2026-12-31"),
        ("NEXT_YEAR", None, "2027-01-01", "2027-12-31"),
        ("LAST_N_DAYS", 0, "2026-03-11", "2026-03-11"),
        ("LAST_N_DAYS", 7, "2026-03-04", "2026-03-11"),
        ("NEXT_N_DAYS", 7, "2026-03-12", "2026-03-18"),
        ("N_DAYS_AGO", 11, "2026-02-28", "2026-02-28"),
        ("LAST_N_WEEKS", 2, "2026-02-22", "2026-03-07"),
        ("NEXT_N_WEEKS", 2, "2026-03-15", "2026-03-28"),
        ("N_WEEKS_AGO", 2, "2026-02-22", "2026-02-28"),
        ("LAST_N_MONTHS", 2, "2026-01-01", "2026-02-28"),
        ("NEXT_N_MONTHS", 2, "2026-04-01", "2026-05-31"),
        ("N_MONTHS_AGO", 3, "2025-12-01", "2025-12-31"),
        ("LAST_N_QUARTERS", 2, "2025-07-01", "2025-12-31"),
        ("NEXT_N_FISCAL_QUARTERS", 1, "2026-04-01", "2026-06-30"),
        ("N_QUARTERS_AGO", 1, "2025-10-01", "2025-12-31"),
        ("LAST_N_YEARS", 3, "2023-01-01", "2025-12-31"),
        ("NEXT_N_YEARS", 1, "2027-01-01", "2027-12-31"),
        ("N_FISCAL_YEARS_AGO", 2, "2024-01-01", "2024-12-31"),
    ],
)
def test_spans(name: str, number: int | None, first: str, last: str) -> None:
    begin, after = literals.find_span(name, number, _NOON, _HERE)
    assert begin.isoformat() == first
    assert date.fromordinal(after.toordinal() - 1).isoformat() == last


@pytest.mark.parametrize(
    ("day", "sunday"), [("2026-03-07", "2026-03-01"), ("2026-03-08", "2026-03-08"), ("2026-03-09", "2026-03-08")]
)
def test_weeks_begin_on_sunday(day: str, sunday: str) -> None:
    now = datetime.fromisoformat(f"{day}T12:00:00+00:00")
    assert literals.find_span("THIS_WEEK", None, now, _HERE)[0].isoformat() == sunday


def test_today_is_the_users() -> None:
    late = datetime(2026, 3, 11, 23, 30, tzinfo=UTC)
    assert literals.find_span("TODAY", None, late, ZoneInfo("Asia/Tokyo"))[0] == date(2026, 3, 12)
    assert literals.to_moment(date(2026, 3, 12), ZoneInfo("Asia/Tokyo")) == datetime(2026, 3, 11, 15, tzinfo=UTC)


def test_days_keep_their_length_when_the_clocks_change() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    begin, after = literals.find_span("TODAY", None, datetime(2026, 3, 29, 12, tzinfo=UTC), berlin)
    hours = (literals.to_moment(after, berlin) - literals.to_moment(begin, berlin)).total_seconds() / 3600
    assert hours == 23


@given(
    st.sampled_from(["LAST_N_DAYS", "NEXT_N_WEEKS", "N_MONTHS_AGO", "LAST_N_QUARTERS", "NEXT_N_YEARS", "N_YEARS_AGO"]),
    st.integers(0, 10**12),
    st.sampled_from(["UTC", "Asia/Tokyo", "America/Los_Angeles"]),
)
def test_any_number_gives_a_span_that_is_a_time(name: str, number: int, zone: str) -> None:
    begin, after = literals.find_span(name, number, _NOON, ZoneInfo(zone))
    assert begin <= after
    assert literals.to_moment(begin, ZoneInfo(zone)) <= literals.to_moment(after, ZoneInfo(zone))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05.678z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05+00:00", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05.000-0830", datetime(2026, 1, 2, 11, 34, 5, tzinfo=UTC)),
        ("2026-02-30T03:04:05Z", None),
        ("2026-01-02T25:00:00Z", None),
        ("0001-01-01T00:00:00+10:00", None),
        ("2026-01-02", None),
    ],
)
def test_moments_written_out(text: str, moment: datetime | None) -> None:
    assert literals.read_datetime(text) == moment


@pytest.mark.parametrize(("text", "day"), [("2024-02-29", date(2024, 2, 29)), ("2026-02-29", None), ("20260101", None)])
def test_days_written_out(text: str, day: date | None) -> None:
    assert literals.read_date(text) == day
