"""Lead conversion: what a Lead becomes, what is left of it, and who is refused."""

from typing import Any

import pytest

from simorg.behaviour.conversion import Conversion, Converted, convert
from simorg.org import Org
from tests.unit.simorg.writing import delete, grant, make, stored, told, update, user_id

_PERSON = {
    "FirstName": "Ada",
    "LastName": "Reed",
    "Company": "Reed Mills",
    "Title": "CFO",
    "Email": "ada@reed.example",
    "Street": "1 Mill Lane",
    "City": "Leeds",
    "LeadSource": "Web",
    "Industry": "Apparel",
    "Lead_Score__c": 42,
}


def _convert(org: Org, lead_id: str, **asked: Any) -> Converted:
    asked = {"converted_status": "Closed - Converted", **asked}
    with org.storage.transaction(user_id(org)) as tx:
        return convert(org, tx, Conversion(lead_id, **asked))


def test_a_lead_becomes_contact_account_and_opportunity(org: Org) -> None:
    lead = make(org, "Lead", **_PERSON)
    org.clock.advance(30)
    done = _convert(org, lead)
    assert done.error is None
    assert done.account_id
    assert done.contact_id
    assert done.opportunity_id
    account, contact = stored(org, "Account", done.account_id), stored(org, "Contact", done.contact_id)
    deal, row = stored(org, "Opportunity", done.opportunity_id), stored(org, "Lead", lead)
    assert (account["Name"], account["Industry"], account["BillingCity"]) == ("Reed Mills", "Apparel", "Leeds")
    assert {name: contact[name] for name in ("FirstName", "LastName", "Title", "Email", "LeadSource")} == {
        name: _PERSON[name] for name in ("FirstName", "LastName", "Title", "Email", "LeadSource")
    }
    assert (contact["AccountId"], contact["MailingStreet"]) == (done.account_id, "1 Mill Lane")
    assert contact["Lead_Score__c"] == 42.0
    assert (deal["Name"], deal["AccountId"], deal["IsClosed"]) == ("Reed Mills", done.account_id, 0)
    assert (row["IsConverted"], row["Status"]) == (1, "Closed - Converted")
    assert row["ConvertedDate"] == org.clock.now().date().isoformat()
    assert (row["ConvertedAccountId"], row["ConvertedContactId"], row["ConvertedOpportunityId"]) == (
        done.account_id,
        done.contact_id,
        done.opportunity_id,
    )
    assert row["SystemModstamp"] == contact["SystemModstamp"] == org.clock.stamp()


def test_the_day_of_conversion_is_the_users(org: Org) -> None:
    lead = make(org, "Lead")
    org.settings.time_zone = "Pacific/Auckland"
    org.clock.freeze(org.clock.now().replace(hour=20))
    assert _convert(org, lead).error is None
    day = str(stored(org, "Lead", lead)["ConvertedDate"])
    assert day > org.clock.stamp()[:10]
    assert len(day) == 10


def test_an_opportunity_can_be_left_out_or_named(org: Org) -> None:
    assert _convert(org, make(org, "Lead"), without_opportunity=True).opportunity_id is None
    named = _convert(org, make(org, "Lead"), opportunity_name="The big one").opportunity_id
    assert named
    assert stored(org, "Opportunity", named)["Name"] == "The big one"


def test_only_blanks_of_a_given_contact_are_filled(org: Org) -> None:
    account = make(org, "Account", Name="Kept Ltd")
    contact = make(org, "Contact", LastName="Kept", Email="kept@x.example", LeadSource="Other", AccountId=account)
    done = _convert(org, make(org, "Lead", **_PERSON), account_id=account, contact_id=contact)
    assert (done.account_id, done.contact_id) == (account, contact)
    row = stored(org, "Contact", contact)
    assert (row["LastName"], row["Email"], row["LeadSource"]) == ("Kept", "kept@x.example", "Other")
    assert (row["FirstName"], row["Title"]) == ("Ada", "CFO")
    assert stored(org, "Account", account)["Name"] == "Kept Ltd"
    assert stored(org, "Account", account)["Industry"] == "Apparel"


def test_the_lead_source_is_overwritten_only_when_asked(org: Org) -> None:
    account = make(org, "Account", Name="A")
    contact = make(org, "Contact", LeadSource="Other", AccountId=account)
    lead = make(org, "Lead", **_PERSON)
    assert _convert(org, lead, account_id=account, contact_id=contact, overwrite_lead_source=True).error is None
    assert stored(org, "Contact", contact)["LeadSource"] == "Web"


def test_whoever_opted_out_stays_opted_out(org: Org) -> None:
    for name in ("Lead", "Contact"):
        grant(org, "Edit", name, "HasOptedOutOfEmail")
    account = make(org, "Account", Name="A")
    contact = make(org, "Contact", AccountId=account)
    lead = make(org, "Lead", HasOptedOutOfEmail=True)
    assert _convert(org, lead, account_id=account, contact_id=contact).error is None
    assert stored(org, "Contact", contact)["HasOptedOutOfEmail"] == 1
    made = _convert(org, make(org, "Lead", HasOptedOutOfEmail=True)).contact_id
    assert made
    assert stored(org, "Contact", made)["HasOptedOutOfEmail"] == 1


def test_a_contact_that_gains_nothing_keeps_its_stamp(org: Org) -> None:
    account = make(org, "Account", Name="A")
    contact = make(org, "Contact", AccountId=account)
    before = stored(org, "Contact", contact)
    org.clock.advance(30)
    assert _convert(org, make(org, "Lead"), account_id=account, contact_id=contact).error is None
    assert stored(org, "Contact", contact) == before


def test_a_converted_lead_is_read_only_and_not_converted_again(org: Org) -> None:
    lead = make(org, "Lead")
    assert _convert(org, lead).error is None
    expected = ("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", ())
    assert told(update(org, "Lead", lead, Title="CFO")) == expected
    again = _convert(org, lead).error
    assert again
    assert again.code == "CANNOT_UPDATE_CONVERTED_LEAD"


def test_a_queues_lead_needs_an_owner(org: Org) -> None:
    lead = make(org, "Lead")
    with org.storage.transaction() as tx:
        queue = tx.insert("Group", {"Name": "Inbound", "Type": "Queue"})
        tx.update("Lead", lead, {"OwnerId": queue})
    refused = _convert(org, lead).error
    assert refused
    assert "you must specify a user for the Owner field" in refused.message
    done = _convert(org, lead, owner_id=user_id(org))
    assert done.contact_id
    assert stored(org, "Contact", done.contact_id)["OwnerId"] == user_id(org)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"converted_status": "Working - Contacted"}, "INVALID_STATUS"),
        ({"converted_status": ""}, "INVALID_STATUS"),
        ({"contact_id": "003gK0000000001QAA"}, "INVALID_FIELD"),
        ({"account_id": "001gK00000zzzzzUAA"}, "INVALID_CROSS_REFERENCE_KEY"),
        ({"owner_id": "005gK00000zzzzzUAA"}, "INVALID_CROSS_REFERENCE_KEY"),
    ],
)
def test_refused_conversions_change_nothing(org: Org, asked: dict[str, Any], code: str) -> None:
    lead = make(org, "Lead")
    before = stored(org, "Lead", lead)
    contacts = org.storage.read_one('SELECT count(*) FROM "Contact"')
    refused = _convert(org, lead, **asked).error
    assert refused
    assert refused.code == code
    assert stored(org, "Lead", lead) == before
    assert org.storage.read_one('SELECT count(*) FROM "Contact"') == contacts


def test_unknown_and_deleted_leads_are_refused(org: Org) -> None:
    gone = make(org, "Lead")
    assert delete(org, "Lead", gone).success
    errors = [_convert(org, one).error for one in (gone, "00QgK00000zzzzzUAA", "003gK0000000001QAA")]
    assert [error and error.code for error in errors] == [
        "ENTITY_IS_DELETED",
        "INVALID_CROSS_REFERENCE_KEY",
        "INVALID_CROSS_REFERENCE_KEY",
    ]
