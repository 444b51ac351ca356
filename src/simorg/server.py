"""The HTTP/1.1 server of an org: a thread for each connection, on the loopback only.

Its own handler on the standard library's server, because an org must be able to break a connection at a chosen byte.
"""

import gzip
import json
import socket
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from simorg.app import App, RawRequest
from simorg.errors import ApiError, ConnectionDropped
from simorg.org import Org
from simorg.wire.http import ApiResponse, FileBody

_BLOCK = 256 * 1024
_LARGEST_BODY = 160 * 1024 * 1024
_WORTH_COMPRESSING = 512
_NO_BODY = frozenset({204, 304})


class Server(ThreadingHTTPServer):
    """Listens for one app."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, port: int, app: App) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.app = app

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is nobody's error."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = _BLOCK
    timeout = 300
    server: Server

    def setup(self) -> None:
        """Answers of many small parts must not wait for each other."""
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def finish(self) -> None:
        """The thread ends with its connection."""
        super().finish()
        self.server.app.org.storage.release_reader()

    def answer(self) -> None:
        """Reads a request, has it answered, and writes the answer."""
        try:
            body = self._read_body()
            raw = RawRequest(self.command, self.path, self._read_headers(), body, self._base_url())
            response = self.server.app.handle(raw)
        except ConnectionDropped:
            self._drop()
            return
        except ApiError as error:
            self.close_connection = True
            response = ApiResponse(error.status, error.as_json())
        self._write(response)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer  # noqa: N815  # the library's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name
        """The journal keeps what was asked; the console stays quiet."""

    def version_string(self) -> str:
        """As real orgs name theirs."""
        return "sfdcedge"

    def _read_headers(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.headers.items()}

    def _base_url(self) -> str:
        host = self.headers.get("Host") or f"127.0.0.1:{self.server.server_port}"
        return f"http://{host}"

    def _read_body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            body = b"".join(self._read_chunks())
        else:
            length = self.headers.get("Content-Length", "0").strip()
            if not length.isascii() or not length.isdigit():
                raise ApiError(400, "BAD_REQUEST", "The header Content-Length is not a number.")
            if int(length) > _LARGEST_BODY:
                raise ApiError(413, "REQUEST_TOO_LARGE", "The request is too large.")
            body = self.rfile.read(int(length)) if int(length) else b""
        if self.headers.get("Content-Encoding", "").lower() == "gzip":
            body = _gunzip(body)
        return body

    def _read_chunks(self) -> Iterator[bytes]:
        total = 0
        while True:
            line = self.rfile.readline(64).strip().split(b";")[0]
            try:
                size = int(line, 16)
            except ValueError:
                raise ApiError(400, "BAD_REQUEST", "The request body is not chunked as it says.") from None
            total += size
            if size < 0 or total > _LARGEST_BODY:
                raise ApiError(413, "REQUEST_TOO_LARGE", "The request is too large.")
            if size == 0:
                while self.rfile.readline(_BLOCK).strip():
                    pass
                return
            yield self.rfile.read(size)
            self.rfile.readline(8)

    def _write(self, response: ApiResponse) -> None:
        try:
            self._send(response)
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def _send(self, response: ApiResponse) -> None:
        zipped = "gzip" in self.headers.get("Accept-Encoding", "").lower()
        body = response.body
        if isinstance(body, FileBody):
            self._send_file(response, body, zipped)
            return
        content = b"" if response.status in _NO_BODY else _encode(body, pretty=self.headers.get("X-PrettyPrint") == "1")
        zipped = zipped and len(content) > _WORTH_COMPRESSING
        if zipped:
            content = gzip.compress(content, compresslevel=1, mtime=0)
        self._send_head(response, None if response.status in _NO_BODY else len(content), zipped, has_body=bool(content))
        if self.command != "HEAD":
            self._send_blocks(iter((content,)), response.truncate)

    def _send_file(self, response: ApiResponse, body: FileBody, zipped: bool) -> None:
        if zipped and body.gzip_path:
            length: int | None = body.gzip_path.stat().st_size
            blocks = _read_file(FileBody(body.gzip_path, 0, length or 0))
        elif zipped:
            length, blocks = None, _compress(_read_file(body))
        else:
            length, blocks = len(body.head) + body.length, _read_file(body)
        chunked = length is None
        self._send_head(response, length, zipped, has_body=True)
        if self.command == "HEAD":
            return
        self._send_blocks((_frame(block) for block in blocks) if chunked else blocks, response.truncate)
        if chunked and not self.close_connection:
            self.wfile.write(b"0\r\n\r\n")
            self.wfile.flush()

    def _send_head(self, response: ApiResponse, length: int | None, zipped: bool, *, has_body: bool) -> None:
        self.send_response_only(response.status)
        self.send_header("Date", format_datetime(self.server.app.org.clock.now(), usegmt=True))
        self.send_header("Cache-Control", "no-cache,must-revalidate,max-age=0,no-store,private")
        self.send_header("Vary", "Accept-Encoding")
        if has_body:
            self.send_header("Content-Type", response.content_type)
            if zipped:
                self.send_header("Content-Encoding", "gzip")
        for name, value in response.headers.items():
            self.send_header(name, value)
        if length is not None:
            self.send_header("Content-Length", str(length))
        elif response.status not in _NO_BODY:
            self.send_header("Transfer-Encoding", "chunked")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def _send_blocks(self, blocks: Iterator[bytes], truncate: int | None) -> None:
        left = truncate
        for block in blocks:
            if left is not None and len(block) >= left:
                self.wfile.write(block[:left])
                self.wfile.flush()
                self._drop()
                return
            self.wfile.write(block)
            left = None if left is None else left - len(block)
        self.wfile.flush()

    def _drop(self) -> None:
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return


@dataclass(frozen=True)
class RunningServer:
    """An org that is served. `stop` ends it."""

    org: Org
    server: Server
    thread: threading.Thread

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server.server_port}"

    def stop(self) -> None:
        """Stops listening; the org stays open."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)


def start_server(org: Org, port: int = 0) -> RunningServer:
    """Serves an opened org from a thread; port 0 takes a free one.

    Raises:
        OSError: the port is taken.
    """
    server = Server(port, App(org))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True, name="simorg")
    thread.start()
    return RunningServer(org, server, thread)


def _encode(body: object, *, pretty: bool) -> bytes:
    if body is None:
        return b""
    if isinstance(body, bytes):
        return body
    if pretty:
        return json.dumps(body, ensure_ascii=False, indent=2, separators=(",", " : ")).encode()
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _gunzip(body: bytes) -> bytes:
    unzip = zlib.decompressobj(wbits=31)
    try:
        plain = unzip.decompress(body, _LARGEST_BODY)
    except zlib.error:
        raise ApiError(400, "BAD_REQUEST", "The request body is not gzip, as it says.") from None
    if unzip.unconsumed_tail:
        raise ApiError(413, "REQUEST_TOO_LARGE", "The request is too large.")
    return plain


def _read_file(body: FileBody) -> Iterator[bytes]:
    if body.head:
        yield body.head
    left = body.length
    with body.path.open("rb") as file:
        file.seek(body.offset)
        while left > 0:
            block = file.read(min(_BLOCK, left))
            if not block:
                return
            left -= len(block)
            yield block


def _compress(blocks: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(1, wbits=31)
    for block in blocks:
        packed = packer.compress(block)
        if packed:
            yield packed
    yield packer.flush()


def _frame(block: bytes) -> bytes:
    return f"{len(block):x}\r\n".encode() + block + b"\r\n"
