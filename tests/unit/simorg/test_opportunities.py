"""Opportunities and roles: what a stage implies, what is counted, who is primary, what falls with them."""

from typing import Any

import pytest

from simorg.org import Org
from tests.unit.simorg.querying import ask
from tests.unit.simorg.writing import create, delete, make, stored, told, undelete, update

_FOLLOWING = ("Probability", "IsClosed", "IsWon", "ForecastCategory", "ForecastCategoryName")


def _following(org: Org, deal: str) -> tuple[Any, ...]:
    row = stored(org, "Opportunity", deal)
    return tuple(row[name] for name in _FOLLOWING)


@pytest.mark.parametrize(
    ("values", "following"),
    [
        ({"StageName": "Closed Won"}, (100.0, 1, 1, "Closed", "Closed")),
        ({"StageName": "Closed Lost"}, (0.0, 1, 0, "Omitted", "Omitted")),
        ({"StageName": "Id. Decision Makers"}, (60.0, 0, 0, "Pipeline", "Pipeline")),
        ({"StageName": "Closed Won", "Probability": 40}, (40.0, 1, 1, "Closed", "Closed")),
        (
            {"StageName": "Qualification", "ForecastCategoryName": "Best Case"},
            (10.0, 0, 0, "BestCase", "Best Case"),
        ),
    ],
)
def test_the_stage_implies_what_is_not_given(org: Org, values: dict[str, Any], following: tuple[Any, ...]) -> None:
    assert _following(org, make(org, "Opportunity", **values)) == following
    changed = make(org, "Opportunity")
    assert update(org, "Opportunity", changed, **values).success
    assert _following(org, changed) == following


def test_the_same_stage_again_implies_nothing(org: Org) -> None:
    deal = make(org, "Opportunity", StageName="Prospecting", Probability=35)
    assert update(org, "Opportunity", deal, StageName="Prospecting", NextStep="Call").success
    assert _following(org, deal)[0] == 35.0
    assert update(org, "Opportunity", deal, ForecastCategoryName="Commit").success
    assert _following(org, deal) == (35.0, 0, 0, "Forecast", "Commit")


def test_required_fields_and_those_of_the_org(org: Org) -> None:
    message = "Required fields are missing: [Name, StageName, CloseDate]"
    assert told(create(org, "Opportunity")) == (
        "REQUIRED_FIELD_MISSING",
        message,
        ("Name", "StageName", "CloseDate"),
    )
    deal = make(org, "Opportunity")
    assert told(update(org, "Opportunity", deal, CloseDate=None))[1] == "Required fields are missing: [CloseDate]"
    for name in ("IsWon", "ExpectedRevenue", "FiscalYear", "PushCount", "ForecastCategory", "HasOpenActivity"):
        assert told(create(org, "Opportunity", **{name: 1}))[0] == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_pushes_and_stage_changes_are_kept(org: Org) -> None:
    deal = make(org, "Opportunity", CloseDate="2026-01-30")
    assert (stored(org, "Opportunity", deal)["PushCount"], _stage_change(org, deal)) == (0, None)
    for day, pushes in (("2026-01-31", 0), ("2026-02-01", 1), ("2026-01-15", 1), ("2027-01-01", 2)):
        assert update(org, "Opportunity", deal, CloseDate=day).success
        assert stored(org, "Opportunity", deal)["PushCount"] == pushes
    org.clock.advance(60)
    assert update(org, "Opportunity", deal, StageName="Qualification").success
    assert _stage_change(org, deal) == org.clock.stamp()


def _stage_change(org: Org, deal: str) -> object:
    return stored(org, "Opportunity", deal)["LastStageChangeDate"]


def test_expected_amount_and_fiscal_period_follow_at_once(org: Org) -> None:
    deal = make(org, "Opportunity", Amount=200, StageName="Value Proposition", CloseDate="2026-11-05")
    query = f"SELECT ExpectedRevenue, FiscalYear, FiscalQuarter, Fiscal FROM Opportunity WHERE Id = '{deal}'"
    (row,) = ask(org, query)
    assert [row[name] for name in ("ExpectedRevenue", "FiscalYear", "FiscalQuarter", "Fiscal")] == [
        100.0,
        2026,
        4,
        "2026 4",
    ]
    assert update(org, "Opportunity", deal, Amount=50, CloseDate="2027-03-31").success
    (row,) = ask(org, query)
    assert (row["ExpectedRevenue"], row["FiscalYear"], row["Fiscal"]) == (25.0, 2027, "2027 1")
    assert ask(org, f"SELECT Id FROM Opportunity WHERE FiscalYear = 2027 AND Id = '{deal}'")


def test_there_is_one_primary_contact(org: Org) -> None:
    first, second = make(org, "Contact", LastName="One"), make(org, "Contact", LastName="Two")
    deal, other = make(org, "Opportunity", ContactId=first), make(org, "Opportunity", ContactId=first)
    roles = "(SELECT ContactId FROM OpportunityContactRoles)"
    query = f"SELECT ContactId, Contact.Name, {roles} FROM Opportunity WHERE Id = '{deal}'"
    (row,) = ask(org, query)
    assert (row["ContactId"], row["Contact"]["Name"]) == (first, "One")
    assert [role["ContactId"] for role in row["OpportunityContactRoles"]["records"]] == [first]
    role = make(org, "OpportunityContactRole", OpportunityId=deal, ContactId=second, Role="Influencer")
    assert ask(org, query)[0]["ContactId"] == first
    assert update(org, "OpportunityContactRole", role, IsPrimary=True).success
    assert ask(org, query)[0]["ContactId"] == second
    assert _primaries(org, deal) == [second]
    assert _primaries(org, other) == [first]
    make(org, "OpportunityContactRole", OpportunityId=deal, ContactId=first, IsPrimary=True)
    assert _primaries(org, deal) == [first]


def _primaries(org: Org, deal: str) -> list[str]:
    query = f"SELECT ContactId FROM OpportunityContactRole WHERE IsPrimary = true AND OpportunityId = '{deal}'"
    return [row["ContactId"] for row in ask(org, query)]


def test_the_primary_contact_is_named_by_a_create_only_and_has_to_exist(org: Org) -> None:
    contact, deal = make(org, "Contact"), make(org, "Opportunity")
    refused = told(update(org, "Opportunity", deal, ContactId=contact))
    assert (refused[0], refused[2]) == ("INVALID_FIELD_FOR_INSERT_UPDATE", ("ContactId",))
    facts = {"Name": "D", "StageName": "Prospecting", "CloseDate": "2026-01-02"}
    before = org.storage.read_one('SELECT count(*) FROM "Opportunity"')
    refused = told(create(org, "Opportunity", **facts, ContactId="003gK00000zzzzz"))
    assert (refused[0], refused[2]) == ("INVALID_CROSS_REFERENCE_KEY", ("ContactId",))
    assert org.storage.read_one('SELECT count(*) FROM "Opportunity"') == before


def test_a_role_needs_both_its_ends_and_keeps_its_opportunity(org: Org) -> None:
    assert told(create(org, "OpportunityContactRole", Role="Other"))[2] == ("OpportunityId", "ContactId")
    role = make(org, "OpportunityContactRole", OpportunityId=make(org, "Opportunity"), ContactId=make(org, "Contact"))
    assert told(update(org, "OpportunityContactRole", role, OpportunityId=make(org, "Opportunity")))[2] == (
        "OpportunityId",
    )


def test_roles_and_tasks_fall_and_come_back_with_either_end(org: Org) -> None:
    account = make(org, "Account", Name="A")
    contact = make(org, "Contact", AccountId=account)
    deal = make(org, "Opportunity", AccountId=account, ContactId=contact)
    task = make(org, "Task", WhatId=deal)
    (role,) = ask(org, f"SELECT Id FROM OpportunityContactRole WHERE OpportunityId = '{deal}'")
    ends = [("Opportunity", deal, {"Opportunity": deal, "Task": task}), ("Contact", contact, {"Contact": contact})]
    ends.append(("Account", account, {"Opportunity": deal, "Contact": contact, "Task": task}))
    for name, record_id, falling in ends:
        family = {**falling, "OpportunityContactRole": role["Id"]}
        org.clock.advance(60)
        assert delete(org, name, record_id).success
        assert {one: stored(org, one, found)["IsDeleted"] for one, found in family.items()} == dict.fromkeys(family, 1)
        assert undelete(org, name, record_id).success
        assert {one: stored(org, one, found)["IsDeleted"] for one, found in family.items()} == dict.fromkeys(family, 0)


def test_a_role_deleted_by_itself_does_not_come_back(org: Org) -> None:
    deal = make(org, "Opportunity", ContactId=make(org, "Contact"))
    (role,) = ask(org, f"SELECT Id FROM OpportunityContactRole WHERE OpportunityId = '{deal}'")
    assert delete(org, "OpportunityContactRole", role["Id"]).success
    assert ask(org, f"SELECT ContactId FROM Opportunity WHERE Id = '{deal}'")[0]["ContactId"] is None
    assert told(undelete(org, "OpportunityContactRole", role["Id"]))[0] == "UNDELETE_FAILED"
    org.clock.advance(60)
    assert delete(org, "Opportunity", deal).success
    assert undelete(org, "Opportunity", deal).success
    assert stored(org, "OpportunityContactRole", role["Id"])["IsDeleted"] == 1


def test_stages_stand_in_an_object(org: Org) -> None:
    rows = ask(
        org, "SELECT ApiName, IsWon, DefaultProbability FROM OpportunityStage WHERE IsClosed = true ORDER BY SortOrder"
    )
    assert [(row["ApiName"], row["IsWon"], row["DefaultProbability"]) for row in rows] == [
        ("Closed Won", True, 100.0),
        ("Closed Lost", False, 0.0),
    ]
    assert told(create(org, "OpportunityStage", MasterLabel="Ours"))[0] == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
