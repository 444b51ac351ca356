"""Contacts that are to become Leads and are in the org already: found by address, and linked instead of created."""

from collections.abc import Sequence

import psycopg

from syncline import clock
from syncline.domain.mapping import CONTACT, LEAD
from syncline.domain.matching import Candidate, choose_record
from syncline.domain.outcomes import RowError
from syncline.domain.sending import Next
from syncline.salesforce.composite import query_part
from syncline.salesforce.failures import find_sentence
from syncline.salesforce.soql import build_query, quote_list
from syncline.store import outbox, refusals
from syncline.store.database import transaction
from syncline.store.outbox import NewLead
from syncline.store.refusals import Failed
from syncline.sync.context import SyncContext
from syncline.sync.push import build_target


def link_known(ctx: SyncContext, conn: psycopg.Connection, new: Sequence[NewLead]) -> list[NewLead]:
    """Links whoever is in the org already; gives the others."""
    if not new:
        return []
    candidates = _find_candidates(ctx, conn, [one.email.lower() for one in new if one.email])
    missing, chosen = [], []
    for one in new:
        found = choose_record(one.contact_id, candidates.get((one.email or "").lower(), []), ctx.mapping.ambiguous)
        if found.record is not None:
            chosen.append((one, found.record))
        elif found.ambiguous:
            _tell_ambiguous(ctx, conn, one, found.ambiguous)
        else:
            missing.append(one)
    link_found(ctx, conn, chosen, "found by address instead of created")
    return missing


def link_found(
    ctx: SyncContext, conn: psycopg.Connection, chosen: Sequence[tuple[NewLead, Candidate]], rule: str
) -> None:
    """Links contacts to records that are there already; one that is another contact's is told."""
    fields = [field.name for field in ctx.mapping.fields]
    taken: set[str] = set()
    for one, found in chosen:
        with transaction(conn, "link"):
            if found.linked_to not in (None, one.contact_id) or found.record_id in taken:
                _tell_known(ctx, conn, one, found)
                continue
            taken.add(found.record_id)
            target = build_target(ctx, found.object_name)
            records = {one.contact_id: found.record_id}
            outbox.note_found(conn, target, records, fields, run_id=ctx.run_id, now=clock.now(), rule=rule)
            ctx.counts.add("linked_on_create")


def _find_candidates(ctx: SyncContext, conn: psycopg.Connection, emails: Sequence[str]) -> dict[str, list[Candidate]]:
    """Records with these addresses, from the mirror and from a fresh search."""
    found: dict[str, dict[str, Candidate]] = {}
    names = [name for name in (CONTACT, LEAD) if name in ctx.shapes]
    for name in names:
        for email, record_id, contact_id, created in outbox.find_known(conn, build_target(ctx, name), emails):
            stamp = created.isoformat() if created else ""
            found.setdefault(email, {})[record_id] = Candidate(name, record_id, stamp, contact_id)
    conn.rollback()
    where = f"Email IN {quote_list(emails)}"
    parts = []
    for name in names:
        living = f"{where} AND IsConverted = false" if ctx.shapes[name].find("IsConverted") else where
        soql = build_query(name, ["Id", "Email", "CreatedDate"], where=living)
        parts.append(query_part(name, soql, all_rows=False))
    for result in ctx.salesforce.composite(parts):
        records = result.expect_success()["records"]
        links = outbox.find_links(conn, build_target(ctx, result.reference_id), [one["Id"] for one in records])
        for one in records:
            known = Candidate(result.reference_id, one["Id"], one["CreatedDate"], links.get(one["Id"]))
            found.setdefault(one["Email"].lower(), {}).setdefault(one["Id"], known)
    conn.rollback()
    return {email: list(records.values()) for email, records in found.items()}


def _tell_known(ctx: SyncContext, conn: psycopg.Connection, one: NewLead, found: Candidate) -> None:
    message = f"{one.email} is {found.object_name} {found.record_id} already, which belongs to another contact."
    park(ctx, conn, one, RowError("ALREADY_KNOWN", message, ()), "Merge the two contacts, or change the address.")


def _tell_ambiguous(ctx: SyncContext, conn: psycopg.Connection, one: NewLead, several: Sequence[Candidate]) -> None:
    records = ", ".join(f"{found.object_name} {found.record_id}" for found in several)
    message = f"{one.email} may be any of these: {records}."
    remedy = "Merge them in Salesforce, or let one be taken: `syncline map rules --ambiguous oldest`."
    with transaction(conn, "create"):
        park(ctx, conn, one, RowError("AMBIGUOUS_MATCH", message, ()), remedy)


def park(
    ctx: SyncContext, conn: psycopg.Connection, one: NewLead, error: RowError, remedy: str, field: str = ""
) -> None:
    """A new Lead waits for a person, with the reason and the remedy."""
    failed = Failed(
        contact_id=one.contact_id,
        record_id="",
        version=one.version,
        code=error.code,
        message=error.message or find_sentence(error.code),
        remedy=remedy,
        names=(field,) if field else (),
        next=str(Next.PARK),
    )
    refusals.settle_failed(conn, build_target(ctx, LEAD), [failed], run_id=ctx.run_id, now=clock.now())
    ctx.counts.add("push_parked")
