"""The rights of a user, read from the records that hold them."""

import json
from collections.abc import Iterable, Sequence

from simorg.security.permissions import MARKETING_USER, OBJECT, PREFIX, SYSTEM
from simorg.security.rights import ObjectRights, Rights
from simorg.storage import Storage
from simorg.transactions import StoredValue, quote

#: The objects whose records decide.
READ_FROM = (
    "User", "UserLogin", "UserRole", "Group", "GroupMember", "PermissionSet", "PermissionSetAssignment",
    "ObjectPermissions", "FieldPermissions",
)  # fmt: skip
_SETS = (
    'SELECT p."Id" FROM "PermissionSet" p WHERE p."IsOwnedByProfile" = 1 AND p."ProfileId" = ? UNION'
    ' SELECT a."PermissionSetId" FROM "PermissionSetAssignment" a WHERE a."AssigneeId" = ?'
    ' AND (a."ExpirationDate" IS NULL OR a."ExpirationDate" > ?)'
)
_BELOW = (
    'WITH RECURSIVE below(id) AS (SELECT r."Id" FROM "UserRole" r WHERE r."ParentRoleId" = ? UNION'
    ' SELECT r."Id" FROM below JOIN "UserRole" r ON r."ParentRoleId" = below.id)'
    ' SELECT u."Id" FROM below JOIN "User" u ON u."UserRoleId" = below.id ORDER BY 1'
)
_QUEUES = (
    'SELECT DISTINCT m."GroupId" FROM "GroupMember" m JOIN "Group" g ON g."Id" = m."GroupId" AND g."Type" = \'Queue\''
    ' WHERE m."UserOrGroupId" IN (SELECT value FROM json_each(?)) ORDER BY 1'
)


_CIRCLES = (
    'SELECT m."GroupId" FROM "GroupMember" m WHERE m."UserOrGroupId" IN (SELECT value FROM json_each(:people))'
    ' UNION SELECT u."UserRoleId" FROM "User" u WHERE u."UserRoleId" IS NOT NULL'
    ' AND u."Id" IN (SELECT value FROM json_each(:people))'
)


def load_rights(storage: Storage, user_id: str, stamp: str) -> Rights:
    """The rights of a user at a moment; of nobody's, where there is no such user."""
    names = ", ".join(map(quote, ("IsActive", "ProfileId", "UserRoleId", MARKETING_USER)))
    user = storage.read_one(f'SELECT {names} FROM "User" WHERE "Id" = ?', [user_id])
    if user is None:
        return Rights(user_id, active=False)
    active, profile, role, marketing = user
    login = storage.read_one('SELECT "IsFrozen" FROM "UserLogin" WHERE "UserId" = ?', [user_id])
    sets = [str(row[0]) for row in storage.read(_SETS, [profile, user_id, stamp])]
    people = _load_people(storage, user_id, role)
    return Rights(
        user_id=user_id,
        active=bool(active),
        frozen=bool(login and login[0]),
        marketing_user=bool(marketing),
        system=_load_system(storage, sets),
        objects=_load_objects(storage, sets),
        fields=_load_fields(storage, sets),
        owners=_load_owners(storage, people),
        circles=_load_circles(storage, people),
    )


def _load_system(storage: Storage, sets: Sequence[str]) -> frozenset[str]:
    columns = ", ".join(f"max({quote(PREFIX + name)})" for name in SYSTEM)
    statement = f'SELECT {columns} FROM "PermissionSet" WHERE "Id" IN ({_marks(sets)})'
    row = storage.read_one(statement, list(sets)) or ()
    return frozenset(name for name, allowed in zip(SYSTEM, row, strict=False) if allowed)


def _load_objects(storage: Storage, sets: Sequence[str]) -> dict[str, ObjectRights]:
    columns = ", ".join(f"max({quote(PREFIX + name)})" for name in OBJECT)
    statement = (
        f'SELECT "SobjectType", {columns} FROM "ObjectPermissions" WHERE "ParentId" IN ({_marks(sets)})'
        ' GROUP BY "SobjectType"'
    )
    return {str(name).lower(): ObjectRights(*map(bool, granted)) for name, *granted in storage.read(statement, sets)}


def _load_fields(storage: Storage, sets: Sequence[str]) -> dict[str, bool]:
    statement = (
        'SELECT "Field", max("PermissionsEdit") FROM "FieldPermissions" WHERE "PermissionsRead" = 1'
        f' AND "ParentId" IN ({_marks(sets)}) GROUP BY "Field"'
    )
    return {str(name).lower(): bool(edit) for name, edit in storage.read(statement, sets)}


def _load_people(storage: Storage, user_id: str, role: StoredValue) -> list[str]:
    """A user and whoever stands below."""
    below = [str(row[0]) for row in storage.read(_BELOW, [role])] if role else []
    return list(dict.fromkeys([user_id, *below]))


def _load_owners(storage: Storage, people: list[str]) -> tuple[str, ...]:
    queues = [str(row[0]) for row in storage.read(_QUEUES, [json.dumps(people)])]
    return (*people, *queues)


def _load_circles(storage: Storage, people: list[str]) -> frozenset[str]:
    found = storage.read(_CIRCLES, {"people": json.dumps(people)})
    return frozenset([*people, *(str(row[0]) for row in found)])


def _marks(values: Iterable[object]) -> str:
    return ", ".join("?" for _ in values)
