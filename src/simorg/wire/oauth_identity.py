"""Who a token stands for, and where OpenID clients find the rest: userinfo, identity URL, discovery, keys.

Sources: Salesforce Help, "Identity URLs" (with its table of refusals), "User Info Endpoint", "OpenID Connect Discovery
Endpoint".
"""

from datetime import timedelta
from typing import Any

from simorg.errors import ApiError
from simorg.ids import to_18
from simorg.logins.apps import SCOPES
from simorg.logins.keys import describe_keys
from simorg.org import Session
from simorg.wire.http import ApiRequest, ApiResponse, Route
from simorg.wire.oauth_clients import find_token_session, read_access_token

#: Scopes of which one is enough to be told who somebody is.
_IDENTIFYING = frozenset({"id", "profile", "email", "address", "phone", "openid", "full"})
_CLAIMS = (
    "active", "address", "email", "email_verified", "family_name", "given_name", "is_app_installed", "language",
    "locale", "name", "nickname", "organization_id", "picture", "preferred_username", "profile", "sub", "updated_at",
    "urls", "user_id", "user_type", "zoneinfo",
)  # fmt: skip
_INTEGRATION = (
    'SELECT 1 FROM "User" u JOIN "Profile" p ON p."Id" = u."ProfileId" JOIN "UserLicense" l'
    ' ON l."Id" = p."UserLicenseId" WHERE u."Id" = ? AND l."Name" = \'Salesforce Integration\''
)


def userinfo(request: ApiRequest) -> ApiResponse:
    """GET or POST /services/oauth2/userinfo: who the session is, as OpenID says it."""
    user_id, org, base = _require_session(request).user_id, request.org, request.base_url
    user = org.storage.get("User", user_id) or {}
    body = {
        "sub": f"{base}/id/{org.id}/{user_id}",
        "user_id": user_id,
        "organization_id": org.id,
        "preferred_username": user.get("Username"),
        "nickname": user.get("CommunityNickname"),
        "name": org.user_name(user_id),
        "email": user.get("Email"),
        "email_verified": True,
        "given_name": user.get("FirstName"),
        "family_name": user.get("LastName"),
        "zoneinfo": user.get("TimeZoneSidKey") or org.settings.time_zone,
        "photos": _describe_photos(request),
        "profile": f"{base}/{user_id}",
        "picture": f"{base}/profilephoto/005/F",
        "address": {},
        "is_salesforce_integration_user": org.storage.read_one(_INTEGRATION, [user_id]) is not None,
        "urls": {**_describe_urls(request, user_id), "custom_domain": base},
        "active": bool(user.get("IsActive")),
        "user_type": "STANDARD",
        "language": "en_US",
        "locale": user.get("LocaleSidKey") or "en_US",
        "utcOffset": _utc_offset(request),
        "updated_at": str(user.get("LastModifiedDate") or ""),
    }
    return ApiResponse(200, body)


def identity(request: ApiRequest, org_id: str, user_id: str) -> ApiResponse:
    """GET or POST /id/<org>/<user>: the identity URL of a token."""
    session, org = _require_session(request), request.org
    asked_org, asked = to_18(org_id), to_18(user_id)
    if asked_org is None or asked is None:
        raise _refuse(404, "Bad_Id")
    if asked_org != org.id:
        raise _refuse(403, "Wrong_Org")
    user = org.view(session.user_id).read("User", asked)
    if user is None:
        raise _refuse(404, "Bad_Id")
    if not user["IsActive"]:
        raise _refuse(404, "Inactive")
    base = request.base_url
    body = {
        "id": f"{base}/id/{org.id}/{asked}",
        "asserted_user": asked == session.user_id,
        "user_id": asked,
        "organization_id": org.id,
        "username": user["Username"],
        "nick_name": user.get("CommunityNickname"),
        "display_name": org.user_name(asked),
        "email": user.get("Email"),
        "email_verified": True,
        "first_name": user.get("FirstName"),
        "last_name": user.get("LastName"),
        "timezone": user.get("TimeZoneSidKey") or org.settings.time_zone,
        "photos": _describe_photos(request),
        "addr_street": None, "addr_city": None, "addr_state": None, "addr_country": None, "addr_zip": None,
        "mobile_phone": None, "mobile_phone_verified": False,
        "is_lightning_login_user": False,
        "status": {"created_date": None, "body": None},
        "urls": {**_describe_urls(request, asked), "custom_domain": base},
        "active": True,
        "user_type": "STANDARD",
        "language": "en_US",
        "locale": user.get("LocaleSidKey") or "en_US",
        "utcOffset": _utc_offset(request),
        "last_modified_date": str(user.get("LastModifiedDate") or ""),
        "is_app_installed": True,
    }  # fmt: skip
    return ApiResponse(200, body)


def discovery(request: ApiRequest) -> ApiResponse:
    """GET /.well-known/openid-configuration: where everything is, for OpenID clients."""
    base = request.base_url
    body = {
        "issuer": base,
        "authorization_endpoint": f"{base}/services/oauth2/authorize",
        "token_endpoint": f"{base}/services/oauth2/token",
        "revocation_endpoint": f"{base}/services/oauth2/revoke",
        "userinfo_endpoint": f"{base}/services/oauth2/userinfo",
        "introspection_endpoint": f"{base}/services/oauth2/introspect",
        "jwks_uri": f"{base}/id/keys",
        "scopes_supported": [*SCOPES, "offline_access"],
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "display_values_supported": ["page", "popup", "touch"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "code_challenge_methods_supported": ["S256", "plain"],
        "claims_supported": list(_CLAIMS),
    }  # fmt: skip
    return ApiResponse(200, body)


def keys(request: ApiRequest) -> ApiResponse:
    """GET /id/keys: what id tokens are signed with."""
    return ApiResponse(200, describe_keys())


def _require_session(request: ApiRequest) -> Session:
    """The session that a token stands for, as far as its scopes say who it is."""
    if not read_access_token(request):
        raise _refuse(403, "Missing_OAuth_Token")
    session = find_token_session(request)
    if session is None or session.password_only:
        raise _refuse(403, "Bad_OAuth_Token")
    if session.access is not None and _IDENTIFYING.isdisjoint(session.access.scopes):
        raise _refuse(404, "No_Access")
    if not request.org.view(session.user_id).rights.active:
        raise _refuse(404, "Inactive")
    return session


def _refuse(status: int, word: str) -> ApiError:
    return ApiError(status, word, word, body=word.encode())


def _describe_photos(request: ApiRequest) -> dict[str, str]:
    base = request.base_url
    return {"picture": f"{base}/profilephoto/005/F", "thumbnail": f"{base}/profilephoto/005/T"}


def _describe_urls(request: ApiRequest, user_id: str) -> dict[str, Any]:
    org_id = request.org.id[:15]
    base, data = request.base_url, f"{request.base_url}/services/data/v{{version}}"
    return {
        "enterprise": f"{base}/services/Soap/c/{{version}}/{org_id}",
        "metadata": f"{base}/services/Soap/m/{{version}}/{org_id}",
        "partner": f"{base}/services/Soap/u/{{version}}/{org_id}",
        "rest": f"{data}/",
        "sobjects": f"{data}/sobjects/",
        "search": f"{data}/search/",
        "query": f"{data}/query/",
        "recent": f"{data}/recent/",
        "tooling_soap": f"{base}/services/Soap/T/{{version}}/{org_id}",
        "tooling_rest": f"{data}/tooling/",
        "profile": f"{base}/{user_id}",
        "feeds": f"{data}/chatter/feeds",
        "groups": f"{data}/chatter/groups",
        "users": f"{data}/chatter/users",
        "feed_items": f"{data}/chatter/feed-items",
        "feed_elements": f"{data}/chatter/feed-elements",
    }


def _utc_offset(request: ApiRequest) -> int:
    """Milliseconds between the org's time zone and UTC, without daylight saving."""
    here = request.org.clock.now().astimezone(request.org.time_zone)
    whole, saving = here.utcoffset() or timedelta(), here.dst() or timedelta()
    return int((whole - saving).total_seconds() * 1000)


ROUTES = [
    Route(("GET", "POST"), "/services/oauth2/userinfo", userinfo, auth=False, counts=False),
    Route(("GET", "POST"), "/id/<org_id>/<user_id>", identity, auth=False, counts=False),
    Route(("GET",), "/.well-known/openid-configuration", discovery, auth=False, counts=False),
    Route(("GET",), "/id/keys", keys, auth=False, counts=False),
]
