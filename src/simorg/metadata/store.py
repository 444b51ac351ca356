"""What somebody made or changed in an org's metadata, kept beside its records."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simorg.ids import build_id, read_number
from simorg.org import INSTANCE
from simorg.storage import Storage
from simorg.transactions import Transaction

_COLUMNS = "type, full_name, id, content, created, created_by, changed, changed_by"
#: Ids below are those of components that the org began with.
_FIRST_NUMBER = 62**6


@dataclass(frozen=True)
class Stored:
    """One component. `id` has 18 characters; stamps as records have them."""

    type: str
    full_name: str
    id: str
    content: Mapping[str, Any]
    created: str
    created_by: str
    changed: str
    changed_by: str


def find(storage: Storage, type_name: str, full_name: str) -> Stored | None:
    """A stored component, by its name in any case."""
    statement = f"SELECT {_COLUMNS} FROM _metadata WHERE type = ? AND full_name = ?"
    row = storage.read_one(statement, [type_name, full_name])
    return None if row is None else _read(row)


def listed(storage: Storage, type_name: str = "") -> list[Stored]:
    """The stored components of a type, or all, by name."""
    statement = f"SELECT {_COLUMNS} FROM _metadata WHERE ? IN ('', type) ORDER BY type, full_name"
    return [_read(row) for row in storage.read(statement, [type_name])]


def save(tx: Transaction, type_name: str, full_name: str, record_id: str, content: Mapping[str, Any]) -> None:
    """Keeps a component; one that is there keeps its id and who made it."""
    tx.run(
        f"INSERT INTO _metadata ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (type, full_name) DO UPDATE "
        "SET content = excluded.content, changed = excluded.changed, changed_by = excluded.changed_by",
        [type_name, full_name, record_id, json.dumps(content), tx.stamp, tx.user_id, tx.stamp, tx.user_id],
    )


def rename(tx: Transaction, type_name: str, old: str, new: str) -> None:
    """Gives a component another name."""
    statement = "UPDATE _metadata SET full_name = ?, changed = ?, changed_by = ? WHERE type = ? AND full_name = ?"
    tx.run(statement, [new, tx.stamp, tx.user_id, type_name, old])


def remove(tx: Transaction, type_name: str, full_name: str) -> None:
    """Forgets a component."""
    tx.run("DELETE FROM _metadata WHERE type = ? AND full_name = ?", [type_name, full_name])


def remove_below(tx: Transaction, parent: str) -> None:
    """Forgets the components of an object: their names begin with its name and a dot, those of layouts with a dash."""
    dotted, dashed = f"{parent}.", f"{parent}-"
    tx.run(
        "DELETE FROM _metadata WHERE substr(full_name, 1, ?) = ? OR (type = 'Layout' AND substr(full_name, 1, ?) = ?)",
        [len(dotted), dotted, len(dashed), dashed],
    )


def new_id(tx: Transaction, prefix: str) -> str:
    """An id for a new component, higher than any in use; "" for types whose components have none."""
    if not prefix:
        return ""
    row = tx.run("SELECT max(id) FROM _metadata WHERE substr(id, 1, 3) = ?", [prefix]).fetchone()
    return build_id(prefix, INSTANCE, read_number(str(row[0])) + 1 if row and row[0] else _FIRST_NUMBER)


def derive_id(prefix: str, full_name: str) -> str:
    """The id of a component that the org began with: always the same for its name."""
    if not prefix:
        return ""
    return build_id(prefix, INSTANCE, zlib.crc32(full_name.lower().encode()) % _FIRST_NUMBER)


def _read(row: tuple[Any, ...]) -> Stored:
    type_name, full_name, record_id, content, created, created_by, changed, changed_by = row
    return Stored(
        str(type_name), str(full_name), str(record_id), json.loads(content),
        str(created), str(created_by), str(changed), str(changed_by),
    )  # fmt: skip
