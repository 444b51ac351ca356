"""The server of an org: a thread for each connection; HTTP, TLS and the proxy share one port, on the loopback.

Its own handler, because an org must be able to break a connection at a chosen byte, and must refuse what a library
would read in its own way.
"""

import contextlib
import socket
import socketserver
import threading
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, BinaryIO, cast

from simorg import clock
from simorg.app import App, RawRequest
from simorg.directory import Directory
from simorg.errors import ApiError, ConnectionDropped
from simorg.org import Org
from simorg.transport import http1
from simorg.transport.answers import AnswerWriter, BrokenOff
from simorg.transport.http1 import ConnectionEnded, Head
from simorg.transport.targets import read_destination, read_tunnel
from simorg.transport.tls import Tls, make_tls
from simorg.wire.http import ApiResponse

LOOPBACK = "127.0.0.1"
_BLOCK = 256 * 1024
_IDLE_SECONDS = 300
#: The first byte of a TLS handshake record (RFC 8446, 5.1); no HTTP method begins with it.
_HANDSHAKE = 0x16
#: How much of a refused request's body is read away, so that the client can read why before the socket closes.
_DRAINED = 1024 * 1024
_DRAIN_SECONDS = 2.0


class Server(socketserver.ThreadingTCPServer):
    """Listens for one app."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], app: App, tls: Tls, directory: Directory) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, Connection)
        self.app = app
        self.tls = tls
        self.directory = directory

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is nobody's error."""

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])


class Connection(socketserver.BaseRequestHandler):
    """One connection: requests one after the other, until one side ends it."""

    server: Server

    def setup(self) -> None:
        """Finds out whether the client speaks TLS, and opens both directions."""
        self._socket: socket.socket = self.request
        self._socket.settimeout(_IDLE_SECONDS)
        # Answers of many small parts must not wait for each other.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._tunnel = ""
        self._used: set[Org] = set()
        self._open()

    def handle(self) -> None:
        """Answers until the connection ends."""
        with contextlib.suppress(OSError, ConnectionEnded):
            while self._answer():
                pass

    def finish(self) -> None:
        """The thread ends with its connection."""
        for org in self._used:
            org.storage.release_reader()
        for one in (self._out, self._in, self._socket):
            with contextlib.suppress(OSError, ValueError):
                one.close()

    def _open(self) -> None:
        first = self._socket.recv(1, socket.MSG_PEEK)
        self._scheme = "http"
        if first and first[0] == _HANDSHAKE:
            self._socket = self.server.tls.context.wrap_socket(self._socket, server_side=True)
            self._scheme = "https"
        self._in = cast("BinaryIO", self._socket.makefile("rb", _BLOCK))
        self._out = cast("BinaryIO", self._socket.makefile("wb", _BLOCK))
        self._writer = AnswerWriter(self._out)

    def _answer(self) -> bool:
        """Reads a request and answers it; says whether another may follow."""
        head = None
        try:
            head = http1.read_head(self._in)
            if head is None:
                return False
            if head.method == "CONNECT":
                return self._connect(head)
            response = self._respond(head)
        except ConnectionDropped:
            self._drop()
            return False
        except ApiError as error:
            self._refuse(error, head)
            return False
        keeps = head.keeps_alive
        try:
            self._writer.write(response, head, self.server.app.org.clock.now(), closes=not keeps)
        except BrokenOff:
            self._drop()
            return False
        return keeps

    def _respond(self, head: Head) -> ApiResponse:
        destination = read_destination(head, self._tunnel)
        app = self.server.app
        if http1.has_body(head):
            http1.body_length(head)
            if head.expects_continue:
                self._out.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                self._out.flush()
            cut = app.cut_upload(head.method, destination.target)
            if cut is not None:
                self._in.read(cut)
                raise ConnectionDropped
        body = http1.read_body(self._in, head)
        authority = destination.authority or f"{LOOPBACK}:{self.server.port}"
        raw = RawRequest(head.method, destination.target, head.headers, body, f"{self._scheme}://{authority}")
        app = self.server.directory.choose(destination.host, raw, app)
        self._used.add(app.org)
        return app.handle(raw)

    def _connect(self, head: Head) -> bool:
        """Becomes the host that a client asks the proxy for."""
        if self._tunnel:
            raise ApiError(400, "BAD_REQUEST", "A tunnel leads to no other.")
        if http1.has_body(head):
            raise ApiError(400, "BAD_REQUEST", "CONNECT has no body.")
        self._tunnel = read_tunnel(head)
        self._out.write(b"HTTP/1.1 200 Connection Established\r\n\r\n")
        self._out.flush()
        # What follows may begin with a handshake; nothing of it has been read, for a client waits for this answer.
        self._open()
        return True

    def _refuse(self, error: ApiError, head: Head | None) -> None:
        """Says why a request cannot be read; where its end is unknown, nothing more can be read either."""
        response = ApiResponse(error.status, error.as_json())
        if isinstance(response.body, bytes):
            response.content_type = "text/plain;charset=UTF-8"
        self._writer.write(response, head, self.server.app.org.clock.now(), closes=True)
        with contextlib.suppress(OSError, ValueError):
            self._socket.shutdown(socket.SHUT_WR)
            self._socket.settimeout(_DRAIN_SECONDS / 2)
            left, until = _DRAINED, clock.tick() + _DRAIN_SECONDS
            while left > 0 and clock.tick() < until and (some := self._socket.recv(min(left, _BLOCK))):
                left -= len(some)

    def _drop(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)


@dataclass(frozen=True)
class RunningServer:
    """An org that is served. `stop` ends it."""

    org: Org
    server: Server
    thread: threading.Thread

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self._place}"

    @property
    def tls_url(self) -> str:
        """The same over TLS."""
        return f"https://{self._place}"

    @property
    def proxy_url(self) -> str:
        """The proxy that leads from Salesforce's host names to it."""
        return self.url

    @property
    def _place(self) -> str:
        host = str(self.server.server_address[0])
        if ip_address(host).is_unspecified:
            host = LOOPBACK
        return f"[{host}]:{self.server.port}" if ":" in host else f"{host}:{self.server.port}"

    def stop(self) -> None:
        """Stops listening; the org stays open."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)


def serve_from_thread(server: Server) -> RunningServer:
    """Lets a server listen from a thread of its own."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True, name="simorg")
    thread.start()
    return RunningServer(server.app.org, server, thread)


def start_server(org: Org, port: int = 0) -> RunningServer:
    """Serves one opened org on the loopback from a thread; port 0 takes a free one.

    Raises:
        OSError: the port is taken.
    """
    app, directory = App(org), Directory()
    directory.add(app)
    return serve_from_thread(Server((LOOPBACK, port), app, make_tls(org.folder / "tls", clock.now()), directory))
