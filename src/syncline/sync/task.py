"""What is to be read of each object in this run: prepared from its cursor, and probed, five objects in one call."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

import psycopg

from syncline.domain.mapping import PERSON_OBJECTS
from syncline.domain.reading import Anew
from syncline.domain.shape import FieldShape
from syncline.domain.window import Window, build_window, is_unchanged
from syncline.errors import RemoteRefused
from syncline.salesforce.composite import MOST_QUERIES, PartResult, query_part
from syncline.salesforce.soql import build_query, datetime_literal
from syncline.store import mirror, reads, shaping, staging
from syncline.store.database import transaction
from syncline.store.mirror_table import MirrorTable
from syncline.store.reads import Cursor, Read
from syncline.sync.context import SyncContext
from syncline.sync.fields import read_fields


@dataclass(frozen=True)
class Task:
    """What is to be read of one object in this run."""

    table: MirrorTable
    field_list: str
    window: Window
    cursor: Cursor | None
    unfinished: Read | None
    #: Fields that were not read before, while the others are read up to the cursor: they are filled for all records.
    added: tuple[FieldShape, ...] = ()

    @property
    def object_name(self) -> str:
        """The object's name."""
        return self.table.object_name

    @property
    def is_full(self) -> bool:
        """Everything is read: nothing was before, that is not relied on, or the object has no stamp to read by."""
        return self.cursor is None or not self.cursor.field_list or self.table.stamp == "id"

    @property
    def anew(self) -> Anew | None:
        """What is to be read of every record, though it is not so in each run."""
        if self.unfinished:
            return None
        if self.added:
            return Anew(self.object_name, tuple(one.name for one in self.added))
        return Anew(self.object_name) if self.cursor is None or not self.cursor.field_list else None

    def build_soql(self, fields: Sequence[str]) -> str:
        """The query of this read; a full one has no bounds, since whatever is newer than the cursor is read again."""
        if self.is_full or self.window.since is None:
            return build_query(self.object_name, fields)
        stamp = self.table.shape.stamp_field
        since, until = datetime_literal(self.window.since), datetime_literal(self.window.until)
        return build_query(self.object_name, fields, where=f"{stamp} >= {since} AND {stamp} <= {until}")

    def as_read(self, road: str, soql: str) -> Read:
        """This read, as it is noted while it goes on; fields that have to be filled yet do not count as read."""
        field_list = self.cursor.field_list if self.added and self.cursor else self.field_list
        return Read(road, None, soql, field_list, self.window.cursor)

    def as_filled(self) -> Read:
        """The same once they are filled."""
        return Read("none", None, "", self.field_list, self.window.cursor)


@dataclass(frozen=True)
class Probe:
    """How much there is to read of an object; `total` is None where nothing is new."""

    total: int | None
    refused: RemoteRefused | None = None


def mirror_table(ctx: SyncContext, object_name: str) -> MirrorTable:
    """The mirror of one object as the mapping, or an operator, wants it read."""
    chosen = ctx.mirrored.get(object_name)
    of_people = object_name in PERSON_OBJECTS
    if of_people:
        shape = ctx.shapes[object_name]
        fields = read_fields(shape, ctx.mapping, chosen, ctx.unreadable(object_name))
    else:
        assert chosen is not None
        shape = ctx.others[object_name]
        fields = chosen.read_fields(shape)
    held = ctx.held(object_name)
    fields = tuple(one for one in fields if one.name not in held)
    return MirrorTable(ctx.tables, ctx.connection.id, shape, fields, of_people=of_people)


def prepare(ctx: SyncContext, conn: psycopg.Connection, table: MirrorTable) -> Task:
    """Looks how far an object is read, and gives its table the columns it needs.

    Raises:
        StoreError: the table cannot be given its columns now.
    """
    name = table.object_name
    field_list = ",".join(one.name for one in table.fields)
    with transaction(conn, "prepare"):
        staging.ensure_schema(conn, table.tables)
        if shaping.ensure_mirror(conn, table):
            # What a column held under another type is gone: all of it is read again.
            reads.ask_everything_of(conn, ctx.connection.id, name)
        cursor = reads.load_cursor(conn, ctx.connection.id, name)
        unfinished = reads.load_read(conn, ctx.connection.id, name)
        added = _find_added(table, cursor)
        known = cursor.field_list if added and cursor else field_list
        if unfinished and (unfinished.field_list != known or unfinished.road != "bulk"):
            reads.end_read(conn, ctx.connection.id, name)
            unfinished = None
    window = build_window(
        cursor.read_until if cursor else None,
        ctx.salesforce.org_now(),
        overlap=ctx.settings.overlap,
        lag=ctx.settings.lag,
    )
    return Task(table, field_list, window, cursor, unfinished, added)


def _find_added(table: MirrorTable, cursor: Cursor | None) -> tuple[FieldShape, ...]:
    if cursor is None or not cursor.field_list or table.stamp == "id":
        return ()
    known = set(cursor.field_list.split(","))
    return tuple(one for one in table.fields if one.name not in known)


def probe(ctx: SyncContext, tasks: Sequence[Task]) -> dict[str, Probe]:
    """Asks how much there is to read of each object, five objects in one call.

    Raises:
        RemoteError: the org could not be asked; that it refuses a single object is an answer.
    """
    probes: dict[str, Probe] = {}
    for start in range(0, len(tasks), MOST_QUERIES):
        some = tasks[start : start + MOST_QUERIES]
        parts = [query_part(task.object_name, _probe_soql(task), all_rows=True) for task in some]
        for task, result in zip(some, ctx.salesforce.composite(parts), strict=True):
            probes[task.object_name] = _read_probe(ctx, task, result)
    return probes


def _probe_soql(task: Task) -> str:
    if task.is_full:
        return build_query(task.object_name, ["COUNT()"])
    return task.build_soql(["Id", task.table.shape.stamp_field or "Id"])


def _read_probe(ctx: SyncContext, task: Task, result: PartResult) -> Probe:
    try:
        answer = result.expect_success()
    except RemoteRefused as refused:
        return Probe(None, refused)
    total: int = answer["totalSize"]
    quiet = not task.is_full and total == len(answer["records"]) and _is_quiet(ctx, task, answer["records"])
    return Probe(None if quiet else total)


def _is_quiet(ctx: SyncContext, task: Task, records: Sequence[dict[str, str]]) -> bool:
    """Whether the mirror holds just these records with just these stamps: then nothing need be read."""
    stamp = task.table.shape.stamp_field or "Id"
    theirs = {record["Id"]: datetime.fromisoformat(record[stamp]) for record in records}
    if task.window.since is None or task.cursor is None:
        return False
    with closing(ctx.database.connect("probe")) as conn:
        ours = mirror.load_recent(conn, task.table, task.window.since, task.window.until)
    return is_unchanged(theirs, ours, task.cursor.read_until)
