"""Sending many changes of one object by a Bulk job, which may outlive the process that began it.

Rows stay in the outbox until the results are here; the job's id is kept before anything is uploaded to it. A run that
finds a job goes on waiting for it; one that was never started is given up, and its rows are sent anew.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from datetime import datetime

import psycopg

from syncline import clock
from syncline.domain.mapping import Lane
from syncline.domain.outcomes import RowAction
from syncline.domain.sending import plan_polls
from syncline.errors import ConnectionBroken, LimitReached, RemoteRefused, RetryLater
from syncline.salesforce.bulk_ingest import BulkIngest, IngestJob, ResultKind
from syncline.salesforce.failures import classify_row, find_remedy
from syncline.salesforce.soql import build_query, datetime_literal
from syncline.store import bulk_writes, reads, staging
from syncline.store.bulk_writes import BulkWrite
from syncline.store.database import transaction
from syncline.store.targets import Target
from syncline.sync.context import SyncContext
from syncline.sync.sending import count_sent, hold_flips

#: Seconds for which one run waits for a job; the next goes on waiting.
_PATIENCE = 3_600.0


def push_bulk(ctx: SyncContext, target: Target, lane: Lane) -> bool:
    """Sends what waits in a lane by one job; whether anything came of it.

    Raises:
        RemoteError: sending cannot go on; what the job does is settled by the next run.
    """
    ingest = BulkIngest(ctx.salesforce)
    with closing(ctx.database.connect("bulk")) as conn:
        write_id = _gather(ctx, conn, target, lane)
        if write_id is None:
            return False
        write = _begin_job(ctx, conn, ingest, target, BulkWrite(write_id, target.object_name, lane.rank, None, None))
        if write is None:
            return False
        rows = bulk_writes.count_rows(conn, write_id)
        conn.rollback()
        return _finish(ctx, conn, ingest, target, write, rows) > 0


def _gather(ctx: SyncContext, conn: psycopg.Connection, target: Target, lane: Lane) -> int | None:
    """The rows of a new upload; None where so few are left that collections do."""
    with transaction(conn, "bulk_gather"):
        write_id = bulk_writes.begin(conn, target, lane, ctx.run_id, clock.now())
        flips = bulk_writes.find_flips(conn, target, write_id, clock.now())
        if flips:
            hold_flips(ctx, conn, target, flips)
            bulk_writes.forget(conn, write_id)
            write_id = bulk_writes.begin(conn, target, lane, ctx.run_id, clock.now())
        if bulk_writes.count_rows(conn, write_id) > ctx.settings.bulk_send_rows:
            return write_id
        bulk_writes.forget(conn, write_id)
    return None


def resume(ctx: SyncContext, build_target: Callable[[SyncContext, str], Target]) -> None:
    """Settles the jobs that an earlier run began; what was never uploaded whole is given up.

    Raises:
        RemoteError: a job cannot be asked about now.
    """
    with closing(ctx.database.connect("bulk")) as conn:
        writes = [one for one in bulk_writes.list_open(conn, ctx.connection.id) if one.lane != Lane.CREATE.rank]
        conn.rollback()
        ingest = BulkIngest(ctx.salesforce)
        for write in writes:
            job = ingest.find(write.job_id) if write.job_id else None
            if job is not None and job.state == "Open":
                # Its records may have changed since they were looked at: they are sent anew.
                ingest.abort(job.id)
                job = None
            if job is None or write.object_name not in ctx.shapes:
                with transaction(conn, "bulk_given_up"):
                    bulk_writes.forget(conn, write.id)
                continue
            ctx.counts.add("bulk_jobs_resumed")
            rows = bulk_writes.count_rows(conn, write.id)
            conn.rollback()
            _finish(ctx, conn, ingest, build_target(ctx, write.object_name), write, rows)


def _begin_job(
    ctx: SyncContext, conn: psycopg.Connection, ingest: BulkIngest, target: Target, write: BulkWrite
) -> BulkWrite | None:
    """Looks, opens the job, uploads and starts it; None where Bulk does not write this object, or nothing is left."""
    with transaction(conn, "bulk_look"):
        # They wait on, and collections, which look again, tell of them.
        bulk_writes.drop_moved(conn, write.id, _look(ctx, conn, target))
        left = bulk_writes.count_rows(conn, write.id)
    looked_at = clock.monotonic()
    try:
        job = ingest.create(target.object_name, "update") if left else None
    except RemoteRefused:
        ctx.counts.add("bulk_fallbacks")
        job = None
    if job is None:
        with transaction(conn, "bulk_given_up"):
            bulk_writes.forget(conn, write.id)
        return None
    written_at = ctx.salesforce.org_now()
    with transaction(conn, "bulk_job"):
        bulk_writes.note_job(conn, write.id, job.id, written_at)
    ingest.upload(job.id, lambda: _stream(ctx, target, write.id))
    ingest.complete(job.id)
    ctx.counts.raise_to("bulk_gap_ms", round((clock.monotonic() - looked_at) * 1000))
    return BulkWrite(write.id, write.object_name, write.lane, job.id, written_at)


def _stream(ctx: SyncContext, target: Target, write_id: int) -> Iterator[bytes]:
    with closing(ctx.database.connect("upload")) as conn:
        yield from bulk_writes.stream(conn, target, write_id)


def _look(ctx: SyncContext, conn: psycopg.Connection, target: Target) -> Iterator[Iterable[tuple[str, datetime]]]:
    """What changed in the org since it was read, page by page: far fewer records than are about to be written."""
    stamp = target.shape.stamp_field
    cursor = reads.load_cursor(conn, ctx.connection.id, target.object_name)
    if not stamp or cursor is None:
        return
    since = cursor.read_until - ctx.settings.overlap
    soql = build_query(target.object_name, ["Id", stamp], where=f"{stamp} >= {datetime_literal(since)}")
    page = ctx.salesforce.query(soql, all_rows=True)
    while True:
        yield ((one["Id"], datetime.fromisoformat(one[stamp])) for one in page.records)
        if page.done or page.next_url is None:
            return
        page = ctx.salesforce.query_more(page.next_url)


def _finish(
    ctx: SyncContext, conn: psycopg.Connection, ingest: BulkIngest, target: Target, write: BulkWrite, rows: int
) -> int:
    """Waits for a job and settles its results; gives the number of rows that came to an end."""
    assert write.job_id is not None
    job = wait_for_job(ctx, ingest, write.job_id, rows)
    if job is None:
        with transaction(conn, "bulk_given_up"):
            bulk_writes.forget(conn, write.id)
        return 0
    if job.state != "JobComplete":
        ctx.counts.add("bulk_jobs_failed")
    with transaction(conn, "bulk_settle"):
        bulk_writes.begin_results(conn)
        for kind in ResultKind:
            with ingest.result(job.id, kind) as page:
                chunks = iter(page.chunks())
                columns, taken = staging.read_header(chunks)
                bulk_writes.copy_result(conn, kind, columns, chain(taken, chunks))
        done = bulk_writes.settle_done(conn, target, write, run_id=ctx.run_id, now=clock.now())
        refused = bulk_writes.load_failed(conn, target, write.id)
        judged = {one.code: (str(classify_row(one.code)), find_remedy(one.code)) for one in refused}
        bulk_writes.settle_failed(conn, target, judged, run_id=ctx.run_id, now=clock.now())
        counted = bulk_writes.count_results(conn)
        bulk_writes.forget(conn, write.id)
    _count(ctx, target, done, refused, rows - sum(counted.values()))
    ctx.counts.add("bulk_unprocessed", counted.get(ResultKind.UNPROCESSED, 0))
    _raise_if_over(refused)
    final = sum(one.rows for one in refused if classify_row(one.code) is RowAction.PERSON)
    return done[""] + final


def wait_for_job(ctx: SyncContext, ingest: BulkIngest, job_id: str, rows: int) -> IngestJob | None:
    """Polls until a job has ended; None where the org has forgotten it.

    Raises:
        RetryLater: it takes longer than a run waits.
    """
    deadline = clock.monotonic() + _PATIENCE
    for pause in plan_polls(rows):
        clock.sleep(pause)
        job = ingest.find(job_id)
        if job is None or job.ended:
            return job
        ctx.progress.tick("push", "in Bulk", job.processed, rows)
        if clock.monotonic() > deadline:
            break
    raise RetryLater(
        f"The Bulk job {job_id} has not ended within {_PATIENCE / 60:.0f} minutes.",
        operation="push",
        remedy="The next sync goes on waiting for it; Setup, Bulk Data Load Jobs shows it.",
    )


def _count(
    ctx: SyncContext, target: Target, done: Mapping[str, int], refused: list[bulk_writes.Refused], missing: int
) -> None:
    ctx.counts.add("bulk_jobs")
    count_sent(ctx, target, done[""], {name: number for name, number in done.items() if name})
    ctx.counts.add("push_failed", sum(one.rows for one in refused))
    if missing > 0:
        ctx.counts.add("bulk_missing", missing)


def _raise_if_over(refused: Iterable[bulk_writes.Refused]) -> None:
    for one in refused:
        action = classify_row(one.code)
        text = f"Salesforce refuses to be written: {one.message}"
        if action is RowAction.STOP_CONNECTION:
            raise ConnectionBroken(text, operation="push", code=one.code, remedy=find_remedy(one.code))
        if action is RowAction.PAUSE:
            raise LimitReached(text, operation="push", code=one.code, remedy=find_remedy(one.code))


def chain(taken: Iterable[bytes], rest: Iterator[bytes]) -> Iterator[bytes]:
    """What was read of a result already, and then the rest of it."""
    yield from taken
    yield from rest
