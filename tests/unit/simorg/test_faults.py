"""Faults: what they match, when they strike, the same for the same seed; and the catalogue of named ones."""

from dataclasses import replace
from typing import Any

import pytest

from simorg import bad_days
from simorg.faults import Faults, operation_of
from simorg.org import Org
from tests.unit.simorg.writing import create

_ID = "00QgK0000000001AAA"
_LEAD = "/services/data/v64.0/sobjects/Lead"


def _strikes(seed: int, number: int = 200) -> list[bool]:
    faults = Faults()
    faults.add(rate=0.3, times=None, seed=seed, status=503)
    return [faults.for_request("GET", "/x") is not None for _ in range(number)]


def test_the_same_seed_strikes_the_same() -> None:
    assert _strikes(7) == _strikes(7)
    assert _strikes(7) != _strikes(8)
    assert 30 < sum(_strikes(7)) < 90


def test_after_so_many_so_often() -> None:
    faults = Faults()
    faults.add(skip=2, times=2, path="/query", status=503)
    struck = [faults.for_request("GET", path) is not None for path in ("/query", "/x", *["/query"] * 5)]
    assert struck == [False, False, False, True, True, False, False]
    assert faults.listed()[0].struck == 2


@pytest.mark.parametrize(
    ("facts", "method", "path", "query"),
    [
        ({"method": "POST"}, "POST", _LEAD, ""),
        ({"object_name": "lead"}, "POST", _LEAD, ""),
        ({"object_name": "Lead"}, "GET", "/services/data/v64.0/query", "SELECT Id FROM Lead"),
        ({"operation": "create"}, "POST", _LEAD, ""),
        ({"operation": "update"}, "PATCH", f"{_LEAD}/{_ID}", ""),
    ],
)
def test_what_a_fault_is_about(facts: dict[str, Any], method: str, path: str, query: str) -> None:
    faults = Faults()
    faults.add(**facts, times=None, status=503)
    assert faults.for_request(method, path, query) is not None
    assert faults.for_request("GET", "/services/data/v64.0/sobjects/Contact/x", "SELECT Id FROM Contact") is None


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("POST", "/services/oauth2/token", "login"), ("POST", "/services/Soap/u/64.0", "login"),
        ("GET", "/services/data/v64.0/query", "query"), ("GET", "/services/data/v64.0/queryAll/0r8-200", "query"),
        ("GET", "/services/data/v64.0/sobjects", "describe"), ("GET", f"{_LEAD}/describe", "describe"),
        ("GET", f"{_LEAD}/{_ID}", "read"), ("POST", _LEAD, "create"), ("PATCH", f"{_LEAD}/{_ID}", "update"),
        ("PATCH", f"{_LEAD}/Syncline_Id__c/7", "upsert"), ("DELETE", f"{_LEAD}/{_ID}", "delete"),
        ("PATCH", "/services/data/v64.0/composite/sobjects", "update"),
        ("PATCH", "/services/data/v64.0/composite/sobjects/Lead/Syncline_Id__c", "upsert"),
        ("PUT", "/services/data/v64.0/jobs/ingest/750/batches", "bulk"), ("GET", "/services/data/v64.0/limits", ""),
    ],
)  # fmt: skip
def test_what_a_request_does(method: str, path: str, operation: str) -> None:
    assert operation_of(method, path) == operation


def test_effects_are_drawn_within_their_spans() -> None:
    faults = Faults()
    assert (faults.page_rows("/query", 2000), faults.commit_lag(5), faults.stamp(100)) == (2000, 5, 100)
    faults.add(page_rows=[3, 9], times=None)
    faults.add(lag_ms=[1_000, 2_000], times=None)
    pages = {faults.page_rows("/query", 2000) for _ in range(100)}
    assert pages == set(range(3, 10))
    assert faults.page_rows("/query", 2) == 2
    assert all(1_000 <= faults.commit_lag(0) <= 2_000 for _ in range(50))


def test_tied_stamps_never_go_back() -> None:
    faults = Faults()
    faults.add(stamp_seconds=30, times=None)
    assert [faults.stamp(now) for now in (1_000, 1_010, 1_029, 1_030, 1_061)] == [1_000, 1_000, 1_000, 1_030, 1_060]


@pytest.mark.parametrize("name", sorted(bad_days.CATALOGUE))
def test_every_bad_day_can_be_ordered_and_cleared(org: Org, name: str) -> None:
    change = {"object": "Lead", "field": "Lead_Score__c"} if bad_days.CATALOGUE[name].action else {}
    before = vars(org.settings).copy()
    faults = bad_days.order(org, name, **change)
    assert faults or bad_days.CATALOGUE[name].settings
    assert all(one.name == name for one in faults)
    bad_days.clear(org)
    assert not org.faults.listed()
    assert vars(org.settings) == before


def test_what_is_not_in_the_catalogue(org: Org) -> None:
    with pytest.raises(ValueError, match="no such bad day"):
        bad_days.order(org, "locusts")
    with pytest.raises(TypeError):
        bad_days.order(org, "slow", speed=3)
    with pytest.raises(ValueError, match="that are there"):
        bad_days.order(org, "field-hidden", object="Lead", field="Nothing__c")


def _strike_field(org: Org, name: str, to: str = "") -> None:
    (fault,) = bad_days.order(org, name, object="Lead", field="Lead_Score__c", to=to)
    bad_days.strike(org, fault)


def test_fields_change_and_keep_their_values(org: Org) -> None:
    lead = str(create(org, "Lead", LastName="Moss", Company="C", Lead_Score__c=12).id)
    _strike_field(org, "field-renamed", "Points__c")
    one = org.schema.get("Lead")
    assert one.find("Lead_Score__c") is None
    assert (org.storage.get("Lead", lead) or {})["Points__c"] == 12
    bad_days.strike(org, bad_days.order(org, "field-retyped", object="Lead", field="Points__c", to="string")[0])
    field = org.schema.get("Lead").find("Points__c")
    assert field is not None
    assert field.type == "string"
    assert (org.storage.get("Lead", lead) or {})["Points__c"] == "12"
    bad_days.strike(org, bad_days.order(org, "field-retyped", object="Lead", field="Points__c", to="double")[0])
    assert (org.storage.get("Lead", lead) or {})["Points__c"] == 12.0


def test_a_field_is_required_hidden_and_gone(org: Org) -> None:
    integration = org.users.logins["integration"].user_id
    _strike_field(org, "field-hidden")
    for role in ("integration", "admin"):
        assert org.view(org.users.logins[role].user_id).get("Lead").find("Lead_Score__c") is None
    assert org.schema.get("Lead").find("Lead_Score__c") is not None
    (fault,) = bad_days.order(org, "slow", object_name="Lead")
    bad_days.strike(org, replace(fault, change={"action": "show", "object": "Lead", "field": "Lead_Score__c"}))
    assert org.view(integration).get("Lead").find("Lead_Score__c") is not None
    _strike_field(org, "field-required")
    (refused,) = create(org, "Lead", LastName="Moss", Company="C").errors
    assert (refused.code, refused.fields) == ("REQUIRED_FIELD_MISSING", ("Lead_Score__c",))
    with pytest.raises(ValueError, match="is open to everybody"):
        bad_days.order(org, "field-hidden", object="Lead", field="Lead_Score__c")
    _strike_field(org, "field-removed")
    assert "lead_score__c" not in org.schema.get("Lead").fields
