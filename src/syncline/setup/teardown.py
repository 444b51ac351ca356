"""Taking a set-up back: what it made goes, but for what holds data, which is listed; what it did not make stays."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from syncline.domain.provision import SET_LABEL, SET_NAME, Actual, ActualField, Blueprint
from syncline.salesforce import tooling
from syncline.salesforce.client import Salesforce
from syncline.salesforce.permissions import expect_all, query_rows
from syncline.salesforce.soql import build_query, quote
from syncline.setup.survey import survey


class Fate(StrEnum):
    """What becomes of a thing."""

    REMOVE = "remove"
    DEACTIVATE = "deactivate"
    KEEP = "keep"


@dataclass(frozen=True)
class Item:
    """One thing, what becomes of it, and why."""

    kind: str
    name: str
    fate: Fate
    reason: str


def plan_teardown(client: Salesforce, blueprint: Blueprint) -> tuple[Actual, list[Item]]:
    """What a teardown would do; nothing is changed.

    Raises:
        RemoteRefused: this session may not see what it needs to.
    """
    actual = survey(client, blueprint)
    items = [_judge_field(client, key, found) for key, found in sorted(actual.fields.items())]
    if actual.permission_set:
        ours = actual.permission_set.is_ours
        reason = "made by a set-up" if ours else "no set-up made it"
        items.append(Item("permission set", SET_LABEL, Fate.REMOVE if ours else Fate.KEEP, reason))
    if actual.user:
        plan = blueprint.user
        ours = actual.user.name == f"{plan.first_name} {plan.last_name}"
        fate = Fate.DEACTIVATE if ours and actual.user.is_active else Fate.KEEP
        reason = "users cannot be deleted" if ours else "no set-up made it"
        items.append(Item("user", plan.username, fate, reason))
    return actual, items


def teardown(client: Salesforce, blueprint: Blueprint, told: Callable[[Item], None]) -> list[Item]:
    """Takes the set-up back; gives what became of each thing. Run again, it goes on where it was broken off.

    Raises:
        RemoteRefused: the org refuses a step; those before it stay done.
        RetryLater: the org does not answer.
    """
    actual, items = plan_teardown(client, blueprint)
    # The set first: it grants rights on the fields, and it cannot go while somebody has it.
    for one in sorted(items, key=lambda item: item.kind != "permission set"):
        told(one)
        if one.fate is not Fate.KEEP:
            _take(client, actual, one)
    return items


def _judge_field(client: Salesforce, key: tuple[str, str], found: ActualField) -> Item:
    name = ".".join(key)
    if not found.is_ours:
        return Item("field", name, Fate.KEEP, "no set-up made it")
    if found.facts.get("formula"):
        return Item("field", name, Fate.REMOVE, "a formula holds no data")
    held = _count_filled(client, key, found)
    if held is None:
        return Item("field", name, Fate.KEEP, "this session does not see what it holds")
    if held:
        return Item("field", name, Fate.KEEP, f"{held:,} records hold a value")
    return Item("field", name, Fate.REMOVE, "no record holds a value")


def _count_filled(client: Salesforce, key: tuple[str, str], found: ActualField) -> int | None:
    object_name, field = key
    shape = client.describe(object_name)
    if shape.find(field) is None:
        return None
    empty = "false" if found.facts.get("type") == "Checkbox" else "null"
    return client.query(build_query(object_name, ["COUNT()"], f"{field} != {empty}")).total_size


def _take(client: Salesforce, actual: Actual, item: Item) -> None:
    if item.kind == "field":
        object_name, _, field = item.name.partition(".")
        tooling.delete_field(client, actual.fields[object_name, field].id)
    elif item.kind == "user" and actual.user:
        expect_all(client.update("User", [{"Id": actual.user.id, "IsActive": False}]), [item.name])
    elif actual.permission_set:
        assigned = build_query(
            "PermissionSetAssignment", ["Id"], f"PermissionSetId = {quote(actual.permission_set.id)}"
        )
        ids = [one["Id"] for one in query_rows(client, assigned)]
        if ids:
            expect_all(client.delete_records("PermissionSetAssignment", ids), ids)
        expect_all(client.delete_records("PermissionSet", [actual.permission_set.id]), [SET_NAME])
