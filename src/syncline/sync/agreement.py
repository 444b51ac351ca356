"""The proof of agreement: a fresh full read through the API, compared with every mapped value of every contact.

It reads into staging tables of its own and changes nothing.
"""

from contextlib import closing
from dataclasses import dataclass, replace

import psycopg

from syncline.domain.mapping import PERSON_OBJECTS
from syncline.salesforce.composite import query_part
from syncline.salesforce.soql import build_query
from syncline.store import agreement, reads, staging
from syncline.store.agreement import Difference, ObjectAgreement
from syncline.store.database import transaction
from syncline.store.names import ConnectionTables
from syncline.store.reads import Read
from syncline.sync.context import SyncContext
from syncline.sync.stage import stage_query
from syncline.sync.task import mirror_table


@dataclass(frozen=True)
class Agreement:
    """How far the two sides agree."""

    objects: tuple[ObjectAgreement, ...]

    @property
    def compared_values(self) -> int:
        """Values that were compared."""
        return sum(one.compared_values for one in self.objects)

    @property
    def differing(self) -> int:
        """Values that differ."""
        return sum(one.differing_values for one in self.objects)

    @property
    def percent(self) -> float:
        """Share of compared values that agree; a record that neither has a contact nor a reason counts as differing."""
        astray = sum(one.unexplained + one.lost for one in self.objects)
        compared = self.compared_values + astray
        return 100.0 if not compared else 100.0 * (compared - self.differing - astray) / compared

    @property
    def examples(self) -> tuple[Difference, ...]:
        """Some of the values that differ."""
        return tuple(example for one in self.objects for example in one.examples)

    @property
    def by_object(self) -> dict[str, ObjectAgreement]:
        """By object name."""
        return {one.object: one for one in self.objects}


def compare(ctx: SyncContext) -> Agreement:
    """Reads every person record anew and compares.

    Raises:
        RemoteError: the org could not be read to its end.
    """
    names = [name for name in PERSON_OBJECTS if name in ctx.shapes]
    parts = [query_part(name, build_query(name, ["COUNT()"]), all_rows=False) for name in names]
    totals = [result.expect_success()["totalSize"] for result in ctx.salesforce.composite(parts)]
    with ctx.progress.timed("agreement"), closing(ctx.database.connect("agreement")) as conn:
        return Agreement(
            tuple(_compare_object(ctx, conn, name, total) for name, total in zip(names, totals, strict=True))
        )


def _compare_object(ctx: SyncContext, conn: psycopg.Connection, object_name: str, total: int) -> ObjectAgreement:
    table = mirror_table(ctx, object_name)
    # Staging and position of its own, beside those of a sync that may wait to go on.
    apart = replace(table, tables=ConnectionTables(f"{ctx.connection.name}_proof"), connection_id=-ctx.connection.id)
    fields = [one.name for one in table.fields]
    read = Read("rest", None, build_query(object_name, fields), ",".join(fields), ctx.salesforce.org_now())
    with transaction(conn, "agreement"):
        staging.ensure_schema(conn, apart.tables)
    stage_query(ctx, conn, apart, read, total, all_rows=False)
    with transaction(conn, "agreement"):
        compared = agreement.compare_object(conn, table, apart, ctx.mapped(object_name))
        staging.drop(conn, apart.tables, apart.connection_id, object_name)
        reads.end_read(conn, apart.connection_id, object_name)
    return compared
