"""Setting a rule: its object, fields and formulas have to be there, as Setup checks before it saves."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from simorg.behaviour.calculating import find_expression
from simorg.behaviour.rulebook import (
    DUPLICATE_ACTIONS,
    EVENTS,
    TIMES,
    AssignmentRule,
    Automation,
    DuplicateRule,
    Rule,
    ValidationRule,
    read_rule,
    require_choice,
)
from simorg.formula.terms import BOOLEAN
from simorg.ids import build_id, read_number, to_18
from simorg.org import INSTANCE, Org
from simorg.schema.registry import ObjectType
from simorg.security.sharing import DEFAULTS, SharingRule, check_sharing_rule

_RULE_PREFIX = "01Q"


def set_rule(org: Org, facts: Mapping[str, Any]) -> Rule:
    """Checks a rule and puts it to work; `facts` has its `kind` beside its own.

    Raises:
        ValueError: it cannot be (DefinitionError: a formula is wrong).
    """
    kind = str(facts.get("kind"))
    given = {name: value for name, value in facts.items() if name != "kind"}
    one = org.schema.find(str(given.get("object")))
    if one is None:
        raise ValueError(f"no such object: {given.get('object')}")
    given["object"] = one.name
    if kind == "assignment" and "id" not in given:
        given["id"] = _next_id(org, kind, str(given.get("name")))
    rule = read_rule(kind, given)
    if not rule.name:
        raise ValueError("a rule needs a name")
    match rule:
        case ValidationRule():
            _check_validation(org, one, rule)
        case AssignmentRule():
            _check_assignment(org, one, rule)
        case DuplicateRule():
            _check_duplicates(org, one, rule)
        case Automation():
            _check_automation(org, one, rule)
        case SharingRule():
            rule = replace(rule, shared_with=_full(rule.shared_with), owned_by=_full(rule.owned_by) or None)
            check_sharing_rule(rule, one, {**DEFAULTS, **org.settings.sharing}.get(one.name, ""))
    org.rules.put(kind, rule)
    return rule


def _full(record_id: str | None) -> str:
    """An id with 18 characters; what is none as it stands."""
    return to_18(record_id or "") or record_id or ""


def _next_id(org: Org, kind: str, name: str) -> str:
    """The id of a rule: its own where it takes the place of one, else one that none has."""
    known = org.rules.find(kind, name)
    if isinstance(known, AssignmentRule):
        return known.id
    numbers = [read_number(str(one["id"])) for one in org.rules.listed() if one.get("id")]
    return build_id(_RULE_PREFIX, INSTANCE, max(numbers, default=0) + 1)


def _check_condition(org: Org, one: ObjectType, text: str | None) -> None:
    if text is not None:
        find_expression(org.schema, one, text, BOOLEAN)


def _check_field(one: ObjectType, name: str) -> None:
    if name.lower() not in one.fields:
        raise ValueError(f"no such field: {one.name}.{name}")


def _check_validation(org: Org, one: ObjectType, rule: ValidationRule) -> None:
    _check_condition(org, one, rule.condition)
    if rule.field:
        _check_field(one, rule.field)


def _check_assignment(org: Org, one: ObjectType, rule: AssignmentRule) -> None:
    _check_field(one, "OwnerId")
    for entry in rule.entries:
        owner = to_18(str(entry.get("owner")))
        if owner is None or org.schema.by_prefix(owner) is None:
            raise ValueError(f"an entry names the Id of its owner: {entry.get('owner')}")
        _check_condition(org, one, entry.get("condition"))


def _check_duplicates(org: Org, one: ObjectType, rule: DuplicateRule) -> None:
    for action in (rule.on_create, rule.on_update):
        require_choice(action, DUPLICATE_ACTIONS, "what a duplicate rule does")
    _check_condition(org, one, rule.condition)
    for match in rule.match:
        other = org.schema.find(str(match.get("object")))
        if other is None or not match.get("fields"):
            raise ValueError(f"a match names an object and fields: {dict(match)}")
        for own, others in match["fields"].items():
            _check_field(one, own)
            _check_field(other, others)


def _check_automation(org: Org, one: ObjectType, rule: Automation) -> None:
    require_choice(rule.on, EVENTS, "on")
    require_choice(rule.run, TIMES, "run")
    _check_condition(org, one, rule.condition)
    for name in rule.changed:
        _check_field(one, name)
    target = _find_target(org, one, rule)
    if rule.target and rule.run == "before":
        raise ValueError("before it is stored, a record can only change itself")
    for name in (*rule.set, *rule.calculate):
        _check_field(target, name)
    for text in rule.calculate.values():
        find_expression(org.schema, one, text)
    if rule.user:
        find_user(org, rule.user)


def _find_target(org: Org, one: ObjectType, rule: Automation) -> ObjectType:
    """The object whose fields an automation sets."""
    if "create" in rule.target:
        return _require_object(org, rule.target["create"])
    if "through" not in rule.target:
        return one
    name = rule.target["through"]
    _check_field(one, name)
    targets = one.fields[name.lower()].reference_to
    if not targets:
        raise ValueError(f"{one.name}.{name} refers to nothing")
    return _require_object(org, targets[0])


def find_user(org: Org, username: str) -> str:
    """The Id of a user.

    Raises:
        ValueError: nobody is called so.
    """
    row = org.storage.read_one('SELECT "Id" FROM "User" WHERE "Username" = ? COLLATE NOCASE', [username])
    if row is None:
        raise ValueError(f"no user is named {username}")
    return str(row[0])


def _require_object(org: Org, name: str) -> ObjectType:
    found = org.schema.find(name)
    if found is None:
        raise ValueError(f"no such object: {name}")
    return found
