"""Permission sets, profiles, licences: what they take, what follows, and in which words they refuse."""

from typing import Any

import pytest

from simorg.behaviour.dml import Outcome, Writer
from simorg.org import Org
from simorg.security.permissions import OBJECT, SYSTEM
from tests.unit.simorg.writing import told

_ON = ("Read", "Create", "Edit", "Delete", "ViewAllRecords", "ModifyAllRecords")


def _as_admin(org: Org, act: str, name: str, *arguments: Any) -> Outcome:
    with org.storage.transaction(org.users.logins["admin"].user_id) as tx:
        outcome: Outcome = getattr(Writer(org, tx), act)(org.schema.get(name), *arguments)
        return outcome


def _create(org: Org, name: str, **values: Any) -> Outcome:
    return _as_admin(org, "create", name, values)


def _make(org: Org, name: str, **values: Any) -> str:
    made = _create(org, name, **values)
    assert made.id, made.errors
    return made.id


@pytest.fixture
def made_set(org: Org) -> str:
    """A permission set without anything."""
    return _make(org, "PermissionSet", Name="Mine", Label="Mine")


def _user(org: Org, role: str) -> str:
    return org.users.logins[role].user_id


def _rows(org: Org, name: str, parent: str, field: str = "ParentId") -> list[dict[str, Any]]:
    with org.storage.transaction() as tx:
        return [dict(row) for row in tx.select(name, f'"{field}" = ?', [parent])]


def test_a_new_permission_set_is_regular_and_grants_nothing(org: Org, made_set: str) -> None:
    row = org.storage.get("PermissionSet", made_set)
    assert row is not None
    assert (row["Type"], row["IsCustom"], row["IsOwnedByProfile"]) == ("Regular", 1, 0)
    assert not any(row[f"Permissions{name}"] for name in SYSTEM)


def test_each_profile_owns_a_permission_set_and_shows_what_it_grants(org: Org) -> None:
    profiles = org.storage.read('SELECT "Id" FROM "Profile"')
    for (profile_id,) in profiles:
        (owned,) = _rows(org, "PermissionSet", str(profile_id), "ProfileId")
        shown = org.storage.get("Profile", str(profile_id))
        assert shown is not None
        assert owned["IsOwnedByProfile"]
        assert {name: owned[f"Permissions{name}"] for name in SYSTEM} == {
            name: shown[f"Permissions{name}"] for name in SYSTEM
        }


def test_what_a_profile_grants_is_changed_by_the_profile(org: Org) -> None:
    profile = org.storage.get("User", _user(org, "colleague"))
    assert profile is not None
    profile_id = str(profile["ProfileId"])
    assert _as_admin(org, "update", "Profile", profile_id, {"PermissionsBulkApiHardDelete": True}).success
    (owned,) = _rows(org, "PermissionSet", profile_id, "ProfileId")
    assert owned["PermissionsBulkApiHardDelete"] == 1
    assert "BulkApiHardDelete" in org.view(_user(org, "colleague")).rights.system
    refused = _as_admin(org, "update", "Profile", profile_id, {"PermissionsModifyAllData": True})
    assert told(refused)[0] == "FIELD_INTEGRITY_EXCEPTION"


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({"Name": "Mine", "Label": "x"}, ("DUPLICATE_DEVELOPER_NAME", "Name")),
        ({"Name": "2nd set", "Label": "x"}, ("FIELD_INTEGRITY_EXCEPTION", "Name")),
        ({"Name": "Two", "Label": "x", "PermissionsFly": True}, ("INVALID_FIELD", None)),
        (
            {"Name": "Two", "Label": "x", "PermissionsViewAllData": True},
            ("FIELD_INTEGRITY_EXCEPTION", "PermissionsViewAllData"),
        ),
        (
            {"Name": "Two", "Label": "x", "IsOwnedByProfile": True},
            ("INVALID_FIELD_FOR_INSERT_UPDATE", "IsOwnedByProfile"),
        ),
        ({"Name": "Two"}, ("REQUIRED_FIELD_MISSING", "Label")),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("made_set")
def test_permission_sets_are_refused(org: Org, values: dict[str, Any], refusal: tuple[str, str | None]) -> None:
    code, _, fields = told(_create(org, "PermissionSet", **values))
    assert (code, fields[0] if fields else None) == refusal


def test_a_system_permission_that_does_not_exist_is_no_column(org: Org) -> None:
    refused = told(_create(org, "PermissionSet", Name="X", Label="x", PermissionsFly=True))
    assert refused[1] == "No such column 'PermissionsFly' on sobject of type PermissionSet"


@pytest.mark.parametrize("right", OBJECT)
def test_each_object_permission_needs_others(org: Org, made_set: str, right: str) -> None:
    _, needs = OBJECT[right]
    parent = {"ParentId": made_set, "SobjectType": "contact"}
    for left_out in needs:
        granted = {f"Permissions{name}": name != left_out for name in (*needs, right)}
        code, message, _ = told(_create(org, "ObjectPermissions", **parent, **granted))
        assert code == "FIELD_INTEGRITY_EXCEPTION"
        assert "depends on permission(s):" in message
    assert _create(
        org, "ObjectPermissions", **parent, **{f"Permissions{name}": True for name in (*needs, right)}
    ).success
    (row,) = _rows(org, "ObjectPermissions", made_set)
    assert row["SobjectType"] == "Contact"


def test_modify_all_without_delete_says_what_is_missing(org: Org, made_set: str) -> None:
    granted = {f"Permissions{name}": name != "Delete" for name in _ON}
    refused = told(_create(org, "ObjectPermissions", ParentId=made_set, SobjectType="Contact", **granted))
    wanted = "Permission Modify All Contacts depends on permission(s): Delete Contacts"
    assert refused == ("FIELD_INTEGRITY_EXCEPTION", wanted, ("PermissionsModifyAllRecords",))


@pytest.mark.parametrize("name", ["Task", "User", "Nothing__c", "CampaignMember"])
def test_only_some_objects_have_permissions(org: Org, made_set: str, name: str) -> None:
    refused = told(_create(org, "ObjectPermissions", ParentId=made_set, SobjectType=name, PermissionsRead=True))
    assert refused[0] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"


def test_an_object_is_granted_once_in_a_set_and_the_row_goes_with_the_last_right(org: Org, made_set: str) -> None:
    values = {"ParentId": made_set, "SobjectType": "Lead", "PermissionsRead": True}
    row = _make(org, "ObjectPermissions", **values)
    assert told(_create(org, "ObjectPermissions", **values))[0] == "DUPLICATE_VALUE"
    assert _as_admin(org, "update", "ObjectPermissions", row, {"PermissionsRead": False}).success
    assert _rows(org, "ObjectPermissions", made_set) == []


@pytest.mark.parametrize(
    ("field", "edit", "code"),
    [
        ("Lead.LastName", False, "FIELD_INTEGRITY_EXCEPTION"),
        ("Lead.CreatedDate", False, "FIELD_INTEGRITY_EXCEPTION"),
        ("Lead.OwnerId", False, "FIELD_INTEGRITY_EXCEPTION"),
        ("Lead.City", False, "FIELD_INTEGRITY_EXCEPTION"),
        ("Lead.Nothing__c", False, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ("Contact.Email", False, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ("Email", False, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
    ],
)
def test_fields_that_take_no_permission(org: Org, made_set: str, field: str, edit: bool, code: str) -> None:
    values = {"ParentId": made_set, "SobjectType": "Lead", "Field": field, "PermissionsRead": True}
    assert told(_create(org, "FieldPermissions", **values, PermissionsEdit=edit))[0] == code


def test_a_field_permission_needs_read_and_goes_with_it(org: Org, made_set: str) -> None:
    parent = {"ParentId": made_set, "SobjectType": "Lead", "Field": "lead.email"}
    assert told(_create(org, "FieldPermissions", **parent, PermissionsEdit=True))[0] == "FIELD_INTEGRITY_EXCEPTION"
    row = _make(org, "FieldPermissions", **parent, PermissionsRead=True, PermissionsEdit=True)
    assert told(_create(org, "FieldPermissions", **parent, PermissionsRead=True))[0] == "DUPLICATE_VALUE"
    (kept,) = _rows(org, "FieldPermissions", made_set)
    assert (kept["Field"], kept["SobjectType"]) == ("Lead.Email", "Lead")
    assert _as_admin(
        org, "update", "FieldPermissions", row, {"PermissionsRead": False, "PermissionsEdit": False}
    ).success
    assert _rows(org, "FieldPermissions", made_set) == []


def test_a_reference_is_granted_by_its_relationship_too(org: Org, made_set: str) -> None:
    values = {"ParentId": made_set, "SobjectType": "Contact", "Field": "Contact.Account", "PermissionsRead": True}
    _make(org, "FieldPermissions", **values)
    assert _rows(org, "FieldPermissions", made_set)[0]["Field"] == "Contact.AccountId"


def test_a_field_that_is_read_only_cannot_be_made_editable(org: Org, made_set: str) -> None:
    values = {"ParentId": made_set, "SobjectType": "Campaign", "Field": "Campaign.NumberOfLeads"}
    granted = {"PermissionsRead": True, "PermissionsEdit": True}
    assert told(_create(org, "FieldPermissions", **values, **granted))[0] == "FIELD_INTEGRITY_EXCEPTION"


def test_a_set_is_assigned_once_and_stays_while_it_is(org: Org, made_set: str) -> None:
    values = {"PermissionSetId": made_set, "AssigneeId": _user(org, "colleague")}
    assignment = _make(org, "PermissionSetAssignment", **values)
    refused = told(_create(org, "PermissionSetAssignment", **values))
    wanted = f"Duplicate PermissionSetAssignment. Assignee: {values['AssigneeId']}; Permission Set: {made_set}"
    assert refused == ("DUPLICATE_VALUE", wanted, ())
    assert told(_as_admin(org, "delete", "PermissionSet", made_set))[0] == "DELETE_FAILED"
    assert _as_admin(org, "delete", "PermissionSetAssignment", assignment).success
    assert org.storage.get("PermissionSetAssignment", assignment) is None
    _make(org, "ObjectPermissions", ParentId=made_set, SobjectType="Lead", PermissionsRead=True)
    assert _as_admin(org, "delete", "PermissionSet", made_set).success
    assert _rows(org, "ObjectPermissions", made_set) == []


def test_a_profiles_own_set_is_neither_assigned_nor_deleted(org: Org) -> None:
    (found,) = list(org.storage.read('SELECT "Id" FROM "PermissionSet" WHERE "IsOwnedByProfile" = 1 LIMIT 1'))
    values = {"PermissionSetId": found[0], "AssigneeId": _user(org, "colleague")}
    assert told(_create(org, "PermissionSetAssignment", **values))[0] == "FIELD_INTEGRITY_EXCEPTION"
    assert told(_as_admin(org, "delete", "PermissionSet", found[0]))[0] == "INSUFFICIENT_ACCESS_OR_READONLY"


def _psl(org: Org) -> str:
    (found,) = list(org.storage.read('SELECT "Id" FROM "PermissionSetLicense"'))
    return str(found[0])


def test_an_api_only_user_needs_a_licence_for_standard_objects(org: Org, made_set: str) -> None:
    _make(org, "ObjectPermissions", ParentId=made_set, SobjectType="Lead", PermissionsRead=True)
    values = {"PermissionSetId": made_set, "AssigneeId": _user(org, "minimal")}
    refused = told(_create(org, "PermissionSetAssignment", **values))
    wanted = (
        "Can't assign permission set Mine to user Minna Minimal. The user license doesn't allow the permission: "
        "Read Leads"
    )
    assert refused == ("FIELD_INTEGRITY_EXCEPTION", wanted, ())
    license_ = _make(
        org, "PermissionSetLicenseAssign", PermissionSetLicenseId=_psl(org), AssigneeId=values["AssigneeId"]
    )
    _make(org, "PermissionSetAssignment", **values)
    assert org.view(values["AssigneeId"]).find("Lead") is not None
    assert told(_as_admin(org, "delete", "PermissionSetLicenseAssign", license_))[0] == "FIELD_INTEGRITY_EXCEPTION"


def test_a_set_without_objects_is_assigned_to_an_api_only_user_and_then_takes_none(org: Org, made_set: str) -> None:
    _make(org, "PermissionSetAssignment", PermissionSetId=made_set, AssigneeId=_user(org, "minimal"))
    refused = told(_create(org, "ObjectPermissions", ParentId=made_set, SobjectType="Lead", PermissionsRead=True))
    assert refused[1].endswith("The user license doesn't allow the permission: Read Leads")


def test_a_set_tied_to_the_api_only_licence_grants_no_standard_object(org: Org) -> None:
    (found,) = list(org.storage.read('SELECT "Id" FROM "UserLicense" WHERE "Name" = \'Salesforce Integration\''))
    tied = _make(org, "PermissionSet", Name="Tied", Label="Tied", LicenseId=found[0])
    refused = told(_create(org, "ObjectPermissions", ParentId=tied, SobjectType="Lead", PermissionsRead=True))
    assert refused[1] == "The user license doesn't allow the permission: Read Leads"
    assert told(_create(org, "PermissionSetAssignment", PermissionSetId=tied, AssigneeId=_user(org, "rep")))[0] == (
        "FIELD_INTEGRITY_EXCEPTION"
    )


def test_licences_run_out(org: Org) -> None:
    with org.storage.transaction() as tx:
        tx.update("PermissionSetLicense", _psl(org), {"TotalLicenses": 1})
        for (license_id,) in list(org.storage.read('SELECT "Id" FROM "UserLicense"')):
            tx.update("UserLicense", str(license_id), {"TotalLicenses": 3})
    assign = _create(
        org, "PermissionSetLicenseAssign", PermissionSetLicenseId=_psl(org), AssigneeId=_user(org, "minimal")
    )
    assert told(assign)[:2] == ("LICENSE_LIMIT_EXCEEDED", "License Limit Exceeded")
    known = org.storage.get("User", _user(org, "rep"))
    assert known is not None
    names = ("LastName", "Alias", "Email", "CommunityNickname", "TimeZoneSidKey", "LocaleSidKey", "EmailEncodingKey",
             "LanguageLocaleKey", "ProfileId")  # fmt: skip
    values = {name: known[name] for name in names} | {"Username": "new@simorg.example"}
    assert told(_create(org, "User", **values, IsActive=True))[0] == "LICENSE_LIMIT_EXCEEDED"
    inactive = _make(org, "User", **values, IsActive=False)
    assert told(_as_admin(org, "update", "User", inactive, {"IsActive": True}))[0] == "LICENSE_LIMIT_EXCEEDED"
    assert _rows(org, "UserLogin", inactive, "UserId")[0]["IsFrozen"] == 0
    assert told(_create(org, "User", **values))[0] == "DUPLICATE_USERNAME"


def test_licences_count_who_uses_them(org: Org) -> None:
    used = dict(org.storage.read(f'SELECT "Name", "UsedLicenses" FROM {org.storage.source("UserLicense")}'))
    assert used == {"Salesforce": 3, "Salesforce Integration": 2}
    row = org.storage.get("PermissionSetLicense", _psl(org))
    assert row is not None
    assert row["UsedLicenses"] == 1


def test_roles_form_no_circle(org: Org) -> None:
    top = _make(org, "UserRole", Name="Chief of all")
    below = _make(org, "UserRole", Name="Helper", ParentRoleId=top)
    row = org.storage.get("UserRole", top)
    assert row is not None
    assert row["DeveloperName"] == "Chief_of_all"
    assert told(_as_admin(org, "update", "UserRole", top, {"ParentRoleId": below}))[0] == "CIRCULAR_DEPENDENCY"
