"""Applying a plan that was made before: exactly its writes, here and in Salesforce, and nothing that came up since."""

from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta

from syncline import clock
from syncline.domain.mapping import Lane
from syncline.domain.plan import Plan
from syncline.errors import LimitReached, PlanRefused
from syncline.store import planned
from syncline.store.contact_columns import ensure_columns
from syncline.store.database import transaction
from syncline.store.planned import PlanState, StoredPlan, Unsent
from syncline.sync.context import SyncContext
from syncline.sync.decide import build_plan, build_scope, count_all
from syncline.sync.run import RunReport, apply_plan, report_run, send

#: What a person looked at is held to for so long.
LONGEST = timedelta(hours=24)
_ANEW = "Look again: `syncline plan`, then `syncline apply`."


@dataclass(frozen=True)
class Applied:
    """What applying a plan came to: the run, and the writes of the plan that were left out."""

    report: RunReport
    left_out: tuple[Unsent, ...]


def apply(ctx: SyncContext, run_id: int | None, *, allow_large_change: bool = False) -> Applied:
    """Applies the plan of a run, or the newest: a contact or record that was changed since is left out and told.

    Edits made here that are not in the plan wait for the next run; opt-outs do not wait.

    Raises:
        PlanRefused: there is no such plan, it is too old, superseded or applied, the mapping changed, or it is over a
            brake and a large change was not allowed.
        RemoteError: Salesforce could not be written; what is done stays done, the next sync goes on.
    """
    stored = _find(ctx, run_id)
    scope = replace(build_scope(ctx), run_id=stored.run_id)
    plan = replace(build_plan(ctx, scope, count_all(ctx, scope)), needs_approval=None)
    apply_plan(ctx, plan, allow_large_change=allow_large_change)
    try:
        _send_planned(ctx, plan)
    except LimitReached as reached:
        return _applied(ctx, plan, "paused", reached.message)
    return _applied(ctx, plan, "done")


def _find(ctx: SyncContext, run_id: int | None) -> StoredPlan:
    with closing(ctx.database.connect("plan")) as conn, transaction(conn, "find_plan"):
        planned.put_back(conn, ctx.connection.id)
        stored = planned.find(conn, ctx.connection.id, run_id)
        if stored is None:
            what = f"Run {run_id} left no plan." if run_id is not None else "There is no plan yet."
            raise _refused(what)
        later = planned.find_later_run(conn, ctx.connection.id, stored.run_id, ctx.run_id)
        _check(ctx, stored, later)
        ensure_columns(conn, ctx.mapping)
    return stored


def _check(ctx: SyncContext, stored: StoredPlan, later: tuple[int, str] | None) -> None:
    name = f"The plan of run {stored.run_id}"
    match stored.state:
        case PlanState.APPLIED:
            raise _refused(f"{name} is applied already.")
        case PlanState.APPLYING:
            raise _refused(f"{name} was applied in part, then the process ended; a new plan holds the rest.")
        case PlanState.SUPERSEDED:
            raise _refused(f"{name} is not the newest: a later run read Salesforce again.")
    if later:
        raise _refused(f"{name} is not the newest: run {later[0]} ({later[1]}) came after it.")
    if stored.mapping_version != ctx.mapping.version:
        raise _refused(
            f"{name} was made from version {stored.mapping_version} of the mapping; now it is {ctx.mapping.version}."
        )
    age = clock.now() - stored.made_at
    if age > LONGEST:
        raise _refused(f"{name} is {age.total_seconds() / 3600:.0f} hours old; after {LONGEST.days * 24} it is stale.")


def _refused(message: str) -> PlanRefused:
    return PlanRefused(message, counts={}, limits={}, remedy=_ANEW)


def _send_planned(ctx: SyncContext, plan: Plan) -> None:
    consent = [field.name for field in ctx.mapping.fields if field.lane is Lane.CONSENT]
    with closing(ctx.database.connect("aside")) as conn:
        with transaction(conn, "take_aside"):
            planned.take_aside(conn, ctx.connection.id, plan.run_id, consent)
        try:
            send(ctx)
        finally:
            with transaction(conn, "put_back"):
                planned.put_back(conn, ctx.connection.id)


def _applied(ctx: SyncContext, plan: Plan, state: str, message: str = "") -> Applied:
    with closing(ctx.database.connect("unsent")) as conn:
        left_out = tuple(planned.find_unsent(conn, plan.run_id, ctx.run_id))
    ctx.counts.add("writes_left_out", len(left_out))
    return Applied(report_run(ctx, plan, state, message), left_out)
