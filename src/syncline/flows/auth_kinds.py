"""The ways to log in and the secrets each needs; apart from the flow, so that help does not load the client."""

from enum import StrEnum


class AuthKind(StrEnum):
    """The ways to log in."""

    CLIENT_CREDENTIALS = "client-credentials"
    JWT = "jwt"
    PASSWORD = "password"  # noqa: S105  # the name of a flow
    SOAP = "soap"

    @property
    def is_legacy(self) -> bool:
        """It needs a password, which expires, and Salesforce retires it in Summer '27."""
        return self in (AuthKind.PASSWORD, AuthKind.SOAP)


#: The secrets each way needs, and those it takes where they are given.
NEEDED_SECRETS: dict[AuthKind, tuple[tuple[str, ...], tuple[str, ...]]] = {
    AuthKind.CLIENT_CREDENTIALS: (("client_secret",), ()),
    AuthKind.JWT: (("private_key",), ()),
    AuthKind.PASSWORD: (("client_secret", "password"), ("security_token",)),
    AuthKind.SOAP: (("password",), ("security_token",)),
}
