"""One commit of an org: what it writes, and what others see of it until it is visible."""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Protocol

from simorg.schema.registry import ObjectType

StoredValue = str | int | float | None


def quote(name: str) -> str:
    """A name of the schema as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


class IdSource(Protocol):
    """What a transaction asks of the storage it writes to."""

    def object(self, name: str) -> ObjectType:
        """An object of the schema."""

    def next_id(self, one: ObjectType) -> str:
        """A new id."""


class Transaction:
    """Writes of one commit; its stamp is the time it began. Reads see what it wrote."""

    def __init__(self, storage: IdSource, writer: sqlite3.Connection, user_id: str, stamp: str) -> None:
        self._storage = storage
        self._writer = writer
        self._touched: dict[str, dict[str, dict[str, StoredValue] | None]] = defaultdict(dict)
        self._depth = 0
        self._selects: dict[tuple[str, str], tuple[tuple[str, ...], str]] = {}
        self._audits: dict[tuple[str, bool], dict[str, StoredValue]] = {}
        #: What is done once the transaction is committed; what belongs to a part that fails is dropped with it.
        self.after_commit: list[Callable[[], None]] = []
        #: Which one it is of automations that led to one another; 0 is none.
        self.chain = 0
        self.user_id = user_id
        self.stamp = stamp
        #: After the end: object → when others see it (milliseconds; 0 is at once).
        self.written: dict[str, int] = {}

    def insert(self, object_name: str, values: Mapping[str, StoredValue]) -> str:
        """Makes a record with a new id and the audit fields; gives the id."""
        one = self._storage.object(object_name)
        record_id = str(values.get("Id") or self._storage.next_id(one))
        row: dict[str, StoredValue] = {**self._audit(one, created=True), **values, "Id": record_id}
        row = {name: value for name, value in row.items() if value is not None}
        self._touched[one.name].setdefault(record_id, None)
        self._writer.execute(_insert_statement(one.name, tuple(row)), tuple(row.values()))
        return record_id

    def update(
        self,
        object_name: str,
        record_id: str,
        changes: Mapping[str, StoredValue],
        *,
        touch_last_modified: bool = True,
        before: Mapping[str, StoredValue] | None = None,
    ) -> None:
        """Changes a record; SystemModstamp always moves, LastModified where a user did it.

        `before` is its newest state, from a caller that has just read it.
        """
        one = self._storage.object(object_name)
        self._keep_image(one, record_id, before)
        audit = self._audit(one, created=False)
        if not touch_last_modified:
            audit = {name: value for name, value in audit.items() if name == "SystemModstamp"}
        row = {**audit, **changes}
        self._writer.execute(_update_statement(one.name, tuple(row)), (*row.values(), record_id))

    def get(self, object_name: str, record_id: str) -> dict[str, StoredValue] | None:
        """The newest state of a record, deleted ones too."""
        found = self.select(object_name, '"Id" = ?', [record_id])
        return found[0] if found else None

    def select(self, object_name: str, where: str, parameters: Sequence[StoredValue]) -> list[dict[str, StoredValue]]:
        """The newest state of records, by a condition in SQL."""
        known = self._selects.get((object_name, where))
        if known is None:
            one = self._storage.object(object_name)
            names = tuple(field.name for field in one.stored_fields)
            known = self._selects[object_name, where] = names, _select_statement(one.name, names, where)
        names, statement = known
        return [dict(zip(names, row, strict=True)) for row in self._writer.execute(statement, parameters)]

    def select_ids(self, object_name: str, where: str, parameters: Sequence[StoredValue]) -> list[str]:
        """The ids of records, by a condition in SQL."""
        one = self._storage.object(object_name)
        return [row[0] for row in self._writer.execute(_select_statement(one.name, ("Id",), where), parameters)]

    def run(self, statement: str, parameters: Sequence[StoredValue]) -> sqlite3.Cursor:
        """A statement on a table that holds no records."""
        return self._writer.execute(statement, parameters)

    def touch(self, object_name: str) -> None:
        """Counts an object as written to, so that nothing kept of it is taken for current."""
        self._touched[object_name].update({})

    def has_written(self, object_name: str) -> bool:
        """Whether it wrote to an object so far."""
        return object_name in self._touched

    def mark_deleted(
        self,
        object_name: str,
        record_id: str,
        master_id: str | None = None,
        *,
        before: Mapping[str, StoredValue] | None = None,
    ) -> None:
        """Puts a record into the recycle bin, as a merge's loser where there is a master."""
        changes: dict[str, StoredValue] = {"IsDeleted": 1}
        if master_id:
            changes["MasterRecordId"] = master_id
        self.update(object_name, record_id, changes, before=before)

    def undelete(self, object_name: str, record_id: str) -> None:
        """Takes a record out of the recycle bin; it is no merge's loser any more."""
        changes: dict[str, StoredValue] = {"IsDeleted": 0}
        if "masterrecordid" in self._storage.object(object_name).fields:
            changes["MasterRecordId"] = None
        self.update(object_name, record_id, changes)

    def remove(self, object_name: str, record_id: str) -> None:
        """Removes a record that no recycle bin takes (of the set-up)."""
        one = self._storage.object(object_name)
        self._keep_image(one, record_id)
        self._writer.execute(f'DELETE FROM {quote(one.name)} WHERE "Id" = ?', [record_id])

    def expel(self, record_id: str) -> None:
        """Takes a deleted record out of the recycle bin for good; it stays deleted."""
        self._writer.execute('INSERT OR IGNORE INTO _expelled ("Id") VALUES (?)', [record_id])

    def is_expelled(self, record_id: str) -> bool:
        """Whether a deleted record does not lie in the recycle bin."""
        return self._writer.execute('SELECT 1 FROM _expelled WHERE "Id" = ?', [record_id]).fetchone() is not None

    def evaluate(self, statement: str, parameters: Sequence[StoredValue]) -> StoredValue:
        """The one value that a query gives, as the transaction sees it."""
        row = self._writer.execute(statement, parameters).fetchone()
        value: StoredValue = row[0] if row else None
        return value

    def next_number(self, object_name: str, field_name: str, first: int) -> int:
        """The next automatic number of a field. A record that is refused afterwards gives its number back only with
        the whole transaction, as gaps are allowed.
        """
        name = f"{object_name}.{field_name}".lower()
        row = self._writer.execute(
            "INSERT INTO _counters (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + 1"
            " RETURNING value",
            [name, first],
        ).fetchone()
        return int(row[0])

    def bulk_insert(self, object_name: str, columns: Sequence[str], rows: Iterable[Sequence[StoredValue]]) -> None:
        """Inserts many rows as given, ids and stamps included; visible at once. For seeds."""
        one = self._storage.object(object_name)
        self._touched[one.name].update({})
        self._writer.executemany(
            _insert_statement(one.name, tuple(columns)),
            rows,
        )

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part that can fail alone: on an exception its writes are undone, and the exception goes on."""
        name = f"part{self._depth}"
        self._depth += 1
        before = {object_name: dict(images) for object_name, images in self._touched.items()}
        promised = len(self.after_commit)
        self._writer.execute(f"SAVEPOINT {name}")
        try:
            yield
        except BaseException:
            self._writer.execute(f"ROLLBACK TO {name}")
            self._touched = defaultdict(dict, before)
            del self.after_commit[promised:]
            raise
        finally:
            self._writer.execute(f"RELEASE {name}")
            self._depth -= 1

    def finish(self, lag_ms: int, now_ms: int) -> None:
        """Decides when others see what was written."""
        until = now_ms + lag_ms if lag_ms > 0 else 0
        for name, images in self._touched.items():
            self.written[name] = until
            if not until:
                continue
            for record_id, image in images.items():
                self._hide(name, record_id, image, now_ms, until)

    def _hide(self, name: str, record_id: str, image: dict[str, StoredValue] | None, now_ms: int, until: int) -> None:
        """Others see the image, if there was one, until the moment comes."""
        row = self._writer.execute(f'SELECT _visible_at FROM {quote(name)} WHERE "Id" = ?', [record_id]).fetchone()
        seen_from = max(int(row[0]) if row else 0, 0)
        if image is not None:
            self._writer.execute(
                _insert_statement(name + "__before", (*image, "_from", "_until")),
                [*image.values(), seen_from, max(until, seen_from)],
            )
        self._writer.execute(
            f'UPDATE {quote(name)} SET _visible_at = max(_visible_at, ?) WHERE "Id" = ?', [until, record_id]
        )

    def _keep_image(self, one: ObjectType, record_id: str, before: Mapping[str, StoredValue] | None = None) -> None:
        images = self._touched[one.name]
        if record_id not in images:
            images[record_id] = self.get(one.name, record_id) if before is None else dict(before)

    def _audit(self, one: ObjectType, *, created: bool) -> dict[str, StoredValue]:
        known = self._audits.get((one.name, created))
        if known is None:
            known = self._audits[one.name, created] = self._build_audit(one, created=created)
        return known

    def _build_audit(self, one: ObjectType, *, created: bool) -> dict[str, StoredValue]:
        names: dict[str, StoredValue] = {
            "LastModifiedDate": self.stamp,
            "LastModifiedById": self.user_id or None,
            "SystemModstamp": self.stamp,
        }
        if created:
            names |= {"CreatedDate": self.stamp, "CreatedById": self.user_id or None, "IsDeleted": 0}
        return {name: value for name, value in names.items() if name.lower() in one.fields}


@lru_cache(maxsize=512)
def _select_statement(table: str, columns: tuple[str, ...], where: str) -> str:
    return f"SELECT {', '.join(map(quote, columns))} FROM {quote(table)} WHERE {where} ORDER BY _row"


@lru_cache(maxsize=512)
def _update_statement(table: str, columns: tuple[str, ...]) -> str:
    assignments = ", ".join(f"{quote(name)} = ?" for name in columns)
    return f'UPDATE {quote(table)} SET {assignments} WHERE "Id" = ?'


@lru_cache(maxsize=512)
def _insert_statement(table: str, columns: tuple[str, ...]) -> str:
    return f"INSERT INTO {quote(table)} ({', '.join(map(quote, columns))}) VALUES ({', '.join('?' * len(columns))})"
