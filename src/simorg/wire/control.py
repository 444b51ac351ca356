"""The control plane: what a test or a demo may do to an org that no API allows. Outside /services, own token.

Each call carries the header X-Simorg-Token with the token that the org was started with.
"""

import hmac
from dataclasses import asdict, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from simorg import bad_days
from simorg.behaviour.customizing import define_field, redefine_field
from simorg.behaviour.later import deliver
from simorg.behaviour.persons import enable_person_accounts
from simorg.behaviour.record_types import define_record_type
from simorg.behaviour.setting_rules import set_rule
from simorg.behaviour.waiting import count_waiting, forget_all
from simorg.errors import ApiError
from simorg.export import export_records
from simorg.ids import to_18
from simorg.journal import as_json
from simorg.logins.check import expire_password, profile_of, unlock
from simorg.logins.policy import Policy, read_policy
from simorg.opening import WrongFolder, plant_anew
from simorg.org import Org
from simorg.schema.definition import read_definition
from simorg.schema.objects.custom import build_custom
from simorg.schema.registry import Field
from simorg.security.granting import Right, change_right, show_to_all
from simorg.security.report import describe_rights
from simorg.security.sharing import check_models
from simorg.seeds import NAMES
from simorg.settings import Settings
from simorg.transactions import Transaction
from simorg.users import INTEGRATION
from simorg.wire.http import ApiRequest, ApiResponse, Handler, Route

if TYPE_CHECKING:
    from simorg.app import OrgKeeper

_ROOT = "/__org__"


def guarded(handler: Handler) -> Handler:
    """A handler that only the holder of the token reaches."""

    def guard(request: ApiRequest, **arguments: str) -> ApiResponse:
        given = request.headers.get("x-simorg-token", "")
        if not hmac.compare_digest(given.encode(), request.org.admin_token.encode()):
            raise ApiError(401, "SIMORG_TOKEN", "The header X-Simorg-Token does not carry this org's token.")
        try:
            return handler(request, **arguments)
        except (TypeError, ValueError, KeyError) as error:
            raise ApiError(400, "SIMORG_REQUEST", str(error)) from None

    return guard


def reset(request: ApiRequest) -> ApiResponse:
    """POST reset {"seed"?, "people"?}: everything as after a start, planted anew."""
    asked = asked_of(request)
    org = request.org
    org.clear_parts()
    bad_days.clear(org)
    org.journal.clear()
    org.end_all_sessions()
    org.clear_usage()
    org.logins.clear()
    org.clock.restart()
    _plant(request, asked, org.seed)
    return ApiResponse(200, {"seed": org.seed})


def seed(request: ApiRequest) -> ApiResponse:
    """POST seed {"seed", "people"?}: empties the org, takes its rules and definitions away, and plants it."""
    request.org.clear_parts()
    _plant(request, asked_of(request), "")
    return ApiResponse(200, {"seed": request.org.seed})


def show_clock(request: ApiRequest) -> ApiResponse:
    """GET clock."""
    return ApiResponse(200, {"now": request.org.clock.now().isoformat(), "frozen": request.org.clock.frozen})


def set_clock(request: ApiRequest) -> ApiResponse:
    """POST clock {"freeze": true | "2026-01-02T03:04:05+00:00", "advance": seconds, "resume": true}."""
    asked = asked_of(request)
    clock = request.org.clock
    if frozen := asked.get("freeze"):
        clock.freeze(datetime.fromisoformat(str(frozen)) if frozen is not True else None)
    if "advance" in asked:
        clock.advance(float(str(asked["advance"])))
    if asked.get("resume"):
        clock.resume()
    deliver(request.org)
    return show_clock(request)


def add_fault(request: ApiRequest) -> ApiResponse:
    """POST faults {facts of a fault}, or {"name": one of the catalogue, and what narrows it down}."""
    asked = asked_of(request)
    if name := asked.pop("name", None):
        return ApiResponse(201, [one.as_json() for one in bad_days.order(request.org, str(name), **asked)])
    return ApiResponse(201, request.org.faults.add(**asked).as_json())


def list_faults(request: ApiRequest) -> ApiResponse:
    """GET faults."""
    return ApiResponse(200, [one.as_json() for one in request.org.faults.listed()])


def clear_faults(request: ApiRequest) -> ApiResponse:
    """DELETE faults: settings that came with bad days are as before, too."""
    bad_days.clear(request.org)
    return ApiResponse(204)


def read_journal(request: ApiRequest) -> ApiResponse:
    """GET journal?after=&path=&method=."""
    args = request.args
    entries = request.org.journal.entries(
        after=int(args.get("after", "0")), path=args.get("path", ""), method=args.get("method", "")
    )
    return ApiResponse(200, as_json(entries))


def clear_journal(request: ApiRequest) -> ApiResponse:
    """DELETE journal."""
    request.org.journal.clear()
    return ApiResponse(204)


def export(request: ApiRequest) -> ApiResponse:
    """GET export?objects=Lead,Contact&audit=no: all records as stored, in order of their ids."""
    names = [name for name in request.args.get("objects", "").split(",") if name]
    return ApiResponse(200, export_records(request.org, names, audit=request.args.get("audit", "yes") != "no"))


def show_settings(request: ApiRequest) -> ApiResponse:
    """GET settings."""
    return ApiResponse(200, asdict(request.org.settings))


def change_settings(request: ApiRequest) -> ApiResponse:
    """POST settings {name: value}: any of what GET settings shows."""
    known = {one.name for one in fields(Settings)}
    asked = asked_of(request)
    unknown = sorted(set(asked) - known)
    if unknown:
        raise ValueError(f"no such setting: {', '.join(unknown)}. There are: {', '.join(sorted(known))}")
    if "sharing" in asked:
        if not isinstance(asked["sharing"], dict):
            raise ValueError("sharing is {object: default}")
        asked["sharing"] = {**request.org.settings.sharing, **check_models(asked["sharing"], request.org.schema)}
    request.org.told.tell({name: tuple(value) if isinstance(value, list) else value for name, value in asked.items()})
    return show_settings(request)


def change_fields(request: ApiRequest) -> ApiResponse:
    """POST fields {"object", "name", "hidden"? | "remove"? | "add": {facts of a field} | "define": {CustomField}}.

    A field that is added, defined or shown again is granted wherever Accounts are, unless `"granted": false`.
    """
    with request.org.changing() as tx:
        _change_field(tx, request.org, asked_of(request))
    return ApiResponse(200, {"version": request.org.schema.version})


def _change_field(tx: Transaction, org: Org, asked: dict[str, object]) -> None:
    object_name, name = str(asked["object"]), str(asked["name"])
    if isinstance(definition := asked.get("define"), dict):
        define = redefine_field if name.lower() in org.schema.get(object_name).fields else define_field
        define(org, object_name, read_definition(definition, name))
    elif asked.get("remove"):
        org.schema.remove_field(object_name, name)
    elif isinstance(facts := asked.get("add"), dict):
        field = Field(name=name, **{"permissionable": not facts.get("required"), **facts})
        org.schema.add_field(object_name, field)
        org.storage.add_column(object_name, field)
    else:
        changes = {key: value for key, value in asked.items() if key not in ("object", "name", "granted")}
        org.schema.change_field(object_name, name, **changes)
    made = not asked.get("remove") and ("add" in asked or "define" in asked or asked.get("hidden") is False)
    if asked.get("granted", made):
        one = org.schema.get(object_name)
        show_to_all(tx, one, [one.fields[name.lower()]])


def add_object(request: ApiRequest) -> ApiResponse:
    """POST objects {"name": "Webinar__c", "label"?, "plural"?, "prefix"?, "fields"?: [{facts}], "granted"?: false}."""
    asked = asked_of(request)
    granted = asked.pop("granted", True)
    org = request.org
    with org.changing() as tx:
        new = build_custom(asked, [one.key_prefix for one in org.schema.objects()])
        org.schema.add_object(new)
        task = org.schema.get("Task").fields["whatid"]
        org.schema.change_field("Task", "WhatId", reference_to=(*task.reference_to, new.name))
        org.storage.add_object(new.name)
        if granted:
            show_to_all(tx, new, new.fields.values())
    return ApiResponse(201, {"name": new.name, "keyPrefix": new.key_prefix, "version": org.schema.version})


def add_record_type(request: ApiRequest) -> ApiResponse:
    """POST record-types {"object", "developerName", "label"?, "values"?, "defaults"?, "profiles"?, "default"?}."""
    with request.org.changing():
        made = define_record_type(request.org, asked_of(request))
    return ApiResponse(201, asdict(made))


def switch_person_accounts_on(request: ApiRequest) -> ApiResponse:
    """POST person-accounts: for good, as in a real org."""
    enable_person_accounts(request.org)
    return ApiResponse(200, {"version": request.org.schema.version})


def add_rule(request: ApiRequest) -> ApiResponse:
    """POST rules {"kind": validation | assignment | duplicate | automation | sharing, "name", "object", …}."""
    return ApiResponse(201, asdict(set_rule(request.org, asked_of(request))))


def list_rules(request: ApiRequest) -> ApiResponse:
    """GET rules: all of them, and how many automations wait for their time."""
    return ApiResponse(200, {"rules": request.org.rules.listed(), "waiting": count_waiting(request.org)})


def remove_rules(request: ApiRequest) -> ApiResponse:
    """DELETE rules?kind=&name=: those of a kind, of a name, or all."""
    kind, name = request.args.get("kind"), request.args.get("name")
    gone = request.org.rules.remove(kind, name)
    if kind is None and name is None:
        forget_all(request.org)
    return ApiResponse(200, {"removed": gone})


def list_orgs(request: ApiRequest) -> ApiResponse:
    """GET orgs: how to reach each org of the process."""
    return ApiResponse(200, _keeper(request).described())


def add_org(request: ApiRequest) -> ApiResponse:
    """POST orgs {"name", "seed"?, "people"?, "sandbox"?, "bare"?, "bare_rights"?, "port"?}: another org."""
    try:
        return ApiResponse(201, _keeper(request).order(asked_of(request)))
    except (OSError, WrongFolder) as error:
        raise ValueError(str(error)) from None


def end_org(request: ApiRequest, name: str) -> ApiResponse:
    """DELETE orgs/<name>: ends an org."""
    _keeper(request).remove(name)
    return ApiResponse(204)


def _keeper(request: ApiRequest) -> "OrgKeeper":
    keeper = request.app.keeper
    if keeper is None or not keeper.keeps(request.org):
        raise ApiError(404, "NOT_FOUND", "Only the first org of `simorg serve` adds and ends others.")
    return keeper


def change_rights(request: ApiRequest) -> ApiResponse:
    """POST rights {"user", "permission", "object"?, "field"?, "allow"?: true} or {"user", "frozen" | "active": bool}.

    `user` is a role (integration, rep …), a username or an id; "Lead", "Title", "Edit" is the right to edit a field.
    """
    asked = asked_of(request)
    org = request.org
    user_id = find_user(request, str(asked["user"]))
    with org.storage.transaction(lags=False) as tx:
        if "frozen" in asked:
            for login in tx.select_ids("UserLogin", '"UserId" = ?', [user_id]):
                tx.update("UserLogin", login, {"IsFrozen": int(bool(asked["frozen"]))})
        if "active" in asked:
            tx.update("User", user_id, {"IsActive": int(bool(asked["active"]))})
        if "permission" in asked:
            names = {name: str(asked.get(name) or "") for name in ("permission", "object", "field")}
            change_right(tx, org.schema, Right(user_id, **names), allow=bool(asked.get("allow", True)))
    return ApiResponse(200, describe_rights(org.schema, org.view(user_id)))


def show_rights(request: ApiRequest) -> ApiResponse:
    """GET rights?user=: what a user may do, put together from the profile and all permission sets."""
    user_id = find_user(request, request.args.get("user", INTEGRATION))
    return ApiResponse(200, describe_rights(request.org.schema, request.org.view(user_id)))


def show_login_policy(request: ApiRequest) -> ApiResponse:
    """GET login-policy: of the org, and of the profiles and users that have their own."""
    return ApiResponse(200, request.org.logins.described())


def change_login_policy(request: ApiRequest) -> ApiResponse:
    """POST login-policy {part: value} for the org; with "profile" (of a user) or "user", for these.

    {"user", "expire_password": true} lets a password expire, {"user", "unlock": true} ends a lock-out.
    """
    asked, logins = asked_of(request), request.org.logins
    profile, user = asked.pop("profile", None), asked.pop("user", None)
    if profile is None and user is None:
        logins.change(asked)
        return show_login_policy(request)
    user_id = find_user(request, str(user or profile))
    if asked.pop("expire_password", False):
        expire_password(request.org, user_id)
    if asked.pop("unlock", False):
        unlock(request.org, user_id)
    if user:
        logins.set_user(user_id, read_policy(asked, logins.users.get(user_id, Policy())))
    else:
        profile_id = profile_of(request.org, user_id)
        logins.set_profile(profile_id, read_policy(asked, logins.profiles.get(profile_id, Policy())))
    return show_login_policy(request)


def end_sessions(request: ApiRequest) -> ApiResponse:
    """DELETE sessions: every token dies."""
    request.org.end_all_sessions()
    return ApiResponse(204)


def log_in_as(request: ApiRequest) -> ApiResponse:
    """POST sessions {"username"}: a token for a user, without a password."""
    user_id = find_user(request, str(asked_of(request)["username"]))
    session = request.org.log_in(user_id)
    return ApiResponse(201, {"access_token": session.token, "instance_url": request.base_url, "user_id": user_id})


def find_user(request: ApiRequest, name: str) -> str:
    """A user by role, username or id."""
    if name in request.org.users.logins:
        return request.org.users.logins[name].user_id
    found = 'SELECT "Id" FROM "User" WHERE "Username" = ? COLLATE NOCASE OR "Id" = ?'
    row = request.org.storage.read_one(found, [name, to_18(name) or ""])
    if row is None:
        raise ValueError(f"no user is named {name}. There are: {', '.join(request.org.users.logins)}, and usernames")
    return str(row[0])


def _plant(request: ApiRequest, asked: dict[str, object], default: str) -> None:
    name = str(asked.get("seed") or default)
    if name not in NAMES:
        raise ValueError(f"no such seed: {name!r}. There are: {', '.join(NAMES)}")
    people = asked.get("people")
    plant_anew(request.org, name, None if people is None else int(str(people)))


def asked_of(request: ApiRequest) -> dict[str, Any]:
    """The JSON object that a call carries; an empty one without a body."""
    return request.json_object() if request.body else {}


def _route(method: str, path: str, handler: Handler) -> Route:
    return Route((method,), f"{_ROOT}/{path}", guarded(handler), auth=False, counts=False)


ROUTES = [
    _route("POST", "reset", reset),
    _route("POST", "seed", seed),
    _route("GET", "clock", show_clock),
    _route("POST", "clock", set_clock),
    _route("POST", "faults", add_fault),
    _route("GET", "faults", list_faults),
    _route("DELETE", "faults", clear_faults),
    _route("GET", "journal", read_journal),
    _route("DELETE", "journal", clear_journal),
    _route("GET", "export", export),
    _route("GET", "settings", show_settings),
    _route("POST", "settings", change_settings),
    _route("POST", "fields", change_fields),
    _route("POST", "objects", add_object),
    _route("POST", "record-types", add_record_type),
    _route("POST", "person-accounts", switch_person_accounts_on),
    _route("POST", "rules", add_rule),
    _route("GET", "rules", list_rules),
    _route("DELETE", "rules", remove_rules),
    _route("GET", "orgs", list_orgs),
    _route("POST", "orgs", add_org),
    _route("DELETE", "orgs/<name>", end_org),
    _route("GET", "rights", show_rights),
    _route("POST", "rights", change_rights),
    _route("GET", "login-policy", show_login_policy),
    _route("POST", "login-policy", change_login_policy),
    _route("DELETE", "sessions", end_sessions),
    _route("POST", "sessions", log_in_as),
]
