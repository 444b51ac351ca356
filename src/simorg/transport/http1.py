"""HTTP/1.1 requests read from a connection, strictly: what two readers could understand in two ways is refused.

Sources: RFC 9110 and RFC 9112 (framing, "Request Smuggling"); for the lengths, Salesforce Help, "Maximum number of
rows returned by SOQL queries over the REST API": 414 for a URI, 431 for URI and headers beyond 16,384 bytes.
"""

import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv6Address
from typing import BinaryIO

from simorg.errors import ApiError

LONGEST_TARGET = 16_384
_LONGEST_HEAD = 16_384
#: Beyond this a line is not even read to its end.
_LONGEST_LINE = 65_536
_MOST_HEADERS = 200
_LARGEST_BODY = 160 * 1024 * 1024
_LONGEST_TRAILER = 8_192

_METHOD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TARGET = re.compile(rb"[\x21-\x7e]+")
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
_VERSION = re.compile(rb"HTTP/1\.([01])")
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?")
_HOST = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]{0,253})|\[(?P<six>[0-9A-Fa-f:.]{2,45})\])(?::(?P<port>\d{1,5}))?"
)
#: Of these a request has one at most; two would let two readers differ.
_SINGLE = frozenset(
    {b"host", b"content-length", b"transfer-encoding", b"authorization", b"content-encoding", b"expect"}
)


class ConnectionEnded(Exception):
    """The client closed the connection, or broke off within a request: nobody is there to be answered."""


@dataclass(frozen=True)
class Head:
    """A request line and its headers: names lower-case, `target` as sent, `minor` of HTTP/1.minor."""

    method: str
    target: str
    minor: int
    headers: Mapping[str, str]

    @property
    def host(self) -> str:
        """The Host header, empty where HTTP/1.0 sent none."""
        return self.headers.get("host", "")

    @property
    def keeps_alive(self) -> bool:
        """Whether the connection may go on after the answer."""
        wishes = {one.strip().lower() for one in self.headers.get("connection", "").split(",")}
        return "close" not in wishes if self.minor else "keep-alive" in wishes

    @property
    def expects_continue(self) -> bool:
        """Whether the client waits for 100 Continue before it sends the body."""
        return bool(self.minor) and self.headers.get("expect", "").strip().lower() == "100-continue"


def read_head(stream: BinaryIO) -> Head | None:
    """The head of the next request; None where the client has ended the connection.

    Raises:
        ApiError: 400 what is no request, 414 and 431 what is too long, 505 another version.
        ConnectionEnded: the client broke off.
    """
    line = _read_line(stream, LONGEST_TARGET + 128, 414, "URI Too Long")
    for _ in range(2):  # RFC 9112, 2.2: an empty line before a request is ignored.
        if line != b"":
            break
        line = _read_line(stream, LONGEST_TARGET + 128, 414, "URI Too Long")
    if line is None:
        return None
    method, target, minor = _read_request_line(line)
    headers: dict[str, str] = {}
    length = len(target)
    count = 0
    while (line := _read_line(stream, _LONGEST_LINE, 431, "Request Header Fields Too Large")) != b"":
        if line is None:
            raise ConnectionEnded
        length += len(line)
        count += 1
        if length > _LONGEST_HEAD or count > _MOST_HEADERS:
            raise ApiError(431, "REQUEST_HEADER_FIELDS_TOO_LARGE", "Request Header Fields Too Large")
        _add_header(headers, line)
    head = Head(method, target, minor, headers)
    _check(head)
    return head


def read_body(stream: BinaryIO, head: Head) -> bytes:
    """The body of a request, out of its chunks and unzipped.

    Raises:
        ApiError: 400 it is not as the head says, 413 too large, 415 encoded in another way.
        ConnectionEnded: the client broke off.
    """
    if "transfer-encoding" in head.headers:
        body = b"".join(_read_chunks(stream))
    else:
        length = body_length(head)
        body = stream.read(length) if length else b""
        if len(body) < length:
            raise ConnectionEnded
    encoding = head.headers.get("content-encoding", "").strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip"):
        raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", "The Content-Encoding is not supported.")
    return _gunzip(body)


def body_length(head: Head) -> int:
    """What Content-Length says.

    Raises:
        ApiError: 400 it is no number, 413 it is too large.
    """
    length = head.headers.get("content-length", "0")
    if not length.isascii() or not length.isdigit() or len(length) > 18:
        raise _bad("The header Content-Length is not a number.")
    if int(length) > _LARGEST_BODY:
        raise ApiError(413, "REQUEST_TOO_LARGE", "The request is too large.")
    return int(length)


def has_body(head: Head) -> bool:
    """Whether a body follows the head."""
    return "transfer-encoding" in head.headers or head.headers.get("content-length", "0").strip("0") != ""


def read_host(text: str) -> tuple[str, str] | None:
    """A host and its port (empty where none is given), lower-case; None for what cannot be one."""
    found = _HOST.fullmatch(text)
    if found is None or (found["port"] and int(found["port"]) > 65_535):
        return None
    if found["six"]:
        try:
            IPv6Address(found["six"])
        except AddressValueError:
            return None
    return found["name"].lower().rstrip("."), found["port"] or ""


def _read_line(stream: BinaryIO, most: int, status: int, message: str) -> bytes | None:
    line = stream.readline(most + 2)
    if not line:
        return None
    if not line.endswith(b"\n"):
        if len(line) >= most + 2:
            raise ApiError(status, message.upper().replace(" ", "_"), message)
        raise ConnectionEnded
    if not line.endswith(b"\r\n"):
        raise _bad("A line of the head does not end as it must.")
    return line[:-2]


def _read_request_line(line: bytes) -> tuple[str, str, int]:
    parts = line.split(b" ")
    if len(parts) != 3 or not _METHOD.fullmatch(parts[0]) or not _TARGET.fullmatch(parts[1]):
        raise _bad("The request line cannot be read.")
    version = _VERSION.fullmatch(parts[2])
    if version is None:
        if parts[2].startswith(b"HTTP/"):
            raise ApiError(505, "HTTP_VERSION_NOT_SUPPORTED", "HTTP Version Not Supported")
        raise _bad("The request line cannot be read.")
    if len(parts[1]) > LONGEST_TARGET:
        raise ApiError(414, "URI_TOO_LONG", "URI Too Long")
    return parts[0].decode(), parts[1].decode(), int(version[1])


def _add_header(headers: dict[str, str], line: bytes) -> None:
    name, colon, value = line.partition(b":")
    if not colon or not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
        raise _bad("A header cannot be read.")
    lower = name.lower()
    key, text = lower.decode(), value.strip(b" \t").decode("latin-1")
    if key in headers:
        if lower in _SINGLE:
            raise _bad(f"The header {key} is there twice.")
        text = f"{headers[key]}, {text}"
    headers[key] = text


def _check(head: Head) -> None:
    """What must not be left to a second reader's mind (RFC 9112, sections 3.2, 6.1 and 6.3)."""
    if head.minor and "host" not in head.headers:
        raise _bad("The header Host is missing.")
    if "host" in head.headers and read_host(head.host) is None:
        raise _bad("The header Host cannot be read.")
    coding = head.headers.get("transfer-encoding")
    if coding is not None:
        if "content-length" in head.headers or not head.minor:
            raise _bad("The length of the body is told in two ways.")
        if coding.lower() != "chunked":
            raise ApiError(501, "NOT_IMPLEMENTED", "The Transfer-Encoding is not supported.")
    if head.headers.get("expect", "100-continue").strip().lower() != "100-continue":
        raise ApiError(417, "EXPECTATION_FAILED", "Expectation Failed")


def _read_chunks(stream: BinaryIO) -> Iterator[bytes]:
    total = 0
    while True:
        line = _read_line(stream, 1_024, 400, "Bad Request")
        found = _SIZE.fullmatch(line or b"")
        if found is None:
            raise _bad("The request body is not chunked as it says.")
        size = int(found[1], 16)
        total += size
        if total > _LARGEST_BODY:
            raise ApiError(413, "REQUEST_TOO_LARGE", "The request is too large.")
        if size == 0:
            _read_trailers(stream)
            return
        chunk = stream.read(size)
        if len(chunk) < size:
            raise ConnectionEnded
        yield chunk
        if stream.read(2) != b"\r\n":
            raise _bad("The request body is not chunked as it says.")


def _read_trailers(stream: BinaryIO) -> None:
    """Trailers are read and forgotten: none may say what only a head can."""
    length = 0
    while line := _read_line(stream, _LONGEST_TRAILER, 431, "Request Header Fields Too Large"):
        length += len(line)
        if length > _LONGEST_TRAILER:
            raise ApiError(431, "REQUEST_HEADER_FIELDS_TOO_LARGE", "Request Header Fields Too Large")
    if line is None:
        raise ConnectionEnded


def _gunzip(body: bytes) -> bytes:
    unzip = zlib.decompressobj(wbits=31)
    try:
        plain = unzip.decompress(body, _LARGEST_BODY)
    except zlib.error:
        raise _bad("The request body is not gzip as it says.") from None
    if unzip.unconsumed_tail:
        raise ApiError(413, "REQUEST_TOO_LARGE", "The request is too large.")
    if not unzip.eof or unzip.unused_data:
        raise _bad("The request body is not gzip as it says.")
    return plain


def _bad(message: str) -> ApiError:
    return ApiError(400, "BAD_REQUEST", message)
