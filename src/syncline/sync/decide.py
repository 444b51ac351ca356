"""Deciding: from what is read and what was edited here to the delta, which is the plan. Nothing is changed yet."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from syncline import clock
from syncline.domain.consent import consent_fields
from syncline.domain.mapping import LEAD, PERSON_OBJECTS, Lane
from syncline.domain.plan import Plan, forecast_seconds
from syncline.domain.sending import CallSizes, forecast_creates, forecast_updates
from syncline.store import decisions, lifecycle, outbox, planned, plans, reads, sends
from syncline.store.database import transaction
from syncline.store.decisions import Scope
from syncline.store.plans import Sizes
from syncline.sync import consent
from syncline.sync.bulk_create import find_assignment_rule
from syncline.sync.context import SyncContext
from syncline.sync.filters import bind_filter, confirm_leaving, describe_rules, is_anew


def build_scope(ctx: SyncContext) -> Scope:
    """What this run decides about: everything where a mirror was filled for the first time, else what was touched."""
    objects = [name for name in PERSON_OBJECTS if name in ctx.shapes]
    with closing(ctx.database.connect("scope")) as conn:
        cursors = {name: reads.load_cursor(conn, ctx.connection.id, name) for name in objects}
    filters = {name: bind_filter(ctx, name) for name in objects if ctx.mapping.rules(name).filter}
    decided = {name: cursor.sources if cursor else {} for name, cursor in cursors.items()}
    return Scope(
        tables=ctx.tables,
        connection_id=ctx.connection.id,
        run_id=ctx.run_id,
        shapes={name: ctx.shapes[name] for name in objects},
        mapped={name: ctx.mapped(name) for name in objects},
        undecided_all={name: cursor is None or cursor.undecided_all for name, cursor in cursors.items()},
        decided_sources=decided,
        external_id_field=ctx.mapping.external_id_field,
        rules={name: ctx.mapping.rules(name) for name in objects},
        ambiguous=ctx.mapping.ambiguous,
        filters=filters,
        anew=[name for name in objects if is_anew(ctx, name, filters.get(name), decided[name])],
        suspended={name: ctx.unreadable(name) for name in objects},
    )


def sources(scope: Scope) -> dict[str, dict[str, str]]:
    """By object, from which Salesforce field or expression each marketing field is decided."""
    return {name: {field.name: source for field, source in scope.mapped[name]} for name in scope.objects}


def settled_sources(ctx: SyncContext, scope: Scope) -> dict[str, dict[str, str]]:
    """The same for the cursors, with the moment of each expression that reads the clock.

    A field that is suspended stays decided as it was: once it is back, the mirror tells what was agreed on.
    """
    settled = sources(scope)
    for name in scope.objects:
        settled[name] |= describe_rules(ctx, name, scope.filters.get(name))
        decided = scope.decided_sources[name]
        for field_name in scope.suspended.get(name, ()):
            settled[name] |= {key: decided[key] for key in (field_name, moment_key(field_name)) if key in decided}
        for field, _ in scope.mapped[name]:
            if field.formula is not None and (field.formula.formula.reads_day or field.formula.formula.reads_time):
                settled[name][moment_key(field.name)] = field.formula.at.isoformat()
    return settled


def moment_key(field: str) -> str:
    """Under which name the moment of a field's last decision stands beside its source; no field is called so."""
    return f"{field}@"


def _new_sources(scope: Scope) -> Mapping[str, list[str]]:
    """Fields that are mapped anew or from another source, where anything was decided before."""
    return {
        name: [field for field, source in by_field.items() if scope.decided_sources[name].get(field) != source]
        for name, by_field in sources(scope).items()
        if scope.decided_sources[name]
    }


def decide(ctx: SyncContext, scope: Scope) -> Plan:
    """Writes the delta of this run, and gives it as a plan."""
    # Whole tables are counted meanwhile, on another processor where there is one; deciding changes none of them.
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="count") as pool:
        counting = pool.submit(count_all, ctx, scope)
        _decide(ctx, scope)
        return build_plan(ctx, scope, counting.result())


def count_all(ctx: SyncContext, scope: Scope) -> Sizes:
    """How much there is before a plan is applied."""
    with ctx.progress.timed("count, beside"), closing(ctx.database.connect("count")) as conn:
        return plans.count_all(conn, ctx.tables, scope.objects)


def _decide(ctx: SyncContext, scope: Scope) -> None:
    with ctx.progress.timed("statistics"), closing(ctx.database.connect("decide")) as conn, transaction(conn, "gather"):
        decisions.gather_missing_statistics(conn, scope)
    with ctx.progress.timed("ledger"), closing(ctx.database.connect("decide")) as conn, transaction(conn, "ledger"):
        # By itself and short: the consent lane waits for what it locks.
        consent.note_read(ctx, conn, scope)
    with ctx.progress.timed("decide"), closing(ctx.database.connect("decide")) as conn, transaction(conn, "lives"):
        lifecycle.decide_lifecycle(conn, scope)
    confirm_leaving(ctx, scope)
    with ctx.progress.timed("decide"), closing(ctx.database.connect("decide")) as conn, transaction(conn, "decide"):
        decisions.decide_fields(conn, scope, _new_sources(scope))
    with ThreadPoolExecutor(max_workers=len(scope.objects) or 1, thread_name_prefix="decide") as pool:
        for future in [pool.submit(_decide_new, ctx, scope, name) for name in scope.objects]:
            future.result()
    with ctx.progress.timed("sends"), closing(ctx.database.connect("sends")) as conn, transaction(conn, "decide_sends"):
        creates = LEAD in ctx.shapes and ctx.shapes[LEAD].createable
        sends.plan_sends(conn, scope, consent_fields(ctx.mapping), clock.now(), creates=creates)
        planned.note(conn, ctx.connection.id, ctx.run_id, ctx.mapping.version, clock.now())


def _decide_new(ctx: SyncContext, scope: Scope, object_name: str) -> None:
    with (
        ctx.progress.timed(f"delta {object_name}"),
        closing(ctx.database.connect("decide")) as conn,
        transaction(conn, "decide_new"),
    ):
        created = lifecycle.decide_new(conn, scope, object_name)
    ctx.progress.tick("decide", object_name, created, created)


def build_plan(ctx: SyncContext, scope: Scope, sizes: Sizes) -> Plan:
    """The delta in numbers and examples, with what sending will cost in calls."""
    with ctx.progress.timed("plan"), closing(ctx.database.connect("plan")) as conn:
        objects = tuple(
            plans.summarise(conn, ctx.connection.id, scope.run_id, name, sizes.records[name]) for name in scope.objects
        )
        examples = plans.load_examples(conn, scope.run_id)
        to_send, to_create = plans.count_waiting(conn, scope.run_id, clock.now())
        updates = outbox.count_planned(conn, ctx.mapping.fields, scope.run_id)
    calls = _forecast(ctx, updates, to_create)
    return Plan(
        run_id=scope.run_id,
        objects=objects,
        contacts_before=sizes.contacts,
        to_send=to_send,
        to_create_in_salesforce=to_create,
        examples=examples,
        calls_so_far=ctx.salesforce.calls.total,
        calls_forecast=calls,
        seconds_forecast=forecast_seconds(objects, calls),
        reading=ctx.reading,
        needs_approval=None if ctx.mapping.approved else _why_approval(scope),
    )


def _why_approval(scope: Scope) -> str:
    if any(scope.undecided_all.values()):
        return "This is the first sync of this mapping."
    return "The mapping changed since it was last approved."


def _forecast(ctx: SyncContext, planned_rows: Sequence[tuple[str, int, int]], to_create: int) -> int:
    """Calls that sending will make; `planned_rows` are (object, lane, contacts)."""
    settings = ctx.settings
    sizes = CallSizes(settings.look_rows, settings.send_rows, settings.bulk_send_rows)
    updates = sum(
        forecast_updates(number, sizes, strict=ctx.mapping.rules(name).strict, bulk=lane != Lane.CONSENT.rank)
        for name, lane, number in planned_rows
    )
    # Many go by jobs only where the org shows the rule that a job has to name: that it is asked now costs a call.
    jobs_fit = to_create <= settings.bulk_send_rows or find_assignment_rule(ctx) is not None
    return updates + forecast_creates(
        to_create, sizes, assignment_rules=ctx.mapping.assignment_rules, jobs_fit=jobs_fit
    )
