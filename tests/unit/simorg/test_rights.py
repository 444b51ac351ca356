"""What rights and sharing let a user do with a record, and in which words they refuse; one right missing at a time."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from simorg.behaviour.conversion import Conversion, convert
from simorg.behaviour.dml import Outcome, Writer
from simorg.behaviour.merge import merge
from simorg.behaviour.recycle_bin import RecycleBin
from simorg.behaviour.setting_rules import set_rule
from simorg.errors import ApiError
from simorg.opening import open_org
from simorg.org import Org
from simorg.settings import Settings
from simorg.wire.query import compile_for
from tests.unit.simorg.writing import grant, make, revoke, stored, told

_NOT_ALLOWED = ("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", ())
_NOT_THERE = ("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", ())
_CLOSED = (
    "Unable to create/update fields: {0}. Please check the security settings of this field and verify that it is "
    "read/write for your profile or permission set."
)
_LEAD = {"LastName": "Moss", "Company": "Moss Ltd"}


def _id(org: Org, role: str) -> str:
    return org.users.logins[role].user_id


def _act(org: Org, role: str, act: str, name: str, *arguments: Any) -> Outcome:
    with org.storage.transaction(_id(org, role)) as tx:
        outcome: Outcome = getattr(Writer(org, tx), act)(org.schema.get(name), *arguments)
        return outcome


def _owned(org: Org, name: str, role: str, **values: Any) -> str:
    """A record of a user."""
    record_id = make(org, name, **values)
    with org.storage.transaction() as tx:
        tx.update(name, record_id, {"OwnerId": _id(org, role)})
    return record_id


def _count(org: Org, role: str, query: str) -> int:
    compiled = compile_for(org, query, all_rows=False, user_id=_id(org, role))
    row = org.storage.read_one(compiled.count_sql, compiled.count_parameters)
    assert row is not None
    return int(row[0] or 0)


@pytest.mark.parametrize(
    ("permission", "act", "refusal"),
    [
        ("Create", "create", ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "entity type cannot be inserted: Lead", ())),
        ("Read", "create", ("INVALID_TYPE", "sObject type 'Lead' is not supported.", ())),
        ("Edit", "update", _NOT_ALLOWED),
        ("Read", "update", _NOT_THERE),
        ("Delete", "delete", _NOT_ALLOWED),
        ("Read", "delete", _NOT_THERE),
    ],
)
def test_without_a_right_on_the_object(org: Org, permission: str, act: str, refusal: tuple[Any, ...]) -> None:
    lead = make(org, "Lead")
    arguments = {"create": [_LEAD], "update": [lead, {"Title": "x"}], "delete": [lead]}[act]
    revoke(org, permission, "Lead")
    assert told(_act(org, "integration", act, "Lead", *arguments)) == refusal
    grant(org, permission, "Lead")
    for needed in ("Create", "Edit", "Delete", "ModifyAllRecords"):
        grant(org, needed, "Lead")
    grant(org, "Edit", "Lead", "Title")
    assert _act(org, "integration", act, "Lead", *arguments).success


def test_without_a_right_on_the_field(org: Org) -> None:
    lead = make(org, "Lead", Title="CFO")
    revoke(org, "Edit", "Lead", "Title")
    refusal = ("INVALID_FIELD_FOR_INSERT_UPDATE", _CLOSED.format("Title"), ("Title",))
    assert told(_act(org, "integration", "update", "Lead", lead, {"Title": "CEO"})) == refusal
    assert told(_act(org, "integration", "create", "Lead", {**_LEAD, "Title": "CEO"})) == refusal
    revoke(org, "Read", "Lead", "Title")
    refusal = ("INVALID_FIELD", "No such column 'Title' on sobject of type Lead", ())
    assert told(_act(org, "integration", "update", "Lead", lead, {"Title": "CEO"})) == refusal
    assert stored(org, "Lead", lead)["Title"] == "CFO"


def test_the_parts_of_an_address_go_with_the_address(org: Org) -> None:
    revoke(org, "Read", "Contact", "MailingCity")
    shown = org.view(_id(org, "integration")).get("Contact")
    gone = ("MailingStreet", "MailingCity", "MailingLatitude", "MailingAddress")
    assert [shown.find(name) for name in gone] == [None] * 4
    assert shown.find("OtherCity") is not None


def test_what_a_member_shows_of_its_person_is_hidden_with_the_persons_field(org: Org) -> None:
    revoke(org, "Read", "Lead", "Email")
    assert org.view(_id(org, "integration")).get("CampaignMember").find("Email") is None
    assert org.view(_id(org, "integration")).get("CampaignMember").find("Title") is not None


def test_only_a_marketing_user_makes_campaigns(org: Org) -> None:
    revoke(org, "MarketingUser")
    refused = told(_act(org, "integration", "create", "Campaign", {"Name": "Fair"}))
    assert refused == ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "entity type cannot be inserted: Campaign", ())
    shown = org.view(_id(org, "integration")).get("Campaign")
    assert (shown.createable, shown.updateable, shown.deletable) == (False, False, False)
    assert not org.view(_id(org, "integration")).get("CampaignMemberStatus").createable
    assert org.view(_id(org, "integration")).get("CampaignMember").createable
    grant(org, "Marketing User")
    assert _act(org, "integration", "create", "Campaign", {"Name": "Fair"}).success


def test_tasks_need_a_permission_to_be_seen_and_one_to_be_written(org: Org) -> None:
    revoke(org, "EditTask")
    assert told(_act(org, "integration", "create", "Task", {"Subject": "Call"}))[0] == (
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
    )
    revoke(org, "Access Activities")
    with pytest.raises(ApiError, match="sObject type 'Task' is not supported"):
        _count(org, "integration", "SELECT COUNT() FROM Task")


@pytest.mark.parametrize(
    ("model", "seen", "edited", "deleted"),
    [
        ("Private", False, False, False),
        ("Read", True, False, False),
        ("ReadWrite", True, True, False),
        ("FullAccess", True, True, True),
    ],
)
def test_sharing_decides_about_the_records_of_others(
    org: Org, model: str, seen: bool, edited: bool, deleted: bool
) -> None:
    org.settings.sharing = {"Account": model}
    mine, theirs = _owned(org, "Account", "rep", Name="Mine"), _owned(org, "Account", "admin", Name="Theirs")
    query = f"SELECT COUNT() FROM Account WHERE Id IN ('{mine}', '{theirs}')"
    assert _count(org, "rep", query) == 1 + seen
    assert _act(org, "rep", "update", "Account", mine, {"Phone": "1"}).success
    changed = _act(org, "rep", "update", "Account", theirs, {"Phone": "1"})
    assert changed.success == edited
    removed = _act(org, "rep", "delete", "Account", theirs)
    assert removed.success == deleted
    for refused in (changed, removed):
        assert refused.success or told(refused) == (_NOT_ALLOWED if seen else _NOT_THERE)
    assert _act(org, "rep", "delete", "Account", mine).success


def test_whoever_stands_above_in_the_hierarchy_shares_and_nobody_beside(org: Org) -> None:
    org.settings.sharing = {"Account": "Private", "Lead": "Private"}
    revoke(org, "ViewAllRecords", "Lead", role="colleague")
    lead, boss = _owned(org, "Lead", "rep"), _owned(org, "Lead", "colleague")
    query = f"SELECT COUNT() FROM Lead WHERE Id IN ('{lead}', '{boss}')"
    assert (_count(org, "rep", query), _count(org, "colleague", query)) == (1, 2)
    grant(org, "View All", "Lead", role="rep")
    assert _count(org, "rep", query) == 2
    assert told(_act(org, "rep", "update", "Lead", boss, {"Title": "x"})) == _NOT_ALLOWED
    grant(org, "Modify All", "Lead", role="rep")
    assert _act(org, "rep", "update", "Lead", boss, {"Title": "x"}).success


def _criterion(name: str, operation: str, value: object) -> dict[str, object]:
    return {"field": name, "operation": operation, "value": value}


_SHARES: tuple[tuple[dict[str, Any], bool, bool], ...] = (
    ({"shared_with": "rep", "owned_by": "admin"}, True, False),
    ({"shared_with": "rep", "owned_by": "admin", "access": "Edit"}, True, True),
    ({"shared_with": "role", "owned_by": "admin", "access": "Edit"}, True, True),
    ({"shared_with": "group", "owned_by": "crowd"}, True, False),
    ({"shared_with": "group", "owned_by": "rep"}, False, False),
    ({"shared_with": "minimal", "owned_by": "admin"}, False, False),
    ({"shared_with": "rep", "criteria": [_criterion("rating", "equals", "hot")]}, True, False),
    ({"shared_with": "rep", "criteria": [_criterion("Rating", "notEqual", "Hot")]}, False, False),
    ({"shared_with": "rep", "criteria": [_criterion("Title", "equals", "O'Neil")]}, False, False),
    ({"shared_with": "rep", "owned_by": "admin", "active": False}, False, False),
)


def test_sharing_rules_open_records_beyond_the_default(org: Org) -> None:
    """To a user, a role or a group, by owner or by criteria; never to delete, and to whoever stands above, too."""
    org.settings.sharing = {"Lead": "Private"}
    revoke(org, "ViewAllRecords", "Lead", role="colleague")
    lead = _owned(org, "Lead", "admin", Rating="Hot")
    names = {role: _id(org, role) for role in ("admin", "rep", "minimal")}
    with org.storage.transaction() as tx:
        for name, member in (("group", "rep"), ("crowd", "admin")):
            names[name] = tx.insert("Group", {"Name": name, "Type": "Regular"})
            tx.insert("GroupMember", {"GroupId": names[name], "UserOrGroupId": names[member]})
        names["role"] = str((tx.get("User", names["rep"]) or {})["UserRoleId"])
    query = f"SELECT COUNT() FROM Lead WHERE Id = '{lead}'"
    for facts, read, edited in _SHARES:
        given = {key: names.get(value, value) if isinstance(value, str) else value for key, value in facts.items()}
        set_rule(org, {"kind": "sharing", "name": "S", "object": "lead", **given})
        assert (_count(org, "rep", query), _count(org, "colleague", query)) == (read, read), facts
        assert _act(org, "rep", "update", "Lead", lead, {"Phone": "1"}).success is edited, facts
        assert not _act(org, "rep", "delete", "Lead", lead).success
        org.rules.remove("sharing")
        assert _count(org, "rep", query) == 0


_NOT_SHARES: tuple[tuple[dict[str, Any], str], ...] = (
    ({"object": "Contact", "owned_by": "005gK0000000001AAA"}, "is not shared by rules"),
    ({"access": "All", "owned_by": "005gK0000000001AAA"}, "access is one of Read, Edit"),
    ({"owned_by": "001gK0000000001AAA"}, "the id of a user, a group or a role"),
    ({}, "whose records it shares, or which"),
    ({"criteria": [{"field": "Nothing", "operation": "equals"}]}, "a criterion has a field of Lead"),
)


def test_sharing_rules_that_cannot_be(org: Org) -> None:
    for facts, message in _NOT_SHARES:
        rule = {"kind": "sharing", "name": "S", "object": "Lead", "shared_with": "005gK0000000001AAA", **facts}
        with pytest.raises(ValueError, match=message):
            set_rule(org, rule)


def test_members_of_a_queue_see_what_it_owns(org: Org) -> None:
    org.settings.sharing = {"Lead": "Private"}
    lead = make(org, "Lead")
    with org.storage.transaction() as tx:
        queue = tx.insert("Group", {"Name": "Web", "Type": "Queue"})
        tx.update("Lead", lead, {"OwnerId": queue})
    query = f"SELECT COUNT() FROM Lead WHERE Id = '{lead}'"
    assert _count(org, "rep", query) == 0
    with org.storage.transaction() as tx:
        tx.insert("GroupMember", {"GroupId": queue, "UserOrGroupId": _id(org, "rep")})
    assert _count(org, "rep", query) == 1


def test_view_and_modify_all_data_open_every_record(org: Org) -> None:
    org.settings.sharing = {"Lead": "Private"}
    lead = _owned(org, "Lead", "admin")
    query = f"SELECT COUNT() FROM Lead WHERE Id = '{lead}'"
    grant(org, "ViewAllData", role="rep")
    assert _count(org, "rep", query) == 1
    assert told(_act(org, "rep", "delete", "Lead", lead)) == _NOT_ALLOWED
    grant(org, "ModifyAllData", role="rep")
    assert _act(org, "rep", "delete", "Lead", lead).success


def test_a_record_that_is_not_seen_cannot_be_referred_to(org: Org) -> None:
    org.settings.sharing = {"Account": "Private"}
    account = _owned(org, "Account", "admin", Name="Theirs")
    code, message, fields = told(_act(org, "rep", "create", "Contact", {"LastName": "A", "AccountId": account}))
    assert (code, fields) == ("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", ("AccountId",))
    assert message.startswith("You can't complete this action because you don't have the required access on the cross-")


def test_a_key_of_a_record_that_is_not_seen_is_taken_and_not_told(org: Org) -> None:
    org.settings.sharing = {"Lead": "Private"}
    _owned(org, "Lead", "admin", Syncline_Id__c="k-1")
    refused = told(_act(org, "rep", "create", "Lead", {**_LEAD, "Syncline_Id__c": "k-1"}))
    assert refused[:2] == (
        "DUPLICATE_VALUE",
        "duplicate value found: <unknown> duplicates value on record with id: <unknown>",
    )
    with org.storage.transaction(_id(org, "rep")) as tx:
        one = org.schema.get("Lead")
        assert Writer(org, tx).find_by_key(one, one.fields["syncline_id__c"], "k-1") == []


def test_a_record_is_given_away_by_its_owner_or_with_a_permission(org: Org) -> None:
    org.settings.sharing = {"Account": "ReadWrite"}
    theirs = _owned(org, "Account", "admin", Name="Theirs")
    change = {"OwnerId": _id(org, "rep")}
    assert told(_act(org, "rep", "update", "Account", theirs, change)) == _NOT_ALLOWED
    grant(org, "Transfer Record", role="rep")
    assert _act(org, "rep", "update", "Account", theirs, change).success


def test_what_was_deleted_comes_back_by_whoever_may_delete_it(org: Org) -> None:
    account = _owned(org, "Account", "admin", Name="Theirs")
    assert _act(org, "admin", "delete", "Account", account).success
    with org.storage.transaction(_id(org, "rep")) as tx:
        assert told(RecycleBin(org, tx).undelete(org.schema.get("Account"), account)) == _NOT_ALLOWED
    with org.storage.transaction(_id(org, "admin")) as tx:
        assert RecycleBin(org, tx).undelete(org.schema.get("Account"), account).success


def test_merging_needs_edit_of_the_one_and_delete_of_the_other(org: Org) -> None:
    one, other = make(org, "Lead"), make(org, "Lead")
    revoke(org, "Delete", "Lead")
    with org.storage.transaction(_id(org, "integration")) as tx:
        error = merge(org, tx, org.schema.get("Lead"), one, [other], {}).error
    assert error is not None
    assert error.code == _NOT_ALLOWED[0]


def test_converting_takes_a_permission_and_the_rights_for_what_is_made(org: Org) -> None:
    lead = make(org, "Lead")

    def code() -> str | None:
        with org.storage.transaction(_id(org, "integration")) as tx:
            done = convert(org, tx, Conversion(lead, "Closed - Converted"))
        return done.error.code if done.error else None

    revoke(org, "Convert Leads")
    assert code() == "INSUFFICIENT_ACCESS_OR_READONLY"
    grant(org, "Convert Leads")
    revoke(org, "Create", "Opportunity")
    assert code() == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
    grant(org, "Create", "Opportunity")
    assert code() is None


def test_users_change_a_part_of_themselves_and_nobody_else(org: Org) -> None:
    assert _act(org, "rep", "update", "User", _id(org, "rep"), {"Title": "Star"}).success
    code, _, fields = told(_act(org, "rep", "update", "User", _id(org, "rep"), {"ProfileId": "00e"}))
    assert (code, fields) == ("INVALID_FIELD_FOR_INSERT_UPDATE", ("ProfileId",))
    assert told(_act(org, "rep", "update", "User", _id(org, "admin"), {"Title": "x"})) == _NOT_ALLOWED
    assert _act(org, "admin", "update", "User", _id(org, "rep"), {"UserPermissionsMarketingUser": True}).success


@pytest.mark.parametrize("name", ["PermissionSet", "FieldPermissions", "ObjectPermissions", "UserLicense"])
def test_the_set_up_is_seen_with_view_setup(org: Org, name: str) -> None:
    assert org.view(_id(org, "integration")).find(name) is not None
    revoke(org, "View Setup and Configuration")
    assert org.view(_id(org, "integration")).find(name) is None


def test_one_sees_the_own_assignments_without_it(org: Org) -> None:
    query = "SELECT COUNT() FROM PermissionSetAssignment"
    assert _count(org, "integration", query) == 2
    revoke(org, "ViewSetup")
    assert _count(org, "integration", query) == 1


def test_a_field_that_nobody_was_granted_is_seen_by_nobody(org: Org) -> None:
    for role in ("admin", "integration"):
        assert org.view(_id(org, role)).get("Lead").find("HasOptedOutOfEmail") is None
    grant(org, "Edit", "Lead", "HasOptedOutOfEmail")
    assert org.view(_id(org, "integration")).get("Lead").find("HasOptedOutOfEmail") is not None
    assert org.view(_id(org, "admin")).get("Lead").find("HasOptedOutOfEmail") is None


def test_a_change_of_rights_changes_when_the_describe_changed(org: Org) -> None:
    before = org.view(_id(org, "integration")).changed_at
    assert org.view(_id(org, "integration")).changed_at == before
    revoke(org, "Read", "Lead", "Title")
    assert org.view(_id(org, "integration")).changed_at > before


def test_rights_given_within_a_transaction_count_for_it_at_once_and_not_after_a_rollback(org: Org) -> None:
    with suppress(KeyboardInterrupt), org.storage.transaction() as tx:
        user: Any = {"AssigneeId": _id(org, "minimal")}
        parent = tx.insert("PermissionSet", {"Name": "Now", "Label": "Now", "IsOwnedByProfile": 0})
        tx.insert("PermissionSetAssignment", {**user, "PermissionSetId": parent})
        tx.insert("ObjectPermissions", {"ParentId": parent, "SobjectType": "Lead", "PermissionsRead": 1})
        assert org.view(_id(org, "minimal")).find("Lead") is not None
        raise KeyboardInterrupt
    assert org.view(_id(org, "minimal")).find("Lead") is None


def test_an_assignment_ends_when_it_expires(org: Org) -> None:
    grant(org, "Read", "Lead", role="minimal")
    assert org.view(_id(org, "minimal")).find("Lead") is not None
    with org.storage.transaction() as tx:
        for row in tx.select_ids("PermissionSetAssignment", '"AssigneeId" = ?', [_id(org, "minimal")]):
            tx.update("PermissionSetAssignment", row, {"ExpirationDate": "2020-01-01T00:00:00Z"})
    assert org.view(_id(org, "minimal")).find("Lead") is None


@pytest.fixture
def bare(tmp_path: Any) -> Iterator[Org]:
    """An org whose integration user was granted nothing."""
    opened = open_org(tmp_path / "bare", "developer-edition", None, Settings(bare_rights=True))
    yield opened
    opened.close()


def test_an_integration_user_may_begin_with_nothing(bare: Org) -> None:
    rights = bare.view(_id(bare, "integration")).rights
    assert (rights.system, dict(rights.objects), dict(rights.fields)) == ({"ApiEnabled", "ApiUserOnly"}, {}, {})
    assert not rights.marketing_user
