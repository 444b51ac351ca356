"""The rules that an administrator sets up for an org: validation, assignment, duplicates, automations, sharing.

All are facts as the control plane takes them; they are checked when they are set, and used by the writer.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any

from simorg.encoding import decode, encode
from simorg.security.sharing import SharingRule

KINDS = ("validation", "assignment", "duplicate", "automation", "sharing")
#: How a duplicate rule acts on what it finds: nothing is said, the save needs allowSave, or there is no save.
DUPLICATE_ACTIONS = ("allow", "alert", "block")
#: When an automation runs: before the record is stored, after it in the same transaction, or later.
TIMES = ("before", "after", "later")
EVENTS = ("created", "updated", "saved")


@dataclass(frozen=True)
class ValidationRule:
    """Refuses a record for which the condition is true; the message is shown at `field`, or at the top."""

    name: str
    object: str
    condition: str
    message: str
    field: str | None = None
    active: bool = True


@dataclass(frozen=True)
class AssignmentRule:
    """Gives records to owners: the first of `entries` whose condition is true names the Id of a user or a queue."""

    name: str
    object: str
    entries: tuple[Mapping[str, str], ...]
    active: bool = True
    id: str = ""


@dataclass(frozen=True)
class DuplicateRule:
    """Finds records that a new or changed one repeats.

    Each of `match` is `{"object": "Contact", "fields": {"Email": "Email"}}`: the record's field → the other's; all of
    them are filled and the same but for case. `on_create` and `on_update`: allow, alert or block.
    """

    name: str
    object: str
    match: tuple[Mapping[str, Any], ...]
    on_create: str = "alert"
    on_update: str = "allow"
    condition: str | None = None
    message: str = "Use one of these records?"
    active: bool = True


@dataclass(frozen=True)
class Automation:
    """Does something when a record is created or updated, as flows and triggers do.

    `changed`: at least one of these fields has another value. `set` holds constants and `calculate` formulas, by field.
    `target`: nothing for the record itself; `{"create": "Task"}` for a new record; `{"through": "AccountId"}` for the
    record that a field refers to. `run`: before, after or later, then `delay` seconds and as `user` (a username),
    or as whoever wrote the record.
    """

    name: str
    object: str
    on: str = "saved"
    changed: tuple[str, ...] = ()
    condition: str | None = None
    set: Mapping[str, Any] = field(default_factory=dict)
    calculate: Mapping[str, str] = field(default_factory=dict)
    target: Mapping[str, str] = field(default_factory=dict)
    run: str = "after"
    delay: float = 0.0
    user: str | None = None
    active: bool = True


Rule = ValidationRule | AssignmentRule | DuplicateRule | Automation | SharingRule
_CLASSES: dict[str, Any] = {
    "validation": ValidationRule,
    "assignment": AssignmentRule,
    "duplicate": DuplicateRule,
    "automation": Automation,
    "sharing": SharingRule,
}


@dataclass(frozen=True)
class ObjectRules:
    """The active rules of one object."""

    validations: tuple[ValidationRule, ...]
    assignments: tuple[AssignmentRule, ...]
    duplicates: tuple[DuplicateRule, ...]
    automations: tuple[Automation, ...]


class RuleBook:
    """The rules of one org. Safe to use from several threads."""

    def __init__(self) -> None:
        self._rules: dict[tuple[str, str], Rule] = {}
        self._by_object: dict[str, ObjectRules] = {}
        self._sharing: tuple[SharingRule, ...] = ()
        self._next: datetime | None = None
        self._revision = 0
        self._lock = threading.Lock()

    def of(self, object_name: str) -> ObjectRules | None:
        """The active rules of an object; None where there are none."""
        return self._by_object.get(object_name)

    def put(self, kind: str, rule: Rule) -> None:
        """Adds a rule, or puts it in the place of the one of its kind and name."""
        with self._lock:
            self._rules[kind, rule.name] = rule
            self._sort()

    def remove(self, kind: str | None = None, name: str | None = None) -> int:
        """Removes rules: all, those of a kind, or one; says how many."""
        with self._lock:
            gone = [key for key in self._rules if kind in (None, key[0]) and name in (None, key[1])]
            for key in gone:
                del self._rules[key]
            self._sort()
            return len(gone)

    def sharing(self) -> tuple[SharingRule, ...]:
        """The active sharing rules, by name."""
        return self._sharing

    def find(self, kind: str, name: str) -> Rule | None:
        """A rule by its kind and name."""
        return self._rules.get((kind, name))

    def listed(self) -> list[dict[str, object]]:
        """All rules as they were set, with their kinds."""
        with self._lock:
            return [
                {"kind": kind, **asdict(rule)}
                for (kind, _), rule in sorted(self._rules.items(), key=lambda one: one[0])
            ]

    def note_next(self, at: datetime) -> None:
        """Notes that an automation waits until a moment (`simorg.behaviour.waiting`)."""
        with self._lock:
            self._next = at if self._next is None else min(at, self._next)

    def set_next(self, at: datetime | None) -> None:
        """Notes when the next automation is due, None where none waits."""
        with self._lock:
            self._next = at

    def is_due(self, now: datetime) -> bool:
        """Whether an automation is due."""
        at = self._next
        return at is not None and at <= now

    @property
    def revision(self) -> int:
        """Grows with each change of a rule."""
        return self._revision

    def entries(self) -> Mapping[str, Any]:
        """The rules by kind and name, to be kept (`simorg.keeping`)."""
        with self._lock:
            return {f"{kind}.{name}": encode(rule) for (kind, name), rule in self._rules.items()}

    def restore(self, entries: Mapping[str, Any]) -> None:
        """Takes the rules that were kept."""
        with self._lock:
            for key, facts in entries.items():
                kind, _, name = key.partition(".")
                self._rules[kind, name] = decode(_CLASSES[kind], facts)
            self._sort()

    def _sort(self) -> None:
        self._revision += 1
        active = [rule for _, rule in sorted(self._rules.items(), key=lambda one: one[0]) if rule.active]
        self._sharing = tuple(one for one in active if isinstance(one, SharingRule))
        self._by_object = {
            name: ObjectRules(
                tuple(one for one in active if isinstance(one, ValidationRule) and one.object == name),
                tuple(one for one in active if isinstance(one, AssignmentRule) and one.object == name),
                tuple(one for one in active if isinstance(one, DuplicateRule) and one.object == name),
                tuple(one for one in active if isinstance(one, Automation) and one.object == name),
            )
            for name in {one.object for one in active}
        }


def read_rule(kind: str, facts: Mapping[str, Any]) -> Rule:
    """A rule of a kind from its facts, lists as tuples.

    Raises:
        ValueError: there is no such kind or fact, or one is missing.
    """
    made = _CLASSES.get(kind)
    if made is None:
        raise ValueError(f"no such kind of rule: {kind}. There are: {', '.join(KINDS)}")
    known = {one.name for one in fields(made)}
    unknown = sorted(set(facts) - known)
    if unknown:
        raise ValueError(f"no such facts: {', '.join(unknown)}. There are: {', '.join(sorted(known))}")
    try:
        rule: Rule = made(**{name: tuple(value) if isinstance(value, list) else value for name, value in facts.items()})
    except TypeError as error:
        raise ValueError(str(error).partition(" ")[2]) from None
    return rule


def require_choice(value: str, choices: Sequence[str], what: str) -> None:
    """Refuses what is none of the choices.

    Raises:
        ValueError: it is none.
    """
    if value not in choices:
        raise ValueError(f"{what} is one of {', '.join(choices)}, not {value}")
