"""Merging records that all have related records: they become the master's, whosever they were, and nobody else's."""

from collections.abc import Sequence

import pytest

from simorg.behaviour.merge import Merged, merge
from simorg.org import Org
from tests.unit.simorg.writing import delete, make, stored, update, user_id


def _merge(org: Org, name: str, master: str, losers: Sequence[str], **values: object) -> Merged:
    with org.storage.transaction(user_id(org)) as tx:
        return merge(org, tx, org.schema.get(name), master, losers, values)


def _make_deal(org: Org, **values: object) -> str:
    return make(org, "Opportunity", Name="D", StageName="Prospecting", CloseDate="2026-01-02", **values)


@pytest.mark.parametrize("name", ["Lead", "Contact"])
@pytest.mark.parametrize("number", [1, 2])
def test_tasks_and_members_of_all_become_the_masters(org: Org, name: str, number: int) -> None:
    people = [make(org, name) for _ in range(number + 2)]
    master, other, losers = people[0], people[1], people[2:]
    tasks = {person: make(org, "Task", Subject="Call", WhoId=person) for person in people}
    campaigns = {person: make(org, "Campaign", Name=f"C {i}") for i, person in enumerate(people)}
    members = {
        person: make(org, "CampaignMember", **{"CampaignId": campaigns[person], f"{name}Id": person})
        for person in people
    }
    org.clock.advance(30)
    done = _merge(org, name, master, losers)
    assert done.error is None
    assert set(done.related) == {found[loser] for loser in losers for found in (tasks, members)}
    for person in people:
        owner = other if person == other else master
        assert stored(org, "Task", tasks[person])["WhoId"] == owner
        member = stored(org, "CampaignMember", members[person])
        assert (member[f"{name}Id"], member["CampaignId"], member["IsDeleted"]) == (owner, campaigns[person], 0)
        moved = stored(org, "Task", tasks[person])["SystemModstamp"] == org.clock.stamp()
        assert moved == (person in losers)


@pytest.mark.parametrize("number", [1, 2])
def test_everything_below_accounts_becomes_the_masters(org: Org, number: int) -> None:
    accounts = [make(org, "Account", Name=f"A {i}") for i in range(number + 1)]
    master, losers = accounts[0], accounts[1:]
    contacts = [make(org, "Contact", AccountId=account) for account in accounts]
    deals = [_make_deal(org, AccountId=account) for account in accounts]
    tasks = [make(org, "Task", Subject="Call", WhatId=account) for account in accounts]
    below = [make(org, "Account", Name="Below", ParentId=account) for account in accounts]
    done = _merge(org, "Account", master, losers)
    assert done.error is None
    assert set(done.related) == {*contacts[1:], *deals[1:], *tasks[1:], *below[1:]}
    for name, field, ids in (
        ("Contact", "AccountId", contacts), ("Opportunity", "AccountId", deals), ("Task", "WhatId", tasks),
        ("Task", "AccountId", tasks), ("Account", "ParentId", below),
    ):  # fmt: skip
        for record_id in ids:
            row = stored(org, name, record_id)
            assert (row[field], row["IsDeleted"]) == (master, 0)


def test_roles_and_reports_of_contacts_become_the_masters(org: Org) -> None:
    master, first, second = (make(org, "Contact") for _ in range(3))
    roles = [
        make(org, "OpportunityContactRole", OpportunityId=_make_deal(org), ContactId=person)
        for person in (master, first, second)
    ]
    reports = [make(org, "Contact", ReportsToId=person) for person in (master, first, second)]
    assert _merge(org, "Contact", master, [first, second]).error is None
    assert {stored(org, "OpportunityContactRole", role)["ContactId"] for role in roles} == {master}
    assert {stored(org, "Contact", report)["ReportsToId"] for report in reports} == {master}


def test_children_in_the_bin_follow_and_stay_there(org: Org) -> None:
    master, loser = make(org, "Account", Name="M"), make(org, "Account", Name="L")
    gone = make(org, "Contact", AccountId=loser)
    assert delete(org, "Contact", gone).success
    assert _merge(org, "Account", master, [loser]).error is None
    row = stored(org, "Contact", gone)
    assert (row["AccountId"], row["IsDeleted"]) == (master, 1)


def test_a_contact_takes_the_manager_of_a_loser_where_it_has_none(org: Org) -> None:
    boss, other = make(org, "Contact"), make(org, "Contact")
    master, loser = make(org, "Contact"), make(org, "Contact", ReportsToId=boss)
    assert _merge(org, "Contact", master, [loser]).error is None
    assert stored(org, "Contact", master)["ReportsToId"] == boss
    settled, loser = make(org, "Contact", ReportsToId=other), make(org, "Contact", ReportsToId=boss)
    assert _merge(org, "Contact", settled, [loser]).error is None
    assert stored(org, "Contact", settled)["ReportsToId"] == other


@pytest.mark.parametrize(("name", "field"), [("Account", "ParentId"), ("Contact", "ReportsToId")])
@pytest.mark.parametrize("steps", [1, 2])
def test_a_merge_into_what_stands_below_is_refused(org: Org, name: str, field: str, steps: int) -> None:
    facts = {"Name": "A"} if name == "Account" else {}
    top = make(org, name, **facts)
    chain = [top]
    for _ in range(steps):
        chain.append(make(org, name, **facts, **{field: chain[-1]}))
    master = chain[-1]
    before = stored(org, name, master)
    error = _merge(org, name, master, [top]).error
    assert error
    assert (error.code, error.fields) == ("CIRCULAR_DEPENDENCY", (field,))
    assert stored(org, name, master) == before
    assert not stored(org, name, top)["IsDeleted"]


def test_a_merge_of_what_stands_below_is_fine(org: Org) -> None:
    top = make(org, "Account", Name="Top")
    below = make(org, "Account", Name="Below", ParentId=top)
    lowest = make(org, "Account", Name="Lowest", ParentId=below)
    assert _merge(org, "Account", top, [below]).error is None
    assert stored(org, "Account", lowest)["ParentId"] == top
    assert stored(org, "Account", top)["ParentId"] is None


def test_an_old_circle_elsewhere_does_not_hang(org: Org) -> None:
    one, other = make(org, "Account", Name="1"), make(org, "Account", Name="2")
    assert update(org, "Account", one, ParentId=other).success
    assert update(org, "Account", other, ParentId=one).success
    master, loser = make(org, "Account", Name="M", ParentId=one), make(org, "Account", Name="L")
    assert _merge(org, "Account", master, [loser]).error is None
