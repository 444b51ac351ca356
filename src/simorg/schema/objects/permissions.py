"""Who may do what: licences, permission sets and what they grant (Object Reference, "PermissionSet" and its kin).

Each profile owns a permission set, which holds what the profile grants. None of these lies in a recycle bin.
"""

from typing import Any

from simorg.schema.build import (
    audit,
    build_object,
    date,
    flag,
    identity,
    lookup,
    moment,
    pick,
    read_only,
    text,
    whole,
)
from simorg.schema.objects.logins import build_logins
from simorg.schema.registry import Field, ObjectType
from simorg.security.permissions import OBJECT, PREFIX, SYSTEM

_PLAIN: dict[str, Any] = {"permissionable": False}
_SETUP: dict[str, Any] = {
    "undeletable": False, "replicateable": False, "searchable": False, "layoutable": False, "triggerable": False,
    "mru_enabled": False,
}  # fmt: skip
_SET_TYPES = ("Regular", "Standard", "Session", "Group", "Profile")


def build_permissions() -> list[ObjectType]:
    """All of them."""
    return [
        _permission_set(),
        _assignment(),
        _object_permissions(),
        _field_permissions(),
        _entity_access(),
        _user_license(),
        _set_license(),
        _set_license_assign(),
        _user_login(),
        *build_logins(),
        _group_member(),
    ]


def system_permissions() -> list[Field]:
    """The system permissions as fields of a permission set."""
    return [flag(PREFIX + name, label) for name, label in SYSTEM.items()]


def _permission_set() -> ObjectType:
    fields = [
        identity("PermissionSet"),
        text("Name", "Permission Set Name", 80, nillable=False, name_field=True, **_PLAIN),
        text("Label", "Permission Set Label", 80, nillable=False, **_PLAIN),
        lookup("LicenseId", "License ID", ("PermissionSetLicense", "UserLicense"), "License", updateable=False,
               **_PLAIN),
        read_only(lookup("ProfileId", "Profile ID", ("Profile",), "Profile", **_PLAIN)),
        read_only(flag("IsOwnedByProfile", "Is Owned By Profile")),
        read_only(flag("IsCustom", "Is Custom", default=True)),
        *system_permissions(),
        text("Description", "Description", 255, **_PLAIN),
        *audit(),
        read_only(text("NamespacePrefix", "Namespace Prefix", 15, **_PLAIN)),
        flag("HasActivationRequired", "Session Activation Required"),
        read_only(pick("Type", "Permission Set Type", _SET_TYPES, length=40, default=_SET_TYPES[0],
                       restricted_picklist=True, **_PLAIN)),
    ]  # fmt: skip
    children = [
        ("PermissionSetAssignment", "PermissionSetId", "Assignments"),
        ("ObjectPermissions", "ParentId", "ObjectPerms"),
        ("FieldPermissions", "ParentId", "FieldPerms"),
        ("SetupEntityAccess", "ParentId", "SetupEntityAccessItems"),
    ]
    return build_object(
        "PermissionSet", "Permission Set", "Permission Sets", "0PS", fields, children=children,
        cascades=("PermissionSetAssignment", "ObjectPermissions", "FieldPermissions", "SetupEntityAccess"), **_SETUP,
    )  # fmt: skip


def _assignment() -> ObjectType:
    fixed = {"nillable": False, "updateable": False, **_PLAIN}
    fields = [
        identity("PermissionSetAssignment"),
        lookup("PermissionSetId", "PermissionSet ID", ("PermissionSet",), "PermissionSet", **fixed),
        lookup("AssigneeId", "Assignee ID", ("User",), "Assignee", **fixed),
        read_only(moment("SystemModstamp", "System Modstamp", nillable=False, defaulted_on_create=True, **_PLAIN)),
        moment("ExpirationDate", "Expiration Date", **_PLAIN),
        read_only(flag("IsActive", "Is Active", default=True)),
    ]
    return build_object(
        "PermissionSetAssignment", "Permission Set Assignment", "Permission Set Assignments", "0Pa", fields, **_SETUP
    )


def _object_permissions() -> ObjectType:
    fixed = {"nillable": False, "updateable": False, **_PLAIN}
    fields = [
        identity("ObjectPermissions"),
        lookup("ParentId", "Parent ID", ("PermissionSet",), "Parent", **fixed),
        pick("SobjectType", "Object Type Name", (), length=40, **fixed),
        *[flag(PREFIX + name, f"{verb} Records") for name, (verb, _) in OBJECT.items()],
        *audit(),
    ]
    return build_object("ObjectPermissions", "Object Permissions", "Object Permissions", "110", fields, **_SETUP)


def _field_permissions() -> ObjectType:
    fixed = {"nillable": False, "updateable": False, **_PLAIN}
    fields = [
        identity("FieldPermissions"),
        lookup("ParentId", "Parent ID", ("PermissionSet",), "Parent", **fixed),
        pick("SobjectType", "Sobject Type Name", (), length=40, **fixed),
        pick("Field", "Field Name", (), length=255, **fixed),
        flag("PermissionsEdit", "Edit Field"),
        flag("PermissionsRead", "Read Field"),
        read_only(moment("SystemModstamp", "System Modstamp", nillable=False, defaulted_on_create=True, **_PLAIN)),
    ]
    return build_object("FieldPermissions", "Field Permissions", "Field Permissions", "01k", fields, **_SETUP)


def _entity_access() -> ObjectType:
    fixed = {"nillable": False, "updateable": False, **_PLAIN}
    fields = [
        identity("SetupEntityAccess"),
        lookup("ParentId", "Parent ID", ("PermissionSet",), "Parent", **fixed),
        text("SetupEntityId", "Setup Entity ID", 18, **fixed),
        read_only(text("SetupEntityType", "SetupEntity Type", 40, **_PLAIN)),
        read_only(moment("SystemModstamp", "System Modstamp", nillable=False, defaulted_on_create=True, **_PLAIN)),
    ]
    return build_object(
        "SetupEntityAccess", "Setup Entity Access", "Setup Entity Access", "0J0", fields, updateable=False, **_SETUP
    )


def _license_fields(label: str) -> list[Field]:
    return [
        identity(label),
        text("MasterLabel", "Master Label", 255, nillable=False, **_PLAIN),
        pick("Status", "Status", ("Active", "Disabled"), length=40, restricted_picklist=True, **_PLAIN),
        whole("TotalLicenses", "Total Licenses", 9, nillable=False, **_PLAIN),
    ]


def _user_license() -> ObjectType:
    used = '(SELECT count(*) FROM {User} u JOIN {Profile} f ON f."Id" = u."ProfileId" WHERE u."IsActive" = 1'
    fields = [
        *_license_fields("User License"),
        text("LicenseDefinitionKey", "License Def. ID", 40, nillable=False, **_PLAIN),
        text("Name", "Name", 40, nillable=False, name_field=True, **_PLAIN),
        whole("UsedLicenses", "Used Licenses", 9, derived=f'{used} AND f."UserLicenseId" = r."Id")', **_PLAIN),
        *audit(),
    ]
    return build_object(
        "UserLicense", "User License", "User Licenses", "100", [read_only(one) for one in fields], createable=False,
        updateable=False, deletable=False, children=[("Profile", "UserLicenseId", None)], **_SETUP,
    )  # fmt: skip


def _set_license() -> ObjectType:
    used = '(SELECT count(*) FROM {PermissionSetLicenseAssign} a WHERE a."PermissionSetLicenseId" = r."Id")'
    fields = [
        *_license_fields("PermissionSetLicense"),
        text("DeveloperName", "Developer Name", 80, nillable=False, name_field=True, **_PLAIN),
        text("PermissionSetLicenseKey", "Permission Set License Key", 80, nillable=False, **_PLAIN),
        date("ExpirationDate", "Expiration Date", **_PLAIN),
        whole("UsedLicenses", "Used Licenses", 9, derived=used, **_PLAIN),
        *audit(),
    ]
    return build_object(
        "PermissionSetLicense", "Permission Set License", "Permission Set Licenses", "0PL",
        [read_only(one) for one in fields], createable=False, updateable=False, deletable=False,
        children=[("PermissionSetLicenseAssign", "PermissionSetLicenseId", None)], **_SETUP,
    )  # fmt: skip


def _set_license_assign() -> ObjectType:
    fixed = {"nillable": False, "updateable": False, **_PLAIN}
    fields = [
        identity("PermissionSetLicenseAssign"),
        lookup("PermissionSetLicenseId", "PermissionSetLicense ID", ("PermissionSetLicense",), "PermissionSetLicense",
               **fixed),
        lookup("AssigneeId", "Assignee ID", ("User",), "Assignee", **fixed),
        *audit(),
    ]  # fmt: skip
    return build_object(
        "PermissionSetLicenseAssign", "Permission Set License Assignment", "Permission Set License Assignments",
        "2LA", fields, updateable=False, **_SETUP,
    )  # fmt: skip


def _user_login() -> ObjectType:
    fields = [
        identity("User Login"),
        read_only(lookup("UserId", "User ID", ("User",), "User", **_PLAIN)),
        flag("IsFrozen", "Frozen"),
        read_only(flag("IsPasswordLocked", "Password Locked")),
        *audit()[2:4],
    ]
    return build_object(
        "UserLogin", "User Login", "User Logins", "0Yw", fields, createable=False, deletable=False, **_SETUP
    )


def _group_member() -> ObjectType:
    fixed = {"nillable": False, "updateable": False, **_PLAIN}
    fields = [
        identity("Group Member"),
        lookup("GroupId", "Group ID", ("Group",), "Group", **fixed),
        lookup("UserOrGroupId", "User/Group ID", ("Group", "User"), "UserOrGroup", **fixed),
        read_only(moment("SystemModstamp", "System Modstamp", nillable=False, defaulted_on_create=True, **_PLAIN)),
    ]
    return build_object("GroupMember", "Group Member", "Group Member", "011", fields, updateable=False, **_SETUP)
