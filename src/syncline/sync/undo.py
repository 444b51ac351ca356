"""Undo: a run, a person, a field or a span of time becomes a plan that gives back the values before, on both sides.

Only what still is as the undone change left it is given back; what somebody changed since stays. Contacts are given
back first; of what these changes had written into Salesforce, what still stands there is given back after that. The
next sync sees both as ordinary changes.
"""

from collections.abc import Sequence

import psycopg

from syncline import clock
from syncline.domain.mapping import PERSON_OBJECTS
from syncline.domain.shape import ObjectShape
from syncline.domain.undo import Selection, UndoPlan
from syncline.domain.values import is_same_value, text_to_json
from syncline.store import issues, undo
from syncline.store.contact_columns import ensure_columns
from syncline.store.database import transaction
from syncline.store.undo import SentRecord, SentValue
from syncline.sync import undo_made
from syncline.sync.context import SyncContext

_REMEDY = "Correct the record in Salesforce, then undo the same once more."


def look(ctx: SyncContext, conn: psycopg.Connection, selection: Selection) -> UndoPlan:
    """What taking the selection back would change; nothing is changed yet.

    `conn` keeps what was looked at, and belongs to `apply` afterwards.
    """
    with transaction(conn, "columns"):
        ensure_columns(conn, ctx.mapping)
    with transaction(conn, "undo_look"):
        plan = undo.look(conn, ctx.connection.id, ctx.mapping, selection)
    ctx.message = f"looked at undoing {selection.describe()}"
    return plan


def apply(ctx: SyncContext, conn: psycopg.Connection, plan: UndoPlan, *, delete_made: bool = False) -> None:
    """Gives the values back; a contact or record edited since keeps its value. Counts go to the run.

    What a whole run made is taken back, too; records that it made in Salesforce only with `delete_made`.

    Raises:
        RemoteError: Salesforce could not be asked or written; the same undo, repeated, goes on.
    """
    ctx.message = f"undid {plan.selection.describe()}"
    after = 0
    while True:
        with transaction(conn, "undo"):
            batch = undo.restore(conn, ctx.mapping, after, ctx.settings.batch_rows, ctx.run_id, clock.now())
        if batch is None:
            break
        after = batch[1]
        ctx.counts.add("values_restored", batch[0])
        ctx.progress.tick("undo", "contacts", ctx.counts["values_restored"], plan.restored)
    for name in PERSON_OBJECTS:
        if name in ctx.shapes and any(one.object == name for one in plan.in_salesforce):
            _give_back(ctx, conn, ctx.shapes[name], plan.sent_back)
    undo_made.apply(ctx, conn, plan, delete_made=delete_made)


def _give_back(ctx: SyncContext, conn: psycopg.Connection, shape: ObjectShape, total: int) -> None:
    after = 0
    while records := undo.load_sent(conn, shape.name, after, ctx.settings.send_rows):
        conn.rollback()
        after = records[-1].contact_id
        standing = _find_standing(ctx, shape, records)
        if standing:
            _write(ctx, conn, shape, standing)
        ctx.progress.tick("undo", shape.name, ctx.counts["values_sent_back"], total)


def _find_standing(
    ctx: SyncContext, shape: ObjectShape, records: Sequence[SentRecord]
) -> list[tuple[SentRecord, list[SentValue]]]:
    """The records with those of their values that still are what was sent."""
    writable = {one.name for one in shape.fields if one.updateable}
    sources = {value.source for record in records for value in record.values if value.source in writable}
    if not sources:
        return []
    seen = ctx.salesforce.retrieve(shape.name, [one.record_id for one in records], ["Id", *sorted(sources)])
    standing = []
    for record, found in zip(records, seen, strict=True):
        values = [
            value
            for value in record.values
            if found is not None
            and value.source in sources
            and (field := shape.find(value.source)) is not None
            and is_same_value(value.after, found.get(field.name), field)
        ]
        ctx.counts.add("values_kept_in_salesforce", len(record.values) - len(values))
        if values:
            standing.append((record, values))
    return standing


def _write(
    ctx: SyncContext,
    conn: psycopg.Connection,
    shape: ObjectShape,
    standing: Sequence[tuple[SentRecord, list[SentValue]]],
) -> None:
    rows = [
        {
            "Id": record.record_id,
            **{
                field.name: text_to_json(value.before, field)
                for value in values
                if (field := shape.find(value.source)) is not None
            },
        }
        for record, values in standing
    ]
    results = ctx.salesforce.update(shape.name, rows, auto_assign=False)
    taken = [
        (record.contact_id, value)
        for (record, values), result in zip(standing, results, strict=True)
        if result.success
        for value in values
    ]
    with transaction(conn, "undo_sent"):
        undo.log_sent_back(conn, taken, ctx.run_id, clock.now())
        for (record, _), result in zip(standing, results, strict=True):
            if not result.success:
                issue = undo_made.describe_refused(record, result, "Could not be undone", _REMEDY)
                issues.open_issue(conn, ctx.connection.id, ctx.run_id, issue, clock.now())
    ctx.counts.add("values_sent_back", len(taken))
    ctx.counts.add("push_failed", sum(not result.success for result in results))
