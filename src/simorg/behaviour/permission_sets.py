"""What permission sets and profiles can grant (Object Reference, "PermissionSet", "ObjectPermissions",
"FieldPermissions"): each right with what it needs, each object and field once, and nothing that a licence keeps back.
"""

import re
from collections.abc import Mapping

from simorg.behaviour.licenses import find_forbidden
from simorg.behaviour.writing import Rules, Write
from simorg.errors import RowError
from simorg.fidelity import say
from simorg.schema.registry import Field, ObjectType
from simorg.security.permissions import OBJECT, PREFIX, SYSTEM, SYSTEM_NEEDS, name_object_permission
from simorg.security.rights import can_be_edited, find_permissionable, has_object_permissions
from simorg.transactions import StoredValue, Transaction

_API_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*", re.ASCII)
_INTEGRITY = "FIELD_INTEGRITY_EXCEPTION"

Row = Mapping[str, StoredValue]


def _check_set(write: Write) -> RowError | None:
    if write.changes("Name"):
        name = str(write.written["Name"])
        if not _API_NAME.fullmatch(name):
            return RowError(_INTEGRITY, say("permissions.api_name"), ("Name",))
        if write.tx.select_ids("PermissionSet", '"Name" = ? COLLATE NOCASE', [name]):
            return RowError("DUPLICATE_DEVELOPER_NAME", say("permissions.set_exists", name=name), ("Name",))
    return _check_system(write)


def _check_system(write: Write) -> RowError | None:
    """Each system permission has those beside it that it needs."""
    if not any(name.startswith(PREFIX) for name in write.given):
        return None
    for name, needs in SYSTEM_NEEDS.items():
        if not write.value(PREFIX + name):
            continue
        missing = [SYSTEM[one] for one in needs if not write.value(PREFIX + one)]
        if missing:
            return _dependency(SYSTEM[name], missing, f"{PREFIX}{name}")
    return None


def _keep_set(tx: Transaction, row: Row) -> RowError | None:
    if row["IsOwnedByProfile"]:
        return RowError("INSUFFICIENT_ACCESS_OR_READONLY", say("permissions.owned_by_profile"), status=403)
    if tx.select_ids("PermissionSetAssignment", '"PermissionSetId" = ?', [row["Id"]]):
        return RowError("DELETE_FAILED", say("permissions.set_assigned", name=row["Name"]))
    return None


def _check_profile(write: Write) -> RowError | None:
    """What a profile grants is judged together with what it has."""
    given = {name: write.written[name] for name in write.given if name.startswith(PREFIX)}
    owned = _find_owned(write.tx, write.before)
    if not given or owned is None:
        return None
    return _check_system(Write(write.org, write.tx, owned, given, frozenset(given)))


def _settle_profile(write: Write, profile_id: str) -> None:
    given = {name: write.written[name] for name in write.given if name.startswith(PREFIX)}
    owned = _find_owned(write.tx, write.before)
    if given and owned is not None:
        write.tx.update("PermissionSet", str(owned["Id"]), given)


def _find_owned(tx: Transaction, profile: Row | None) -> Row | None:
    """The permission set that a profile owns."""
    if profile is None:
        return None
    found = tx.select("PermissionSet", '"IsOwnedByProfile" = 1 AND "ProfileId" = ?', [profile["Id"]])
    return found[0] if found else None


def _derive_object(write: Write) -> None:
    one = write.org.schema.find(str(write.value("SobjectType")))
    if one is not None and write.before is None:
        write.written["SobjectType"] = one.name


def _check_object(write: Write) -> RowError | None:
    named = str(write.value("SobjectType"))
    one = write.org.schema.find(named)
    if one is None or not has_object_permissions(one):
        return _bad_value("Object Type Name", named, "SobjectType")
    granted = [name for name in OBJECT if write.value(PREFIX + name)]
    for name in granted:
        missing = [name_object_permission(each, one.label_plural) for each in OBJECT[name][1] if each not in granted]
        if missing:
            return _dependency(name_object_permission(name, one.label_plural), missing, f"{PREFIX}{name}")
    if write.before is None:
        if not granted:
            return RowError(_INTEGRITY, say("permissions.nothing_granted"), (f"{PREFIX}Read",))
        if write.tx.select_ids("ObjectPermissions", '"ParentId" = ? AND "SobjectType" = ?', _key(write, "SobjectType")):
            return _duplicate()
    return find_forbidden(write.org, write.tx, str(write.value("ParentId")), one, granted)


def _settle_object(write: Write, row_id: str) -> None:
    """A row that grants nothing any more goes."""
    if not any(write.value(PREFIX + name) for name in OBJECT):
        write.tx.remove("ObjectPermissions", row_id)


def _derive_field(write: Write) -> None:
    if write.before is not None:
        return
    one, shown = _find_field(write)
    if one is not None and shown is not None:
        write.written |= {"SobjectType": one.name, "Field": f"{one.name}.{shown.name}"}


def _check_field(write: Write) -> RowError | None:
    one, shown = _find_field(write)
    if one is None or shown is None:
        return _bad_value("Field Name", str(write.value("Field")), "Field")
    if shown not in find_permissionable(one):
        return RowError(_INTEGRITY, say("permissions.field_not_permissionable", field=write.value("Field")), ("Field",))
    if write.value("PermissionsEdit"):
        if not write.value("PermissionsRead"):
            return _dependency(f"Edit {one.name}.{shown.name}", [f"Read {one.name}.{shown.name}"], "PermissionsEdit")
        if not can_be_edited(one, shown):
            return RowError(_INTEGRITY, say("permissions.field_not_editable", field=write.value("Field")), ("Field",))
    if write.before is None:
        if not write.value("PermissionsRead"):
            return RowError(_INTEGRITY, say("permissions.nothing_granted"), ("PermissionsRead",))
        if write.tx.select_ids("FieldPermissions", '"ParentId" = ? AND "Field" = ?', _key(write, "Field")):
            return _duplicate()
    return None


def _settle_field(write: Write, row_id: str) -> None:
    """A field permission without Read goes ("FieldPermissions", Object Reference)."""
    if not write.value("PermissionsRead"):
        write.tx.remove("FieldPermissions", row_id)


def _find_field(write: Write) -> tuple[ObjectType | None, Field | None]:
    """The field that a permission names as Object.Field; a reference also by its relationship ("Contact.Account")."""
    object_name, _, field_name = str(write.value("Field")).partition(".")
    one = write.org.schema.find(object_name)
    if one is None or object_name.lower() != str(write.value("SobjectType")).lower():
        return None, None
    return one, one.find(field_name) or one.find_relation(field_name)


def _key(write: Write, name: str) -> list[StoredValue]:
    return [write.value("ParentId"), write.value(name)]


def _dependency(permission: str, missing: list[str], field: str) -> RowError:
    message = say("permissions.dependency", permission=permission, needed=", ".join(missing))
    return RowError(_INTEGRITY, message, (field,))


def _bad_value(label: str, value: str, field: str) -> RowError:
    message = f"{label}: bad value for restricted picklist field: {value}"
    return RowError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, (field,))


def _duplicate() -> RowError:
    return RowError("DUPLICATE_VALUE", say("dml.duplicate_value", field="<unknown>", id="<unknown>"))


PERMISSION_SET = Rules(check=_check_set, keep=_keep_set)
PROFILE = Rules(check=_check_profile, settle=_settle_profile)
OBJECT_PERMISSIONS = Rules(derive=_derive_object, check=_check_object, settle=_settle_object)
FIELD_PERMISSIONS = Rules(derive=_derive_field, check=_check_field, settle=_settle_field)
