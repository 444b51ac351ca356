"""How to reach an org that is served: addresses, logins, and what clients need in their environment."""

from collections.abc import Mapping
from typing import Any

from simorg.server import RunningServer
from simorg.users import ADMINISTRATOR, COLLEAGUE, INTEGRATION, MINIMAL, SALES_REP, Login


def describe_access(server: RunningServer) -> dict[str, Any]:
    """What somebody needs to reach an org; its private key is written to its folder."""
    org = server.org
    integration = org.users.logins[INTEGRATION]
    connected = org.users.app
    assert connected is not None
    key = org.folder / "private-key.pem"
    key.touch(mode=0o600)
    key.chmod(0o600)
    key.write_bytes(connected.private_key)
    return {
        "url": server.url,
        "tls_url": server.tls_url,
        "proxy_url": server.proxy_url,
        "ca_bundle": str(server.server.tls.ca_bundle),
        "my_domain": org.my_domain,
        "sandbox": org.sandbox,
        "username": integration.username,
        "password": integration.password,
        "security_token": integration.security_token,
        "client_id": connected.client_id,
        "client_secret": connected.client_secret,
        "private_key": str(key),
        "admin_token": org.admin_token,
        "org_id": org.id,
        "administrator": _describe_login(org.users.logins[ADMINISTRATOR]),
        **{role: _describe_login(org.users.logins[role]) for role in (COLLEAGUE, SALES_REP, MINIMAL)},
    }


def client_environment(facts: Mapping[str, Any]) -> dict[str, str]:
    """What to set so that clients which know only Salesforce's host names reach the org, unmodified."""
    bundle = str(facts["ca_bundle"])
    return {
        "HTTPS_PROXY": str(facts["proxy_url"]),
        "REQUESTS_CA_BUNDLE": bundle,
        "SSL_CERT_FILE": bundle,
        "NODE_EXTRA_CA_CERTS": bundle,
    }


def _describe_login(login: Login) -> dict[str, str]:
    return {"username": login.username, "password": login.password, "security_token": login.security_token}
