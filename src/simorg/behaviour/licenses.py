"""What licences allow: how many users, and what an API-only user may be granted.

Source: Salesforce Help, "Give Integration Users API Only Access": a user of the licence Salesforce Integration gets
rights for standard objects only with the permission set licence Salesforce API Integration, and by a permission set
that is tied to no licence.
"""

from collections.abc import Mapping, Sequence

from simorg.behaviour.writing import Rules, Write
from simorg.errors import RowError
from simorg.fidelity import say
from simorg.org import Org
from simorg.schema.registry import ObjectType
from simorg.security.permissions import OBJECT, PREFIX, name_object_permission
from simorg.transactions import StoredValue, Transaction

INTEGRATION_LICENSE = "Salesforce Integration"
API_INTEGRATION = "Salesforce API Integration"
_INTEGRITY = "FIELD_INTEGRITY_EXCEPTION"
#: The first three characters of a setup entity's id → what it is.
_ENTITY_TYPES = {
    "0H4": "ConnectedApplication", "0CP": "CustomPermission", "02u": "TabSet", "01p": "ApexClass", "066": "ApexPage",
}  # fmt: skip

Row = Mapping[str, StoredValue]


def find_forbidden(org: Org, tx: Transaction, set_id: str, one: ObjectType, granted: Sequence[str]) -> RowError | None:
    """The refusal of an object's permissions in a set, where its licence or a user's who has it keeps them back."""
    if one.custom or not granted:
        return None
    name = name_object_permission(granted[0], one.label_plural)
    parent = tx.get("PermissionSet", set_id) or {}
    license_id = str(parent.get("LicenseId") or "")
    tied = tx.get("UserLicense", license_id) if license_id.startswith("100") else None
    if tied is not None and tied["Name"] == INTEGRATION_LICENSE:
        return RowError(_INTEGRITY, say("permissions.license", permission=name))
    for assignment in tx.select("PermissionSetAssignment", '"PermissionSetId" = ?', [set_id]):
        user_id = str(assignment["AssigneeId"])
        if is_bare_integration(tx, user_id):
            return _unlicensed(org, parent, user_id, name)
    return None


def is_bare_integration(tx: Transaction, user_id: str) -> bool:
    """Whether a user has the licence for integrations without the one that opens standard objects."""
    if _find_license(tx, (tx.get("User", user_id) or {}).get("ProfileId")).get("Name") != INTEGRATION_LICENSE:
        return False
    held = [str(one["PermissionSetLicenseId"]) for one in tx.select("PermissionSetLicenseAssign", _OF_USER, [user_id])]
    return not any((tx.get("PermissionSetLicense", one) or {}).get("MasterLabel") == API_INTEGRATION for one in held)


_OF_USER = '"AssigneeId" = ?'


def _check_assignment(write: Write) -> RowError | None:
    if write.before is not None:
        return None
    set_id, user_id = str(write.value("PermissionSetId")), str(write.value("AssigneeId"))
    parent = write.tx.get("PermissionSet", set_id)
    if parent is None:
        return None
    if parent["IsOwnedByProfile"]:
        return RowError(_INTEGRITY, say("permissions.owned_by_profile"), ("PermissionSetId",))
    if write.tx.select_ids("PermissionSetAssignment", f'{_OF_USER} AND "PermissionSetId" = ?', [user_id, set_id]):
        return RowError("DUPLICATE_VALUE", say("permissions.assigned", user=user_id, set=set_id))
    return _find_unlicensed(write, parent, user_id)


def _find_unlicensed(write: Write, parent: Row, user_id: str) -> RowError | None:
    """Whether the user's licence allows what the set grants."""
    tx = write.tx
    license_id = str(parent.get("LicenseId") or "")
    if license_id.startswith("100"):
        profile = (tx.get("User", user_id) or {}).get("ProfileId")
        if _find_license(tx, profile).get("Id") != license_id:
            message = say("permissions.other_license", set=parent["Label"], user=write.org.user_name(user_id))
            return RowError(_INTEGRITY, message, ("PermissionSetId",))
    if not is_bare_integration(tx, user_id):
        return None
    for row in tx.select("ObjectPermissions", '"ParentId" = ?', [parent["Id"]]):
        one = write.org.schema.find(str(row["SobjectType"]))
        if one is not None and not one.custom:
            granted = next((name for name in OBJECT if row[PREFIX + name]), "Read")
            return _unlicensed(write.org, parent, user_id, name_object_permission(granted, one.label_plural))
    return None


def _unlicensed(org: Org, parent: Row, user_id: str, permission: str) -> RowError:
    told = {"set": parent["Label"], "user": org.user_name(user_id), "permission": permission}
    return RowError(_INTEGRITY, say("permissions.unlicensed", **told))


def _check_license_assign(write: Write) -> RowError | None:
    license_id, user_id = write.value("PermissionSetLicenseId"), write.value("AssigneeId")
    held = write.tx.select_ids("PermissionSetLicenseAssign", '"PermissionSetLicenseId" = ?', [license_id])
    mine = f'{_OF_USER} AND "PermissionSetLicenseId" = ?'
    if write.tx.select_ids("PermissionSetLicenseAssign", mine, [user_id, license_id]):
        return RowError("DUPLICATE_VALUE", say("dml.duplicate_value", field="<unknown>", id="<unknown>"))
    total = (write.tx.get("PermissionSetLicense", str(license_id)) or {}).get("TotalLicenses")
    if len(held) >= int(total or 0):
        return RowError("LICENSE_LIMIT_EXCEEDED", say("permissions.license_limit"))
    return None


def _keep_license_assign(tx: Transaction, row: Row) -> RowError | None:
    """A licence stays while the user has a permission set that needs it."""
    user_id = str(row["AssigneeId"])
    if _find_license(tx, (tx.get("User", user_id) or {}).get("ProfileId")).get("Name") != INTEGRATION_LICENSE:
        return None
    for assignment in tx.select("PermissionSetAssignment", _OF_USER, [user_id]):
        rows = tx.select("ObjectPermissions", '"ParentId" = ?', [assignment["PermissionSetId"]])
        if any(not str(one["SobjectType"]).endswith("__c") for one in rows):
            return RowError(_INTEGRITY, say("permissions.license_used"))
    return None


def _check_user(write: Write) -> RowError | None:
    same = '"Username" = ? COLLATE NOCASE AND "Id" <> ?'
    own = (write.before or {}).get("Id") or ""
    if write.changes("Username") and write.tx.select_ids("User", same, [write.written["Username"], own]):
        return RowError("DUPLICATE_USERNAME", say("permissions.username"), ("Username",))
    joins = write.changes("ProfileId") or write.changes("IsActive")
    if not joins or not write.value("IsActive"):
        return None
    license_ = _find_license(write.tx, write.value("ProfileId"))
    total = license_.get("TotalLicenses")
    if total is not None and _count_users(write, license_["Id"]) >= int(total):
        return RowError("LICENSE_LIMIT_EXCEEDED", say("permissions.license_limit"))
    return None


def _count_users(write: Write, license_id: StoredValue) -> int:
    """The other active users of a licence."""
    own = (write.before or {}).get("Id") or ""
    profiles = write.tx.select_ids("Profile", '"UserLicenseId" = ?', [license_id])
    marks = ", ".join("?" * len(profiles))
    others = f'"IsActive" = 1 AND "Id" <> ? AND "ProfileId" IN ({marks})'
    return len(write.tx.select_ids("User", others, [own, *profiles]))


def _settle_user(write: Write, user_id: str) -> None:
    if write.before is None:
        write.tx.insert("UserLogin", {"UserId": user_id, "IsFrozen": 0, "IsPasswordLocked": 0})


def _find_license(tx: Transaction, profile_id: StoredValue) -> Row:
    """The user licence of a profile."""
    profile = tx.get("Profile", str(profile_id or "")) or {}
    return tx.get("UserLicense", str(profile.get("UserLicenseId") or "")) or {}


def _derive_entity(write: Write) -> None:
    kind = _ENTITY_TYPES.get(str(write.value("SetupEntityId"))[:3])
    write.written["SetupEntityType"] = kind


def _derive_role(write: Write) -> None:
    if write.before is None and not write.value("DeveloperName"):
        write.written["DeveloperName"] = "".join(c if c.isalnum() else "_" for c in str(write.value("Name")))[:80]


def _check_role(write: Write) -> RowError | None:
    """No role stands above itself."""
    parent = write.written.get("ParentRoleId")
    while write.before is not None and parent:
        if parent == write.before["Id"]:
            return RowError("CIRCULAR_DEPENDENCY", say("campaign.circle"), ("ParentRoleId",))
        parent = (write.tx.get("UserRole", str(parent)) or {}).get("ParentRoleId")
    return None


ASSIGNMENT = Rules(check=_check_assignment)
LICENSE_ASSIGN = Rules(check=_check_license_assign, keep=_keep_license_assign)
USER = Rules(check=_check_user, settle=_settle_user)
ENTITY_ACCESS = Rules(derive=_derive_entity)
ROLE = Rules(derive=_derive_role, check=_check_role)
