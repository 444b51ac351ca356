"""The options of a mapping: where each means something, and what a person is told where it does not."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from syncline.domain.mapping import (
    CONTACT,
    LEAD,
    BlankRule,
    Direction,
    FieldType,
    MappedField,
    Mapping,
    Policy,
)
from syncline.domain.mapping_check import check_mapping, errors_of
from syncline.domain.mapping_options import (
    AmbiguousPolicy,
    DeletePolicy,
    LengthPolicy,
    MergePolicy,
    ObjectRules,
    PushGuard,
    StricterOrder,
)
from syncline.domain.mapping_problem import Problem, Severity
from syncline.domain.shape import FieldShape, ObjectShape

EMAIL = MappedField("email", "Email", FieldType.EMAIL, "Email", "Email")
FIELDS = (
    FieldShape("Email", "Email", "email", length=80),
    FieldShape("Title", "Title", "string", length=128),
    FieldShape("City", "City", "string", length=40),
    FieldShape("Rating", "Rating", "picklist"),
    FieldShape("Topics__c", "Topics", "multipicklist"),
    FieldShape("Score__c", "Score", "double"),
    FieldShape("OptOut__c", "Opted out", "boolean"),
)
SHAPES = {
    name: ObjectShape(name, name, None, createable=True, updateable=True, queryable=True, fields=FIELDS)
    for name in (LEAD, CONTACT)
}


def a_field(
    name: str = "title", kind: FieldType = FieldType.TEXT, source: str = "Title", **changes: Any
) -> MappedField:
    return replace(MappedField(name, name, kind, source, source, Direction.BOTH), **changes)


SCORE = a_field("score", FieldType.SCORE, "Score__c")
RATING = a_field("rating", FieldType.PICKLIST, "Rating")


def check(*fields: MappedField, **rules: Any) -> list[Problem]:
    return check_mapping(Mapping((EMAIL, *fields), **rules), SHAPES)


@pytest.mark.parametrize(
    "field",
    [
        a_field(guard=PushGuard.IF_BLANK),
        a_field(length=LengthPolicy.CUT),
        replace(SCORE, step=Decimal(5), merge=MergePolicy.SUM),
        replace(SCORE, policy=Policy.STRICTER, stricter=StricterOrder.LOWER),
        replace(RATING, values=(("Hot", "A"), ("Cold", "C"))),
        a_field("topics", FieldType.MULTIPICKLIST, "Topics__c"),
    ],
    ids=lambda field: field.name,
)
def test_an_option_where_it_means_something_is_taken(field: MappedField) -> None:
    assert check(field) == []


@pytest.mark.parametrize(
    ("field", "said"),
    [
        (a_field(step=Decimal(1)), "a step is for numbers"),
        (replace(SCORE, step=Decimal(-1)), "below zero"),
        (a_field(merge=MergePolicy.SUM), "merge policy is for scores"),
        (replace(SCORE, stricter=StricterOrder.LOWER), "whose policy is `stricter`"),
        (replace(SCORE, length=LengthPolicy.CUT), "never cut"),
        (replace(SCORE, values=(("1", "2"),)), "picklists and texts"),
        (replace(RATING, values=(("Hot", "A"), ("Warm", "A"))), "open which of them to send"),
        (replace(RATING, values=(("Hot", "A"), ("Hot", "B"))), "twice"),
        (replace(RATING, values=(("Hot", ""),)), "blanks"),
        (replace(RATING, lead="=Rating", contact=None, direction=Direction.PULL, values=(("A", "B"),)), "expression"),
        (a_field("topics", FieldType.PICKLIST, "Topics__c"), "does not fit"),
        (
            a_field("opted_out", FieldType.BOOLEAN, "OptOut__c", policy=Policy.STRICTER, guard=PushGuard.NEVER),
            "may not be held back",
        ),
        (a_field("opted_out", FieldType.BOOLEAN, "OptOut__c", group="consent"), "move alone"),
        (a_field("opted_out", FieldType.TEXT, "Title"), "is a boolean"),
        (a_field("email_bounced_at", FieldType.TEXT, "Title"), "is a datetime or date"),
    ],
)
def test_an_option_where_it_means_nothing_is_refused(field: MappedField, said: str) -> None:
    found = errors_of(check(field))
    assert any(said in one.message for one in found), found
    assert all(one.remedy for one in found)


def test_a_guard_of_a_field_that_is_not_sent_is_only_told() -> None:
    found = check(a_field(direction=Direction.PULL, guard=PushGuard.IF_BLANK))
    assert [one.severity for one in found] == [Severity.WARNING]


def test_fields_that_move_together_move_by_the_same_rules() -> None:
    title, city = a_field(group="place"), a_field("city", source="City", group="place")
    assert check(title, city) == []
    for other in (
        replace(city, direction=Direction.PULL),
        replace(city, policy=Policy.MARKETING),
        replace(city, blank=BlankRule.CLEAR),
        replace(city, guard=PushGuard.IF_BLANK),
    ):
        problem = errors_of(check(title, other))[0]
        assert problem.field == "city"
        assert "--direction both --policy salesforce --blank keep --guard always" in problem.remedy
    assert [one.severity for one in check(title)] == [Severity.WARNING]


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        (ObjectRules(filter='=Title = "Boss"'), "no reason"),
        (ObjectRules(filter="=Title", filter_reason="why"), "has to be true or false"),
        (ObjectRules(filter="=Tilte", filter_reason="why"), "its filter is wrong"),
    ],
)
def test_a_filter_is_a_condition_with_a_reason(rules: ObjectRules, said: str) -> None:
    found = errors_of(check(objects=((LEAD, rules),)))
    assert [said in one.message for one in found] == [True]
    assert found[0].object == LEAD


@pytest.mark.parametrize("policy", AmbiguousPolicy)
def test_every_way_to_match_is_taken(policy: AmbiguousPolicy) -> None:
    assert check(ambiguous=policy) == []


@pytest.mark.parametrize(
    "rules",
    [
        *(ObjectRules(delete=one) for one in DeletePolicy),
        ObjectRules(keep_without_email=True),
        ObjectRules(filter='=Title = "Boss"', filter_reason="only bosses"),
    ],
)
def test_every_rule_of_an_object_is_taken(rules: ObjectRules) -> None:
    assert check(objects=((LEAD, rules),)) == []


def test_strict_writes_are_taken() -> None:
    assert check(objects=((LEAD, ObjectRules(strict=True)),)) == []


def test_values_go_back_by_their_names_there() -> None:
    field = replace(RATING, values=(("Hot", "A"),))
    assert [field.to_salesforce(one) for one in ("A", "B", None)] == ["Hot", "B", None]
