"""The run of an ingest job: batches are read, chunks written, each row for itself, and the results laid into files.

Source: Bulk API 2.0 Developer Guide, "Understanding Bulk API 2.0 Ingest": a batch has 10,000 records; a batch that
cannot be processed fails the job, and what was not processed is left over. A row is written by the rules of any single
record, 200 of them in a transaction; a refused one does not touch the others.
"""

import random
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from simorg.behaviour.dml import Options, Outcome, Writer, refuse
from simorg.behaviour.keys import find_parent, find_repeated, read_id, refuse_repeated, upsert
from simorg.behaviour.recycle_bin import RecycleBin
from simorg.bulk.csv_input import BadInput, CsvInput, Record
from simorg.bulk.header import Column, read_header
from simorg.errors import RowError
from simorg.fidelity import say
from simorg.org import Org
from simorg.schema.registry import Field, ObjectType
from simorg.transactions import Transaction

_CHUNK = 200
_NULL = "#N/A"
#: From this version on a failed row tells the id of its record ("Get Job Failed Record Results").
_FAILED_TELLS_ID = 53.0
SUCCESSFUL, FAILED = "successful.csv", "failed.csv"


class Stopped(Exception):
    """The job was aborted while it ran."""


@dataclass(frozen=True)
class Task:
    """What is to be done with the rows of a job."""

    object: ObjectType
    operation: str
    key: Field | None
    delimiter: str
    line_ending: str
    line_end: str
    user_id: str
    version: float
    auto_assign: bool
    assignment_rule: str | None = None


@dataclass
class Progress:
    """How far a job came; the part of its data from `rest_at` on was not processed."""

    processed: int = 0
    failed: int = 0
    rest_at: int = 0
    #: The header line as it was sent; empty until it was read.
    header: bytes = b""


class Load:
    """One run. `seed` decides how results are shuffled, where the org shuffles them."""

    def __init__(
        self, org: Org, task: Task, folder: Path, progress: Progress, stop: threading.Event, *, seed: int
    ) -> None:
        self._org = org
        self._task = task
        self._folder = folder
        self._progress = progress
        self._stop = stop
        self._random = random.Random(seed)  # noqa: S311  # an order on order, no secret
        self._columns: list[Column] = []
        self._names: list[str] = []

    def run(self, data: Path) -> None:
        """Processes the data.

        Raises:
            BadInput: they cannot be processed any further.
            Stopped: the job was aborted.
        """
        if not data.exists() or not data.stat().st_size:
            raise BadInput(f"InvalidBatch : {say('bulk.no_records')}")
        with ExitStack() as stack:
            records = CsvInput(stack.enter_context(data.open("rb")), self._task.delimiter, self._task.line_ending)
            self._read_header(data, records)
            files = [stack.enter_context((self._folder / name).open("ab")) for name in (SUCCESSFUL, FAILED)]
            while batch := self._next_batch(records):
                self._run_batch(batch, records.at, files)

    def _read_header(self, data: Path, records: CsvInput) -> None:
        task = self._task
        header = next(iter(records), None)
        if header is None:
            raise BadInput(f"InvalidBatch : {say('bulk.no_records')}")
        with data.open("rb") as file:
            self._progress.header = file.read(records.at)
        self._progress.rest_at = records.at
        for name, first in ((SUCCESSFUL, "sf__Created"), (FAILED, "sf__Error")):
            line = self._line(["sf__Id", first, *header.values])
            (self._folder / name).write_bytes(line)
        view = self._org.view(task.user_id)
        # Rights that were lost since the job was made leave the object's own columns for the rows to fail by.
        one = view.find(task.object.name) or task.object
        self._columns = read_header(view, one, task.operation, task.key, header.values)
        self._names = [column.field.name for column in self._columns]

    def _next_batch(self, records: CsvInput) -> list[Record]:
        """The records of the next batch; all of them can be read, or none is processed."""
        self._raise_stopped()
        batch = list(islice(records, self._org.settings.bulk_batch_rows))
        for record in batch:
            if len(record.values) != len(self._names):
                problem = say("bulk.column_count", found=len(record.values), expected=len(self._names))
                raise BadInput(f"InvalidBatch : Failed to parse CSV. {problem}")
        return batch

    def _run_batch(self, batch: list[Record], end: int, files: Sequence[BinaryIO]) -> None:
        if fault := self._org.faults.row_error(self._task.object.name, "bulkBatch"):
            raise BadInput(f"{fault.code} : {fault.message}")
        if self._org.settings.bulk_batch_delay:
            self._stop.wait(self._org.settings.bulk_batch_delay)
        lines: tuple[list[bytes], list[bytes]] = ([], [])
        try:
            for at in range(0, len(batch), _CHUNK):
                self._raise_stopped()
                chunk = batch[at : at + _CHUNK]
                self._note(chunk, self._write_chunk(chunk), lines)
                self._progress.rest_at = batch[at + _CHUNK].start if at + _CHUNK < len(batch) else end
        finally:
            for some, file in zip(lines, files, strict=True):
                if self._org.settings.bulk_shuffle:
                    self._random.shuffle(some)
                file.writelines(some)
                file.flush()

    def _write_chunk(self, chunk: list[Record]) -> list[Outcome]:
        with self._org.storage.transaction(self._task.user_id) as tx:
            writer = Writer(self._org, tx, Options(self._task.auto_assign, self._task.assignment_rule))
            rows = _Rows(self._org, tx, writer, self._task, self._columns, self._names)
            return rows.write(chunk)

    def _note(self, chunk: list[Record], outcomes: list[Outcome], lines: tuple[list[bytes], list[bytes]]) -> None:
        successful, failed = lines
        tells_id = self._task.version >= _FAILED_TELLS_ID
        for record, outcome in zip(chunk, outcomes, strict=True):
            if outcome.success:
                created = "true" if outcome.created else "false"
                successful.append(self._line([outcome.id or "", created, *record.values]))
            else:
                record_id = (outcome.id or "") if tells_id else ""
                failed.append(self._line([record_id, show_errors(outcome.errors), *record.values]))
        self._progress.processed += len(outcomes)
        self._progress.failed += sum(not one.success for one in outcomes)

    def _line(self, values: list[str]) -> bytes:
        between = f'"{self._task.delimiter}"'
        text = between.join(values)
        if text.count('"') != 2 * (len(values) - 1):
            text = between.join(one.replace('"', '""') for one in values)
        return f'"{text}"{self._task.line_end}'.encode()

    def _raise_stopped(self) -> None:
        if self._stop.is_set():
            raise Stopped


class _Rows:
    """Writes the rows of one chunk."""

    def __init__(
        self, org: Org, tx: Transaction, writer: Writer, task: Task, columns: list[Column], names: list[str]
    ) -> None:
        self._org = org
        self._tx = tx
        self._writer = writer
        self._task = task
        self._columns = columns
        self._names = names
        self._has_parents = any(column.target for column in columns)
        self._write_one = {
            "insert": self._insert, "update": self._update, "upsert": self._upsert, "delete": self._delete,
            "hardDelete": self._delete,
        }[task.operation]  # fmt: skip
        self._repeated: frozenset[str] = frozenset()
        self._parents: dict[tuple[str, str], str | RowError] = {}

    def write(self, chunk: list[Record]) -> list[Outcome]:
        """What became of each row, in their order."""
        key = self._task.key
        if key is not None:
            at = self._names.index(key.name)
            self._repeated = find_repeated(record.values[at] for record in chunk)
        outcomes = []
        for record in chunk:
            values = self._read(record.values)
            outcomes.append(refuse(values) if isinstance(values, RowError) else self._write_one(values))
        return outcomes

    def _read(self, given: list[str]) -> dict[str, str | None] | RowError:
        """The values of a row by field: what is empty is left alone, #N/A is null ("Prepare CSV Files")."""
        values = {
            name: None if value == _NULL else value for name, value in zip(self._names, given, strict=True) if value
        }
        if not self._has_parents:
            return values
        for column in self._columns:
            value = values.get(column.field.name)
            if column.target is None or value is None:
                continue
            found = self._find_parent(column, column.target, value)
            if isinstance(found, RowError):
                return found
            values[column.field.name] = found
        return values

    def _find_parent(self, column: Column, target: ObjectType, value: str) -> str | RowError:
        assert column.key is not None
        one = self._task.object
        if target.name == one.name:
            # A row before this one may have become the parent.
            return find_parent(self._writer, target, column.key, value)
        known = self._parents.get((column.field.name, value))
        if known is None:
            known = find_parent(self._writer, target, column.key, value)
            self._parents[column.field.name, value] = known
        return known

    def _insert(self, values: dict[str, str | None]) -> Outcome:
        if values.pop("Id", None) is not None:
            return refuse(RowError("INVALID_FIELD_FOR_INSERT_UPDATE", say("bulk.id_in_insert"), ("Id",)))
        return self._writer.create(self._task.object, values)

    def _update(self, values: dict[str, str | None]) -> Outcome:
        record_id = read_id(values.pop("Id", None), "update")
        if isinstance(record_id, RowError):
            return refuse(record_id)
        return self._writer.update(self._task.object, record_id, values)

    def _upsert(self, values: dict[str, str | None]) -> Outcome:
        key = self._task.key
        assert key is not None
        value = values.pop(key.name, None)
        if value is None and key.type != "id":
            return refuse(RowError("MISSING_ARGUMENT", say("bulk.key_missing", field=key.name)))
        if value is not None and value.casefold() in self._repeated:
            return refuse_repeated(key, value)
        return upsert(self._writer, self._task.object, key, value, values)

    def _delete(self, values: dict[str, str | None]) -> Outcome:
        record_id = read_id(values.pop("Id", None), "delete")
        if isinstance(record_id, RowError):
            return refuse(record_id)
        if self._task.operation == "hardDelete":
            return RecycleBin(self._org, self._tx).delete_past(self._writer, self._task.object, record_id)
        return self._writer.delete(self._task.object, record_id)


def show_errors(errors: Sequence[RowError]) -> str:
    """The cell sf__Error: code, message, and each field with a blank behind it."""
    return "".join(f"{one.code}:{one.message}:{''.join(f'{name} ' for name in one.fields)}--" for one in errors)
