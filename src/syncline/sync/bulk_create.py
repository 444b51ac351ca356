"""Creating many Leads by Bulk jobs, each of which may outlive the process that began it; never twice.

Where the org has a field for our id, a job upserts by ids that are committed first, so it may be sent again. Where it
has none, what is about to be sent is committed as intents; what no result tells of is settled by a search.
What a job refuses goes on waiting, and collections, which can do more about a refusal, take it up.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from typing import Any

import psycopg

from syncline.domain.mapping import LEAD, Lane
from syncline.domain.sending import CREATE_JOB_ROWS
from syncline.errors import RemoteRefused
from syncline.salesforce.bulk_ingest import BulkIngest, ResultKind
from syncline.salesforce.soql import build_query, quote
from syncline.store import bulk_creates, bulk_writes, outbox, staging
from syncline.store.bulk_creates import NewRow, Settled
from syncline.store.bulk_writes import BulkWrite
from syncline.store.database import transaction
from syncline.store.targets import Target
from syncline.sync.bulk_push import chain, wait_for_job
from syncline.sync.context import SyncContext
from syncline.sync.duplicates import Attempt

#: Bytes of one job. A job takes more; but its rows are held in memory until its results are here.
_MOST_BYTES = 20_000_000
_PIECE_ROWS = 500
#: What Bulk's CSV takes for null ("Prepare CSV Files", Bulk API 2.0 Developer Guide).
_NULL = "#N/A"


def find_assignment_rule(ctx: SyncContext) -> str | None:
    """The Id of the active rule that new Leads go through; '' where they go through none, None where it is not shown.

    A job runs an assignment rule only where it is named (Bulk API 2.0 Developer Guide, assignmentRuleId).

    Raises:
        RemoteError: the org could not be asked.
    """
    if not ctx.mapping.assignment_rules:
        return ""
    soql = build_query("AssignmentRule", ["Id"], where=f"SobjectType = {quote(LEAD)} AND Active = true")
    try:
        records = ctx.salesforce.query(soql).records
    except RemoteRefused:
        return None
    return str(records[0]["Id"]) if records else ""


def choose_rows(attempts: Sequence[Attempt], key: str | None) -> list[NewRow]:
    """The Leads that one job can carry: each with a mark of its own, no value that a job takes for null, and together
    not too large.
    """
    rows: dict[str, NewRow] = {}
    size = 0
    for one in attempts:
        mark = str(one.record.get(key or "Email") or "")
        texts = [_encode(value) for value in one.record.values()]
        size += sum(len(text.encode()) + 3 for text in texts)
        if size > _MOST_BYTES or len(rows) == CREATE_JOB_ROWS:
            break
        if mark and mark.lower() not in rows and _NULL not in texts:
            rows[mark.lower()] = NewRow(one.new.contact_id, one.new.version, mark, one.record)
    return list(rows.values())


def create_rows(
    ctx: SyncContext,
    conn: psycopg.Connection,
    target: Target,
    rows: Sequence[NewRow],
    key: str | None,
    rule: str,
    written_at: datetime,
) -> Settled | None:
    """Creates these Leads by one job; None where Bulk does not create Leads here, and nothing was sent.

    The caller stores what was created, and then forgets the upload (`forget`), in one transaction.

    Raises:
        RemoteError: the job cannot be followed now; the next run settles it.
    """
    ingest = BulkIngest(ctx.salesforce)
    with transaction(conn, "bulk_create_rows"):
        write_id = bulk_creates.begin(conn, target, ctx.run_id, rows)
    try:
        job = ingest.create(LEAD, "upsert" if key else "insert", key, assignment_rule=rule or None)
    except RemoteRefused:
        ctx.counts.add("bulk_fallbacks")
        with transaction(conn, "bulk_create_over"):
            bulk_writes.forget(conn, write_id)
        return None
    with transaction(conn, "bulk_create_job"):
        bulk_writes.note_job(conn, write_id, job.id, written_at)
    ingest.upload(job.id, lambda: build_csv([one.record for one in rows]))
    ingest.complete(job.id)
    write = BulkWrite(write_id, LEAD, Lane.CREATE.rank, job.id, written_at)
    return read_settled(ctx, conn, write, key, len(rows))


def read_settled(ctx: SyncContext, conn: psycopg.Connection, write: BulkWrite, key: str | None, rows: int) -> Settled:
    """Waits for a job and reads what became of its rows: nothing is known of them where the org has forgotten it."""
    ingest = BulkIngest(ctx.salesforce)
    assert write.job_id is not None
    job = wait_for_job(ctx, ingest, write.job_id, rows)
    if job is None:
        return Settled(write.id, {}, [])
    ctx.counts.add("bulk_create_jobs")
    if job.state != "JobComplete":
        ctx.counts.add("bulk_jobs_failed")
    bulk_creates.begin_results(conn)
    for kind in ResultKind:
        with ingest.result(job.id, kind) as page:
            chunks = iter(page.chunks())
            columns, taken = staging.read_header(chunks)
            bulk_creates.copy_result(conn, kind, key or "Email", columns, chain(taken, chunks))
    settled = bulk_creates.read_results(conn, write.id)
    conn.rollback()
    return settled


def list_open(ctx: SyncContext) -> list[BulkWrite]:
    """Creating jobs of earlier runs that are not settled."""
    with closing(ctx.database.connect("bulk")) as conn:
        return [one for one in bulk_writes.list_open(conn, ctx.connection.id) if one.lane == Lane.CREATE.rank]


def give_up_unstarted(ctx: SyncContext, conn: psycopg.Connection, write: BulkWrite) -> bool:
    """Forgets a job that was never started: it created nothing; whether it was so.

    Raises:
        RemoteError: the job cannot be asked about now.
    """
    ingest = BulkIngest(ctx.salesforce)
    if write.job_id:
        job = ingest.find(write.job_id)
        if job is None or job.state != "Open":
            return False
        ingest.abort(write.job_id)
    with transaction(conn, "bulk_create_over"):
        outbox.drop_intents(conn, bulk_creates.list_contacts(conn, write.id))
        bulk_writes.forget(conn, write.id)
    return True


def build_csv(records: Sequence[Mapping[str, Any]]) -> Iterator[bytes]:
    """Records as CSV with CRLF, piece by piece; what a record does not have is empty, which sets nothing."""
    names = sorted({name for record in records for name in record})
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writerow(names)
    for start in range(0, len(records), _PIECE_ROWS):
        some = records[start : start + _PIECE_ROWS]
        writer.writerows([_encode(record.get(name)) for name in names] for record in some)
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()


def _encode(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
