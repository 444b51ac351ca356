"""What one user may do, put together from the profile and the permission sets; and what that means for an object.

Rights add up ("User Permissions and Access", Salesforce Help): whatever one of the sets grants is granted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from simorg.schema.registry import Field, ObjectType, Schema
from simorg.security import permissions


class ObjectRights(NamedTuple):
    """What a user may do with the records of an object; on which of them, sharing decides."""

    read: bool = False
    create: bool = False
    edit: bool = False
    delete: bool = False
    view_all: bool = False
    modify_all: bool = False


class FieldRights(NamedTuple):
    """What a user may do with a field."""

    read: bool = False
    edit: bool = False


NOTHING = ObjectRights()
EVERYTHING = ObjectRights(True, True, True, True, True, True)
_OPEN = FieldRights(True, True)
_READ_ONLY = FieldRights(True, False)


@dataclass(frozen=True)
class Rights:
    """The rights of one user. `objects` by name in lower case, `fields` by `lead.title` → whether it can be edited.

    `owners` are the users and queues whose records the user works with as if they were owned: the user, the queues the
    user is a member of, and all below in the role hierarchy.
    """

    user_id: str = ""
    active: bool = True
    frozen: bool = False
    marketing_user: bool = False
    system: frozenset[str] = frozenset()
    objects: Mapping[str, ObjectRights] = field(default_factory=dict)
    fields: Mapping[str, bool] = field(default_factory=dict)
    owners: tuple[str, ...] = ()
    #: Whom a share may name so that it is the user's: the user and whoever stands below, their roles and groups.
    circles: frozenset[str] = frozenset()
    #: The org itself, which nothing is closed to.
    unlimited: bool = False

    def allows(self, *names: str) -> bool:
        """Whether one of some system permissions is there."""
        return self.unlimited or not self.system.isdisjoint(names)

    def on(self, one: ObjectType) -> ObjectRights:
        """What the user may do with an object."""
        if self.unlimited:
            return EVERYTHING
        found = self._decide(one)
        if one.name in permissions.MARKETING and not self.marketing_user:
            found = found._replace(create=False, edit=False, delete=False)
        return found

    def on_field(self, one: ObjectType, shown: Field, schema: Schema) -> FieldRights:
        """What the user may do with a field of an object that is open."""
        if self.unlimited:
            return _OPEN
        if one.name == "User" and shown.name in permissions.USER_ADMINISTERED:
            return _OPEN if self.allows(*permissions.SETUP_WRITE["User"]) else _READ_ONLY
        if not has_field_permissions(one, shown):
            return _OPEN
        if shown.mirrors:
            return self._on_mirrored(shown, schema)
        if not shown.permissionable or shown.required:
            return _OPEN
        edits = self.fields.get(f"{one.name}.{permission_name(one, shown)}".lower())
        return FieldRights() if edits is None else _OPEN if edits else _READ_ONLY

    def _decide(self, one: ObjectType) -> ObjectRights:
        if one.name in permissions.FOLLOWING:
            above = self._granted(permissions.FOLLOWING[one.name])
            every = {
                "view_all": self.allows("ViewAllData", "ModifyAllData"),
                "modify_all": self.allows("ModifyAllData"),
            }
            return above._replace(create=above.edit, delete=above.edit, **every)
        if one.name in permissions.ACTIVITIES:
            return self._decide_activity(*permissions.ACTIVITIES[one.name])
        if has_object_permissions(one):
            return self._granted(one.name)
        readers = permissions.SETUP_READ.get(one.name)
        read = readers is None or self.allows(*readers)
        write = read and self.allows(*permissions.SETUP_WRITE.get(one.name, ("CustomizeApplication",)))
        # Everybody edits a part of the own user; whose user it is, sharing decides.
        return ObjectRights(read, write, write or one.name == "User", write, modify_all=write)

    def _decide_activity(self, seeing: str, writing: str) -> ObjectRights:
        writes = self.allows(writing, "ModifyAllData")
        reads = writes or self.allows(seeing, "ViewAllData")
        view_all, modify_all = self.allows("ViewAllData", "ModifyAllData"), self.allows("ModifyAllData")
        return ObjectRights(reads, writes, writes, writes, view_all, modify_all)

    def _granted(self, object_name: str) -> ObjectRights:
        if self.allows("ModifyAllData"):
            return EVERYTHING
        found = self.objects.get(object_name.lower(), NOTHING)
        return found._replace(read=True, view_all=True) if self.allows("ViewAllData") else found

    def _on_mirrored(self, shown: Field, schema: Schema) -> FieldRights:
        """What is allowed with all fields that a field shows, of those objects that are open."""
        open_ones = []
        for source in shown.mirrors:
            object_name, _, field_name = source.partition(".")
            one = schema.get(object_name)
            if not self.on(one).read:
                continue
            mirrored = one.fields.get(field_name.lower())
            open_ones.append(self.on_field(one, mirrored, schema) if mirrored else FieldRights())
        if not open_ones or not all(each.read for each in open_ones):
            return FieldRights()
        return _OPEN if all(each.edit for each in open_ones) else _READ_ONLY


def has_object_permissions(one: ObjectType) -> bool:
    """Whether ObjectPermissions decide about an object."""
    return one.custom or one.name in permissions.GRANTED


def has_field_permissions(one: ObjectType, shown: Field) -> bool:
    """Whether FieldPermissions can decide about a field: of business objects, and whatever is custom."""
    business = one.name in permissions.FOLLOWING or one.name in permissions.ACTIVITIES or has_object_permissions(one)
    return business or shown.custom


def permission_name(one: ObjectType, shown: Field) -> str:
    """The field that stands in FieldPermissions for a field: the parts of an address go with the address."""
    whole = one.fields.get((shown.compound or "").lower())
    return whole.name if whole is not None and whole.type == "address" else shown.name


def find_permissionable(one: ObjectType) -> list[Field]:
    """The fields that FieldPermissions are granted for, in the object's order; an address is one."""
    return [
        shown
        for shown in one.fields.values()
        if shown.permissionable
        and not shown.required
        and has_field_permissions(one, shown)
        and permission_name(one, shown) == shown.name
    ]


def can_be_edited(one: ObjectType, shown: Field) -> bool:
    """Whether a field permission to edit means anything: the field, or a part of it, can be written."""
    parts = [one.fields[name.lower()] for name in shown.components if name.lower() in one.fields]
    return any(part.createable or part.updateable for part in (shown, *parts))
