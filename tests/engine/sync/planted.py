"""Reads and decisions without a wire: rows are staged as a Bulk page would stage them, and all SQL is the product's."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import psycopg

from syncline.domain.formula.check import check_source
from syncline.domain.formula.types import BoundFormula
from syncline.domain.ids import checksum
from syncline.domain.mapping import CONTACT, LEAD, Direction, FieldType, MappedField, Policy
from syncline.domain.mapping import Mapping as FieldMapping
from syncline.domain.shape import FieldShape, ObjectShape
from syncline.store import application, decisions, lifecycle, mirror, reads, shaping, staging
from syncline.store.database import Database
from syncline.store.decisions import Kind, Scope
from syncline.store.mirror import BadValue
from syncline.store.mirror_table import MirrorTable
from syncline.store.names import ConnectionTables
from syncline.store.reads import Read

NOW = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)
CONNECTION = 1
ORIGIN = f"connection:{CONNECTION}"

_FIELDS = {
    "Id": "id",
    "IsDeleted": "boolean",
    "MasterRecordId": "reference",
    "CreatedDate": "datetime",
    "SystemModstamp": "datetime",
    "Email": "email",
    "LastName": "string",
    "Title": "string",
    "HasOptedOutOfEmail": "boolean",
    "Lead_Score__c": "double",
    "Syncline_Id__c": "string",
}
_ONLY_LEAD = {"Company": "string", "IsConverted": "boolean", "ConvertedContactId": "reference"}


def shape(name: str) -> ObjectShape:
    fields = {**_FIELDS, **(_ONLY_LEAD if name == LEAD else {})}
    return ObjectShape(
        name, name, None, True, True, True, tuple(FieldShape(field, field, kind) for field, kind in fields.items())
    )


MAPPING = FieldMapping(
    (
        MappedField("email", "E-mail", FieldType.EMAIL, "Email", "Email"),
        MappedField("last_name", "Last name", FieldType.TEXT, "LastName", "LastName", Direction.BOTH),
        MappedField("title", "Title", FieldType.TEXT, "Title", "Title", Direction.BOTH),
        MappedField("company", "Company", FieldType.TEXT, "Company", None),
        MappedField(
            "opted_out", "Opted out", FieldType.BOOLEAN, "HasOptedOutOfEmail", "HasOptedOutOfEmail",
            Direction.BOTH, Policy.STRICTER,
        ),
        MappedField("score", "Score", FieldType.SCORE, "Lead_Score__c", "Lead_Score__c", Direction.PUSH),
    )
)  # fmt: skip


def record_id(object_name: str, number: int) -> str:
    prefix = "00Q" if object_name == LEAD else "003"
    id15 = f"{prefix}5g{number:010d}"
    return id15 + checksum(id15)


def row(object_name: str, number: int, **values: str) -> dict[str, str]:
    """A row as Bulk CSV carries it; `at` is the stamp in seconds after NOW."""
    at = int(values.pop("at", "0"))
    base = {
        "Id": record_id(object_name, number),
        "IsDeleted": "false",
        "CreatedDate": "2026-01-01T00:00:00.000Z",
        "SystemModstamp": (NOW + timedelta(seconds=at)).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "Email": f"person{number}@example.com",
        "LastName": f"Person {number}",
        "HasOptedOutOfEmail": "false",
    }
    return {**base, **({"IsConverted": "false"} if object_name == LEAD else {}), **values}


class Planted:
    """One connection whose org is whatever a test says."""

    def __init__(self, database: Database, mapping: FieldMapping = MAPPING) -> None:
        self.database = database
        self.mapping = mapping
        self.tables = ConnectionTables("main")
        self.run = 0
        #: Objects whose rules changed since the last sync.
        self.anew: tuple[str, ...] = ()

    def table(self, object_name: str) -> MirrorTable:
        return MirrorTable(self.tables, CONNECTION, shape(object_name), shape(object_name).fields)

    def prepare(self) -> None:
        from syncline.store.contact_columns import ensure_columns

        with self.database.connect() as conn:
            ensure_columns(conn, self.mapping)
            staging.ensure_schema(conn, self.tables)
            for name in (CONTACT, LEAD):
                shaping.ensure_mirror(conn, self.table(name))

    def read(self, object_name: str, rows: Sequence[Mapping[str, str]]) -> list[BadValue]:
        """One read of an object, merged into the mirror; gives the values that did not fit."""
        table = self.table(object_name)
        with self.database.connect() as conn:
            staging.reset(conn, self.tables, CONNECTION, object_name, table.columns)
            names = [one.name for one in table.fields]
            staging.copy_csv(conn, self.tables, object_name, names, page(names, rows))
            first = mirror.is_empty(conn, table)
            if first:
                _, bad = mirror.load_first(conn, table)
            else:
                _, bad = mirror.merge(conn, table, list(self.mapping.on(object_name)), NOW - timedelta(days=1))
            read = Read("bulk", None, "", "fields", NOW)
            reads.move_cursor(conn, CONNECTION, object_name, read, undecided_all=first)
            staging.drop(conn, self.tables, CONNECTION, object_name)
        return bad

    def scope(self, conn: psycopg.Connection) -> Scope:
        cursors = {name: reads.load_cursor(conn, CONNECTION, name) for name in (CONTACT, LEAD)}
        return Scope(
            tables=self.tables,
            connection_id=CONNECTION,
            run_id=self.run,
            shapes={name: shape(name) for name in (CONTACT, LEAD)},
            mapped={name: list(self.mapping.on(name)) for name in (CONTACT, LEAD)},
            undecided_all={name: cursor is None or cursor.undecided_all for name, cursor in cursors.items()},
            decided_sources={name: cursor.sources if cursor else {} for name, cursor in cursors.items()},
            external_id_field="Syncline_Id__c",
            rules=dict(self.mapping.objects),
            ambiguous=self.mapping.ambiguous,
            filters={name: self._bind(name, rules.filter) for name, rules in self.mapping.objects if rules.filter},
            anew=self.anew,
        )

    def _bind(self, name: str, condition: str) -> BoundFormula:
        return BoundFormula(check_source(condition, shape(name)), NOW, None)

    def decide(self) -> Scope:
        """The delta of a new run."""
        self.run += 1
        with self.database.connect() as conn:
            scope = self.scope(conn)
            lifecycle.decide_lifecycle(conn, scope)
            sources = {
                name: [field.name for field, source in mapped if scope.decided_sources[name].get(field.name) != source]
                for name, mapped in scope.mapped.items()
                if scope.decided_sources[name]
            }
            decisions.decide_fields(conn, scope, sources)
            for name in scope.objects:
                lifecycle.decide_new(conn, scope, name)
        return scope

    def apply(self, scope: Scope, rows: int = 3) -> None:
        """Applies it in small batches."""
        with self.database.connect() as conn:
            for batch in self._batches(conn, scope, Kind.LIFECYCLE, rows):
                application.apply_lifecycle(conn, scope, self.mapping.fields, batch, NOW, ORIGIN)
                conn.commit()
            for name in scope.objects:
                for batch in self._batches(conn, scope, Kind.CREATES, rows, name):
                    application.apply_creates(conn, scope, name, batch, NOW)
                    conn.commit()
            for name in scope.objects:
                for batch in self._batches(conn, scope, Kind.FIELDS, rows, name):
                    application.apply_fields(conn, scope, name, batch, NOW, ORIGIN)
                    conn.commit()
            application.settle_scope(conn, scope, NOW)
            reads.settle(
                conn,
                CONNECTION,
                {name: {field.name: source for field, source in mapped} for name, mapped in scope.mapped.items()},
            )

    def _batches(
        self, conn: psycopg.Connection, scope: Scope, kind: Kind, rows: int, name: str | None = None
    ) -> Iterator[application.Batch]:
        after: int | None = None
        while batch := application.next_batch(conn, scope, kind, after, rows, name):
            yield batch
            after = batch.last

    def sync(self) -> None:
        self.apply(self.decide())

    def contact(self, object_name: str, number: int) -> dict[str, object]:
        """The contact that a record is linked to, by its fields."""
        found = self.query(
            "SELECT contacts.* FROM contacts JOIN links ON links.contact_id = contacts.id WHERE record_id = %s",
            record_id(object_name, number),
        )
        assert len(found) == 1, found
        return found[0]

    def query(self, statement: str, *parameters: object) -> list[dict[str, object]]:
        from psycopg.rows import dict_row

        with self.database.connect() as conn:
            return list(conn.cursor(row_factory=dict_row).execute(statement.encode(), parameters))

    def delta(self, columns: str = "action, field, outcome, rule") -> list[tuple[object, ...]]:
        """What the last run decided about fields."""
        found = self.query(
            f"SELECT {columns} FROM delta WHERE run_id = %s AND action <> 'create' ORDER BY seq", self.run
        )
        return [tuple(one.values()) for one in found]


def page(names: Sequence[str], rows: Sequence[Mapping[str, str]]) -> Iterator[bytes]:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([one.get(name, "") for name in names] for one in rows)
    yield text.getvalue().encode()
