"""Setting up an org: from nothing, from half, against foreign things of the same names, and after being broken off."""

from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from typing import Any

import pytest

from syncline.domain.provision import MARKER, SET_NAME, Action, Blueprint, FieldChoice, Step, UserPlan
from syncline.domain.rights import on_object, system
from syncline.domain.rights_needed import Preset
from syncline.errors import ConnectionBroken, OperatorError, RetryLater
from syncline.flows.connect import open_session
from syncline.salesforce.client import Salesforce
from syncline.setup import provision, teardown
from syncline.setup.teardown import Fate
from tests.engine.setup.conftest import Empty

_LAYOUTS = (("Lead", "Lead Layout"),)


def _query(empty: Empty, soql: str) -> list[dict[str, Any]]:
    return empty.client.query(soql).records


def test_an_empty_org_is_set_up_and_a_second_time_does_nothing(empty: Empty) -> None:
    """User, licence, set, assignment, fields, who sees them, and where; then no step is left."""
    blueprint = empty.blueprint(show_to=("Standard User",), layouts=_LAYOUTS, fields=tuple(FieldChoice))
    empty.apply(blueprint)
    assert provision.plan(empty.client, blueprint).steps == ()
    (user,) = _query(
        empty, "SELECT Id, FirstName, LastName, IsActive, Profile.UserLicense.Name FROM User "
        "WHERE Username = 'syncline@people.example'",
    )  # fmt: skip
    assert (user["FirstName"], user["LastName"], user["IsActive"]) == ("Syncline", "Integration", True)
    assert user["Profile"]["UserLicense"]["Name"] == "Salesforce Integration"
    token = empty.session_of("syncline@people.example")
    shown = empty.org.call("GET", "/sobjects/Lead/describe", token=token).json()["fields"]
    by_name = {one["name"]: one for one in shown}
    score = by_name["Lead_Score__c"]
    assert (score["type"], score["precision"], score["scale"], score["updateable"]) == ("double", 6, 0, True)
    key = by_name["Syncline_Id__c"]
    assert (key["externalId"], key["unique"], key["updateable"]) == (True, True, True)
    assert by_name["Owner_ID__c"]["calculated"]
    assert by_name["HasOptedOutOfEmail"]["updateable"]
    colleague = empty.session_of(empty.org.facts["colleague"]["username"])
    seen = empty.org.call("GET", "/sobjects/Lead/describe", token=colleague).json()["fields"]
    visible = {one["name"]: one["updateable"] for one in seen}
    assert visible["Lead_Score__c"] is False
    assert "Syncline_Id__c" not in visible


def test_least_privilege_grants_no_more_than_it_says(empty: Empty) -> None:
    """No Delete, no Modify All, no report rights; and every granted right is in the blueprint."""
    blueprint = empty.blueprint()
    actual = empty.apply(blueprint)
    assert actual.permission_set is not None
    assert actual.permission_set.rights == frozenset(blueprint.rights)
    for name in ("Lead", "Contact"):
        assert on_object(name, "Delete") not in blueprint.rights
        assert on_object(name, "ModifyAllRecords") not in blueprint.rights
    assert system("RunReports") not in blueprint.rights


def test_the_list_of_the_seed_is_granted_and_taken_back(empty: Empty) -> None:
    """Its rights are there, with the Delete that Modify All needs; going back to least takes the surplus away."""
    like = empty.blueprint(preset=Preset.LIKE_THE_SEED)
    actual = empty.apply(like)
    assert actual.permission_set is not None
    for name in ("Lead", "Contact"):
        assert on_object(name, "ModifyAllRecords") in actual.permission_set.rights
        assert on_object(name, "Delete") in actual.permission_set.rights
    for name in ("ApiEnabled", "EditTask", "ExportReport", "RunReports", "ViewPublicReports"):
        assert system(name) in actual.permission_set.rights
    least = empty.blueprint()
    steps = provision.plan(empty.client, least).steps
    assert [one.action for one in steps] == [Action.REVOKE]
    back = empty.apply(least)
    assert back.permission_set is not None
    assert back.permission_set.rights == frozenset(least.rights)


class _Killed(BaseException):
    """Stands for the end of the process."""


def test_broken_off_after_each_step_and_run_again_it_ends_the_same(empty: Empty) -> None:
    """One step a run, as if the process died before the next: each run goes on where the last one was broken off."""
    blueprint = empty.blueprint(show_to=("Standard User",), layouts=_LAYOUTS)
    planned = len(provision.plan(empty.client, blueprint).steps)
    runs = 0
    while not _run_one_step(empty, blueprint):
        runs += 1
        assert runs <= planned
    assert runs > 10
    actual = empty.apply(blueprint)
    assert actual.permission_set is not None
    assert actual.permission_set.rights == frozenset(blueprint.rights)
    assert len(actual.fields) == 6
    assert actual.is_assigned
    assert len(_query(empty, f"SELECT Id FROM PermissionSet WHERE Name = '{SET_NAME}'")) == 1
    assert len(_query(empty, "SELECT Id FROM User WHERE LastName = 'Integration' AND FirstName = 'Syncline'")) == 1


def _run_one_step(empty: Empty, blueprint: Blueprint) -> bool:
    """Does one step and dies; whether all was done."""
    begun: list[Step] = []

    def told(step: Step) -> None:
        begun.append(step)
        if len(begun) == 2:
            raise _Killed

    try:
        empty.apply(blueprint, told)
    except _Killed:
        return False
    return True


def test_a_field_of_our_name_and_another_kind_is_in_the_way(empty: Empty) -> None:
    """It is named with what to do, and nothing at all is done."""
    made = empty.org.call(
        "POST", "/tooling/sobjects/CustomField", token=empty.session_of(empty.org.facts["administrator"]["username"]),
        json={"FullName": "Lead.Lead_Score__c", "Metadata": {"type": "Text", "label": "Lead Score", "length": 20}},
    )  # fmt: skip
    assert made.status_code == 201
    blueprint = empty.blueprint()
    (obstacle,) = provision.plan(empty.client, blueprint).obstacles
    assert obstacle.target == "Lead.Lead_Score__c"
    with pytest.raises(OperatorError, match="type 'Text' instead of 'Number'"):
        empty.apply(blueprint)
    assert not _query(empty, f"SELECT Id FROM PermissionSet WHERE Name = '{SET_NAME}'")


def test_a_field_that_fits_is_taken_and_never_taken_away(empty: Empty) -> None:
    """Somebody else's score field serves, and a teardown leaves it."""
    empty.org.call(
        "POST", "/tooling/sobjects/CustomField", token=empty.session_of(empty.org.facts["administrator"]["username"]),
        json={"FullName": "Lead.Lead_Score__c",
              "Metadata": {"type": "Number", "label": "Their Score", "precision": 8, "scale": 0}},
    )  # fmt: skip
    blueprint = empty.blueprint()
    empty.apply(blueprint)
    items = {one.name: one for one in teardown.teardown(empty.client, blueprint, lambda _: None)}
    assert items["Lead.Lead_Score__c"].fate is Fate.KEEP
    assert items["Contact.Lead_Score__c"].fate is Fate.REMOVE


def test_a_permission_set_that_is_not_ours_is_in_the_way(empty: Empty) -> None:
    """It is not changed; what hands it over is told."""
    empty.client.create("PermissionSet", [{"Name": SET_NAME, "Label": "Theirs"}])
    with pytest.raises(OperatorError, match="that no set-up made") as refused:
        empty.apply(empty.blueprint())
    assert MARKER in (refused.value.remedy or "")


def test_a_person_is_not_taken_for_the_integration(empty: Empty) -> None:
    """A user that looks like a person's is refused with the reason, unless told."""
    username = empty.org.facts["colleague"]["username"]
    blueprint = empty.blueprint()
    person = replace(blueprint, user=UserPlan(username, "x@y.example"))
    with pytest.raises(OperatorError, match="looks like a person"):
        empty.apply(person)
    assert empty.apply(replace(person, adopt_user=True)).is_assigned


def test_a_teardown_leaves_only_what_holds_data(empty: Empty) -> None:
    """A field with a value stays and is listed with the count; a second teardown finds only that."""
    blueprint = empty.blueprint()
    empty.apply(blueprint)
    (lead, *_) = _query(empty, "SELECT Id FROM Lead LIMIT 1")
    user = empty.session_of("syncline@people.example")
    changed = empty.org.call("PATCH", f"/sobjects/Lead/{lead['Id']}", token=user, json={"Lead_Score__c": 12})
    assert changed.status_code == 204
    items = {one.name: one for one in teardown.teardown(empty.client, blueprint, lambda _: None)}
    assert items["Lead.Lead_Score__c"].fate is Fate.KEEP
    assert "1 records" in items["Lead.Lead_Score__c"].reason
    assert items["Contact.Lead_Score__c"].fate is Fate.REMOVE
    assert not _query(empty, f"SELECT Id FROM PermissionSet WHERE Name = '{SET_NAME}'")
    (left,) = [one for one in teardown.plan_teardown(empty.client, blueprint)[1] if one.kind == "field"]
    assert left.name == "Lead.Lead_Score__c"
    (person,) = _query(empty, "SELECT IsActive FROM User WHERE Username = 'syncline@people.example'")
    assert person["IsActive"] is False


def test_on_a_hostile_day_it_ends_the_same(empty: Empty) -> None:
    """Lost answers, dropped connections, ended sessions and refusals in between: run until it is done."""
    empty.org.control("POST", "faults", {"name": "hostile", "seed": 11})
    blueprint = empty.blueprint()
    for _ in range(20):
        with suppress(RetryLater, ConnectionBroken):
            with _administrator(empty) as client:
                actual = provision.apply(client, blueprint, lambda _: None)
            break
    empty.org.control("DELETE", "faults")
    assert actual.permission_set is not None
    assert actual.permission_set.rights == frozenset(blueprint.rights)
    with _administrator(empty) as client:
        assert provision.plan(client, blueprint).steps == ()
        assert len(client.query(f"SELECT Id FROM PermissionSet WHERE Name = '{SET_NAME}'").records) == 1


def _administrator(empty: Empty) -> AbstractContextManager[Salesforce]:
    return open_session(empty.org.url, empty.session_of(empty.org.facts["administrator"]["username"]))
