"""What a user may write, as the refusal of a record that may not be written.

Sources: SOAP API Developer Guide, "Core Data Types", StatusCode. A record that the user does not see is as if there
were none; one that is seen and may not be changed says so.
"""

from collections.abc import Iterable, Mapping

from simorg.errors import RowError
from simorg.fidelity import say
from simorg.org import Org
from simorg.schema.registry import Field, ObjectType
from simorg.transactions import StoredValue, Transaction


class Access:
    """The rights of whoever writes, within one transaction."""

    def __init__(self, org: Org, tx: Transaction) -> None:
        self._org = org
        self._tx = tx
        self._view = org.view(tx.user_id)
        self._seen: dict[tuple[str, str], bool] = {}

    def find(self, one: ObjectType) -> ObjectType | None:
        """The object as the user sees it."""
        return self._view.find(one.name)

    def allows(self, *names: str) -> bool:
        """Whether one of some system permissions is there."""
        return self._view.rights.allows(*names)

    def sees(self, one: ObjectType, record_id: str) -> bool:
        """Whether the user sees a record that exists."""
        key = (one.name, record_id)
        if key not in self._seen or self._tx.has_written(one.name):
            open_ = self._view.rights.on(one).read and self._view.may(self._tx, one, "read", record_id)
            self._seen[key] = open_
        return self._seen[key]

    def refuse_create(self, one: ObjectType) -> RowError | None:
        """Whether records of an object can be made."""
        if not self._org.schema.get(one.name).createable:
            return RowError("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", say("dml.not_createable", object=one.name))
        if not self._view.rights.on(one).create:
            return RowError("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", say("rights.create", object=one.name))
        return None

    def refuse_update(self, one: ObjectType, record_id: str) -> RowError | None:
        """Whether a record that the user sees can be changed."""
        if not self._view.rights.on(one).edit or not self._view.may(self._tx, one, "edit", record_id):
            return read_only_record()
        return None

    def refuse_delete(self, one: ObjectType, record_id: str) -> RowError | None:
        """Whether a record that the user sees can be deleted."""
        if not self._view.rights.on(one).delete or not self._view.may(self._tx, one, "delete", record_id):
            return read_only_record()
        return None

    def refuse_transfer(
        self, one: ObjectType, before: Mapping[str, StoredValue], written: Mapping[str, StoredValue]
    ) -> RowError | None:
        """Whether a record can be given to another owner."""
        if "OwnerId" not in written or written["OwnerId"] == before.get("OwnerId"):
            return None
        if self._view.may_transfer(self._tx, one, str(before["Id"])):
            return None
        return read_only_record()

    def refuse_reference(self, one: ObjectType, field: Field, target_id: str) -> RowError | None:
        """Whether a record can be referred to that exists."""
        if self.sees(one, target_id):
            return None
        message = say("rights.cross_reference")
        return RowError("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", message, (field.name,), status=403)

    def keep_seen(self, one: ObjectType, ids: Iterable[str]) -> list[str]:
        """Those of some records that the user sees."""
        return [record_id for record_id in ids if self.sees(one, record_id)]


def read_only_record() -> RowError:
    """The refusal of a record that is seen and may not be changed."""
    return RowError("INSUFFICIENT_ACCESS_OR_READONLY", say("rights.read_only"), status=403)


def unknown_object(name: str) -> RowError:
    """The refusal of a record of an object that the user does not see."""
    return RowError("INVALID_TYPE", f"sObject type '{name}' is not supported.")
