"""What follows the creation of a record in Salesforce: its link, its mirror row, and what the org set by itself."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import psycopg

from syncline import clock
from syncline.domain.mapping import LEAD
from syncline.domain.values import rest_to_text
from syncline.store import outbox
from syncline.store.database import transaction
from syncline.store.targets import Target
from syncline.sync.context import SyncContext
from syncline.sync.fields import read_fields
from syncline.sync.push import build_target

#: Seconds within which an org shows what it has just created, and until the second look.
_SHOWN_WITHIN, _FIRST_LOOK = 10.0, 0.5
#: Contact → the record it became, and what was sent.
Created = Mapping[int, tuple[str, Mapping[str, Any]]]
Gathered = dict[int, tuple[str, Mapping[str, Any]]]


def external_id(ctx: SyncContext, target: Target) -> str | None:
    """The org's field for our id, where it can be used as a key."""
    found = target.shape.find(ctx.mapping.external_id_field or "")
    return found.name if found and found.external_id and found.createable else None


def note_created(
    ctx: SyncContext, conn: psycopg.Connection, target: Target, created: Created, written_at: datetime
) -> None:
    """Contacts that became records are linked and logged; what waits of them waits as a change from now on."""
    outbox.note_created(
        conn,
        target,
        created,
        [field.name for field in ctx.mapping.fields],
        run_id=ctx.run_id,
        written_at=written_at,
        now=clock.now(),
        rule="added here, found nowhere",
    )
    ctx.counts.add("created_in_salesforce", len(created))


def take_what_was_set(ctx: SyncContext, conn: psycopg.Connection, created: Created) -> None:
    """Takes what the org set by itself on new records (status, owner, dates).

    An org may take some seconds to show them; those it does not show in time come with the next read.
    """
    target = build_target(ctx, LEAD)
    fields = [one.name for one in read_fields(target.shape, ctx.mapping)]
    # The stamp stays open: the next read completes the record, whatever happened to it meanwhile.
    fields = [name for name in fields if name not in ("Id", "IsDeleted", target.shape.stamp_field)]
    left, deadline, wait = dict(created), clock.monotonic() + _SHOWN_WITHIN, _FIRST_LOOK
    while left:
        some = dict(list(left.items())[: ctx.settings.look_rows])
        records = ctx.salesforce.retrieve(LEAD, [record_id for record_id, _ in some.values()], fields)
        filled = {
            contact_id: (record_id, _read_texts(record, sent))
            for (contact_id, (record_id, sent)), record in zip(some.items(), records, strict=True)
            if record is not None
        }
        with transaction(conn, "filled"):
            outbox.note_filled(
                conn, target, ctx.mapped(LEAD), filled, origin=ctx.origin, run_id=ctx.run_id, now=clock.now()
            )
        left = {contact_id: one for contact_id, one in left.items() if contact_id not in filled}
        if left and not filled:
            if clock.monotonic() > deadline:
                return
            clock.sleep(wait)
            wait *= 1.5


def _read_texts(record: Mapping[str, Any], sent: Mapping[str, Any]) -> dict[str, str]:
    known = {"attributes", *(name.lower() for name in sent)}
    texts = {name: rest_to_text(value) for name, value in record.items() if name.lower() not in known}
    return {name: text for name, text in texts.items() if text is not None and name != "Id"}
