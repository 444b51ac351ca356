"""Deciding in sets: from the mirror, the bases and the outbox to the delta of a run. Decides nothing by itself: the
rules are `domain.decision`, said here as SQL.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as filled
from enum import Enum

import psycopg
from psycopg import sql

from syncline.domain.formula.types import BoundFormula
from syncline.domain.mapping import CONTACT, LEAD, FieldType, Lane, MappedField
from syncline.domain.mapping_options import AmbiguousPolicy, ObjectRules
from syncline.domain.shape import ObjectShape
from syncline.store.expressions import canonical, contact_value, decided, mirror_value
from syncline.store.named_sql import load
from syncline.store.names import ConnectionTables

_DECIDE = load("decide")
#: Objects have numbers of their own within a kind of rows.
SEQ_OBJECT = 10**11
_TRUE, _FALSE = sql.SQL("true"), sql.SQL("false")


class Kind(Enum):
    """Kinds of rows of the delta, in the order in which they are applied; each has numbers of its own."""

    LIFECYCLE = 0
    FIELDS = 1
    CREATES = 2
    #: What follows from all of these for Salesforce; nothing is applied here.
    SENDS = 3

    @property
    def first_seq(self) -> int:
        """All its rows have greater numbers."""
        return self.value * 10**13

    @property
    def end_seq(self) -> int:
        """All its rows have smaller numbers."""
        return self.first_seq + 10**13


@dataclass(frozen=True)
class Scope:
    """What one run decides about: its connection, what is mapped on each object, and whether all or the touched."""

    tables: ConnectionTables
    connection_id: int
    run_id: int
    shapes: Mapping[str, ObjectShape]
    mapped: Mapping[str, Sequence[tuple[MappedField, str]]]
    undecided_all: Mapping[str, bool]
    decided_sources: Mapping[str, Mapping[str, str]]
    external_id_field: str | None
    #: By object, what happens to records that are deleted, and which records take part; the default ones elsewhere.
    rules: Mapping[str, ObjectRules] = filled(default_factory=dict)
    ambiguous: AmbiguousPolicy = AmbiguousPolicy.OLDEST
    #: Of the objects that have a filter: it, checked against the org; None where the org does not fit it any more.
    filters: Mapping[str, BoundFormula | None] = filled(default_factory=dict)
    #: Objects whose records all have to be looked at, since the rules about which take part are others.
    anew: Collection[str] = ()
    #: By object, mapped fields that cannot be read for the moment.
    suspended: Mapping[str, Collection[str]] = filled(default_factory=dict)
    #: The run that applies the delta, where it is not the one that decided it.
    applied_by: int | None = None

    @property
    def objects(self) -> list[str]:
        """The person objects, in a fixed order."""
        return [name for name in (CONTACT, LEAD) if name in self.shapes]

    def parameters(self, object_name: str | None = None, seq: int = 0) -> dict[str, object]:
        """The parameters that the statements take."""
        offset = seq + (self.objects.index(object_name) * SEQ_OBJECT if object_name else 0)
        return {"connection_id": self.connection_id, "run_id": self.run_id, "object": object_name, "seq": offset}

    def rules_of(self, object_name: str) -> ObjectRules:
        """The rules for the records of an object."""
        return self.rules.get(object_name, ObjectRules())

    def touched(self, object_name: str, id_column: sql.Composable) -> sql.Composable:
        """The condition that a record is among those this run decides about."""
        if self.undecided_all.get(object_name, False) or object_name in self.anew:
            return _TRUE
        return sql.SQL(
            "EXISTS (SELECT 1 FROM touched WHERE touched.connection_id = {} AND touched.object = {}"
            " AND touched.record_id = {})"
        ).format(sql.Literal(self.connection_id), sql.Literal(object_name), id_column)

    def fits(self, object_name: str) -> sql.Composable:
        """The condition that a mirror row takes part; blank where that cannot be told for the moment."""
        if object_name not in self.filters:
            return _TRUE
        found = self.filters[object_name]
        if found is None:
            return sql.SQL("NULL::boolean")
        # Late: a process without filters does without sqlglot.
        from syncline.store.formula.building import build_value

        return sql.SQL("coalesce({}, false)").format(build_value(found, FieldType.BOOLEAN, "mirror"))

    def takes_part(self, field: sql.Composable) -> sql.Composable:
        """The condition that a field of a row `link` is decided: outside of a filter only what protects people is."""
        if not self.filters and not self.anew:
            return sql.SQL("link.state = 'live'")
        urgent = [one.name for mapped in self.mapped.values() for one, _ in mapped if one.lane is Lane.CONSENT]
        return _DECIDE["takes_part"].compose(field=field, urgent=sql.Literal(urgent), run_id=sql.Literal(self.run_id))

    def column(self, object_name: str, field: str, absent: sql.Composable) -> sql.Composable:
        """A mirror column, or `absent` where the org does not show the field."""
        found = self.shapes[object_name].find(field)
        return sql.Identifier("mirror", found.column) if found else absent

    def email(self, object_name: str) -> sql.Composable:
        """The address of a mirror row, by the mapping."""
        for field, source in self.mapped[object_name]:
            if field.name == "email":
                return mirror_value(field, source, "mirror")
        return sql.SQL("NULL::text")

    def unconverted(self, object_name: str) -> sql.Composable:
        """The condition that a record still stands for a person by itself."""
        return sql.SQL("NOT {}").format(self.column(object_name, "IsConverted", _FALSE))


def gather_missing_statistics(conn: psycopg.Connection, scope: Scope) -> None:
    """Gathers what the planner must know of large tables and does not yet, as in the first minute after an import.

    Without it a few changes are joined with whole tables, which takes minutes. A first decision of everything reads
    whole tables anyway.
    """
    if any(scope.undecided_all.values()):
        return
    mirrors = [scope.tables.mirror(name).as_string(conn) for name in scope.objects]
    tables = ["contacts", "links", "left_out", *mirrors]
    for (name,) in conn.execute(_DECIDE["without_statistics"].compose(), {"tables": tables}).fetchall():
        conn.execute(sql.SQL("ANALYZE ") + sql.SQL(name))


def decide_fields(conn: psycopg.Connection, scope: Scope, new_sources: Mapping[str, Sequence[str]]) -> None:
    """Decides every field that moved on either side, and writes what follows into the delta.

    `new_sources`: by object, the marketing fields that were never decided from their present source.
    """
    conn.execute(_DECIDE["make_candidates"].compose())
    for step, field in (("waiting_bases", "waiting"), ("waiting_edits", "edited")):
        takes_part = scope.takes_part(sql.Identifier(field, "field"))
        conn.execute(_DECIDE[step].compose(takes_part=takes_part), scope.parameters())
    _add_rekeyed(conn, scope)
    for name in scope.objects:
        parameters = {**scope.parameters(name), "fields": [field.name for field, _ in scope.mapped[name]]}
        conn.execute(_DECIDE["first_meetings"].compose(), parameters)
        conn.execute(_DECIDE["returns"].compose(), parameters)
        _add_new_sources(conn, scope, name, new_sources.get(name, ()))
        _add_moved_by_time(conn, scope, name)
        _add_groups(conn, scope, name)
    conn.execute("ANALYZE candidates")
    for name in scope.objects:
        if scope.mapped[name]:
            _decide_object(conn, scope, name)


def _add_rekeyed(conn: psycopg.Connection, scope: Scope) -> None:
    for from_object in scope.objects:
        before = {field.name: (field, source) for field, source in decided(scope.mapped[from_object])}
        for to_object in scope.objects:
            values = [_base_before(*before.get(field.name, (field, None))) for field, _ in scope.mapped[to_object]]
            if values:
                conn.execute(
                    _DECIDE["rekeyed_bases"].compose(
                        from_mirror=scope.tables.mirror(from_object), values=sql.SQL(", ").join(values)
                    ),
                    {**scope.parameters(to_object), "from_object": from_object},
                )


def _base_before(field: MappedField, source: str | None) -> sql.Composed:
    """(field, base, known) as the record that is left behind shows it; unknown where it has no such field."""
    if source is None:
        return sql.SQL("({}, NULL::text, false)").format(sql.Literal(field.name))
    value = canonical(mirror_value(field, source, "from_mirror", before=True), field.type)
    return sql.SQL("({}, {}, true)").format(sql.Literal(field.name), value)


def _add_new_sources(conn: psycopg.Connection, scope: Scope, object_name: str, fields: Sequence[str]) -> None:
    for field, source in scope.mapped[object_name]:
        if field.name in fields:
            conn.execute(_DECIDE["meet_outside"].compose(), {**scope.parameters(object_name), "field": field.name})
            conn.execute(
                _DECIDE["new_sources"].compose(
                    mirror=scope.tables.mirror(object_name),
                    ours=contact_value(field, "contact"),
                    theirs=mirror_value(field, source, "mirror"),
                ),
                {**scope.parameters(object_name), "field": field.name},
            )


def _add_moved_by_time(conn: psycopg.Connection, scope: Scope, object_name: str) -> None:
    for field, source in scope.mapped[object_name]:
        if field.formula is not None and field.formula.moves_with_time:
            conn.execute(
                _DECIDE["moved_by_time"].compose(
                    mirror=scope.tables.mirror(object_name),
                    before=canonical(mirror_value(field, source, "mirror", before=True), field.type),
                    now=canonical(mirror_value(field, source, "mirror"), field.type),
                ),
                {**scope.parameters(object_name), "field": field.name},
            )


def _add_groups(conn: psycopg.Connection, scope: Scope, object_name: str) -> None:
    members = [(field.name, field.group) for field, _ in scope.mapped[object_name] if field.group]
    if members:
        rows = sql.SQL(", ").join(sql.SQL("({}, {})").format(*(sql.Literal(one) for one in pair)) for pair in members)
        conn.execute(_DECIDE["add_groups"].compose(members=rows), scope.parameters(object_name))


def _decide_object(conn: psycopg.Connection, scope: Scope, object_name: str) -> None:
    mapped = scope.mapped[object_name]
    rows = _DECIDE["candidate_rows"].compose(
        mirror=scope.tables.mirror(object_name),
        ours=cases((field.name, canonical(contact_value(field, "contact"), field.type)) for field, _ in mapped),
        theirs=cases(
            (field.name, canonical(mirror_value(field, source, "mirror"), field.type)) for field, source in mapped
        ),
        rules=sql.SQL(", ").join(_rules_row(field) for field, _ in mapped),
    )
    grouped = any(field.group for field, _ in mapped)
    conn.execute(
        _DECIDE["decide"].compose(
            rows=_DECIDE["together" if grouped else "alone"].compose(rows=rows), decision=_DECIDE["decision"].compose()
        ),
        scope.parameters(object_name, Kind.FIELDS.first_seq),
    )


def _rules_row(field: MappedField) -> sql.Composed:
    rules = (field.name, field.type, field.direction, field.policy, field.blank, field.guard, field.stricter)
    group = sql.SQL("{}::text").format(sql.Literal(field.group))
    return sql.SQL("({})").format(sql.SQL(", ").join([*(sql.Literal(str(one)) for one in rules), group]))


def cases(values: Iterable[tuple[str, sql.Composable]]) -> sql.Composed:
    """The branches of a CASE over field names."""
    return sql.SQL(" ").join(sql.SQL("WHEN {} THEN {}").format(sql.Literal(name), value) for name, value in values)
