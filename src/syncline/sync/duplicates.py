"""What a refused create may still come to: a Lead with fewer fields, or a link to the record that is there already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from syncline.domain.mapping import CONTACT, LEAD, PERSON_OBJECTS
from syncline.domain.mapping_options import DuplicatePolicy
from syncline.domain.matching import Candidate
from syncline.domain.outcomes import RowAction, RowError, RowResult
from syncline.salesforce.composite import build_write_headers, create_part, read_written
from syncline.salesforce.failures import classify_row
from syncline.store import outbox
from syncline.store.outbox import NewLead
from syncline.sync.context import SyncContext
from syncline.sync.push import build_target

#: A duplicate rule of the org found another record (REST API Developer Guide, "Duplicate Rules").
DUPLICATES_DETECTED = "DUPLICATES_DETECTED"
_PARTS = 25


@dataclass(frozen=True)
class Attempt:
    """One Lead about to be created, with the record as it is sent."""

    new: NewLead
    record: Mapping[str, Any]


def shorten(ctx: SyncContext, one: Attempt, error: RowError) -> Attempt | None:
    """The same Lead without the fields that it was refused for; None where it cannot do without them.

    What is left out follows as an update, once the Lead is there (L29).
    """
    named = {name.lower() for name in error.fields}
    needed = {"email", *(name.lower() for name, _ in ctx.mapping.fillers)}
    if ctx.mapping.external_id_field:
        needed.add(ctx.mapping.external_id_field.lower())
    had = {name.lower() for name in one.record}
    if classify_row(error.code) is not RowAction.PERSON or not named or named & needed or not named <= had:
        return None
    return Attempt(one.new, {name: value for name, value in one.record.items() if name.lower() not in named})


def ask_again(ctx: SyncContext, attempts: Sequence[Attempt], key: str | None) -> list[tuple[Attempt, RowResult]]:
    """Sends Leads that a duplicate rule refused once more, as single records: their answers name the duplicates."""
    headers = build_write_headers(auto_assign=ctx.mapping.assignment_rules)
    answered: list[tuple[Attempt, RowResult]] = []
    for at in range(0, len(attempts), _PARTS):
        some = attempts[at : at + _PARTS]
        parts = [create_part(f"r{number}", LEAD, one.record, key, headers) for number, one in enumerate(some)]
        results = ctx.salesforce.composite(parts, repeat=key is not None)
        answered += [(one, read_written(result)) for one, result in zip(some, results, strict=True)]
    return answered


def choose_matches(
    ctx: SyncContext, conn: psycopg.Connection, refused: Sequence[tuple[NewLead, RowError]]
) -> list[tuple[NewLead, Candidate]]:
    """The records that a duplicate rule names, where the mapping links them: Contacts before Leads, and only where
    there is one of them. Several are ambiguous, and the first is never taken (L15c).
    """
    if ctx.mapping.duplicates is not DuplicatePolicy.LINK:
        return []
    chosen = []
    for one, error in refused:
        if error.code == DUPLICATES_DETECTED and (found := _find_only(ctx, error)):
            name, record_id = found
            linked = outbox.find_links(conn, build_target(ctx, name), [record_id])
            conn.rollback()
            chosen.append((one, Candidate(name, record_id, "", linked.get(record_id))))
    return chosen


def _find_only(ctx: SyncContext, error: RowError) -> tuple[str, str] | None:
    prefixes = {ctx.shapes[name].key_prefix: name for name in PERSON_OBJECTS if name in ctx.shapes}
    for wanted in (CONTACT, LEAD):
        ids = {record_id for kind, record_id in error.matches if (kind or prefixes.get(record_id[:3])) == wanted}
        if ids and wanted in ctx.shapes:
            return (wanted, ids.pop()) if len(ids) == 1 else None
    return None
