"""What is written: the records of one object, with the fields that are sent to it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from psycopg import sql

from syncline.domain.mapping import MappedField
from syncline.domain.shape import ObjectShape
from syncline.store.names import ConnectionTables

Mapped = Sequence[tuple[MappedField, str]]


@dataclass(frozen=True)
class Target:
    """The records that are written: an object of a connection, its shape, and the fields that are sent to it.

    `calculated`: the fields that are expressions over the object, whose values a write may move. `strict`: a write
    is refused where the record changed since it was looked at.
    """

    tables: ConnectionTables
    connection_id: int
    shape: ObjectShape
    sent: Mapped
    calculated: Mapped = ()
    #: Fields whose edits wait until the org takes them again.
    suspended: Collection[str] = ()
    strict: bool = False

    @property
    def object_name(self) -> str:
        """The object."""
        return self.shape.name

    @property
    def mirror(self) -> sql.Identifier:
        """Its mirror table."""
        return self.tables.mirror(self.shape.name)

    @property
    def unconverted(self) -> sql.SQL:
        """The condition that a mirror row can still be written."""
        return sql.SQL("NOT mirror.isconverted") if self.shape.find("IsConverted") else sql.SQL("true")

    @property
    def parent(self) -> sql.Composable:
        """The record that a write of a mirror row locks beside it: children of one parent are best sent together."""
        return sql.Identifier("mirror", "accountid") if self.shape.find("AccountId") else sql.SQL("NULL::text")

    @property
    def account(self) -> sql.Composable:
        """The Account that a mirror row is written through, where it is a person account; else nothing."""
        if not self.shape.find("IsPersonAccount") or not self.shape.find("AccountId"):
            return sql.SQL("NULL::text")
        return sql.SQL("CASE WHEN mirror.ispersonaccount THEN mirror.accountid END")

    @cached_property
    def digest(self) -> str:
        """A short text that changes when the fields that are sent, their types or the rights to them change."""
        fields = [self.shape.find(source) for _, source in self.sent]
        facts = [
            (one.name, one.type, one.length, one.createable, one.updateable, one.nillable, one.picklist)
            for one in fields
            if one
        ]
        told = (self.shape.createable, self.shape.updateable, sorted(facts))
        return sha256(repr(told).encode()).hexdigest()[:16]
