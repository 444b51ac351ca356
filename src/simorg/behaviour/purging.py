"""Deleting for good: records that never come to lie in the recycle bin.

Source: Bulk API 2.0 Developer Guide, "Create a Job", hardDelete.
"""

from simorg.behaviour.dml import Outcome, Writer
from simorg.org import Org
from simorg.schema.registry import ObjectType
from simorg.transactions import Transaction, quote


def delete_for_good(org: Org, tx: Transaction, writer: Writer, one: ObjectType, record_id: str) -> Outcome:
    """Deletes a record by the rules of any deletion, then removes it with all that falls with it."""
    outcome = writer.delete(one, record_id)
    if outcome.success:
        _purge(org, tx, one, record_id)
    return outcome


def _purge(org: Org, tx: Transaction, one: ObjectType, record_id: str) -> None:
    for child in one.children:
        target = org.schema.find(child.child) if child.cascade_delete else None
        if target is not None:
            for row in tx.select(target.name, f'{quote(child.field)} = ? AND "IsDeleted" = 1', [record_id]):
                _purge(org, tx, target, str(row["Id"]))
    tx.purge(one.name, record_id)
