"""The types of values in formulas, and what a checked formula is made of: operators whose types are settled."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum

from syncline.domain.shape import NUMBER_TYPES, FieldShape


class Kind(StrEnum):
    """What a value is; spelled as in Salesforce's messages."""

    TEXT = "Text"
    NUMBER = "Number"
    BOOLEAN = "Boolean"
    DATE = "Date"
    DATETIME = "DateTime"
    TIME = "Time"
    PICKLIST = "Picklist"
    MULTIPICKLIST = "Multi-select picklist"
    #: Blank, of whatever type its surroundings want.
    NULL = "Null"


_KINDS = {
    "boolean": Kind.BOOLEAN,
    "date": Kind.DATE,
    "datetime": Kind.DATETIME,
    "time": Kind.TIME,
    "picklist": Kind.PICKLIST,
    "combobox": Kind.PICKLIST,
    "multipicklist": Kind.MULTIPICKLIST,
    **dict.fromkeys(NUMBER_TYPES | {"int", "long"}, Kind.NUMBER),
    **dict.fromkeys(("id", "reference", "string", "email", "phone", "url", "textarea", "encryptedstring"), Kind.TEXT),
}


def kind_of(field: FieldShape) -> Kind | None:
    """What the values of a field are in formulas; None where formulas cannot read it."""
    return _KINDS.get(field.type)


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that stands in the formula itself; None is blank of its kind."""

    kind: Kind
    value: str | Decimal | bool | None


@dataclass(frozen=True, slots=True)
class Column:
    """A field of the record. `of_hundred`: a percent, which formulas read as 0.5 where the API says 50.
    `short_id`: an Id, which formulas read with 15 characters where the API says 18.
    """

    kind: Kind
    name: str
    of_hundred: bool = False
    short_id: bool = False


@dataclass(frozen=True, slots=True)
class Applied:
    """An operator or function, by the name of what builds its SQL, on operands of settled kinds."""

    kind: Kind
    builder: str
    operands: tuple["Term", ...]


Term = Constant | Column | Applied


def settle(term: Term, kind: Kind) -> Term:
    """The term, or a blank of this kind where it is blank whatever happens."""
    return Constant(kind, None) if term.kind is Kind.NULL else term


@dataclass(frozen=True)
class Formula:
    """A formula that was checked against an object. `fields`: what it reads, by API name, each once.

    `reads_time` and `reads_day`: its value changes with the clock, by the moment or at midnight (UTC).
    """

    text: str
    root: Term
    fields: tuple[str, ...]
    reads_time: bool = False
    reads_day: bool = False

    @property
    def kind(self) -> Kind:
        """What its values are."""
        return self.root.kind


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()


@dataclass(frozen=True)
class BoundFormula:
    """A formula with the moments that TODAY() and NOW() stand for: this run's, and that of the last decision.

    `decided_at` is None where nothing was ever decided by this formula.
    """

    formula: Formula
    at: datetime
    decided_at: datetime | None

    @property
    def moves_with_time(self) -> bool:
        """Whether the clock alone may have changed its values since the last decision."""
        if self.decided_at is None:
            return False
        if self.formula.reads_time:
            return self.at != self.decided_at
        return self.formula.reads_day and _day(self.at) != _day(self.decided_at)
