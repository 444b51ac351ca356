"""Creating, updating and deleting one record by the rules of an org. What is refused is a value, not an exception."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from simorg.behaviour.access import Access, unknown_object
from simorg.behaviour.calculating import calculate_default
from simorg.behaviour.custom_rules import CustomRules, Refused
from simorg.behaviour.duplicates import DuplicateOptions
from simorg.behaviour.filling import build_defaults, clear_bounce, must_have, storable
from simorg.behaviour.lookups import find_duplicate, key_condition, key_value, living
from simorg.behaviour.masters import touch_masters
from simorg.behaviour.numbering import next_auto_number
from simorg.behaviour.record_types import apply_record_type
from simorg.behaviour.rules import rules_of
from simorg.behaviour.values import read_value
from simorg.behaviour.writing import Write
from simorg.errors import RowError
from simorg.fidelity import say
from simorg.org import Org
from simorg.schema.registry import Field, ObjectType, Schema
from simorg.transactions import StoredValue, Transaction, quote

_IGNORED = frozenset({"attributes"})
_NO_DUPLICATES_ASKED = DuplicateOptions()


@dataclass(frozen=True)
class Options:
    """How a caller wants its writes: whether assignment rules run (REST: unless told otherwise, they do)."""

    auto_assign: bool = True
    #: The assignment rule asked for, where it is not the active one.
    assignment_rule: str | None = None
    duplicates: DuplicateOptions = _NO_DUPLICATES_ASKED
    #: How many writes by rules led to this one.
    depth: int = 0


@dataclass(frozen=True)
class Outcome:
    """What became of one record. Refused where there are errors; then `id` is as it was sent."""

    id: str | None = None
    created: bool = False
    errors: tuple[RowError, ...] = ()

    @property
    def success(self) -> bool:
        """Whether it was written."""
        return not self.errors


def refuse(*errors: RowError, record_id: str | None = None) -> Outcome:
    """The outcome of a refused record."""
    return Outcome(record_id, errors=errors)


class Writer:
    """Writes records of one org within one transaction."""

    def __init__(self, org: Org, tx: Transaction, options: Options = Options()) -> None:  # it is frozen
        self._org = org
        self._tx = tx
        self._options = options
        self._access = Access(org, tx)
        self._defaults: dict[str, Mapping[str, StoredValue]] = {}
        self._fields: dict[tuple[object, ...], list[tuple[str, Field]] | RowError] = {}
        self._known: dict[str, Mapping[str, StoredValue] | None] = {}

    def create(self, one: ObjectType, values: Mapping[str, object]) -> Outcome:
        """Makes a record from fields as sent."""
        one = self._org.schema.get(one.name)
        read = self._read_new(one, values)
        if isinstance(read, tuple):
            return refuse(*read)
        return self._create(one, read, frozenset(read))

    def _create(self, one: ObjectType, read: Mapping[str, StoredValue], given: frozenset[str]) -> Outcome:
        """Makes a record of values as storage keeps them; the caller has to have rights for those `given`."""
        row = self._fill_in(one, read)
        custom = self._find_rules(one)
        if custom and (error := custom.change(row, None)):
            return refuse(error)
        if one.record_types and (error := apply_record_type(self._tx, one, row, None, read)):
            return refuse(error)
        if imply := rules_of(one.name).imply:
            imply(Write(self._org, self._tx, None, row))
        missing = [field.name for field in one.required_fields if row.get(field.name) is None]
        if missing:
            message = f"Required fields are missing: [{', '.join(missing)}]"
            return refuse(RowError("REQUIRED_FIELD_MISSING", message, tuple(missing)))
        write = Write(self._org, self._tx, None, row, given)
        self._assign(one, row, None, custom)
        if error := self._prepare(one, write):
            return refuse(error)
        if custom and (errors := custom.judge(row, None, self._options.duplicates)):
            return refuse(*errors)
        return self._store(one, write, None, custom)

    def _fill_in(self, one: ObjectType, read: Mapping[str, StoredValue]) -> dict[str, StoredValue]:
        """What is written of a new record: what was given, and what is implied where nothing was."""
        defaults = self._find_defaults(one)
        row = {**defaults, **read}
        for field in one.default_formulas:
            if field.name not in read:
                row[field.name] = calculate_default(self._org, self._tx, one, field, row)
        if None in read.values():
            # A blank where there must be a value is none given.
            row |= {
                name: defaults[name]
                for name, value in read.items()
                if value is None and name in defaults and must_have(one, name)
            }
        return row

    def update(self, one: ObjectType, record_id: str, values: Mapping[str, object]) -> Outcome:
        """Changes a record by fields as sent; `record_id` has 18 characters."""
        mine = self._access.find(one)
        before = self._get_seen(one, record_id)
        if mine is None or before is None:
            message = say("dml.invalid_cross_reference")
            return refuse(RowError("INVALID_CROSS_REFERENCE_KEY", message, status=404), record_id=record_id)
        if error := self._find_obstacle(one, before) or self._access.refuse_update(one, record_id):
            return refuse(error, record_id=record_id)
        if fault := self._org.faults.row_error(one.name, "update", record_id, values):
            return refuse(fault, record_id=record_id)
        read = self._read(mine, values, creating=False)
        if isinstance(read, tuple):
            return refuse(*read, record_id=record_id)
        if error := self._access.refuse_transfer(one, before, read):
            return refuse(error, record_id=record_id)
        return self._update(self._org.schema.get(one.name), before, read, frozenset(read))

    def _update(
        self, one: ObjectType, before: Mapping[str, StoredValue], read: dict[str, StoredValue], given: frozenset[str]
    ) -> Outcome:
        """Changes a record to values as storage keeps them; the caller has to have rights for those `given`."""
        record_id = str(before["Id"])
        custom = self._find_rules(one)
        if custom and (error := custom.change(read, before)):
            return refuse(error, record_id=record_id)
        if one.record_types and (error := apply_record_type(self._tx, one, read, before, read)):
            return refuse(error, record_id=record_id)
        if imply := rules_of(one.name).imply:
            imply(Write(self._org, self._tx, before, read))
        blank = [name for name, value in read.items() if value is None and must_have(one, name)]
        if blank:
            message = f"Required fields are missing: [{', '.join(blank)}]"
            return refuse(RowError("REQUIRED_FIELD_MISSING", message, tuple(blank)), record_id=record_id)
        self._assign(one, read, before, custom)
        clear_bounce(before, read)
        write = Write(self._org, self._tx, before, read, given)
        if error := self._prepare(one, write):
            return refuse(error, record_id=record_id)
        if custom and (errors := custom.judge(read, before, self._options.duplicates)):
            return refuse(*errors, record_id=record_id)
        return self._store(one, write, record_id, custom)

    def write_by_rule(
        self, one: ObjectType, record_id: str | None, values: dict[str, StoredValue]
    ) -> tuple[RowError, ...]:
        """Writes what an automation sets, past the caller's rights; gives why it was refused."""
        deeper = Options(auto_assign=False, duplicates=DuplicateOptions(allow_save=True), depth=self._options.depth + 1)
        writer = Writer(self._org, self._tx, deeper)
        if record_id is None:
            return writer._create(one, values, frozenset()).errors
        before = self._tx.get(one.name, record_id)
        if before is None:
            return (RowError("INVALID_CROSS_REFERENCE_KEY", say("dml.invalid_cross_reference")),)
        obstacle = self._find_obstacle(one, before)
        return (obstacle,) if obstacle else writer._update(one, before, values, frozenset()).errors

    def _store(self, one: ObjectType, write: Write, record_id: str | None, custom: CustomRules | None) -> Outcome:
        """Stores a record that nothing speaks against, with what follows from it."""
        if custom is None or not custom.rules.automations:
            return self._store_plainly(one, write, record_id)
        try:
            with self._tx.savepoint():
                outcome = self._store_plainly(one, write, record_id)
                assert outcome.id is not None
                custom.follow(outcome.id, write.written, write.before, self.write_by_rule, self._options.depth)
        except Refused as refusal:
            return refuse(*refusal.errors, record_id=record_id)
        return outcome

    def _store_plainly(self, one: ObjectType, write: Write, record_id: str | None) -> Outcome:
        if record_id is None:
            for field in one.auto_numbers:
                write.written[field.name] = next_auto_number(self._tx, one, field, self._org)
            made = self._tx.insert(one.name, storable(one, write.written))
            self._settle(one, write, made)
            touch_masters(self._tx, self._org.schema, one, write.written)
            return Outcome(made, created=True)
        self._tx.update(one.name, record_id, storable(one, write.written), before=write.before)
        self._settle(one, write, record_id)
        touch_masters(self._tx, self._org.schema, one, write.written, write.before)
        return Outcome(record_id)

    def _find_rules(self, one: ObjectType) -> CustomRules | None:
        rules = self._org.rules.of(one.name)
        return None if rules is None else CustomRules(self._org, self._tx, one, rules)

    def delete(self, one: ObjectType, record_id: str) -> Outcome:
        """Puts a record, and what falls with it, into the recycle bin."""
        if not self._org.schema.get(one.name).deletable:
            return refuse(RowError("INSUFFICIENT_ACCESS_OR_READONLY", say("dml.not_deletable", object=one.name)))
        before = self._get_seen(one, record_id)
        if before is None:
            message = say("dml.invalid_cross_reference")
            return refuse(RowError("INVALID_CROSS_REFERENCE_KEY", message, status=404), record_id=record_id)
        if before.get("IsDeleted"):
            return refuse(_deleted(), record_id=record_id)
        if error := self._access.refuse_delete(one, record_id):
            return refuse(error, record_id=record_id)
        if fault := self._org.faults.row_error(one.name, "delete", record_id):
            return refuse(fault, record_id=record_id)
        keep = rules_of(one.name).keep
        if keep and (error := keep(self._tx, before)):
            return refuse(error, record_id=record_id)
        self._bury(one, before)
        touch_masters(self._tx, self._org.schema, one, before)
        return Outcome(record_id)

    def find_by_key(self, one: ObjectType, key: Field, value: str) -> list[str]:
        """Ids of the living records with a key that the user sees.

        Within the write's transaction: a look before it may be out of date.
        """
        found = self._tx.select_ids(one.name, key_condition(one, key), [key_value(key, value)])
        return self._access.keep_seen(one, found)

    def _bury(self, one: ObjectType, before: Mapping[str, StoredValue]) -> None:
        record_id = str(before["Id"])
        if "isdeleted" in one.fields:
            self._tx.mark_deleted(one.name, record_id, before=before)
        else:
            self._tx.remove(one.name, record_id)
        for child, field in find_falling(self._org.schema, one):
            for row in self._tx.select(child.name, f"{quote(field)} = ?{living(child)}", [record_id]):
                # The member of a converted Lead is its Contact's.
                if child.name != "CampaignMember" or field != "LeadId" or row["ContactId"] is None:
                    self._bury(child, row)

    def _read_new(self, one: ObjectType, values: Mapping[str, object]) -> dict[str, StoredValue] | tuple[RowError, ...]:
        """Stored values of a new record by field, or why there cannot be one."""
        mine = self._access.find(one)
        if mine is None:
            return (unknown_object(one.name),)
        refused = self._access.refuse_create(one) or self._org.faults.row_error(one.name, "create", "", values)
        return (refused,) if refused else self._read(mine, values, creating=True)

    def _prepare(self, one: ObjectType, write: Write) -> RowError | None:
        """Fills in what follows from what is written, and judges all of it."""
        rules = rules_of(one.name)
        if rules.derive:
            rules.derive(write)
        if error := self._check(one, write):
            return error
        return rules.check(write) if rules.check else None

    def _settle(self, one: ObjectType, write: Write, record_id: str) -> None:
        settle = rules_of(one.name).settle
        if settle:
            settle(write, record_id)

    def _find_obstacle(self, one: ObjectType, before: Mapping[str, StoredValue]) -> RowError | None:
        if before.get("IsDeleted"):
            return _deleted()
        if one.name == "Lead" and before.get("IsConverted"):
            return RowError("CANNOT_UPDATE_CONVERTED_LEAD", say("dml.converted_lead"))
        if not self._org.schema.get(one.name).updateable:
            message = "entity type cannot be updated"
            return RowError("INSUFFICIENT_ACCESS_OR_READONLY", message, status=403)
        return None

    def _read(
        self, one: ObjectType, values: Mapping[str, object], *, creating: bool
    ) -> dict[str, StoredValue] | tuple[RowError, ...]:
        """Stored values by field, or why not: the fields themselves first, then their values."""
        asked = (one.name, creating, *values)
        fields = self._fields.get(asked)
        if fields is None:
            fields = self._fields[asked] = _find_fields(one, values, creating=creating)
        if isinstance(fields, RowError):
            return (fields,)
        read: dict[str, StoredValue] = {}
        errors = []
        for name, field in fields:
            value = read_value(field, values[name])
            if isinstance(value, RowError):
                errors.append(value)
            else:
                read[field.name] = value
        return tuple(errors) if errors else read

    def _find_defaults(self, one: ObjectType) -> Mapping[str, StoredValue]:
        defaults = self._defaults.get(one.name)
        if defaults is None:
            defaults = self._defaults[one.name] = build_defaults(one, self._tx.user_id)
        return defaults

    def _assign(
        self,
        one: ObjectType,
        written: dict[str, StoredValue],
        before: Mapping[str, StoredValue] | None,
        custom: CustomRules | None,
    ) -> None:
        """The active assignment rule, or the one asked for, names the owner."""
        if not self._options.auto_assign:
            return
        if custom and (owner := custom.assign(written, before, self._options.assignment_rule)):
            written["OwnerId"] = owner
            return
        settings = self._org.settings
        if one.name != "Lead" or not settings.assignment_source:
            return
        source = written["LeadSource"] if "LeadSource" in written else (before or {}).get("LeadSource")
        if source == settings.assignment_source:
            written["OwnerId"] = settings.assignment_owner

    def _check(self, one: ObjectType, write: Write) -> RowError | None:
        """What can only be judged beside other records: references, owners, unique values."""
        written, before = write.written, write.before
        for field in self._org.schema.get(one.name).linked_fields:
            value = written.get(field.name)
            if value is None or (before is not None and before.get(field.name) == value):
                continue
            given = field.name in write.given
            if field.type == "reference" and (error := self._check_reference(one, field, str(value), given=given)):
                return error
            if field.unique:
                record_id = str(before["Id"]) if before else ""
                if error := find_duplicate(self._tx, one, field, value, record_id, self._access):
                    return error
        return None

    def _get_seen(self, one: ObjectType, record_id: str) -> Mapping[str, StoredValue] | None:
        """The newest state of a record that the user sees."""
        if record_id[:3] != one.key_prefix:
            return None
        found = self._tx.get(one.name, record_id)
        return found if found is not None and self._access.sees(one, record_id) else None

    def _check_reference(self, one: ObjectType, field: Field, target_id: str, *, given: bool) -> RowError | None:
        target = self._org.schema.by_prefix(target_id)
        found = self._find_target(target.name, target_id) if target and target.name in field.reference_to else None
        if found is None:
            if target is None or target.name not in field.reference_to:
                message = say("dml.malformed_id", label=field.label, value=target_id)
                return RowError("FIELD_INTEGRITY_EXCEPTION", message, (field.name,))
            return RowError("INVALID_CROSS_REFERENCE_KEY", say("dml.invalid_cross_reference"), (field.name,))
        if given and target and (error := self._access.refuse_reference(target, field, target_id)):
            return error
        if found.get("IsDeleted"):
            return RowError("ENTITY_IS_DELETED", say("dml.entity_is_deleted"), (field.name,))
        if field.name == "OwnerId" and target and target.name == "User" and not found.get("IsActive"):
            message = say("dml.inactive_owner", id=target_id, object=one.name)
            return RowError("INACTIVE_OWNER_OR_USER", message, (field.name,))
        return None

    def _find_target(self, object_name: str, record_id: str) -> Mapping[str, StoredValue] | None:
        """A record referred to; many records of a call refer to the same."""
        if self._tx.has_written(object_name):
            return self._tx.get(object_name, record_id)
        if record_id not in self._known:
            self._known[record_id] = self._tx.get(object_name, record_id)
        return self._known[record_id]


def find_falling(schema: Schema, one: ObjectType) -> list[tuple[ObjectType, str]]:
    """The children that are deleted with a record of an object, by the field that names it."""
    found = ((schema.find(child.child), child) for child in one.children if child.cascade_delete)
    return [(target, child.field) for target, child in found if target]


def _find_fields(one: ObjectType, names: Iterable[str], *, creating: bool) -> list[tuple[str, Field]] | RowError:
    """The fields that values are given for, by their names as sent; or why one cannot be written."""
    found, closed = [], []
    for name in names:
        if name in _IGNORED:
            continue
        field = one.find(name)
        if field is None:
            return RowError("INVALID_FIELD", f"No such column '{name}' on sobject of type {one.name}")
        found.append((name, field))
        if not (field.createable if creating else field.updateable) or not field.settable:
            closed.append(field.name)
    if closed:
        message = say("dml.not_writable", fields=", ".join(closed))
        return RowError("INVALID_FIELD_FOR_INSERT_UPDATE", message, tuple(closed))
    return found


def _deleted() -> RowError:
    return RowError("ENTITY_IS_DELETED", say("dml.entity_is_deleted"), status=404)
