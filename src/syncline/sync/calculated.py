"""Sweeps: fields whose changes no stamp tells are read by value, on a schedule of their own.

Which those are says describe (formulas and roll-up summaries); an operator may name others, since some standard
fields behave so without being marked. Objects without a mark of deleted records are swept for what is gone.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta

import psycopg

from syncline import clock
from syncline.domain.mapping import PERSON_OBJECTS
from syncline.domain.shape import FieldShape
from syncline.errors import ConnectionBroken, LimitReached, RemoteError
from syncline.store import issues, sweeps
from syncline.store.database import transaction
from syncline.store.issues import Issue
from syncline.store.mirror_table import MirrorTable
from syncline.store.sweeps import Sweep
from syncline.sync.context import SyncContext
from syncline.sync.sweep import sweep_fields
from syncline.sync.task import mirror_table

_NOT_SWEPT = "NOT_SWEPT"


def sweep(ctx: SyncContext, *, at_once: bool = False) -> None:
    """Sweeps what is due, or with `at_once` everything; what differs counts as an ordinary change.

    Raises:
        LimitReached: the org takes no more calls.
        ConnectionBroken: Salesforce refuses the login.
    """
    with closing(ctx.database.connect("sweep")) as conn:
        with transaction(conn, "sweeps"):
            known = sweeps.load_sweeps(conn, ctx.connection.id)
        now = clock.now()
        failed: list[Issue] = []
        swept = False
        for table in _list_tables(ctx):
            fields = find_swept(table, known.get(table.object_name))
            if fields is None or not (at_once or _is_due(ctx, conn, table, known, now)):
                continue
            swept = True
            if problem := _sweep_one(ctx, conn, table, fields, now):
                failed.append(problem)
        if swept:
            with transaction(conn, "not_swept"):
                issues.tell_now(conn, ctx.connection.id, ctx.run_id, (_NOT_SWEPT,), failed, now)


def find_swept(table: MirrorTable, sweep: Sweep | None) -> Sequence[FieldShape] | None:
    """The fields of an object that are swept; None where it need not be swept at all."""
    named = {name.lower() for name in sweep.fields} if sweep else set()
    fields = [one for one in table.fields if one.calculated or one.name.lower() in named]
    if not table.shape.stamp_field:
        return None  # all of it is read each time
    leaves_no_mark = not table.of_people and not table.shape.find("IsDeleted")
    return fields if fields or leaves_no_mark else None


def next_due(sweep: Sweep | None, every: timedelta) -> datetime | None:
    """When an object is to be swept next; None where that was never noted yet."""
    return sweep.swept_at + every if sweep and sweep.swept_at else None


def _list_tables(ctx: SyncContext) -> list[MirrorTable]:
    people = [name for name in PERSON_OBJECTS if name in ctx.shapes]
    return [mirror_table(ctx, name) for name in (*people, *ctx.others)]


def _is_due(
    ctx: SyncContext, conn: psycopg.Connection, table: MirrorTable, known: Mapping[str, Sweep], now: datetime
) -> bool:
    due = next_due(known.get(table.object_name), ctx.settings.sweep_every)
    if due is None:
        # What was read just now needs no sweep: the first one is a whole interval away.
        with transaction(conn, "sweeps"):
            sweeps.note_swept(conn, ctx.connection.id, table.object_name, now)
        return False
    return due <= now


def _sweep_one(
    ctx: SyncContext, conn: psycopg.Connection, table: MirrorTable, fields: Sequence[FieldShape], now: datetime
) -> Issue | None:
    try:
        with ctx.progress.timed(f"sweep {table.object_name}"):
            sweep_fields(ctx, conn, table, fields)
    except (LimitReached, ConnectionBroken):
        raise
    except RemoteError as problem:
        remedy = problem.remedy or "The next sync tries again."
        message = f"Calculated fields were not read: {problem.message}"
        return Issue(_NOT_SWEPT, message, remedy, "pull", table.object_name)
    with transaction(conn, "sweeps"):
        sweeps.note_swept(conn, ctx.connection.id, table.object_name, now)
    ctx.counts.add("objects_swept")
    return None
