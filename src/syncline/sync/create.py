"""Creating Leads from contacts, never twice: whoever is in the org already is linked instead.

Where the org has a field for our id, a Lead is upserted by an id that is committed here first, and a lost answer is
simply asked again. Where it has none, what is about to be sent is committed as an intent; a lost answer is settled by
a search, and an intent that finds nothing waits until the org surely shows what it has.
"""

import random
import uuid
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import psycopg

from syncline import clock
from syncline.domain.mapping import LEAD, MappedField
from syncline.domain.mapping_options import DuplicatePolicy, PushGuard
from syncline.domain.outcomes import RowAction, RowError, RowResult
from syncline.domain.sending import build_wait
from syncline.domain.shape import TEXT_TYPES
from syncline.domain.values import rest_to_text, text_to_json
from syncline.errors import ConnectionBroken, LimitReached
from syncline.salesforce.failures import classify_row, find_remedy, find_sentence
from syncline.salesforce.soql import build_query, datetime_literal, quote, quote_list
from syncline.store import outbox
from syncline.store.database import transaction
from syncline.store.outbox import Intent, NewLead
from syncline.store.targets import Target
from syncline.sync.context import SyncContext
from syncline.sync.duplicates import DUPLICATES_DETECTED, Attempt, ask_again, choose_matches, shorten
from syncline.sync.fields import read_fields
from syncline.sync.known import link_found, link_known, park
from syncline.sync.push import build_target

#: Salesforce's clock and ours may differ by this much around an intent's time.
_SKEW = timedelta(minutes=1)
#: Seconds within which an org shows what it has just created, and until the second look.
_SHOWN_WITHIN, _FIRST_LOOK = 10.0, 0.5
#: How often a Lead is sent, each time without the fields that were refused.
_TRIES = 3
_UNKNOWN = RowError("UNKNOWN", "Salesforce gave no reason.", ())

#: Contact → the record it became, and what was sent.
_Created = dict[int, tuple[str, Mapping[str, Any]]]


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
    created: _Created = {}
    with closing(ctx.database.connect("create")) as conn:
        while new := outbox.load_new_leads(conn, fields, after, ctx.settings.send_rows, clock.now()):
            after = new[-1].contact_id
            unsettled = outbox.find_intended(conn, [one.contact_id for one in new])
            conn.rollback()
            missing = link_known(ctx, conn, [one for one in new if one.contact_id not in unsettled])
            attempts = [attempt for one in missing if (attempt := _prepare(ctx, conn, target, one))]
            created |= _create(ctx, conn, target, attempts)
        conn.rollback()
        _take_what_was_set(ctx, conn, created)


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
                _note_created(ctx, conn, build_target(ctx, LEAD), created, intents[0].written_at)
            outbox.drop_intents(conn, safe)
        _take_what_was_set(ctx, conn, created)


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


def _create(ctx: SyncContext, conn: psycopg.Connection, target: Target, attempts: Sequence[Attempt]) -> _Created:
    """Sends new Leads; those that are refused for fields they can do without are sent again without them."""
    created: _Created = {}
    for _ in range(_TRIES):
        if not attempts:
            break
        written_at = ctx.salesforce.org_now()
        key = _external_id(ctx, target)
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
    created: _Created,
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
            _note_created(ctx, conn, target, new, written_at)
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


def _note_created(
    ctx: SyncContext,
    conn: psycopg.Connection,
    target: Target,
    created: Mapping[int, tuple[str, Mapping[str, Any]]],
    written_at: datetime,
) -> None:
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


def _take_what_was_set(
    ctx: SyncContext, conn: psycopg.Connection, created: Mapping[int, tuple[str, Mapping[str, Any]]]
) -> None:
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


def _refuse(ctx: SyncContext, conn: psycopg.Connection, one: NewLead, error: RowError) -> None:
    if classify_row(error.code) is RowAction.RETRY:
        wait = build_wait(outbox.load_attempts(conn, [one.contact_id]), random.random())  # noqa: S311  # jitter
        outbox.defer(conn, {one.contact_id: error.message}, clock.now() + wait)
        return
    park(ctx, conn, one, error, find_remedy(error.code))


def _external_id(ctx: SyncContext, target: Target) -> str | None:
    """The org's field for our id, where it can be used as a key."""
    found = target.shape.find(ctx.mapping.external_id_field or "")
    return found.name if found and found.external_id and found.createable else None


def _search_intended(ctx: SyncContext, intents: Sequence[Intent]) -> dict[int, str]:
    """Leads that our user created since, by address and last name."""
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
            if same and record["LastName"] == one.sent.get("LastName") and record["Id"] not in found.values():
                found[one.contact_id] = record["Id"]
                break
    return found


def _first(result: RowResult) -> RowError:
    return result.errors[0] if result.errors else _UNKNOWN
