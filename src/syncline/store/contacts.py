"""Single contacts: found by number, address or Salesforce id; added, edited and shown for people and commands."""

from collections.abc import Mapping as Values
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql

from syncline.domain.consent import FactKind, Standing, consent_fields
from syncline.domain.ids import ContactId, to_id18
from syncline.domain.mapping import FieldType, Lane, MappedField, Mapping, is_expression
from syncline.domain.values import parse_input
from syncline.errors import OperatorError
from syncline.store.consent import load_standing
from syncline.store.expressions import typed
from syncline.store.named_sql import load
from syncline.store.names import ConnectionTables

_SQL = load("contacts")
_HISTORY_ROWS = 50


@dataclass(frozen=True)
class Change:
    """One line of a contact's history."""

    at: datetime
    action: str
    field: str | None
    old: str | None
    new: str | None
    rule: str | None
    origin: str


@dataclass(frozen=True)
class ContactView:
    """One contact: what it is here and in Salesforce, what waits, what it went through.

    `ours` and `theirs` hold the mapped fields; `theirs` is empty where no record stands behind it.
    """

    id: int
    state: str
    merged_into: int | None
    links: tuple[tuple[str, str, str], ...]
    aliases: tuple[tuple[str, str, str], ...]
    ours: Values[str, Any]
    theirs: Values[str, Any]
    waiting: Values[str, Any] | None
    history: tuple[Change, ...]


def find_contact(conn: psycopg.Connection, reference: str) -> ContactId:
    """The contact that a number, an address or a Salesforce id means.

    Raises:
        OperatorError: there is none, or several have the address.
    """
    text = reference.strip()
    if text.isascii() and text.isdigit() and len(text) < 15:
        found = conn.execute(_SQL["by_id"].compose(), {"id": int(text)}).fetchall()
    elif "@" in text:
        found = conn.execute(_SQL["by_address"].compose(), {"address": text}).fetchall()
    else:
        found = conn.execute(_SQL["by_record"].compose(), {"record_id": _read_id(text)}).fetchall()
    if not found:
        raise OperatorError(f"There is no contact {text!r}.", remedy="Name it by number, address or Salesforce id.")
    if len(found) > 1:
        numbers = ", ".join(str(row[0]) for row in found)
        raise OperatorError(f"{len(found)} contacts have the address {text}: {numbers}.", remedy="Name one by number.")
    return ContactId(found[0][0])


def add_contact(
    conn: psycopg.Connection,
    mapping: Mapping,
    values: Values[str, str],
    *,
    create_in_salesforce: bool,
    now: datetime,
    origin: str,
) -> ContactId:
    """Adds a person; where wanted, the next sync finds them in Salesforce or creates a Lead.

    Raises:
        OperatorError: a field or value is wrong, the address is missing, or somebody has it already.
    """
    read = _read_values(mapping, values)
    address = read.get("email")
    if not address:
        raise OperatorError("A new contact needs an address.", remedy="Give email=NAME@EXAMPLE.COM.")
    _refuse_known_address(conn, address, None)
    _set_author(conn, origin, now)
    fields = [field for field in mapping.fields if field.name in read]
    columns = sql.SQL(", ").join(sql.Identifier(field.name) for field in fields)
    placed = sql.SQL(", ").join(_typed_parameter(field) for field in fields)
    parameters = {**{field.name: read[field.name] for field in fields}, "now": now}
    row = conn.execute(_SQL["insert"].compose(columns=columns, values=placed), parameters).fetchone()
    assert row is not None
    contact_id = ContactId(row[0])
    facts = {"contact_id": contact_id, "now": now, "email": address, "origin": origin, "lane": Lane.CREATE.rank}
    conn.execute(_SQL["log_create"].compose(), facts)
    if create_in_salesforce:
        conn.execute(_SQL["queue_create"].compose(), facts)
    return contact_id


def edit_contact(
    conn: psycopg.Connection, mapping: Mapping, reference: str, values: Values[str, str], *, now: datetime, origin: str
) -> ContactId:
    """Changes values of a person; capture queues what the mapping sends.

    Raises:
        OperatorError: there is no such living contact, a field or value is wrong, or somebody has the address.
    """
    read = _read_values(mapping, values)
    contact_id = find_contact(conn, reference)
    if "email" in read:
        if not read["email"]:
            raise OperatorError("A contact needs an address.", remedy="Give another one instead of a blank.")
        _refuse_known_address(conn, read["email"], contact_id)
    _refuse_cleared_box(conn, mapping, read, contact_id)
    _set_author(conn, origin, now)
    fields = [field for field in mapping.fields if field.name in read]
    assignments = sql.SQL(", ").join(
        sql.SQL("{} = {}").format(sql.Identifier(field.name), _typed_parameter(field)) for field in fields
    )
    parameters = {**{field.name: read[field.name] for field in fields}, "now": now, "contact_id": contact_id}
    if conn.execute(_SQL["update"].compose(assignments=assignments), parameters).rowcount == 0:
        raise OperatorError(
            f"Contact {contact_id} was deleted or merged; it is kept as it was.",
            remedy=f"`syncline contacts show {contact_id}` tells where it went.",
        )
    return contact_id


def show_contact(
    conn: psycopg.Connection, tables: ConnectionTables, mapping: Mapping, connection_id: int, reference: str
) -> ContactView:
    """One contact from all sides.

    Raises:
        OperatorError: there is no such contact.
    """
    contact_id = find_contact(conn, reference)
    asked = {"contact_id": contact_id, "rows": _HISTORY_ROWS}
    row = conn.execute(_SQL["show"].compose(), asked).fetchone()
    assert row is not None
    links = conn.execute(_SQL["links"].compose(), asked).fetchall()
    mine = next(((name, record_id) for owner, name, record_id, _ in links if owner == connection_id), None)
    waiting = conn.execute(_SQL["waiting"].compose(), asked).fetchone()
    return ContactView(
        id=contact_id,
        state=row[0]["state"],
        merged_into=row[0]["merged_into"],
        links=tuple((name, record_id, state) for _, name, record_id, state in links),
        aliases=tuple(conn.execute(_SQL["aliases"].compose(), asked).fetchall()),
        ours={field.name: row[0].get(field.name) for field in mapping.fields},
        theirs=_read_theirs(conn, tables, mapping, *mine) if mine else {},
        waiting=dict(zip(("kind", "state", "fields", "attempts", "reason"), waiting, strict=True)) if waiting else None,
        history=tuple(Change(*one) for one in conn.execute(_SQL["history"].compose(), asked)),
    )


def _read_theirs(
    conn: psycopg.Connection, tables: ConnectionTables, mapping: Mapping, object_name: str, record_id: str
) -> dict[str, Any]:
    statement = sql.SQL("SELECT to_jsonb(mirror) FROM {} mirror WHERE id = %s").format(tables.mirror(object_name))
    row = conn.execute(statement, [record_id]).fetchone()
    if not row:
        return {}
    # What an expression gives is not a value of the record: shown is what makes it.
    return {
        field.name: source if is_expression(source) else row[0].get(source.lower())
        for field, source in mapping.on(object_name)
    }


def _read_values(mapping: Mapping, values: Values[str, str]) -> dict[str, str | None]:
    """Values as a person gave them, as canonical text."""
    read: dict[str, str | None] = {}
    for name, text in values.items():
        field = mapping.find(name)
        if field is None:
            known = ", ".join(one.name for one in mapping.fields)
            raise OperatorError(f"There is no field {name!r}.", remedy=f"The mapping has: {known}.")
        try:
            value = parse_input(text, field.type)
        except ValueError as problem:
            raise OperatorError(f"{name}: {problem}.", remedy="Give a value of that form, or none.") from None
        if field.type is FieldType.EMAIL and value and not _looks_like_address(value):
            raise OperatorError(f"{name}: {value!r} is not an address.", remedy="Write it as NAME@EXAMPLE.COM.")
        read[name] = "false" if value is None and field.type is FieldType.BOOLEAN else value
    if not read:
        raise OperatorError("No value is given.", remedy="Give at least one as FIELD=VALUE.")
    return read


def _refuse_known_address(conn: psycopg.Connection, address: str, but: int | None) -> None:
    found = conn.execute(_SQL["by_address"].compose(), {"address": address}).fetchall()
    others = [row[0] for row in found if row[0] != but]
    if others:
        raise OperatorError(
            f"Contact {others[0]} has the address {address} already.", remedy=f"See `syncline contacts show {address}`."
        )


def _refuse_cleared_box(
    conn: psycopg.Connection, mapping: Mapping, read: Values[str, str | None], contact_id: ContactId
) -> None:
    cleared = [one for one in consent_fields(mapping) if one.is_box and read.get(one.field.name) == "false"]
    if not cleared:
        return
    row = conn.execute(_SQL["address"].compose(), {"contact_id": contact_id}).fetchone()
    address = row[0] if row else None
    standing = load_standing(conn, address) if address else Standing()
    for one in cleared:
        if getattr(standing, one.flag):
            lift = "clear-bounce" if one.kind is FactKind.HARD_BOUNCE else "opt-in"
            raise OperatorError(
                f"{address} {standing.describe()}: clearing a box does not lift that.",
                remedy=f"With evidence: `syncline consent {lift} {address} --evidence TEXT`.",
            )


def _looks_like_address(text: str) -> bool:
    name, at, domain = text.rpartition("@")
    return bool(at and name) and "." in domain.strip(".") and not any(one.isspace() for one in text)


def _read_id(text: str) -> str:
    try:
        return to_id18(text)
    except ValueError:
        raise OperatorError(
            f"{text!r} is no number, address or Salesforce id.", remedy="Name a contact by one of these."
        ) from None


def _set_author(conn: psycopg.Connection, origin: str, now: datetime) -> None:
    conn.execute(_SQL["author"].compose(), {"origin": origin, "now": now.isoformat()})


def _typed_parameter(field: MappedField) -> sql.Composed:
    return typed(sql.Placeholder(field.name), field.type)
