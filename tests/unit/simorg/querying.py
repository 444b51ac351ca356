"""A small org's storage to ask queries of."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from simorg.org import Org
from simorg.schema.data import build_schema
from simorg.soql.compiler import compile_query
from simorg.soql.csv_sql import csv_select
from simorg.soql.parser import parse
from simorg.soql.render import render_rows

NOW = datetime(2026, 3, 11, 12, 0, tzinfo=UTC)
UTC_ZONE = ZoneInfo("UTC")


@contextmanager
def open_empty_org(folder: Path) -> Iterator[Org]:
    """An org without records, whose clock stands."""
    org = Org(folder, build_schema(bare=False, granted=True))
    org.clock.freeze(NOW)
    org.open()
    try:
        yield org
    finally:
        org.close()


def ask(org: Org, text: str, *, all_rows: bool = False, zone: ZoneInfo = UTC_ZONE) -> list[dict[str, Any]]:
    """The records that a query gives."""
    compiled = compile_query(
        parse(text), org.schema, org.storage.source, all_rows=all_rows, now=org.clock.now(), time_zone=zone
    )
    snapshot = org.storage.open_snapshot()
    try:
        rows = snapshot.execute(compiled.sql, compiled.parameters).fetchall()
        return list(render_rows(compiled, rows, "/services/data/v64.0", snapshot))
    finally:
        snapshot.close()


def ask_csv(org: Org, text: str) -> list[str]:
    """The lines of a Bulk result, the header first."""
    compiled = compile_query(
        parse(text), org.schema, org.storage.source, all_rows=False, now=org.clock.now(), time_zone=UTC_ZONE
    )
    select = csv_select(compiled, ",")
    lines: list[Any] = [row[0] for row in org.storage.read(select.statement, select.parameters)]
    return [select.header, *(line.decode() for line in lines)]
