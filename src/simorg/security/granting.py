"""Granting and taking away, past every protocol: for the control plane and for what an org begins with.

What a user gets stands in a permission set of its own; what is taken away is taken from the user's profile and from all
its permission sets, so that others who share them lose it too.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from simorg.schema.registry import Field, ObjectType, Schema
from simorg.security import permissions
from simorg.security.permissions import MARKETING_USER, OBJECT, PREFIX, SYSTEM, SYSTEM_NEEDS
from simorg.security.rights import can_be_edited, find_permissionable, permission_name
from simorg.transactions import StoredValue, Transaction, quote

_OWN = "Simorg_"
_EXAMPLE = "Account"


@dataclass(frozen=True)
class Right:
    """One right of a user: on a field of an object, on an object, or a system permission (`object` is empty)."""

    user_id: str
    permission: str
    object: str = ""
    field: str = ""


def change_right(tx: Transaction, schema: Schema, right: Right, *, allow: bool) -> None:
    """Grants a right with all that it needs, or takes it away with all that needs it.

    Raises:
        ValueError: there is no such object, field or permission.
    """
    if right.field:
        _change_field(tx, schema, right, allow=allow)
    elif right.object:
        _change_object(tx, schema, right, allow=allow)
    elif right.permission.replace(" ", "").lower() in ("marketinguser", MARKETING_USER.lower()):
        tx.update("User", right.user_id, {MARKETING_USER: int(allow)})
    else:
        _change_system(tx, right, allow=allow)


def show_to_all(tx: Transaction, one: ObjectType, fields: Iterable[Field]) -> None:
    """Grants fields to every set that grants Accounts, as an administrator does who shows them to all profiles; and a
    custom object that nobody was granted yet like Accounts."""
    for example in tx.select("ObjectPermissions", '"SobjectType" = ?', [_EXAMPLE]):
        parent = str(example["ParentId"])
        if one.custom and not _object_rows(tx, [parent], one.name):
            granted = {PREFIX + name: example[PREFIX + name] for name in OBJECT}
            tx.insert("ObjectPermissions", {**granted, "ParentId": parent, "SobjectType": one.name})
        for shown in fields:
            if shown in find_permissionable(one):
                _set_field(tx, parent, one, shown, edit=can_be_edited(one, shown))


def move_grants(tx: Transaction, one: ObjectType, name: str, new: str) -> None:
    """Lets what was granted on a field stand for its new name."""
    for row_id in _grants_on(tx, one, name):
        tx.update("FieldPermissions", row_id, {"Field": f"{one.name}.{new}"})


def drop_grants(tx: Transaction, one: ObjectType, name: str) -> None:
    """Takes away what was granted on a field that goes."""
    for row_id in _grants_on(tx, one, name):
        tx.remove("FieldPermissions", row_id)


def _grants_on(tx: Transaction, one: ObjectType, name: str) -> list[str]:
    return tx.select_ids("FieldPermissions", '"Field" = ? COLLATE NOCASE', [f"{one.name}.{name}"])


def find_sets(tx: Transaction, user_id: str) -> list[str]:
    """The permission sets of a user, the profile's first."""
    user = tx.get("User", user_id) or {}
    owned = tx.select_ids("PermissionSet", '"IsOwnedByProfile" = 1 AND "ProfileId" = ?', [user.get("ProfileId")])
    assigned = tx.select("PermissionSetAssignment", '"AssigneeId" = ?', [user_id])
    return [*owned, *(str(one["PermissionSetId"]) for one in assigned)]


def _own_set(tx: Transaction, user_id: str) -> str:
    """The permission set of one user alone, made when it is needed."""
    name = f"{_OWN}{user_id}"
    known = tx.select_ids("PermissionSet", '"Name" = ?', [name])
    if known:
        return known[0]
    row: dict[str, StoredValue] = {PREFIX + one: 0 for one in SYSTEM}
    flags: dict[str, StoredValue] = {"IsOwnedByProfile": 0, "IsCustom": 1, "HasActivationRequired": 0}
    made = tx.insert("PermissionSet", {**row, **flags, "Name": name, "Label": name, "Type": "Regular"})
    tx.insert("PermissionSetAssignment", {"AssigneeId": user_id, "PermissionSetId": made, "IsActive": 1})
    return made


def _change_system(tx: Transaction, right: Right, *, allow: bool) -> None:
    name = permissions.find_system(right.permission)
    if name is None:
        raise ValueError(f"no such permission: {right.permission}")
    needs = {key: tuple(values) for key, values in SYSTEM_NEEDS.items()}
    if allow:
        changes: dict[str, StoredValue] = {PREFIX + one: 1 for one in _with_needs(name, needs)}
        tx.update("PermissionSet", _own_set(tx, right.user_id), changes)
        return
    changes = {PREFIX + one: 0 for one in _with_dependents(name, needs)}
    for parent in find_sets(tx, right.user_id):
        tx.update("PermissionSet", parent, changes)


def _change_object(tx: Transaction, schema: Schema, right: Right, *, allow: bool) -> None:
    one = schema.find(right.object)
    name = permissions.find_object_permission(right.permission)
    if one is None or name is None:
        raise ValueError(f"no such permission: {right.permission} on {right.object}")
    needs = {key: wanted for key, (_, wanted) in OBJECT.items()}
    sets = [_own_set(tx, right.user_id)] if allow else find_sets(tx, right.user_id)
    rows = _object_rows(tx, sets, one.name)
    if not allow:
        taken: dict[str, StoredValue] = {PREFIX + each: 0 for each in _with_dependents(name, needs)}
        for row in rows:
            if name == "Read":
                tx.remove("ObjectPermissions", str(row["Id"]))
            else:
                tx.update("ObjectPermissions", str(row["Id"]), taken)
        return
    given: dict[str, StoredValue] = {PREFIX + each: 1 for each in _with_needs(name, needs)}
    if rows:
        tx.update("ObjectPermissions", str(rows[0]["Id"]), given)
        return
    blank: dict[str, StoredValue] = {PREFIX + each: 0 for each in OBJECT}
    tx.insert("ObjectPermissions", {**blank, **given, "ParentId": sets[0], "SobjectType": one.name})


def _change_field(tx: Transaction, schema: Schema, right: Right, *, allow: bool) -> None:
    one = schema.find(right.object)
    shown = one.fields.get(right.field.lower()) if one else None
    if one is None or shown is None:
        raise ValueError(f"no such field: {right.object}.{right.field}")
    shown = one.fields[permission_name(one, shown).lower()]
    if shown not in find_permissionable(one):
        raise ValueError(f"{one.name}.{shown.name} is open to everybody who sees the object")
    edit = right.permission.lower() in ("edit", "permissionsedit")
    if not edit and right.permission.lower() not in ("read", "permissionsread"):
        raise ValueError(f"no such permission on a field: {right.permission}; there are Read and Edit")
    if allow:
        _set_field(tx, _own_set(tx, right.user_id), one, shown, edit=edit)
        return
    for parent in find_sets(tx, right.user_id):
        for row_id in _field_rows(tx, parent, one, shown):
            if edit:
                tx.update("FieldPermissions", row_id, {"PermissionsEdit": 0})
            else:
                tx.remove("FieldPermissions", row_id)


def _set_field(tx: Transaction, parent: str, one: ObjectType, shown: Field, *, edit: bool) -> None:
    granted: dict[str, StoredValue] = {"PermissionsRead": 1, "PermissionsEdit": int(edit)}
    known = _field_rows(tx, parent, one, shown)
    if known:
        tx.update("FieldPermissions", known[0], granted)
        return
    names: dict[str, StoredValue] = {"SobjectType": one.name, "Field": f"{one.name}.{shown.name}"}
    tx.insert("FieldPermissions", {**granted, **names, "ParentId": parent})


def _field_rows(tx: Transaction, parent: str, one: ObjectType, shown: Field) -> list[str]:
    named = f"{one.name}.{shown.name}"
    return tx.select_ids("FieldPermissions", '"ParentId" = ? AND "Field" = ? COLLATE NOCASE', [parent, named])


def _object_rows(tx: Transaction, sets: list[str], object_name: str) -> list[dict[str, StoredValue]]:
    marks = ", ".join("?" * len(sets))
    return tx.select(
        "ObjectPermissions", f'{quote("SobjectType")} = ? AND "ParentId" IN ({marks})', [object_name, *sets]
    )


def _with_needs(name: str, needs: dict[str, tuple[str, ...]]) -> list[str]:
    """A permission and all that it cannot be without."""
    found = [name]
    for one in found:
        found += [wanted for wanted in needs.get(one, ()) if wanted not in found]
    return found


def _with_dependents(name: str, needs: dict[str, tuple[str, ...]]) -> list[str]:
    """A permission and all that cannot be without it."""
    found = [name]
    for one in found:
        found += [key for key, wanted in needs.items() if one in wanted and key not in found]
    return found
