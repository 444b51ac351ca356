"""Logging in: one function per flow, each a request and the reading of its answer.

Sources: Salesforce Help "OAuth Authorization Flows"; RFC 6749; RFC 7523; SOAP API Developer Guide, login().
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from syncline import clock
from syncline.errors import ConfigError, ConnectionBroken
from syncline.salesforce.credentials import (
    ClientCredentials,
    Credentials,
    JwtBearer,
    SessionToken,
    SoapLogin,
    UsernamePassword,
)
from syncline.salesforce.envelope import build_envelope, find_text, parse_envelope
from syncline.salesforce.failures import login_error
from syncline.salesforce.transport import Answer, Transport

#: The last version with SOAP login().
_SOAP_VERSION = "64.0"
_PARTNER = "urn:partner.soap.sforce.com"
#: Salesforce takes assertions that expire within three minutes.
_ASSERTION_LIFE = timedelta(minutes=3)
_JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass(frozen=True)
class Token:
    """A session: what every request carries, and the host that takes it."""

    access_token: str = field(repr=False)
    instance_url: str
    organization_id: str
    user_id: str
    issued_at: datetime


def log_in(credentials: Credentials, transport: Transport) -> Token:
    """Logs in.

    Raises:
        ConnectionBroken: Salesforce refuses, with its reason and the remedy.
        RetryLater: no answer, or Salesforce is not available.
        ConfigError: the private key cannot be used.
    """
    match credentials:
        case SessionToken():
            return Token(credentials.access_token, credentials.instance_url.rstrip("/"), "", "", clock.now())
        case ClientCredentials():
            form = {"grant_type": "client_credentials"}
            return _ask_token(
                transport,
                credentials.login_url,
                {**form, "client_id": credentials.client_id, "client_secret": credentials.client_secret},
            )
        case JwtBearer():
            form = {"grant_type": _JWT_GRANT, "assertion": build_assertion(credentials, clock.now())}
            return _ask_token(transport, credentials.login_url, form)
        case UsernamePassword():
            form = {
                "grant_type": "password",
                "client_id": credentials.client_id,
                "client_secret": credentials.client_secret,
                "username": credentials.username,
                "password": credentials.password + credentials.security_token,
            }
            return _ask_token(transport, credentials.login_url, form)
        case SoapLogin():
            return _soap_login(transport, credentials)


def build_assertion(credentials: JwtBearer, now: datetime) -> str:
    """The signed assertion of the JWT bearer flow (RFC 7523, section 3).

    Raises:
        ConfigError: the key is not an RSA private key in PEM.
    """
    import jwt

    host = urlsplit(credentials.login_url)
    claims = {
        "iss": credentials.client_id,
        "sub": credentials.username,
        "aud": f"{host.scheme}://{host.netloc}",
        "exp": int((now + _ASSERTION_LIFE).timestamp()),
    }
    try:
        return jwt.encode(claims, credentials.private_key_pem, algorithm="RS256")
    except (ValueError, TypeError, jwt.PyJWTError) as problem:
        raise ConfigError(
            "The private key cannot be used.", remedy="Give the RSA private key of the app as a PEM file."
        ) from problem


def _ask_token(transport: Transport, login_url: str, form: Mapping[str, str]) -> Token:
    answer = transport.request(
        "login",
        "POST",
        f"{login_url.rstrip('/')}/services/oauth2/token",
        form=form,
        headers={"Accept": "application/json"},
    )
    body = answer.json()
    if not answer.ok or not isinstance(body, dict) or "access_token" not in body:
        facts = body if isinstance(body, dict) else {}
        # error_description is optional (RFC 6749, section 5.2), and Salesforce leaves it out now and then.
        raise login_error(answer.status, str(facts.get("error") or ""), str(facts.get("error_description") or ""))
    organization_id, user_id = str(body["id"]).rstrip("/").split("/")[-2:]
    return Token(
        access_token=body["access_token"],
        instance_url=str(body["instance_url"]).rstrip("/"),
        organization_id=organization_id,
        user_id=user_id,
        issued_at=_issued_at(body.get("issued_at")),
    )


def _issued_at(milliseconds: object) -> datetime:
    try:
        return datetime.fromtimestamp(int(str(milliseconds)) / 1000, UTC)
    except ValueError:
        return clock.now()


def _soap_login(transport: Transport, credentials: SoapLogin) -> Token:
    body = build_envelope(
        _PARTNER,
        "login",
        {"username": credentials.username, "password": credentials.password + credentials.security_token},
    )
    answer = transport.request(
        "login",
        "POST",
        f"{credentials.login_url.rstrip('/')}/services/Soap/u/{_SOAP_VERSION}",
        content=body,
        headers={"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": "login"},
    )
    return _read_soap_login(answer)


def _read_soap_login(answer: Answer) -> Token:
    root = parse_envelope(answer.content)
    session = find_text(root, "sessionId") if root is not None else None
    if root is None or not answer.ok or session is None:
        code = (
            (find_text(root, "exceptionCode") or _fault_code(find_text(root, "faultcode"))) if root is not None else ""
        )
        message = (find_text(root, "exceptionMessage") or find_text(root, "faultstring")) if root is not None else ""
        raise login_error(answer.status, code or "", message or "")
    server = urlsplit(find_text(root, "serverUrl") or "")
    if find_text(root, "passwordExpired") == "true":
        raise ConnectionBroken(
            "The password has expired: the session may only set a new one.",
            operation="login",
            code="INVALID_OPERATION_WITH_EXPIRED_PASSWORD",
            remedy="Set a new password, then connect again; or connect with client credentials, which has none.",
        )
    return Token(
        access_token=session,
        instance_url=f"{server.scheme}://{server.netloc}",
        organization_id=find_text(root, "organizationId") or "",
        user_id=find_text(root, "userId") or "",
        issued_at=clock.now(),
    )


def _fault_code(text: str | None) -> str:
    return (text or "").rpartition(":")[2]
