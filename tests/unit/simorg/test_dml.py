"""The rules of one record: what is kept of a value, what is refused and in which words, what follows from a write."""

from typing import Any

import pytest

from simorg.org import Org
from simorg.transactions import Transaction
from tests.unit.simorg.writing import create, delete, make, stored, told, undelete, update, user_id

_CLOSED = (
    "Unable to create/update fields: {0}. Please check the security settings of this field and verify that it is "
    "read/write for your profile or permission set."
)


@pytest.mark.parametrize(
    ("field", "sent", "kept"),
    [
        ("Title", "  CFO \n", "CFO"),
        ("Title", "", None),
        ("Title", "   ", None),
        ("Email", "Chloe.Myers@Example.com", "chloe.myers@example.com"),
        ("lastNAME", "Reed", "Reed"),
        ("LeadSource", "A source of our own", "A source of our own"),
        ("Lead_Score__c", 12.5, 13.0),
        ("Lead_Score__c", "12.49", 12.0),
        ("Lead_Score__c", -0.4, 0.0),
        ("Lead_Score__c", 999_999, 999_999.0),
        ("Lead_Score__c", 1e-50, 0.0),
        ("NumberOfEmployees", 120.0, 120),
        ("IsUnreadByOwner", True, 1),
        ("IsUnreadByOwner", "FALSE", 0),
        ("IsUnreadByOwner", None, 0),
    ],
)
def test_values_are_kept(org: Org, field: str, sent: object, kept: object) -> None:
    row = stored(org, "Lead", make(org, "Lead", **{field: sent}))
    assert row[org.schema.get("Lead").fields[field.lower()].name] == kept


@pytest.mark.parametrize(
    "sent",
    [
        "2026-01-02T03:04:05Z",
        "2026-01-02T03:04:05.000Z",
        "2026-01-02T03:04:05.999+0000",
        "2026-01-02T03:04:05+00:00",
        "2026-01-02T04:04:05.000+01:00",
        "2026-01-01T22:04:05-0500",
    ],
)
def test_moments_become_utc_in_whole_seconds(org: Org, sent: str) -> None:
    contact = make(org, "Contact", EmailBouncedReason="550", EmailBouncedDate=sent)
    assert stored(org, "Contact", contact)["EmailBouncedDate"] == "2026-01-02T03:04:05Z"


@pytest.mark.parametrize(
    ("values", "code", "message", "fields"),
    [
        ({"Colour": 1}, "INVALID_FIELD", "No such column 'Colour' on sobject of type Lead", ()),
        (
            {"HasOptedOutOfEmail": True},
            "INVALID_FIELD",
            "No such column 'HasOptedOutOfEmail' on sobject of type Lead",
            (),
        ),
        ({"Name": "A B"}, "INVALID_FIELD_FOR_INSERT_UPDATE", _CLOSED.format("Name"), ("Name",)),
        ({"Address": "x"}, "INVALID_FIELD_FOR_INSERT_UPDATE", _CLOSED.format("Address"), ("Address",)),
        (
            {"SystemModstamp": "2026-01-02T03:04:05Z"},
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            _CLOSED.format("SystemModstamp"),
            ("SystemModstamp",),
        ),
        (
            {"Title": "x" * 129},
            "STRING_TOO_LONG",
            f"Title: data value too large: {'x' * 129} (max length=128)",
            ("Title",),
        ),
        ({"Email": "no address"}, "INVALID_EMAIL_ADDRESS", "Email: invalid email address: no address", ("Email",)),
        ({"Email": "a@b"}, "INVALID_EMAIL_ADDRESS", "Email: invalid email address: a@b", ("Email",)),
        ({"Email": "a@b..de"}, "INVALID_EMAIL_ADDRESS", "Email: invalid email address: a@b..de", ("Email",)),
        (
            {"Lead_Score__c": 1_000_000},
            "NUMBER_OUTSIDE_VALID_RANGE",
            "Lead Score: value outside of valid range on numeric field: 1000000",
            ("Lead_Score__c",),
        ),
        (
            {"NumberOfEmployees": 1e30},
            "NUMBER_OUTSIDE_VALID_RANGE",
            "Employees: value outside of valid range on numeric field: 1e+30",
            ("NumberOfEmployees",),
        ),
        (
            {"AnnualRevenue": "1_000"},
            "INVALID_TYPE_ON_FIELD_IN_RECORD",
            "Annual Revenue: value not of required type: 1_000",
            ("AnnualRevenue",),
        ),
        (
            {"IsUnreadByOwner": "perhaps"},
            "INVALID_TYPE_ON_FIELD_IN_RECORD",
            "Unread By Owner: value not of required type: perhaps",
            ("IsUnreadByOwner",),
        ),
        (
            {"GeocodeAccuracy": "Planet"},
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "Geocode Accuracy: bad value for restricted picklist field: Planet",
            ("GeocodeAccuracy",),
        ),
        ({"OwnerId": "nobody"}, "MALFORMED_ID", "Owner ID: id value of incorrect type: nobody", ("OwnerId",)),
        (
            {"OwnerId": "005gK00000zzzzz"},
            "INVALID_CROSS_REFERENCE_KEY",
            "invalid cross reference id",
            ("OwnerId",),
        ),
        (
            {"OwnerId": "003gK0000000001"},
            "FIELD_INTEGRITY_EXCEPTION",
            "Owner ID: id value of incorrect type: 003gK0000000001QAA",
            ("OwnerId",),
        ),
    ],
)
def test_refusals(org: Org, values: dict[str, Any], code: str, message: str, fields: tuple[str, ...]) -> None:
    lead = make(org, "Lead")
    before = stored(org, "Lead", lead)
    assert told(create(org, "Lead", **{"LastName": "Moss", "Company": "Moss Ltd", **values})) == (code, message, fields)
    assert told(update(org, "Lead", lead, **values)) == (code, message, fields)
    assert stored(org, "Lead", lead) == before


@pytest.mark.parametrize(
    ("name", "values", "missing"),
    [
        ("Lead", {"Company": "C"}, ("LastName",)),
        ("Lead", {}, ("LastName", "Company")),
        ("Lead", {"LastName": "  ", "Company": "C"}, ("LastName",)),
        ("Contact", {}, ("LastName",)),
        ("Account", {}, ("Name",)),
    ],
)
def test_required_fields(org: Org, name: str, values: dict[str, Any], missing: tuple[str, ...]) -> None:
    message = f"Required fields are missing: [{', '.join(missing)}]"
    assert told(create(org, name, **values)) == ("REQUIRED_FIELD_MISSING", message, missing)


def test_required_fields_cannot_be_blanked(org: Org) -> None:
    lead = make(org, "Lead")
    assert told(update(org, "Lead", lead, Company="")) == (
        "REQUIRED_FIELD_MISSING",
        "Required fields are missing: [Company]",
        ("Company",),
    )


def test_all_wrong_values_are_told_at_once(org: Org) -> None:
    refused = create(org, "Lead", LastName="M", Company="C", Email="x", Title="y" * 200)
    assert [error.code for error in refused.errors] == ["INVALID_EMAIL_ADDRESS", "STRING_TOO_LONG"]


def test_defaults_of_a_new_lead(org: Org) -> None:
    row = stored(org, "Lead", make(org, "Lead"))
    assert row["Status"] == "Open - Not Contacted"
    assert row["OwnerId"] == row["CreatedById"] == user_id(org)
    assert row["Rating"] is None
    assert (row["IsConverted"], row["IsDeleted"]) == (0, 0)


def test_an_email_error_starts_with_the_label(org: Org) -> None:
    org.schema.change_field("Contact", "Email", label="Electronic Post")
    code, message, _ = told(create(org, "Contact", LastName="M", Email="x"))
    assert (code, message) == ("INVALID_EMAIL_ADDRESS", "Electronic Post: invalid email address: x")


def test_unique_values(org: Org) -> None:
    first = make(org, "Lead", Syncline_Id__c="p-1")
    code, message, fields = told(create(org, "Lead", LastName="N", Company="C", Syncline_Id__c="P-1"))
    assert code == "DUPLICATE_VALUE"
    assert message == f"duplicate value found: Syncline_Id__c duplicates value on record with id: {first[:15]}"
    assert fields == ("Syncline_Id__c",)
    assert update(org, "Lead", first, Syncline_Id__c="p-1").success
    assert delete(org, "Lead", first).success
    assert create(org, "Lead", LastName="N", Company="C", Syncline_Id__c="P-1").success


def test_is_converted_can_be_set_on_create_alone(org: Org) -> None:
    lead = make(org, "Lead", IsConverted=True, Status="Closed - Converted")
    code, message, fields = told(update(org, "Lead", lead, Title="CFO"))
    assert (code, message, fields) == ("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", ())
    open_lead = make(org, "Lead")
    assert told(update(org, "Lead", open_lead, IsConverted=True))[0] == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_a_bounce_is_update_only_on_leads_and_free_on_contacts(org: Org) -> None:
    bounced: dict[str, Any] = {"EmailBouncedReason": "550 unknown", "EmailBouncedDate": "2026-01-02T03:04:05Z"}
    refused = told(create(org, "Lead", LastName="M", Company="C", **bounced))
    assert refused[0] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert set(refused[2]) == set(bounced)
    assert update(org, "Lead", make(org, "Lead"), **bounced).success
    contact = make(org, "Contact", **bounced)
    assert stored(org, "Contact", contact)["EmailBouncedReason"] == "550 unknown"


def test_a_new_address_has_not_bounced(org: Org) -> None:
    contact = make(
        org, "Contact", Email="a@b.example", EmailBouncedReason="550", EmailBouncedDate="2026-01-02T03:04:05Z"
    )
    assert update(org, "Contact", contact, Email="A@B.example").success
    assert stored(org, "Contact", contact)["EmailBouncedReason"] == "550"
    assert update(org, "Contact", contact, Email="c@d.example").success
    row = stored(org, "Contact", contact)
    assert (row["EmailBouncedReason"], row["EmailBouncedDate"]) == (None, None)


def test_an_update_that_changes_nothing_moves_the_stamps(org: Org) -> None:
    lead = make(org, "Lead", Title="CFO")
    before = stored(org, "Lead", lead)
    org.clock.advance(5)
    assert update(org, "Lead", lead, Title="CFO").success
    after = stored(org, "Lead", lead)
    assert str(after["SystemModstamp"]) > str(before["SystemModstamp"])
    assert str(after["LastModifiedDate"]) > str(before["LastModifiedDate"])
    assert after["CreatedDate"] == before["CreatedDate"]


def test_an_inactive_user_cannot_own(org: Org) -> None:
    colleague = org.users.logins["colleague"].user_id
    with org.storage.transaction() as tx:
        tx.update("User", colleague, {"IsActive": 0})
    code, message, fields = told(create(org, "Lead", LastName="M", Company="C", OwnerId=colleague))
    assert (code, fields) == ("INACTIVE_OWNER_OR_USER", ("OwnerId",))
    assert colleague in message


def test_a_deleted_parent_is_refused(org: Org) -> None:
    account = make(org, "Account", Name="Gone Ltd")
    assert delete(org, "Account", account).success
    refused = told(create(org, "Contact", LastName="M", AccountId=account))
    assert refused == ("ENTITY_IS_DELETED", "entity is deleted", ("AccountId",))


@pytest.mark.parametrize("record_id", ["00QgK00000zzzzzUAA", "003gK0000000001QAA"])
def test_an_unknown_or_foreign_id_is_no_lead(org: Org, record_id: str) -> None:
    assert told(update(org, "Lead", record_id, Title="x"))[:2] == (
        "INVALID_CROSS_REFERENCE_KEY",
        "invalid cross reference id",
    )


def test_the_assignment_rule_runs_unless_told_not_to(org: Org) -> None:
    colleague = org.users.logins["colleague"].user_id
    org.settings.assignment_source, org.settings.assignment_owner = "Web", colleague
    assert stored(org, "Lead", make(org, "Lead", LeadSource="Web"))["OwnerId"] == colleague
    kept = create(org, "Lead", auto_assign=False, LastName="M", Company="C", LeadSource="Web")
    assert kept.id
    assert stored(org, "Lead", kept.id)["OwnerId"] == user_id(org)
    assert update(org, "Lead", kept.id, auto_assign=False, Title="x").success
    assert stored(org, "Lead", kept.id)["OwnerId"] == user_id(org)
    assert update(org, "Lead", kept.id, Lead_Score__c=5).success
    assert stored(org, "Lead", kept.id)["OwnerId"] == colleague
    assert stored(org, "Lead", make(org, "Lead", LeadSource="Other"))["OwnerId"] == user_id(org)


def test_a_fault_on_order_refuses_one_record(org: Org) -> None:
    org.faults.add(object_name="Lead", operation="create", row_code="UNABLE_TO_LOCK_ROW", row_message="locked")
    assert told(create(org, "Lead", LastName="M", Company="C")) == ("UNABLE_TO_LOCK_ROW", "locked", ())
    assert create(org, "Lead", LastName="M", Company="C").success


def test_deleting_an_account_takes_its_people_and_undeleting_brings_them_back(org: Org) -> None:
    account = make(org, "Account", Name="Family Ltd")
    early, late = make(org, "Contact", AccountId=account), make(org, "Contact", AccountId=account)
    deal = make(org, "Opportunity", AccountId=account, Name="D", StageName="Prospecting", CloseDate="2026-01-02")
    assert delete(org, "Contact", early).success
    org.clock.advance(60)
    assert delete(org, "Account", account).success
    family = [("Account", account), ("Contact", late), ("Opportunity", deal)]
    assert all(stored(org, *one)["IsDeleted"] for one in family)
    assert told(update(org, "Contact", late, Title="x"))[0] == "ENTITY_IS_DELETED"
    assert told(delete(org, "Contact", late))[:2] == ("ENTITY_IS_DELETED", "entity is deleted")
    org.clock.advance(60)
    assert undelete(org, "Account", account).success
    assert not any(stored(org, *one)["IsDeleted"] for one in family)
    assert stored(org, "Contact", early)["IsDeleted"]


def test_only_what_lies_in_the_bin_is_undeleted(org: Org) -> None:
    assert told(undelete(org, "Lead", make(org, "Lead")))[0] == "UNDELETE_FAILED"


@pytest.mark.parametrize(
    ("stage", "facts"),
    [
        ("Prospecting", {"IsClosed": 0, "IsWon": 0, "Probability": 10.0}),
        ("Closed Won", {"IsClosed": 1, "IsWon": 1, "Probability": 100.0}),
        ("Closed Lost", {"IsClosed": 1, "IsWon": 0, "Probability": 0.0}),
    ],
)
def test_a_stage_decides_about_its_opportunity(org: Org, stage: str, facts: dict[str, Any]) -> None:
    deal = make(org, "Opportunity", Name="D", StageName="Qualification", CloseDate="2026-01-02")
    assert update(org, "Opportunity", deal, StageName=stage).success
    row = stored(org, "Opportunity", deal)
    assert {name: row[name] for name in facts} == facts


def _insert_and_fail(org: Org, outer: Transaction) -> None:
    with org.storage.transaction() as inner:
        assert inner is outer
        inner.insert("Account", {"Name": "Inner"})
        raise KeyError


def _nest(org: Org) -> None:
    with org.storage.transaction() as outer:
        kept = outer.insert("Account", {"Name": "Outer"})
        with pytest.raises(KeyError):
            _insert_and_fail(org, outer)
        assert stored(org, "Account", kept)["Name"] == "Outer"
        assert not list(org.storage.read('SELECT 1 FROM "Account" WHERE "Name" = \'Inner\''))
        raise ZeroDivisionError


def test_a_transaction_inside_another_is_a_part_of_it(org: Org) -> None:
    with pytest.raises(ZeroDivisionError):
        _nest(org)
    assert not list(org.storage.read("SELECT 1 FROM \"Account\" WHERE \"Name\" IN ('Outer', 'Inner')"))


def test_there_is_no_negative_zero(org: Org) -> None:
    assert str(stored(org, "Lead", make(org, "Lead", Lead_Score__c=-0.4))["Lead_Score__c"]) == "0.0"
