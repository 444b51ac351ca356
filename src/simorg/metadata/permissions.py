"""Permission sets and profiles as components: what they grant is records, written by the rules that hold for these.

Source: Metadata API Developer Guide, "PermissionSet" (from 40.0 on a permission set is replaced whole), "Profile" (what
a profile's file does not name stays as it is).
"""

from collections.abc import Mapping
from typing import Any

from simorg.behaviour.dml import Outcome, Writer
from simorg.fidelity import say
from simorg.metadata import store
from simorg.metadata.change import Change, Refused
from simorg.metadata.codec import Content, arrange
from simorg.metadata.documents import require_elements
from simorg.metadata.fields import find_field
from simorg.metadata.layouts import Layouts
from simorg.org import Org
from simorg.security.permissions import PREFIX, SYSTEM
from simorg.security.rights import find_permissionable
from simorg.transactions import StoredValue

Row = Mapping[str, StoredValue]
_REPLACED_FROM = 40.0
_FLAGS = {
    "allowCreate": "Create", "allowDelete": "Delete", "allowEdit": "Edit", "allowRead": "Read",
    "modifyAllRecords": "ModifyAllRecords", "viewAllRecords": "ViewAllRecords",
}  # fmt: skip
#: What is kept in records; all other elements are kept as they are given.
_IN_RECORDS = frozenset({
    "fullName", "label", "description", "license", "userLicense", "custom", "hasActivationRequired", "fieldPermissions",
    "objectPermissions", "userPermissions",
})  # fmt: skip
#: The full names of standard profiles whose name in the API is another.
_STANDARD = {"System Administrator": "Admin", "Standard User": "Standard", "Read Only": "ReadOnly"}


class _Grants:
    """What components of both types have in common: the elements that stand for records."""

    kind = ""

    def _show(self, org: Org, name: str, set_row: Row) -> Content:
        parent = str(set_row["Id"])
        stored = store.find(org.storage, self.kind, name)
        shown: Content = dict(stored.content) if stored else {}
        fields = _select(org, "FieldPermissions", '"ParentId" = ?', parent)
        objects = _select(org, "ObjectPermissions", '"ParentId" = ?', parent)
        shown["fieldPermissions"] = [
            {"editable": bool(row["PermissionsEdit"]), "field": row["Field"], "readable": bool(row["PermissionsRead"])}
            for row in sorted(fields, key=lambda one: str(one["Field"]))
        ]
        shown["objectPermissions"] = [
            {**{flag: bool(row[PREFIX + own]) for flag, own in _FLAGS.items()}, "object": row["SobjectType"]}
            for row in sorted(objects, key=lambda one: str(one["SobjectType"]))
        ]
        shown["userPermissions"] = [
            {"enabled": True, "name": one} for one in sorted(SYSTEM) if set_row.get(PREFIX + one)
        ]
        if set_row.get("Description"):
            shown["description"] = set_row["Description"]
        return {key: value for key, value in shown.items() if value != []}

    def _keep_rest(self, change: Change, name: str, content: Mapping[str, Any], *, whole: bool) -> None:
        known = store.find(change.org.storage, self.kind, name)
        before = dict(known.content) if known and not whole else {}
        rest = {key: value for key, value in content.items() if key not in _IN_RECORDS}
        store.save(change.tx, self.kind, name, known.id if known else "", {**before, **rest})

    def _grant(self, change: Change, parent: str, content: Mapping[str, Any], *, whole: bool) -> None:
        """Writes objects and fields: those named, and with `whole` none but those."""
        objects = {_find_object(change.org, str(one["object"])): one for one in content.get("objectPermissions", [])}
        fields = {_find_field_name(change.org, one): one for one in content.get("fieldPermissions", [])}
        writer = Writer(change.org, change.tx)
        if whole:
            for row in change.tx.select("FieldPermissions", '"ParentId" = ?', [parent]):
                if row["Field"] not in fields:
                    change.tx.remove("FieldPermissions", str(row["Id"]))
            for row in change.tx.select("ObjectPermissions", '"ParentId" = ?', [parent]):
                if row["SobjectType"] not in objects:
                    change.tx.remove("ObjectPermissions", str(row["Id"]))
        for name, asked in objects.items():
            flags = {flag: bool(asked.get(flag)) for flag in _FLAGS if flag in asked or whole}
            values = {PREFIX + _FLAGS[flag]: granted for flag, granted in flags.items()}
            _put(change, writer, "ObjectPermissions", {"ParentId": parent, "SobjectType": name}, values)
        for name, asked in fields.items():
            edit = bool(asked.get("editable", False))
            values = {"PermissionsEdit": edit, "PermissionsRead": bool(asked.get("readable", edit))}
            names = {"ParentId": parent, "SobjectType": name.partition(".")[0], "Field": name}
            _put(change, writer, "FieldPermissions", names, values)


class PermissionSets(_Grants):
    """The permission sets of an org, without those that profiles own."""

    kind = "PermissionSet"

    def names(self, org: Org) -> list[str]:
        """Every permission set, by its API name."""
        return [str(row["Name"]) for row in _select(org, "PermissionSet", '"IsOwnedByProfile" = 0')]

    def read(self, org: Org, name: str) -> Content | None:
        """A permission set, or None."""
        row = self._find(org, name)
        if row is None:
            return None
        shown = self._show(org, str(row["Name"]), row)
        shown |= {"fullName": row["Name"], "label": row["Label"]}
        shown["hasActivationRequired"] = bool(row["HasActivationRequired"])
        if license_name := _license_name(org, row.get("LicenseId")):
            shown["license"] = license_name
        return arrange(self.kind, shown)

    def create(self, change: Change, name: str, content: Mapping[str, Any]) -> None:
        """Makes a permission set with what it grants."""
        require_elements(self.kind, content)
        values = {"Name": name, "Label": content["label"], **_plain(content), **_system(content, whole=False)}
        if content.get("license"):
            values["LicenseId"] = _find_license(change.org, str(content["license"]))
        made = _done(Writer(change.org, change.tx).create(change.org.schema.get(self.kind), values))
        self._grant(change, str(made.id), content, whole=False)
        self._keep_rest(change, name, content, whole=True)

    def update(self, change: Change, name: str, content: Mapping[str, Any]) -> None:
        """Replaces a permission set by what is given; before 40.0 only what is named changes."""
        require_elements(self.kind, content)
        row = self._find(change.org, name)
        assert row is not None
        whole = change.version >= _REPLACED_FROM
        values = {"Label": content["label"], **_plain(content), **_system(content, whole=whole)}
        _done(Writer(change.org, change.tx).update(change.org.schema.get(self.kind), str(row["Id"]), values))
        self._grant(change, str(row["Id"]), content, whole=whole)
        self._keep_rest(change, name, content, whole=whole)

    def delete(self, change: Change, name: str) -> None:
        """Removes a permission set that nobody is assigned to."""
        _done(Writer(change.org, change.tx).delete(change.org.schema.get(self.kind), self.identify(change.org, name)))
        store.remove(change.tx, self.kind, name)

    def identify(self, org: Org, name: str) -> str:
        """The id of a permission set."""
        row = self._find(org, name)
        return str(row["Id"]) if row else ""

    def _find(self, org: Org, name: str) -> Row | None:
        found = _select(org, self.kind, '"IsOwnedByProfile" = 0 AND "Name" = ? COLLATE NOCASE', name)
        return found[0] if found else None


class Profiles(_Grants):
    """The profiles of an org. What a profile grants is in the permission set that it owns."""

    kind = "Profile"

    def names(self, org: Org) -> list[str]:
        """Every profile, by its full name."""
        return [_full_name(str(row["Name"])) for row in _select(org, "Profile", "1")]

    def read(self, org: Org, name: str) -> Content | None:
        """A profile, or None."""
        row = self._find(org, name)
        if row is None:
            return None
        full_name = _full_name(str(row["Name"]))
        shown = self._show(org, full_name, self._owned(org, row))
        shown |= {"fullName": full_name, "custom": store.find(org.storage, _MADE, full_name) is not None}
        if row.get("Description"):
            shown["description"] = row["Description"]
        if license_name := _license_name(org, row.get("UserLicenseId")):
            shown["userLicense"] = license_name
        return arrange(self.kind, shown)

    def create(self, change: Change, name: str, content: Mapping[str, Any]) -> None:
        """Makes a custom profile of a licence, with what it grants and nothing else."""
        license_id = _find_license(change.org, str(content.get("userLicense") or "Salesforce"))
        facts: dict[str, StoredValue] = {"Name": name, "UserType": "Standard", "UserLicenseId": license_id}
        profile = change.tx.insert(self.kind, {**facts, "Description": content.get("description")})
        row: dict[str, StoredValue] = {PREFIX + one: 0 for one in SYSTEM}
        row |= {"Name": f"X{profile}", "Label": f"X{profile}", "LicenseId": license_id, "ProfileId": profile}
        row |= {"IsOwnedByProfile": 1, "IsCustom": 1, "Type": "Profile", "HasActivationRequired": 0}
        change.tx.insert("PermissionSet", row)
        store.save(change.tx, _MADE, name, "", {})
        self.update(change, name, content)

    def update(self, change: Change, name: str, content: Mapping[str, Any]) -> None:
        """Changes what the profile is told to; all else stays."""
        row = self._find(change.org, name)
        assert row is not None
        one = change.org.schema.get(self.kind)
        values = {**_described(content), **_system(content, whole=False)}
        if values:
            _done(Writer(change.org, change.tx).update(one, str(row["Id"]), values))
        self._check_layouts(change.org, content)
        self._grant(change, str(self._owned(change.org, row)["Id"]), content, whole=False)
        self._keep_rest(change, name, content, whole=False)

    def delete(self, change: Change, name: str) -> None:
        """Removes a custom profile that no user has."""
        row = self._find(change.org, name)
        assert row is not None
        made = store.find(change.org.storage, _MADE, name)
        if made is None or change.tx.select_ids("User", '"ProfileId" = ?', [row["Id"]]):
            raise Refused("DELETE_FAILED", say("metadata.profile_used", name=name))
        owned = str(self._owned(change.org, row)["Id"])
        for kind in ("FieldPermissions", "ObjectPermissions"):
            for row_id in change.tx.select_ids(kind, '"ParentId" = ?', [owned]):
                change.tx.remove(kind, row_id)
        change.tx.remove("PermissionSet", owned)
        change.tx.remove(self.kind, str(row["Id"]))
        for kind in (self.kind, _MADE):
            store.remove(change.tx, kind, name)

    def identify(self, org: Org, name: str) -> str:
        """The id of a profile."""
        row = self._find(org, name)
        return str(row["Id"]) if row else ""

    def _find(self, org: Org, name: str) -> Row | None:
        rows = _select(org, self.kind, "1")
        return next((row for row in rows if _full_name(str(row["Name"])).lower() == name.lower()), None)

    def _owned(self, org: Org, row: Row) -> Row:
        found = _select(org, "PermissionSet", '"IsOwnedByProfile" = 1 AND "ProfileId" = ?', str(row["Id"]))
        return found[0]

    def _check_layouts(self, org: Org, content: Mapping[str, Any]) -> None:
        for one in content.get("layoutAssignments", []):
            if Layouts().read(org, str(one["layout"])) is None:
                message = say("metadata.in_field", field="layout", type="Layout", name=one["layout"])
                raise Refused("INVALID_CROSS_REFERENCE_KEY", message)


#: The type of a mark that a profile was made here and is no standard one.
_MADE = "CustomProfile"


def _full_name(name: str) -> str:
    return _STANDARD.get(name, name)


def _described(content: Mapping[str, Any]) -> dict[str, Any]:
    return {"Description": content["description"]} if content.get("description") else {}


def _plain(content: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {"Description": content.get("description")}
    if "hasActivationRequired" in content:
        values["HasActivationRequired"] = content["hasActivationRequired"]
    return values


def _system(content: Mapping[str, Any], *, whole: bool) -> dict[str, bool]:
    """System permissions as fields: those named, and with `whole` all others off."""
    values = {PREFIX + one: False for one in SYSTEM} if whole else {}
    for asked in content.get("userPermissions", []):
        name = str(asked["name"])
        if name not in SYSTEM:
            raise Refused("INVALID_FIELD", say("metadata.unknown_permission", name=name), ("userPermissions",))
        values[PREFIX + name] = bool(asked["enabled"])
    return values


def _put(change: Change, writer: Writer, kind: str, names: Mapping[str, str], values: Mapping[str, bool]) -> None:
    """Writes the row of an object or a field that a set grants; one that grants nothing goes."""
    key = "Field" if "Field" in names else "SobjectType"
    known = change.tx.select_ids(kind, f'"ParentId" = ? AND "{key}" = ?', [names["ParentId"], names[key]])
    one = change.org.schema.get(kind)
    if known:
        _done(writer.update(one, known[0], values))
    elif any(values.values()):
        _done(writer.create(one, {**names, **values}))


def _find_object(org: Org, name: str) -> str:
    one = org.schema.find(name)
    if one is None:
        message = say("metadata.in_field", field="object", type="CustomObject", name=name)
        raise Refused("INVALID_CROSS_REFERENCE_KEY", message)
    return one.name


def _find_field_name(org: Org, asked: Mapping[str, Any]) -> str:
    """The field that a permission is for, as records name it."""
    name = str(asked["field"])
    found = find_field(org, name)
    if found is None:
        message = say("metadata.in_field", field="field", type="CustomField", name=name)
        raise Refused("INVALID_CROSS_REFERENCE_KEY", message)
    one, field = found
    if field not in find_permissionable(one):
        raise Refused("FIELD_INTEGRITY_EXCEPTION", say("metadata.required_field", name=f"{one.name}.{field.name}"))
    return f"{one.name}.{field.name}"


def _find_license(org: Org, name: str) -> str:
    for kind in ("PermissionSetLicense", "UserLicense"):
        found = _select(org, kind, '"MasterLabel" = ? COLLATE NOCASE', name)
        if found:
            return str(found[0]["Id"])
    raise Refused("INVALID_CROSS_REFERENCE_KEY", say("metadata.none_found", type="UserLicense", name=name))


def _license_name(org: Org, license_id: StoredValue) -> str | None:
    for kind in ("PermissionSetLicense", "UserLicense"):
        found = _select(org, kind, '"Id" = ?', str(license_id))
        if found:
            return str(found[0]["MasterLabel"])
    return None


def _select(org: Org, kind: str, condition: str, *parameters: str) -> list[Row]:
    """Records as they are now, within a change as it sees them."""
    one = org.schema.get(kind)
    names = [field.name for field in one.stored_fields]
    columns = ", ".join(f'"{name}"' for name in names)
    statement = f'SELECT {columns} FROM "{one.name}" WHERE {condition} ORDER BY "Id"'
    return [dict(zip(names, row, strict=True)) for row in org.storage.read(statement, list(parameters))]


def _done(outcome: Outcome) -> Outcome:
    if outcome.errors:
        raise Refused.from_row(outcome.errors[0])
    return outcome
