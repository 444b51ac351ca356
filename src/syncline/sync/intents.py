"""Creations of an earlier run that nobody knows the end of: settled by the results of their job, or by a search."""

from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta

import psycopg

from syncline.domain.mapping import LEAD
from syncline.salesforce.soql import build_query, datetime_literal, quote, quote_list
from syncline.store import bulk_writes, outbox
from syncline.store.bulk_creates import Settled
from syncline.store.database import transaction
from syncline.store.outbox import Intent
from syncline.store.targets import Target
from syncline.sync import bulk_create
from syncline.sync.context import SyncContext
from syncline.sync.created import external_id, note_created, take_what_was_set
from syncline.sync.push import build_target

#: Salesforce's clock and ours may differ by this much around an intent's time.
_SKEW = timedelta(minutes=1)


def settle_job(
    ctx: SyncContext, conn: psycopg.Connection, target: Target, settled: Settled, written_at: datetime
) -> None:
    """Stores what a job created, and lets what it refused wait on."""
    with transaction(conn, "bulk_create"):
        if settled.created:
            note_created(ctx, conn, target, settled.created, written_at)
        # Refused in so many words, or not looked at: nothing was created, and nothing needs to be looked for.
        outbox.drop_intents(conn, settled.refused)
        bulk_writes.forget(conn, settled.write_id)
    take_what_was_set(ctx, conn, settled.created)


def settle_jobs(ctx: SyncContext) -> None:
    """Settles the creating jobs that an earlier run began; before anything is read, so that nobody is met as new.

    Raises:
        RemoteError: a job cannot be asked about now.
    """
    if LEAD not in ctx.shapes:
        return
    target = build_target(ctx, LEAD)
    key = external_id(ctx, target)
    for write in bulk_create.list_open(ctx):
        with closing(ctx.database.connect("settle")) as conn:
            if bulk_create.give_up_unstarted(ctx, conn, write):
                continue
            ctx.counts.add("bulk_jobs_resumed")
            rows = bulk_writes.count_rows(conn, write.id)
            conn.rollback()
            settled = bulk_create.read_settled(ctx, conn, write, key, rows)
            assert write.written_at is not None
            settle_job(ctx, conn, target, settled, write.written_at)


def settle_intents(ctx: SyncContext) -> None:
    """Finds what became of creations whose answer was lost."""
    with closing(ctx.database.connect("settle")) as conn:
        intents = outbox.load_intents(conn, ctx.connection.id)
        conn.rollback()
        if not intents or LEAD not in ctx.shapes:
            return
        found = _search_intended(ctx, intents)
        now = ctx.salesforce.org_now()
        created = {one.contact_id: (found[one.contact_id], one.sent) for one in intents if one.contact_id in found}
        # Younger ones may be there and not shown yet: late visibility.
        safe = [
            one.contact_id
            for one in intents
            if one.contact_id not in found and now - one.written_at > ctx.settings.overlap
        ]
        with transaction(conn, "settle_intents"):
            if created:
                note_created(ctx, conn, build_target(ctx, LEAD), created, intents[0].written_at)
            outbox.drop_intents(conn, safe)
        take_what_was_set(ctx, conn, created)


def _search_intended(ctx: SyncContext, intents: Sequence[Intent]) -> dict[int, str]:
    """Leads that our user created since, by address and last name."""
    found: dict[int, str] = {}
    for start in range(0, len(intents), ctx.settings.send_rows):
        found |= _search_some(ctx, intents[start : start + ctx.settings.send_rows], set(found.values()))
    return found


def _search_some(ctx: SyncContext, intents: Sequence[Intent], taken: set[str]) -> dict[int, str]:
    since = min(one.written_at for one in intents) - _SKEW
    emails = sorted({str(one.sent.get("Email", "")).lower() for one in intents} - {""})
    where = (
        f"Email IN {quote_list(emails)} AND CreatedById = {quote(ctx.connection.user_id)}"
        f" AND CreatedDate >= {datetime_literal(since)}"
    )
    soql = build_query(LEAD, ["Id", "Email", "LastName"], where=where, order_by="Id")
    records = ctx.salesforce.query(soql).records
    found: dict[int, str] = {}
    for one in intents:
        for record in records:
            same = record["Email"] == str(one.sent.get("Email", "")).lower()
            if same and record["LastName"] == one.sent.get("LastName") and record["Id"] not in taken:
                found[one.contact_id] = record["Id"]
                taken.add(record["Id"])
                break
    return found
