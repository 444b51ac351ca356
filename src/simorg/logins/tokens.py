"""What becomes of tokens: refresh tokens are issued, used and ended, and the sessions that came of them end with them.

Sources: Salesforce Help, "Revoke OAuth Tokens": an access token dies alone, a refresh token with its access tokens;
"Force one-time-use Refresh Tokens": who comes with one that was used ends the one in its place.
"""

from collections.abc import Callable
from dataclasses import replace

from simorg.logins.apps import ADMIN_APPROVED, ClientApp
from simorg.logins.grants import RefreshToken, build_refresh, lives
from simorg.logins.history import forget_token, note_token
from simorg.org import Org

_ASSIGNED = (
    'SELECT 1 FROM "SetupEntityAccess" e WHERE e."SetupEntityId" = ? AND e."ParentId" IN ('
    ' SELECT p."Id" FROM "PermissionSet" p JOIN "User" u ON u."ProfileId" = p."ProfileId"'
    ' WHERE p."IsOwnedByProfile" = 1 AND u."Id" = ? UNION'
    ' SELECT a."PermissionSetId" FROM "PermissionSetAssignment" a WHERE a."AssigneeId" = ?'
    ' AND (a."ExpirationDate" IS NULL OR a."ExpirationDate" > ?))'
)


def is_permitted(org: Org, app: ClientApp, user_id: str) -> bool:
    """Whether the administrator lets a user have an app at all: everybody, or who was given access to it."""
    if app.permitted_users != ADMIN_APPROVED:
        return True
    return org.storage.read_one(_ASSIGNED, [app.record_id, user_id, user_id, org.clock.stamp()]) is not None


def has_approved(org: Org, app: ClientApp, user_id: str, scopes: tuple[str, ...]) -> bool:
    """Whether a user need not be asked whether an app may do something."""
    if app.permitted_users == ADMIN_APPROVED:
        return is_permitted(org, app, user_id)
    return org.logins.grants.has_approved(app.client_id, user_id, scopes)


def issue_refresh(org: Org, app: ClientApp, user_id: str, scopes: tuple[str, ...]) -> RefreshToken | None:
    """A new refresh token; None where its app's policy is that it ends at once."""
    if app.refresh_policy == "zero":
        return None
    drawn = build_refresh(app.client_id, user_id, scopes, org.clock.now())
    made = replace(drawn, record_id=note_token(org, app, drawn))
    _forget(org, org.logins.grants.add_refresh(made))
    return made


def use_refresh(org: Org, app: ClientApp, token: str) -> RefreshToken | None:
    """Uses a refresh token of an app; gives the one that lives from now on, None where it did not live."""
    grants, now = org.logins.grants, org.clock.now()
    known = grants.find_refresh(token)
    if known is None:
        key = grants.find_retired(token)
        if key is not None and app.rotation:
            end_refresh(org, lambda one: one.key == key)
        return None
    if known.client_id != app.client_id or not lives(known, app, now):
        return None
    used = grants.use_refresh(token, now, rotates=app.rotation)
    if used is not None:
        note_token(org, app, used)
    return used


def spoil_refresh(org: Org, token: str, how: str) -> None:
    """A bad day of a refresh token, before its use: rotated away, revoked, expired."""
    if how == "rotated":
        org.logins.grants.use_refresh(token, org.clock.now(), rotates=True)
    elif how == "revoked":
        end_refresh(org, lambda one: one.token == token)
    elif how == "expired":
        org.logins.grants.expire_refresh(lambda one: one.token == token)


def end_refresh(org: Org, chosen: Callable[[RefreshToken], bool]) -> int:
    """Ends refresh tokens with their sessions; says how many."""
    gone = org.logins.grants.end_refresh(chosen)
    _forget(org, gone)
    return len(gone)


def _forget(org: Org, gone: list[RefreshToken]) -> None:
    for one in gone:
        forget_token(org, one)
    keys = {one.key for one in gone}
    if keys:
        org.end_access(lambda access: access.key in keys)
