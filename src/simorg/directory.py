"""Which org of a process a request is for: by host name, and at the login hosts by who asks.

A My Domain leads to its org, login.salesforce.com to the production org and test.salesforce.com to the sandbox that
knows the username, the client or the token of the request (Salesforce Help, "My Domain"). Every other host leads to
the org whose port it came to. Nothing is tried at an org that does not know the asker.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl

from simorg.app import App, RawRequest
from simorg.errors import ApiError
from simorg.org import Org
from simorg.transport.targets import LOGIN_HOSTS, is_salesforce

_TEST = LOGIN_HOSTS[1]
_ORG_ID = re.compile(r"(00D[0-9A-Za-z]{12})")
_PATH_ID = re.compile(r"/(00D[0-9A-Za-z]{12})(?:[0-9A-Za-z]{3})?(?:/|$)")
#: What all orgs answer alike.
_OF_ANY = frozenset({"/.well-known/openid-configuration", "/id/keys"})
_SOAP_NAME = re.compile(rb"<(?:[\w.-]+:)?username>\s*([^<]{1,200}?)\s*<", re.IGNORECASE)
_SOAP_SESSION = re.compile(rb"<(?:[\w.-]+:)?sessionId>\s*(00D[0-9A-Za-z]{12})!", re.IGNORECASE)


class Directory:
    """The apps of one process, by their orgs' names."""

    def __init__(self) -> None:
        self._apps: dict[str, App] = {}

    def add(self, app: App) -> None:
        """Lists an org."""
        self._apps = {**self._apps, app.org.name: app}

    def remove(self, name: str) -> None:
        """Takes an org off the list."""
        self._apps = {key: app for key, app in self._apps.items() if key != name}

    def choose(self, host: str, raw: RawRequest, own: App) -> App:
        """The app for a request that came to the port of `own`.

        Raises:
            ApiError: 404, no org has this host name, or nobody at the login host knows who asks.
        """
        apps = self._apps
        if not is_salesforce(host) or len(apps) <= 1:
            return own
        named = next((app for app in apps.values() if app.org.my_domain == host), None)
        if named is not None:
            return named
        kind = host == _TEST
        there = [app for app in apps.values() if app.org.sandbox == kind] if host in LOGIN_HOSTS else apps.values()
        if host.endswith(".my.salesforce.com"):
            raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
        return _find_known(raw, there)


def _find_known(raw: RawRequest, apps: Iterable[App]) -> App:
    """The app whose org knows who asks."""
    path, _, query = raw.target.partition("?")
    org_ids, usernames, clients, tokens = _read_asker(raw, path, query)
    for app in apps:
        org = app.org
        if (
            org.id[:15] in org_ids
            or _has_user(org, usernames)
            or any(org.logins.apps.find(client) for client in clients)
            or any(org.logins.grants.find_refresh(token) for token in tokens)
            or path in _OF_ANY
        ):
            return app
    raise _refuse(path)


def _refuse(path: str) -> ApiError:
    """What somebody gets whom no org knows, in the form of what was asked."""
    if path.startswith("/services/oauth2/"):
        told = {"error": "invalid_grant", "error_description": "authentication failure"}
        return ApiError(400, "invalid_grant", "authentication failure", body=told)
    if path.startswith("/services/data/"):
        return ApiError(401, "INVALID_SESSION_ID", "Session expired or invalid")
    return ApiError(404, "NOT_FOUND", "The requested resource does not exist")


def _read_asker(raw: RawRequest, path: str, query: str) -> tuple[set[str], set[str], set[str], set[str]]:
    """Ids of orgs, usernames, clients and tokens that a request names."""
    org_ids = set(_PATH_ID.findall(path))
    usernames: set[str] = set()
    clients: set[str] = set()
    kind, _, given = raw.headers.get("authorization", "").partition(" ")
    if kind.lower() == "basic":
        clients.add(_read_basic(given))
    org_ids |= set(_ORG_ID.findall(given[:15]))
    if path.startswith("/services/Soap/"):
        usernames |= {found.decode("utf-8", "replace") for found in _SOAP_NAME.findall(raw.body)}
        org_ids |= {found.decode() for found in _SOAP_SESSION.findall(raw.body)}
        return org_ids, usernames, clients, set()
    form = dict(parse_qsl(query, keep_blank_values=True, errors="replace"))
    if len(raw.body) < 65_536:
        form |= dict(parse_qsl(raw.body.decode("utf-8", "replace"), keep_blank_values=True))
    claims = _read_claims(form.get("assertion", ""))
    usernames |= {str(one) for one in (form.get("username"), form.get("un"), claims.get("sub")) if one}
    clients |= {str(one) for one in (form.get("client_id"), claims.get("iss")) if one}
    for name in ("token", "oauth_token", "access_token"):
        org_ids |= set(_ORG_ID.findall(form.get(name, "")[:15]))
    return org_ids, usernames, clients, {form.get("token", "")}


def _read_basic(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[0]
    except ValueError:
        return ""


def _read_claims(assertion: str) -> Mapping[str, object]:
    """What a JWT says, unproven: it only says whom to ask; that org then demands the proof."""
    parts = assertion.split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _has_user(org: Org, usernames: Iterable[str]) -> bool:
    statement = 'SELECT 1 FROM "User" WHERE "Username" = ? COLLATE NOCASE'
    return any(org.storage.read_one(statement, [name]) is not None for name in usernames)
