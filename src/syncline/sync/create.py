"""Creating Leads from contacts, never twice: whoever is in the org already is linked instead.

Where the org has a field for our id, a Lead is upserted by an id that is committed here first, and a lost answer is
simply asked again. Where it has none, what is about to be sent is committed as an intent; a lost answer is settled by
a search, and an intent that finds nothing waits until the org surely shows what it has.
"""

import random
import uuid
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from typing import Any

import psycopg

from syncline import clock
from syncline.domain.mapping import LEAD, MappedField
from syncline.domain.mapping_options import DuplicatePolicy, PushGuard
from syncline.domain.outcomes import RowAction, RowError, RowResult
from syncline.domain.sending import CREATE_JOB_ROWS, build_wait
from syncline.domain.shape import TEXT_TYPES
from syncline.domain.values import text_to_json
from syncline.errors import ConnectionBroken, LimitReached
from syncline.salesforce.failures import classify_row, find_remedy, find_sentence
from syncline.store import outbox
from syncline.store.database import transaction
from syncline.store.outbox import NewLead
from syncline.store.targets import Target
from syncline.sync import bulk_create
from syncline.sync.context import SyncContext
from syncline.sync.created import Gathered, external_id, note_created, take_what_was_set
from syncline.sync.duplicates import DUPLICATES_DETECTED, Attempt, ask_again, choose_matches, shorten
from syncline.sync.intents import settle_job
from syncline.sync.known import link_found, link_known, park
from syncline.sync.push import build_target

#: How often a Lead is sent, each time without the fields that were refused.
_TRIES = 3
_UNKNOWN = RowError("UNKNOWN", "Salesforce gave no reason.", ())


def create_in_salesforce(ctx: SyncContext) -> None:
    """Finds or creates the Leads of contacts that are to have one.

    Raises:
        RemoteError: sending cannot go on; what was answered is kept.
    """
    if LEAD not in ctx.shapes or not ctx.shapes[LEAD].createable:
        return
    target = build_target(ctx, LEAD)
    fields = [field for field, _ in ctx.mapped(LEAD)]
    after = 0
    created: Gathered = {}
    with closing(ctx.database.connect("create")) as conn:
        if outbox.count_new_leads(conn, clock.now()) > ctx.settings.bulk_send_rows:
            _create_by_jobs(ctx, conn, target, fields)
        while new := outbox.load_new_leads(conn, fields, after, ctx.settings.send_rows, clock.now()):
            after = new[-1].contact_id
            unsettled = outbox.find_intended(conn, [one.contact_id for one in new])
            conn.rollback()
            missing = link_known(ctx, conn, [one for one in new if one.contact_id not in unsettled])
            attempts = [attempt for one in missing if (attempt := _prepare(ctx, conn, target, one))]
            created |= _create(ctx, conn, target, attempts)
        conn.rollback()
        take_what_was_set(ctx, conn, created)


def _create_by_jobs(ctx: SyncContext, conn: psycopg.Connection, target: Target, fields: Sequence[MappedField]) -> None:
    """Creates many Leads by Bulk jobs; what they refuse, and a rest that is not many, is left to collections."""
    key, rule, after = external_id(ctx, target), bulk_create.find_assignment_rule(ctx), 0
    while rule is not None:
        new = outbox.load_new_leads(conn, fields, after, CREATE_JOB_ROWS, clock.now())
        if len(new) <= ctx.settings.bulk_send_rows:
            break
        after = new[-1].contact_id
        unsettled = outbox.find_intended(conn, [one.contact_id for one in new])
        conn.rollback()
        free = [one for one in new if one.contact_id not in unsettled]
        missing: list[NewLead] = []
        for start in range(0, len(free), ctx.settings.send_rows):
            missing += link_known(ctx, conn, free[start : start + ctx.settings.send_rows])
        attempts = [attempt for one in missing if (attempt := _prepare(ctx, conn, target, one))]
        if not _create_by_job(ctx, conn, target, attempts, key, rule):
            break
    conn.rollback()


def _create_by_job(
    ctx: SyncContext,
    conn: psycopg.Connection,
    target: Target,
    attempts: Sequence[Attempt],
    key: str | None,
    rule: str,
) -> bool:
    """Sends as many of these as one job carries; whether a job took them."""
    written_at = ctx.salesforce.org_now()
    if key:
        attempts = _announce(ctx, conn, target, attempts, key, written_at)
    rows = bulk_create.choose_rows(attempts, key)
    if len(rows) <= ctx.settings.bulk_send_rows:
        return False
    chosen = {row.contact_id for row in rows}
    if not key:
        _announce(ctx, conn, target, [one for one in attempts if one.new.contact_id in chosen], None, written_at)
    settled = bulk_create.create_rows(ctx, conn, target, rows, key, rule, written_at)
    if settled is None:
        with transaction(conn, "create"):
            outbox.drop_intents(conn, list(chosen))
        return False
    settle_job(ctx, conn, target, settled, written_at)
    return True


def _prepare(ctx: SyncContext, conn: psycopg.Connection, target: Target, one: NewLead) -> Attempt | None:
    """The record to send; None where a value does not fit, which becomes an issue."""
    record: dict[str, Any] = {}
    for field, source in ctx.mapped(LEAD):
        shape = target.shape.find(source)
        text = one.values.get(field.name)
        if text is None or shape is None or not shape.createable or _is_kept_back(field):
            continue
        if shape.type in TEXT_TYPES and 0 < shape.length < len(text):
            message = f"{field.name} has {len(text)} characters, Salesforce takes {shape.length}"
            with transaction(conn, "create"):
                error = RowError("STRING_TOO_LONG", message, ())
                park(ctx, conn, one, error, "Shorten the value; a further edit sends it again.", field.name)
            return None
        record[shape.name] = text_to_json(field.to_salesforce(text), shape)
    for name, filler in ctx.mapping.fillers:
        shape = target.shape.find(name)
        if shape and shape.createable:
            record.setdefault(shape.name, filler)
    return Attempt(one, record)


def _is_kept_back(field: MappedField) -> bool:
    """Whether a value stays here even though the record is new: by its guard. By the address it is found again."""
    return field.guard is PushGuard.NEVER and field.name != "email"


def _create(ctx: SyncContext, conn: psycopg.Connection, target: Target, attempts: Sequence[Attempt]) -> Gathered:
    """Sends new Leads; those that are refused for fields they can do without are sent again without them."""
    created: Gathered = {}
    for _ in range(_TRIES):
        if not attempts:
            break
        written_at = ctx.salesforce.org_now()
        key = external_id(ctx, target)
        sent = _announce(ctx, conn, target, attempts, key, written_at)
        results = _send(ctx, sent, key)
        answered = list(zip(sent, results, strict=True))
        doubles = [pair for pair in answered if _is_double(ctx, pair[1])]
        if doubles:
            # Told by a call for single records: collections do not say which records they are.
            again = _announce(ctx, conn, target, [attempt for attempt, _ in doubles], key, written_at)
            answered = [pair for pair in answered if pair not in doubles]
            answered += ask_again(ctx, again, key)
        attempts = _settle(ctx, conn, target, answered, written_at, created)
    return created


def _announce(
    ctx: SyncContext,
    conn: psycopg.Connection,
    target: Target,
    attempts: Sequence[Attempt],
    key: str | None,
    written_at: datetime,
) -> list[Attempt]:
    """Commits what settles a lost answer: the external ids, or what is about to be sent."""
    if key:
        keys = {one.new.contact_id: one.new.external_key or str(uuid.uuid4()) for one in attempts}
        with transaction(conn, "create_keys"):
            # Another process may have given them first (L15).
            keys = outbox.give_keys(conn, keys)
        return [Attempt(one.new, {**one.record, key: keys[one.new.contact_id]}) for one in attempts]
    with transaction(conn, "create_intents"):
        intents = {one.new.contact_id: one.record for one in attempts}
        outbox.write_intents(conn, target, intents, written_at)
    return list(attempts)


def _send(ctx: SyncContext, sent: Sequence[Attempt], key: str | None) -> list[RowResult]:
    records = [one.record for one in sent]
    assign, allow = ctx.mapping.assignment_rules, ctx.mapping.duplicates is DuplicatePolicy.ALLOW
    if key:
        return ctx.salesforce.upsert(LEAD, key, records, auto_assign=assign, allow_duplicates=allow)
    return ctx.salesforce.create(LEAD, records, auto_assign=assign, allow_duplicates=allow)


def _is_double(ctx: SyncContext, result: RowResult) -> bool:
    """A duplicate rule found a record that is to be linked, and it was not told which."""
    error = _first(result)
    told = ctx.mapping.duplicates is DuplicatePolicy.LINK and error.code == DUPLICATES_DETECTED
    return not result.success and told and not error.matches


def _settle(
    ctx: SyncContext,
    conn: psycopg.Connection,
    target: Target,
    answered: Sequence[tuple[Attempt, RowResult]],
    written_at: datetime,
    created: Gathered,
) -> list[Attempt]:
    """Stores what was answered, adds to what was created, and gives what is to be sent again with fewer fields."""
    new = {one.new.contact_id: (str(result.id), one.record) for one, result in answered if result.success}
    refused = [(one, _first(result)) for one, result in answered if not result.success]
    shorter = {one.new.contact_id: rest for one, error in refused if (rest := shorten(ctx, one, error))}
    linked = choose_matches(ctx, conn, [(one.new, error) for one, error in refused])
    final = [
        (one.new, error)
        for one, error in refused
        if one.new.contact_id not in shorter and one.new.contact_id not in {new.contact_id for new, _ in linked}
    ]
    with transaction(conn, "create"):
        if new:
            note_created(ctx, conn, target, new, written_at)
        for one, error in final:
            _refuse(ctx, conn, one, error)
        # Refused in so many words: nothing was created, and nothing needs to be looked for.
        outbox.drop_intents(conn, [one.new.contact_id for one, _ in refused])
    link_found(ctx, conn, linked, "found by a duplicate rule instead of created")
    created |= new
    ctx.counts.add("create_failed", len(final))
    for _, error in final:
        _raise_if_over(error)
    return list(shorter.values())


def _raise_if_over(error: RowError) -> None:
    action, remedy = classify_row(error.code), find_remedy(error.code)
    text = f"Salesforce refuses to create: {error.message or find_sentence(error.code)}"
    if action is RowAction.STOP_CONNECTION:
        raise ConnectionBroken(text, operation="create", code=error.code, remedy=remedy)
    if action is RowAction.PAUSE:
        raise LimitReached(text, operation="create", code=error.code, remedy=remedy)


def _refuse(ctx: SyncContext, conn: psycopg.Connection, one: NewLead, error: RowError) -> None:
    if classify_row(error.code) is RowAction.RETRY:
        wait = build_wait(outbox.load_attempts(conn, [one.contact_id]), random.random())  # noqa: S311  # jitter
        outbox.defer(conn, {one.contact_id: error.message}, clock.now() + wait)
        return
    park(ctx, conn, one, error, find_remedy(error.code))


def _first(result: RowResult) -> RowError:
    return result.errors[0] if result.errors else _UNKNOWN
