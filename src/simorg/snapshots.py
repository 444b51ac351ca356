"""A result that stays as it was when it was first read."""

import sqlite3
from collections.abc import Sequence

from simorg.transactions import StoredValue


class Snapshot:
    """A connection for reading; `close` gives it back."""

    def __init__(self, connection: sqlite3.Connection, *, owned: bool) -> None:
        self._connection = connection
        self._owned = owned

    def execute(self, statement: str, parameters: Sequence[StoredValue] = ()) -> sqlite3.Cursor:
        """Runs a query."""
        return self._connection.execute(statement, parameters)

    def close(self) -> None:
        """Ends it, unless it is the writer's."""
        if self._owned:
            self._connection.close()
