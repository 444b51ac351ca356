"""A master is saved anew when what it rolls up may have changed.

Source: Apex Developer Guide, "Triggers and Order of Execution": the parent goes through the save procedure.
"""

from collections.abc import Mapping

from simorg.schema.registry import ObjectType, Schema
from simorg.transactions import StoredValue, Transaction


def touch_masters(tx: Transaction, schema: Schema, one: ObjectType, *rows: Mapping[str, StoredValue] | None) -> None:
    """Moves the stamps of the masters of a detail, as it is and as it was, that roll up details."""
    for field in one.masters:
        master = schema.find(field.reference_to[0])
        if master is None or not _rolls_up(master, one.name, field.name):
            continue
        for record_id in dict.fromkeys(str(row[field.name]) for row in rows if row and row.get(field.name)):
            tx.update(master.name, record_id, {}, touch_last_modified=False)


def _rolls_up(master: ObjectType, child: str, key: str) -> bool:
    wanted = f"{child}.{key}".lower()
    definitions = (field.definition for field in master.fields.values())
    return any(one is not None and (one.summary_foreign_key or "").lower() == wanted for one in definitions)
