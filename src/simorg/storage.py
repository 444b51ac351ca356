"""The records of one org in a SQLite file: one table for each object, one writer, a reader for each thread.

A column for each stored field, named as the field. Text and ids are TEXT (ids with 18 characters), booleans and int
INTEGER, other numbers REAL, dates and datetimes TEXT as `2026-01-02` and `2026-01-02T03:04:05Z`; a blank is NULL.
`_expelled` holds the ids of deleted records that do not lie in the recycle bin.
`_visible_at` (milliseconds; 0 is always) is when others see what a transaction wrote: with a commit lag the image of a
row before a change stays in `<Object>__before` until then.
"""

import re
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from simorg.clock import Clock
from simorg.fidelity import say
from simorg.formula.tree import FormulaError
from simorg.functions import add_functions
from simorg.ids import build_id, read_number
from simorg.schema.registry import Field, ObjectType, Schema
from simorg.snapshots import Snapshot
from simorg.tables import add_missing_columns, drop_tables, make_indexes, make_own_tables, make_table
from simorg.transactions import StoredValue, Transaction, quote

_PLACES = re.compile(r"\{(\w+)\}")
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=OFF",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA cache_size=-65536",
    "PRAGMA mmap_size=1073741824",
)


class Storage:
    """The tables of one org, in a folder. `open` before use, `close` after."""

    def __init__(self, folder: Path, schema: Schema, clock: Clock, instance: str) -> None:
        self._path = folder / "org.sqlite3"
        self._schema = schema
        self._clock = clock
        self._instance = instance
        self._writer: sqlite3.Connection | None = None
        self._write_lock = threading.RLock()
        self._local = threading.local()
        self._readers: set[sqlite3.Connection] = set()
        self._readers_lock = threading.Lock()
        self._generation = 0
        self._versions: dict[str, int] = defaultdict(int)
        self._numbers: dict[str, int] = {}
        self._pending_until: dict[str, int] = {}
        #: Milliseconds until others see a commit; asked at each transaction's end.
        self.commit_lag: Callable[[], int] = lambda: 0
        #: The time zone that calculated fields see days in.
        self.time_zone: Callable[[], ZoneInfo] = lambda: ZoneInfo("UTC")
        #: Writes what else belongs to a commit, and learns of one that was undone.
        self.before_commit: Callable[[Transaction], None] = lambda _: None
        self.after_rollback: Callable[[], None] = lambda: None
        #: The stamp of a new transaction.
        self.draw_stamp: Callable[[], str] = clock.stamp

    @property
    def folder(self) -> Path:
        """Where the file lies; rendered results may lie beside it."""
        return self._path.parent

    def open(self) -> None:
        """Makes the file and the tables that are missing."""
        self._writer = self._connect()
        self._writer.execute("BEGIN")
        make_own_tables(self._writer)
        for one in self._schema.objects():
            make_table(self._writer, one)
        self._writer.execute("COMMIT")

    def close(self) -> None:
        """Closes all connections."""
        with self._readers_lock:
            for reader in self._readers:
                reader.close()
            self._readers.clear()
            self._generation += 1
        if self._writer:
            self._writer.close()
            self._writer = None

    def wipe(self, changed: Collection[str] = ()) -> None:
        """Removes every record; the tables of objects that have changed are made anew."""
        with self._write_lock:
            for name in changed:
                drop_tables(self._require_writer(), name)
                self._versions[name] += 1
            for one in self._schema.objects():
                if one.name in changed:
                    make_table(self._require_writer(), one)
                    continue
                self._execute(f"DELETE FROM {quote(one.name)}")
                self._execute(f"DELETE FROM {quote(one.name + '__before')}")
                self._versions[one.name] += 1
            self._execute("DELETE FROM _expelled")
            self._execute("DELETE FROM _counters")
            self._execute("DELETE FROM _metadata")
            self._execute("DELETE FROM _waiting")
            self._pending_until.clear()
            self._numbers.clear()

    def add_column(self, object_name: str, field: Field) -> None:
        """Adds the column of a new field, where it has one."""
        one = self._schema.get(object_name)
        with self._write_lock:
            add_missing_columns(self._require_writer(), one.name, [field])
            make_indexes(self._require_writer(), one, [field])
            self._versions[one.name] += 1

    def try_out(self, one: ObjectType, field: Field) -> None:
        """Lets SQLite read the SQL of a calculated field, within as many brackets as a query may put around it.

        Raises:
            FormulaError: it is too deep for it.
        """
        names = set(_PLACES.findall(field.derived or "")) - {"today", "now", "zone"}
        places = {name: quote(name) for name in names} | {"today": "''", "now": "''", "zone": "''"}
        sql = (field.derived or "").format_map(places)
        try:
            self._reader().execute(f"EXPLAIN SELECT ((((({sql}))))) FROM {quote(one.name)} r")
        except sqlite3.OperationalError as error:
            if "overflow" not in str(error) and "depth" not in str(error):
                raise
            raise FormulaError(say("formula.too_deep")) from None

    def drop_values(self, object_name: str, field: Field) -> None:
        """Blanks what a field held that was taken away; a new field of its name begins empty."""
        name = self._schema.get(object_name).name
        with self._write_lock:
            for table in (name, name + "__before"):
                self._execute(f"UPDATE {quote(table)} SET {quote(field.name)} = NULL")
            self._versions[name] += 1

    def reshape(self, object_name: str, statements: Sequence[str]) -> None:
        """Changes both tables of an object; in a statement `{table}` stands for their names, quoted."""
        name = self._schema.get(object_name).name
        with self._write_lock:
            for table in (name, name + "__before"):
                for statement in statements:
                    self._execute(statement.replace("{table}", quote(table)))
            self._versions[name] += 1

    def add_object(self, object_name: str) -> None:
        """Makes the table of a new object."""
        one = self._schema.get(object_name)
        with self._write_lock:
            make_table(self._require_writer(), one)
            self._versions[one.name] += 1

    def data_version(self, object_name: str) -> int:
        """Grows with each commit that wrote to the object, and when a commit becomes visible."""
        name = self._schema.get(object_name).name
        self._settle(name)
        return self._versions[name]

    def source(self, object_name: str, scope: Callable[[str], str] | None = None) -> str:
        """What to select from to see an object as others see it now, derived fields included, as SQL.

        `scope` gives the records of another object that a field may show which only shows what stands there.
        """
        one = self._schema.get(object_name)
        derived = one.derived_fields
        if not derived:
            return self._records(one)
        places = {name: self._records(self._schema.get(name)) for name in one.derived_from}
        zone = self.time_zone()
        places["today"] = f"'{self._clock.now().astimezone(zone).date().isoformat()}'"
        places |= {"now": f"'{self._clock.stamp()}'", "zone": f"'{zone.key}'"}
        scoped = (
            {name: scope(name) for name in one.derived_from}
            if scope and any(field.mirrors for field in derived)
            else places
        )
        columns = ", ".join(
            f"{(field.derived or '').format_map(scoped if field.mirrors else places)} AS {quote(field.name)}"
            for field in derived
        )
        return f"(SELECT r.*, {columns} FROM {self._records(one)} r)"

    def records(self, object_name: str) -> str:
        """As `source`, without derived fields."""
        return self._records(self._schema.get(object_name))

    def _records(self, one: ObjectType) -> str:
        """The stored fields of an object as others see them now, as SQL."""
        if not self._settle(one.name):
            return quote(one.name)
        now = self._clock.now_ms()
        columns = ", ".join(quote(column) for column in self._columns(one))
        return (
            f"(SELECT {columns}, _row FROM {quote(one.name)} WHERE _visible_at <= {now}"
            f" UNION ALL SELECT {columns}, _row FROM {quote(one.name + '__before')}"
            f" WHERE _from <= {now} AND _until > {now})"
        )

    def read(
        self, statement: str, parameters: Sequence[StoredValue] | Mapping[str, StoredValue] = ()
    ) -> Iterator[tuple[StoredValue, ...]]:
        """Rows of a query, streamed; columns in the order selected."""
        yield from self._reader().execute(statement, parameters)

    def read_one(self, statement: str, parameters: Sequence[StoredValue] = ()) -> tuple[StoredValue, ...] | None:
        """The first row of a query."""
        row: tuple[StoredValue, ...] | None = self._reader().execute(statement, parameters).fetchone()
        return row

    def get(self, object_name: str, record_id: str) -> dict[str, StoredValue] | None:
        """A record as others see it, deleted ones too; None where there is none."""
        return self.read_record(self.source(object_name), record_id)

    def read_record(self, source: str, record_id: str) -> dict[str, StoredValue] | None:
        """A record of what `source` or a part of it gives; None where there is none."""
        cursor = self._reader().execute(f'SELECT * FROM {source} WHERE "Id" = ?', [record_id])
        row = cursor.fetchone()
        if row is None:
            return None
        names = [one[0] for one in cursor.description]
        return {name: value for name, value in zip(names, row, strict=True) if not name.startswith("_")}

    def open_snapshot(self) -> Snapshot:
        """The records as they are at its first read, or as this thread's open transaction sees them."""
        if self._current() is not None:
            return Snapshot(self._require_writer(), owned=False)
        connection = self._connect()
        connection.execute("PRAGMA query_only=ON")
        connection.execute("BEGIN")
        return Snapshot(connection, owned=True)

    @contextmanager
    def transaction(self, user_id: str = "", *, lags: bool = True) -> Iterator[Transaction]:
        """The one writer: all of it is committed, or none. Within another of this thread it is a part of that one.

        Where it does not lag, others see it at once, whatever the org's commit lag.
        """
        outer = self._current()
        if outer is not None:
            with outer.savepoint():
                yield outer
            return
        with self._write_lock:
            writer = self._require_writer()
            transaction = Transaction(self, writer, user_id, self.draw_stamp())
            writer.execute("BEGIN IMMEDIATE")
            self._local.transaction = transaction
            try:
                yield transaction
                self.before_commit(transaction)
                transaction.finish(self.commit_lag() if lags else 0, self._clock.now_ms())
                writer.execute("COMMIT")
            except BaseException:
                if writer.in_transaction:
                    writer.execute("ROLLBACK")
                self._numbers.clear()
                self.after_rollback()
                raise
            finally:
                self._local.transaction = None
            self._note_commit(transaction)
        for act in transaction.after_commit:
            act()

    def _note_commit(self, transaction: Transaction) -> None:
        for name, until in transaction.written.items():
            self._versions[name] += 1
            if until:
                self._pending_until[name] = max(until, self._pending_until.get(name, 0))

    def _current(self) -> Transaction | None:
        """This thread's open transaction."""
        current: Transaction | None = getattr(self._local, "transaction", None)
        return current

    def is_writing(self, names: Iterable[str]) -> bool:
        """Whether this thread's open transaction has written to one of these objects."""
        return (current := self._current()) is not None and any(current.has_written(name) for name in names)

    def next_id(self, one: ObjectType) -> str:
        """A new id of an object; for the writer alone."""
        number = self._numbers.get(one.key_prefix)
        if number is None:
            row = self._execute(f'SELECT max("Id") FROM {quote(one.name)}').fetchone()
            number = read_number(row[0]) if row and row[0] else 0
        self._numbers[one.key_prefix] = number + 1
        return build_id(one.key_prefix, self._instance, number + 1)

    def object(self, name: str) -> ObjectType:
        """An object of the schema."""
        return self._schema.get(name)

    def _settle(self, name: str) -> bool:
        """Whether something of the object is not visible yet; images that nobody needs are removed."""
        until = self._pending_until.get(name)
        if until is None:
            return False
        if self._clock.now_ms() < until:
            self._versions[name] += 1
            return True
        if self._current() is not None:
            return False
        with self._write_lock:
            if self._clock.now_ms() >= self._pending_until.get(name, 0):
                self._execute(f"DELETE FROM {quote(name + '__before')}")
                self._pending_until.pop(name, None)
                self._versions[name] += 1
        return False

    def _columns(self, one: ObjectType) -> list[str]:
        return [field.name for field in one.stored_fields]

    def _execute(self, statement: str, parameters: Sequence[StoredValue] = ()) -> sqlite3.Cursor:
        return self._require_writer().execute(statement, parameters)

    def _require_writer(self) -> sqlite3.Connection:
        if self._writer is None:
            raise RuntimeError("the storage is not open")
        return self._writer

    def _reader(self) -> sqlite3.Connection:
        if self._current() is not None:
            return self._require_writer()
        if getattr(self._local, "generation", None) != self._generation:
            reader = self._connect()
            reader.execute("PRAGMA query_only=ON")
            with self._readers_lock:
                self._readers.add(reader)
            self._local.reader, self._local.generation = reader, self._generation
        reader = self._local.reader
        assert isinstance(reader, sqlite3.Connection)
        return reader

    def release_reader(self) -> None:
        """Closes this thread's reader; a thread that ends calls it."""
        reader = getattr(self._local, "reader", None)
        if reader is not None and self._local.generation == self._generation:
            with self._readers_lock:
                self._readers.discard(reader)
            reader.close()
            self._local.generation = None

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None, timeout=60)
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        add_functions(connection)
        return connection
