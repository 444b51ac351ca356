"""Answers written to a connection: whole, from files, in chunks, zipped, or broken off on order."""

import gzip
import json
import zlib
from collections.abc import Iterator
from datetime import datetime
from email.utils import format_datetime
from http import HTTPStatus
from typing import BinaryIO

from simorg.transport.http1 import Head
from simorg.wire.http import ApiResponse, FileBody

_BLOCK = 256 * 1024
_WORTH_COMPRESSING = 512
_NO_BODY = frozenset({204, 304})
_REASONS = {one.value: one.phrase for one in HTTPStatus}
_UNNAMED = {420: "Enhance Your Calm"}


class BrokenOff(Exception):
    """As ordered, the answer ends before its end: the connection has to be cut."""


class AnswerWriter:
    """Writes answers to one connection."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, response: ApiResponse, head: Head | None, now: datetime, *, closes: bool) -> None:
        """Writes one answer; `head` is what was asked, None where that could not be read.

        Raises:
            BrokenOff: a fault on order cut it.
            OSError: the client has gone.
        """
        method = head.method if head else "GET"
        zips = head is not None and accepts_gzip(head.headers.get("accept-encoding", ""))
        body = response.body
        if isinstance(body, FileBody):
            self._write_file(response, body, now, method, zips=zips, closes=closes, minor=head.minor if head else 1)
            return
        pretty = head is not None and head.headers.get("x-prettyprint") == "1"
        bodiless = response.status in _NO_BODY
        content = b"" if bodiless else _encode(body, pretty=pretty)
        zipped = zips and len(content) > _WORTH_COMPRESSING
        if zipped:
            content = gzip.compress(content, compresslevel=1, mtime=0)
        length = None if bodiless else len(content)
        start = _head(response, now, length=length, zipped=zipped, has_body=bool(content), closes=closes)
        if method == "HEAD" or not content:
            self._stream.write(start)
        elif response.truncate is None:
            self._stream.write(start + content)
        else:
            self._stream.write(start)
            self._write_blocks(iter((content,)), response.truncate)
        self._stream.flush()

    def _write_file(
        self, response: ApiResponse, body: FileBody, now: datetime, method: str, *, zips: bool, closes: bool, minor: int
    ) -> None:
        zips = zips and minor > 0
        if zips and body.gzip_path:
            length: int | None = body.gzip_path.stat().st_size
            blocks = _read_file(FileBody(body.gzip_path, 0, length or 0))
        elif zips:
            length, blocks = None, _compress(_read_file(body))
        else:
            length, blocks = len(body.head) + body.length, _read_file(body)
        self._stream.write(_head(response, now, length=length, zipped=zips, has_body=True, closes=closes))
        if method != "HEAD":
            chunked = length is None
            self._write_blocks((_frame(block) for block in blocks) if chunked else blocks, response.truncate)
            if chunked:
                self._stream.write(b"0\r\n\r\n")
        self._stream.flush()

    def _write_blocks(self, blocks: Iterator[bytes], truncate: int | None) -> None:
        left = truncate
        for block in blocks:
            if left is not None and len(block) >= left:
                self._stream.write(block[:left])
                self._stream.flush()
                raise BrokenOff
            self._stream.write(block)
            left = None if left is None else left - len(block)


def accepts_gzip(header: str) -> bool:
    """Whether an Accept-Encoding wants gzip (RFC 9110, 12.5.3): named, or by the star, and not with weight 0."""
    wanted: dict[str, bool] = {}
    for one in header.lower().split(","):
        name, _, weight = one.partition(";")
        value = weight.strip().removeprefix("q=").strip()
        wanted[name.strip()] = value.strip("0") not in (".", "") or not weight.strip()
    return wanted.get("gzip", wanted.get("x-gzip", wanted.get("*", False)))


def _head(
    response: ApiResponse, now: datetime, *, length: int | None, zipped: bool, has_body: bool, closes: bool
) -> bytes:
    status = response.status
    headers = {
        "Date": format_datetime(now, usegmt=True),
        "Cache-Control": "no-cache,must-revalidate,max-age=0,no-store,private",
        "Vary": "Accept-Encoding",
    }
    if has_body:
        headers["Content-Type"] = response.content_type
        if zipped:
            headers["Content-Encoding"] = "gzip"
    headers |= response.headers
    if length is not None:
        headers["Content-Length"] = str(length)
    elif status not in _NO_BODY:
        headers["Transfer-Encoding"] = "chunked"
    if closes:
        headers["Connection"] = "close"
    reason = _REASONS.get(status) or _UNNAMED.get(status, "")
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {_one_line(value)}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")


def _one_line(value: str) -> str:
    """A header's value, without what would end its line: nothing that a client sent may add a header."""
    return value.replace("\r", " ").replace("\n", " ").replace("\0", " ")


def _encode(body: object, *, pretty: bool) -> bytes:
    if body is None:
        return b""
    if isinstance(body, bytes):
        return body
    if pretty:
        return json.dumps(body, ensure_ascii=False, indent=2, separators=(",", " : ")).encode("utf-8", "replace")
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


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
