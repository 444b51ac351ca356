"""Reading: a probe, then REST pages or a Bulk job into staging, then one merge into the mirror, per object.

Objects are read side by side, each on its own thread and database connection, and merged parents first. Where a
process dies, the next one goes on with the same Bulk job at the page after the last one staged.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing

import psycopg

from syncline import clock
from syncline.domain.mapping import PERSON_OBJECTS
from syncline.domain.objects import find_parents, order_by_parents
from syncline.errors import ConnectionBroken, LimitReached, RemoteError, RemoteRefused, SynclineError
from syncline.salesforce.soql import build_query
from syncline.store import issues, mirror, reads, staging
from syncline.store.database import RowTooWide, transaction
from syncline.store.issues import Issue
from syncline.store.mirror import BadValue
from syncline.store.mirror_table import MirrorTable
from syncline.store.reads import Read
from syncline.store.shaping import ShapeHeld
from syncline.sync.context import SyncContext
from syncline.sync.describes import DRIFT_CODES, look_again
from syncline.sync.drift import tell_drift
from syncline.sync.pricing import price_tasks
from syncline.sync.stage import stage_bulk, stage_query
from syncline.sync.sweep import sweep_fields
from syncline.sync.task import Probe, Task, mirror_table, prepare, probe

#: Objects that are read at the same time; each has a thread and a database connection.
_MOST_AT_ONCE = 6
_NOT_READ = "OBJECT_NOT_READ"


def pull(ctx: SyncContext) -> None:
    """Brings the mirror of every object up to the org's now.

    Where the org does not know a field or an object any more, it is asked what it shows, and read anew by that. An
    object without people that cannot be read is told and left for the next run.

    Raises:
        SynclineError: an object of people could not be read to its end; what is staged is kept, the next run goes on.
    """
    tell_drift(ctx)
    failed = _pull(ctx)
    if any(_is_drift(problem) for problem in failed.values()) and look_again(ctx):
        ctx.counts.add("shapes_changed")
        tell_drift(ctx)
        failed = _pull(ctx)
    for name, problem in failed.items():
        if name in PERSON_OBJECTS or isinstance(problem, LimitReached | ConnectionBroken):
            raise problem
    _tell_not_read(ctx, failed)


def _is_drift(problem: SynclineError) -> bool:
    return isinstance(problem, RemoteRefused) and problem.code in DRIFT_CODES


def _pull(ctx: SyncContext) -> dict[str, SynclineError]:
    """Reads every object; gives those that could not be read, with the reason, people first."""
    tables = [mirror_table(ctx, name) for name in (*PERSON_OBJECTS, *ctx.others) if name in ctx.shapes | ctx.others]
    parents = find_parents({one.object_name: one.fields for one in tables})
    by_name = {one.object_name: one for one in tables}
    with ctx.progress.timed("prepare"), closing(ctx.database.connect("pull")) as conn:
        tasks, held = _prepare_all(ctx, conn, [by_name[name] for name in order_by_parents(parents)])
    with ctx.progress.timed("probe"):
        probes = probe(ctx, [task for task in tasks if task.unfinished is None])
    price_tasks(ctx, tasks, probes)
    failed = {**held, **{name: one.refused for name, one in probes.items() if one.refused}}
    failed |= _read_all(ctx, [one for one in tasks if one.object_name not in failed], probes, parents)
    return dict(sorted(failed.items(), key=lambda one: one[0] not in PERSON_OBJECTS))


def _prepare_all(
    ctx: SyncContext, conn: psycopg.Connection, tables: Sequence[MirrorTable]
) -> tuple[list[Task], dict[str, SynclineError]]:
    tasks: list[Task] = []
    held: dict[str, SynclineError] = {}
    for table in tables:
        try:
            tasks.append(prepare(ctx, conn, table))
        except ShapeHeld as problem:
            held[table.object_name] = problem
    return tasks, held


def _read_all(
    ctx: SyncContext, tasks: Sequence[Task], probes: Mapping[str, Probe], parents: Mapping[str, frozenset[str]]
) -> dict[str, SynclineError]:
    """Reads objects side by side; each is merged after the parents that were begun before it."""
    begun: dict[str, Future[None]] = {}
    failed: dict[str, SynclineError] = {}
    at_once = min(len(tasks), _MOST_AT_ONCE) or 1
    with ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="pull") as pool:
        for task in tasks:
            # Only those that were begun before: threads take them up in this order, so none waits for ever.
            before = [begun[name] for name in parents[task.object_name] if name in begun]
            begun[task.object_name] = pool.submit(_read, ctx, task, probes.get(task.object_name), before)
    for name, future in begun.items():
        try:
            future.result()
        except (RemoteError, RowTooWide) as problem:
            failed[name] = problem
    return failed


def _read(ctx: SyncContext, task: Task, probed: Probe | None, parents: Sequence[Future[None]]) -> None:
    """Reads one object to its end and merges it, once its parents are."""
    name = task.object_name
    total = probed.total if probed else None
    with closing(ctx.database.connect(f"pull {name}")) as conn:
        if total is None and task.unfinished is None:
            _move_cursor(ctx, conn, name, task.as_read("none", ""))
        else:
            with ctx.progress.timed(f"stage {name}"):
                read = _stage(ctx, conn, task, total)
            wait(parents)
            with ctx.progress.timed(f"mirror {name}"):
                _merge(ctx, conn, task, read)
        if task.added:
            with ctx.progress.timed(f"fill {name}"):
                sweep_fields(ctx, conn, task.table, task.added)
            _move_cursor(ctx, conn, name, task.as_filled())
            ctx.counts.add("fields_filled", len(task.added))


def _move_cursor(ctx: SyncContext, conn: psycopg.Connection, object_name: str, read: Read) -> None:
    with transaction(conn, "cursor"):
        reads.move_cursor(conn, ctx.connection.id, object_name, read, undecided_all=False)


def _stage(ctx: SyncContext, conn: psycopg.Connection, task: Task, total: int | None) -> Read:
    if task.unfinished:
        resumed = stage_bulk(ctx, conn, task.table, task.unfinished)
        if resumed:
            return resumed
        # The job is gone from the org: its result is read anew by a job of this run.
        total = None
    soql = task.build_soql([one.name for one in task.table.fields])
    return stage_query(ctx, conn, task.table, task.as_read("rest", soql), total, all_rows=True)


def _merge(ctx: SyncContext, conn: psycopg.Connection, task: Task, read: Read) -> None:
    """One transaction: the mirror takes what is staged, and the cursor moves."""
    table = task.table
    visible_since = ctx.salesforce.org_now() - ctx.settings.overlap
    with transaction(conn, "mirror"):
        first = mirror.is_empty(conn, table)
        if first:
            changed, bad = mirror.load_first(conn, table)
        else:
            mapped = ctx.mapped(table.object_name) if table.of_people else []
            changed, bad = mirror.merge(conn, table, mapped, visible_since)
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


def _tell_not_read(ctx: SyncContext, failed: Mapping[str, SynclineError]) -> None:
    """Keeps which objects could not be read in this run, and closes what was told of the others."""
    if not ctx.mirrored:
        return
    told = [
        Issue(_NOT_READ, problem.message, problem.remedy or "The next sync tries again.", "pull", name)
        for name, problem in failed.items()
    ]
    ctx.counts.add("objects_not_read", len(told))
    with closing(ctx.database.connect("pull")) as conn, transaction(conn, "not_read"):
        issues.tell_now(conn, ctx.connection.id, ctx.run_id, (_NOT_READ,), told, clock.now())
