"""Every way in which a mapping can fail to fit an org, and what a person is told."""

from dataclasses import replace
from typing import Any

import pytest

from syncline.domain.mapping import CONTACT, LEAD, BlankRule, Direction, FieldType, MappedField, Mapping, Policy
from syncline.domain.mapping_check import (
    FITTING_TYPES,
    RESERVED_NAMES,
    check_mapping,
    errors_of,
)
from syncline.domain.mapping_problem import Problem, Severity
from syncline.domain.shape import FieldShape, ObjectShape

EMAIL = MappedField("email", "Email", FieldType.EMAIL, "Email", "Email")


def a_field(name: str = "title", kind: FieldType = FieldType.TEXT, **changes: Any) -> MappedField:
    return replace(MappedField(name, name.title(), kind, "Title"), **changes)


def an_org(*fields: FieldShape, contact: tuple[FieldShape, ...] = ()) -> dict[str, ObjectShape]:
    email = FieldShape("Email", "Email", "email", length=80)
    return {
        name: ObjectShape(name, name, None, createable=True, updateable=True, queryable=True, fields=(email, *more))
        for name, more in ((LEAD, fields), (CONTACT, contact))
    }


def check(field: MappedField, *lead: FieldShape, contact: tuple[FieldShape, ...] = ()) -> list[Problem]:
    return check_mapping(Mapping((EMAIL, field)), an_org(*lead, contact=contact))


def only(problems: list[Problem], severity: Severity = Severity.ERROR) -> Problem:
    assert [one.severity for one in problems] == [severity], problems
    assert problems[0].remedy
    return problems[0]


TITLE = FieldShape("Title", "Title", "string", length=128)


def test_what_fits_has_no_problem() -> None:
    assert check(a_field(direction=Direction.BOTH), TITLE) == []


@pytest.mark.parametrize("name", ["", "Title", "1st", "a-b", "a b", "ä", "_x", "a" * 60])
def test_a_name_that_is_no_column_is_refused(name: str) -> None:
    assert "cannot be the name" in only(check(a_field(name), TITLE)).message


@pytest.mark.parametrize("name", sorted(RESERVED_NAMES))
def test_a_reserved_name_is_refused(name: str) -> None:
    assert "every contact has" in only(check(a_field(name), TITLE)).message


def test_a_name_used_twice_is_one_problem() -> None:
    mapping = Mapping((EMAIL, a_field(), a_field()))
    assert "mapped 2 times" in only(check_mapping(mapping, an_org(TITLE))).message


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param((), id="missing"),
        pytest.param((replace(EMAIL, type=FieldType.TEXT),), id="of another type"),
        pytest.param((replace(EMAIL, direction=Direction.OFF),), id="switched off"),
    ],
)
def test_people_are_recognised_by_email(fields: tuple[MappedField, ...]) -> None:
    assert only(check_mapping(Mapping(fields), an_org())).field == "email"


def test_an_unknown_source_names_the_near_one() -> None:
    problem = only(check(a_field(lead="Tittle"), TITLE))
    assert (problem.object, problem.field) == (LEAD, "title")
    assert "Did you mean Title?" in problem.remedy


def test_sources_ignore_case() -> None:
    assert check(a_field(lead="TITLE"), TITLE) == []


@pytest.mark.parametrize(
    ("kind", "described"),
    [
        (FieldType.DATETIME, "date"),
        (FieldType.DATE, "datetime"),
        (FieldType.TEXT, "double"),
        (FieldType.NUMBER, "string"),
        (FieldType.BOOLEAN, "picklist"),
        (FieldType.SCORE, "boolean"),
        (FieldType.TEXT, "address"),
    ],
)
def test_a_type_that_does_not_fit_is_refused(kind: FieldType, described: str) -> None:
    assert "does not fit" in only(check(a_field(kind=kind), replace(TITLE, type=described))).message


@pytest.mark.parametrize(
    ("kind", "described"), [(kind, described) for kind, types in FITTING_TYPES.items() for described in sorted(types)]
)
def test_every_fitting_type_is_kept_alike_on_both_sides(kind: FieldType, described: str) -> None:
    shape = replace(TITLE, type=described)
    assert check(a_field(kind=kind), shape) == []
    # Numbers may be integers over there; everything else has one and the same column type.
    ours, theirs = kind.column_type, shape.column_type
    assert ours == theirs or (ours, theirs) == ("numeric", "bigint")


def test_pushing_what_is_calculated_is_refused() -> None:
    problem = only(check(a_field(direction=Direction.BOTH), replace(TITLE, calculated=True, updateable=False)))
    assert "calculated" in problem.message
    assert "--direction pull" in problem.remedy


def test_pushing_without_the_right_is_refused() -> None:
    read_only = replace(TITLE, updateable=False)
    assert "may not edit Lead.Title" in only(check(a_field(direction=Direction.PUSH), read_only)).message
    assert check(a_field(), read_only) == []


def test_a_restricted_picklist_is_pointed_out() -> None:
    listed = replace(TITLE, type="picklist", restricted_picklist=True, picklist=("Hot", "Cold"))
    problem = only(check(a_field(kind=FieldType.PICKLIST, direction=Direction.BOTH), listed), Severity.WARNING)
    assert "Hot, Cold" in problem.message


def test_clearing_what_may_not_be_blank_is_pointed_out() -> None:
    field = a_field(direction=Direction.BOTH, blank=BlankRule.CLEAR)
    required = replace(TITLE, nillable=False, defaulted_on_create=True)
    assert "may not be blank" in only(check(field, required), Severity.WARNING).message


def test_two_fields_for_one_target_are_refused() -> None:
    mapping = Mapping((EMAIL, a_field(direction=Direction.BOTH), a_field("role", direction=Direction.PUSH)))
    assert "title and role" in only(check_mapping(mapping, an_org(TITLE))).message
    one_pulls = Mapping((EMAIL, a_field(direction=Direction.BOTH), a_field("role")))
    assert check_mapping(one_pulls, an_org(TITLE)) == []


def test_a_text_that_outgrows_the_other_object_is_pointed_out() -> None:
    field = a_field(contact="Title", direction=Direction.BOTH)
    problem = only(check(field, TITLE, contact=(replace(TITLE, length=40),)), Severity.WARNING)
    assert problem.object == CONTACT
    assert "40" in problem.message
    assert "128" in problem.message


def test_what_new_leads_need_is_pointed_out() -> None:
    region = FieldShape("Region__c", "Region", "string", length=20, nillable=False)
    name = FieldShape("LastName", "Last name", "string", length=80, nillable=False)
    problem = only(check(a_field(), TITLE, region, name), Severity.WARNING)
    assert "Region__c" in problem.message


def test_a_field_without_any_source_is_pointed_out() -> None:
    assert "no Salesforce field" in only(check(a_field(lead=None), TITLE), Severity.WARNING).message


def test_newest_says_what_it_becomes() -> None:
    assert "newest" in only(check(a_field(policy=Policy.NEWEST), TITLE), Severity.WARNING).message


def test_an_object_that_is_not_visible_is_named_once() -> None:
    shapes = {LEAD: an_org(TITLE)[LEAD]}
    problem = only(check_mapping(Mapping((EMAIL, a_field(contact="Title"))), shapes))
    assert problem.object == CONTACT
    assert "View All" in problem.remedy


def test_all_problems_come_at_once() -> None:
    mapping = Mapping((a_field("Bad"), a_field("id"), a_field(lead="Nope"), a_field("x", FieldType.DATE)))
    assert len(errors_of(check_mapping(mapping, an_org(TITLE)))) == 5


def test_a_field_that_is_off_is_not_checked() -> None:
    assert check(a_field(lead="Nope", direction=Direction.OFF)) == []
