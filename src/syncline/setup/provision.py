"""Doing a set-up, step by step. After each step that may have been lost on the way, and at the end, the org is looked
at anew: the steps that are left are those that it still needs, whoever did the others.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from syncline import clock
from syncline.domain.provision import (
    FIELDS,
    MARKER,
    SET_LABEL,
    SET_NAME,
    Action,
    Actual,
    Blueprint,
    FieldPlan,
    Obstacle,
    Step,
    choose_profile,
    find_obstacles,
    plan_steps,
)
from syncline.domain.rights import READ, Right
from syncline.errors import LimitReached, OperatorError, RemoteRefused, RetryLater
from syncline.salesforce import tooling
from syncline.salesforce.client import Salesforce
from syncline.salesforce.permissions import (
    PREFIX,
    change_fields,
    change_objects,
    expect_all,
    system_permissions,
)
from syncline.setup.survey import survey

#: How often in a row an answer may be lost, and the seconds of waiting in between.
_TRIES, _WAIT = 6, 1.0
#: Codes that say that what was to be made is there: a lost answer, or somebody else was faster.
_ALREADY = frozenset({"DUPLICATE_DEVELOPER_NAME", "DUPLICATE_VALUE", "DUPLICATE_USERNAME"})

Told = Callable[[Step], None]


@dataclass(frozen=True)
class Plan:
    """What a set-up would do, and what is in its way."""

    blueprint: Blueprint
    actual: Actual
    steps: tuple[Step, ...]
    obstacles: tuple[Obstacle, ...]


@dataclass(frozen=True)
class _Work:
    """What a step works on."""

    client: Salesforce
    blueprint: Blueprint
    actual: Actual


def plan(client: Salesforce, blueprint: Blueprint) -> Plan:
    """Looks at the org, and changes nothing.

    Raises:
        RemoteRefused: this session may not see what it needs to.
    """
    actual = survey(client, blueprint)
    return Plan(blueprint, actual, tuple(plan_steps(blueprint, actual)), tuple(find_obstacles(blueprint, actual)))


def apply(client: Salesforce, blueprint: Blueprint, told: Told) -> Actual:
    """Makes it so; `told` hears of each step before it is done. Run again, it goes on where it was broken off.

    Raises:
        OperatorError: something of the org is in the way; nothing was done.
        RemoteRefused: the org refuses a step; those before it stay.
        RetryLater: the org does not answer.
    """
    losses = 0
    while True:
        try:
            looked = plan(client, blueprint)
            refuse(looked.obstacles)
            if not looked.steps:
                return looked.actual
            _do_all(_Work(client, blueprint, looked.actual), looked.steps, told)
            losses = 0
        except LimitReached:
            raise
        except RetryLater:
            losses += 1
            if losses == _TRIES:
                raise
            clock.sleep(_WAIT * losses)


def refuse(obstacles: tuple[Obstacle, ...]) -> None:
    """Goes no further where something is in the way.

    Raises:
        OperatorError: it names each thing with what to do.
    """
    if obstacles:
        raise OperatorError(
            "; ".join(f"{one.target}: {one.message}" for one in obstacles),
            remedy=" ".join(f"{one.target}: {one.remedy}" for one in obstacles),
        )


def _do_all(work: _Work, steps: tuple[Step, ...], told: Told) -> None:
    """Does the steps up to the first that needs a look at what those before it made."""
    for step in steps:
        if _waits(work, step):
            return
        told(step)
        try:
            _DOING[step.action](work, step)
        except RemoteRefused as refused:
            if refused.code not in _ALREADY:
                raise
            # It is there: the next look decides whether it is as it is to be.
            return


def _waits(work: _Work, step: Step) -> bool:
    needs_set = step.action in (Action.SET_SYSTEM, Action.GRANT_OBJECT, Action.GRANT_FIELDS, Action.ASSIGN_SET)
    needs_user = step.action in (Action.ASSIGN_LICENSE, Action.ASSIGN_SET)
    return (needs_set and work.actual.permission_set is None) or (needs_user and work.actual.user is None)


def _create_field(work: _Work, step: Step) -> None:
    _, _, name = step.target.partition(".")
    found: FieldPlan = next(one for one in FIELDS.values() if one.name == name)
    tooling.create_field(work.client, step.target, {**found.facts, "description": MARKER})


def _create_set(work: _Work, step: Step) -> None:
    row = {"Name": SET_NAME, "Label": SET_LABEL, "Description": MARKER}
    expect_all(work.client.create("PermissionSet", [row], auto_assign=False), [step.target])


def _create_user(work: _Work, step: Step) -> None:
    profile = choose_profile(work.actual)
    if profile is None:
        return
    wanted = work.blueprint.user
    row = {
        "Username": wanted.username,
        "Email": wanted.email,
        "FirstName": wanted.first_name,
        "LastName": wanted.last_name,
        "Alias": wanted.alias,
        "CommunityNickname": wanted.username.partition("@")[0][:40],
        "ProfileId": profile.id,
        "IsActive": True,
        "TimeZoneSidKey": "GMT",
        "LocaleSidKey": "en_US",
        "LanguageLocaleKey": "en_US",
        "EmailEncodingKey": "UTF-8",
    }
    expect_all(work.client.create("User", [row], auto_assign=False), [step.target])


def _activate_user(work: _Work, step: Step) -> None:
    if work.actual.user:
        row = {"Id": work.actual.user.id, "IsActive": True}
        expect_all(work.client.update("User", [row]), [step.target])


def _assign_license(work: _Work, step: Step) -> None:
    if work.actual.user:
        row = {"AssigneeId": work.actual.user.id, "PermissionSetLicenseId": work.actual.set_license}
        expect_all(work.client.create("PermissionSetLicenseAssign", [row], auto_assign=False), [step.target])


def _assign_set(work: _Work, step: Step) -> None:
    if work.actual.user and work.actual.permission_set:
        row = {"AssigneeId": work.actual.user.id, "PermissionSetId": work.actual.permission_set.id}
        expect_all(work.client.create("PermissionSetAssignment", [row], auto_assign=False), [step.target])


def _set_system(work: _Work, step: Step) -> None:
    _write_system(work, {one.permission: True for one in step.rights})


def _write_system(work: _Work, changes: Mapping[str, bool]) -> None:
    known = system_permissions(work.client)
    row: dict[str, object] = {PREFIX + name: on for name, on in changes.items() if name in known}
    if row and work.actual.permission_set:
        row["Id"] = work.actual.permission_set.id
        expect_all(work.client.update("PermissionSet", [row]), [SET_NAME])


def _grant(work: _Work, step: Step) -> None:
    """Grants on an object or on fields all that the blueprint has for them."""
    _write_rights(work, step.rights)


def _revoke(work: _Work, step: Step) -> None:
    _write_rights(work, [one for one in step.rights if one.field])
    _write_rights(work, [one for one in step.rights if one.object and not one.field])
    _write_system(work, {one.permission: False for one in step.rights if not one.object})


def _write_rights(work: _Work, touched: tuple[Right, ...] | list[Right]) -> None:
    """Lets the set grant what the blueprint says on the objects and fields that some rights are about."""
    if work.actual.permission_set is None or not touched:
        return
    set_id, wanted = work.actual.permission_set.id, work.blueprint.rights
    objects = {one.object for one in touched if not one.field}
    fields = {(one.object, one.field) for one in touched if one.field}
    granted: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in wanted:
        granted[one.object, one.field].add(one.permission)
    if objects:
        change_objects(work.client, set_id, {name: frozenset(granted[name, ""]) for name in objects})
    if fields:
        named = {f"{name}.{field}": frozenset(granted[name, field]) for name, field in fields}
        change_fields(work.client, set_id, named)


def _show_field(work: _Work, step: Step) -> None:
    set_id, _ = work.actual.shown[step.target]
    named = {f"{one.object}.{one.field}": frozenset({READ}) for one in step.rights}
    change_fields(work.client, set_id, named)


def _place_field(work: _Work, step: Step) -> None:
    object_name, _, layout = step.target.partition("-")
    layout_id, _ = work.actual.layouts[object_name, layout]
    tooling.place_fields(work.client, layout_id, step.detail.split(", "))


_DOING: dict[Action, Callable[[_Work, Step], None]] = {
    Action.CREATE_FIELD: _create_field,
    Action.CREATE_SET: _create_set,
    Action.CREATE_USER: _create_user,
    Action.ACTIVATE_USER: _activate_user,
    Action.ASSIGN_LICENSE: _assign_license,
    Action.SET_SYSTEM: _set_system,
    Action.GRANT_OBJECT: _grant,
    Action.GRANT_FIELDS: _grant,
    Action.REVOKE: _revoke,
    Action.ASSIGN_SET: _assign_set,
    Action.SHOW_FIELD: _show_field,
    Action.PLACE_FIELD: _place_field,
}
