"""Who may read and change metadata (Metadata API Developer Guide, "Prerequisites"; Tooling API, access rules)."""

from simorg.errors import ApiError
from simorg.fidelity import say
from simorg.org import Org


def require_metadata(org: Org, user_id: str) -> None:
    """Refuses a user who may not use the Metadata API.

    Raises:
        ApiError: INSUFFICIENT_ACCESS.
    """
    if not may(org, user_id, "ModifyMetadata", "ModifyAllData"):
        raise ApiError(500, "INSUFFICIENT_ACCESS", say("metadata.no_right"))


def require_customize(org: Org, user_id: str) -> None:
    """Refuses a user who may not change objects and fields by the Tooling API.

    Raises:
        ApiError: 403 INSUFFICIENT_ACCESS.
    """
    if not may(org, user_id, "CustomizeApplication"):
        raise ApiError(403, "INSUFFICIENT_ACCESS", say("tooling.no_right"))


def require_setup(org: Org, user_id: str) -> None:
    """Refuses a user who may not look into the set-up.

    Raises:
        ApiError: 403 INSUFFICIENT_ACCESS.
    """
    if not may(org, user_id, "ViewSetup", "CustomizeApplication"):
        raise ApiError(403, "INSUFFICIENT_ACCESS", say("tooling.no_right"))


def may(org: Org, user_id: str, *permissions: str) -> bool:
    """Whether a user has one of the system permissions."""
    return org.view(user_id).rights.allows(*permissions)
