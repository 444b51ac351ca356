"""Rights in an org: what one is, what each needs beside it, and where an administrator grants it.

Sources: Object Reference, "PermissionSet", "ObjectPermissions" and "FieldPermissions"; Salesforce Help, "User
Permissions and Access". Rights add up: whatever one of a user's permission sets grants is granted.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from syncline.domain.shape import ObjectShape

READ, EDIT = "Read", "Edit"
CREATE, DELETE, VIEW_ALL, MODIFY_ALL = "Create", "Delete", "ViewAllRecords", "ModifyAllRecords"

#: What a permission set can grant on an object → its label in Setup, and what it needs beside it.
OBJECT_ACCESS: dict[str, tuple[str, tuple[str, ...]]] = {
    READ: ("Read", ()),
    CREATE: ("Create", (READ,)),
    EDIT: ("Edit", (READ,)),
    DELETE: ("Delete", (READ, EDIT)),
    VIEW_ALL: ("View All Records", (READ,)),
    MODIFY_ALL: ("Modify All Records", (READ, EDIT, DELETE, VIEW_ALL)),
}
#: System permissions that a set-up or a check speaks of → their labels in Setup.
SYSTEM_LABELS = {
    "ActivitiesAccess": "Access Activities",
    "ApiEnabled": "API Enabled",
    "ApiUserOnly": "API Only User",
    "ConvertLeads": "Convert Leads",
    "EditTask": "Edit Tasks",
    "ExportReport": "Export Reports",
    "ModifyAllData": "Modify All Data",
    "PasswordNeverExpires": "Password Never Expires",
    "RunReports": "Run Reports",
    "ViewAllData": "View All Data",
    "ViewPublicReports": "View Reports in Public Folders",
    "ViewRoles": "View Roles and Role Hierarchy",
    "ViewSetup": "View Setup and Configuration",
}
_SYSTEM_NEEDS = {"ExportReport": ("RunReports",), "EditTask": ("ActivitiesAccess",)}
#: A system permission → the object permissions that it stands for, on every object.
EVERYWHERE = {
    "ModifyAllData": frozenset(OBJECT_ACCESS),
    "ViewAllData": frozenset({READ, VIEW_ALL}),
}
#: Objects that ObjectPermissions say nothing of: activities, which system permissions open.
ACTIVITIES = frozenset({"Task", "Event"})
#: A part of a standard address, and which address it is of: what hides it may hide the address as well.
_ADDRESS_PART = re.compile(
    "(?P<of>Mailing|Other|Billing|Shipping|)"
    "(Street|City|State|StateCode|PostalCode|Country|CountryCode|Latitude|Longitude|GeocodeAccuracy)"
)
_PLURALS = {"Opportunity": "Opportunities", "Lead": "Leads", "Contact": "Contacts", "Account": "Accounts",
            "Campaign": "Campaigns", "Task": "Tasks"}  # fmt: skip


@dataclass(frozen=True, order=True)
class Right:
    """One right: a system permission (`object` is empty), one on an object (`field` is empty), or one on a field.

    `permission` is its name in the API without `Permissions`; on a field it is Read or Edit.
    """

    object: str
    field: str
    permission: str

    @property
    def folded(self) -> tuple[str, str, str]:
        """What it is compared by: Salesforce's names ignore case."""
        return self.object.lower(), self.field.lower(), self.permission.lower()

    @property
    def name(self) -> str:
        """How it is called in a list: Lead.Email (Edit), Lead (View All Records), API Enabled."""
        if not self.object:
            return SYSTEM_LABELS.get(self.permission, self.permission)
        if self.field:
            return f"{self.object}.{self.field} ({self.permission})"
        return f"{self.object} ({OBJECT_ACCESS[self.permission][0]})"

    def where(self, permission_set: str) -> str:
        """The place in Setup where it is granted, in Salesforce's own words."""
        path = f"Setup, Permission Sets, {permission_set}"
        if not self.object:
            return f"{path}, System Permissions: {self.name}"
        plural = _PLURALS.get(self.object, self.object)
        if self.field:
            return f"{path}, Object Settings, {plural}, Field Permissions, {self.field}: {self.permission} Access"
        return f"{path}, Object Settings, {plural}, Object Permissions: {OBJECT_ACCESS[self.permission][0]}"

    @property
    def needs(self) -> Iterator["Right"]:
        """The rights that it cannot be granted or used without."""
        if not self.object:
            yield from (system(one) for one in _SYSTEM_NEEDS.get(self.permission, ()))
        elif not self.field:
            yield from (on_object(self.object, one) for one in OBJECT_ACCESS[self.permission][1])
        elif self.object not in ACTIVITIES:
            if self.permission == EDIT:
                yield on_field(self.object, self.field, READ)
            yield on_object(self.object, READ)
        elif self.permission == EDIT:
            yield on_field(self.object, self.field, READ)


def system(permission: str) -> Right:
    """A system permission."""
    return Right("", "", permission)


def on_object(object_name: str, permission: str) -> Right:
    """A right on an object."""
    return Right(object_name, "", permission)


def on_field(object_name: str, field: str, permission: str) -> Right:
    """A right on a field."""
    return Right(object_name, field, permission)


def with_needs(wanted: Mapping[Right, str]) -> dict[Right, str]:
    """The rights with all that they need, each with the reason; what is there for another's sake says whose."""
    closed = dict(wanted)
    waiting = list(wanted)
    while waiting:
        one = waiting.pop()
        for needed in one.needs:
            if needed not in closed:
                closed[needed] = f"{one.name} needs it"
                waiting.append(needed)
    return closed


@dataclass(frozen=True)
class Granted:
    """What a user has: the union of the profile and the permission sets."""

    rights: frozenset[Right]

    @cached_property
    def _folded(self) -> frozenset[tuple[str, str, str]]:
        return frozenset(one.folded for one in self.rights)

    def has(self, right: Right) -> bool:
        """Whether a right is there, by its own name or by one that stands for it on every object."""
        if right.folded in self._folded:
            return True
        if not right.object or right.field:
            return False
        return any(right.permission in stands and system(name) in self.rights for name, stands in EVERYWHERE.items())


def find_missing(needed: Mapping[Right, str], granted: Granted) -> list[Right]:
    """The rights that are missing, in order. Where one is missing, those that need it are not listed: granting begins
    with the one, and the next look lists the others."""
    lacking = {one for one in needed if not granted.has(one)}
    return sorted(one for one in lacking if not any(other in lacking for other in _all_needs(one)))


def find_surplus(needed: Mapping[Right, str], granted: Iterable[Right]) -> list[Right]:
    """The rights that are there and not needed, in order."""
    folded = {one.folded for one in needed}
    return sorted(one for one in granted if one.folded not in folded)


def permission_field(shape: ObjectShape | None, name: str) -> str | None:
    """The field that stands in FieldPermissions for a field; None where nothing is granted for it.

    The parts of an address go with the address; what every record must have is seen by everybody. A field that the
    shape does not show stands for itself.
    """
    found = shape.find(name) if shape else None
    if shape is None or found is None:
        part = _ADDRESS_PART.fullmatch(name)
        return f"{part['of']}Address" if part else name
    whole = shape.find(found.compound_of) if found.compound_of else None
    if whole is not None and whole.type == "address":
        return whole.name
    return found.name if found.permissionable else None


def _all_needs(right: Right) -> Iterator[Right]:
    for one in right.needs:
        yield one
        yield from _all_needs(one)
