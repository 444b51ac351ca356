"""The mirror of one object as a read wants it: its fields, its stamp, and the names that the SQL is composed with."""

from collections.abc import Iterable
from dataclasses import dataclass

from psycopg import sql

from syncline.domain.shape import FieldShape, ObjectShape
from syncline.store.names import ConnectionTables


@dataclass(frozen=True)
class MirrorTable:
    """The mirror of one object: which fields are read into it, and by which field changes are found.

    `of_people`: its records are linked with contacts, so that what changes in it has to be decided.
    """

    tables: ConnectionTables
    connection_id: int
    shape: ObjectShape
    fields: tuple[FieldShape, ...]
    of_people: bool = True

    @property
    def object_name(self) -> str:
        """The object's name."""
        return self.shape.name

    @property
    def stamp(self) -> str:
        """The column of the change stamp; the key where the object has none."""
        return (self.shape.stamp_field or "Id").lower()

    @property
    def columns(self) -> list[str]:
        """Column names in reading order."""
        return [one.column for one in self.fields]

    def identifiers(self) -> dict[str, sql.Composable]:
        """What the named SQL of the mirror is composed with."""
        return {
            "mirror": self.tables.mirror(self.object_name),
            "staging": self.tables.staging(self.object_name),
            "incoming": self.tables.incoming(self.object_name),
            "columns": listed(sql.Identifier(name) for name in self.columns),
            "stamp": sql.Identifier(self.stamp),
            "stamp_column": sql.Identifier(self.stamp),
        }

    def parameters(self) -> dict[str, object]:
        """The parameters that most statements take."""
        return {"connection_id": self.connection_id, "object": self.object_name}


def listed(parts: Iterable[sql.Composable]) -> sql.Composed:
    """Parts with commas between them."""
    return sql.Composed([sql.SQL(", ").join(parts)])
