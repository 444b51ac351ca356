"""Sending changes of linked contacts: lane by lane, the objects of a lane side by side.

A record whose stamp is newer than the mirror's was changed there meanwhile: it waits for the next run, which decides.
"""

from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing
from contextvars import copy_context

from syncline import clock
from syncline.domain.mapping import PERSON_OBJECTS, Lane
from syncline.errors import SynclineError
from syncline.store import outbox, refusals
from syncline.store.consent_lane import hold_lane
from syncline.store.database import transaction
from syncline.store.targets import Target
from syncline.sync import bulk_push
from syncline.sync.context import SyncContext
from syncline.sync.sending import send_set

#: Calls of one run that write at once. The transport keeps all calls of the process below the org's own limit.
_SIDE_BY_SIDE = 4


def push(ctx: SyncContext, create: Callable[[SyncContext], None]) -> None:
    """Sends what waits, lane by lane; `create` sends new Leads when their lane comes.

    Raises:
        RemoteError: sending cannot go on; what was answered is kept.
    """
    _wake_changed(ctx)
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


def settle_bulk(ctx: SyncContext) -> None:
    """Settles Bulk jobs that an earlier run left at work; before anything is read, so that no echo is mistaken.

    Raises:
        RemoteError: a job cannot be asked about now.
    """
    bulk_push.resume(ctx, build_target)


def build_target(ctx: SyncContext, object_name: str) -> Target:
    """The records of an object, with the fields that the mapping sends and the org lets us write."""
    shape = ctx.shapes[object_name]
    sent = [
        (field, source)
        for field, source in ctx.mapped(object_name)
        if field.direction.pushes and (found := shape.find(source)) and found.updateable
    ]
    calculated = [pair for pair in ctx.mapped(object_name) if pair[0].formula is not None]
    strict = ctx.mapping.rules(object_name).strict
    suspended = ctx.unsendable(object_name) & {one.name for one in ctx.mapping.fields if one.direction.pushes}
    return Target(ctx.tables, ctx.connection.id, shape, sent, calculated, suspended, strict)


def _wake_changed(ctx: SyncContext) -> None:
    """What was refused is tried again where something changed that may mend it."""
    names = [name for name in PERSON_OBJECTS if name in ctx.shapes]
    with closing(ctx.database.connect("wake")) as conn:
        for name in names:
            target = build_target(ctx, name)
            with transaction(conn, "wake"):
                woken = refusals.wake_changed(conn, target, ctx.mapping.fields, ctx.connection.user_id, clock.now())
            ctx.counts.add("push_woken", woken)


def _push_objects(ctx: SyncContext, lane: Lane) -> None:
    """Sends one lane of all objects."""
    targets = [build_target(ctx, name) for name in PERSON_OBJECTS if name in ctx.shapes]
    targets = [target for target in targets if target.sent]
    if not targets:
        return
    with (
        ThreadPoolExecutor(max_workers=len(targets), thread_name_prefix="push") as objects,
        ThreadPoolExecutor(max_workers=_SIDE_BY_SIDE, thread_name_prefix="send") as pool,
    ):
        futures = [objects.submit(copy_context().run, _push_lane, ctx, target, lane, pool) for target in targets]
        problems = [problem for future in futures if (problem := future.exception())]
    # A defect of ours is told before an accident of theirs.
    for problem in sorted(problems, key=lambda one: isinstance(one, SynclineError)):
        raise problem


def _push_lane(ctx: SyncContext, target: Target, lane: Lane, pool: Executor) -> None:
    with ctx.progress.timed(f"push {lane} {target.object_name}"), closing(ctx.database.connect("push")) as conn:
        # Consent goes beside a run, too, and bit by bit: a job would make the first wait for the last.
        bulk = not target.strict and lane is not Lane.CONSENT
        while bulk and outbox.count_pending(conn, target, lane, clock.now()) > ctx.settings.bulk_send_rows:
            conn.rollback()
            if not bulk_push.push_bulk(ctx, target, lane):
                break
        conn.rollback()
        after = 0
        while True:
            with transaction(conn, "pending"):
                pending, idle = outbox.load_pending(conn, target, lane, after, ctx.settings.look_rows, clock.now())
                if idle:
                    outbox.clear(conn, idle, target.suspended)
            if not pending and not idle:
                return
            after = max(one.contact_id for one in (*pending, *idle))
            send_set(ctx, target, pending, pool)
