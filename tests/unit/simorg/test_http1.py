"""Requests that two readers could understand in two ways are refused; everything else is read, or refused as well."""

import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simorg.errors import ApiError
from simorg.transport import http1
from simorg.transport.answers import accepts_gzip
from simorg.transport.http1 import ConnectionEnded, Head

_BOMB = gzip.compress(b"\0" * (170 * 1024 * 1024), compresslevel=9)


def _read(content: bytes) -> tuple[Head | None, bytes]:
    stream = io.BytesIO(content)
    head = http1.read_head(stream)
    return (head, http1.read_body(stream, head)) if head else (None, b"")


def _status(content: bytes) -> int:
    with pytest.raises(ApiError) as caught:
        _read(content)
    return caught.value.status


def test_a_request_is_read() -> None:
    head, body = _read(b"POST /a?b=c HTTP/1.1\r\nHost: X:80\r\nA:  b \r\nA: c\r\nContent-Length: 3\r\n\r\nabcrest")
    assert head is not None
    assert (head.method, head.target, head.headers["a"], head.keeps_alive) == ("POST", "/a?b=c", "b, c", True)
    assert body == b"abc"


def test_chunks_are_put_together() -> None:
    start = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n"
    _, body = _read(start + b'4;a="b"\r\nWiki\r\n05\r\npedia\r\n0\r\nTrailer: x\r\n\r\n')
    assert body == b"Wikipedia"


def _head(line: str = "GET / HTTP/1.1", *headers: str, host: str = "Host: x") -> bytes:
    return "\r\n".join([line, *([host] if host else []), *headers, "", ""]).encode("latin-1")


@pytest.mark.parametrize(
    "content",
    [
        _head("GET  / HTTP/1.1"), _head("GET /a b HTTP/1.1"), _head("GET /\x00 HTTP/1.1"), _head("G ET / HTTP/1.1"),
        _head("GET /\xff HTTP/1.1"), _head("GET / HTTP/1.1 "), _head("GET /"), _head("{} / HTTP/1.1"), _head(""),
        b"GET / HTTP/1.1\nHost: x\n\n", b"GET / HTTP/1.1\r\nHost: x\n\r\n", b"\r\n\r\n\r\n\r\n",
        _head(host=""), _head(host="Host: a b"), _head(host="Host: x@y"), _head(host="Host: x/y"),
        _head(host="Host: x:99999"), _head(host="Host: [::g]"), _head(host="Host: "),
        _head("GET / HTTP/1.1", "Host: y"),
        _head("GET / HTTP/1.1", "A : b"), _head("GET / HTTP/1.1", " folded"), _head("GET / HTTP/1.1", "A\x00: b"),
        _head("GET / HTTP/1.1", "A: b\rc"), _head("GET / HTTP/1.1", "A: b\x00c"), _head("GET / HTTP/1.1", "no colon"),
        _head("GET / HTTP/1.1", ": empty"),
        _head("POST / HTTP/1.1", "Content-Length: 3", "Content-Length: 3"),
        _head("POST / HTTP/1.1", "Content-Length: 3", "Content-Length: 4"),
        _head("POST / HTTP/1.1", "Content-Length: 3, 3"), _head("POST / HTTP/1.1", "Content-Length: -1"),
        _head("POST / HTTP/1.1", "Content-Length: +3"), _head("POST / HTTP/1.1", "Content-Length: 0x3"),
        _head("POST / HTTP/1.1", "Content-Length: 3", "Transfer-Encoding: chunked"),
        _head("POST / HTTP/1.0", "Transfer-Encoding: chunked"),
        _head("POST / HTTP/1.1", "Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
        _head("POST / HTTP/1.1", "Transfer-Encoding: chunked") + b"-1\r\n\r\n",
        _head("POST / HTTP/1.1", "Transfer-Encoding: chunked") + b"0x3\r\nabc\r\n0\r\n\r\n",
        _head("POST / HTTP/1.1", "Transfer-Encoding: chunked") + b"3\r\nabcd\r\n0\r\n\r\n",
        _head("POST / HTTP/1.1", "Transfer-Encoding: chunked") + b"3\nabc\r\n0\r\n\r\n",
        _head("POST / HTTP/1.1", "Transfer-Encoding: chunked") + b" 3\r\nabc\r\n0\r\n\r\n",
        _head("POST / HTTP/1.1", "Content-Encoding: gzip", "Content-Length: 3") + b"abc",
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused(content: bytes) -> None:
    assert _status(content) == 400


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (_head("GET /" + "a" * 16_384 + " HTTP/1.1"), 414),
        (_head("GET /" + "a" * 100_000 + " HTTP/1.1"), 414),
        (_head("GET / HTTP/1.1", "A: " + "a" * 16_384), 431),
        (_head("GET / HTTP/1.1", "A: " + "a" * 100_000), 431),
        (_head("GET /" + "a" * 9_000 + " HTTP/1.1", "A: " + "a" * 9_000), 431),
        (_head("GET / HTTP/1.1", *(f"A{number}: b" for number in range(300))), 431),
        (_head("GET / HTTP/2.0"), 505),
        (_head("POST / HTTP/1.1", "Transfer-Encoding: gzip, chunked"), 501),
        (_head("POST / HTTP/1.1", "Transfer-Encoding: xchunked"), 501),
        (_head("POST / HTTP/1.1", "Content-Length: 99999999999999"), 413),
        (_head("POST / HTTP/1.1", "Transfer-Encoding: chunked") + b"FFFFFFFFFFFFFFF\r\n", 413),
        (_head("POST / HTTP/1.1", "Content-Encoding: br", "Content-Length: 1") + b"a", 415),
        (_head("POST / HTTP/1.1", "Content-Encoding: gzip, gzip", "Content-Length: 1") + b"a", 415),
        (_head("POST / HTTP/1.1", "Content-Encoding: gzip", f"Content-Length: {len(_BOMB)}") + _BOMB, 413),
    ],
    ids=range(14),
)
def test_what_is_too_much_or_not_known(content: bytes, status: int) -> None:
    assert _status(content) == status


@pytest.mark.parametrize(
    "content",
    [b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n", _head("POST / HTTP/1.1", "Content-Length: 3") + b"ab",
     _head("POST / HTTP/1.1", "Transfer-Encoding: chunked") + b"5\r\nab"],
)  # fmt: skip
def test_a_client_that_breaks_off_is_not_answered(content: bytes) -> None:
    with pytest.raises(ConnectionEnded):
        _read(content)


_PIECES = st.sampled_from([
    b"GET", b"POST", b" ", b"/", b" HTTP/1.1", b" HTTP/1.0", b"\r\n", b"\n", b"\r", b"Host: x", b"Content-Length: 3",
    b"Transfer-Encoding: chunked", b"Content-Encoding: gzip", b"3\r\nabc\r\n", b"0\r\n\r\n", b"\0", b"\xff",
    b":", b"%00",
])  # fmt: skip


@given(st.lists(st.one_of(_PIECES, st.binary(max_size=8)), max_size=24).map(b"".join))
def test_anything_is_read_or_refused(content: bytes) -> None:
    try:
        _read(content)
    except (ApiError, ConnectionEnded):
        return


@given(st.text(max_size=40))
def test_any_accept_encoding_is_read(header: str) -> None:
    assert accepts_gzip(header) in (True, False)
