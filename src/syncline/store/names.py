"""Where the tables of a connection live. The mirror's names are a public interface: docs/reference/database.md."""

from dataclasses import dataclass
from hashlib import sha256

from psycopg import sql

#: PostgreSQL cuts longer names.
_LONGEST_NAME = 63


@dataclass(frozen=True)
class ConnectionTables:
    """The table names of one connection, from its slug."""

    slug: str

    @property
    def schema(self) -> str:
        """The schema of the mirror."""
        return "sf_" + self.slug.replace("-", "_")

    @property
    def work_schema(self) -> str:
        """The schema of staging tables: nobody's business but the sync's."""
        return "sfwork_" + self.slug.replace("-", "_")

    def mirror(self, object_name: str) -> sql.Identifier:
        """The mirror table of an object."""
        return sql.Identifier(self.schema, object_name.lower())

    def staging(self, object_name: str) -> sql.Identifier:
        """The unlogged text table into which result bytes are copied."""
        return sql.Identifier(self.work_schema, self.staging_name(object_name))

    def staging_name(self, object_name: str) -> str:
        """Its name within the work schema."""
        return _shorten(f"staged_{object_name.lower()}")

    def incoming(self, object_name: str) -> sql.Identifier:
        """The unlogged typed table of the rows that differ from the mirror."""
        return sql.Identifier(self.work_schema, _shorten(f"incoming_{object_name.lower()}"))


def _shorten(name: str) -> str:
    """The name, or one of its own that PostgreSQL does not cut: objects of packages have names of up to 60 letters."""
    if len(name) <= _LONGEST_NAME:
        return name
    return f"{name[: _LONGEST_NAME - 9]}_{sha256(name.encode()).hexdigest()[:8]}"
