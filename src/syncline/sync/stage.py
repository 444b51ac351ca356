"""Bringing the rows of one read into staging, by Bulk result pages or by REST pages, one transaction per page."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import psycopg

from syncline import clock
from syncline.domain.objects import NOT_IN_BULK
from syncline.domain.reading import FIRST_POLL, LAST_POLL, POLL_GROWTH
from syncline.domain.values import rest_to_text
from syncline.errors import RemoteRefused, RetryLater
from syncline.salesforce.bulk import ResultPage
from syncline.salesforce.failures import LocatorLost
from syncline.salesforce.soql import datetime_literal, put_in_order, quote
from syncline.store import mirror, reads, shaping, staging
from syncline.store.database import transaction
from syncline.store.mirror_table import MirrorTable
from syncline.store.reads import Read
from syncline.store.staging import Position, ValueDoesNotFit
from syncline.sync.context import SyncContext

_FIRST_POLL, _LAST_POLL, _POLL_GROWTH = FIRST_POLL, LAST_POLL, POLL_GROWTH
#: How often one page is asked for before the read is given up until the next run.
_PAGE_TRIES = 4
_PAGE_WAIT = 0.5


class HeaderDiffers(RemoteRefused):
    """A result has other columns than were asked for: the org shows other fields than it did."""


def stage_query(
    ctx: SyncContext, conn: psycopg.Connection, table: MirrorTable, read: Read, total: int | None, *, all_rows: bool
) -> Read:
    """Stages a whole query by the road that suits its size; what Bulk does not read goes by REST, and is counted.

    `all_rows` reads deleted records too. Gives the read as it was done.

    Raises:
        RetryLater: the rows did not come whole.
    """
    if total is None or total > ctx.settings.bulk_threshold:
        started = _start_job(ctx, conn, table, read, all_rows=all_rows)
        staged = stage_bulk(ctx, conn, table, started) if started else None
        if staged:
            return staged
        ctx.counts.add("bulk_fallbacks")
    stage_rest(ctx, conn, table, read, all_rows=all_rows)
    return read


def _start_job(
    ctx: SyncContext, conn: psycopg.Connection, table: MirrorTable, read: Read, *, all_rows: bool
) -> Read | None:
    """Begins a Bulk job and notes it before it is polled; None for an object that Bulk does not read."""
    if table.object_name in NOT_IN_BULK:
        return None
    try:
        job = ctx.salesforce.create_query_job(read.soql, all_rows=all_rows)
    except RemoteRefused:
        return None
    started = replace(read, road="bulk", job_id=job.id)
    with transaction(conn, "job"):
        reads.begin_read(conn, table.connection_id, table.object_name, started)
        _reset(conn, table, typed=mirror.is_to_fill(conn, table))
    return started


def _reset(conn: psycopg.Connection, table: MirrorTable, *, typed: bool) -> None:
    """Makes an empty staging table: with the mirror's types where it is to become the mirror, else of text."""
    place = (conn, table.tables, table.connection_id, table.object_name)
    if typed:
        staging.reset_typed(*place, shaping.definitions(table))
    else:
        staging.reset(*place, table.columns)


def stage_bulk(ctx: SyncContext, conn: psycopg.Connection, table: MirrorTable, read: Read) -> Read | None:
    """Stages the result of a Bulk job from where its staging stands; None where the org has forgotten the job.

    Raises:
        RetryLater: a page did not come whole; what is staged is kept.
        HeaderDiffers: the org shows other fields than were asked for; nothing of the job is kept.
    """
    expected = _wait_for_job(ctx, read.job_id or "")
    if expected is None:
        with transaction(conn, "job"):
            reads.end_read(conn, table.connection_id, table.object_name)
        return None
    position = _resume(ctx, conn, table, expected)
    while not position.finished:
        try:
            position = _stage_page_somehow(ctx, conn, table, read, position)
        except HeaderDiffers:
            # No later page of this job can be better: the next read makes a job of its own.
            with transaction(conn, "job"):
                reads.end_read(conn, table.connection_id, table.object_name)
            raise
        ctx.progress.tick("stage", table.object_name, position.staged, expected)
    if position.staged != expected:
        with transaction(conn, "job"):
            reads.end_read(conn, table.connection_id, table.object_name)
        raise RetryLater(
            f"Salesforce announced {expected:,} {table.object_name} rows and sent {position.staged:,}.",
            operation="read Bulk result",
            remedy="Run the sync again: it reads this object anew.",
        )
    return read


def _wait_for_job(ctx: SyncContext, job_id: str) -> int | None:
    """Polls until the job is complete; gives its number of rows, or None where the org no longer knows it.

    Raises:
        RemoteRefused: the job failed in the org.
    """
    pause = _FIRST_POLL
    while True:
        try:
            job = ctx.salesforce.query_job(job_id)
        except RemoteRefused as refused:
            if refused.status == 404:
                return None
            raise
        if job.state == "JobComplete":
            ctx.progress.mark(f"job complete {job.object}")
            return job.records_processed
        if job.state in ("Failed", "Aborted"):
            ctx.counts.add("bulk_jobs_failed")
            return None
        ctx.progress.checkpoint()
        clock.sleep(pause)
        pause = min(pause * _POLL_GROWTH, _LAST_POLL)


def _resume(ctx: SyncContext, conn: psycopg.Connection, table: MirrorTable, expected: int) -> Position:
    with transaction(conn, "job"):
        reads.expect(conn, table.connection_id, table.object_name, expected)
        position = staging.load_position(conn, table.tables, table.connection_id, table.object_name)
        if position is None:
            _reset(conn, table, typed=mirror.is_to_fill(conn, table))
            position = Position(None, 0, finished=False)
    if position.staged:
        ctx.counts.add("rows_resumed", position.staged)
    return position


def _stage_page_somehow(
    ctx: SyncContext, conn: psycopg.Connection, table: MirrorTable, read: Read, position: Position
) -> Position:
    """Stages one page; where a value does not fit its type, all of them begin again as text, which holds anything."""
    try:
        return _stage_page(ctx, conn, table, read, position)
    except ValueDoesNotFit:
        if not staging.is_typed(conn, table.tables, table.object_name):
            raise
    ctx.counts.add("reads_as_text")
    with transaction(conn, "job"):
        _reset(conn, table, typed=False)
    return Position(None, 0, finished=False)


def _stage_page(
    ctx: SyncContext, conn: psycopg.Connection, table: MirrorTable, read: Read, position: Position
) -> Position:
    """Stages one page with its position, asking again for a page that did not come whole."""
    for attempt in range(1, _PAGE_TRIES + 1):
        try:
            return _try_page(ctx, conn, table, read, position)
        except RetryLater:
            if attempt == _PAGE_TRIES:
                raise
            ctx.counts.add("pages_asked_again")
            clock.sleep(_PAGE_WAIT * attempt)
    raise AssertionError("unreachable")


def _try_page(
    ctx: SyncContext, conn: psycopg.Connection, table: MirrorTable, read: Read, position: Position
) -> Position:
    with (
        transaction(conn, "stage"),
        ctx.salesforce.results(read.job_id or "", locator=position.locator) as page,
    ):
        rows = _copy_page(ctx, conn, table, page)
        after = Position(page.next_locator, position.staged + rows, finished=page.next_locator is None)
        staging.store_position(conn, table.connection_id, table.object_name, after)
    return after


def _copy_page(ctx: SyncContext, conn: psycopg.Connection, table: MirrorTable, page: ResultPage) -> int:
    chunks = iter(page.chunks())
    columns, taken = staging.read_header(chunks)
    if {name.lower() for name in columns} != set(table.columns):
        raise HeaderDiffers(
            f"The result of {table.object_name} has other columns than were asked for: {', '.join(columns)[:200]}.",
            operation="read Bulk result",
            code="INVALID_FIELD",
            remedy="Run the sync again: it asks the org for its fields and reads this object anew.",
        )
    rows = staging.copy_csv(conn, table.tables, table.object_name, columns, _chain(taken, chunks))
    if page.records is not None and rows != page.records:
        raise RetryLater(
            f"A page of {table.object_name} announced {page.records:,} rows and held {rows:,}.",
            operation="read Bulk result",
        )
    return rows


def _chain(taken: Iterable[bytes], rest: Iterator[bytes]) -> Iterator[bytes]:
    yield from taken
    yield from rest


def stage_rest(ctx: SyncContext, conn: psycopg.Connection, table: MirrorTable, read: Read, *, all_rows: bool) -> None:
    """Stages a read by REST pages, in the order of (stamp, Id).

    The place in a result ends with the session that made it (L44): the query then goes on behind the last row that is
    staged, as often as it takes, since each time comes further.

    Raises:
        RetryLater: the pages did not hold as many rows as the org announced.
        LocatorLost: the place was lost, and the org does not put this object in order.
    """
    with transaction(conn, "job"):
        reads.begin_read(conn, table.connection_id, table.object_name, read)
        _reset(conn, table, typed=False)
    keys = _order_keys(table)
    reached = _Reached(0, None)
    while True:
        begun_at = reached
        try:
            for after_page in _stage_rest_pages(ctx, conn, table, read, keys, begun_at, all_rows=all_rows):
                reached = after_page
        except LocatorLost:
            if reached.after is None or reached == begun_at:
                raise
            ctx.counts.add("queries_continued")
        else:
            return


@dataclass(frozen=True)
class _Reached:
    """How far a query is staged: rows, and the keys of the last one as SOQL writes them; none where it has no order."""

    staged: int
    after: tuple[str, ...] | None


def _order_keys(table: MirrorTable) -> list[str]:
    """By what a query is put in order: the stamp, where it is read, and the Id; none where the org takes no order."""
    found = table.shape.find("Id")
    if found is None or not (found.filterable and found.sortable):
        return []
    read = {one.name for one in table.fields}
    return [one for one in (table.shape.stamp_field, found.name) if one in read]


def _stage_rest_pages(
    ctx: SyncContext,
    conn: psycopg.Connection,
    table: MirrorTable,
    read: Read,
    keys: Sequence[str],
    reached: _Reached,
    *,
    all_rows: bool,
) -> Iterator[_Reached]:
    """Stages page after page behind what is reached; gives how far it is after each."""
    names = [one.name for one in table.fields]
    soql = put_in_order(read.soql, keys, reached.after) if keys else read.soql
    staged, total, next_url = reached.staged, None, None
    while total is None or next_url:
        page = ctx.salesforce.query_more(next_url) if next_url else ctx.salesforce.query(soql, all_rows=all_rows)
        total = reached.staged + page.total_size
        _check_names(table, names, page.records)
        rows = ([rest_to_text(record[name]) for name in names] for record in page.records)
        with transaction(conn, "stage"):
            staged += staging.copy_rows(conn, table.tables, table.object_name, table.columns, rows)
            position = Position(page.next_url, staged, finished=page.done)
            staging.store_position(conn, table.connection_id, table.object_name, position)
        ctx.progress.tick("stage", table.object_name, staged, total)
        next_url = None if page.done else page.next_url
        after = _literals(table, keys, page.records[-1]) if keys and page.records else None
        # Two pages at once would be most of what a small sync holds in memory.
        del page, rows
        yield _Reached(staged, after)
    if staged < total:
        raise RetryLater(
            f"Salesforce announced {total:,} {table.object_name} rows and sent {staged:,}.",
            operation="query",
            remedy="Run the sync again: it reads this object anew.",
        )


def _check_names(table: MirrorTable, names: Sequence[str], records: Sequence[Mapping[str, Any]]) -> None:
    """A field that a page leaves out is not blank: the right to see it may have gone between two pages."""
    absent = [name for name in names if records and name not in records[0]]
    if absent:
        raise HeaderDiffers(
            f"A page of {table.object_name} lacks fields that were asked for: {', '.join(absent)[:200]}.",
            operation="query",
            code="INVALID_FIELD",
            remedy="Run the sync again: it asks the org for its fields and reads this object anew.",
        )


def _literals(table: MirrorTable, keys: Sequence[str], record: Mapping[str, Any]) -> tuple[str, ...]:
    """The keys of a record as SOQL writes them."""
    return tuple(
        datetime_literal(datetime.fromisoformat(record[key])) if key == table.shape.stamp_field else quote(record[key])
        for key in keys
    )
