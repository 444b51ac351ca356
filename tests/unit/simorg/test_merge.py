"""Merging: the master takes fields and children, the losers end in the recycle bin, and who is refused."""

from collections.abc import Sequence

import pytest

from simorg.behaviour.conversion import Conversion, convert
from simorg.behaviour.merge import Merged, merge
from simorg.org import Org
from tests.unit.simorg.writing import delete, make, stored, undelete, user_id


def _merge(org: Org, name: str, master: str, losers: Sequence[str], **values: object) -> Merged:
    with org.storage.transaction(user_id(org)) as tx:
        return merge(org, tx, org.schema.get(name), master, losers, values)


def _make(org: Org, name: str) -> str:
    return make(org, name, **({"Name": "A"} if name == "Account" else {}))


@pytest.mark.parametrize("name", ["Lead", "Contact", "Account"])
@pytest.mark.parametrize("number", [1, 2])
def test_losers_lie_in_the_bin_and_name_their_master(org: Org, name: str, number: int) -> None:
    master, losers = _make(org, name), [_make(org, name) for _ in range(number)]
    org.clock.advance(30)
    done = _merge(org, name, master, losers)
    assert (done.error, done.merged) == (None, tuple(losers))
    for loser in losers:
        row = stored(org, name, loser)
        assert (row["IsDeleted"], row["MasterRecordId"], row["SystemModstamp"]) == (1, master, org.clock.stamp())
    row = stored(org, name, master)
    assert (row["IsDeleted"], row["MasterRecordId"], row["SystemModstamp"]) == (0, None, org.clock.stamp())


def test_the_master_takes_the_values_given_and_no_others(org: Org) -> None:
    master, loser = make(org, "Contact", Title="CFO"), make(org, "Contact", Title="CEO", Phone="1", Department="D")
    assert _merge(org, "Contact", master, [loser], Phone="1").error is None
    row = stored(org, "Contact", master)
    assert (row["Title"], row["Phone"], row["Department"]) == ("CFO", "1", None)


def test_children_move_to_the_master(org: Org) -> None:
    master, loser = make(org, "Account", Name="M"), make(org, "Account", Name="L")
    contact = make(org, "Contact", AccountId=loser)
    deal = make(org, "Opportunity", AccountId=loser, Name="D", StageName="Prospecting", CloseDate="2026-01-02")
    org.clock.advance(30)
    done = _merge(org, "Account", master, [loser])
    assert set(done.related) == {contact, deal}
    for name, record_id in (("Contact", contact), ("Opportunity", deal)):
        row = stored(org, name, record_id)
        assert (row["AccountId"], row["IsDeleted"], row["SystemModstamp"]) == (master, 0, org.clock.stamp())


def test_a_converted_lead_follows_its_contact(org: Org) -> None:
    lead, master = make(org, "Lead"), make(org, "Contact")
    with org.storage.transaction(user_id(org)) as tx:
        loser = convert(org, tx, Conversion(lead, "Closed - Converted")).contact_id
    assert loser
    assert _merge(org, "Contact", master, [loser]).error is None
    assert stored(org, "Lead", lead)["ConvertedContactId"] == master


def test_a_merge_runs_no_assignment_rule(org: Org) -> None:
    master, loser = make(org, "Lead", LeadSource="Web"), make(org, "Lead")
    org.settings.assignment_source = "Web"
    org.settings.assignment_owner = org.users.logins["colleague"].user_id
    assert _merge(org, "Lead", master, [loser]).error is None
    assert stored(org, "Lead", master)["OwnerId"] == user_id(org)


def test_a_loser_comes_back_without_its_children(org: Org) -> None:
    master, loser = make(org, "Account", Name="M"), make(org, "Account", Name="L")
    contact = make(org, "Contact", AccountId=loser)
    assert _merge(org, "Account", master, [loser]).error is None
    org.clock.advance(30)
    assert undelete(org, "Account", loser).success
    row = stored(org, "Account", loser)
    assert (row["IsDeleted"], row["MasterRecordId"], row["SystemModstamp"]) == (0, None, org.clock.stamp())
    assert stored(org, "Contact", contact)["AccountId"] == master


def test_wrong_numbers_of_losers(org: Org) -> None:
    master, others = make(org, "Lead"), [make(org, "Lead") for _ in range(3)]
    for losers in ([], others, [master], [others[0], others[0]]):
        assert _merge(org, "Lead", master, losers).error
    assert not any(stored(org, "Lead", one)["IsDeleted"] for one in (master, *others))


def test_who_cannot_be_merged(org: Org) -> None:
    master, gone, converted = (make(org, "Lead") for _ in range(3))
    assert delete(org, "Lead", gone).success
    with org.storage.transaction(user_id(org)) as tx:
        assert convert(org, tx, Conversion(converted, "Closed - Converted")).error is None
    expected = {
        gone: "ENTITY_IS_DELETED",
        converted: "CANNOT_UPDATE_CONVERTED_LEAD",
        make(org, "Contact"): "INVALID_CROSS_REFERENCE_KEY",
        "00QgK00000zzzzzUAA": "INVALID_CROSS_REFERENCE_KEY",
    }
    for loser, code in expected.items():
        for pair in ((master, loser), (loser, master)):
            error = _merge(org, "Lead", pair[0], [pair[1]]).error
            assert error
            assert error.code == code
    assert not stored(org, "Lead", master)["IsDeleted"]


def test_opportunities_do_not_merge(org: Org) -> None:
    facts = {"Name": "D", "StageName": "Prospecting", "CloseDate": "2026-01-02"}
    one, other = make(org, "Opportunity", **facts), make(org, "Opportunity", **facts)
    error = _merge(org, "Opportunity", one, [other]).error
    assert error
    assert error.code == "INVALID_TYPE"


def test_a_refused_value_stops_the_merge(org: Org) -> None:
    master, loser = make(org, "Lead"), make(org, "Lead")
    error = _merge(org, "Lead", master, [loser], Email="no address").error
    assert error
    assert error.code == "INVALID_EMAIL_ADDRESS"
    assert not stored(org, "Lead", loser)["IsDeleted"]
