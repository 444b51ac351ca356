"""A table with a column of every type, and formulas evaluated over its rows."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from psycopg import sql

from syncline.domain.formula.check import check
from syncline.domain.formula.types import BoundFormula, Kind
from syncline.domain.mapping import FieldType
from syncline.store.database import Database
from syncline.store.formula.building import build_value
from syncline.store.formula.functions import ensure_functions
from tests.unit.formula.shapes import LEAD

AT = datetime(2026, 2, 28, 21, 45, 30, tzinfo=UTC)
_FIELD_TYPES = {Kind.NUMBER: FieldType.NUMBER, Kind.BOOLEAN: FieldType.BOOLEAN, Kind.DATE: FieldType.DATE}


@dataclass
class Sheet:
    """Rows to evaluate formulas over."""

    conn: psycopg.Connection

    def fill(self, *rows: Mapping[str, object]) -> None:
        """These rows instead of what was there; columns that are not named are NULL."""
        self.conn.execute("TRUNCATE mirror")
        for number, row in enumerate(rows):
            names = ["id", *(name.lower() for name in row if name.lower() != "id")]
            values = [row.get("Id", f"00Q{number:012}AAA"), *(value for name, value in row.items() if name != "Id")]
            statement = sql.SQL("INSERT INTO mirror ({}) VALUES ({})").format(
                sql.SQL(", ").join(map(sql.Identifier, names)), sql.SQL(", ").join(map(sql.Literal, values))
            )
            self.conn.execute(statement)

    def values(self, text: str, at: datetime = AT) -> list[Any]:
        """The formula over every row, in the order in which they were filled in."""
        formula = check(text, LEAD)
        kind = _FIELD_TYPES.get(formula.kind, FieldType.TEXT)
        value = build_value(BoundFormula(formula, at, at), kind, "mirror")
        # With a parameter, as every statement of a sync has one.
        statement = sql.SQL("SELECT {} FROM mirror WHERE id <> %(nobody)s ORDER BY ctid").format(value)
        return [row[0] for row in self.conn.execute(statement, {"nobody": ""}).fetchall()]

    def run(self, text: str) -> None:
        """The formula over every row, whatever Python makes of the values."""
        formula = check(text, LEAD)
        value = build_value(BoundFormula(formula, AT, AT), FieldType.TEXT, "mirror")
        self.conn.execute(sql.SQL("SELECT count({}) FROM mirror WHERE id <> %(nobody)s").format(value), {"nobody": ""})

    def value(self, text: str, at: datetime = AT) -> Any:
        """The formula over one row that is blank but for its Id."""
        self.fill({})
        return self.values(text, at)[0]


@pytest.fixture
def sheet(database: Database) -> Iterator[Sheet]:
    """A table like a mirror's."""
    with closing(database.connect("formulas")) as conn:
        ensure_functions(conn)
        columns = [sql.SQL("{} " + one.column_type).format(sql.Identifier(one.column)) for one in LEAD.fields]
        conn.execute(sql.SQL("CREATE TEMP TABLE mirror ({})").format(sql.SQL(", ").join(columns)))
        yield Sheet(conn)
        conn.rollback()
