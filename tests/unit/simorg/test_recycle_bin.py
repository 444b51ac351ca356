"""The recycle bin: what comes back out of it, how, and what does not."""

import pytest

from simorg.behaviour.dml import Outcome, Writer
from simorg.behaviour.recycle_bin import RecycleBin
from simorg.org import Org
from tests.unit.simorg.writing import delete, make, stored, told, undelete, update, user_id

_NOT_THERE = ("UNDELETE_FAILED", "Entity is not in the recycle bin", ())


def _delete_past(org: Org, name: str, record_id: str) -> Outcome:
    with org.storage.transaction(user_id(org)) as tx:
        return RecycleBin(org, tx).delete_past(Writer(org, tx), org.schema.get(name), record_id)


def test_a_record_comes_back_as_it_was(org: Org) -> None:
    lead = make(org, "Lead", Title="CFO", Syncline_Id__c="k-1")
    before = stored(org, "Lead", lead)
    org.clock.advance(60)
    assert delete(org, "Lead", lead).success
    org.clock.advance(60)
    back = undelete(org, "Lead", lead)
    assert (back.success, back.id) == (True, lead)
    after = stored(org, "Lead", lead)
    assert after["SystemModstamp"] == after["LastModifiedDate"] == org.clock.stamp()
    assert {**after, "SystemModstamp": 0, "LastModifiedDate": 0} == {
        **before, "SystemModstamp": 0, "LastModifiedDate": 0,
    }  # fmt: skip


def test_what_does_not_lie_there(org: Org) -> None:
    living = make(org, "Lead")
    assert told(undelete(org, "Lead", living)) == _NOT_THERE
    assert told(undelete(org, "Lead", "00QgK00000zzzzzUAA")) == _NOT_THERE
    assert delete(org, "Lead", living).success
    assert undelete(org, "Lead", living).success
    assert told(undelete(org, "Lead", living)) == _NOT_THERE


@pytest.mark.parametrize(("seconds", "back"), [(15 * 86_400, True), (15 * 86_400 + 1, False)])
def test_the_bin_keeps_for_15_days(org: Org, seconds: int, back: bool) -> None:
    lead = make(org, "Lead")
    assert delete(org, "Lead", lead).success
    org.clock.advance(seconds)
    outcome = undelete(org, "Lead", lead)
    assert outcome.success == back
    assert bool(stored(org, "Lead", lead)["IsDeleted"]) != back
    if not back:
        assert told(outcome) == _NOT_THERE


def test_what_fell_with_its_parent_comes_back_with_it_alone(org: Org) -> None:
    account = make(org, "Account", Name="A")
    contact = make(org, "Contact", AccountId=account)
    task = make(org, "Task", Subject="Call", WhoId=contact)
    assert delete(org, "Account", account).success
    for name, record_id in (("Contact", contact), ("Task", task)):
        assert stored(org, name, record_id)["IsDeleted"]
        assert told(undelete(org, name, record_id)) == _NOT_THERE
    org.clock.advance(60)
    assert undelete(org, "Account", account).success
    for name, record_id in (("Contact", contact), ("Task", task)):
        assert not stored(org, name, record_id)["IsDeleted"]


def test_what_was_deleted_before_its_parent_waits_for_it(org: Org) -> None:
    account = make(org, "Account", Name="A")
    contact = make(org, "Contact", AccountId=account)
    assert delete(org, "Contact", contact).success
    org.clock.advance(60)
    assert delete(org, "Account", account).success
    assert told(undelete(org, "Contact", contact)) == ("ENTITY_IS_DELETED", "entity is deleted", ("AccountId",))
    assert undelete(org, "Account", account).success
    assert stored(org, "Contact", contact)["IsDeleted"]
    assert undelete(org, "Contact", contact).success


def test_a_unique_value_that_was_taken_meanwhile(org: Org) -> None:
    lead = make(org, "Lead", Syncline_Id__c="k-1")
    assert delete(org, "Lead", lead).success
    other = make(org, "Lead", Syncline_Id__c="K-1")
    message = f"duplicate value found: Syncline_Id__c duplicates value on record with id: {other[:15]}"
    assert told(undelete(org, "Lead", lead)) == ("DUPLICATE_VALUE", message, ("Syncline_Id__c",))
    assert update(org, "Lead", other, Syncline_Id__c="k-2").success
    assert undelete(org, "Lead", lead).success


def test_objects_without_an_undelete(org: Org) -> None:
    lead, campaign = make(org, "Lead"), make(org, "Campaign", Name="C")
    member = make(org, "CampaignMember", CampaignId=campaign, LeadId=lead)
    assert delete(org, "CampaignMember", member).success
    assert told(undelete(org, "CampaignMember", member))[0] == "UNDELETE_FAILED"
    assert stored(org, "CampaignMember", member)["IsDeleted"]


def test_a_fault_on_order(org: Org) -> None:
    lead = make(org, "Lead")
    assert delete(org, "Lead", lead).success
    org.faults.add(operation="undelete", row_code="UNABLE_TO_LOCK_ROW")
    assert told(undelete(org, "Lead", lead))[0] == "UNABLE_TO_LOCK_ROW"
    assert undelete(org, "Lead", lead).success


def test_what_is_deleted_past_the_bin_never_comes_back(org: Org) -> None:
    account, other = make(org, "Account", Name="A"), make(org, "Account", Name="B")
    contact = make(org, "Contact", AccountId=account)
    assert _delete_past(org, "Account", account).success
    assert delete(org, "Account", other).success
    for name, record_id in (("Account", account), ("Contact", contact)):
        assert stored(org, name, record_id)["IsDeleted"]
        assert told(undelete(org, name, record_id)) == _NOT_THERE
    assert undelete(org, "Account", other).success


def test_a_delete_past_the_bin_obeys_the_rules_of_deleting(org: Org) -> None:
    lead = make(org, "Lead")
    assert delete(org, "Lead", lead).success
    assert told(_delete_past(org, "Lead", lead))[0] == "ENTITY_IS_DELETED"
    assert undelete(org, "Lead", lead).success
    assert told(_delete_past(org, "User", user_id(org)))[0] == "INSUFFICIENT_ACCESS_OR_READONLY"


def test_a_wiped_org_has_an_empty_memory(org: Org) -> None:
    lead = make(org, "Lead")
    assert _delete_past(org, "Lead", lead).success
    org.storage.wipe()
    with org.storage.transaction() as tx:
        assert not tx.is_expelled(lead)
