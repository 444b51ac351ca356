"""Reading: a probe, then REST pages or a Bulk job into staging, then one merge into the mirror, per object.

Objects are read side by side, each on its own thread and database connection. Where a process dies, the next one
goes on with the same Bulk job at the page after the last one staged.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

import psycopg

from syncline import clock
from syncline.domain.mapping import PERSON_OBJECTS
from syncline.domain.window import Window, build_window, is_unchanged
from syncline.errors import RemoteRefused
from syncline.salesforce.composite import MOST_QUERIES, query_part
from syncline.salesforce.soql import build_query, datetime_literal
from syncline.store import issues, mirror, reads, shaping, staging
from syncline.store.database import transaction
from syncline.store.issues import Issue
from syncline.store.mirror import BadValue
from syncline.store.mirror_table import MirrorTable
from syncline.store.reads import Cursor, Read
from syncline.sync.context import SyncContext
from syncline.sync.describes import DRIFT_CODES, look_again
from syncline.sync.fields import read_fields
from syncline.sync.stage import stage_bulk, stage_query


@dataclass(frozen=True)
class Task:
    """What is to be read of one object in this run."""

    table: MirrorTable
    field_list: str
    window: Window
    cursor: Cursor | None
    unfinished: Read | None

    @property
    def is_full(self) -> bool:
        """Everything is read: nothing was before, other fields were, or the object has no stamp to read by."""
        return self.cursor is None or self.cursor.field_list != self.field_list or self.table.stamp == "id"

    def build_soql(self, fields: Sequence[str]) -> str:
        """The query of this read; a full one has no bounds, since whatever is newer than the cursor is read again."""
        if self.is_full or self.window.since is None:
            return build_query(self.table.object_name, fields)
        stamp = self.table.shape.stamp_field
        since, until = datetime_literal(self.window.since), datetime_literal(self.window.until)
        return build_query(self.table.object_name, fields, where=f"{stamp} >= {since} AND {stamp} <= {until}")


def mirror_table(ctx: SyncContext, object_name: str) -> MirrorTable:
    """The mirror of one object as the mapping wants it read."""
    shape = ctx.shapes[object_name]
    return MirrorTable(ctx.tables, ctx.connection.id, shape, read_fields(shape, ctx.mapping))


def pull(ctx: SyncContext) -> None:
    """Brings the mirror of every person object up to the org's now.

    Where the org does not know a field or an object any more, it is asked what it shows, and read anew by that.

    Raises:
        RemoteError: an object could not be read to its end; what is staged is kept, the next run goes on from there.
    """
    try:
        _pull(ctx)
    except RemoteRefused as refused:
        if refused.code not in DRIFT_CODES or not look_again(ctx):
            raise
        ctx.counts.add("shapes_changed")
        _pull(ctx)


def _pull(ctx: SyncContext) -> None:
    with closing(ctx.database.connect("pull")) as conn:
        tasks = [_prepare(ctx, conn, name) for name in PERSON_OBJECTS if name in ctx.shapes]
    totals = _probe(ctx, [task for task in tasks if task.unfinished is None])
    with ThreadPoolExecutor(max_workers=len(tasks) or 1, thread_name_prefix="pull") as pool:
        futures = [pool.submit(_read, ctx, task, totals.get(task.table.object_name)) for task in tasks]
    for future in futures:
        future.result()


def _prepare(ctx: SyncContext, conn: psycopg.Connection, object_name: str) -> Task:
    table = mirror_table(ctx, object_name)
    field_list = ",".join(one.name for one in table.fields)
    with transaction(conn, "prepare"):
        staging.ensure_schema(conn, table.tables)
        shaping.ensure_mirror(conn, table)
        cursor = reads.load_cursor(conn, ctx.connection.id, object_name)
        unfinished = reads.load_read(conn, ctx.connection.id, object_name)
        if unfinished and (unfinished.field_list != field_list or unfinished.road != "bulk"):
            reads.end_read(conn, ctx.connection.id, object_name)
            unfinished = None
    window = build_window(
        cursor.read_until if cursor else None,
        ctx.salesforce.org_now(),
        overlap=ctx.settings.overlap,
        lag=ctx.settings.lag,
    )
    return Task(table, field_list, window, cursor, unfinished)


def _probe(ctx: SyncContext, tasks: Sequence[Task]) -> dict[str, int | None]:
    """Asks how much there is to read of each object, five objects in one call; None where nothing is new."""
    totals: dict[str, int | None] = {}
    for start in range(0, len(tasks), MOST_QUERIES):
        some = tasks[start : start + MOST_QUERIES]
        parts = [query_part(task.table.object_name, _probe_soql(task), all_rows=True) for task in some]
        for task, result in zip(some, ctx.salesforce.composite(parts), strict=True):
            answer = result.expect_success()
            total: int = answer["totalSize"]
            quiet = not task.is_full and total == len(answer["records"]) and _is_quiet(ctx, task, answer["records"])
            totals[task.table.object_name] = None if quiet else total
    return totals


def _probe_soql(task: Task) -> str:
    if task.is_full:
        return build_query(task.table.object_name, ["COUNT()"])
    return task.build_soql(["Id", task.table.shape.stamp_field or "Id"])


def _is_quiet(ctx: SyncContext, task: Task, records: Sequence[dict[str, str]]) -> bool:
    """Whether the mirror holds just these records with just these stamps: then nothing need be read."""
    stamp = task.table.shape.stamp_field or "Id"
    theirs = {record["Id"]: datetime.fromisoformat(record[stamp]) for record in records}
    if task.window.since is None or task.cursor is None:
        return False
    with closing(ctx.database.connect("probe")) as conn:
        ours = mirror.load_recent(conn, task.table, task.window.since, task.window.until)
    return is_unchanged(theirs, ours, task.cursor.read_until)


def _read(ctx: SyncContext, task: Task, total: int | None) -> None:
    """Reads one object to its end and merges it."""
    name = task.table.object_name
    with closing(ctx.database.connect(f"pull {name}")) as conn:
        if total is None and task.unfinished is None:
            with transaction(conn, "cursor"):
                reads.move_cursor(conn, ctx.connection.id, name, _read_value(task, "none", ""), undecided_all=False)
            return
        with ctx.progress.timed(f"stage {name}"):
            read = _stage(ctx, conn, task, total)
        with ctx.progress.timed(f"mirror {name}"):
            _merge(ctx, conn, task, read)


def _stage(ctx: SyncContext, conn: psycopg.Connection, task: Task, total: int | None) -> Read:
    if task.unfinished:
        resumed = stage_bulk(ctx, conn, task.table, task.unfinished)
        if resumed:
            return resumed
        # The job is gone from the org: its result is read anew by a job of this run.
        total = None
    soql = task.build_soql([one.name for one in task.table.fields])
    return stage_query(ctx, conn, task.table, _read_value(task, "rest", soql), total, all_rows=True)


def _read_value(task: Task, road: str, soql: str) -> Read:
    return Read(road, None, soql, task.field_list, task.window.cursor)


def _merge(ctx: SyncContext, conn: psycopg.Connection, task: Task, read: Read) -> None:
    """One transaction: the mirror takes what is staged, and the cursor moves."""
    table = task.table
    visible_since = ctx.salesforce.org_now() - ctx.settings.overlap
    with transaction(conn, "mirror"):
        first = mirror.is_empty(conn, table)
        if first:
            changed, bad = mirror.load_first(conn, table)
        else:
            changed, bad = mirror.merge(conn, table, ctx.mapped(table.object_name), visible_since)
            staged = table.tables.staging(table.object_name)
            issues.resolve_read(conn, ctx.connection.id, table.object_name, staged, clock.now())
            if read.soql == build_query(table.object_name, [one.name for one in table.fields]):
                ctx.counts.add("vanished", mirror.mark_vanished(conn, table))
        for value in bad:
            issues.open_issue(conn, ctx.connection.id, ctx.run_id, _describe_bad(table.object_name, value), clock.now())
        reads.move_cursor(conn, ctx.connection.id, table.object_name, read, undecided_all=first)
        reads.end_read(conn, ctx.connection.id, table.object_name)
        staging.drop(conn, ctx.tables, ctx.connection.id, table.object_name)
    ctx.counts.add("read_changed", changed)
    ctx.counts.add("bad_values", len(bad))
    ctx.progress.tick("mirror", table.object_name, changed, changed)


def _describe_bad(object_name: str, value: BadValue) -> Issue:
    return Issue(
        code="VALUE_DOES_NOT_FIT",
        message=f"{value.text!r} is not a {value.type}; the field is left blank here.",
        remedy="Correct the value in Salesforce; the next sync takes it.",
        direction="pull",
        object=object_name,
        record_id=value.record_id,
        field=value.field,
    )
