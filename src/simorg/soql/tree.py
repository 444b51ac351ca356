"""A query as its parts; names keep their place in the text, for errors."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Place:
    """Where something stands in the text: offset from 0, line and column from 1."""

    offset: int
    line: int
    column: int


@dataclass(frozen=True)
class Path:
    """A field, reached over relationships: Account.Owner.Name."""

    names: tuple[str, ...]
    place: Place

    def __str__(self) -> str:
        return ".".join(self.names)


@dataclass(frozen=True)
class Call:
    """A function of fields or values: COUNT(Id), CALENDAR_YEAR(CreatedDate)."""

    name: str
    arguments: tuple["Path | Call | Value", ...]
    place: Place


@dataclass(frozen=True)
class Value:
    """A literal: `kind` is string, number, datetime, date, null, boolean or literal (TODAY, LAST_N_DAYS:3)."""

    kind: str
    text: str
    place: Place
    number: int | None = None


Operand = Path | Call


@dataclass(frozen=True)
class Compare:
    """`=`, `!=`, `<`, `<=`, `>`, `>=`, and `like`."""

    operand: Operand
    operator: str
    value: Value


@dataclass(frozen=True)
class InList:
    """IN, NOT IN; INCLUDES and EXCLUDES where `multi`."""

    operand: Operand
    values: tuple[Value, ...]
    negated: bool
    multi: bool = False


@dataclass(frozen=True)
class InQuery:
    """A semi-join or anti-join."""

    operand: Operand
    query: "Query"
    negated: bool


@dataclass(frozen=True)
class Logic:
    """Conditions joined by `and` or by `or`."""

    operator: str
    parts: tuple["Condition", ...]


@dataclass(frozen=True)
class Not:
    """The opposite of a condition."""

    part: "Condition"


Condition = Compare | InList | InQuery | Logic | Not


@dataclass(frozen=True)
class Selected:
    """One entry of the SELECT list, with its alias."""

    operand: Operand
    alias: str | None


@dataclass(frozen=True)
class Child:
    """A subquery over a child relationship."""

    query: "Query"


@dataclass(frozen=True)
class Choice:
    """A parent that may be of several objects, with what is wanted of each and of all others (TYPEOF)."""

    relation: Path
    choices: tuple[tuple[Path, tuple[Path, ...]], ...]
    otherwise: tuple[Path, ...]


Entry = Selected | Child | Choice


@dataclass(frozen=True)
class OrderKey:
    """One key of ORDER BY; blanks come first unless told otherwise."""

    operand: Operand
    descending: bool
    nulls_last: bool


@dataclass(frozen=True)
class Query:
    """A whole query. `text` is what was sent, for errors."""

    text: str
    select: tuple[Entry, ...]
    source: Path
    alias: str | None
    where: Condition | None = None
    group: tuple[Operand, ...] = ()
    having: Condition | None = None
    order: tuple[OrderKey, ...] = ()
    limit: int | None = None
    offset: int | None = None
    notes: tuple[str, ...] = field(default=())
