"""An org as one user sees it: objects and fields without what is closed, and of records those that are shared.

All that asks on behalf of a user asks here, so that what is closed is as if it were not there, by every road.
"""

import threading
from dataclasses import replace
from datetime import datetime

from simorg.schema.registry import ChildRelationship, Field, ObjectType, Schema
from simorg.security import permissions
from simorg.security.rights import Rights
from simorg.security.sharing import Level, Sharing
from simorg.storage import Storage
from simorg.transactions import StoredValue, Transaction, quote


class View:
    """What one user sees, at one state of the rights. `changed_at` is when that last became different."""

    def __init__(
        self, rights: Rights, schema: Schema, storage: Storage, sharing: Sharing, changed_at: datetime
    ) -> None:
        self.rights = rights
        self.changed_at = changed_at
        self._schema = schema
        self._storage = storage
        self._sharing = sharing
        self._objects: dict[str, ObjectType | None] = {}
        self._rules: dict[tuple[str, Level], tuple[str | None, frozenset[str]]] = {}
        self._lock = threading.RLock()

    def find(self, name: str) -> ObjectType | None:
        """An object by its name, in any case; None where the user does not see it."""
        key = name.lower()
        try:
            return self._objects[key]
        except KeyError:
            with self._lock:
                if key not in self._objects:
                    one = self._schema.find(name)
                    self._objects[key] = None if one is None else self._narrow(one)
                return self._objects[key]

    def get(self, name: str) -> ObjectType:
        """An object that is known to be seen.

        Raises:
            KeyError: it is not.
        """
        one = self.find(name)
        if one is None:
            raise KeyError(name)
        return one

    def by_prefix(self, record_id: str) -> ObjectType | None:
        """The object that an id belongs to."""
        one = self._schema.by_prefix(record_id)
        return None if one is None else self.find(one.name)

    def objects(self) -> list[ObjectType]:
        """All objects that the user sees, by name."""
        return [found for one in self._schema.objects() if (found := self.find(one.name)) is not None]

    def source(self, object_name: str) -> str:
        """What to select from to see the records of an object that the user sees, as SQL."""
        one = self._schema.get(object_name)
        whole = self._storage.source(one.name, self._scope)
        return self._limit(one, whole)

    def may(self, tx: Transaction, one: ObjectType, level: Level, record_id: str) -> bool:
        """Whether the user sees, edits or deletes a record, as the transaction has it."""
        rule, _ = self._rule(one, level)
        if rule is None:
            return True
        return bool(tx.select_ids(one.name, f'"Id" = ? AND ({rule.replace("{r}", quote(one.name))})', [record_id]))

    def may_transfer(self, tx: Transaction, one: ObjectType, record_id: str) -> bool:
        """Whether the user gives a record that can be edited to another owner ("Transfer", Salesforce Help)."""
        if self._sharing.is_transferable(one) or self.rights.allows(*permissions.transfers(one.name)):
            return True
        return self.may(tx, one, "delete", record_id)

    def read(self, object_name: str, record_id: str) -> dict[str, StoredValue] | None:
        """A record that the user sees, deleted ones too; every stored field. None where there is none."""
        return self._storage.read_record(self.source(object_name), record_id)

    def _scope(self, object_name: str) -> str:
        """The records of an object that fields of another may show to the user."""
        one = self._schema.get(object_name)
        if not self.rights.on(one).read:
            return f"(SELECT * FROM {quote(one.name)} WHERE 0)"
        return self._limit(one, self._storage.records(one.name))

    def _limit(self, one: ObjectType, records: str) -> str:
        rule, _ = self._rule(one, "read")
        return records if rule is None else f"(SELECT * FROM {records} v WHERE {rule.replace('{r}', 'v')})"

    def _rule(self, one: ObjectType, level: Level) -> tuple[str | None, frozenset[str]]:
        key = (one.name, level)
        found = self._rules.get(key)
        if found is None:
            with self._lock:
                found = self._rules[key] = self._sharing.find_rule(one, level, "{r}")
        return found

    def _narrow(self, one: ObjectType) -> ObjectType | None:
        if self.rights.unlimited:
            return one
        rights = self.rights.on(one)
        if not rights.read:
            return None
        return replace(
            one,
            fields={key: self._narrow_field(one, shown) for key, shown in one.fields.items()},
            children=tuple(child for child in one.children if self._shows(child)),
            createable=one.createable and rights.create,
            updateable=one.updateable and rights.edit,
            deletable=one.deletable and rights.delete,
            undeletable=one.undeletable and rights.delete,
            mergeable=one.mergeable and rights.edit and rights.delete,
            scoped_by=self._rule(one, "read")[1],
        )

    def _narrow_field(self, one: ObjectType, shown: Field) -> Field:
        rights = self.rights.on_field(one, shown, self._schema)
        if rights.read and rights.edit:
            return shown
        if rights.read:
            return replace(shown, createable=False, updateable=False)
        return replace(shown, createable=False, updateable=False, hidden=True)

    def _shows(self, child: ChildRelationship) -> bool:
        one = self._schema.find(child.child)
        if one is None or not self.rights.on(one).read:
            return False
        hanging = one.fields.get(child.field.lower())
        return hanging is not None and self.rights.on_field(one, hanging, self._schema).read
