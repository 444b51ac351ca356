"""What becomes of whole records, decided in sets: converted, merged, deleted, revived, matched, new."""

from collections.abc import Mapping, Sequence

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from syncline.domain.mapping import CONTACT
from syncline.domain.mapping_options import AmbiguousPolicy
from syncline.store.decisions import Kind, Scope
from syncline.store.named_sql import load

_SQL = load("lifecycle")
_TRUE, _FALSE = sql.SQL("true"), sql.SQL("false")
#: Within the lifecycle, what follows a record comes before what is deleted, that before filters, first matches last.
_FOLLOW, _DELETED, _UNDELETED, _LEAVING, _RETURNING, _MATCHED = (step * 10**12 for step in range(6))


def decide_lifecycle(conn: psycopg.Connection, scope: Scope) -> None:
    """Writes the rows of converted, merged, deleted and revived records, and of first matches, into the delta."""
    if conn.execute(_SQL["has_links"].compose(), scope.parameters()).fetchone():
        _decide_known(conn, scope)
    conn.execute(_SQL["make_pairs"].compose())
    if conn.execute(_SQL["has_unlinked"].compose()).fetchone():
        _match(conn, scope)
    conn.execute(_SQL["reconsider"].compose(), scope.parameters())
    conn.execute("DROP TABLE pairs")


def _decide_known(conn: psycopg.Connection, scope: Scope) -> None:
    conn.execute(
        _SQL["follow"].compose(moves=moves(scope), touched_moves=moves(scope, touched=True), people=_people(scope)),
        scope.parameters(seq=_FOLLOW),
    )
    for name in scope.objects:
        mirror = scope.tables.mirror(name)
        touched = scope.touched(name, sql.Identifier("mirror", "id"))
        for statement, seq in (("find_deleted", _DELETED), ("find_undeleted", _UNDELETED)):
            parameters = {**scope.parameters(name, seq), "policy": str(scope.rules_of(name).delete)}
            conn.execute(_SQL[statement].compose(mirror=mirror, touched=touched), parameters)
        if name in scope.filters or name in scope.anew:
            parts = {"mirror": mirror, "touched": touched, "fits": scope.fits(name)}
            conn.execute(_SQL["find_leaving"].compose(**parts), scope.parameters(name, _LEAVING))
            conn.execute(_SQL["find_returning"].compose(**parts), scope.parameters(name, _RETURNING))


def _match(conn: psycopg.Connection, scope: Scope) -> None:
    """First matches, by certain signs and by address; what is ambiguous goes by the mapping's policy."""
    for name in scope.objects:
        parts = {
            "mirror": scope.tables.mirror(name),
            "email": scope.email(name),
            "external": scope.column(name, scope.external_id_field or "", sql.SQL("NULL::text")),
            "unconverted": scope.unconverted(name),
            "fits": scope.fits(name),
        }
        # A contact added after a record was decided about meets it all the same: all records are looked at.
        conn.execute(_SQL["find_pairs"].compose(**parts), scope.parameters(name))
    conn.execute(_SQL["drop_uncertain"].compose())
    if scope.ambiguous is AmbiguousPolicy.HOLD:
        conn.execute(_SQL["hold_ambiguous"].compose(), {**scope.parameters(), "objects": scope.objects})
        conn.execute(_SQL["note_ambiguous"].compose(), scope.parameters())
    newest = scope.ambiguous is AmbiguousPolicy.NEWEST
    order = {
        "first_record": sql.SQL("createddate DESC NULLS FIRST, record_id DESC" if newest else "createddate, record_id"),
        "first_contact": sql.SQL("contact_id DESC" if newest else "contact_id"),
    }
    for name in scope.objects:
        conn.execute(_SQL["match"].compose(**order), scope.parameters(name, _MATCHED))


def moves(scope: Scope, *, touched: bool = False) -> sql.Composable:
    """A query of (object, record_id, to_object, to_id, reason): records that another record stands for now.

    `touched`: only those that this run decides about. Said for each object by itself, so that a few of them are found
    by key among all that ever moved.
    """
    parts: list[sql.Composable] = []
    for name in scope.objects:
        shape, mirror = scope.shapes[name], scope.tables.mirror(name)
        chosen = scope.touched(name, sql.Identifier("mirror", "id")) if touched else _TRUE
        unconverted = _TRUE
        if shape.find("IsConverted") and shape.find("ConvertedContactId"):
            unconverted = sql.SQL("NOT (isconverted AND convertedcontactid IS NOT NULL)")
            parts.append(
                sql.SQL(
                    'SELECT {}::text COLLATE "C" AS object, id AS record_id, {}::text COLLATE "C" AS to_object,'
                    " convertedcontactid COLLATE \"C\" AS to_id, 'converted'::text AS reason FROM {} mirror"
                    " WHERE isconverted AND convertedcontactid IS NOT NULL AND {}"
                ).format(sql.Literal(name), sql.Literal(CONTACT), mirror, chosen)
            )
        if shape.find("MasterRecordId"):
            parts.append(
                sql.SQL(
                    'SELECT {0}::text COLLATE "C" AS object, id AS record_id, {0}::text COLLATE "C" AS to_object,'
                    " masterrecordid COLLATE \"C\" AS to_id, 'merged'::text AS reason FROM {1} mirror"
                    " WHERE isdeleted AND masterrecordid IS NOT NULL AND {2} AND {3}"
                ).format(sql.Literal(name), mirror, unconverted, chosen)
            )
    nothing = sql.SQL(
        "SELECT NULL::text AS object, NULL::text AS record_id, NULL::text AS to_object, NULL::text AS to_id,"
        " NULL::text AS reason WHERE false"
    )
    return sql.SQL(" UNION ALL ").join(parts) if parts else nothing


def _people(scope: Scope) -> sql.Composable:
    """A query of (object, id) over every person record of the mirror."""
    return sql.SQL(" UNION ALL ").join(
        sql.SQL('SELECT {}::text COLLATE "C" AS object, id FROM {}').format(
            sql.Literal(name), scope.tables.mirror(name)
        )
        for name in scope.objects
    )


def list_leaving(conn: psycopg.Connection, scope: Scope, object_name: str) -> list[str]:
    """Records that leave the filter of their object in this run."""
    return [row[0] for row in conn.execute(_SQL["leaving"].compose(), scope.parameters(object_name))]


def keep_unconfirmed(
    conn: psycopg.Connection,
    scope: Scope,
    object_name: str,
    asked: Sequence[str],
    seen: Mapping[str, Mapping[str, str]],
) -> int:
    """Takes back the leaving of records that the org does not show as the mirror does; gives their number.

    `asked`: which records the org was asked for; `seen`: those that it showed, with their values in canonical text.
    """
    found = scope.filters[object_name]
    shape = scope.shapes[object_name]
    fields = [one for name in (found.formula.fields if found else ()) if (one := shape.find(name))]
    same = [
        sql.SQL("(seen.texts ->> {})::" + one.column_type + " IS NOT DISTINCT FROM mirror.{}").format(
            sql.Literal(one.name), sql.Identifier(one.column)
        )
        for one in fields
    ]
    rows = Jsonb([{"id": record_id, "texts": dict(texts)} for record_id, texts in seen.items()])
    statement = _SQL["keep_unconfirmed"].compose(
        mirror=scope.tables.mirror(object_name), same=sql.SQL(" AND ").join(same) if same else _TRUE
    )
    return conn.execute(statement, {**scope.parameters(object_name), "asked": list(asked), "rows": rows}).rowcount


def decide_new(conn: psycopg.Connection, scope: Scope, object_name: str) -> int:
    """Writes one row per record that becomes a contact, and records why others are left out; gives the creates."""
    parameters = scope.parameters(object_name, Kind.CREATES.first_seq)
    dismissed: sql.Composable = _FALSE
    if conn.execute(_SQL["has_dismissed"].compose(), parameters).fetchone():
        dismissed = sql.SQL("mirror.id IN ({})").format(_SQL["dismissed"].compose(moves=moves(scope)))
    conn.execute(
        _SQL["find_new"].compose(
            mirror=scope.tables.mirror(object_name),
            touched=scope.touched(object_name, sql.Identifier("mirror", "id")),
            email=scope.email(object_name),
            unconverted=scope.unconverted(object_name),
            dismissed=dismissed,
            fits=scope.fits(object_name),
            keep=sql.Literal(scope.rules_of(object_name).keep_without_email),
            merged=sql.SQL("{} IS NOT NULL").format(scope.column(object_name, "MasterRecordId", sql.SQL("NULL"))),
        ),
        parameters,
    )
    # Without statistics the planner joins as if the table were tiny.
    conn.execute("ANALYZE unlinked")
    conn.execute(_SQL["leave_out"].compose(), parameters)
    conn.execute(_SQL["take_back"].compose(), parameters)
    created = conn.execute(_SQL["plan_creates"].compose(), parameters).rowcount
    conn.execute("DROP TABLE unlinked")
    return created
