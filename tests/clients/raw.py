"""Bytes on a socket, for what no client library would send."""

import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

_SECONDS = 20


@dataclass(frozen=True)
class Answer:
    """What came back: the status, the headers with lower-case names, and everything behind them."""

    status: int
    headers: dict[str, str]
    body: bytes


def connect(url: str) -> socket.socket:
    """A plain connection to where an org listens."""
    place = urlsplit(url)
    return socket.create_connection((place.hostname or "", place.port or 0), timeout=_SECONDS)


def secure(plain: socket.socket, host: str, ca_bundle: str) -> ssl.SSLSocket:
    """TLS over a connection, for a host."""
    return ssl.create_default_context(cafile=ca_bundle).wrap_socket(plain, server_hostname=host)


def send(url: str, content: bytes) -> list[Answer]:
    """Sends bytes on a connection of their own, and reads all answers until the server closes it."""
    with connect(url) as plain:
        plain.sendall(content)
        plain.shutdown(socket.SHUT_WR)
        return read_answers(read_all(plain))


def read_all(plain: socket.socket) -> bytes:
    """Everything until the end."""
    parts = []
    try:
        while some := plain.recv(65_536):
            parts.append(some)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def read_answers(content: bytes) -> list[Answer]:
    """The answers that a connection brought, one behind the other; interim ones have no body."""
    answers = []
    while content:
        head, _, content = content.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        length = int(headers.get("content-length", "0"))
        answers.append(Answer(int(first.split(" ")[1]), headers, content[:length]))
        content = content[length:]
    return answers
