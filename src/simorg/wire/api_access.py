"""Whether a user may use the API at all: the org's edition, the permission API Enabled, and the user itself."""

from simorg.errors import ApiError
from simorg.fidelity import say
from simorg.org import Org, Session

#: Scopes of which one is needed for the API ("OAuth Tokens and Scopes", Salesforce Help).
_API_SCOPES = frozenset({"api", "full"})


def check_session(org: Org, session: Session, *, sets_password: bool = False) -> None:
    """Lets a request of a session pass.

    Raises:
        ApiError: as `check_api_access`; or the password has expired, and the request is not about it; or the user let
            the application do other things than that.
    """
    if session.access is not None and _API_SCOPES.isdisjoint(session.access.scopes):
        raise ApiError(403, "INVALID_SESSION_ID", say("api.scope"))
    if session.password_only and not sets_password:
        raise ApiError(403, "INVALID_OPERATION_WITH_EXPIRED_PASSWORD", say("login.expired_session"))
    check_api_access(org, session.user_id)


def check_api_access(org: Org, user_id: str) -> None:
    """Lets a request of a user pass.

    Raises:
        ApiError: the org or the user may not use the API; or the user is not active any more.
    """
    rights = org.view(user_id).rights
    if not rights.active:
        raise ApiError(401, "INVALID_SESSION_ID", "Session expired or invalid")
    if not org.settings.api_enabled:
        raise ApiError(403, "API_DISABLED_FOR_ORG", say("api.disabled_for_org"))
    if not rights.allows("ApiEnabled"):
        raise ApiError(403, "API_CURRENTLY_DISABLED", say("api.disabled_for_user"))
