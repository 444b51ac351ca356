"""The consent ledger: facts by address, what stands, and the contacts that show it.

A trigger made from the mapping keeps the two together: whoever ticks a box of a contact, by whatever road, makes the
fact stand in the same transaction; `mailable_contacts` asks only what stands.
"""

from collections.abc import Sequence
from datetime import datetime

import psycopg
from psycopg import sql

from syncline.domain.consent import ConsentField, Fact, FactKind, Standing
from syncline.domain.mapping import BOUNCED_REASON, FieldType
from syncline.store.decisions import Kind, Scope
from syncline.store.expressions import canonical, contact_value, mirror_value
from syncline.store.named_sql import Statement, load

_SQL = load("consent")
_CAPTURE = load("consent_capture")


def install_consent(conn: psycopg.Connection, fields: Sequence[ConsentField]) -> None:
    """Makes the trigger that keeps contacts and the ledger together, in the caller's transaction."""
    if not fields:
        return
    unshown = [
        sql.SQL("standing.{} AND {}").format(sql.Identifier(one.flag), _lacks(one, "after"))
        for one in fields
        if one.is_shown
    ]
    body = _CAPTURE["body"].compose(
        told=_told(fields, "after"), unshown=sql.SQL(" OR ").join(unshown) if unshown else sql.SQL("false")
    )
    conn.execute(_CAPTURE["function"].compose(body=sql.Literal(f"{body.as_string(conn)};")))
    conn.execute(_CAPTURE["on_update"].compose())
    added = _CAPTURE["insert_body"].compose(told=_told(fields, "new"))
    conn.execute(_CAPTURE["insert_function"].compose(body=sql.Literal(f"{added.as_string(conn)};")))
    shows = sql.SQL(" OR ").join(_shown_here(one, "new") for one in fields)
    conn.execute(_CAPTURE["on_insert"].compose(shows=shows))


def _told(fields: Sequence[ConsentField], alias: str) -> sql.Composed:
    return sql.SQL(", ").join(
        sql.SQL("({}, {}, {})").format(sql.Literal(str(one.kind)), sql.Literal(one.flag), _shown_here(one, alias))
        for one in fields
    )


def note_read(conn: psycopg.Connection, scope: Scope, fields: Sequence[ConsentField], now: datetime) -> None:
    """Takes what records show into the ledger, in the caller's transaction."""
    for one in (field for field in fields if field.tells):
        for name in scope.objects:
            shows = _shown_there(scope, one, name)
            if shows is not None:
                parameters = {**scope.parameters(name), "kind": str(one.kind), "field": one.field.name, "now": now}
                conn.execute(_SQL["note_read"].compose(**_parts(scope, one, name), shows=shows), parameters)


def anything_stands(conn: psycopg.Connection) -> bool:
    """Whether a fact stands for any address that boxes show."""
    return conn.execute(_SQL["has_standing"].compose()).fetchone() is not None


def build_unshown(scope: Scope, one: ConsentField, object_name: str, statement: Statement) -> sql.Composed | None:
    """A statement about records that do not show what stands; None where the object has no such field."""
    shows = _shown_there(scope, one, object_name)
    if not one.is_shown or shows is None:
        return None
    becomes = canonical(_value(one, sql.SQL("found.address")), one.field.type)
    parts = {"lacks": _lacks(one, "contact"), "shows": shows, "becomes": becomes}
    blank = sql.Literal("false") if one.is_box else sql.SQL("NULL")
    return statement.compose(**_parts(scope, one, object_name), **parts, blank=blank)


def pend(conn: psycopg.Connection, scope: Scope, fields: Sequence[ConsentField]) -> None:
    """Notes the contacts of this run, and those that were added here, that do not show what stands."""
    if not anything_stands(conn):
        return
    for one in fields:
        for name in scope.objects:
            unshown = build_unshown(scope, one, name, _SQL["pend_linked"])
            if unshown:
                conn.execute(unshown, scope.parameters(name))
                parts = {"lacks": _lacks(one, "contact"), "flag": sql.Identifier(one.flag)}
                conn.execute(_SQL["pend_unlinked"].compose(**parts))


def show_standing(
    conn: psycopg.Connection,
    fields: Sequence[ConsentField],
    run_id: int | None,
    now: datetime,
    at_most: int | None = None,
) -> int:
    """Lets contacts show what stands for their address, in the caller's transaction; gives their number.

    `at_most` so many of those whom nobody else changes at this moment; without it all of them.
    """
    shown = [one for one in fields if one.is_shown]
    if not shown or not conn.execute(_SQL["has_pending"].compose()).fetchone():
        return 0
    parameters = {
        "origin": "consent",
        "moment": now.isoformat(),
        "run_id": str(run_id or ""),
        "rule": "stands for the address",
        "now": now,
        "at_most": at_most,
    }
    conn.execute(_SQL["author"].compose(), parameters)
    lacking = [
        (one, sql.SQL("standing.{} AND {}").format(sql.Identifier(one.flag), _lacks(one, "contact"))) for one in shown
    ]
    statement = _SQL["show"].compose(
        chosen=_SQL["free"].compose() if at_most is not None else sql.SQL(""),
        assignments=sql.SQL(", ").join(
            sql.SQL("{0} = CASE WHEN {1} THEN {2} ELSE contact.{0} END").format(
                sql.Identifier(one.field.name), lacks, _value(one, sql.SQL("standing.address"))
            )
            for one, lacks in lacking
        ),
        unshown=sql.SQL(" OR ").join(lacks for _, lacks in lacking),
    )
    return conn.execute(statement, parameters).rowcount


def add_fact(
    conn: psycopg.Connection, address: str, kind: FactKind, *, source: str, evidence: str, now: datetime
) -> None:
    """Writes a fact that a person tells."""
    parameters = {"address": address, "kind": str(kind), "source": source, "evidence": evidence, "now": now}
    conn.execute(_SQL["add_fact"].compose(), parameters)


def clear_shown(
    conn: psycopg.Connection, address: str, fields: Sequence[ConsentField], *, source: str, now: datetime
) -> int:
    """Clears what contacts show here, after the fact that lifts it; gives the number of contacts."""
    if not fields:
        return 0
    parameters = {"address": address, "origin": source, "moment": now.isoformat(), "run_id": "", "rule": "", "now": now}
    conn.execute(_SQL["author"].compose(), parameters)
    statement = _SQL["clear"].compose(
        assignments=sql.SQL(", ").join(
            sql.SQL("{} = {}").format(sql.Identifier(one.field.name), sql.SQL("false" if one.is_box else "NULL"))
            for one in fields
        ),
        shown=sql.SQL(" OR ").join(_shown_here(one, "contacts") for one in fields),
    )
    return conn.execute(statement, parameters).rowcount


def load_standing(conn: psycopg.Connection, address: str) -> Standing:
    """What stands for an address."""
    row = conn.execute(_SQL["standing"].compose(), {"address": address}).fetchone()
    return Standing(*row) if row else Standing()


def load_facts(conn: psycopg.Connection, address: str) -> list[Fact]:
    """Its facts, the newest first."""
    rows = conn.execute(_SQL["facts"].compose(), {"address": address}).fetchall()
    return [Fact(FactKind(kind), at, source, evidence, record_id) for kind, at, source, evidence, record_id in rows]


def find_ticked_there(conn: psycopg.Connection, scope: Scope, one: ConsentField, address: str) -> list[tuple[str, str]]:
    """Records (object, id) of an address whose box somebody ticked in Salesforce, not we."""
    found: list[tuple[str, str]] = []
    for name in scope.objects:
        shows = _shown_there(scope, one, name)
        if shows is not None:
            statement = _SQL["ticked_there"].compose(**_parts(scope, one, name), shows=shows)
            parameters = {**scope.parameters(name), "address": address, "field": one.field.name}
            found += conn.execute(statement, parameters).fetchall()
    return found


def find_shown_there(conn: psycopg.Connection, scope: Scope, one: ConsentField, address: str) -> list[tuple[str, str]]:
    """Records (object, id) of an address that show the fact."""
    found: list[tuple[str, str]] = []
    for name in scope.objects:
        shows = _shown_there(scope, one, name)
        if shows is not None:
            statement = _SQL["shown_there"].compose(**_parts(scope, one, name), shows=shows)
            found += conn.execute(statement, {**scope.parameters(name), "address": address}).fetchall()
    return found


def find_cleared_there(
    conn: psycopg.Connection, scope: Scope, one: ConsentField
) -> list[tuple[str, str, int, str, str | None]]:
    """Boxes that this run ticks again: (object, record, contact, field, who changed the record last)."""
    found: list[tuple[str, str, int, str, str | None]] = []
    for name in scope.objects:
        if scope.shapes[name].find("LastModifiedById"):
            statement = _SQL["cleared_there"].compose(mirror=scope.tables.mirror(name))
            parameters = {**scope.parameters(name), "field": one.field.name, "creates": Kind.CREATES.first_seq}
            found += conn.execute(statement, parameters).fetchall()
    return found


def count_mailable(conn: psycopg.Connection) -> tuple[int, int]:
    """Contacts that may be mailed, of how many living ones."""
    row = conn.execute(_SQL["mailable"].compose()).fetchone()
    return (row[0], row[1]) if row else (0, 0)


def _parts(scope: Scope, one: ConsentField, object_name: str) -> dict[str, sql.Composable]:
    return {
        "mirror": scope.tables.mirror(object_name),
        "email": scope.email(object_name),
        "touched": scope.touched(object_name, sql.Identifier("mirror", "id")),
        "flag": sql.Identifier(one.flag),
    }


def _lacks(one: ConsentField, alias: str) -> sql.Composable:
    """The condition that a contact does not show the fact."""
    return sql.SQL("NOT {}").format(_shown_here(one, alias))


def _value(one: ConsentField, address: sql.Composable) -> sql.Composable:
    """What a contact of an address holds in the field while the fact stands."""
    if one.is_box:
        return sql.SQL("true")
    name = "told_why" if one.field.name == BOUNCED_REASON else "told_at"
    return sql.SQL("({})::" + one.field.type.column_type).format(_SQL[name].compose(address=address))


def _shown_here(one: ConsentField, alias: str) -> sql.Composable:
    value = contact_value(one.field, alias)
    return value if one.is_box else sql.SQL("({} IS NOT NULL)").format(value)


def _shown_there(scope: Scope, one: ConsentField, object_name: str) -> sql.Composable | None:
    """The condition that a mirror row shows the fact; None where the object has no such field."""
    for field, source in scope.mapped[object_name]:
        if field.name == one.field.name:
            value = mirror_value(field, source, "mirror")
            return (
                sql.SQL("coalesce({}, false)").format(value)
                if field.type is FieldType.BOOLEAN
                else sql.SQL("({} IS NOT NULL)").format(value)
            )
    return None
