"""The rules of an administrator at work on one write (Apex Developer Guide, "Triggers and Order of Execution").

Before a record is stored, automations may change it; then validation rules and duplicate rules judge it. After it is
stored, automations change it or other records in the same transaction, or are kept for later.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from simorg.behaviour.calculating import calculate
from simorg.behaviour.duplicates import DuplicateOptions, find_duplicates
from simorg.behaviour.rulebook import AssignmentRule, Automation, ObjectRules
from simorg.behaviour.values import read_value
from simorg.behaviour.waiting import postpone
from simorg.errors import RowError
from simorg.fidelity import say
from simorg.formula.terms import BOOLEAN
from simorg.ids import to_18
from simorg.org import Org
from simorg.schema.registry import Field, ObjectType
from simorg.transactions import StoredValue, Transaction

#: So many times one write may lead to another in a transaction (Apex Developer Guide, "Execution Governors and Limits":
#: total stack depth for triggers that fire recursively).
MOST_DEPTH = 16
Row = Mapping[str, StoredValue]
#: Writes stored values by a rule: to a new record where there is no id. Gives why it was refused.
WriteByRule = Callable[[ObjectType, str | None, dict[str, StoredValue]], tuple[RowError, ...]]


class Refused(Exception):
    """A record is refused after it was stored; its writes have to be undone."""

    def __init__(self, errors: tuple[RowError, ...]) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = errors


@dataclass(frozen=True)
class CustomRules:
    """The rules of one object, for one write in a transaction."""

    org: Org
    tx: Transaction
    object: ObjectType
    rules: ObjectRules

    def change(self, row: dict[str, StoredValue], before: Row | None) -> RowError | None:
        """Lets automations change a record before it is stored; `row` is what will be written."""
        for rule in self.rules.automations:
            whole = {**(before or {}), **row}
            if rule.run != "before" or not self._applies(rule, whole, before):
                continue
            values = self._values(rule, self.object, whole, before)
            if isinstance(values, RowError):
                return self._failed(rule, values)
            row.update(values)
        return None

    def judge(self, row: Row, before: Row | None, options: DuplicateOptions) -> tuple[RowError, ...]:
        """Why a record is refused: all validation rules that say so, or else the first duplicate rule."""
        whole = {**(before or {}), **row}
        errors = tuple(
            RowError("FIELD_CUSTOM_VALIDATION_EXCEPTION", rule.message, (self._name(rule.field),) if rule.field else ())
            for rule in self.rules.validations
            if self._holds(rule.condition, whole, before)
        )
        if errors:
            return errors
        found = find_duplicates(self.org, self.tx, self.object, self.rules.duplicates, whole, before, options)
        return (found,) if found else ()

    def assign(self, row: Row, before: Row | None, rule_id: str | None) -> str | None:
        """The owner that an assignment rule names: of the one asked for, else of the active one."""
        whole = {**(before or {}), **row}
        for entry in self._assignment(rule_id).entries if self.rules.assignments else ():
            if self._holds(entry.get("condition"), whole, before):
                return to_18(str(entry["owner"]))
        return None

    def follow(self, record_id: str, row: Row, before: Row | None, write: WriteByRule, depth: int) -> None:
        """Does what follows from a record that was stored.

        Raises:
            Refused: an automation failed, and the record with it.
        """
        for rule in self.rules.automations:
            stored = self.tx.get(self.object.name, record_id) or {}
            whole = {**stored, **row} if before is None else stored
            if rule.run == "before" or not self._applies(rule, {**whole, "Id": record_id}, before):
                continue
            if rule.run == "later":
                if error := postpone(self.org, self.tx, rule, record_id):
                    raise Refused((error,))
                continue
            if depth >= MOST_DEPTH:
                message = say("automation.depth", name=rule.name, object=self.object.name, id=record_id)
                raise Refused((RowError("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", message),))
            self.act(rule, record_id, {**whole, "Id": record_id}, before, write)

    def act(self, rule: Automation, record_id: str, row: Row, before: Row | None, write: WriteByRule) -> None:
        """Does what an automation does.

        Raises:
            Refused: it failed.
        """
        target, target_id = self._target(rule, record_id, row)
        if target is None:
            return
        values = self._values(rule, target, row, before)
        if isinstance(values, RowError):
            raise Refused((self._failed(rule, values),))
        if target_id is not None:
            stored = self.tx.get(target.name, target_id) or {}
            values = {name: value for name, value in values.items() if stored.get(name) != value}
            if not values:
                return
        errors = write(target, target_id, values)
        if errors:
            # What an automation does to other records or further on fails with the record that set it off.
            deeper = any(error.code == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY" for error in errors)
            raise Refused(errors if deeper else (self._failed(rule, errors[0]),))

    def _applies(self, rule: Automation, row: Row, before: Row | None) -> bool:
        if rule.on == ("updated" if before is None else "created"):
            return False
        if rule.changed and before is not None:
            names = [self._name(name) for name in rule.changed]
            if all(row.get(name) == before.get(name) for name in names):
                return False
        return self._holds(rule.condition, row, before)

    def _holds(self, condition: str | None, row: Row, before: Row | None) -> bool:
        return condition is None or bool(self._calculate(condition, row, before, BOOLEAN))

    def _calculate(self, text: str, row: Row, before: Row | None, expected: str | None = None) -> StoredValue:
        return calculate(self.org, self.tx, self.object, text, row, before, expected)

    def _values(
        self, rule: Automation, target: ObjectType, row: Row, before: Row | None
    ) -> dict[str, StoredValue] | RowError:
        """What an automation writes, as storage keeps it."""
        given: dict[str, object] = dict(rule.set)
        given |= {
            name: self._scale(target, name, self._calculate(text, row, before)) for name, text in rule.calculate.items()
        }
        values: dict[str, StoredValue] = {}
        for name, value in given.items():
            field = target.fields[name.lower()]
            read = read_value(field, value)
            if isinstance(read, RowError):
                return read
            values[field.name] = read
        return values

    def _scale(self, target: ObjectType, name: str, value: StoredValue) -> StoredValue:
        percent = target.fields[name.lower()].type == "percent"
        return value * 100 if percent and isinstance(value, int | float) else value

    def _target(self, rule: Automation, record_id: str, row: Row) -> tuple[ObjectType | None, str | None]:
        if name := rule.target.get("create"):
            return self.org.schema.get(name), None
        through = rule.target.get("through")
        if through is None:
            return self.object, record_id
        other = row.get(self._name(through))
        found = self.org.schema.by_prefix(str(other)) if other else None
        return (found, str(other)) if found else (None, None)

    def _assignment(self, rule_id: str | None) -> AssignmentRule:
        found = [rule for rule in self.rules.assignments if rule_id and rule.id[:15] == rule_id[:15]]
        return (found or list(self.rules.assignments))[0]

    def _name(self, name: str) -> str:
        field: Field = self.object.fields[name.lower()]
        return field.name

    def _failed(self, rule: Automation, error: RowError) -> RowError:
        message = say("automation.failed", name=rule.name, code=error.code, message=error.message)
        return RowError("CANNOT_EXECUTE_FLOW_TRIGGER", message, error.fields)
