"""The consent lane: opt-outs both ways, in a second or two, beside whatever else is done with a connection.

A large run reads, decides and applies for minutes. Beside it this lane looks for boxes ticked in Salesforce, by a query
of its own, and sends boxes ticked here. What it sees goes to the ledger by address, whether the contact is here yet or
not; the run finds the same facts later and agrees.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta

import psycopg

from syncline import clock
from syncline.domain.consent import ConsentField, consent_fields
from syncline.domain.mapping import PERSON_OBJECTS, is_expression
from syncline.domain.shape import ObjectShape
from syncline.errors import RemoteError
from syncline.salesforce.composite import PartResult, query_part
from syncline.salesforce.soql import build_query, datetime_literal
from syncline.store import consent, consent_lane
from syncline.store.consent_lane import Seen
from syncline.store.contact_columns import has_columns
from syncline.store.database import transaction
from syncline.sync.context import SyncContext
from syncline.sync.push import push_lane_held

#: Rows may become visible a little after their stamp; what is later still, the run's own overlap finds.
_OVERLAP = timedelta(minutes=1)
#: Contacts that are let show a fact in one transaction.
_SHOWN_AT_ONCE = 5_000


def work(ctx: SyncContext) -> None:
    """Looks for opt-outs beside the run that is under way, lets contacts show what stands, and sends what waits.

    Raises:
        RemoteError: Salesforce could not be asked or written; what was answered is kept.
        StoreBusy: a large run holds what is needed for the moment; nothing is lost, the next turn does it.
    """
    with closing(ctx.database.connect("consent lane")) as conn:
        run_began = consent_lane.find_run(conn, ctx.connection.id)
        conn.rollback()
    if run_began is not None:
        look(ctx, run_began)
    if not ctx.mapping.approved:
        return
    show(ctx)
    send(ctx)


def look(ctx: SyncContext, run_began: datetime) -> None:
    """Takes into the ledger whose box was ticked in Salesforce since the run began to read."""
    with closing(ctx.database.connect("consent lane")) as conn:
        cursor = consent_lane.load_cursor(conn, ctx.connection.id)
    # By the org's clock, which the query is about.
    now = ctx.salesforce.org_now()
    since = now - (clock.now() - run_began) - _OVERLAP
    if cursor is not None:
        since = max(since, cursor - _OVERLAP)
    seen = list(_ask(ctx, since))
    with closing(ctx.database.connect("consent lane")) as conn, transaction(conn, "consent_seen"):
        facts = consent_lane.take_seen(conn, ctx.connection.id, seen, now, clock.now())
    ctx.counts.add("consent_facts", facts)


def _ask(ctx: SyncContext, since: datetime) -> Iterator[Seen]:
    """Every record that shows a fact and changed since then; all objects in one call, further pages as they come."""
    asked = [
        (shape, fields, address, stamp)
        for name in PERSON_OBJECTS
        if (shape := ctx.shapes.get(name))
        and (stamp := shape.stamp_field)
        and (address := _find_address(ctx, name))
        and (fields := _find_boxes(ctx, shape))
    ]
    if not asked:
        return
    parts = []
    for shape, fields, address, stamp in asked:
        shows = " OR ".join(
            f"{source} = true" if shape.find(source).type == "boolean" else f"{source} != null"  # type: ignore[union-attr]  # found before
            for _, source in fields
        )
        where = f"{stamp} >= {datetime_literal(since)} AND {address} != null AND ({shows})"
        names = list(dict.fromkeys(["Id", address, stamp, *(source for _, source in fields)]))
        parts.append(query_part(shape.name, build_query(shape.name, names, where), all_rows=False))
    results = ctx.salesforce.composite(parts)
    for (shape, fields, address, stamp), result in zip(asked, results, strict=True):
        for record in _records(ctx, result):
            for one, source in fields:
                if record.get(source):
                    kind = (str(one.kind), one.flag, one.field.name)
                    yield Seen(shape.name, record["Id"], record[address], *kind, record[stamp])


def _records(ctx: SyncContext, result: PartResult) -> Iterator[dict[str, str]]:
    page = result.expect_success()
    yield from page["records"]
    next_url = page.get("nextRecordsUrl")
    while next_url:
        further = ctx.salesforce.query_more(next_url)
        yield from further.records
        next_url = None if further.done else further.next_url


def _find_address(ctx: SyncContext, object_name: str) -> str | None:
    """The Salesforce field of the address; none where it is an expression, which no query can be asked for."""
    return next((source for one, source in _plain(ctx, object_name) if one == "email"), None)


def _find_boxes(ctx: SyncContext, shape: ObjectShape) -> list[tuple[ConsentField, str]]:
    sources = dict(_plain(ctx, shape.name))
    fields = [one for one in consent_fields(ctx.mapping) if one.tells]
    return [(one, sources[one.field.name]) for one in fields if one.field.name in sources]


def _plain(ctx: SyncContext, object_name: str) -> Sequence[tuple[str, str]]:
    """Marketing fields of an object that stand for a field of Salesforce, with its name as the org writes it."""
    shape = ctx.shapes[object_name]
    return [
        (field.name, found.name)
        for field, source in ctx.mapping.on(object_name)
        if not is_expression(source) and (found := shape.find(source)) and found.filterable
    ]


def show(ctx: SyncContext) -> None:
    """Lets contacts show what stands for their address, but for those that a run holds at this moment."""
    fields = consent_fields(ctx.mapping)
    with closing(ctx.database.connect("consent lane")) as conn, transaction(conn, "consent_shown"):
        if has_columns(conn, [one.field.name for one in fields]):
            shown = consent.show_standing(conn, fields, ctx.run_id, clock.now(), at_most=_SHOWN_AT_ONCE)
            ctx.counts.add("consent_shown", shown)


def send(ctx: SyncContext) -> None:
    """Sends opt-outs and opt-ins that wait; what cannot be sent now is left to the run, or to a later turn.

    That it was tried is noted after: who dies in between leaves it due at once.
    """
    with closing(ctx.database.connect("consent lane")) as conn:
        newest = consent_lane.find_unsent(conn, ctx.connection.id, clock.now())
        conn.rollback()
        if newest is None:
            return
        try:
            push_lane_held(ctx)
        except RemoteError:
            _note_tried(ctx, conn, newest)
            raise
        _note_tried(ctx, conn, newest)


def _note_tried(ctx: SyncContext, conn: psycopg.Connection, newest: int) -> None:
    with transaction(conn, "consent_tried"):
        consent_lane.note_tried(conn, ctx.connection.id, newest)
