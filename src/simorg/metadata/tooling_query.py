"""Queries of the Tooling API: SOQL over its objects, with what is particular about them.

Source: Tooling API Reference, "Query Limits": Metadata and FullName are read for one row at a time; definitions need a
filter and give one batch.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from simorg.errors import ApiError
from simorg.fidelity import say
from simorg.metadata import operations
from simorg.metadata.codec import show_json
from simorg.metadata.tooling_objects import DEFINITIONS, build_tooling_schema
from simorg.metadata.tooling_rows import ToolingTables, Visible
from simorg.org import Org
from simorg.snapshots import Snapshot
from simorg.soql.compiled import Compiled, Item
from simorg.soql.compiler import compile_query
from simorg.soql.parser import parse
from simorg.soql.render import render_rows
from simorg.soql.tree import Compare, Condition, InList, InQuery, Logic, Not, Path, Query

_BATCH = 2_000
_SINGLE = ("Metadata", "FullName")


@dataclass(frozen=True)
class ToolingResult:
    """What a query gave."""

    object_name: str
    total: int
    records: list[dict[str, Any]]


def names_definitions(text: str) -> bool:
    """Whether a query reads from definitions, which the REST API's own queries know too."""
    lowered = text.lower()
    if not any(name.lower() in lowered for name in DEFINITIONS):
        return False
    return str(parse(text).source).lower() in {name.lower() for name in DEFINITIONS}


def run_tooling_query(org: Org, text: str, visible: Visible, root: str) -> ToolingResult:
    """Runs a query; `visible` is the schema as the user sees it, `root` the path of the Tooling API.

    Raises:
        ApiError: the query is wrong, or asks for what is only read for one row.
    """
    parsed = parse(text)
    schema = build_tooling_schema()
    tables = ToolingTables(org, schema, visible)
    try:
        compiled = compile_query(
            parsed, schema, tables.source, all_rows=False, now=org.clock.now(), time_zone=org.time_zone
        )
        _require_filter(parsed, compiled.object.name)
        snapshot = Snapshot(tables.connection, owned=False)
        (total,) = snapshot.execute(compiled.count_sql, compiled.count_parameters).fetchone()
        if compiled.is_count:
            return ToolingResult(compiled.object.name, int(total), [])
        _check_single(compiled, int(total))
        if int(total) > _BATCH and compiled.object.name in DEFINITIONS:
            message = say("tooling.query_more", object=compiled.object.name)
            raise ApiError(400, "EXCEEDED_ID_LIMIT", message)
        rows = snapshot.execute(compiled.sql, compiled.parameters)
        records = list(render_rows(compiled, rows, root, snapshot))
        return ToolingResult(compiled.object.name, int(total), [_complete(org, one) for one in records])
    finally:
        tables.connection.close()


def _require_filter(query: Query, object_name: str) -> None:
    columns = DEFINITIONS.get(object_name, ())
    if not columns:
        return
    named = {str(path).lower() for path in _paths(query.where)}
    if not any(path in (one.lower() for one in columns) or path.startswith("entitydefinition.") for path in named):
        message = say("tooling.filter", object=object_name, columns=", ".join(columns))
        raise ApiError(400, "MALFORMED_QUERY", message)


def _paths(condition: Condition | None) -> Iterator[Path]:
    """The fields that a condition always holds for: those joined by `and`."""
    if isinstance(condition, Logic):
        for part in condition.parts if condition.operator == "and" else ():
            yield from _paths(part)
    elif isinstance(condition, Compare | InList | InQuery) and isinstance(condition.operand, Path):
        yield condition.operand
    elif isinstance(condition, Not):
        return


def _check_single(compiled: Compiled, total: int) -> None:
    asked = {one.name for one in compiled.items if isinstance(one, Item)}
    if total > 1 and asked.intersection(_SINGLE):
        raise ApiError(400, "MALFORMED_QUERY", say("tooling.one_row", number=total))


def _complete(org: Org, record: dict[str, Any]) -> dict[str, Any]:
    """A record with its component in the place of the component's name, at any depth."""
    kind = record["attributes"]["type"]
    for name, value in record.items():
        if name == "Metadata" and isinstance(value, str):
            record[name] = show_component(org, kind, value)
        elif name == "ReferenceTo" and isinstance(value, str):
            record[name] = json.loads(value)
        elif isinstance(value, dict) and "attributes" in value:
            _complete(org, value)
        elif isinstance(value, dict) and "records" in value:
            value.update({"size": value["totalSize"], "queryLocator": None, "entityTypeName": None})
            for one in value["records"]:
                _complete(org, one)
    return record


def show_component(org: Org, kind: str, full_name: str) -> dict[str, Any] | None:
    """A component as the Tooling API shows it; None where it is gone."""
    found = operations.read(org, kind, full_name)
    return None if found is None else show_json(kind, found)
