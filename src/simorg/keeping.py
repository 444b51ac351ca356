"""What an org is told that is no record, kept in its folder: it is there again after a restart or a kill.

Whatever keeps something of the kind is a part: it counts its changes, gives what differs from a new org as JSON by
name, and takes that back. The org names its parts in one place (`simorg.org`). They are saved with the commit that
belongs to a change, and before the request is answered that made it.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from simorg.transactions import StoredValue, Transaction

Read = Callable[[str], Sequence[tuple[StoredValue, ...]]]


class Kept(Protocol):
    """A part of an org that is kept."""

    @property
    def revision(self) -> int:
        """Another number after each change, which never comes back."""

    def entries(self) -> Mapping[str, Any]:
        """What differs from a new org, as JSON by name."""

    def restore(self, entries: Mapping[str, Any]) -> None:
        """Takes what `entries` gave, in a new org."""


class Keeper:
    """The parts of an org by name, restored in this order, and what of them is saved.

    `save` and `forget` are for the writer alone.
    """

    def __init__(self, parts: Mapping[str, Kept]) -> None:
        self._parts = dict(parts)
        #: The revisions that are saved, of each part.
        self._seen: dict[str, set[int]] = {name: set() for name in self._parts}
        #: What the table holds, by part and name; None where that is not known.
        self._texts: dict[tuple[str, str], str] | None = None

    @property
    def is_behind(self) -> bool:
        """Whether something has changed that is not saved."""
        return any(part.revision not in self._seen[name] for name, part in self._parts.items())

    @property
    def revisions(self) -> tuple[int, ...]:
        """Other numbers after each change of any part."""
        return tuple(part.revision for part in self._parts.values())

    def load(self, read: Read) -> None:
        """Gives the parts back what was saved."""
        saved: dict[str, dict[str, Any]] = {name: {} for name in self._parts}
        for row in read("SELECT part, name, content FROM _kept ORDER BY part, name"):
            if str(row[0]) in saved:
                saved[str(row[0])][str(row[1])] = json.loads(str(row[2]))
        for name, part in self._parts.items():
            if saved[name]:
                part.restore(saved[name])
            self._seen[name].add(part.revision)

    def save(self, tx: Transaction) -> None:
        """Writes what has changed, as a part of a transaction."""
        for name, part in self._parts.items():
            # A change that comes in between has another number, and is saved by whoever made it.
            revision = part.revision
            if revision not in self._seen[name]:
                self._write(tx, name, part.entries())
                self._seen[name].add(revision)

    def forget(self) -> None:
        """After a transaction that was undone: nothing is taken for saved."""
        self._texts = None
        for seen in self._seen.values():
            seen.clear()

    def _write(self, tx: Transaction, part: str, entries: Mapping[str, Any]) -> None:
        if self._texts is None:
            rows = tx.run("SELECT part, name, content FROM _kept", ())
            self._texts = {(str(row[0]), str(row[1])): str(row[2]) for row in rows}
        wanted = {(part, name): json.dumps(content, ensure_ascii=False) for name, content in entries.items()}
        for key in [key for key in self._texts if key[0] == part and key not in wanted]:
            tx.run("DELETE FROM _kept WHERE part = ? AND name = ?", key)
            del self._texts[key]
        for key, text in wanted.items():
            if self._texts.get(key) != text:
                tx.run("INSERT OR REPLACE INTO _kept (part, name, content) VALUES (?, ?, ?)", (*key, text))
                self._texts[key] = text
