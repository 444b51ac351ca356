"""Credentials: one value per way to log in. Secrets never show in a repr."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class ClientCredentials:
    """An external client app acting as its run-as user (OAuth 2.0 client credentials)."""

    login_url: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True)
class JwtBearer:
    """A user who pre-authorised the app that holds this key (OAuth 2.0 JWT bearer, RFC 7523)."""

    login_url: str
    client_id: str
    username: str
    private_key_pem: str = field(repr=False)


@dataclass(frozen=True)
class UsernamePassword:
    """User name and password through OAuth; legacy."""

    login_url: str
    client_id: str
    client_secret: str = field(repr=False)
    username: str
    password: str = field(repr=False)
    security_token: str = field(default="", repr=False)


@dataclass(frozen=True)
class SoapLogin:
    """User name, password and security token through SOAP login(), which Salesforce retires in Summer '27."""

    login_url: str
    username: str
    password: str = field(repr=False)
    security_token: str = field(default="", repr=False)


@dataclass(frozen=True)
class SessionToken:
    """A session that somebody else began, such as an administrator's for a set-up; it is never renewed nor stored."""

    instance_url: str
    access_token: str = field(repr=False)


Credentials = SessionToken | ClientCredentials | JwtBearer | UsernamePassword | SoapLogin
