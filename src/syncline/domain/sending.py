"""Sending, decided: what is ready to go, what each refusal means, and how long to wait before another try."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from syncline.domain.mapping import MappedField
from syncline.domain.outcomes import RowAction, RowError
from syncline.domain.shape import TEXT_TYPES, ObjectShape

_FIRST_WAIT = timedelta(seconds=30)
_LONGEST_WAIT = timedelta(hours=4)


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

    def without(self, fields: Sequence[str]) -> "Pending":
        """The same record with fewer values."""
        return Pending(
            self.contact_id,
            self.record_id,
            self.version,
            self.stamp,
            {name: value for name, value in self.ours.items() if name not in fields},
            {name: value for name, value in self.theirs.items() if name not in fields},
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
