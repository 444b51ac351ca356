"""Setting and resetting passwords (REST API Developer Guide, "sObject User Password"; SOAP setPassword, resetPassword).

A new password brings a new security token, which a real org mails to the user, and ends the user's other sessions.
"""

import secrets

from simorg.errors import ApiError
from simorg.fidelity import say
from simorg.ids import to_18
from simorg.logins.check import find_secret, policy_of, unlock
from simorg.logins.passwords import is_expired
from simorg.wire.http import ApiRequest, ApiResponse, Route, data

_SHORTEST = 8


def show(request: ApiRequest, record_id: str) -> ApiResponse:
    """GET sobjects/User/<id>/password: whether it has expired."""
    user_id, org = _require_user(request, record_id), request.org
    secret = find_secret(org, user_id)
    forever = org.view(user_id).rights.allows("PasswordNeverExpires")
    days = 0 if forever else policy_of(org, user_id).password_days or 0
    return ApiResponse(200, {"isExpired": bool(secret and is_expired(secret, days, org.clock.now()))})


def set_new(request: ApiRequest, record_id: str) -> ApiResponse:
    """POST sobjects/User/<id>/password {"NewPassword"}."""
    change_password(request, record_id, str(request.json_object().get("NewPassword", "")))
    return ApiResponse(204)


def reset_it(request: ApiRequest, record_id: str) -> ApiResponse:
    """DELETE sobjects/User/<id>/password: a password that the user has to change."""
    return ApiResponse(200, {"NewPassword": reset(request, record_id)})


def change_password(request: ApiRequest, record_id: str, password: str) -> None:
    """Sets a user's password.

    Raises:
        ApiError: no such user, no right to, or the password is too weak.
    """
    user_id, org = _require_user(request, record_id), request.org
    kinds = any(one.isdigit() for one in password) and any(one.isalpha() for one in password)
    if len(password) < _SHORTEST or not kinds:
        raise ApiError(400, "INVALID_NEW_PASSWORD", say("login.password_weak"))
    org.logins.passwords.set(user_id, password, org.clock.now())
    unlock(org, user_id)
    org.end_user_sessions(user_id, request.session.token if request.session else "")
    org.free_session(request.session.token if request.session else "", user_id)


def reset(request: ApiRequest, record_id: str) -> str:
    """Gives a user a password that has to be changed at the next login.

    Raises:
        ApiError: no such user, or no right to.
    """
    user_id, org = _require_user(request, record_id), request.org
    made = f"{secrets.token_urlsafe(9)}a1"
    org.logins.passwords.set(user_id, made, org.clock.now(), expired=True)
    unlock(org, user_id)
    org.end_user_sessions(user_id, request.session.token if request.session else "")
    return made


def _require_user(request: ApiRequest, record_id: str) -> str:
    """The user, whom the caller is or administers."""
    user_id = to_18(record_id) or ""
    if request.org.storage.get("User", user_id) is None:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    if user_id != request.user_id and not request.view.rights.allows("ManageUsers", "ManageInternalUsers"):
        raise ApiError(403, "INSUFFICIENT_ACCESS", say("login.password_rights"))
    return user_id


_PATH = data("/sobjects/User/<record_id>/password")
ROUTES = [
    Route(("GET",), _PATH, show),
    Route(("POST",), _PATH, set_new),
    Route(("DELETE",), _PATH, reset_it),
]
