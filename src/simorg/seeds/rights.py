"""What every seed says about rights: licences, profiles with what they grant, and the integration's permission set."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from simorg.behaviour.licenses import API_INTEGRATION, INTEGRATION_LICENSE
from simorg.ids import build_id
from simorg.org import INSTANCE, Org
from simorg.schema.registry import ObjectType
from simorg.security.granting import show_to_all
from simorg.security.permissions import GRANTED, OBJECT, PREFIX, SYSTEM
from simorg.security.rights import can_be_edited, find_permissionable, has_field_permissions
from simorg.transactions import StoredValue, Transaction

#: Fields that nobody sees in a new org until somebody grants them (recordings of two orgs).
CONSENT = frozenset({"HasOptedOutOfEmail", "HasOptedOutOfFax", "DoNotCall"})
INTEGRATION_SET = "Marketing_Integration"
STEWARD_SET = "Data_Steward"
SALESFORCE = "Salesforce"

_ALL, _FULL = "Read Create Edit Delete ViewAllRecords ModifyAllRecords", "Read Create Edit Delete"
_REPORTING = ("RunReports", "ExportReport", "CreateCustomizeReports", "ViewPublicReports", "ViewPublicDashboards")
_PEOPLE = ("ActivitiesAccess", "ChatterInternalUser", "ViewHelpLink", "LightningExperienceUser")
_NOT_AN_ADMINISTRATORS = frozenset({"ApiUserOnly", "BulkApiHardDelete", "TwoFactorApi", "PasswordNeverExpires"})


class _Profile(NamedTuple):
    """A profile: its name in the API's permission sets, its licence, and what it grants."""

    name: str
    license: str
    system: tuple[str, ...]
    objects: Mapping[str, str]


PROFILES = (
    _Profile(
        "System Administrator", SALESFORCE, tuple(one for one in SYSTEM if one not in _NOT_AN_ADMINISTRATORS),
        dict.fromkeys(GRANTED, _ALL),
    ),
    _Profile(
        "Standard User", SALESFORCE,
        (*_PEOPLE, *_REPORTING, "ApiEnabled", "EmailSingle", "EditTask", "EditEvent", "ConvertLeads", "ImportPersonal",
         "ViewSetup", "ViewRoles", "NewReportBuilder"),
        {"Account": _FULL, "Contact": _FULL, "Lead": "Read Create Edit", "Opportunity": _FULL, "Campaign": "Read"},
    ),
    _Profile("Minimum Access - API Only Integrations", INTEGRATION_LICENSE, ("ApiEnabled", "ApiUserOnly"), {}),
    _Profile("Minimum Access - Salesforce", SALESFORCE, _PEOPLE, {}),
    _Profile("Read Only", SALESFORCE, (*_PEOPLE, *_REPORTING, "ApiEnabled", "ViewSetup", "ViewRoles"),
             dict.fromkeys(GRANTED, "Read")),
)  # fmt: skip
#: What a marketing integration needs, and what its users see of the set-up.
_INTEGRATION_SYSTEM = (
    "ApiEnabled", "ActivitiesAccess", "EditTask", "RunReports", "ExportReport", "ViewPublicReports", "ViewSetup",
    "ViewRoles", "ConvertLeads", "PasswordNeverExpires",
)  # fmt: skip
_LICENSES = ((SALESFORCE, "SFDC", 40), (INTEGRATION_LICENSE, "PID_Salesforce_Integration", 5))


class Planted(NamedTuple):
    """Ids of the profiles, in the order of PROFILES, of the permission sets, and of the integration's licence."""

    profiles: tuple[str, ...]
    integration_set: str
    steward_set: str
    api_integration: str


def plant_rights(org: Org, tx: Transaction, *, consent: bool) -> Planted:
    """Plants licences, profiles and the integration's set. `consent`: the opt-out fields are granted too."""
    licenses = {
        name: tx.insert("UserLicense", _license(name, total) | {"Name": name, "LicenseDefinitionKey": key})
        for name, key, total in _LICENSES
    }
    names: dict[str, StoredValue] = {"DeveloperName": "SalesforceAPIIntegrationPsl"}
    names["PermissionSetLicenseKey"] = "SalesforceAPIIntegrationPsl"
    psl = tx.insert("PermissionSetLicense", _license(API_INTEGRATION, 5) | names)
    profiles, sets = [], {}
    for number, one in enumerate(PROFILES, start=1):
        row: dict[str, StoredValue] = {"Name": one.name, "UserLicenseId": licenses[one.license]}
        profile = tx.insert("Profile", {**row, "UserType": "Standard"})
        owned = _set(f"X{profile}", f"{number:020}", one.system) | {"ProfileId": profile, "IsOwnedByProfile": 1}
        owned |= {"LicenseId": licenses[one.license], "Type": "Profile", "IsCustom": 0}
        profiles.append(profile)
        sets[tx.insert("PermissionSet", owned)] = one.objects
    row = _set(INTEGRATION_SET, "Marketing Integration", _INTEGRATION_SYSTEM)
    integration = tx.insert("PermissionSet", {**row, "Description": "What a marketing integration needs."})
    sets[integration] = dict.fromkeys(GRANTED, _ALL)
    row = _set(STEWARD_SET, "Data Steward", ())
    steward = tx.insert("PermissionSet", {**row, "Description": "Merges, deletes and corrects what others own."})
    sets[steward] = dict.fromkeys(GRANTED - {"Campaign"}, _ALL)
    _plant_object_permissions(tx, sets)
    _plant_field_permissions(org, tx, [one for one, objects in sets.items() if objects], consent=consent)
    for custom in org.schema.objects():
        if custom.custom:
            show_to_all(tx, custom, ())
    return Planted(tuple(profiles), integration, steward, psl)


def _license(label: str, total: int) -> dict[str, StoredValue]:
    return {"MasterLabel": label, "Status": "Active", "TotalLicenses": total}


def _set(name: str, label: str, system: tuple[str, ...]) -> dict[str, StoredValue]:
    row: dict[str, StoredValue] = {PREFIX + one: int(one in system) for one in SYSTEM}
    return {**row, "Name": name, "Label": label, "IsOwnedByProfile": 0, "IsCustom": 1, "Type": "Regular",
            "HasActivationRequired": 0}  # fmt: skip


def _plant_object_permissions(tx: Transaction, sets: Mapping[str, Mapping[str, str]]) -> None:
    for parent, objects in sets.items():
        for name, granted in sorted(objects.items()):
            row: dict[str, StoredValue] = {PREFIX + one: int(one in granted.split()) for one in OBJECT}
            tx.insert("ObjectPermissions", {**row, "ParentId": parent, "SobjectType": name})


def _plant_field_permissions(org: Org, tx: Transaction, sets: list[str], *, consent: bool) -> None:
    objects = [one for one in org.schema.objects() if any(has_field_permissions(one, f) for f in one.fields.values())]

    def rows() -> Iterator[tuple[StoredValue, ...]]:
        number = 0
        for parent in sets:
            for one in objects:
                for name, edit in _grants(one, consent=consent):
                    number += 1
                    yield build_id("01k", INSTANCE, number), parent, one.name, name, edit, 1, tx.stamp

    columns = ("Id", "ParentId", "SobjectType", "Field", "PermissionsEdit", "PermissionsRead", "SystemModstamp")
    tx.bulk_insert("FieldPermissions", columns, rows())


def _grants(one: ObjectType, *, consent: bool) -> list[tuple[str, int]]:
    """Each field that permissions are granted for, as they name it, and whether it can be edited."""
    return [
        (f"{one.name}.{shown.name}", int(can_be_edited(one, shown)))
        for shown in find_permissionable(one)
        if consent or shown.name not in CONSENT
    ]
