"""Sending changes of linked contacts: in lanes, in sets, looked at before they are written, each refusal by itself.

A record whose stamp is newer than the mirror's was changed there meanwhile: it waits for the next run, which decides.
"""

import random
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime

import psycopg

from syncline import clock
from syncline.domain.mapping import PERSON_OBJECTS, FieldType, Lane
from syncline.domain.outcomes import RowError, RowResult
from syncline.domain.sending import Next, Pending, Refusal, build_wait, find_too_long, judge_refusal
from syncline.domain.values import text_to_json
from syncline.errors import ConnectionBroken, LimitReached
from syncline.salesforce.failures import classify_row
from syncline.store import issues, outbox
from syncline.store.consent_lane import hold_lane
from syncline.store.database import transaction
from syncline.store.issues import Issue
from syncline.store.outbox import Target
from syncline.sync.context import SyncContext

#: How often a record that somebody else holds locked is tried within a run, and seconds between.
_TRIES = 3
_LOCK_WAIT = 0.2
_UNKNOWN = RowError("UNKNOWN", "Salesforce gave no reason.", ())


def push(ctx: SyncContext, create: Callable[[SyncContext], None]) -> None:
    """Sends what waits, lane by lane; `create` sends new Leads when their lane comes.

    Raises:
        RemoteError: sending cannot go on; what was answered is kept.
    """
    with ctx.urgent():
        push_consent(ctx)
        create(ctx)
    for lane in Lane:
        if lane not in (Lane.CONSENT, Lane.CREATE):
            _push_objects(ctx, lane)


def push_consent(ctx: SyncContext) -> None:
    """Sends opt-outs and opt-ins alone, when the consent lane is free.

    Raises:
        RemoteError: sending cannot go on; what was answered is kept.
    """
    with hold_lane(ctx.database, ctx.connection.id):
        push_lane_held(ctx)


def push_lane_held(ctx: SyncContext) -> None:
    """The same for who holds the consent lane already.

    Raises:
        RemoteError: sending cannot go on; what was answered is kept.
    """
    _push_objects(ctx, Lane.CONSENT)


def _push_objects(ctx: SyncContext, lane: Lane) -> None:
    for name in PERSON_OBJECTS:
        if name in ctx.shapes:
            _push_lane(ctx, build_target(ctx, name), lane)


def build_target(ctx: SyncContext, object_name: str) -> Target:
    """The records of an object, with the fields that the mapping sends and the org lets us write."""
    shape = ctx.shapes[object_name]
    sent = [
        (field, source)
        for field, source in ctx.mapped(object_name)
        if field.direction.pushes and (found := shape.find(source)) and found.updateable
    ]
    calculated = [pair for pair in ctx.mapped(object_name) if pair[0].formula is not None]
    return Target(ctx.tables, ctx.connection.id, shape, sent, calculated, ctx.unsendable(object_name))


def _push_lane(ctx: SyncContext, target: Target, lane: Lane) -> None:
    if not target.sent:
        return
    after = 0
    with closing(ctx.database.connect("push")) as conn:
        while True:
            with transaction(conn, "pending"):
                pending, idle = outbox.load_pending(conn, target, lane, after, ctx.settings.look_rows, clock.now())
                if idle:
                    outbox.clear(conn, idle, target.suspended)
            if not pending and not idle:
                return
            after = max(one.contact_id for one in (*pending, *idle))
            unmoved = _look(ctx, target, pending)
            fitting = _refuse_too_long(ctx, conn, target, unmoved)
            for start in range(0, len(fitting), ctx.settings.send_rows):
                _send(ctx, conn, target, fitting[start : start + ctx.settings.send_rows], _TRIES)
                ctx.progress.tick("push", target.object_name, min(start + ctx.settings.send_rows, len(fitting)))


def _look(ctx: SyncContext, target: Target, pending: Sequence[Pending]) -> list[Pending]:
    """Those whose record is as the mirror knows it; the others wait for the next run."""
    stamp = target.shape.stamp_field
    if not pending or not stamp:
        return list(pending)
    seen = ctx.salesforce.retrieve(target.object_name, [one.record_id for one in pending], ["Id", stamp])
    unmoved = []
    for one, record in zip(pending, seen, strict=True):
        if record is not None and (one.stamp is None or _read_stamp(record.get(stamp)) == one.stamp):
            unmoved.append(one)
    ctx.counts.add("push_moved", len(pending) - len(unmoved))
    return unmoved


def _read_stamp(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None


def _refuse_too_long(
    ctx: SyncContext, conn: psycopg.Connection, target: Target, pending: Sequence[Pending]
) -> list[Pending]:
    """Values longer than Salesforce's field are never cut: they become issues, the rest is sent."""
    fitting, refusals = [], []
    for one in pending:
        long = find_too_long(one, target.sent, target.shape)
        if not long:
            fitting.append(one)
            continue
        for name, (length, limit) in long.items():
            error = RowError("STRING_TOO_LONG", f"{length} characters, Salesforce takes {limit}", ())
            refusals.append(Refusal(one, error, Next.WITHOUT_FIELDS, (name,)))
        rest = one.without(list(long))
        if rest.ours:
            fitting.append(rest)
    if refusals:
        with transaction(conn, "push"):
            outbox.drop_fields(conn, [(one.pending, one.fields) for one in refusals])
            _open_issues(ctx, conn, target, refusals)
        ctx.counts.add("push_failed", len(refusals))
    return fitting


def _send(ctx: SyncContext, conn: psycopg.Connection, target: Target, batch: list[Pending], tries: int) -> None:
    """One call and what follows from its answers."""
    written_at = ctx.salesforce.org_now()
    records = [_build_record(one, target) for one in batch]
    results = ctx.salesforce.update(target.object_name, records, auto_assign=False)
    sent = [one for one, result in zip(batch, results, strict=True) if result.success]
    refusals = [
        _judge(one, result, target, tries) for one, result in zip(batch, results, strict=True) if not result.success
    ]
    with transaction(conn, "push"):
        if sent:
            outbox.note_sent(conn, target, sent, ctx.run_id, written_at, clock.now())
            issues.resolve_issues(conn, ctx.connection.id, {one.contact_id: one.ours for one in sent}, clock.now())
        _settle_refusals(ctx, conn, target, refusals)
    _count(ctx, target, sent, refusals)
    _raise_if_over(refusals)
    _send_again(ctx, conn, target, refusals, tries)


def _build_record(one: Pending, target: Target) -> dict[str, object]:
    record: dict[str, object] = {"Id": one.record_id}
    for field, source in target.sent:
        shape = target.shape.find(source)
        if field.name in one.ours and shape:
            record[shape.name] = text_to_json(field.to_salesforce(one.ours[field.name]), shape)
    return record


def _judge(one: Pending, result: RowResult, target: Target, tries: int) -> Refusal:
    error = result.errors[0] if result.errors else _UNKNOWN
    return judge_refusal(one, error, classify_row(error.code), target.sent, tries_left=tries - 1)


def _settle_refusals(ctx: SyncContext, conn: psycopg.Connection, target: Target, refusals: Sequence[Refusal]) -> None:
    later = {one.pending.contact_id: one.error.message for one in refusals if one.next is Next.LATER}
    if later:
        attempts = outbox.load_attempts(conn, list(later))
        wait = build_wait(attempts, random.random())  # noqa: S311  # jitter, not a secret
        outbox.defer(conn, later, clock.now() + wait)
    parked = [one for one in refusals if one.next is Next.PARK]
    if parked:
        outbox.park(conn, [(one.pending.contact_id, one.pending.version, one.error.message) for one in parked])
    without = [one for one in refusals if one.next is Next.WITHOUT_FIELDS]
    outbox.drop_fields(conn, [(one.pending, one.fields) for one in without])
    _open_issues(ctx, conn, target, [*parked, *without])


def _open_issues(ctx: SyncContext, conn: psycopg.Connection, target: Target, refusals: Sequence[Refusal]) -> None:
    for one in refusals:
        for name in one.fields or ("",):
            issue = Issue(
                code=one.error.code,
                message=one.error.message,
                remedy="Correct the value here, or in Salesforce; a further edit sends it again.",
                direction="push",
                object=target.object_name,
                record_id=one.pending.record_id,
                contact_id=one.pending.contact_id,
                field=name,
            )
            issues.open_issue(conn, ctx.connection.id, ctx.run_id, issue, clock.now())


def _count(ctx: SyncContext, target: Target, sent: Sequence[Pending], refusals: Sequence[Refusal]) -> None:
    kinds = {field.name: (field.lane, field.type) for field, _ in target.sent}
    names = [name for one in sent for name in one.ours]
    ctx.counts.add("pushed", len(sent))
    ctx.counts.add("pushed_values", len(names))
    ctx.counts.add("opt_outs_pushed", sum(kinds[name][0] is Lane.CONSENT for name in names))
    ctx.counts.add("scores_pushed", sum(kinds[name][1] is FieldType.SCORE for name in names))
    ctx.counts.add("push_failed", sum(one.next is not Next.AGAIN_NOW for one in refusals))
    ctx.counts.add("push_parked", sum(one.next is Next.PARK for one in refusals))
    ctx.counts.add("push_moved", sum(one.next is Next.FOLLOW for one in refusals))


def _raise_if_over(refusals: Sequence[Refusal]) -> None:
    """A refusal that concerns everything ends the sending, once what was answered is kept."""
    for one in refusals:
        text = f"Salesforce refuses to be written: {one.error.message}"
        if one.next is Next.STOP:
            raise ConnectionBroken(text, operation="update", code=one.error.code, remedy="See `syncline doctor`.")
        if one.next is Next.PAUSE:
            raise LimitReached(text, operation="update", code=one.error.code, remedy="The next sync goes on.")


def _send_again(
    ctx: SyncContext, conn: psycopg.Connection, target: Target, refusals: Sequence[Refusal], tries: int
) -> None:
    locked = [one.pending for one in refusals if one.next is Next.AGAIN_NOW]
    shortened = [one.pending.without(one.fields) for one in refusals if one.next is Next.WITHOUT_FIELDS]
    if locked:
        clock.sleep(_LOCK_WAIT * random.uniform(0.5, 1.5))  # noqa: S311  # jitter, not a secret
        _send(ctx, conn, target, locked, tries - 1)
    if shortened:
        _send(ctx, conn, target, shortened, tries)
