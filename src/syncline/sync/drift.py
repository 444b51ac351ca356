"""Telling of drift: each field or object of the org that no longer fits is an issue, as long as it lasts."""

from contextlib import closing

from syncline import clock
from syncline.domain.drift import Cause
from syncline.store import issues
from syncline.store.database import transaction
from syncline.store.issues import Issue
from syncline.sync.context import SyncContext


def tell_drift(ctx: SyncContext) -> None:
    """Opens an issue for what drifted and closes those of what is back; touches nothing where neither is."""
    ctx.counts.add("suspended", sum(one.cause is not Cause.FIELD_REQUIRED for one in ctx.drift))
    told = [Issue(str(one.cause), one.message, one.remedy, "pull", one.object, field=one.field) for one in ctx.drift]
    if {(one.code, one.object, one.field) for one in told} == ctx.known_drift:
        return
    with closing(ctx.database.connect("drift")) as conn, transaction(conn, "drift"):
        issues.tell_now(conn, ctx.connection.id, ctx.run_id, [str(one) for one in Cause], told, clock.now())
    ctx.known_drift = {(one.code, one.object, one.field) for one in told}
