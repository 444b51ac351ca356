"""Consent in a sync: what records show goes to the ledger before anything is decided, what stands goes to every contact
of its address before anything is sent.
"""

from contextlib import closing

import psycopg

from syncline import clock
from syncline.domain.consent import FactKind, consent_fields
from syncline.domain.mapping import Policy
from syncline.errors import OperatorError
from syncline.store import consent, issues
from syncline.store.consent_lane import lock_ledger
from syncline.store.database import transaction
from syncline.store.decisions import Scope
from syncline.store.issues import Issue
from syncline.sync.context import SyncContext


def note_read(ctx: SyncContext, conn: psycopg.Connection, scope: Scope) -> None:
    """Takes what the records that are decided about show into the ledger, whether they have a contact or not."""
    lock_ledger(conn)
    consent.note_read(conn, scope, consent_fields(ctx.mapping), clock.now())


def show_standing(ctx: SyncContext, scope: Scope) -> None:
    """Lets every contact show what stands for its address; tells of boxes that somebody cleared in Salesforce."""
    fields = consent_fields(ctx.mapping)
    with closing(ctx.database.connect("consent")) as conn, transaction(conn, "consent"):
        shown = consent.show_standing(conn, fields, ctx.run_id, clock.now())
        for one in fields:
            if one.field.policy is Policy.STRICTER:
                for found in consent.find_cleared_there(conn, scope, one):
                    issues.open_issue(conn, ctx.connection.id, ctx.run_id, _describe_cleared(*found), clock.now())
    ctx.counts.add("consent_shown", shown)


def opt_in(ctx: SyncContext, scope: Scope, address: str, *, source: str, evidence: str) -> int:
    """Lets an address be mailed again, with evidence; gives the number of contacts whose box is cleared.

    Boxes that we had ticked in Salesforce are cleared there with the next sending.

    Raises:
        OperatorError: the address is not opted out, or somebody ticked the box of a record in Salesforce itself.
    """
    with closing(ctx.database.connect("consent")) as conn, transaction(conn, "opt_in"):
        standing = consent.load_standing(conn, address)
        if not standing.opted_out and not standing.complained:
            raise OperatorError(f"{address} is not opted out.", remedy="There is nothing to lift.")
        boxes = [one for one in consent_fields(ctx.mapping) if one.kind is FactKind.OPT_OUT and one.is_box]
        ticked = [found for one in boxes for found in consent.find_ticked_there(conn, scope, one, address)]
        if ticked:
            records = ", ".join(f"{name} {record_id}" for name, record_id in ticked)
            raise OperatorError(
                f"{address} is opted out in Salesforce itself: {records}.",
                remedy="Clear the box there, sync, then opt the address in here.",
            )
        consent.add_fact(conn, address, FactKind.OPT_IN, source=source, evidence=evidence, now=clock.now())
        return consent.clear_shown(conn, address, boxes, source=source, now=clock.now())


def clear_bounce(ctx: SyncContext, scope: Scope, address: str, *, source: str, evidence: str) -> int:
    """Lets an address be mailed again that bounced; gives the number of contacts that no longer show it.

    What shows it in Salesforce is cleared with the next sending, where the mapping sends it.

    Raises:
        OperatorError: a record shows it in a field that is not cleared from here: the next read would tell it again.
    """
    fields = [one for one in consent_fields(ctx.mapping) if one.kind is FactKind.HARD_BOUNCE]
    with closing(ctx.database.connect("consent")) as conn, transaction(conn, "clear_bounce"):
        kept = [one for one in fields if one.tells and not one.can_be_cleared_there]
        shown = [
            (one.field.name, found) for one in kept for found in consent.find_shown_there(conn, scope, one, address)
        ]
        if shown:
            records = ", ".join(f"{name} {record_id} ({field})" for field, (name, record_id) in shown)
            raise OperatorError(
                f"{address} bounces in Salesforce itself: {records}.",
                remedy="Clear it there and sync, or let the mapping clear it:"
                f" `syncline map set {shown[0][0]} --direction both --blank clear`.",
            )
        consent.add_fact(conn, address, FactKind.BOUNCE_CLEARED, source=source, evidence=evidence, now=clock.now())
        return consent.clear_shown(conn, address, fields, source=source, now=clock.now())


def _describe_cleared(object_name: str, record_id: str, contact_id: int, field: str, who: str | None) -> Issue:
    return Issue(
        code="OPT_OUT_CLEARED",
        message=f"User {who or 'unknown'} cleared the box in Salesforce; what stands for the address ticks it again.",
        remedy="If the person agreed: `syncline consent opt-in ADDRESS --evidence ...`.",
        direction="consent",
        object=object_name,
        record_id=record_id,
        contact_id=contact_id,
        field=field,
    )
