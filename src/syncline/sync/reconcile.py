"""Reconciling: how far both sides agree, read afresh; and a repair of what drifted without anybody's word.

The comparison is `sync.agreement`, which trusts nothing that was read before. The repair reads everything anew, lets
what differs be decided like an ordinary change, and ends with a sync within its brakes.
"""

from contextlib import closing
from dataclasses import dataclass

from syncline.domain.mapping import PERSON_OBJECTS
from syncline.store import drift, reads
from syncline.store.database import transaction
from syncline.store.drift import FieldDrift
from syncline.sync import run
from syncline.sync.context import SyncContext
from syncline.sync.pull import pull
from syncline.sync.run import RunReport
from syncline.sync.task import mirror_table


@dataclass(frozen=True)
class Repair:
    """What a repair found drifted, by field, and the run that mended it."""

    drifted: tuple[FieldDrift, ...]
    report: RunReport


def repair(ctx: SyncContext, *, allow_large_change: bool = False) -> Repair:
    """Mends what differs for no known reason: in Salesforce, here, and in what is linked at all.

    Where the mapping sends a field, our value counts as an edit that was missed; where it is only read, Salesforce's
    comes back, unless somebody edited it here, as the log says.

    Raises:
        RemoteError: the org could not be read or written; what is done stays done, and the next sync goes on.
    """
    with closing(ctx.database.connect("reconcile")) as conn, transaction(conn, "ask_everything"):
        reads.ask_everything(conn, ctx.connection.id)
    pull(ctx)
    drifted: list[FieldDrift] = []
    for name in PERSON_OBJECTS:
        if name in ctx.shapes:
            with closing(ctx.database.connect("reconcile")) as conn, transaction(conn, "drift"):
                drifted += drift.queue_drift(conn, mirror_table(ctx, name), ctx.mapped(name))
    ctx.counts.add("drifted", sum(one.sent + one.taken for one in drifted))
    return Repair(tuple(drifted), run.sync(ctx, allow_large_change=allow_large_change))
