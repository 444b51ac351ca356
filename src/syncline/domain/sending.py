"""Sending, decided: what is ready to go, what each refusal means, and how long to wait before another try."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from syncline.domain.mapping import MappedField
from syncline.domain.outcomes import RowAction, RowError
from syncline.domain.shape import TEXT_TYPES, ObjectShape

_FIRST_WAIT = timedelta(seconds=30)
_LONGEST_WAIT = timedelta(hours=4)
#: Records of one strict write: the parts that one composite call takes.
STRICT_ROWS = 25
#: So many times within `FLIP_WINDOW` the same value is written over the same other one; then a person has to say.
FLIPS = 2
FLIP_WINDOW = timedelta(days=1)
#: Rows that an org writes in a second by Bulk, as a first guess; seconds between looks at a job.
_BULK_ROWS_A_SECOND = 1_500
_FIRST_POLL, _LAST_POLL, _POLL_GROWTH = 0.5, 30.0, 1.5


@dataclass(frozen=True)
class Pending:
    """One record with the values that wait to be sent, in canonical text by marketing field.

    `stamp` is the record's change stamp as the mirror knows it; None where it was never read since we created it.
    """

    contact_id: int
    record_id: str
    version: int
    stamp: datetime | None
    ours: Mapping[str, str | None]
    theirs: Mapping[str, str | None]
    #: A record that a write of this one locks too, where it has one.
    parent: str | None = None
    #: The Account through which it is written, where it is a person account.
    account_id: str | None = None

    def without(self, fields: Sequence[str]) -> "Pending":
        """The same record with fewer values."""
        return replace(
            self,
            ours={name: value for name, value in self.ours.items() if name not in fields},
            theirs={name: value for name, value in self.theirs.items() if name not in fields},
        )


class Next(StrEnum):
    """What to do about a refused record."""

    AGAIN_NOW = "again now"
    LATER = "later"
    WITHOUT_FIELDS = "without fields"
    PARK = "park"
    FOLLOW = "follow"
    STOP = "stop"
    PAUSE = "pause"


@dataclass(frozen=True)
class Refusal:
    """A refused record, what to do about it, and the marketing fields that were named."""

    pending: Pending
    error: RowError
    next: Next
    fields: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Flip:
    """A field that goes back and forth: what we would write over what, and who writes it on either side."""

    contact_id: int
    field: str
    theirs: str | None
    ours: str | None
    writer_here: str | None
    writer_there: str | None

    @property
    def message(self) -> str:
        """The sentence for people."""
        return (
            f"{self.field} goes back and forth between {self.ours!r}, written here by {self.writer_here or 'unknown'}, "
            f"and {self.theirs!r}, written in Salesforce by user {self.writer_there or 'unknown'}."
        )


def judge_refusal(
    pending: Pending,
    error: RowError,
    action: RowAction,
    mapped: Sequence[tuple[MappedField, str]],
    *,
    tries_left: int,
) -> Refusal:
    """Decides what happens to a record that Salesforce refused."""
    named = tuple(one.name for one, source in mapped if source in error.fields and one.name in pending.ours)
    match action:
        case RowAction.RETRY:
            return Refusal(pending, error, Next.AGAIN_NOW if tries_left else Next.LATER)
        case RowAction.FOLLOW:
            return Refusal(pending, error, Next.FOLLOW)
        case RowAction.STOP_CONNECTION:
            return Refusal(pending, error, Next.STOP)
        case RowAction.PAUSE:
            return Refusal(pending, error, Next.PAUSE)
        case RowAction.PERSON:
            if named and len(named) < len(pending.ours):
                return Refusal(pending, error, Next.WITHOUT_FIELDS, named)
            return Refusal(pending, error, Next.PARK, named)


def find_too_long(
    pending: Pending, mapped: Sequence[tuple[MappedField, str]], shape: ObjectShape
) -> dict[str, tuple[int, int]]:
    """Values longer than Salesforce's field, as field → (length, limit): refused here, never cut in silence."""
    found = {}
    for one, source in mapped:
        target = shape.find(source)
        text = pending.ours.get(one.name)
        if target and text and target.type in TEXT_TYPES and 0 < target.length < len(text):
            found[one.name] = (len(text), target.length)
    return found


def build_wait(attempts: int, jitter: float) -> timedelta:
    """How long a record waits after so many attempts; `jitter` in [0, 1) spreads records that failed together."""
    wait = min(_FIRST_WAIT * 2.0 ** min(attempts, 20), _LONGEST_WAIT)
    return wait * (0.5 + jitter / 2)


def plan_polls(rows: int) -> Iterator[float]:
    """Seconds before each look at a Bulk job of so many rows: the first when it may be done, then ever more seldom."""
    pause = min(max(rows / _BULK_ROWS_A_SECOND, _FIRST_POLL), _LAST_POLL)
    while True:
        yield pause
        pause = min(pause * _POLL_GROWTH, _LAST_POLL)


@dataclass(frozen=True)
class CallSizes:
    """How many records one call takes, and from how many on a Bulk job is used."""

    look: int
    send: int
    bulk: int


#: Calls of a Bulk job: the look, the job, the upload, its start, one look at it, three results.
_BULK_CALLS = 8


def forecast_updates(rows: int, sizes: CallSizes, *, strict: bool, bulk: bool = True) -> int:
    """Calls that sending changes of one object and lane makes: looks at stamps, and writes, or a Bulk job."""
    if bulk and not strict and rows > sizes.bulk:
        return _BULK_CALLS
    return sum(1 + _parts(some, STRICT_ROWS if strict else sizes.send) for some in _chunks(rows, sizes.look))


#: Calls of a creating job, which takes so many rows: the job, the upload, its start, one look at it, three results.
_CREATE_JOB_CALLS, CREATE_JOB_ROWS = 7, 10_000


def forecast_creates(rows: int, sizes: CallSizes, *, assignment_rules: bool = True, jobs_fit: bool = True) -> int:
    """Calls that creating Leads makes: a search and a write for each set, and a look at what the org filled in.

    Many are written by jobs; a rest that is not many goes by collections again. Before them the rule is asked for that
    the Leads go through. Without `jobs_fit` that is asked in vain, since the org does not show it: no job is made.
    """
    asks = 1 if rows > sizes.bulk and assignment_rules else 0
    jobs, rest = divmod(rows, CREATE_JOB_ROWS) if rows > sizes.bulk and jobs_fit else (0, rows)
    if jobs_fit and rest > sizes.bulk:
        jobs, rest = jobs + 1, 0
    return (
        asks + _CREATE_JOB_CALLS * jobs + _parts(rows, sizes.send) + _parts(rest, sizes.send) + _parts(rows, sizes.look)
    )


def _chunks(rows: int, size: int) -> list[int]:
    return [min(size, rows - at) for at in range(0, rows, size)]


def _parts(rows: int, size: int) -> int:
    return -(-rows // size)
