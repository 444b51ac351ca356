"""Reading windows: which span of change stamps a read covers, and where the cursor stands after it."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Window:
    """A closed span of change stamps by the org's clock; `since` is None at the first read.

    `cursor` is held back by the lag, the reading is not: rows may appear after their stamp.
    """

    since: datetime | None
    until: datetime
    cursor: datetime


def build_window(cursor: datetime | None, org_now: datetime, *, overlap: timedelta, lag: timedelta) -> Window:
    """Builds the window `[cursor - overlap, now]`; now is fixed before the query, plus the second that stamps drop."""
    until = org_now.replace(microsecond=0) + timedelta(seconds=1)
    since = cursor - overlap if cursor else None
    held_back = until - timedelta(seconds=1) - lag
    return Window(since, until, max(held_back, cursor) if cursor else held_back)


def is_unchanged(theirs: dict[str, datetime], ours: dict[str, datetime], read_until: datetime) -> bool:
    """Whether a window holds nothing new: the same ids with the same stamps, none of them too fresh to trust.

    A record can change twice within one second, and stamps are whole seconds: a stamp at or after the cursor was
    read when its second may not have been over.
    """
    return theirs == ours and all(stamp < read_until for stamp in theirs.values())
