"""What every change of metadata needs: the org, the transaction, who does it; and how one is refused."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from simorg.errors import RowError
from simorg.metadata.codec import Content
from simorg.org import Org
from simorg.schema.definition import DefinitionError
from simorg.transactions import Transaction


class Refused(Exception):
    """A component that cannot be: Salesforce's code, the message, the elements it names, and where (0 is unknown)."""

    def __init__(self, code: str, message: str, fields: Sequence[str] = (), line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fields = tuple(fields)
        self.line = line
        self.column = column

    @classmethod
    def from_row(cls, error: RowError) -> "Refused":
        """The refusal of a record that stands for a component."""
        return cls(error.code, error.message, error.fields)


@dataclass(frozen=True)
class Change:
    """One change of metadata in the making. `origin` says by which road, for the journal."""

    org: Org
    tx: Transaction
    version: float
    origin: str

    @property
    def user_id(self) -> str:
        """Who does it."""
        return self.tx.user_id


@contextmanager
def changing(org: Org, user_id: str, version: float, origin: str) -> Iterator[Change]:
    """A change of schema and records that others see at its end, all together; on an exception nothing of it.

    Raises:
        Refused: a definition was wrong.
    """
    try:
        with org.changing(user_id) as tx:
            yield Change(org, tx, version, origin)
    except DefinitionError as error:
        raise Refused(error.code, error.message, error.fields) from None


class Handler(Protocol):
    """What an org does with the components of one type. Names are full names, in any case."""

    def names(self, org: Org) -> list[str]:
        """Every component there is, by name."""

    def read(self, org: Org, name: str) -> Content | None:
        """A component, or None."""

    def create(self, change: Change, name: str, content: Mapping[str, Any]) -> None:
        """Makes a component. Raises Refused."""

    def update(self, change: Change, name: str, content: Mapping[str, Any]) -> None:
        """Changes a component that is there. Raises Refused."""

    def delete(self, change: Change, name: str) -> None:
        """Removes a component that is there. Raises Refused."""

    def identify(self, org: Org, name: str) -> str:
        """The id of a component that is there; "" where its type has none."""
