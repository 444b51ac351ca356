"""The records of logging in: who tried, which applications there are, and what these hold (Object Reference)."""

from typing import Any

from simorg.schema.build import audit, build_object, flag, identity, lookup, moment, pick, read_only, text, whole
from simorg.schema.registry import Field, ObjectType

_PLAIN: dict[str, Any] = {"permissionable": False}
_FIXED: dict[str, Any] = {
    "createable": False, "updateable": False, "deletable": False, "undeletable": False, "replicateable": False,
    "searchable": False, "layoutable": False, "triggerable": False, "mru_enabled": False,
}  # fmt: skip
_LOGIN_TYPES = ("Application", "Other Apex API", "Partner Product", "Remote Access 2.0", "Remote Access Client")


def build_logins() -> list[ObjectType]:
    """All of them."""
    return [_login_history(), _connected_application(), _oauth_token()]


def _login_history() -> ObjectType:
    shown: dict[str, Any] = {"filterable": False, **_PLAIN}
    fields = [
        identity("Login History"),
        lookup("UserId", "User ID", ("User",), None, **_PLAIN),
        moment("LoginTime", "Login Time", **_PLAIN),
        pick("LoginType", "Login Type", _LOGIN_TYPES, length=40, **_PLAIN),
        text("SourceIp", "Source IP", 39, **_PLAIN),
        text("LoginUrl", "Login URL", 255, **_PLAIN),
        text("Browser", "Browser", 64, **shown),
        text("Platform", "Platform", 64, **shown),
        text("Status", "Status", 128, **shown),
        text("Application", "Application", 64, **shown),
        text("ClientVersion", "Client Version", 64, **shown),
        text("ApiType", "API Type", 64, **shown),
        text("ApiVersion", "API Version", 32, **shown),
        text("CountryIso", "Country Code", 3, **_PLAIN),
        text("NetworkId", "Network ID", 18, **_PLAIN),
        text("AuthenticationServiceId", "Authentication Service ID", 18, **_PLAIN),
    ]
    return build_object("LoginHistory", "Login History", "Login History", "0Ya", _read_only(fields), **_FIXED)


def _connected_application() -> ObjectType:
    fields = [
        identity("Connected App"),
        text("Name", "Connected App Name", 80, nillable=False, name_field=True, **_PLAIN),
        *audit(),
        flag("OptionsAllowAdminApprovedUsersOnly", "Admin Approved Users Only"),
        flag("OptionsRefreshTokenValidityMetric", "Refresh Token Validity Metric"),
        flag("OptionsHasSessionLevelPolicy", "Has Session Level Policy"),
        flag("OptionsIsInternal", "Is Internal"),
        whole("MobileSessionTimeout", "Mobile Session Timeout", 9, **_PLAIN),
        whole("PinLength", "Pin Length", 9, **_PLAIN),
        text("StartUrl", "Start URL", 255, **_PLAIN),
        text("MobileStartUrl", "Mobile Start URL", 255, **_PLAIN),
        whole("RefreshTokenValidityPeriod", "Refresh Token Validity Period", 9, **_PLAIN),
    ]
    return build_object("ConnectedApplication", "Connected App", "Connected Apps", "0H4", _read_only(fields), **_FIXED)


def _oauth_token() -> ObjectType:
    fields = [
        identity("OAuth Token"),
        text("AccessToken", "Access Token", 255, **_PLAIN),
        lookup("UserId", "User ID", ("User",), "User", **_PLAIN),
        text("RequestToken", "Request Token", 255, **_PLAIN),
        moment("CreatedDate", "Created Date", nillable=False, defaulted_on_create=True, **_PLAIN),
        moment("LastUsedDate", "Last Used Date", **_PLAIN),
        whole("UseCount", "Use Count", 9, **_PLAIN),
        text("DeleteToken", "Delete Token", 255, **_PLAIN),
        text("AppName", "Application Name", 255, name_field=True, **_PLAIN),
        text("AppMenuItemId", "AppMenuItem ID", 18, **_PLAIN),
    ]
    return build_object("OauthToken", "OAuth Token", "OAuth Tokens", "0CQ", _read_only(fields), **_FIXED)


def _read_only(fields: list[Field]) -> list[Field]:
    return [read_only(one) for one in fields]
