"""Rows that go to Salesforce by a Bulk job: gathered, streamed out as CSV, and settled by the results, all in sets."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg import sql

from syncline.domain.mapping import Lane, MappedField
from syncline.domain.sending import FLIP_WINDOW, Flip
from syncline.domain.shape import NUMBER_TYPES, TEXT_TYPES, FieldShape
from syncline.store import flips, outbox, refusals
from syncline.store.database import store_errors
from syncline.store.expressions import salesforce_value
from syncline.store.named_sql import load
from syncline.store.targets import Target

_SQL = load("bulk_writes")
#: Bytes that one upload may have (Bulk API 2.0 Guide: 150 MB once it is base64, so 100 MB as it is sent).
_MOST_BYTES = 90_000_000
#: Bytes of a row beside its values: id, quotes, commas, line end.
_ID_BYTES = 24
_PIECE = 256 * 1024
_DONE, _FAILED = sql.SQL("bulk_done sent"), sql.SQL("bulk_failed failed")


@dataclass(frozen=True)
class BulkWrite:
    """An upload that is not settled; without a job it was never sent."""

    id: int
    object_name: str
    lane: int
    job_id: str | None
    written_at: datetime | None


@dataclass(frozen=True)
class Refused:
    """What a job refused with one code."""

    code: str
    rows: int
    message: str


def begin(conn: psycopg.Connection, target: Target, lane: Lane, run_id: int, now: datetime) -> int:
    """Gathers what waits in a lane and Bulk can carry, up to the size of one upload; gives its number."""
    parameters = {"connection_id": target.connection_id, "object": target.object_name, "lane": lane.rank}
    row = conn.execute(_SQL["begin"].compose(), {**parameters, "run_id": run_id}).fetchone()
    assert row is not None
    write_id: int = row[0]
    limits = sql.SQL(", ").join(
        sql.SQL("({}, {}::bigint)").format(sql.Literal(field.name), sql.Literal(_longest(target.shape.find(source))))
        for field, source in target.sent
    )
    gather = _SQL["gather"].compose(pending=outbox.build_pending(target), limits=limits)
    conn.execute(gather, {**parameters, "write_id": write_id, "after": 0, "rows": None, "now": now})
    overhead = _ID_BYTES + 3 * len(target.sent)
    conn.execute(_SQL["trim"].compose(), {"write_id": write_id, "overhead": overhead, "most": _MOST_BYTES})
    return write_id


def _longest(shape: FieldShape | None) -> int | None:
    return shape.length if shape and shape.type in TEXT_TYPES and shape.length else None


def drop_moved(conn: psycopg.Connection, write_id: int, seen: Iterable[Iterable[tuple[str, datetime]]]) -> None:
    """Leaves out the records whose stamp (pages of id and stamp) is another than the mirror's."""
    conn.execute(_SQL["make_looked"].compose())
    for page in seen:
        with conn.cursor() as cursor, cursor.copy("COPY looked (record_id, stamp) FROM STDIN") as copy:
            for row in page:
                copy.write_row(row)
    conn.execute(_SQL["drop_moved"].compose(), {"write_id": write_id})


def find_flips(conn: psycopg.Connection, target: Target, write_id: int, now: datetime) -> list[Flip]:
    """Fields of an upload that were written over the same value again and again."""
    rows = sql.SQL("(SELECT * FROM bulk_write_rows WHERE write_id = %(write_id)s) sent")
    return flips.find_flipping(conn, target, rows, {"write_id": write_id}, now - FLIP_WINDOW)


def count_rows(conn: psycopg.Connection, write_id: int) -> int:
    """Rows of an upload."""
    row = conn.execute(_SQL["count"].compose(), {"write_id": write_id}).fetchone()
    return row[0] if row else 0


def stream(conn: psycopg.Connection, target: Target, write_id: int) -> Iterator[bytes]:
    """An upload as CSV with CRLF, piece by piece; it is never held whole.

    PostgreSQL ends lines with LF; each piece that it hands over is one row, whose end is replaced here.
    """
    statement = _SQL["content"].compose(
        columns=sql.SQL(", ").join(_columns(target)),
        mirror=target.mirror,
        parent=target.parent,
        write_id=sql.Literal(write_id),
    )
    piece = bytearray()
    with store_errors(), conn.cursor() as cursor, cursor.copy(statement) as copy:
        for row in copy:
            piece += row
            piece[-1:] = b"\r\n"
            if len(piece) >= _PIECE:
                yield bytes(piece)
                piece.clear()
    yield bytes(piece)


def _columns(target: Target) -> Iterator[sql.Composed]:
    """One column for each Salesforce field; where two marketing fields go to the same, the later one counts."""
    by_source: dict[str, list[sql.Composed]] = {}
    for field, source in target.sent:
        shape = target.shape.find(source)
        if shape is not None:
            case = sql.SQL("WHEN sent.ours ? {} THEN {}").format(sql.Literal(field.name), encode(field, shape))
            by_source.setdefault(shape.name, []).insert(0, case)
    for name, cases in by_source.items():
        yield sql.SQL("CASE {} END AS {}").format(sql.SQL(" ").join(cases), sql.Identifier(name))


def encode(field: MappedField, shape: FieldShape) -> sql.Composed:
    """A value of `sent.ours` as Bulk's CSV carries it: what is cleared is #N/A, a checkbox false.

    As `domain.values.text_to_json` does for REST ("Prepare CSV Files", Bulk API 2.0 Developer Guide).
    """
    ours = salesforce_value(field, sql.SQL("(sent.ours ->> {})").format(sql.Literal(field.name)))
    value = sql.SQL("nullif({}, '')").format(ours)
    if shape.type == "boolean":
        return sql.SQL("coalesce({}, 'false')").format(value)
    if shape.type == "datetime":
        moment = sql.SQL("to_char(({})::timestamptz AT TIME ZONE 'UTC', {})").format(
            value, sql.Literal('YYYY-MM-DD"T"HH24:MI:SS".000Z"')
        )
        return sql.SQL("coalesce({}, '#N/A')").format(moment)
    if shape.type == "int":
        value = sql.SQL("trunc(({})::numeric)::text").format(value)
    elif shape.type in NUMBER_TYPES:
        value = sql.SQL("(({})::numeric)::text").format(value)
    return sql.SQL("coalesce({}, '#N/A')").format(value)


def note_job(conn: psycopg.Connection, write_id: int, job_id: str, written_at: datetime) -> None:
    """The job of an upload."""
    conn.execute(_SQL["note_job"].compose(), {"write_id": write_id, "job_id": job_id, "written_at": written_at})


def list_open(conn: psycopg.Connection, connection_id: int) -> list[BulkWrite]:
    """Uploads that are not settled, the oldest first."""
    return [BulkWrite(*row) for row in conn.execute(_SQL["open"].compose(), {"connection_id": connection_id})]


def begin_results(conn: psycopg.Connection) -> None:
    """Makes the table into which the results are copied; it lasts as long as the transaction."""
    conn.execute(_SQL["make_results"].compose())


def copy_result(conn: psycopg.Connection, kind: str, columns: Sequence[str], chunks: Iterable[bytes]) -> None:
    """Copies one result of a job, header included, byte for byte. `Id` is the column that we sent."""
    named = {name.lower(): sql.Identifier(name.lower()) for name in columns}
    if "id" not in named:
        return
    definitions = sql.SQL(", ").join(sql.SQL("{} text").format(one) for one in named.values())
    conn.execute(sql.SQL("CREATE TEMP TABLE bulk_result ({}) ON COMMIT DROP").format(definitions))
    with conn.cursor() as cursor, cursor.copy("COPY bulk_result FROM STDIN (FORMAT csv, HEADER true)") as copy:
        for chunk in chunks:
            copy.write(chunk)
    error = named.get("sf__error", sql.SQL("NULL"))
    conn.execute(
        sql.SQL("INSERT INTO bulk_results SELECT {}, id, {} FROM bulk_result").format(sql.Literal(kind), error)
    )
    conn.execute(sql.SQL("DROP TABLE bulk_result"))


def settle_done(
    conn: psycopg.Connection, target: Target, write: BulkWrite, *, run_id: int, now: datetime
) -> Mapping[str, int]:
    """Takes what the job wrote as sent; gives the number of values by field, and of rows under ''."""
    conn.execute(_SQL["done"].compose(), {"write_id": write.id})
    parameters = {"run_id": run_id, "written_at": write.written_at, "now": now}
    outbox.note_relation_sent(conn, target, _DONE, parameters)
    by_field: dict[str, int] = dict(conn.execute(_SQL["count_done"].compose()).fetchall())
    row = conn.execute("SELECT count(*) FROM bulk_done").fetchone()
    return {**by_field, "": row[0] if row else 0}


def load_failed(conn: psycopg.Connection, target: Target, write_id: int) -> list[Refused]:
    """What the job refused, by code."""
    sources = sql.SQL(", ").join(
        sql.SQL("({}, {})").format(sql.Literal(field.name), sql.Literal(source.lower()))
        for field, source in target.sent
    )
    conn.execute(_SQL["failed"].compose(sources=sources), {"write_id": write_id})
    return [Refused(*row) for row in conn.execute(_SQL["codes"].compose())]


def settle_failed(
    conn: psycopg.Connection, target: Target, judged: Mapping[str, tuple[str, str]], *, run_id: int, now: datetime
) -> None:
    """Settles what the job refused; `judged` maps each code to what is done next and to its remedy."""
    if not judged:
        return
    rows = sql.SQL(", ").join(
        sql.SQL("({}, {}, {})").format(sql.Literal(code), sql.Literal(action), sql.Literal(remedy))
        for code, (action, remedy) in judged.items()
    )
    conn.execute(_SQL["judge"].compose(judged=rows))
    refusals.settle_relation(conn, target, _FAILED, {}, run_id=run_id, now=now)


def count_results(conn: psycopg.Connection) -> dict[str, int]:
    """Rows of each result."""
    return dict(conn.execute(_SQL["count_results"].compose()).fetchall())


def forget(conn: psycopg.Connection, write_id: int) -> None:
    """The upload is settled; rows that it did not take wait in the outbox as before."""
    conn.execute(_SQL["drop_rows"].compose(), {"write_id": write_id})
    conn.execute(_SQL["drop"].compose(), {"write_id": write_id})
