"""The client applications of an org, and what its administrator decides about each.

Sources: Salesforce Help, "Connected App and External Client App OAuth Settings", "Manage OAuth Access Policies for a
Connected App", "OAuth Tokens and Scopes"; RFC 8252, section 7.3, for callbacks on the own machine.
"""

import re
import secrets
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509 import load_pem_x509_certificate

from simorg.encoding import decode, encode
from simorg.users import ConnectedApp

#: Scope → what it lets an app do, as the pages say it.
SCOPES = {
    "id": "Access the identity URL service",
    "profile": "Access your profile",
    "email": "Access your email address",
    "address": "Access your address",
    "phone": "Access your phone number",
    "api": "Manage user data via APIs",
    "web": "Manage user data via Web browsers",
    "full": "Full access",
    "refresh_token": "Perform requests at any time",
    "openid": "Access unique user identifiers",
    "chatter_api": "Access Connect REST API resources",
    "visualforce": "Access Visualforce applications",
    "custom_permissions": "Access custom permissions",
}
ALL_USERS, ADMIN_APPROVED = "all", "admin_approved"
REFRESH_POLICIES = ("until_revoked", "expire_after", "inactivity", "zero")
#: The same scope under OpenID's name.
_OFFLINE = "offline_access"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_LOOPBACK_URI = re.compile(r"(http://(?:localhost|127\.0\.0\.1|\[::1\]))(?::\d{1,5})?(/[^#]*)?")
_CALLBACK = re.compile(r"[a-z][a-z0-9+.-]*://[!-~]+", re.IGNORECASE)
_FIXED = frozenset({"record_id", "public_key"})


@dataclass(frozen=True)
class ClientApp:
    """One application: its credentials, and the policies that hold for it."""

    client_id: str
    client_secret: str
    name: str = "Client App"
    #: What JWT bearer assertions are signed with; None where the app has no certificate.
    public_key: rsa.RSAPublicKey | None = None
    callbacks: tuple[str, ...] = ()
    #: Whether a callback on this machine is known whatever its port is. A real org compares letter by letter.
    loopback_any_port: bool = False
    scopes: tuple[str, ...] = ("id", "api", "web", "refresh_token", "openid")
    #: ALL_USERS may approve it for themselves; or ADMIN_APPROVED ones only, who are then not asked.
    permitted_users: str = ALL_USERS
    #: An administrator has blocked the app.
    blocked: bool = False
    require_secret: bool = True
    require_refresh_secret: bool = True
    require_pkce: bool = False
    client_credentials: bool = False
    #: Whom the client credentials flow runs as: the id of a user, or nobody.
    run_as: str = ""
    #: How long a refresh token lives: until it is revoked, for `refresh_seconds`, so long after its last use, or not.
    refresh_policy: str = "until_revoked"
    refresh_seconds: int = 86_400
    #: Whether each use of a refresh token brings a new one and ends the old.
    rotation: bool = False
    #: Whether the address ranges of profiles do not hold for this app ("Relax IP restrictions").
    relax_ip: bool = False
    #: How long its sessions live after their last use; None as the login policy says.
    session_seconds: int | None = None
    #: Its record of ConnectedApplication.
    record_id: str = ""

    def as_json(self) -> dict[str, Any]:
        """The app as the control plane shows it."""
        shown = asdict(replace(self, public_key=None))
        return {**shown, "public_key": None if self.public_key is None else "set"}


class Apps:
    """The applications of an org by client id, the one that it came with first. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._apps: dict[str, ClientApp] = {}
        #: Grows with each change.
        self.revision = 0

    def clear(self) -> None:
        """Forgets them all."""
        self._take({})

    def begin_with(self, app: ClientApp) -> None:
        """Puts the app that an org comes with in the place of all."""
        self._take({app.client_id: app})

    def put(self, app: ClientApp) -> None:
        """Adds or changes an app."""
        with self._lock:
            self._apps = {**self._apps, app.client_id: app}
            self.revision += 1

    def entries(self) -> list[dict[str, Any]]:
        """All of them as JSON, to be kept (`simorg.logins.state`)."""
        return [_to_kept(one) for one in self.listed()]

    def restore(self, kept: list[dict[str, Any]]) -> None:
        """Takes what `entries` gave."""
        self._take({one.client_id: one for one in map(_from_kept, kept)})

    def _take(self, apps: dict[str, ClientApp]) -> None:
        with self._lock:
            self._apps = apps
            self.revision += 1

    def remove(self, client_id: str) -> ClientApp | None:
        """Takes an app away, unless it is the one that the org came with; gives it."""
        with self._lock:
            if client_id == next(iter(self._apps), None):
                return None
            kept = dict(self._apps)
            gone = kept.pop(client_id, None)
            self._apps = kept
            self.revision += 1
            return gone

    def find(self, client_id: str) -> ClientApp | None:
        """An app by its client id."""
        return self._apps.get(client_id)

    def listed(self) -> list[ClientApp]:
        """All of them."""
        return list(self._apps.values())


def build_sample(connected: ConnectedApp) -> ClientApp:
    """The app that an org comes with: every flow works with it."""
    return ClientApp(
        client_id=connected.client_id,
        client_secret=connected.client_secret,
        name="Sample App",
        public_key=connected.public_key,
        callbacks=(
            "http://localhost:1717/OauthRedirect",
            "http://localhost/callback",
            "http://127.0.0.1/callback",
            "https://login.salesforce.com/services/oauth2/success",
        ),
        scopes=("id", "profile", "email", "address", "phone", "api", "web", "full", "refresh_token", "openid"),
        client_credentials=True,
        run_as=connected.run_as,
    )


def build_new(asked: Mapping[str, Any]) -> ClientApp:
    """A new app as JSON asks for it; what is secret about it is drawn where it is not told.

    Raises:
        ValueError: as `change_app`.
    """
    drawn = ClientApp(f"3MVG9{secrets.token_urlsafe(60)}", secrets.token_hex(32).upper())
    return change_app(drawn, asked)


def change_app(before: ClientApp, asked: Mapping[str, Any]) -> ClientApp:
    """An app changed by what JSON says. `certificate` is a PEM of a certificate or a public key.

    Raises:
        ValueError: it names no such setting, or a value that it cannot have.
    """
    known = {one.name: getattr(before, one.name) for one in fields(ClientApp) if one.name not in _FIXED}
    changes: dict[str, Any] = {}
    for name, value in asked.items():
        if name == "certificate":
            changes["public_key"] = None if value is None else _read_public_key(str(value))
        elif name not in known:
            there = ", ".join(sorted([*known, "certificate"]))
            raise ValueError(f"no such setting of an app: {name}. There are: {there}")
        else:
            changes[name] = _read_setting(name, value, known[name])
    after = replace(before, **changes)
    _check(after)
    return after


def _read_setting(name: str, value: object, before: object) -> object:
    if isinstance(value, list) and isinstance(before, tuple):
        return tuple(str(one) for one in value)
    if name == "session_seconds":
        if value is None or (isinstance(value, int) and not isinstance(value, bool) and value > 0):
            return value
        raise ValueError("session_seconds is a whole number above 0, or null")
    if type(value) is not type(before):
        raise ValueError(f"{name} has another type: {value!r}")
    return value


def _check(app: ClientApp) -> None:
    if not re.fullmatch(r"[!-~]{8,256}", app.client_id):
        raise ValueError("client_id has 8 to 256 printable characters and no blanks")
    if wrong := sorted(set(app.scopes) - set(SCOPES)):
        raise ValueError(f"no such scope: {', '.join(wrong)}. There are: {', '.join(SCOPES)}")
    for uri in app.callbacks:
        if not is_callback(uri):
            raise ValueError(f"no callback: {uri!r}. HTTPS, HTTP on this machine, or a scheme of the app's own")
    if app.permitted_users not in (ALL_USERS, ADMIN_APPROVED):
        raise ValueError(f"permitted_users is one of {ALL_USERS}, {ADMIN_APPROVED}")
    if app.refresh_policy not in REFRESH_POLICIES:
        raise ValueError(f"refresh_policy is one of {', '.join(REFRESH_POLICIES)}")
    if app.refresh_seconds < 0:
        raise ValueError("refresh_seconds is 0 or more")


def is_callback(uri: str) -> bool:
    """Whether something can be the callback of an app ("Callback URL", Salesforce Help)."""
    if not _CALLBACK.fullmatch(uri) or "#" in uri or any(one in uri for one in "\"'<>\\"):
        return False
    try:
        parts = urlsplit(uri)
        return parts.scheme.lower() != "http" or _host(parts.netloc) in _LOOPBACK
    except ValueError:
        return False


def knows_callback(app: ClientApp, uri: str) -> bool:
    """Whether a redirect_uri is one of the app's: letter by letter, or on this machine but for the port."""
    if uri in app.callbacks:
        return True
    if not app.loopback_any_port or not is_callback(uri) or (asked := _without_port(uri)) is None:
        return False
    return any(_without_port(known) == asked for known in app.callbacks)


def read_scopes(app: ClientApp, text: str) -> tuple[str, ...] | None:
    """The scopes that are asked for, all of the app's where none are; None where one is not the app's."""
    asked = {"refresh_token" if one == _OFFLINE else one for one in text.split()}
    if not asked:
        return app.scopes
    allowed = set(SCOPES) - {"refresh_token"} if "full" in app.scopes else set()
    return order_scopes(asked) if asked <= allowed | set(app.scopes) else None


def order_scopes(scopes: set[str]) -> tuple[str, ...]:
    """Scopes in one order, whatever they were asked in."""
    return tuple(one for one in SCOPES if one in scopes)


def _to_kept(app: ClientApp) -> dict[str, Any]:
    known: dict[str, Any] = encode(replace(app, public_key=None))
    if app.public_key is not None:
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        known["certificate"] = app.public_key.public_bytes(serialization.Encoding.PEM, form).decode()
    return known


def _from_kept(kept: Mapping[str, Any]) -> ClientApp:
    app: ClientApp = decode(ClientApp, {name: value for name, value in kept.items() if name != "certificate"})
    return replace(app, public_key=_read_public_key(kept["certificate"])) if "certificate" in kept else app


def _read_public_key(pem: str) -> rsa.RSAPublicKey:
    content = pem.encode()
    try:
        key = (
            load_pem_x509_certificate(content).public_key()
            if b"CERTIFICATE" in content
            else serialization.load_pem_public_key(content)
        )
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("certificate is a PEM of a certificate or a public key") from None
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("certificate has an RSA key")
    return key


def _without_port(uri: str) -> tuple[str, str] | None:
    found = _LOOPBACK_URI.fullmatch(uri)
    return (found[1], found[2] or "") if found else None


def _host(netloc: str) -> str:
    return re.sub(r":\d{1,5}$", "", netloc.lower())
