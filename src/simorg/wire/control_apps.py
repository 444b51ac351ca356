"""The control plane's part about client applications: which there are, their policies, and what users granted them."""

from typing import Any

from simorg.logins.apps import ClientApp, build_new, change_app
from simorg.logins.history import forget_app
from simorg.logins.sample import add_app
from simorg.logins.tokens import end_refresh
from simorg.wire.control import asked_of, find_user, guarded
from simorg.wire.http import ApiRequest, ApiResponse, Route

_PATH = "/__org__/apps"


def list_apps(request: ApiRequest) -> ApiResponse:
    """GET apps: all of them, the one that the org came with first."""
    return ApiResponse(200, [_describe(request, one) for one in request.org.logins.apps.listed()])


def change_apps(request: ApiRequest) -> ApiResponse:
    """POST apps {setting: value}: a new app; with the "client_id" of one, changes that; "default" is the org's own.

    "run_as" and those of "approved_by" are roles, usernames or ids; the latter approve the app for all its scopes.
    """
    asked = asked_of(request)
    org = request.org
    if asked.get("client_id") == "default":
        asked["client_id"] = org.logins.apps.listed()[0].client_id
    approving = [find_user(request, str(one)) for one in asked.pop("approved_by", ())]
    if asked.get("run_as"):
        asked["run_as"] = find_user(request, str(asked["run_as"]))
    known = org.logins.apps.find(str(asked.get("client_id", "")))
    app = add_app(org, change_app(known, asked) if known else build_new(asked))
    for user_id in approving:
        org.logins.grants.approve(app.client_id, user_id, app.scopes)
    return ApiResponse(200 if known else 201, _describe(request, app))


def remove_app(request: ApiRequest, client_id: str) -> ApiResponse:
    """DELETE apps/<client id>: with what was granted to it."""
    org = request.org
    gone = org.logins.apps.remove(client_id)
    if gone is None:
        raise ValueError("no app of this client id that can be removed; the org's own stays")
    end_refresh(org, lambda one: one.client_id == client_id)
    forget_app(org, gone)
    org.end_access(lambda one: one.client_id == client_id)
    return ApiResponse(204)


def end_tokens(request: ApiRequest) -> ApiResponse:
    """DELETE refresh-tokens?user=&client_id=: ends them with their sessions, as an administrator can."""
    client_id, user = request.args.get("client_id", ""), request.args.get("user", "")
    user_id = find_user(request, user) if user else ""
    number = end_refresh(
        request.org,
        lambda one: one.client_id in (client_id or one.client_id,) and one.user_id in (user_id or one.user_id,),
    )
    return ApiResponse(200, {"ended": number})


def _describe(request: ApiRequest, app: ClientApp) -> dict[str, Any]:
    tokens = [one for one in request.org.logins.grants.listed() if one.client_id == app.client_id]
    return {**app.as_json(), "refresh_tokens": len(tokens)}


ROUTES = [
    Route(("GET",), _PATH, guarded(list_apps), auth=False, counts=False),
    Route(("POST",), _PATH, guarded(change_apps), auth=False, counts=False),
    Route(("DELETE",), f"{_PATH}/<client_id>", guarded(remove_app), auth=False, counts=False),
    Route(("DELETE",), "/__org__/refresh-tokens", guarded(end_tokens), auth=False, counts=False),
]
