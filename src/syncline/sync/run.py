"""One run: read, decide, plan, apply, send. Each step can be called alone; `sync` is all of them in order."""

from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, replace

from syncline import clock
from syncline.domain.plan import Brakes, ObjectPlan, Plan
from syncline.errors import LimitReached, PlanRefused
from syncline.store import planned, runs
from syncline.store.contact_columns import ensure_columns
from syncline.store.database import transaction
from syncline.store.planned import PlanState
from syncline.sync import calculated
from syncline.sync.apply import apply_delta
from syncline.sync.consent import show_standing
from syncline.sync.context import SyncContext
from syncline.sync.create import create_in_salesforce
from syncline.sync.decide import build_scope, decide
from syncline.sync.intents import settle_intents, settle_jobs
from syncline.sync.pull import pull
from syncline.sync.push import push, push_consent, settle_bulk


@dataclass(frozen=True)
class RunReport:
    """What a run did. `state`: done, waiting (for approval), refused (by a brake), paused (by a limit)."""

    run_id: int
    state: str
    counts: Mapping[str, int]
    plan: Plan
    seconds: Mapping[str, float]
    calls: Mapping[str, int]
    message: str = ""


def make_plan(ctx: SyncContext) -> Plan:
    """Reads what is new, merges it into the mirror, and decides; contacts and Salesforce stay as they are."""
    with ctx.progress.timed("columns"), closing(ctx.database.connect("columns")) as conn, transaction(conn, "columns"):
        ensure_columns(conn, ctx.mapping)
        planned.put_back(conn, ctx.connection.id)
        planned.supersede(conn, ctx.connection.id)
    settle_bulk(ctx)
    settle_jobs(ctx)
    settle_intents(ctx)
    pull(ctx)
    calculated.sweep(ctx)
    return decide(ctx, build_scope(ctx))


def apply_plan(ctx: SyncContext, plan: Plan, brakes: Brakes | None = None, *, allow_large_change: bool = False) -> None:
    """Makes the contacts what the plan says; a contact edited since the plan was made is left for the next run.

    `brakes`: in place of the connection's own.

    Raises:
        PlanRefused: the plan is over a brake, and a large change was not allowed.
    """
    with closing(ctx.database.connect("approve")) as conn, transaction(conn, "approve"):
        if not allow_large_change:
            plan.raise_if_unsafe(brakes or planned.load_brakes(conn, ctx.connection.id))
        runs.approve(conn, ctx.connection.id, ctx.mapping.version, clock.now())
        planned.set_state(conn, plan.run_id, PlanState.APPLYING)
    scope = replace(build_scope(ctx), run_id=plan.run_id, applied_by=ctx.run_id)
    apply_delta(ctx, scope, new_contacts=sum(one.creates for one in plan.objects))
    with ctx.progress.timed("consent"):
        show_standing(ctx, scope)
    with closing(ctx.database.connect("applied")) as conn, transaction(conn, "applied"):
        planned.set_state(conn, plan.run_id, PlanState.APPLIED)
    for one in plan.objects:
        _count(ctx, one)


def _count(ctx: SyncContext, plan: ObjectPlan) -> None:
    ctx.counts.add("converted", plan.converts)
    ctx.counts.add("merged", plan.merges)
    ctx.counts.add("deleted", plan.deletes)
    ctx.counts.add("undeleted", plan.undeletes)
    ctx.counts.add("left_filter", plan.leaves)
    ctx.counts.add("came_back", plan.returns)
    ctx.counts.add("linked", plan.links)
    ctx.counts.add("conflicts", plan.conflicts)


def send(ctx: SyncContext) -> None:
    """Sends what waits in the outbox: consent first, then new leads, then scores, then everything else."""
    with ctx.progress.timed("send"):
        push(ctx, create=create_in_salesforce)


def sync(
    ctx: SyncContext, *, approve: bool = False, allow_large_change: bool = False, brakes: Brakes | None = None
) -> RunReport:
    """A whole run. What needs a person's word stops as a plan, and says so in its state.

    Raises:
        RemoteError: Salesforce could not be read or written; what is done stays done, the next run goes on.
    """
    try:
        plan = make_plan(ctx)
    except LimitReached:
        _send_consent(ctx)
        raise
    if plan.needs_approval and not approve and not plan.changes_nothing:
        return report_run(ctx, plan, "waiting", plan.needs_approval)
    try:
        apply_plan(ctx, plan, brakes, allow_large_change=allow_large_change or approve)
    except PlanRefused as refused:
        return report_run(ctx, plan, "refused", refused.message)
    try:
        send(ctx)
    except LimitReached as reached:
        return report_run(ctx, plan, "paused", reached.message)
    return report_run(ctx, plan, "done")


def _send_consent(ctx: SyncContext) -> None:
    """What may not wait goes out in the reserve, though the rest of the run has to wait."""
    if not ctx.mapping.approved or not ctx.shapes:
        return
    with suppress(LimitReached), ctx.urgent():
        push_consent(ctx)


def report_run(ctx: SyncContext, plan: Plan, state: str, message: str = "") -> RunReport:
    """What a run came to; its state is kept with it."""
    ctx.state, ctx.message = state, message
    return RunReport(
        run_id=ctx.run_id,
        state=state,
        counts=ctx.counts.as_dict(),
        plan=plan,
        seconds=dict(ctx.progress.seconds),
        calls=ctx.salesforce.calls.as_dict(),
        message=message,
    )
