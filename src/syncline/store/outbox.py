"""The outbox: what waits to be sent, and what becomes of each row once Salesforce has answered."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from syncline.domain.mapping import BlankRule, Lane, MappedField
from syncline.domain.mapping_options import PushGuard
from syncline.domain.sending import Pending
from syncline.store.decisions import Kind
from syncline.store.expressions import canonical, contact_value, decided, mirror_value, salesforce_value, typed
from syncline.store.named_sql import load
from syncline.store.refusals import settle_taken
from syncline.store.targets import Mapped, Target

_SQL = load("outbox")


@dataclass(frozen=True)
class NewLead:
    """A contact that is to become a Lead, with its values in canonical text by marketing field."""

    contact_id: int
    version: int
    external_key: str | None
    email: str | None
    values: Mapping[str, str]


@dataclass(frozen=True)
class Intent:
    """A creation whose answer never came."""

    contact_id: int
    object_name: str
    written_at: datetime
    sent: Mapping[str, Any]


def load_pending(
    conn: psycopg.Connection, target: Target, lane: Lane, after: int, rows: int, now: datetime
) -> tuple[list[Pending], list[Pending]]:
    """The next waiting records of a lane: those with something to send, and those without."""
    statement = build_pending(target)
    parameters = {**_facts(target), "lane": lane.rank, "after": after, "rows": rows, "now": now}
    found = [
        Pending(contact_id, record_id, version, seen, ours or {}, theirs or {}, parent, account)
        for contact_id, record_id, version, seen, ours, theirs, parent, account in conn.execute(statement, parameters)
    ]
    return [one for one in found if one.ours], [one for one in found if not one.ours]


def build_pending(target: Target) -> sql.Composed:
    """The statement that gives the waiting records of a lane; takes lane, after, rows and now."""
    values = sql.SQL(", ").join(
        sql.SQL("({}, {}, {}, {}, {}, {})").format(
            sql.Literal(field.name),
            sql.Literal(field.lane.rank),
            _sends_blank(field, target.sent),
            canonical(contact_value(field, "contact"), field.type),
            canonical(mirror_value(field, source, "mirror"), field.type),
            _is_wanted(field, contact_value(field, "contact"), mirror_value(field, source, "mirror")),
        )
        for field, source in target.sent
    )
    stamp = target.shape.stamp_field
    return _SQL["pending"].compose(
        stamp=sql.Identifier("mirror", stamp.lower()) if stamp else sql.SQL("NULL::timestamptz"),
        mirror=target.mirror,
        unconverted=target.unconverted,
        values=values,
        parent=target.parent,
        account=target.account,
    )


def _is_wanted(field: MappedField, ours: sql.Composable, theirs: sql.Composable) -> sql.Composable:
    """Whether a value that differs is to be sent, by the guard and the step of its field."""
    if field.guard is PushGuard.NEVER:
        return sql.SQL("false")
    if field.guard is PushGuard.IF_BLANK:
        return sql.SQL("({}) IS NULL").format(theirs)
    if field.step and field.type.column_type == "numeric":
        return sql.SQL("coalesce(abs({} - {}) >= {}, true)").format(ours, theirs, sql.Literal(field.step))
    return sql.SQL("true")


def count_pending(conn: psycopg.Connection, target: Target, lane: Lane, now: datetime) -> int:
    """How many rows of a lane wait."""
    row = conn.execute(_SQL["count_pending"].compose(), {**_facts(target), "lane": lane.rank, "now": now}).fetchone()
    return row[0] if row else 0


def _sends_blank(field: MappedField, sent: Mapped) -> sql.Composable:
    """The condition that a blank of ours is sent: by the blank rule, or with the rest of its group."""
    if field.blank is BlankRule.CLEAR or field.type.column_type == "boolean":
        return sql.SQL("true")
    group = [contact_value(one, "contact") for one, _ in sent if field.group and one.group == field.group]
    filled = [sql.SQL("{} IS NOT NULL").format(value) for value in group]
    return sql.SQL(" OR ").join(filled) if filled else sql.SQL("false")


def count_planned(conn: psycopg.Connection, fields: Sequence[MappedField], run_id: int) -> list[tuple[str, int, int]]:
    """What a run's delta would send, as (object, lane, contacts)."""
    if not fields:
        return []
    lanes = sql.SQL(", ").join(
        sql.SQL("({}, {}::smallint)").format(sql.Literal(field.name), sql.Literal(field.lane.rank)) for field in fields
    )
    parameters = {"run_id": run_id, "creates": Kind.CREATES.first_seq, "sends": Kind.SENDS.first_seq}
    return conn.execute(_SQL["forecast"].compose(lanes=lanes), parameters).fetchall()


def note_sent(
    conn: psycopg.Connection, target: Target, sent: Sequence[Pending], run_id: int, written_at: datetime, now: datetime
) -> None:
    """What was written: the mirror has it, the log tells it, nothing of it waits, nothing of it is refused."""
    rows = Jsonb([{**_row(one), "ours": dict(one.ours), "theirs": dict(one.theirs)} for one in sent])
    parameters = {"rows": rows, "run_id": run_id, "written_at": written_at, "now": now}
    note_relation_sent(conn, target, _SQL["given"].compose(), parameters)


def note_relation_sent(
    conn: psycopg.Connection, target: Target, sent: sql.Composable, parameters: dict[str, Any]
) -> None:
    """The same for a relation named `sent`; `parameters` hold run_id, written_at, now and the relation's own."""
    facts = {**parameters, **_facts(target), "suspended": list(target.suspended)}
    _note_calculated(conn, target, sent, facts)
    assignments = sql.SQL(", ").join(_mirror_assignment(field, source, target) for field, source in target.sent)
    parts = {"mirror": target.mirror, "assignments": assignments, "sent": sent}
    for step in ("mirror_takes", "note_writes", "log_sent", "keep_suspended", "clear"):
        conn.execute(_SQL[step].compose(**parts), facts)
    settle_taken(conn, target, sent, facts)


def _note_calculated(
    conn: psycopg.Connection, target: Target, sent: sql.Composable, parameters: dict[str, Any]
) -> None:
    """Keeps what was agreed on of each expression, before its mirror row takes what was written."""
    agreed = decided(target.calculated)
    if agreed:
        values = sql.SQL(", ").join(
            sql.SQL("({}, {})").format(
                sql.Literal(field.name), canonical(mirror_value(field, source, "mirror", before=True), field.type)
            )
            for field, source in agreed
        )
        statement = _SQL["note_calculated"].compose(mirror=target.mirror, values=values, sent=sent)
        conn.execute(statement, parameters)


def clear(conn: psycopg.Connection, done: Sequence[Pending], suspended: Collection[str] = ()) -> None:
    """Takes rows out, but for those that were edited meanwhile, and for edits of fields that are suspended."""
    parameters = {"rows": Jsonb([_row(one) for one in done]), "suspended": list(suspended)}
    for step in ("keep_suspended", "clear") if suspended else ("clear",):
        conn.execute(_SQL[step].compose(sent=_SQL["given"].compose()), parameters)


def choose_lane(conn: psycopg.Connection, contact_ids: Sequence[int], fields: Sequence[MappedField]) -> None:
    """Puts rows into the lane of the most urgent edit that is left of them, in the caller's transaction."""
    lanes = sql.SQL(", ").join(
        sql.SQL("({}, {}::smallint)").format(sql.Literal(field.name), sql.Literal(field.lane.rank)) for field in fields
    )
    conn.execute(_SQL["choose_lane"].compose(lanes=lanes), {"contact_ids": list(contact_ids)})


def load_attempts(conn: psycopg.Connection, contact_ids: Sequence[int]) -> int:
    """How often the most tried of these was tried."""
    row = conn.execute(_SQL["attempts"].compose(), {"contact_ids": list(contact_ids)}).fetchone()
    return int(row[0]) if row else 0


def defer(conn: psycopg.Connection, later: Mapping[int, str], not_before: datetime) -> None:
    """Tries these contacts again later, for the reasons given."""
    rows = Jsonb([{"contact_id": contact_id, "reason": reason} for contact_id, reason in later.items()])
    conn.execute(_SQL["defer"].compose(), {"rows": rows, "not_before": not_before})


def load_new_leads(
    conn: psycopg.Connection, fields: Sequence[MappedField], after: int, rows: int, now: datetime
) -> list[NewLead]:
    """Contacts that are to become Leads."""
    values = sql.SQL(", ").join(
        sql.SQL("({}, {})").format(sql.Literal(field.name), canonical(contact_value(field, "contact"), field.type))
        for field in fields
    )
    found = conn.execute(_SQL["new_leads"].compose(values=values), {"after": after, "rows": rows, "now": now})
    return [NewLead(one, version, key, email, ours or {}) for one, version, key, email, ours in found]


def count_new_leads(conn: psycopg.Connection, now: datetime) -> int:
    """How many contacts are to become Leads now."""
    row = conn.execute(_SQL["count_new_leads"].compose(), {"now": now}).fetchone()
    return row[0] if row else 0


def give_keys(conn: psycopg.Connection, keys: Mapping[int, str]) -> dict[int, str]:
    """External ids for contacts that have none; gives those that stand, whoever gave them first."""
    rows = [{"contact_id": contact_id, "external_key": key} for contact_id, key in keys.items()]
    conn.execute(_SQL["give_keys"].compose(), {"rows": Jsonb(rows)})
    return dict(conn.execute(_SQL["keys"].compose(), {"contact_ids": list(keys)}).fetchall())


def write_intents(
    conn: psycopg.Connection, target: Target, sent: Mapping[int, Mapping[str, Any]], written_at: datetime
) -> None:
    """What is about to be created without a key."""
    rows = [{"contact_id": contact_id, "sent": dict(values)} for contact_id, values in sent.items()]
    parameters = {**_facts(target), "rows": Jsonb(rows), "written_at": written_at}
    conn.execute(_SQL["write_intents"].compose(), parameters)


def load_intents(conn: psycopg.Connection, connection_id: int) -> list[Intent]:
    """Creations that are not settled."""
    return [Intent(*row) for row in conn.execute(_SQL["open_intents"].compose(), {"connection_id": connection_id})]


def find_intended(conn: psycopg.Connection, contact_ids: Sequence[int]) -> set[int]:
    """Those whose creation is not settled."""
    found = conn.execute(_SQL["has_intent"].compose(), {"contact_ids": list(contact_ids)})
    return {row[0] for row in found}


def drop_intents(conn: psycopg.Connection, contact_ids: Sequence[int]) -> None:
    """Settled."""
    conn.execute(_SQL["drop_intents"].compose(), {"contact_ids": list(contact_ids)})


def note_created(
    conn: psycopg.Connection,
    target: Target,
    created: Mapping[int, tuple[str, Mapping[str, Any]]],
    fields: Sequence[str],
    *,
    run_id: int,
    written_at: datetime,
    now: datetime,
    rule: str,
) -> None:
    """Contacts that became records (contact → record, what was sent): mirror, link, log; later edits wait on.

    What was refused of `fields`, or of the whole record, is refused no more.
    """
    # What the org does not take for the moment waits until it does.
    every = {**{field.name: None for field, _ in target.sent}, **dict.fromkeys(target.suspended)}
    asked = dict.fromkeys(fields)
    rows: list[dict[str, Any]] = [
        {
            "contact_id": contact_id,
            "record_id": record_id,
            "sent": dict(sent),
            "rule": rule,
            "every": every,
            "ours": asked,
        }
        for contact_id, (record_id, sent) in created.items()
    ]
    parameters = {
        **_facts(target),
        "rows": Jsonb(rows),
        "run_id": run_id,
        "written_at": written_at,
        "now": now,
        "lane": Lane.OTHER.rank,
    }
    _insert_mirror(conn, target, rows, parameters)
    created_rows = sql.SQL("jsonb_to_recordset(%(rows)s) sent (contact_id bigint, record_id text, ours jsonb)")
    for step in ("mark_created", "take_up", "link_created", "log_created", "note_writes", "clear_created"):
        conn.execute(_SQL[step].compose(sent=created_rows), parameters)
    settle_taken(conn, target, created_rows, parameters)
    if target.calculated:
        # Of what Salesforce makes of the new record the next run decides.
        fields = [field.name for field, _ in target.calculated]
        conn.execute(_SQL["first_meetings"].compose(), {**parameters, "fields": fields})
    drop_intents(conn, list(created))


def _insert_mirror(
    conn: psycopg.Connection, target: Target, rows: Sequence[Mapping[str, Any]], parameters: Mapping[str, object]
) -> None:
    """Records that were created are in the mirror at once, as they were sent."""
    names = sorted({name for row in rows for name in row["sent"]})
    shapes = [shape for name in names if (shape := target.shape.find(name))]
    columns = sql.SQL(", ").join(sql.Identifier(shape.column) for shape in shapes)
    values = sql.SQL(", ").join(
        sql.SQL("(created.sent ->> {})::" + shape.column_type).format(sql.Literal(shape.name)) for shape in shapes
    )
    conn.execute(_SQL["insert_mirror"].compose(mirror=target.mirror, columns=columns, values=values), parameters)


def note_filled(
    conn: psycopg.Connection,
    target: Target,
    mapped: Mapped,
    filled: Mapping[int, tuple[str, Mapping[str, str]]],
    *,
    origin: str,
    run_id: int,
    now: datetime,
) -> None:
    """What the org set by itself on new records (contact → record, texts by field), where nothing was sent.

    The mirror has it, and contacts take what the mapping pulls and they lack.
    """
    pulled = [(field, source) for field, source in mapped if field.direction.pulls]
    rows = []
    for contact_id, (record_id, texts) in filled.items():
        theirs = {name.lower(): text for name, text in texts.items()}
        values = {field.name: theirs[source.lower()] for field, source in pulled if source.lower() in theirs}
        rows.append({"contact_id": contact_id, "record_id": record_id, "texts": dict(texts), "values": values})
    names = sorted({name for _, texts in filled.values() for name in texts})
    shapes = [shape for name in names if (shape := target.shape.find(name))]
    parameters = {"rows": Jsonb(rows), "run_id": run_id, "now": now, "origin": origin}
    completed = sql.SQL(", ").join(
        sql.SQL("{0} = coalesce(mirror.{0}, {1})").format(
            sql.Identifier(shape.column),
            sql.SQL("(filled.texts ->> {})::" + shape.column_type).format(sql.Literal(shape.name)),
        )
        for shape in shapes
    )
    assignments = sql.SQL(", ").join(
        sql.SQL("{0} = coalesce(contact.{0}, {1})").format(
            sql.Identifier(field.name),
            typed(sql.SQL("filled.values ->> {}").format(sql.Literal(field.name)), field.type),
        )
        for field, _ in pulled
    )
    before = sql.SQL(", ").join(
        sql.SQL("({}, {})").format(sql.Literal(field.name), canonical(contact_value(field, "contact"), field.type))
        for field, _ in pulled
    )
    conn.execute(_SQL["as_sync"].compose(), parameters)
    if shapes:
        conn.execute(_SQL["complete_mirror"].compose(mirror=target.mirror, assignments=completed), parameters)
    conn.execute(_SQL["log_filled"].compose(before=before), parameters)
    conn.execute(_SQL["take_filled"].compose(assignments=assignments), parameters)


def note_found(
    conn: psycopg.Connection,
    target: Target,
    found: Mapping[int, str],
    fields: Sequence[str],
    *,
    run_id: int,
    now: datetime,
    rule: str,
) -> None:
    """Contacts whose record was there already (contact → record): linked; the next run decides every field."""
    rows = [{"contact_id": contact_id, "record_id": record_id, "rule": rule} for contact_id, record_id in found.items()]
    parameters = {**_facts(target), "rows": Jsonb(rows), "run_id": run_id, "now": now, "fields": list(fields)}
    for step in ("mark_created", "take_up", "link_created", "log_found", "first_meetings", "touch_found", "drop_found"):
        conn.execute(_SQL[step].compose(), parameters)
    drop_intents(conn, list(found))


def find_known(
    conn: psycopg.Connection, target: Target, emails: Sequence[str]
) -> list[tuple[str, str, int | None, datetime | None]]:
    """Records of the mirror with these addresses: (address, id, linked contact, created)."""
    statement = _SQL["known_records"].compose(mirror=target.mirror, unconverted=target.unconverted)
    return conn.execute(statement, {**_facts(target), "emails": list(emails)}).fetchall()


def find_links(conn: psycopg.Connection, target: Target, record_ids: Sequence[str]) -> dict[str, int]:
    """Which contacts these records are linked to."""
    found = conn.execute(_SQL["links_of"].compose(), {**_facts(target), "record_ids": list(record_ids)})
    return dict(found.fetchall())


def _facts(target: Target) -> dict[str, object]:
    return {"connection_id": target.connection_id, "object": target.object_name}


def _row(one: Pending) -> dict[str, object]:
    return {"contact_id": one.contact_id, "record_id": one.record_id, "version": one.version}


def _mirror_assignment(field: MappedField, source: str, target: Target) -> sql.Composed:
    shape = target.shape.find(source)
    assert shape is not None
    ours = salesforce_value(field, sql.SQL("(sent.ours ->> {})").format(sql.Literal(field.name)))
    value = sql.SQL("({})::" + shape.column_type).format(ours)
    if shape.type == "boolean":
        value = sql.SQL("coalesce({}, false)").format(value)
    return sql.SQL("{0} = CASE WHEN sent.ours ? {1} THEN {2} ELSE mirror.{0} END").format(
        sql.Identifier(shape.column), sql.Literal(field.name), value
    )
