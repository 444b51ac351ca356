"""The recycle bin: what comes back out of it, and what never comes to lie in it.

Source: SOAP API Developer Guide, undelete(): what fell with a record comes back with it; the loser of a merge comes
back without its children, which stay the master's. Salesforce Help, "Manage the Recycle Bin": 15 days. Bulk API 2.0
Developer Guide, "Create a Job", hardDelete: deleted, seen by queryAll for a while, and not in the bin.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from simorg.behaviour.access import Access
from simorg.behaviour.dml import Outcome, Writer, find_falling, refuse
from simorg.behaviour.lookups import find_duplicate
from simorg.clock import read_stamp
from simorg.errors import RowError
from simorg.fidelity import say
from simorg.org import Org
from simorg.schema.registry import ObjectType
from simorg.transactions import StoredValue, Transaction, quote

_KEPT = timedelta(days=15)


class RecycleBin:
    """The bin of one org, within one transaction."""

    def __init__(self, org: Org, tx: Transaction) -> None:
        self._org = org
        self._tx = tx
        self._access = Access(org, tx)

    def undelete(self, one: ObjectType, record_id: str) -> Outcome:
        """Takes a record, and what fell with it, out of the bin."""
        before = self._tx.get(one.name, record_id)
        if before is None or not self._access.sees(one, record_id) or not self._holds(one, before):
            return refuse(RowError("UNDELETE_FAILED", say("dml.not_in_bin")), record_id=record_id)
        if not self._org.schema.get(one.name).undeletable:
            message = say("dml.not_undeletable", object=one.name)
            return refuse(RowError("UNDELETE_FAILED", message), record_id=record_id)
        if error := self._access.refuse_delete(one, record_id):
            return refuse(error, record_id=record_id)
        if fault := self._org.faults.row_error(one.name, "undelete", record_id):
            return refuse(fault, record_id=record_id)
        if error := self._find_obstacle(one, before):
            return refuse(error, record_id=record_id)
        self._restore(one, before)
        return Outcome(record_id)

    def delete_past(self, writer: Writer, one: ObjectType, record_id: str) -> Outcome:
        """Deletes a record by the rules of any deletion; neither it nor what falls with it lies in the bin."""
        outcome = writer.delete(one, record_id)
        if outcome.success:
            self._expel(one, record_id)
        return outcome

    def _holds(self, one: ObjectType, row: Mapping[str, StoredValue]) -> bool:
        """Whether a record lies in the bin for itself, not with the parent that it fell with."""
        if not row.get("IsDeleted") or self._tx.is_expelled(str(row["Id"])):
            return False
        stamp = row["SystemModstamp"]
        if read_stamp(self._tx.stamp) - read_stamp(str(stamp)) > _KEPT:
            return False
        return not any(parent["SystemModstamp"] == stamp for _, parent in self._find_deleted_parents(one, row))

    def _find_obstacle(self, one: ObjectType, row: Mapping[str, StoredValue]) -> RowError | None:
        for field_name, _ in self._find_deleted_parents(one, row):
            return RowError("ENTITY_IS_DELETED", say("dml.entity_is_deleted"), (field_name,))
        for field in one.linked_fields:
            value = row.get(field.name)
            if field.unique and value is not None:
                error = find_duplicate(self._tx, one, field, value, str(row["Id"]), self._access)
                if error:
                    return error
        return None

    def _find_deleted_parents(
        self, one: ObjectType, row: Mapping[str, StoredValue]
    ) -> Iterator[tuple[str, Mapping[str, StoredValue]]]:
        """Deleted records that this one falls with, by the field that names them."""
        for parent in self._org.schema.objects():
            for child in parent.children:
                target_id = row.get(child.field) if child.cascade_delete and child.child == one.name else None
                if target_id and str(target_id).startswith(parent.key_prefix):
                    found = self._tx.get(parent.name, str(target_id))
                    if found and found.get("IsDeleted"):
                        yield child.field, found

    def _restore(self, one: ObjectType, before: Mapping[str, StoredValue]) -> None:
        self._tx.undelete(one.name, str(before["Id"]))
        for child, row in self._find_fallen(one, before):
            self._restore(child, row)

    def _expel(self, one: ObjectType, record_id: str) -> None:
        self._tx.expel(record_id)
        row = self._tx.get(one.name, record_id)
        assert row is not None
        for child, fallen in self._find_fallen(one, row):
            self._expel(child, str(fallen["Id"]))

    def _find_fallen(
        self, one: ObjectType, parent: Mapping[str, StoredValue]
    ) -> list[tuple[ObjectType, Mapping[str, StoredValue]]]:
        """What was deleted with a record: it has the same stamp. A loser of a merge was not."""
        found: list[tuple[ObjectType, Mapping[str, StoredValue]]] = []
        for child, field in find_falling(self._org.schema, one):
            fell = f'{quote(field)} = ? AND "IsDeleted" = 1 AND "SystemModstamp" = ?'
            rows = self._tx.select(child.name, fell, [parent["Id"], parent["SystemModstamp"]])
            found += [(child, row) for row in rows if not row.get("MasterRecordId")]
        return found
