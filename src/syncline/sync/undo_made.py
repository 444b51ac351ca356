"""Undo of what a run made: its contacts are put away, its records in Salesforce deleted where a person says so.

Whatever somebody touched since stays, on either side.
"""

import psycopg

from syncline import clock
from syncline.domain.mapping import PERSON_OBJECTS
from syncline.domain.outcomes import RowResult
from syncline.domain.shape import ObjectShape
from syncline.domain.undo import MadeRecord, UndoPlan
from syncline.store import issues, undo_made
from syncline.store.database import transaction
from syncline.store.issues import Issue
from syncline.store.undo import SentRecord
from syncline.store.undo_made import BRING_BACK, PUT_AWAY, Turn
from syncline.sync.context import SyncContext


def apply(ctx: SyncContext, conn: psycopg.Connection, plan: UndoPlan, *, delete_made: bool) -> None:
    """Puts contacts away, or brings them back; `delete_made`: deletes the records that the run made in Salesforce.

    Raises:
        RemoteError: Salesforce could not be asked or written; the same undo, repeated, goes on.
    """
    if not plan.selection.is_whole_run:
        return
    _take_back(ctx, conn, PUT_AWAY, "contacts_put_away", plan.made.contacts)
    _take_back(ctx, conn, BRING_BACK, "contacts_brought_back", plan.made.back)
    if delete_made:
        for name in PERSON_OBJECTS:
            if name in ctx.shapes:
                _delete(ctx, conn, ctx.shapes[name], plan.made.records)


def _take_back(ctx: SyncContext, conn: psycopg.Connection, turn: Turn, count: str, total: int) -> None:
    after = 0
    while True:
        with transaction(conn, "undo_made"):
            batch = undo_made.take_back(
                conn,
                ctx.connection.id,
                ctx.mapping,
                turn,
                after,
                ctx.settings.batch_rows,
                ctx.run_id,
                clock.now(),
            )
        if batch is None:
            return
        after = batch[1]
        ctx.counts.add(count, batch[0])
        ctx.progress.tick("undo", "contacts", ctx.counts[count], total)


def _delete(ctx: SyncContext, conn: psycopg.Connection, shape: ObjectShape, total: int) -> None:
    after = 0
    while made := undo_made.load_made(conn, shape.name, after, ctx.settings.send_rows):
        conn.rollback()
        after = made[-1][0]
        records = _find_untouched(ctx, shape, [one for _, one in made])
        if records:
            results = ctx.salesforce.delete_records(shape.name, [one.record_id for one in records])
            _settle(ctx, conn, records, results)
        ctx.progress.tick("undo", shape.name, ctx.counts["records_deleted"], total)


def _find_untouched(ctx: SyncContext, shape: ObjectShape, made: list[MadeRecord]) -> list[MadeRecord]:
    """Those that nobody but ourselves wrote since, and that were not converted; one that is gone is done."""
    names = [name for name in ("LastModifiedById", "IsConverted", "IsDeleted") if shape.find(name)]
    seen = ctx.salesforce.retrieve(shape.name, [one.record_id for one in made], ["Id", *names])
    untouched = []
    for one, record in zip(made, seen, strict=True):
        by_us = record is None or record.get("LastModifiedById", "")[:15] == ctx.connection.user_id[:15]
        if by_us and not (record and record.get("IsConverted")):
            untouched.append(one)
    ctx.counts.add("records_kept", len(made) - len(untouched))
    return untouched


def _settle(ctx: SyncContext, conn: psycopg.Connection, records: list[MadeRecord], results: list[RowResult]) -> None:
    deleted = [one for one, result in zip(records, results, strict=True) if result.success]
    with transaction(conn, "undo_deleted"):
        undo_made.note_deleted(conn, ctx.tables, ctx.connection.id, deleted, ctx.run_id, clock.now())
        for one, result in zip(records, results, strict=True):
            if not result.success:
                issues.open_issue(conn, ctx.connection.id, ctx.run_id, _describe(one, result), clock.now())
    ctx.counts.add("records_deleted", len(deleted))
    ctx.counts.add("push_failed", len(records) - len(deleted))


def _describe(record: MadeRecord, result: RowResult) -> Issue:
    return describe_refused(
        record, result, "Could not be deleted again", "Delete the record in Salesforce, or let it stay."
    )


def describe_refused(record: MadeRecord | SentRecord, result: RowResult, what: str, remedy: str) -> Issue:
    """The issue of a record for which Salesforce refused what an undo asked; `what` is the beginning of its message."""
    error = result.errors[0] if result.errors else None
    return Issue(
        code=error.code if error else "UNKNOWN",
        message=f"{what}: {error.message if error else 'Salesforce gave no reason.'}",
        remedy=remedy,
        direction="push",
        object=record.object,
        record_id=record.record_id,
        contact_id=record.contact_id,
    )
