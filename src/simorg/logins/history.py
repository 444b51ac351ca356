"""The records of logging in: LoginHistory for who tried, OauthToken for what apps hold, ConnectedApplication for apps.

Source: Object Reference, "LoginHistory", "OauthToken", "ConnectedApplication". Rows follow what happens; nobody writes
them through an API.
"""

from dataclasses import dataclass

from simorg.fidelity import FACTS, say
from simorg.logins.apps import ADMIN_APPROVED, ClientApp
from simorg.logins.grants import RefreshToken
from simorg.org import Org
from simorg.transactions import StoredValue

REMOTE_ACCESS, SOAP_LOGIN, PAGE = "Remote Access 2.0", "Other Apex API", "Application"
SUCCESS = "Success"


@dataclass(frozen=True)
class Caller:
    """Who tries to log in, from where, and how; as LoginHistory tells it."""

    source: str
    login_type: str = REMOTE_ACCESS
    application: str = ""
    api_type: str = ""
    api_version: str = ""
    url: str = ""
    browser: str = ""


def note_attempt(org: Org, user_id: str, caller: Caller, refusal: str = "") -> None:
    """Writes down that a user logged in, or why not (a code of SOAP's login)."""
    status = SUCCESS
    if refusal:
        status = say(f"history.{refusal}" if f"history.{refusal}" in FACTS else "history.other")
    row: dict[str, StoredValue] = {
        "UserId": user_id,
        "LoginTime": org.clock.stamp(),
        "LoginType": caller.login_type,
        "SourceIp": caller.source,
        "LoginUrl": caller.url,
        "Status": status,
        "Application": caller.application[:64] or None,
        "ApiType": caller.api_type or None,
        "ApiVersion": caller.api_version or None,
        "Browser": caller.browser[:64] or "Unknown",
        "Platform": "Unknown",
        "CountryIso": None,
    }
    with org.storage.transaction(lags=False) as tx:
        tx.insert("LoginHistory", row)


def note_app(org: Org, app: ClientApp) -> None:
    """Writes down an app as it is now."""
    row: dict[str, StoredValue] = {
        "Name": app.name,
        "OptionsAllowAdminApprovedUsersOnly": int(app.permitted_users == ADMIN_APPROVED),
        "OptionsRefreshTokenValidityMetric": int(app.refresh_policy == "inactivity"),
        "OptionsHasSessionLevelPolicy": 0,
        "OptionsIsInternal": 0,
        "RefreshTokenValidityPeriod": _hours(app),
    }
    with org.storage.transaction(lags=False) as tx:
        if tx.get("ConnectedApplication", app.record_id) is None:
            tx.insert("ConnectedApplication", {**row, "Id": app.record_id})
        else:
            tx.update("ConnectedApplication", app.record_id, row)


def forget_app(org: Org, app: ClientApp) -> None:
    """Removes the record of an app that is gone."""
    with org.storage.transaction(lags=False) as tx:
        tx.remove("ConnectedApplication", app.record_id)


def forget_all(org: Org) -> None:
    """Removes the records of all apps and refresh tokens, which live in memory and not in a folder."""
    with org.storage.transaction(lags=False) as tx:
        for name in ("ConnectedApplication", "OauthToken"):
            for one in tx.select_ids(name, "1", []):
                tx.remove(name, one)


def note_token(org: Org, app: ClientApp, token: RefreshToken) -> str:
    """Writes down a refresh token as it is now; gives the id of its record."""
    row: dict[str, StoredValue] = {
        "AppName": app.name,
        "UserId": token.user_id,
        "UseCount": token.uses,
        "LastUsedDate": org.clock.stamp() if token.uses else None,
        "DeleteToken": token.key,
    }
    with org.storage.transaction(lags=False) as tx:
        if token.record_id:
            tx.update("OauthToken", token.record_id, row)
            return token.record_id
        return tx.insert("OauthToken", row)


def forget_token(org: Org, token: RefreshToken) -> None:
    """Removes the record of a refresh token that has ended."""
    if token.record_id:
        with org.storage.transaction(lags=False) as tx:
            tx.remove("OauthToken", token.record_id)


def _hours(app: ClientApp) -> int | None:
    """How long a refresh token lives; None where that has no end."""
    return None if app.refresh_policy == "until_revoked" else app.refresh_seconds // 3600
