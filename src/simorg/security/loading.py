"""The rights of a user, read from the records that hold them."""

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


def load_rights(storage: Storage, user_id: str, stamp: str) -> Rights:
    """The rights of a user at a moment; of nobody's, where there is no such user."""
    names = ", ".join(map(quote, ("IsActive", "ProfileId", "UserRoleId", MARKETING_USER)))
    user = storage.read_one(f'SELECT {names} FROM "User" WHERE "Id" = ?', [user_id])
    if user is None:
        return Rights(user_id, active=False)
    active, profile, role, marketing = user
    login = storage.read_one('SELECT "IsFrozen" FROM "UserLogin" WHERE "UserId" = ?', [user_id])
    sets = [str(row[0]) for row in storage.read(_SETS, [profile, user_id, stamp])]
    return Rights(
        user_id=user_id,
        active=bool(active),
        frozen=bool(login and login[0]),
        marketing_user=bool(marketing),
        system=_load_system(storage, sets),
        objects=_load_objects(storage, sets),
        fields=_load_fields(storage, sets),
        owners=_load_owners(storage, user_id, role),
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


def _load_owners(storage: Storage, user_id: str, role: StoredValue) -> tuple[str, ...]:
    below = [str(row[0]) for row in storage.read(_BELOW, [role])] if role else []
    people = list(dict.fromkeys([user_id, *below]))
    listed = "[" + ",".join(f'"{one}"' for one in people) + "]"
    queues = [str(row[0]) for row in storage.read(_QUEUES, [listed])]
    return (*people, *queues)


def _marks(values: Iterable[object]) -> str:
    return ", ".join("?" for _ in values)
