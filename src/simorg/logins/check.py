"""The decision about a login: who is let in, and what somebody is told who is not.

Source: SOAP API Developer Guide, login() and ExceptionCode; Salesforce Help, "OAuth 2.0 error codes".
"""

import hmac
from dataclasses import dataclass

from simorg.fidelity import say
from simorg.logins.passwords import Secret, code_key, fits_code, is_expired, is_locked
from simorg.logins.policy import Policy, combine, is_open, is_within
from simorg.org import Org

_INVALID_LOGIN = "Invalid username, password, security token; or user locked out."


@dataclass(frozen=True)
class Refusal:
    """What somebody is told: by SOAP, and by OAuth."""

    soap_code: str
    soap_message: str
    error: str = "invalid_grant"
    description: str = "authentication failure"


@dataclass(frozen=True)
class Admitted:
    """Who is let in, for how many seconds (None as the org's setting says)."""

    user_id: str
    seconds: int | None
    password_expired: bool


_WRONG = Refusal("INVALID_LOGIN", _INVALID_LOGIN)
#: The org's state → code of SOAP, error of OAuth.
_STATES = {
    "inactive": ("INACTIVE_ORG", "inactive_org"),
    "locked": ("ORG_LOCKED", "inactive_org"),
    "trial_expired": ("TRIAL_EXPIRED", "inactive_org"),
    "unavailable": ("SERVER_UNAVAILABLE", "server_error"),
}


def check_password_login(org: Org, username: str, given: str, source: str) -> Admitted | Refusal:
    """Whether a username and what stands behind it lets somebody in who calls from an address."""
    now = org.clock.now()
    login = org.users.by_username(username)
    secret = org.logins.passwords.find(login.user_id, login, now) if login else None
    if login is None or secret is None:
        return _org_refusal(org) or _WRONG
    policy = policy_of(org, login.user_id)
    if is_locked(secret, policy.lockout_minutes or 0, now):
        return Refusal("PASSWORD_LOCKOUT", say("login.lockout")) if org.logins.org.tells_lockout else _WRONG
    wrong = _check_secret(org, login.user_id, secret, given, source)
    if wrong is _WRONG and org.logins.passwords.fail(login.user_id, policy.lockout_attempts or 0, now):
        _note_lock(org, login.user_id, locked=True)
    refused = wrong or check_user(org, login.user_id, source)
    if refused is not None:
        return refused
    unlock(org, login.user_id)
    forever = org.view(login.user_id).rights.allows("PasswordNeverExpires")
    expired = is_expired(secret, 0 if forever else policy.password_days or 0, now)
    return Admitted(login.user_id, policy.session_seconds, expired)


def check_user(org: Org, user_id: str, source: str) -> Refusal | None:
    """Whether org, user and policies let somebody in who has proved who it is."""
    if refused := _org_refusal(org):
        return refused
    rights, policy = org.view(user_id).rights, policy_of(org, user_id)
    if not rights.active:
        return Refusal("INVALID_LOGIN", _INVALID_LOGIN, "inactive_user", "user is inactive")
    if rights.frozen:
        return Refusal("INVALID_LOGIN", _INVALID_LOGIN, "inactive_user", say("login.frozen"))
    if policy.ip_ranges and not is_within(source, policy.ip_ranges):
        told = say("login.restricted_address"), "invalid_grant", say("login.restricted_address_oauth")
        return Refusal("LOGIN_DURING_RESTRICTED_DOMAIN", *told)
    if not is_open(policy.hours or {}, org.clock.now().astimezone(org.time_zone)):
        told = say("login.restricted_time"), "invalid_grant", say("login.restricted_time_oauth")
        return Refusal("LOGIN_DURING_RESTRICTED_TIME", *told)
    return None


def policy_of(org: Org, user_id: str) -> Policy:
    """The policy that holds for a user."""
    logins = org.logins
    own, profile = logins.users.get(user_id), logins.profiles.get(profile_of(org, user_id))
    return combine([one for one in (own, profile) if one] + [logins.default])


def profile_of(org: Org, user_id: str) -> str:
    """The id of a user's profile."""
    row = org.storage.read_one('SELECT "ProfileId" FROM "User" WHERE "Id" = ?', [user_id])
    return str(row[0]) if row else ""


def expire_password(org: Org, user_id: str) -> None:
    """Lets a user's password expire at once."""
    login = next((one for one in org.users.logins.values() if one.user_id == user_id), None)
    org.logins.passwords.find(user_id, login, org.clock.now())
    org.logins.passwords.expire(user_id)


def unlock(org: Org, user_id: str) -> None:
    """Forgets a user's wrong tries, and ends a lock-out."""
    org.logins.passwords.pardon(user_id)
    _note_lock(org, user_id, locked=False)


def _check_secret(org: Org, user_id: str, secret: Secret, given: str, source: str) -> Refusal | None:
    """Password and what has to stand behind it: nothing, the security token, or a one-time code."""
    if org.view(user_id).rights.allows("TwoFactorApi"):
        password, code = given[:-6], given[-6:]
        key = code_key(org.realm, user_id)
        fits = _same(password, secret.password) and fits_code(code, key, org.clock.now())
        return None if fits else _WRONG
    ranges = (*org.logins.org.trusted_ranges, *(policy_of(org, user_id).ip_ranges or ()))
    trusted = org.settings.trusted_address or is_within(source, ranges)
    if _same(given, secret.password + secret.security_token) or (trusted and _same(given, secret.password)):
        return None
    if _same(given, secret.password):
        return Refusal("LOGIN_MUST_USE_SECURITY_TOKEN", say("soap.login_must_use_security_token"))
    return _WRONG


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


def _org_refusal(org: Org) -> Refusal | None:
    state = org.logins.org.state
    if state not in _STATES:
        return None
    code, error = _STATES[state]
    text = say(f"login.org_{state}")
    return Refusal(code, text, error, text)


def _note_lock(org: Org, user_id: str, *, locked: bool) -> None:
    """What UserLogin says about a lock-out, written only where it changes."""
    found = 'SELECT "Id" FROM "UserLogin" WHERE "UserId" = ? AND "IsPasswordLocked" <> ?'
    row = org.storage.read_one(found, [user_id, int(locked)])
    if row is not None:
        with org.storage.transaction(lags=False) as tx:
            tx.update("UserLogin", str(row[0]), {"IsPasswordLocked": int(locked)})
