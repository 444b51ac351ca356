"""Telling of drift: each field or object of the org that no longer fits is an issue, as long as it lasts."""

from collections.abc import Iterator
from contextlib import closing

from syncline import clock
from syncline.domain.drift import Cause, Drift, tell_held
from syncline.domain.mapping import PERSON_OBJECTS
from syncline.store import issues, shaping
from syncline.store.database import transaction
from syncline.store.issues import Issue
from syncline.sync.context import SyncContext
from syncline.sync.fields import fields_of
from syncline.sync.task import mirror_table


def find_held(ctx: SyncContext) -> list[Drift]:
    """Fields whose column cannot get its new type, since a view of somebody's needs it as it is."""
    found: list[Drift] = []
    with closing(ctx.database.connect("drift")) as conn, transaction(conn, "held"):
        for name in ctx.shapes | ctx.others:
            for source, views in shaping.find_held(conn, mirror_table(ctx, name)).items():
                names = list(_mapped_on(ctx, name, source)) or [source]
                found += [tell_held(name, source, one, views) for one in names]
    return found


def _mapped_on(ctx: SyncContext, object_name: str, source: str) -> Iterator[str]:
    """The marketing fields that read a field of an object of people."""
    if object_name not in PERSON_OBJECTS:
        return
    shape = ctx.shapes[object_name]
    for field, mapped in ctx.mapping.on(object_name):
        if source.lower() in {one.lower() for one in fields_of(mapped, shape)}:
            yield field.name


def tell_drift(ctx: SyncContext) -> None:
    """Opens an issue for what drifted and closes those of what is back; touches nothing where neither is."""
    ctx.counts.add("suspended", sum(one.cause is not Cause.FIELD_REQUIRED for one in ctx.drift))
    told = [Issue(str(one.cause), one.message, one.remedy, "pull", one.object, field=one.field) for one in ctx.drift]
    if {(one.code, one.object, one.field) for one in told} == ctx.known_drift:
        return
    with closing(ctx.database.connect("drift")) as conn, transaction(conn, "drift"):
        issues.tell_now(conn, ctx.connection.id, ctx.run_id, [str(one) for one in Cause], told, clock.now())
    ctx.known_drift = {(one.code, one.object, one.field) for one in told}
