"""Tasks: whose they are, what follows from status, priority and relations, and where they go with a person."""

from typing import Any

import pytest

from simorg.behaviour.conversion import Conversion, convert
from simorg.behaviour.merge import merge
from simorg.org import Org
from tests.unit.simorg.querying import ask
from tests.unit.simorg.writing import create, delete, make, stored, told, update, user_id


def _convert(org: Org, lead: str, **asked: Any) -> tuple[str | None, str | None, str | None]:
    with org.storage.transaction(user_id(org)) as tx:
        done = convert(org, tx, Conversion(lead, "Closed - Converted", **asked))
    assert done.error is None
    return done.account_id, done.contact_id, done.opportunity_id


def test_a_bare_task_has_status_priority_and_owner(org: Org) -> None:
    row = stored(org, "Task", make(org, "Task"))
    facts = ("Status", "Priority", "IsClosed", "IsHighPriority", "TaskSubtype", "OwnerId", "AccountId")
    assert [row[name] for name in facts] == ["Not Started", "Normal", 0, 0, "Task", user_id(org), None]
    for name in ("Status", "Priority", "OwnerId"):
        refused = told(update(org, "Task", str(row["Id"]), **{name: None}))
        assert refused == ("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{name}]", (name,))


def test_closing_and_reopening(org: Org) -> None:
    task = make(org, "Task", Status="Completed", Priority="High")
    row = stored(org, "Task", task)
    assert (row["IsClosed"], row["CompletedDateTime"], row["IsHighPriority"]) == (1, org.clock.stamp(), 1)
    org.clock.advance(60)
    assert update(org, "Task", task, Subject="Call again").success
    assert stored(org, "Task", task)["CompletedDateTime"] == row["CompletedDateTime"]
    assert update(org, "Task", task, Status="Deferred", Priority="Low").success
    row = stored(org, "Task", task)
    assert (row["IsClosed"], row["CompletedDateTime"], row["IsHighPriority"]) == (0, None, 0)
    for name in ("IsClosed", "IsHighPriority", "AccountId", "CompletedDateTime", "TaskSubtype"):
        assert told(update(org, "Task", task, **{name: None}))[2] == (name,)


def test_closed_statuses_are_those_of_the_object(org: Org) -> None:
    rows = ask(org, "SELECT ApiName, IsClosed, IsDefault FROM TaskStatus ORDER BY SortOrder")
    assert [(row["ApiName"], row["IsClosed"], row["IsDefault"]) for row in rows] == [
        ("Not Started", False, True),
        ("In Progress", False, False),
        ("Completed", True, False),
        ("Waiting on someone else", False, False),
        ("Deferred", False, False),
    ]


def test_the_account_is_the_things_or_else_the_contacts(org: Org) -> None:
    account, other = make(org, "Account", Name="A"), make(org, "Account", Name="B")
    contact = make(org, "Contact", AccountId=account)
    deal, campaign = make(org, "Opportunity", AccountId=other), make(org, "Campaign")
    cases: list[tuple[dict[str, str], str | None]] = [
        ({"WhatId": other}, other),
        ({"WhoId": contact}, account),
        ({"WhoId": contact, "WhatId": other}, other),
        ({"WhoId": contact, "WhatId": deal}, other),
        ({"WhoId": contact, "WhatId": campaign}, account),
        ({"WhoId": contact, "WhatId": make(org, "Opportunity")}, None),
        ({"WhatId": campaign}, None),
        ({"WhoId": make(org, "Lead")}, None),
    ]
    for related, expected in cases:
        assert stored(org, "Task", make(org, "Task", **related))["AccountId"] == expected, related
    task = make(org, "Task", WhatId=deal)
    assert update(org, "Task", task, WhatId=None, WhoId=contact).success
    assert stored(org, "Task", task)["AccountId"] == account


def test_who_and_what_are_of_their_kinds(org: Org) -> None:
    account, lead = make(org, "Account", Name="A"), make(org, "Lead")
    # The words are a recorded answer's.
    assert told(create(org, "Task", WhoId=account)) == (
        "FIELD_INTEGRITY_EXCEPTION",
        f"Name ID: id value of incorrect type: {account}",
        ("WhoId",),
    )
    assert told(create(org, "Task", WhatId=lead))[2] == ("WhatId",)
    assert told(create(org, "Task", WhoId=lead, WhatId=account))[0] == "FIELD_INTEGRITY_EXCEPTION"
    task = make(org, "Task", WhoId=lead)
    assert told(update(org, "Task", task, WhatId=account))[0] == "FIELD_INTEGRITY_EXCEPTION"
    _convert(org, lead)
    refused = told(create(org, "Task", WhoId=lead))
    assert refused == ("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", ())
    assert told(create(org, "Task", TaskSubtype="Dance"))[0] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"


def test_persons_and_things_are_read_through_the_task(org: Org) -> None:
    contact = make(org, "Contact", LastName="Reed")
    deal = make(org, "Opportunity", Name="Big", Amount=5)
    task = make(org, "Task", WhoId=contact, WhatId=deal, Subject="Call")
    (row,) = ask(
        org,
        "SELECT Who.Name, Who.Type, TYPEOF What WHEN Opportunity THEN Amount, StageName WHEN Account THEN Name END"
        f" FROM Task WHERE Who.Type = 'Contact' AND Id = '{task}'",
    )
    assert (row["Who"]["Name"], row["Who"]["Type"]) == ("Reed", "Contact")
    assert row["What"]["attributes"]["type"] == "Opportunity"
    assert (row["What"]["Amount"], row["What"]["StageName"]) == (5.0, "Prospecting")
    (person,) = ask(org, f"SELECT (SELECT Subject FROM Tasks) FROM Contact WHERE Id = '{contact}'")
    assert [one["Subject"] for one in person["Tasks"]["records"]] == ["Call"]
    found = ask(org, "SELECT Id FROM Opportunity WHERE Id IN (SELECT WhatId FROM Task WHERE Subject = 'Call')")
    assert deal in [one["Id"] for one in found]


def test_an_opportunity_knows_of_open_and_overdue_tasks(org: Org) -> None:
    deal = make(org, "Opportunity")

    def found() -> tuple[bool, bool]:
        (row,) = ask(org, f"SELECT HasOpenActivity, HasOverdueTask FROM Opportunity WHERE Id = '{deal}'")
        return row["HasOpenActivity"], row["HasOverdueTask"]

    assert found() == (False, False)
    task = make(org, "Task", WhatId=deal, ActivityDate=org.clock.now().date().isoformat())
    assert found() == (True, False)
    org.clock.advance(86_400)
    assert found() == (True, True)
    assert update(org, "Task", task, Status="Completed").success
    assert found() == (False, False)


@pytest.mark.parametrize("without_opportunity", [False, True])
def test_a_converted_leads_tasks_go_to_the_contact(org: Org, without_opportunity: bool) -> None:
    lead, colleague = make(org, "Lead"), org.users.logins["colleague"].user_id
    mine, theirs = make(org, "Task", WhoId=lead), make(org, "Task", WhoId=lead, OwnerId=colleague)
    closed = make(org, "Task", WhoId=lead, Status="Completed")
    admin = org.users.logins["admin"].user_id
    org.clock.advance(60)
    account, contact, deal = _convert(org, lead, without_opportunity=without_opportunity, owner_id=admin)
    for task, owner in ((mine, admin), (theirs, colleague), (closed, user_id(org))):
        row = stored(org, "Task", task)
        assert (row["WhoId"], row["WhatId"], row["AccountId"]) == (contact, deal or account, account)
        assert (row["OwnerId"], row["SystemModstamp"]) == (owner, org.clock.stamp())
    assert (deal is None) == without_opportunity


@pytest.mark.parametrize("name", ["Lead", "Contact", "Account"])
def test_tasks_follow_a_merge(org: Org, name: str) -> None:
    facts = {"Name": "A"} if name == "Account" else {}
    master, loser = make(org, name, **facts), make(org, name, **facts)
    field = "WhatId" if name == "Account" else "WhoId"
    task = make(org, "Task", **{field: loser})
    with org.storage.transaction(user_id(org)) as tx:
        done = merge(org, tx, org.schema.get(name), master, [loser], {})
    assert done.related == (task,)
    row = stored(org, "Task", task)
    assert (row[field], row["IsDeleted"]) == (master, 0)
    if name == "Account":
        assert row["AccountId"] == master


def test_tasks_fall_with_whom_they_are_for(org: Org) -> None:
    lead, campaign = make(org, "Lead"), make(org, "Campaign")
    tasks = [make(org, "Task", WhoId=lead), make(org, "Task", WhatId=campaign), make(org, "Task")]
    assert delete(org, "Lead", lead).success
    assert delete(org, "Campaign", campaign).success
    assert [stored(org, "Task", task)["IsDeleted"] for task in tasks] == [1, 1, 0]
