"""Where a request goes: its host, from the target, the Host header or the tunnel, and its path.

One port speaks HTTP, TLS and the two forms of a proxy: CONNECT, and targets with a scheme. A proxy that leads
anywhere but to the orgs of this process would be a way out to the network, so every other host is refused.
"""

from dataclasses import dataclass

from simorg.errors import ApiError
from simorg.transport.http1 import Head, read_host

#: Where logins begin; what comes after goes to the org's own host (Salesforce Help, "My Domain").
LOGIN_HOSTS = ("login.salesforce.com", "test.salesforce.com")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})


@dataclass(frozen=True)
class Destination:
    """Host with port as the client wrote it, the host's name alone, and the target from its path on."""

    authority: str
    host: str
    target: str


def is_salesforce(host: str) -> bool:
    """Whether a host's name is one of Salesforce's."""
    return host.endswith(".salesforce.com")


def to_instance(base_url: str, my_domain: str) -> str:
    """Where a session is used whose login was asked for at `base_url`: its org's own host, or where that was."""
    scheme, _, authority = base_url.partition("://")
    host, colon, port = authority.partition(":")
    return f"{scheme}://{my_domain}{colon}{port}" if host.lower() in LOGIN_HOSTS else base_url


def to_login_host(base_url: str, *, sandbox: bool) -> str:
    """Where the logins of an org begin, for a request that came to `base_url`; a plain address stays what it is."""
    scheme, _, authority = base_url.partition("://")
    host, colon, port = authority.partition(":")
    return f"{scheme}://{LOGIN_HOSTS[sandbox]}{colon}{port}" if is_salesforce(host.lower()) else base_url


def is_login_host(base_url: str) -> bool:
    """Whether a request came to a host where every org's logins begin."""
    return base_url.partition("://")[2].partition(":")[0].lower() in LOGIN_HOSTS


def is_loopback(host: str) -> bool:
    """Whether a host's name means this machine."""
    return host in _LOOPBACK or host.endswith(".localhost")


def read_tunnel(head: Head) -> str:
    """The host that a CONNECT asks for.

    Raises:
        ApiError: 400 it names none, 403 it is not Salesforce's.
    """
    found = read_host(head.target)
    if found is None or not found[1]:
        raise ApiError(400, "BAD_REQUEST", "CONNECT names no host and port.")
    if not is_salesforce(found[0]):
        raise _refused(found[0])
    return found[0]


def read_destination(head: Head, tunnel: str) -> Destination:
    """Where a request goes; `tunnel` is the host of the CONNECT that it came through, empty without one.

    Raises:
        ApiError: 400 the target is none, 403 another host behind the proxy, 421 another host than the tunnel's.
    """
    authority, target = head.host, head.target
    if not target.startswith("/"):
        authority, target = _read_absolute(target)
    host, _ = read_host(authority) or ("", "")
    if "#" in target:
        raise ApiError(400, "BAD_REQUEST", "The target of the request has a fragment.")
    if tunnel and host != tunnel:
        raise ApiError(421, "MISDIRECTED_REQUEST", "Misdirected Request")
    return Destination(authority, host, target)


def _read_absolute(target: str) -> tuple[str, str]:
    scheme, colon, rest = target.partition("://")
    if not colon or scheme.lower() not in ("http", "https"):
        raise ApiError(400, "BAD_REQUEST", "The target of the request is no path.")
    end = min((at for at in (rest.find("/"), rest.find("?"), rest.find("#")) if at >= 0), default=len(rest))
    authority, path = rest[:end], rest[end:]
    found = read_host(authority)
    if found is None:
        raise ApiError(400, "BAD_REQUEST", "The target of the request names no host.")
    if not is_salesforce(found[0]) and not is_loopback(found[0]):
        raise _refused(found[0])
    return authority, path if path.startswith("/") else f"/{path}"


def _refused(host: str) -> ApiError:
    message = f"This proxy leads to simulated Salesforce orgs and nowhere else: {host}"
    return ApiError(403, "FORBIDDEN", message, body=f"{message}\n".encode())
