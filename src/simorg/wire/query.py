"""SOQL over REST: /query, /queryAll and their further pages (REST API Developer Guide, "Query", "QueryAll").

A result is fixed when its first page is read: later pages come from the same snapshot of the storage.
"""

import re
import sqlite3
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from simorg.errors import ApiError
from simorg.ids import build_id
from simorg.metadata.tooling_query import names_definitions, run_tooling_query
from simorg.org import INSTANCE, Org
from simorg.snapshots import Snapshot
from simorg.soql.compiled import Compiled
from simorg.soql.compiler import compile_query
from simorg.soql.parser import parse
from simorg.soql.render import render_columns, render_rows
from simorg.wire.http import ApiRequest, ApiResponse, Route, data
from simorg.wire.record_access import names_access, query_access

_IDLE = timedelta(days=2)
_OPEN_PER_USER = 10
_LEAST_ROWS = 200
_BATCH_SIZE = re.compile(r"batchSize\s*=\s*(\d+)", re.IGNORECASE)


@dataclass
class Cursor:
    """An open result: the snapshot it is read from, and where it stands."""

    id: str
    compiled: Compiled
    snapshot: Snapshot
    total: int
    page_rows: int
    session: str
    user_id: str
    used: datetime
    #: Rows not read yet, and the number of the next.
    rest: sqlite3.Cursor | None = None
    at: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Cursors:
    """The open results of an org."""

    def __init__(self) -> None:
        self._open: dict[str, Cursor] = {}
        self._lock = threading.Lock()
        self._number = 0

    def add(self, cursor: Cursor) -> None:
        """Keeps a result; a user's oldest beyond ten are lost."""
        with self._lock:
            self._open[cursor.id] = cursor
            mine = [one for one in self._open.values() if one.user_id == cursor.user_id]
            for old in mine[:-_OPEN_PER_USER]:
                self._open.pop(old.id).snapshot.close()

    def next_id(self) -> str:
        """A new locator."""
        with self._lock:
            self._number += 1
            return build_id("0r8", INSTANCE, self._number)

    def find(self, locator: str, request: ApiRequest) -> Cursor | None:
        """An open result of this user, whose session still lives."""
        with self._lock:
            cursor = self._open.get(locator)
            now = request.org.clock.now()
            if cursor is None or cursor.user_id != request.user_id:
                return None
            if cursor.session not in request.org.sessions or cursor.used < now - _IDLE:
                self._open.pop(locator).snapshot.close()
                return None
            cursor.used = now
            return cursor

    def end(self, cursor: Cursor) -> None:
        """Closes a result that was read to its end."""
        with self._lock:
            if self._open.pop(cursor.id, None):
                cursor.snapshot.close()

    def clear(self) -> None:
        """Closes all."""
        with self._lock:
            for cursor in self._open.values():
                cursor.snapshot.close()
            self._open.clear()


def query(request: ApiRequest) -> ApiResponse:
    """GET /query: rows that are not deleted."""
    return _run(request, all_rows=False)


def query_all(request: ApiRequest) -> ApiResponse:
    """GET /queryAll: deleted rows too."""
    return _run(request, all_rows=True)


def more(request: ApiRequest, locator: str) -> ApiResponse:
    """GET /query/<locator>-<row>: a further page."""
    cursor_id, _, start = locator.partition("-")
    cursor = _cursors(request.org).find(cursor_id, request)
    if cursor is None or not start.isascii() or not start.isdigit() or int(start) >= max(cursor.total, 1):
        raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
    return ApiResponse(200, _page(request, cursor, int(start)))


def compile_for(org: Org, text: str, *, all_rows: bool, user_id: str = "") -> Compiled:
    """A query, compiled as the org is now and as a user sees it.

    Raises:
        ApiError: the query is wrong.
    """
    parsed = parse(text)
    view = org.view(user_id)
    return compile_query(
        parsed,
        view,
        view.source,
        all_rows=all_rows,
        now=org.clock.now(),
        time_zone=org.time_zone,
    )


def _run(request: ApiRequest, *, all_rows: bool) -> ApiResponse:
    text = request.args.get("q")
    if text is None and "explain" in request.args:
        return _explain(request, request.args["explain"])
    if text is None:
        raise ApiError(400, "MALFORMED_QUERY", "A query string has to be specified")
    if names_definitions(text):
        found = run_tooling_query(request.org, text, request.view, request.root)
        return ApiResponse(200, {"totalSize": found.total, "done": True, "records": found.records})
    if names_access(text):
        count, rows = query_access(request.org, text, request.root)
        return ApiResponse(200, {"totalSize": count, "done": True, "records": rows})
    org = request.org
    compiled = compile_for(org, text, all_rows=all_rows, user_id=request.user_id)
    if request.args.get("columns", "").lower() == "true":
        return ApiResponse(200, render_columns(compiled))
    snapshot = org.storage.open_snapshot()
    (total,) = snapshot.execute(compiled.count_sql, compiled.count_parameters).fetchone()
    if compiled.is_count:
        snapshot.close()
        return ApiResponse(200, {"totalSize": total, "done": True, "records": []})
    cursor = Cursor(
        id=_cursors(org).next_id(),
        compiled=compiled,
        snapshot=snapshot,
        total=total,
        page_rows=_page_rows(request),
        session=request.session.token if request.session else "",
        user_id=request.user_id,
        used=org.clock.now(),
    )
    try:
        body = _page(request, cursor, 0)
    except BaseException:
        snapshot.close()
        raise
    if body["done"]:
        snapshot.close()
    else:
        _cursors(org).add(cursor)
    return ApiResponse(200, body)


def _page(request: ApiRequest, cursor: Cursor, start: int) -> dict[str, object]:
    compiled = cursor.compiled
    with cursor.lock:
        if cursor.rest is None or cursor.at != start:
            statement = f"SELECT * FROM ({compiled.sql}) LIMIT -1 OFFSET {start}"
            cursor.rest = cursor.snapshot.execute(statement, compiled.parameters)
        rows = cursor.rest.fetchmany(request.org.faults.page_rows(request.path, cursor.page_rows))
        cursor.at = start + len(rows)
        records = list(render_rows(compiled, rows, request.root, cursor.snapshot))
    end = start + len(records)
    body: dict[str, object] = {"totalSize": cursor.total, "done": end >= cursor.total or not records}
    if not body["done"]:
        body["nextRecordsUrl"] = f"{request.root}/query/{cursor.id}-{end}"
    body["records"] = records
    return body


def _page_rows(request: ApiRequest) -> int:
    most = request.org.settings.page_rows
    asked = _BATCH_SIZE.search(request.headers.get("sforce-query-options", ""))
    return min(most, max(_LEAST_ROWS, int(asked.group(1)))) if asked else most


def _explain(request: ApiRequest, text: str) -> ApiResponse:
    compiled = compile_for(request.org, text, all_rows=False, user_id=request.user_id)
    (total,) = request.org.storage.read_one(compiled.count_sql, compiled.count_parameters) or (0,)
    source = request.view.source(compiled.object.name)
    (every,) = request.org.storage.read_one(f"SELECT count(*) FROM {source}") or (0,)
    plan: dict[str, object] = {
        "cardinality": total,
        "fields": [],
        "leadingOperationType": "TableScan",
        "notes": [],
        "relativeCost": 1.0,
        "sobjectCardinality": every,
        "sobjectType": compiled.object.name,
    }
    return ApiResponse(200, {"plans": [plan], "sourceQuery": text})


def _cursors(org: Org) -> Cursors:
    cursors = org.parts.setdefault("cursors", Cursors())
    assert isinstance(cursors, Cursors)
    return cursors


ROUTES = [
    Route(("GET",), data("/query"), query),
    Route(("GET",), data("/queryAll"), query_all),
    Route(("GET",), data("/query/<locator>"), more),
    Route(("GET",), data("/queryAll/<locator>"), more),
]
