"""Brakes hold a plan that would change unusually much, and say by how much and how to allow it."""

from dataclasses import replace
from typing import Any

import pytest

from syncline.domain.plan import Brakes, ObjectPlan, Plan
from syncline.errors import PlanRefused


def a_plan(contacts_before: int = 10_000, *, to_send: int = 0, to_create: int = 0, **changes: Any) -> Plan:
    return Plan(
        run_id=1,
        objects=(ObjectPlan("Lead", **changes), ObjectPlan("Contact")),
        contacts_before=contacts_before,
        to_send=to_send,
        to_create_in_salesforce=to_create,
        examples=(),
        calls_so_far=0,
        calls_forecast=0,
    )


@pytest.mark.parametrize(
    "plan",
    [
        pytest.param(a_plan(updates=500), id="5 % changed"),
        pytest.param(a_plan(deletes=100), id="1 % deleted"),
        pytest.param(a_plan(contacts_before=1_000, deletes=100), id="100 deleted, whatever their share"),
        pytest.param(a_plan(blanked_by_field={"title": 100}), id="1 % of a field blanked"),
        pytest.param(a_plan(creates=9_999), id="new contacts never brake"),
        pytest.param(a_plan(contacts_before=0, updates=5), id="nothing was there"),
        pytest.param(a_plan(contacts_before=99, updates=99, blanked_by_field={"title": 99}), id="too few for shares"),
    ],
)
def test_what_is_usual_passes(plan: Plan) -> None:
    plan.raise_if_unsafe(Brakes())


@pytest.mark.parametrize(
    ("plan", "count", "said"),
    [
        (a_plan(updates=501), {"changed": 501}, "501 contacts changed are 5.0% of 10,000"),
        (a_plan(deletes=101), {"deleted": 101}, "101 contacts deleted are 1.0% of 10,000"),
        (a_plan(blanked_by_field={"title": 101}), {"blanked title": 101}, "101 contacts blanked title"),
    ],
)
def test_what_is_unusual_is_held_with_the_numbers(plan: Plan, count: dict[str, int], said: str) -> None:
    with pytest.raises(PlanRefused) as refused:
        plan.raise_if_unsafe(Brakes())
    assert count.items() <= refused.value.counts.items()
    assert said in refused.value.message
    assert "--allow-large-change" in str(refused.value.remedy)


def test_every_brake_that_holds_is_named() -> None:
    with pytest.raises(PlanRefused) as refused:
        a_plan(updates=5_000, deletes=5_000).raise_if_unsafe(Brakes())
    assert refused.value.message.count("contacts") == 2


def test_blanks_of_both_objects_are_added_up() -> None:
    each = ObjectPlan("Lead", blanked_by_field={"title": 60})
    with pytest.raises(PlanRefused):
        replace(a_plan(), objects=(each, replace(each, object="Contact"))).raise_if_unsafe(Brakes())


def test_brakes_are_settings() -> None:
    a_plan(updates=5_000).raise_if_unsafe(Brakes(changed=0.5))
    with pytest.raises(PlanRefused):
        a_plan(updates=2).raise_if_unsafe(Brakes(changed=0.0001))


@pytest.mark.parametrize("kind", ["creates", "links", "updates", "converts", "merges", "deletes", "undeletes"])
def test_anything_to_do_is_something(kind: str) -> None:
    assert not a_plan(**{kind: 1}).changes_nothing


def test_nothing_to_do_changes_nothing() -> None:
    assert a_plan(records=10, left_out={"without_email": 3}).changes_nothing
    assert not a_plan(to_send=1).changes_nothing
    assert not a_plan(to_create=1).changes_nothing
