"""New records that go to Salesforce by a Bulk job: kept as they are sent, and found again in its results by a mark.

The mark of a row is what Salesforce gives back with its result and no other row of the upload has: our external id,
or where the org has no field for it, the address.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from syncline.domain.mapping import Lane
from syncline.store.named_sql import load
from syncline.store.targets import Target

_SQL = load("bulk_creates")
_BULK = load("bulk_writes")


@dataclass(frozen=True)
class NewRow:
    """One record about to be created; `record` as it is sent, by Salesforce field."""

    contact_id: int
    version: int
    mark: str
    record: Mapping[str, Any]


@dataclass(frozen=True)
class Settled:
    """What the results of a job say of its rows: what was created, and which contacts were not."""

    write_id: int
    created: Mapping[int, tuple[str, Mapping[str, Any]]]
    refused: Sequence[int]


def begin(conn: psycopg.Connection, target: Target, run_id: int, rows: Sequence[NewRow]) -> int:
    """Keeps the rows of a new upload; gives its number."""
    parameters = {"connection_id": target.connection_id, "object": target.object_name, "lane": Lane.CREATE.rank}
    found = conn.execute(_BULK["begin"].compose(), {**parameters, "run_id": run_id}).fetchone()
    assert found is not None
    given = [
        {"contact_id": one.contact_id, "version": one.version, "mark": one.mark, "sent": dict(one.record)}
        for one in rows
    ]
    conn.execute(_SQL["keep"].compose(), {"write_id": found[0], "rows": Jsonb(given)})
    write_id: int = found[0]
    return write_id


def list_contacts(conn: psycopg.Connection, write_id: int) -> list[int]:
    """The contacts of an upload."""
    return [row[0] for row in conn.execute(_SQL["contacts"].compose(), {"write_id": write_id})]


def copy_result(
    conn: psycopg.Connection, kind: str, mark: str, columns: Sequence[str], chunks: Iterable[bytes]
) -> None:
    """Copies one result of a job, header included, byte for byte; `mark` is the column that rows are known by."""
    named = {name.lower(): sql.Identifier(name.lower()) for name in columns}
    if mark.lower() not in named:
        return
    definitions = sql.SQL(", ").join(sql.SQL("{} text").format(one) for one in named.values())
    conn.execute(sql.SQL("CREATE TEMP TABLE create_result ({}) ON COMMIT DROP").format(definitions))
    with conn.cursor() as cursor, cursor.copy("COPY create_result FROM STDIN (FORMAT csv, HEADER true)") as copy:
        for chunk in chunks:
            copy.write(chunk)
    record_id = named.get("sf__id", sql.SQL("NULL"))
    conn.execute(_SQL["take_result"].compose(kind=sql.Literal(kind), record_id=record_id, mark=named[mark.lower()]))
    conn.execute("DROP TABLE create_result")


def begin_results(conn: psycopg.Connection) -> None:
    """Makes the table into which the results are copied; it lasts as long as the transaction."""
    conn.execute(_SQL["make_results"].compose())


def read_results(conn: psycopg.Connection, write_id: int) -> Settled:
    """What became of the rows of an upload; a row that is in no result is in neither list."""
    created: dict[int, tuple[str, Mapping[str, Any]]] = {}
    refused: list[int] = []
    for contact_id, kind, record_id, sent in conn.execute(_SQL["settle"].compose(), {"write_id": write_id}):
        if kind == "successfulResults" and record_id:
            created[contact_id] = (record_id, sent)
        elif kind != "successfulResults":
            refused.append(contact_id)
    return Settled(write_id, created, refused)
