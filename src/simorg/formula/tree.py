"""What a formula is made of, and how it can be wrong."""

from collections.abc import Sequence
from dataclasses import dataclass

from simorg.schema.definition import DefinitionError


class FormulaError(DefinitionError):
    """A formula that cannot be, in Salesforce's words."""

    def __init__(self, message: str, fields: Sequence[str] = ("formula",)) -> None:
        super().__init__("FIELD_INTEGRITY_EXCEPTION", message, fields)


@dataclass(frozen=True)
class Constant:
    """A constant: kind `text`, `number`, `boolean` or `null`; a number as it is written."""

    kind: str
    text: str = ""


@dataclass(frozen=True)
class Reference:
    """A field, or one that a path of relationships leads to: `Account`, `Owner:User`, `$User`."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        return ".".join(self.names)


@dataclass(frozen=True)
class Call:
    """A function, by its name in capitals."""

    name: str
    arguments: tuple["Node", ...]


@dataclass(frozen=True)
class Unary:
    """`-` or `!` before a part."""

    operator: str
    part: "Node"


@dataclass(frozen=True)
class Binary:
    """Two parts with an operator between them."""

    operator: str
    left: "Node"
    right: "Node"


Node = Constant | Reference | Call | Unary | Binary
