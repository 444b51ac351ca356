"""Comparing a fresh read of the org with contacts, value by value, in SQL."""

from dataclasses import dataclass

import psycopg
from psycopg import sql

from syncline.domain.mapping import MappedField
from syncline.store.expressions import canonical, contact_value, mirror_value
from syncline.store.mirror import typed_columns
from syncline.store.mirror_table import MirrorTable
from syncline.store.named_sql import load

_SQL = load("agreement")


@dataclass(frozen=True)
class Difference:
    """One value on which the two sides do not agree, in canonical text."""

    object: str
    record_id: str
    contact_id: int
    field: str
    ours: str | None
    theirs: str | None


@dataclass(frozen=True)
class ObjectAgreement:
    """How the records of one object stand to contacts."""

    object: str
    linked: int
    left_out: dict[str, int]
    unexplained: int
    lost: int
    compared_values: int
    differing_by_field: dict[str, int]
    examples: tuple[Difference, ...]

    @property
    def records(self) -> int:
        """Records that the org shows."""
        return self.linked + sum(self.left_out.values()) + self.unexplained

    @property
    def differing_values(self) -> int:
        """Values on which the two sides do not agree."""
        return sum(self.differing_by_field.values())


def compare_object(
    conn: psycopg.Connection, table: MirrorTable, staged: MirrorTable, mapped: list[tuple[MappedField, str]]
) -> ObjectAgreement:
    """Compares what is staged of one object (in the tables of `staged`) with its linked contacts, every value."""
    parameters = table.parameters()
    conn.execute(_SQL["make_seen"].compose(typed=typed_columns(staged), **staged.identifiers()))
    conn.execute("ANALYZE seen")
    scope: dict[str, int] = dict(conn.execute(_SQL["scope"].compose(), parameters).fetchall())
    lost = conn.execute(_SQL["lost"].compose(), parameters).fetchone()
    differences = sql.SQL(", ").join(
        sql.SQL("count(*) FILTER (WHERE {} IS DISTINCT FROM {})").format(
            contact_value(field, "contact"), mirror_value(field, source, "mirror", before=True)
        )
        for field, source in mapped
    )
    row = conn.execute(_SQL["compare"].compose(differences=differences), parameters).fetchone() or (0,)
    differing = {field.name: amount for (field, _), amount in zip(mapped, row[1:], strict=True) if amount}
    examples = [
        example
        for field, source in mapped
        if field.name in differing
        for example in _load_examples(conn, table, field, source)
    ]
    conn.execute("DROP TABLE seen")
    return ObjectAgreement(
        object=table.object_name,
        linked=scope.pop("linked", 0),
        unexplained=scope.pop("unexplained", 0),
        left_out=scope,
        lost=lost[0] if lost else 0,
        compared_values=row[0] * len(mapped),
        differing_by_field=differing,
        examples=tuple(examples),
    )


def _load_examples(conn: psycopg.Connection, table: MirrorTable, field: MappedField, source: str) -> list[Difference]:
    ours, theirs = contact_value(field, "contact"), mirror_value(field, source, "mirror", before=True)
    rows = conn.execute(
        _SQL["examples"].compose(
            ours=ours,
            theirs=theirs,
            ours_text=canonical(ours, field.type),
            theirs_text=canonical(theirs, field.type),
        ),
        table.parameters(),
    ).fetchall()
    return [
        Difference(table.object_name, record_id, contact_id, field.name, our_text, their_text)
        for record_id, contact_id, our_text, their_text in rows
    ]
