"""Applying the delta: lifecycle first, then new contacts (objects side by side), then field decisions, in batches
of one transaction each. Stopping anywhere is safe: what is left is decided anew from the same state.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg

from syncline import clock
from syncline.domain.consent import consent_fields
from syncline.store import application, reads, related
from syncline.store.application import Batch
from syncline.store.consent import pend
from syncline.store.contact_columns import drop_address_index, ensure_address_index
from syncline.store.database import transaction
from syncline.store.decisions import Kind, Scope
from syncline.sync.context import SyncContext
from syncline.sync.decide import settled_sources

#: From so many new contacts on, an empty store is filled without its index of addresses.
_FIRST_IMPORT = 50_000


def apply_delta(ctx: SyncContext, scope: Scope, *, new_contacts: int) -> None:
    """Makes contacts what the delta says, and settles what was decided."""
    _apply_lifecycle(ctx, scope)
    _apply_all_creates(ctx, scope, new_contacts)
    for name in scope.objects:
        _apply_fields(ctx, scope, name)
    with ctx.progress.timed("settle"), closing(ctx.database.connect("settle")) as conn, transaction(conn, "settle"):
        pend(conn, scope, consent_fields(ctx.mapping))
        related.relate_converted(conn, scope, clock.now())
        application.settle_scope(conn, scope, clock.now())
        reads.settle(conn, ctx.connection.id, settled_sources(ctx, scope))


def _apply_all_creates(ctx: SyncContext, scope: Scope, new_contacts: int) -> None:
    if not new_contacts:
        return
    dropped = False
    if new_contacts > _FIRST_IMPORT:
        with closing(ctx.database.connect("index")) as conn, transaction(conn, "index"):
            dropped = drop_address_index(conn)
    with ThreadPoolExecutor(max_workers=len(scope.objects) or 1, thread_name_prefix="apply") as pool:
        for future in [pool.submit(_apply_creates, ctx, scope, name, new_contacts) for name in scope.objects]:
            future.result()
    if dropped:
        with ctx.progress.timed("index"), closing(ctx.database.connect("index")) as conn, transaction(conn, "index"):
            ensure_address_index(conn)


def _apply_lifecycle(ctx: SyncContext, scope: Scope) -> None:
    with ctx.progress.timed("lifecycle"), closing(ctx.database.connect("lifecycle")) as conn:
        after: int | None = None
        while batch := _next(ctx, scope, conn, Kind.LIFECYCLE, after):
            with transaction(conn, "lifecycle"):
                application.apply_lifecycle(conn, scope, ctx.mapping.fields, batch, clock.now(), ctx.origin)
                related.carry_related(conn, scope, batch)
            after = batch.last


def _apply_creates(ctx: SyncContext, scope: Scope, object_name: str, total: int) -> None:
    with ctx.progress.timed(f"contacts {object_name}"), closing(ctx.database.connect("apply")) as conn:
        after: int | None = None
        while batch := _next(ctx, scope, conn, Kind.CREATES, after, object_name):
            with transaction(conn, "contacts"):
                # A crash may take the last batches with it, in order: the next run decides them again. What must
                # last is forced out by the commit that settles the run.
                conn.execute("SET LOCAL synchronous_commit = off")
                application.apply_creates(conn, scope, object_name, batch, clock.now())
            after = batch.last
            ctx.counts.add("contacts_created", batch.rows)
            ctx.counts.add("pulled", batch.rows)
            ctx.progress.tick("contacts", "all", ctx.counts["contacts_created"], total)


def _apply_fields(ctx: SyncContext, scope: Scope, object_name: str) -> None:
    with ctx.progress.timed(f"values {object_name}"), closing(ctx.database.connect("apply")) as conn:
        after: int | None = None
        while batch := _next(ctx, scope, conn, Kind.FIELDS, after, object_name):
            with transaction(conn, "values"):
                applied = application.apply_fields(conn, scope, object_name, batch, clock.now(), ctx.origin)
            after = batch.last
            ctx.counts.add("contacts_updated", applied.contacts)
            ctx.counts.add("pulled", applied.contacts)
            ctx.counts.add("moved", applied.moved)
            ctx.progress.tick("values", object_name, applied.contacts)


def _next(
    ctx: SyncContext,
    scope: Scope,
    conn: psycopg.Connection,
    kind: Kind,
    after: int | None,
    object_name: str | None = None,
) -> Batch | None:
    batch = application.next_batch(conn, scope, kind, after, ctx.settings.batch_rows, object_name)
    conn.rollback()
    return batch
