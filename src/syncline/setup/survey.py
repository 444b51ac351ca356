"""Looking at what a set-up would find: the custom fields, the permission set, the user, licences, profiles, layouts."""

from collections.abc import Iterable

from syncline.domain.provision import (
    FIELDS,
    INTEGRATION_SET_LICENSE,
    PROFILES,
    SET_NAME,
    Actual,
    ActualField,
    ActualSet,
    ActualUser,
    Blueprint,
    Profile,
)
from syncline.domain.rights import READ
from syncline.salesforce import tooling
from syncline.salesforce.client import Salesforce
from syncline.salesforce.permissions import load_field_rights, load_rights, query_rows
from syncline.salesforce.soql import build_query, quote, quote_list


def survey(client: Salesforce, blueprint: Blueprint) -> Actual:
    """What there is of a blueprint, as an administrator sees it.

    Raises:
        RemoteRefused: this session may not see it.
    """
    user = _find_user(client, blueprint.user.username)
    permission_set = _find_set(client)
    license_id = _find_set_license(client)
    return Actual(
        fields=_find_fields(client, blueprint),
        permission_set=permission_set,
        user=user,
        profiles=tuple(_find_profiles(client)),
        set_license=license_id,
        has_set_license=bool(user and license_id) and _has_license(client, user.id if user else "", license_id),
        is_assigned=bool(user and permission_set)
        and is_assigned(client, user.id if user else "", permission_set.id if permission_set else ""),
        shown=_find_shown(client, blueprint.profiles),
        layouts=_find_layouts(client, blueprint),
    )


def is_assigned(client: Salesforce, user_id: str, set_id: str) -> bool:
    """Whether a user has a permission set."""
    where = f"AssigneeId = {quote(user_id)} AND PermissionSetId = {quote(set_id)}"
    return any(query_rows(client, build_query("PermissionSetAssignment", ["Id"], where)))


def _find_fields(client: Salesforce, blueprint: Blueprint) -> dict[tuple[str, str], ActualField]:
    plans = [FIELDS[one] for one in blueprint.fields]
    found = {}
    for object_name in blueprint.objects if plans else ():
        ids = tooling.find_fields(client, object_name, [one.developer_name for one in plans])
        for plan in plans:
            if plan.developer_name in ids:
                field_id = ids[plan.developer_name]
                facts = tooling.read_component(client, "CustomField", field_id)
                found[object_name, plan.name] = ActualField(field_id, facts)
    return found


def _find_set(client: Salesforce) -> ActualSet | None:
    soql = build_query("PermissionSet", ["Id", "Description"], f"Name = {quote(SET_NAME)} AND NamespacePrefix = null")
    for row in query_rows(client, soql):
        return ActualSet(row["Id"], row["Description"] or "", load_rights(client, [row["Id"]]))
    return None


def _find_user(client: Salesforce, username: str) -> ActualUser | None:
    columns = ["Id", "Name", "IsActive", "Profile.Name", "Profile.UserLicense.Name"]
    for row in query_rows(client, build_query("User", columns, f"Username = {quote(username)}")):
        profile = row["Profile"] or {}
        license_name = (profile.get("UserLicense") or {}).get("Name", "")
        return ActualUser(row["Id"], row["Name"], bool(row["IsActive"]), profile.get("Name", ""), license_name)
    return None


def _find_profiles(client: Salesforce) -> Iterable[Profile]:
    columns = ["Id", "Name", "UserLicense.Name", "UserLicense.TotalLicenses", "UserLicense.UsedLicenses"]
    names = quote_list(name for name, _ in PROFILES)
    for row in query_rows(client, build_query("Profile", columns, f"Name IN {names}")):
        license_ = row["UserLicense"]
        free = int(license_["TotalLicenses"] or 0) - int(license_["UsedLicenses"] or 0)
        yield Profile(row["Id"], row["Name"], license_["Name"], free)


def _find_set_license(client: Salesforce) -> str:
    where = f"DeveloperName = {quote(INTEGRATION_SET_LICENSE)}"
    return next((one["Id"] for one in query_rows(client, build_query("PermissionSetLicense", ["Id"], where))), "")


def _has_license(client: Salesforce, user_id: str, license_id: str) -> bool:
    where = f"AssigneeId = {quote(user_id)} AND PermissionSetLicenseId = {quote(license_id)}"
    return any(query_rows(client, build_query("PermissionSetLicenseAssign", ["Id"], where)))


def _find_shown(client: Salesforce, profiles: tuple[str, ...]) -> dict[str, tuple[str, frozenset[tuple[str, str]]]]:
    shown: dict[str, tuple[str, frozenset[tuple[str, str]]]] = {}
    for name in profiles:
        where = f"IsOwnedByProfile = true AND Profile.Name = {quote(name)}"
        for row in query_rows(client, build_query("PermissionSet", ["Id"], where)):
            rights = load_field_rights(client, [row["Id"]])
            seen = frozenset((one.object, one.field) for one in rights if one.permission == READ)
            shown[name] = row["Id"], seen
    return shown


def _find_layouts(client: Salesforce, blueprint: Blueprint) -> dict[tuple[str, str], tuple[str, frozenset[str]]]:
    if not blueprint.layouts:
        return {}
    wanted = set(blueprint.layouts)
    known = tooling.find_layouts(client, sorted({object_name for object_name, _ in wanted}))
    return {
        key: (
            layout_id,
            tooling.placed_fields(tooling.read_component(client, "Layout", layout_id))
            if key in wanted
            else frozenset(),
        )
        for key, layout_id in known.items()
    }
