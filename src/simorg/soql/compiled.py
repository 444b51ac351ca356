"""What a compiled query is: SQL with parameters, and where each entry of its answer stands among the SQL columns."""

from collections.abc import Mapping
from dataclasses import dataclass

from simorg.schema.registry import ObjectType
from simorg.soql.columns import Parent
from simorg.soql.scope import Column
from simorg.transactions import StoredValue


@dataclass(frozen=True)
class Item:
    """One entry of the answer: the column it is read from, under relationships and a name.

    `index` is its place among the SQL columns; an address takes one column for each part from there on.
    """

    name: str
    column: Column
    index: int
    as_text: bool = False


@dataclass(frozen=True)
class ChildItem:
    """A subquery: run once for each record, with its Id as the first parameter."""

    name: str
    compiled: "Compiled"


@dataclass(frozen=True)
class ChoiceItem:
    """A parent whose fields depend on its object (TYPEOF): by the object's name, and those of all others."""

    parent: Parent
    choices: Mapping[str, tuple[Item, ...]]
    otherwise: tuple[Item, ...]

    @property
    def name(self) -> str:
        """The relationship."""
        return self.parent.relations[-1]


@dataclass(frozen=True)
class Compiled:
    """A query ready to run. Column 0 is the record's Id, unless the query aggregates."""

    object: ObjectType
    sql: str
    parameters: list[StoredValue]
    count_sql: str
    items: tuple[Item | ChildItem | ChoiceItem, ...]
    parents: tuple[Parent, ...] = ()
    is_count: bool = False
    is_aggregate: bool = False
    objects_read: frozenset[str] = frozenset()
    has_offset: bool = False
    #: What comes after the columns; for Bulk results, which select other columns.
    tail_sql: str = ""

    @property
    def count_parameters(self) -> list[StoredValue]:
        """The parameters of the count."""
        return self.parameters
