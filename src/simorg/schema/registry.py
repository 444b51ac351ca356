"""Objects and fields of an org, looked up without regard to case, and what can be changed about them at run time."""

import itertools
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from typing import Protocol

from simorg.clock import now
from simorg.schema.definition import FieldDefinition
from simorg.schema.record_types import RecordType

#: Types whose values are text and compare without regard to case.
TEXT_TYPES = frozenset(
    {"string", "email", "phone", "url", "textarea", "picklist", "multipicklist", "combobox", "encryptedstring"}
)
ID_TYPES = frozenset({"id", "reference"})
NUMBER_TYPES = frozenset({"int", "double", "currency", "percent", "long"})
COMPOUND_TYPES = frozenset({"address", "location"})
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class PicklistValue:
    """One value of a picklist."""

    value: str
    label: str = ""
    active: bool = True
    default: bool = False
    #: The controlling values under which it can be chosen; empty where no field controls, or under none.
    valid_for: tuple[str, ...] = ()


@dataclass(frozen=True)
class Field:
    """One field, by the facts that differ from field to field; describe derives the rest.

    `length` in characters; `precision` and `scale` in digits. `source` names the stored fields a compound or derived
    field is made of. `hidden` fields are missing for every user until they are granted. `derived` is SQL for a value
    that follows from other records: `r` is the record, `{Object}` the records of an object, `{today}` the day.
    """

    name: str
    label: str
    type: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    digits: int = 0
    nillable: bool = True
    createable: bool = True
    updateable: bool = True
    defaulted_on_create: bool = False
    default: str | int | float | bool | None = None
    unique: bool = False
    external_id: bool = False
    id_lookup: bool = False
    case_sensitive: bool = False
    custom: bool = False
    calculated: bool = False
    formula: str | None = None
    reference_to: tuple[str, ...] = ()
    relationship_name: str | None = None
    #: What the records with this reference are called at the record that they refer to.
    child_relationship: str | None = None
    cascade_delete: bool = False
    picklist: tuple[PicklistValue, ...] = ()
    restricted_picklist: bool = False
    compound: str | None = None
    components: tuple[str, ...] = ()
    filterable: bool = True
    sortable: bool = True
    groupable: bool = True
    aggregatable: bool = True
    name_field: bool = False
    name_pointing: bool = False
    permissionable: bool = False
    hidden: bool = False
    html: bool = False
    extra_type: str | None = None
    help: str | None = None
    derived: str | None = None
    #: What a custom field was made from.
    definition: FieldDefinition | None = None
    #: The formula of its default value, where it is no constant.
    default_formula: str | None = None
    #: The picklist or checkbox that says which values can be chosen.
    controller: str | None = None
    #: The form of an automatic number, e.g. A-{0000}.
    auto_number: str | None = None
    mask_char: str | None = None
    mask_type: str | None = None
    #: Fields of other objects that a derived field shows, e.g. "Lead.Email": who may not see them may not see it.
    mirrors: tuple[str, ...] = ()

    @cached_property
    def stored(self) -> bool:
        """Whether the field has a column; compound and calculated ones are derived when read."""
        return self.type not in COMPOUND_TYPES and not self.components and not self.calculated and not self.derived

    @cached_property
    def active_values(self) -> Mapping[str, int]:
        """The values of a picklist that can be chosen, with their places."""
        return {one.value: at for at, one in enumerate(self.picklist) if one.active}

    @property
    def settable(self) -> bool:
        """Whether a caller can give a value; one that is derived is then taken for what it is derived from."""
        return self.stored or (self.derived is not None and self.createable)

    @property
    def required(self) -> bool:
        """Whether a create must bring a value."""
        return not self.nillable and self.createable and not self.defaulted_on_create


@dataclass(frozen=True)
class ChildRelationship:
    """How records of another object hang on this one."""

    child: str
    field: str
    name: str | None = None
    cascade_delete: bool = False


@dataclass(frozen=True)
class ObjectType:
    """One object with its fields, in the order of its describe."""

    name: str
    label: str
    label_plural: str
    key_prefix: str
    fields: Mapping[str, Field]
    children: tuple[ChildRelationship, ...] = ()
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    undeletable: bool = True
    mergeable: bool = False
    replicateable: bool = True
    searchable: bool = True
    layoutable: bool = True
    triggerable: bool = True
    feed_enabled: bool = False
    mru_enabled: bool = True
    custom: bool = False
    record_types: tuple[RecordType, ...] = ()
    flags: Mapping[str, object] = field(default_factory=dict)
    #: Objects whose records decide which records of this one a user sees.
    scoped_by: frozenset[str] = frozenset()

    def find(self, name: str) -> Field | None:
        """A field that users see, by its name in any case."""
        found = self.fields.get(name.lower())
        return None if found is None or found.hidden else found

    def find_relation(self, name: str) -> Field | None:
        """The reference field behind a parent relationship's name, e.g. Account → AccountId."""
        wanted = name.lower()
        for one in self.fields.values():
            if one.relationship_name and one.relationship_name.lower() == wanted and not one.hidden:
                return one
        return None

    def find_child(self, name: str) -> ChildRelationship | None:
        """A child relationship by its name, e.g. Contacts of Account."""
        wanted = name.lower()
        return next((one for one in self.children if one.name and one.name.lower() == wanted), None)

    @property
    def visible_fields(self) -> list[Field]:
        """The fields that users see, in describe's order."""
        return [one for one in self.fields.values() if not one.hidden]

    @cached_property
    def stored_fields(self) -> tuple[Field, ...]:
        """The fields that have a column, hidden ones too."""
        return tuple(one for one in self.fields.values() if one.stored)

    @cached_property
    def required_fields(self) -> tuple[Field, ...]:
        """The fields that a create must bring a value for."""
        return tuple(one for one in self.fields.values() if one.required)

    @cached_property
    def linked_fields(self) -> tuple[Field, ...]:
        """The fields whose values can only be judged beside other records: references and unique ones."""
        return tuple(one for one in self.fields.values() if one.settable and (one.type == "reference" or one.unique))

    @cached_property
    def auto_numbers(self) -> tuple[Field, ...]:
        """The fields that number the records."""
        return tuple(one for one in self.fields.values() if one.auto_number)

    @cached_property
    def default_formulas(self) -> tuple[Field, ...]:
        """The fields whose default values are calculated."""
        return tuple(one for one in self.fields.values() if one.default_formula is not None)

    @cached_property
    def masters(self) -> tuple[Field, ...]:
        """The fields that name the masters of a detail, in order."""
        return tuple(one for one in self.fields.values() if one.definition and one.definition.type == "MasterDetail")

    @cached_property
    def unstored_names(self) -> frozenset[str]:
        """The fields that a caller can give a value and that have no column."""
        return frozenset(one.name for one in self.fields.values() if one.settable and not one.stored)

    @property
    def derived_fields(self) -> list[Field]:
        """The fields whose values follow from other records."""
        return [one for one in self.fields.values() if one.derived]

    @property
    def derived_from(self) -> frozenset[str]:
        """The objects that derived fields read."""
        names = (found for one in self.derived_fields for found in _PLACEHOLDER.findall(one.derived or ""))
        return frozenset(names) - {"today", "now", "zone"}

    @property
    def name_field(self) -> Field | None:
        """The field that names a record."""
        return next((one for one in self.fields.values() if one.name_field), None)


class Catalog(Protocol):
    """Where objects are looked up: all of an org's, or those that a user sees."""

    def find(self, name: str) -> ObjectType | None:
        """An object by its name, in any case."""


class Schema:
    """The objects of one org. Objects are replaced whole, so that a reader keeps a consistent one."""

    def __init__(self, objects: Sequence[ObjectType]) -> None:
        self._published = {one.name.lower(): one for one in objects}
        self._initial = dict(self._published)
        self._lock = threading.RLock()
        self._draft = threading.local()
        self._numbers = itertools.count(2)
        self._version = 1
        self._compiled: dict[tuple[str, ...], object] = {}
        #: When something last changed, in whole seconds.
        self.changed_at = now().replace(microsecond=0)

    @property
    def _objects(self) -> dict[str, ObjectType]:
        """What this thread sees: its draft within `changing`, else what is published."""
        draft: dict[str, ObjectType] | None = getattr(self._draft, "objects", None)
        return self._published if draft is None else draft

    @property
    def version(self) -> int:
        """Grows with each change; a draft has numbers of its own, which never come back."""
        number: int | None = getattr(self._draft, "version", None)
        return self._version if number is None else number

    @property
    def compiled(self) -> dict[tuple[str, ...], object]:
        """What was compiled over the schema as this thread sees it; forgotten with each change."""
        kept: dict[tuple[str, ...], object] | None = getattr(self._draft, "compiled", None)
        return self._compiled if kept is None else kept

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Several changes that others see at its end, all together; on an exception none of them.

        Within another `changing` of this thread it is a part of that one, and can fail alone.
        """
        with self._lock:
            draft = self._draft
            outer = getattr(draft, "objects", None)
            before = self.version
            draft.objects, draft.version, draft.compiled = dict(self._objects), before, {}
            try:
                yield
            except BaseException:
                # Nothing compiled from a draft that was given up may be taken for the one that goes on.
                draft.objects, draft.version = outer, None if outer is None else next(self._numbers)
                draft.compiled = None if outer is None else {}
                raise
            if outer is None:
                objects, changed = draft.objects, draft.version != before
                draft.objects = draft.version = draft.compiled = None
                if changed:
                    self._published = objects
                    self._note_change()

    def initial(self, object_name: str) -> ObjectType | None:
        """An object as the org began with it."""
        return self._initial.get(object_name.lower())

    def find(self, name: str) -> ObjectType | None:
        """An object by its name, in any case."""
        return self._objects.get(name.lower())

    def get(self, name: str) -> ObjectType:
        """An object that is known to exist.

        Raises:
            KeyError: it does not.
        """
        return self._objects[name.lower()]

    def by_prefix(self, record_id: str) -> ObjectType | None:
        """The object that an id belongs to."""
        return next((one for one in self._objects.values() if one.key_prefix == record_id[:3]), None)

    def objects(self) -> list[ObjectType]:
        """All objects, by name."""
        return sorted(self._objects.values(), key=lambda one: one.name)

    def add_object(self, new: ObjectType) -> None:
        """Adds an object, with its relationships at what it refers to. Storage needs `Storage.add_object` besides.

        Raises:
            ValueError: there is one of this name or key prefix, or a reference leads nowhere.
        """
        with self._lock:
            if self.find(new.name) or self.by_prefix(new.key_prefix):
                raise ValueError(f"there is an object {new.name} or of the key prefix {new.key_prefix} already")
            parents = {name for one in new.fields.values() for name in one.reference_to if name != new.name}
            unknown = sorted(name for name in parents if self.find(name) is None)
            if unknown:
                raise ValueError(f"no such objects: {', '.join(unknown)}")
            for name in parents:
                self._add_children(self._objects[name.lower()], new)
            self._objects[new.name.lower()] = new
            self._note_change()

    def _add_children(self, parent: ObjectType, new: ObjectType) -> None:
        """The relationships of a new object's lookups, at one parent."""
        hanging = tuple(
            ChildRelationship(new.name, one.name, one.child_relationship, one.cascade_delete)
            for one in new.fields.values()
            if parent.name in one.reference_to and one.custom
        )
        self._objects[parent.name.lower()] = replace(parent, children=(*parent.children, *hanging))

    def replace_object(self, changed: ObjectType) -> None:
        """Puts a changed object in the place of the one of its name."""
        with self._lock:
            self._objects[changed.name.lower()] = changed
            self._note_change()

    def add_field(self, object_name: str, new: Field) -> None:
        """Adds a field, or replaces the one of its name. Storage needs `Storage.add_column` besides."""
        with self._lock:
            one = self._objects[object_name.lower()]
            self._objects[object_name.lower()] = replace(one, fields={**one.fields, new.name.lower(): new})
            self._note_change()

    def remove_field(self, object_name: str, field_name: str) -> None:
        """Takes a field away; its column stays, unread."""
        with self._lock:
            one = self._objects[object_name.lower()]
            fields = {key: value for key, value in one.fields.items() if key != field_name.lower()}
            self._objects[object_name.lower()] = replace(one, fields=fields)
            self._note_change()

    def change_field(self, object_name: str, field_name: str, **changes: object) -> None:
        """Changes facts about a field, e.g. hidden=True."""
        old = self.get(object_name).fields.get(field_name.lower())
        if old is None:
            raise KeyError(f"{object_name}.{field_name}")
        self.add_field(object_name, replace(old, **changes))  # type: ignore[arg-type]  # names are checked by replace

    def remove_object(self, object_name: str) -> None:
        """Takes an object away, and nothing that leads to it; its table stays, unread."""
        with self._lock:
            del self._objects[object_name.lower()]
            self._note_change()

    def _note_change(self) -> None:
        if getattr(self._draft, "objects", None) is not None:
            self._draft.version, self._draft.compiled = next(self._numbers), {}
            return
        self._version, self._compiled = next(self._numbers), {}
        # Two changes within a second must still differ for whoever asks with If-Modified-Since.
        self.changed_at = max(now().replace(microsecond=0), self.changed_at + timedelta(seconds=1))
