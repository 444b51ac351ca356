"""The result of a Bulk query in files: rows as CSV lines, where each begins, and ready gzip twins of default pages.

Rendered once, when the first job runs; a later job with the same query over unchanged data shares the files.
"""

import shutil
import threading
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate, islice
from pathlib import Path

_ROWS_AT_ONCE = 2_000
_KEPT = 6


@dataclass(frozen=True)
class Result:
    """A rendered result. `starts` holds, for each row and one past the last, its offset as 8 bytes."""

    folder: Path
    header: bytes
    rows: int
    page_rows: int

    @property
    def lines(self) -> Path:
        """The rows, without the header."""
        return self.folder / "rows.csv"

    def offset(self, row: int) -> int:
        """Where a row begins."""
        with (self.folder / "starts").open("rb") as file:
            file.seek(row * 8)
            return int.from_bytes(file.read(8), "little")

    def twin(self, row: int, rows: int) -> Path | None:
        """The gzip member of a page, where it is one of the default pages."""
        whole = row % self.page_rows == 0 and (rows == self.page_rows or row + rows == self.rows)
        path = self.folder / f"page-{row}.gz"
        return path if whole and rows <= self.page_rows and path.exists() else None


class Aborted(Exception):
    """The job was ended while its result was made."""


class Results:
    """The results kept, by what they were made of; the oldest go first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._kept: dict[object, Result] = {}
        self._number = 0

    def find(self, key: object) -> Result | None:
        """A result made earlier."""
        with self._lock:
            found = self._kept.pop(key, None)
            if found:
                self._kept[key] = found
            return found

    def keep(self, key: object, result: Result, used: Callable[[], set[Path]]) -> None:
        """Keeps a result; the oldest that no job uses are removed."""
        with self._lock:
            self._kept[key] = result
            spare = len(self._kept) - _KEPT
            if spare <= 0:
                return
            in_use = used()
            for old in [one for one, kept in self._kept.items() if kept.folder not in in_use and one != key][:spare]:
                shutil.rmtree(self._kept.pop(old).folder, ignore_errors=True)

    def clear(self) -> None:
        """Removes everything."""
        with self._lock:
            self._kept.clear()
            shutil.rmtree(self._folder, ignore_errors=True)

    def new_folder(self) -> Path:
        """A folder for a result about to be made."""
        with self._lock:
            self._number += 1
            folder = self._folder / f"result-{self._number}"
        folder.mkdir(parents=True)
        return folder


def render(
    folder: Path,
    header: bytes,
    lines: Iterable[bytes],
    page_rows: int,
    progress: Callable[[int], None],
) -> Result:
    """Writes a result's files. `lines` are whole rows with their line end; `progress` is told the rows so far.

    Raises:
        Aborted: `progress` raised it.
    """
    writer = _Writer(folder, header, page_rows)
    try:
        rest = iter(lines)
        while some := tuple(islice(rest, _ROWS_AT_ONCE)):
            writer.write(some)
            progress(writer.rows)
        return writer.finish()
    except BaseException:
        writer.close()
        shutil.rmtree(folder, ignore_errors=True)
        raise


class _Writer:
    def __init__(self, folder: Path, header: bytes, page_rows: int) -> None:
        self._folder = folder
        self._header = header
        self._page_rows = page_rows
        self._lines = (folder / "rows.csv").open("wb")
        self._starts = (folder / "starts").open("wb")
        self._page: list[bytes] = []
        self._at = 0
        self.rows = 0

    def write(self, lines: tuple[bytes, ...]) -> None:
        offsets = array("Q", accumulate(map(len, lines), initial=self._at))
        self._at = offsets.pop()
        offsets.tofile(self._starts)
        self._lines.writelines(lines)
        for part in self._split(lines):
            self._page.extend(part)
            self.rows += len(part)
            if len(self._page) == self._page_rows:
                self._write_twin()

    def finish(self) -> Result:
        array("Q", [self._at]).tofile(self._starts)
        self._write_twin()
        self.close()
        return Result(self._folder, self._header, self.rows, self._page_rows)

    def close(self) -> None:
        self._lines.close()
        self._starts.close()

    def _split(self, lines: tuple[bytes, ...]) -> Iterator[tuple[bytes, ...]]:
        room = self._page_rows - len(self._page)
        yield lines[:room]
        for at in range(room, len(lines), self._page_rows):
            yield lines[at : at + self._page_rows]

    def _write_twin(self) -> None:
        if not self._page:
            return
        packer = zlib.compressobj(1, wbits=31)
        with (self._folder / f"page-{self.rows - len(self._page)}.gz").open("wb") as file:
            file.write(packer.compress(self._header))
            file.write(packer.compress(b"".join(self._page)))
            file.write(packer.flush())
        self._page.clear()
