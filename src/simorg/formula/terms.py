"""A part of a formula as SQL: its kind, its value, and when it is an error.

Text is never NULL in SQL (a blank is ''), nor is a truth; a number, a day, a moment and a time of day are NULL when
blank. `error` is SQL that is true where the value cannot be calculated (#Error!); None where it always can.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from simorg.schema.registry import Field

TEXT, NUMBER, BOOLEAN = "Text", "Number", "Boolean"
DATE, DATETIME, TIME = "Date", "DateTime", "Time"
PICKLIST, MULTI, NULL = "Picklist", "Multi-Select Picklist", "Null"
_BLANK = {TEXT: "''", BOOLEAN: "0"}


@dataclass(frozen=True)
class Term:
    """A part. `identity`: SQL of the whole 18 characters, where the part is an id, which formulas see 15 of."""

    kind: str
    sql: str
    error: str | None = None
    identity: str | None = None
    #: The field that the part is, where it is nothing but one.
    field: Field | None = None

    def as_kind(self, kind: str) -> "Term":
        """The part as one of a kind that it fits: a blank fits each."""
        if self.kind == NULL and kind != NULL:
            return Term(kind, _BLANK.get(kind, "NULL"))
        return self


def constant_text(text: str) -> str:
    """Text as SQL writes it. Braces, which stand for places in a template, are named by their number."""
    pieces = "'" + text.replace("\0", "").replace("'", "''") + "'"
    if "{" not in pieces and "}" not in pieces:
        return pieces
    spelled = pieces.replace("{", "' || char(123) || '").replace("}", "' || char(125) || '")
    return f"({spelled})"


def any_error(errors: Iterable[str | None]) -> str | None:
    """Whether one of several parts is an error."""
    found = list(dict.fromkeys(one for one in errors if one is not None))
    if not found:
        return None
    return found[0] if len(found) == 1 else f"({' OR '.join(found)})"
