"""Reading everything, or some fields of everything, priced before it happens: calls to the org and about how long."""

from dataclasses import dataclass

#: Records of one page of a query (REST API Developer Guide, "Query", the default batch size).
_PAGE_ROWS = 2_000
#: Rows that an org puts into one page of a Bulk result, as a first guess: it decides by the width of the rows.
_BULK_PAGE_ROWS = 100_000
#: Rows that a Bulk query gives in a second until its job is complete, as a first guess.
_BULK_ROWS_A_SECOND = 20_000
#: Seconds between looks at a Bulk job: they thin out from the first to the last of these.
FIRST_POLL, LAST_POLL, POLL_GROWTH = 0.25, 30.0, 1.5
_SECONDS_PER_CALL = 0.6
#: Rows that are taken into the mirror in a second.
_ROWS_A_SECOND = 15_000


@dataclass(frozen=True)
class Anew:
    """What has to be read of every record of an object: some fields, or with none named all that are mapped."""

    object: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReadForecast:
    """What reading one object anew costs: `rows` as the org counts them, calls, and about how many seconds."""

    object: str
    fields: tuple[str, ...]
    rows: int
    calls: int
    seconds: float


def forecast_read(anew: Anew, rows: int, threshold: int, *, bulk: bool = True) -> ReadForecast:
    """The price of a read; more rows than `threshold` go by a Bulk job, where the object can be read so."""
    waits = 0.0
    if bulk and rows > threshold:
        calls = 1 + _count_polls(rows) + -(-rows // _BULK_PAGE_ROWS)
        waits = rows / _BULK_ROWS_A_SECOND
    elif rows or not anew.fields:
        calls = max(1, -(-rows // _PAGE_ROWS))
    else:
        calls = 0
    seconds = calls * _SECONDS_PER_CALL + waits + rows / _ROWS_A_SECOND
    return ReadForecast(anew.object, anew.fields, rows, calls, seconds)


def _count_polls(rows: int) -> int:
    """Looks at a job of so many rows until it is complete."""
    left, looks, pause = rows / _BULK_ROWS_A_SECOND, 1, FIRST_POLL
    while left > 0:
        left -= pause
        looks += 1
        pause = min(pause * POLL_GROWTH, LAST_POLL)
    return looks
