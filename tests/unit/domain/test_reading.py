"""Reading every record, priced: pages of a query, or a Bulk job with its looks and the pages of its result."""

import pytest

from syncline.domain.reading import Anew, forecast_read

_THRESHOLD = 10_000


@pytest.mark.parametrize(
    ("rows", "fields", "calls"),
    [
        pytest.param(0, (), 1, id="an object without records is asked once"),
        pytest.param(0, ("Fax",), 0, id="there is nothing to fill"),
        pytest.param(1, ("Fax",), 1, id="one page"),
        pytest.param(2_000, (), 1, id="a page that is just full"),
        pytest.param(2_001, (), 2, id="one record more"),
        pytest.param(10_000, (), 5, id="the most that goes by pages"),
        pytest.param(10_001, (), 1 + 3 + 1, id="a job, looks until half a second is over, and one page"),
        pytest.param(1_000_000, (), 1 + 13 + 10, id="looks that thin out over 50 seconds, and ten pages"),
    ],
)
def test_calls(rows: int, fields: tuple[str, ...], calls: int) -> None:
    told = forecast_read(Anew("Lead", fields), rows, _THRESHOLD)
    assert (told.object, told.fields, told.rows, told.calls) == ("Lead", fields, rows, calls)


def test_what_bulk_does_not_read_goes_by_pages_however_many() -> None:
    assert forecast_read(Anew("TaskStatus"), 20_000, _THRESHOLD, bulk=False).calls == 10


def test_time_grows_with_calls_and_rows() -> None:
    small, large = (forecast_read(Anew("Lead"), rows, _THRESHOLD) for rows in (100, 1_000_000))
    assert 0 < small.seconds < 1
    # 50 seconds in the org, more than a minute here, and the calls.
    assert 110 < large.seconds < 150
