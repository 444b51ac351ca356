"""Sending one set of records by collections: looked at, sent side by side, each refusal settled by itself.

What a call answered is stored before the next answer is looked at, so that a death of the process loses nothing that
was told (L43f).
"""

import random
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from contextlib import closing
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import datetime

import psycopg

from syncline import clock
from syncline.domain.mapping import FieldType, Lane
from syncline.domain.outcomes import RowError, RowResult
from syncline.domain.sending import (
    FLIP_WINDOW,
    STRICT_ROWS,
    Flip,
    Next,
    Pending,
    Refusal,
    build_wait,
    find_too_long,
    judge_refusal,
)
from syncline.errors import ConnectionBroken, LimitReached, RemoteRefused, SynclineError
from syncline.salesforce.failures import CHANGED_MEANWHILE, classify_row, find_remedy, find_sentence
from syncline.salesforce.soql import build_query, quote_list
from syncline.store import flips, issues, outbox, refusals
from syncline.store.database import transaction
from syncline.store.issues import Issue
from syncline.store.refusals import Failed
from syncline.store.targets import Target
from syncline.sync import ticks
from syncline.sync.context import SyncContext
from syncline.sync.writing import write

#: How often a record that somebody else holds locked is tried within a run, and seconds between.
_TRIES = 3
_LOCK_WAIT = 0.2
#: Seconds after which a look is too old to write by, and is taken again.
_LOOK_LASTS = 0.8
#: Ids of one query.
_IDS_AT_ONCE = 200
_UNKNOWN = RowError("UNKNOWN", "Salesforce gave no reason.", ())
_GONE = RowError("RECORD_GONE", "Salesforce shows no such record any more: deleted for good, or hidden from us.", ())


@dataclass
class _Batch:
    """Records of one call, and when their stamps were looked at, by our monotonic clock; None: that does not matter.

    `ticks`: opt-outs of records that moved, which are sent without the rest of their record.
    """

    rows: list[Pending]
    looked_at: float | None
    ticks: list[Pending] = field(default_factory=list)


def send_set(ctx: SyncContext, target: Target, pending: Sequence[Pending], pool: Executor) -> None:
    """Sends a set whose stamps are looked at in one call, in as many calls side by side as it needs.

    Raises:
        RemoteError: sending cannot go on; what was answered is kept.
    """
    with closing(ctx.database.connect("push")) as conn:
        rows = _refuse_too_long(ctx, conn, target, _drop_flips(ctx, conn, target, pending))
        seen = _look(ctx, conn, target, rows)
        _send_ticks(ctx, conn, target, seen.ticks)
        # Children of one parent lie in one call: calls side by side do not wait for each other's locks (L33).
        seen.rows.sort(key=lambda one: (one.parent or "", one.record_id))
        size = STRICT_ROWS if target.strict else ctx.settings.send_rows
        batches = [_Batch(seen.rows[at : at + size], seen.looked_at) for at in range(0, len(seen.rows), size)]
        refused = _send_side_by_side(ctx, target, batches, pool)
        # Serial from here on: these are few, and some of them wait for locks.
        for tries in range(_TRIES - 1, -1, -1):
            again = _prepare_again(refused)
            if not again:
                break
            refused = []
            for at in range(0, len(again), size):
                refused += _send(ctx, conn, target, _Batch(again[at : at + size], seen.looked_at), tries)


def _send_side_by_side(ctx: SyncContext, target: Target, batches: Sequence[_Batch], pool: Executor) -> list[Refusal]:
    def send(batch: _Batch) -> list[Refusal]:
        with closing(ctx.database.connect("push")) as conn:
            return _send(ctx, conn, target, batch, _TRIES)

    # What may use the reserve of the budget here may use it in the threads of the pool, too.
    futures = [pool.submit(copy_context().run, send, batch) for batch in batches]
    refused: list[Refusal] = []
    problem: SynclineError | None = None
    for future in futures:
        try:
            refused += future.result()
        except SynclineError as raised:
            problem = problem or raised
    if problem:
        raise problem
    return refused


def _drop_flips(
    ctx: SyncContext, conn: psycopg.Connection, target: Target, pending: Sequence[Pending]
) -> list[Pending]:
    """Without the fields that go back and forth, which a person has to settle."""
    if not pending:
        return []
    found = flips.find_flips(conn, target, pending, clock.now() - FLIP_WINDOW)
    conn.rollback()
    if not found:
        return list(pending)
    with transaction(conn, "hold"):
        hold_flips(ctx, conn, target, found)
    held: dict[int, list[str]] = {}
    for one in found:
        held.setdefault(one.contact_id, []).append(one.field)
    rest = [one.without(held.get(one.contact_id, ())) for one in pending]
    return [one for one in rest if one.ours]


def hold_flips(ctx: SyncContext, conn: psycopg.Connection, target: Target, found: Sequence[Flip]) -> None:
    """Holds fields that go back and forth, and tells who writes them; in the caller's transaction."""
    if not found:
        return
    flips.hold_flips(conn, target, found)
    for one in found:
        issue = Issue(
            code="PING_PONG",
            message=one.message,
            remedy="Stop one of the two writers, then say which value stands: `syncline conflicts list`.",
            direction="push",
            object=target.object_name,
            contact_id=one.contact_id,
            field=one.field,
        )
        issues.open_issue(conn, ctx.connection.id, ctx.run_id, issue, clock.now())
    ctx.counts.add("push_held", len(found))


def _look(ctx: SyncContext, conn: psycopg.Connection, target: Target, pending: Sequence[Pending]) -> _Batch:
    """Those whose record is as the mirror knows it; of the others only opt-outs go, the rest waits for the next run."""
    stamp = target.shape.stamp_field
    if not pending or not stamp:
        return _Batch(list(pending), clock.monotonic())
    boxes = ticks.find_boxes(target, pending)
    names = ["Id", stamp, *boxes.values()]
    seen = ctx.salesforce.retrieve(target.object_name, [one.record_id for one in pending], names)
    looked_at = clock.monotonic()
    unmoved, missing, ticked = [], [], []
    for one, record in zip(pending, seen, strict=True):
        if record is None:
            missing.append(Refusal(one, _GONE, Next.FOLLOW))
        elif one.stamp is None or _read_stamp(record.get(stamp)) == one.stamp:
            unmoved.append(one)
        elif tick := ticks.pick(one, boxes, record):
            ticked.append(tick)
    ctx.counts.add("push_moved", len(pending) - len(unmoved) - len(missing) - len(ticked))
    if missing:
        _settle(ctx, conn, target, [], _follow(ctx, target, missing), ctx.salesforce.org_now())
        looked_at = min(looked_at, clock.monotonic())
    return _Batch(unmoved, looked_at, ticked)


def _send_ticks(ctx: SyncContext, conn: psycopg.Connection, target: Target, ticked: Sequence[Pending]) -> None:
    """Opt-outs of records that moved meanwhile: a ticked box takes nothing back that somebody saved there (L27).

    What else waits of their contacts goes on waiting; serial, since they are few.
    """
    if not ticked:
        return
    for names, rows in ticks.group(ticked).items():
        alone = ticks.hold_back_others(target, ctx.mapping, names)
        for at in range(0, len(rows), ctx.settings.send_rows):
            again = rows[at : at + ctx.settings.send_rows]
            for tries in range(_TRIES, 0, -1):
                again = _prepare_again(_send(ctx, conn, alone, _Batch(again, None), tries))
    with transaction(conn, "consent_left"):
        outbox.choose_lane(conn, [one.contact_id for one in ticked], ctx.mapping.fields)


def _read_stamp(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None


def _refuse_too_long(
    ctx: SyncContext, conn: psycopg.Connection, target: Target, pending: Sequence[Pending]
) -> list[Pending]:
    """Values longer than Salesforce's field are never cut: they become issues, the rest is sent."""
    fitting, refused = [], []
    for one in pending:
        long = find_too_long(one, target.sent, target.shape)
        for name, (length, limit) in long.items():
            error = RowError("STRING_TOO_LONG", f"{length} characters, Salesforce takes {limit}", ())
            refused.append(Refusal(one, error, Next.WITHOUT_FIELDS, (name,)))
        rest = one.without(list(long)) if long else one
        if rest.ours:
            fitting.append(rest)
    if refused:
        _settle(ctx, conn, target, [], refused, ctx.salesforce.org_now())
    return fitting


def _send(ctx: SyncContext, conn: psycopg.Connection, target: Target, batch: _Batch, tries: int) -> list[Refusal]:
    """One call and what follows from its answers; gives what was refused."""
    if batch.looked_at is not None and clock.monotonic() - batch.looked_at > _LOOK_LASTS:
        ctx.counts.add("looks_again")
        batch = _look(ctx, conn, target, batch.rows)
        _send_ticks(ctx, conn, target, batch.ticks)
    if not batch.rows:
        return []
    written_at = ctx.salesforce.org_now()
    gap = clock.monotonic() - batch.looked_at if batch.looked_at is not None else 0.0
    try:
        results = write(ctx, target, batch.rows)
    except RemoteRefused as refused:
        return _isolate(ctx, conn, target, batch, tries, refused)
    ctx.counts.raise_to("push_gap_ms", round(gap * 1000))
    sent = [one for one, result in zip(batch.rows, results, strict=True) if result.success]
    judged = [
        _judge(one, result, target, tries)
        for one, result in zip(batch.rows, results, strict=True)
        if not result.success
    ]
    gone = [one for one in judged if one.next is Next.FOLLOW and one.error.code != CHANGED_MEANWHILE]
    rest = [one for one in judged if one not in gone]
    _settle(ctx, conn, target, sent, rest, written_at)
    if gone:
        _settle(ctx, conn, target, [], _follow(ctx, target, gone), written_at)
    _raise_if_over(rest)
    ctx.progress.tick("push", target.object_name, ctx.counts["pushed"])
    return rest


def _isolate(
    ctx: SyncContext, conn: psycopg.Connection, target: Target, batch: _Batch, tries: int, refused: RemoteRefused
) -> list[Refusal]:
    """A call refused as a whole is halved until the record that spoils it stands alone."""
    if len(batch.rows) == 1:
        error = RowError(refused.code or "REFUSED", refused.message, ())
        parked = Refusal(batch.rows[0], error, Next.PARK)
        _settle(ctx, conn, target, [], [parked], ctx.salesforce.org_now())
        return []
    half = len(batch.rows) // 2
    ctx.counts.add("calls_halved")
    return [
        one
        for rows in (batch.rows[:half], batch.rows[half:])
        for one in _send(ctx, conn, target, _Batch(rows, batch.looked_at), tries)
    ]


def _judge(one: Pending, result: RowResult, target: Target, tries: int) -> Refusal:
    error = result.errors[0] if result.errors else _UNKNOWN
    return judge_refusal(one, error, classify_row(error.code), target.sent, tries_left=tries - 1)


def _follow(ctx: SyncContext, target: Target, refused: Sequence[Refusal]) -> list[Refusal]:
    """What became of records that cannot be written: deleted, merged or converted ones come with the next read.

    One that is alive was refused for a value; one that no query shows is gone. Both are for a person.
    """
    names = [name for name in ("Id", "IsDeleted", "IsConverted") if target.shape.find(name)]
    found: dict[str, bool] = {}
    ids = [one.pending.record_id for one in refused]
    for at in range(0, len(ids), _IDS_AT_ONCE):
        soql = build_query(target.object_name, names, where=f"Id IN {quote_list(ids[at : at + _IDS_AT_ONCE])}")
        for record in ctx.salesforce.query(soql, all_rows=True).records:
            found[record["Id"]] = not record.get("IsDeleted") and not record.get("IsConverted")
    judged = []
    for one in refused:
        alive = found.get(one.pending.record_id)
        if alive is None:
            judged.append(Refusal(one.pending, _GONE, Next.PARK))
        elif alive and one.error.code != _GONE.code:
            judged.append(Refusal(one.pending, one.error, Next.PARK, one.fields))
        else:
            judged.append(one)
    return judged


def _settle(
    ctx: SyncContext,
    conn: psycopg.Connection,
    target: Target,
    sent: Sequence[Pending],
    refused: Sequence[Refusal],
    written_at: datetime,
) -> None:
    """Stores what became of records, and counts it."""
    now = clock.now()
    later = {one.pending.contact_id: one.error.message for one in refused if one.next is Next.LATER}
    with transaction(conn, "push"):
        if sent:
            outbox.note_sent(conn, target, sent, ctx.run_id, written_at, now)
        if later:
            wait = build_wait(outbox.load_attempts(conn, list(later)), random.random())  # noqa: S311  # jitter
            outbox.defer(conn, later, now + wait)
        failed = [describe_refusal(one) for one in refused if one.next in (Next.PARK, Next.WITHOUT_FIELDS)]
        refusals.settle_failed(conn, target, failed, run_id=ctx.run_id, now=now)
    by_field: dict[str, int] = {}
    for one in sent:
        for name in one.ours:
            by_field[name] = by_field.get(name, 0) + 1
    count_sent(ctx, target, len(sent), by_field)
    ctx.counts.add("push_failed", sum(one.next not in (Next.AGAIN_NOW, Next.FOLLOW) for one in refused))
    ctx.counts.add("push_parked", sum(one.next is Next.PARK for one in refused))
    ctx.counts.add("push_moved", sum(one.next is Next.FOLLOW for one in refused))


def describe_refusal(one: Refusal) -> Failed:
    """A refusal as it is stored."""
    pending, error = one.pending, one.error
    return Failed(
        contact_id=pending.contact_id,
        record_id=pending.record_id,
        version=pending.version,
        code=error.code,
        message=_say(error),
        remedy=find_remedy(error.code),
        names=one.fields,
        next=str(one.next),
    )


def count_sent(ctx: SyncContext, target: Target, records: int, by_field: Mapping[str, int]) -> None:
    """Counts what Salesforce took: records, and values by marketing field."""
    kinds = {field.name: (field.lane, field.type) for field, _ in target.sent}
    ctx.counts.add("pushed", records)
    ctx.counts.add("pushed_values", sum(by_field.values()))
    opt_outs = sum(number for name, number in by_field.items() if kinds[name][0] is Lane.CONSENT)
    scores = sum(number for name, number in by_field.items() if kinds[name][1] is FieldType.SCORE)
    ctx.counts.add("opt_outs_pushed", opt_outs)
    ctx.counts.add("scores_pushed", scores)


def _raise_if_over(refused: Sequence[Refusal]) -> None:
    """A refusal that concerns everything ends the sending, once what was answered is kept."""
    for one in refused:
        remedy = find_remedy(one.error.code)
        text = f"Salesforce refuses to be written: {_say(one.error)}"
        if one.next is Next.STOP:
            raise ConnectionBroken(text, operation="update", code=one.error.code, remedy=remedy)
        if one.next is Next.PAUSE:
            raise LimitReached(text, operation="update", code=one.error.code, remedy=remedy)


def _say(error: RowError) -> str:
    return error.message or find_sentence(error.code)


def _prepare_again(refused: Sequence[Refusal]) -> list[Pending]:
    """What is sent once more: locked records after a moment, the others without the fields that were refused."""
    again = [one.pending.without(one.fields) for one in refused if one.next is Next.WITHOUT_FIELDS]
    locked = [one.pending for one in refused if one.next is Next.AGAIN_NOW]
    if locked:
        clock.sleep(_LOCK_WAIT * random.uniform(0.5, 1.5))  # noqa: S311  # jitter, not a secret
    return [one for one in (*again, *locked) if one.ours]
