"""Connecting to an org: log in, learn who and where we are, look at the rights, keep it all, map the standard fields.

Connecting again under the same name renews the login and keeps the mapping.
"""

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from syncline import clock
from syncline.domain import mapping as people
from syncline.domain.connection import NOT_STORED, Connection, ConnectionState, check_name
from syncline.domain.mapping_check import check_mapping
from syncline.domain.mapping_defaults import default_mapping
from syncline.domain.mapping_problem import Problem, Severity
from syncline.domain.shape import ObjectShape
from syncline.errors import OperatorError, RemoteRefused
from syncline.flows.auth_kinds import NEEDED_SECRETS, AuthKind
from syncline.salesforce.client import Salesforce
from syncline.salesforce.credentials import (
    ClientCredentials,
    Credentials,
    JwtBearer,
    SessionToken,
    SoapLogin,
    UsernamePassword,
)
from syncline.salesforce.token import TokenOwner
from syncline.salesforce.transport import Transport
from syncline.store.connections import list_connections, load_secrets, save_connection
from syncline.store.mappings import load_mapping, save_mapping
from syncline.store.secrets import KeyRing

#: The newest version in which all four ways to log in exist: SOAP login ends with 64.0.
API_VERSION = "64.0"
#: Fields without which an object cannot be followed.
_NEEDED_FIELDS = ("Id", "Email")
_CONSENT_FIELD = "HasOptedOutOfEmail"
_GRANT_FIELD = "Setup, Object Manager, {object}, Fields & Relationships, {label}, Set Field-Level Security"


@dataclass(frozen=True)
class Login:
    """How to log in; `secrets` by the names of NEEDED_SECRETS."""

    kind: AuthKind
    login_url: str
    client_id: str = ""
    username: str = ""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Connected:
    """What connecting came to; `problems` are missing rights and what the mapping does not fit."""

    connection: Connection
    organization: Mapping[str, object]
    username: str
    mapping: people.Mapping
    mapping_is_new: bool
    problems: tuple[Problem, ...]
    #: API calls it took.
    calls: int


def connect(keys: KeyRing, name: str, login: Login, api_version: str = API_VERSION) -> Connected:
    """Logs in and keeps the connection, with the default mapping where it has none.

    Raises:
        OperatorError: the name or the address cannot be used, the name is another org's, or no person is visible.
        ConnectionBroken: Salesforce refuses the login; nothing is stored.
        RemoteError: the org cannot be reached.
    """
    _check(name, login)
    with make_client(login, api_version) as client:
        identity = client.identity()
        organization = client.organization()
        shapes = describe_people(client)
        calls = client.calls.total
    known = next((one for one in list_connections() if one.name == name), None)
    organization_name = str(organization.get("Name", ""))
    _refuse_another_org(known, identity.organization_id, organization_name)
    connection = Connection(
        id=known.id if known else NOT_STORED,
        name=name,
        login_url=login.login_url.rstrip("/"),
        auth_kind=str(login.kind),
        client_id=login.client_id,
        username=login.username,
        api_version=api_version,
        organization_id=identity.organization_id,
        user_id=identity.user_id,
        organization_name=organization_name,
        state=ConnectionState.ACTIVE,
    )
    stored = save_connection(connection, dict(login.secrets), keys, clock.now())
    mapping, is_new = _map(stored, shapes)
    problems = (*_check_rights(shapes), *check_mapping(mapping, shapes))
    return Connected(stored, organization, identity.username, mapping, is_new, problems, calls)


@contextmanager
def open_client(connection: Connection, keys: KeyRing) -> Iterator[Salesforce]:
    """A client of a stored connection; it logs in at its first call.

    Raises:
        ConfigError: the stored secrets cannot be opened.
    """
    with make_client(stored_login(connection, keys), connection.api_version) as client:
        yield client


def stored_login(connection: Connection, keys: KeyRing) -> Login:
    """The login of a stored connection.

    Raises:
        ConfigError: the stored secrets cannot be opened.
    """
    secrets = load_secrets(connection.id, keys)
    kind = AuthKind(connection.auth_kind)
    return Login(kind, connection.login_url, connection.client_id, connection.username, secrets)


@contextmanager
def make_client(login: Login, api_version: str = API_VERSION) -> Iterator[Salesforce]:
    """A client that logs in this way; its session and its connections live as long as the context."""
    transport = Transport()
    try:
        owner = TokenOwner(build_credentials(login), transport)
        yield Salesforce(owner, transport, api_version=api_version)
    finally:
        transport.close()


@contextmanager
def open_session(instance_url: str, access_token: str, api_version: str = API_VERSION) -> Iterator[Salesforce]:
    """A client of a session that somebody else began; when it ends, it is not begun anew.

    Raises:
        OperatorError: the address cannot be used.
    """
    _check_address(instance_url)
    transport = Transport()
    try:
        yield Salesforce(TokenOwner(SessionToken(instance_url, access_token), transport), transport, api_version)
    finally:
        transport.close()


def build_credentials(login: Login) -> Credentials:
    """The credentials of a login, as the client takes them."""
    secrets = login.secrets
    makers: dict[AuthKind, Callable[[], Credentials]] = {
        AuthKind.CLIENT_CREDENTIALS: lambda: ClientCredentials(
            login.login_url, login.client_id, secrets["client_secret"]
        ),
        AuthKind.JWT: lambda: JwtBearer(login.login_url, login.client_id, login.username, secrets["private_key"]),
        AuthKind.PASSWORD: lambda: UsernamePassword(
            login.login_url,
            login.client_id,
            secrets["client_secret"],
            login.username,
            secrets["password"],
            secrets.get("security_token", ""),
        ),
        AuthKind.SOAP: lambda: SoapLogin(
            login.login_url, login.username, secrets["password"], secrets.get("security_token", "")
        ),
    }
    return makers[login.kind]()


def describe_people(client: Salesforce) -> dict[str, ObjectShape]:
    """The objects whose records are people, as far as this user sees them, by name.

    Raises:
        OperatorError: none is visible.
    """
    shapes: dict[str, ObjectShape] = {}
    for name in people.PERSON_OBJECTS:
        try:
            shape = client.describe(name)
        except RemoteRefused as refused:
            if refused.status != 404:
                raise
            continue
        if shape.queryable:
            shapes[name] = shape
    refuse_nobody(shapes)
    return shapes


def refuse_nobody(shapes: Mapping[str, ObjectShape]) -> None:
    """Goes no further where no object of people is visible.

    Raises:
        OperatorError: none is.
    """
    if not shapes:
        raise OperatorError(
            "This user sees neither Leads nor Contacts.",
            remedy="Grant Read and View All on both to it (Setup, Permission Sets, Object Settings), then try again.",
        )


def _check(name: str, login: Login) -> None:
    try:
        check_name(name)
    except ValueError as problem:
        raise OperatorError(str(problem), remedy="Choose another name with --name.") from None
    _check_address(login.login_url)
    missing = [one for one in NEEDED_SECRETS[login.kind][0] if not login.secrets.get(one)]
    if missing:
        raise OperatorError(
            f"The login by {login.kind} needs: {', '.join(missing)}.", remedy="See `syncline connect --help`."
        )


def _check_address(url: str) -> None:
    address = urlsplit(url)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise OperatorError(
            f"{url!r} is no address of an org.",
            remedy="Write it as https://YOUR-DOMAIN.my.salesforce.com.",
        )
    if address.scheme == "http" and not _is_loopback(address.hostname):
        raise OperatorError(
            "Secrets are not sent over http.", remedy="Write the address with https; http is for this machine only."
        )


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refuse_another_org(known: Connection | None, organization_id: str, organization_name: str) -> None:
    if known and known.organization_id and known.organization_id != organization_id:
        raise OperatorError(
            f"The connection {known.name!r} belongs to the org {known.organization_name} ({known.organization_id}); "
            f"this login leads to {organization_name} ({organization_id}).",
            remedy="Give this org a connection of its own with --name: what is linked to the one stays with it.",
        )


def _check_rights(shapes: Mapping[str, ObjectShape]) -> list[Problem]:
    """Rights that the sync needs and that are missing, each with the place where it is granted."""
    problems = []
    for name, shape in shapes.items():
        for needed in _NEEDED_FIELDS:
            if shape.find(needed) is None:
                remedy = _GRANT_FIELD.format(object=shape.label, label=needed)
                problems.append(Problem("", name, f"{name}.{needed} is not visible to this user", f"{remedy}."))
        if shape.find(_CONSENT_FIELD) is None:
            remedy = _GRANT_FIELD.format(object=shape.label, label="Email Opt Out")
            problems.append(
                Problem(
                    "opted_out",
                    name,
                    f"{name}.{_CONSENT_FIELD} is not visible to this user: opt-outs will not be in step",
                    f"{remedy}: Visible; then `syncline map set opted_out --type boolean --{name.lower()} "
                    f"{_CONSENT_FIELD} --direction both --policy stricter`.",
                    Severity.WARNING,
                )
            )
        if shape.stamp_field is None:
            problems.append(
                Problem(
                    "",
                    name,
                    f"{name} shows no stamp of changes: every sync will read all of it",
                    f"{_GRANT_FIELD.format(object=shape.label, label='Last Modified Date')}.",
                    Severity.WARNING,
                )
            )
    return problems


def _map(connection: Connection, shapes: dict[str, ObjectShape]) -> tuple[people.Mapping, bool]:
    mapping = load_mapping(connection.id)
    if mapping is not None:
        return mapping, False
    return save_mapping(connection.id, replace(default_mapping(shapes), approved=False), clock.now()), True
