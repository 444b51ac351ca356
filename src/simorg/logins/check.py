"""The decision about a login: who is let in, and what somebody is told who is not.

Source: SOAP API Developer Guide, login() and ExceptionCode; Salesforce Help, "OAuth 2.0 error codes".
"""

import hmac
from dataclasses import dataclass

from simorg.fidelity import say
from simorg.logins.history import Caller, note_attempt
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


def check_password_login(
    org: Org, username: str, given: str, caller: Caller, *, page: bool = False
) -> Admitted | Refusal:
    """Whether a username and what stands behind it lets somebody in; who is refused is written down.

    On a login page the password stands alone; elsewhere it may need a security token or a one-time code behind it.
    """
    user_id = find_user(org, username)
    secret = find_secret(org, user_id) if user_id else None
    if user_id is None or secret is None:
        return _org_refusal(org) or _WRONG
    found = _check_known(org, user_id, secret, given, caller.source, page=page)
    if isinstance(found, Refusal):
        note_attempt(org, user_id, caller, found.soap_code)
    return found


def _check_known(org: Org, user_id: str, secret: Secret, given: str, source: str, *, page: bool) -> Admitted | Refusal:
    now = org.clock.now()
    policy = policy_of(org, user_id)
    if is_locked(secret, policy.lockout_minutes or 0, now):
        return Refusal("PASSWORD_LOCKOUT", say("login.lockout")) if org.logins.org.tells_lockout else _WRONG
    if secret.locked_at is not None:
        unlock(org, user_id)
    wrong = _check_secret(org, user_id, secret, given, source, page=page)
    if wrong is _WRONG and org.logins.passwords.fail(user_id, policy.lockout_attempts or 0, now):
        _note_lock(org, user_id, locked=True)
    refused = wrong or check_user(org, user_id, source)
    if refused is not None:
        return refused
    unlock(org, user_id)
    if org.faults.expires_password():
        expire_password(org, user_id)
        secret = find_secret(org, user_id) or secret
    forever = org.view(user_id).rights.allows("PasswordNeverExpires")
    expired = is_expired(secret, 0 if forever else policy.password_days or 0, now)
    return Admitted(user_id, policy.session_seconds, expired)


def check_user(org: Org, user_id: str, source: str, *, anywhere: bool = False) -> Refusal | None:
    """Whether org, user and policies let somebody in who has proved who it is; `anywhere`: whatever the address."""
    if refused := _org_refusal(org):
        return refused
    rights, policy = org.view(user_id).rights, policy_of(org, user_id)
    if not rights.active:
        return Refusal("INVALID_LOGIN", _INVALID_LOGIN, "inactive_user", "user is inactive")
    if rights.frozen:
        return Refusal("INVALID_LOGIN", _INVALID_LOGIN, "inactive_user", say("login.frozen"))
    if policy.ip_ranges and not anywhere and not is_within(source, policy.ip_ranges):
        told = say("login.restricted_address"), "invalid_grant", say("login.restricted_address_oauth")
        return Refusal("LOGIN_DURING_RESTRICTED_DOMAIN", *told)
    if not is_open(policy.hours or {}, org.clock.now().astimezone(org.time_zone)):
        told = say("login.restricted_time"), "invalid_grant", say("login.restricted_time_oauth")
        return Refusal("LOGIN_DURING_RESTRICTED_TIME", *told)
    return None


def admit(org: Org, user_id: str, caller: Caller) -> Refusal | None:
    """Lets somebody in who may: counts the login and writes it down; who comes too often is refused."""
    now = org.clock.now()
    if not org.logins.rate.note(user_id, org.logins.org.logins_per_hour, now):
        note_attempt(org, user_id, caller, "LOGIN_RATE_EXCEEDED")
        told = say("login.rate"), "rate_limit_exceeded", say("oauth.rate_limit_exceeded")
        return Refusal("LOGIN_RATE_EXCEEDED", *told)
    note_attempt(org, user_id, caller)
    return None


def find_user(org: Org, username: str) -> str | None:
    """The id of the user of a name, in any case."""
    row = org.storage.read_one('SELECT "Id" FROM "User" WHERE "Username" = ? COLLATE NOCASE', [username])
    return str(row[0]) if row else None


def find_secret(org: Org, user_id: str) -> Secret | None:
    """A user's password and token; None for a user who never got any."""
    seeded = next((one for one in org.users.logins.values() if one.user_id == user_id), None)
    return org.logins.passwords.find(user_id, seeded, org.clock.now())


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
    find_secret(org, user_id)
    org.logins.passwords.expire(user_id)


def unlock(org: Org, user_id: str) -> None:
    """Forgets a user's wrong tries, and ends a lock-out."""
    org.logins.passwords.pardon(user_id)
    _note_lock(org, user_id, locked=False)


def _check_secret(org: Org, user_id: str, secret: Secret, given: str, source: str, *, page: bool) -> Refusal | None:
    """Password and what has to stand behind it: nothing, the security token, or a one-time code."""
    if page:
        return None if _same(given, secret.password) else _WRONG
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
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())


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
