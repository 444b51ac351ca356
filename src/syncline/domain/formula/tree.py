"""The syntax tree of a formula: what was written, with the place of each part. Says nothing about its meaning."""

from dataclasses import dataclass
from decimal import Decimal

#: So deep may the parts of a formula lie within each other; every step from a formula to SQL goes down this far.
MAX_DEPTH = 60


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the text of a formula; both count from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, a number, true, false or null; null is None."""

    value: str | Decimal | bool | None
    position: Position
    depth: int = 1


@dataclass(frozen=True, slots=True)
class FieldName:
    """The name of a field, with dots where it follows a relationship."""

    name: str
    position: Position
    depth: int = 1


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments; the name as it was written."""

    name: str
    arguments: tuple["Node", ...]
    position: Position
    depth: int


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator with its operands: one, two, or for `&`, `&&` and `||` as many as were chained."""

    operator: str
    operands: tuple["Node", ...]
    position: Position
    depth: int


Node = Literal | FieldName | Call | Operation


def depth_over(parts: tuple[Node, ...]) -> int:
    """The depth of what is made of these parts."""
    return 1 + max((part.depth for part in parts), default=0)
