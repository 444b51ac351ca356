"""The HTTP client: one pool of connections with time-outs everywhere, that counts calls and reads the usual headers.

Nothing else of Syncline speaks HTTP to Salesforce. It decides nothing about retries; `client` does.
"""

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2

from syncline import clock
from syncline.errors import RetryLater

#: The whole org's usage; an org may tell each app's (per-app-api-usage) in the same header, before or after it (L41b).
_USAGE = re.compile(r"(?<![\w-])api-usage\s*=\s*(\d+)\s*/\s*(\d+)", re.IGNORECASE)
_CHUNK = 128 * 1024
#: Requests of one process that are under way at once: below the 5 long ones that the smallest org allows (Salesforce
#: Developer Limits, "Concurrent API Request Limits").
_AT_ONCE = 4


@dataclass(frozen=True)
class Timeouts:
    """Seconds; Salesforce itself ends a call after ten minutes."""

    connect: float = 10.0
    read: float = 120.0
    write: float = 60.0
    pool: float = 60.0


@dataclass(frozen=True)
class Usage:
    """API requests of the org in the last 24 hours, as the last answer told."""

    used: int
    limit: int


class CallCount:
    """Calls made, by kind; safe to add to from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kinds: Counter[str] = Counter()

    def add(self, kind: str) -> None:
        """Counts one call."""
        with self._lock:
            self._kinds[kind] += 1

    @property
    def total(self) -> int:
        """All calls."""
        with self._lock:
            return self._kinds.total()

    def as_dict(self) -> dict[str, int]:
        """Calls by kind."""
        with self._lock:
            return dict(self._kinds)


@dataclass(frozen=True)
class Answer:
    """What came back, whole."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def ok(self) -> bool:
        """It succeeded."""
        return 200 <= self.status < 300

    @property
    def ends_session(self) -> bool:
        """Salesforce says that the session is over: 401, or the plain word of the identity services."""
        return self.status == 401 or self._is_bad_token

    @property
    def _is_bad_token(self) -> bool:
        # Salesforce Help, "Identity URLs": 403 and this word for a token that is expired, revoked or none.
        return self.status == 403 and self.content.strip() == b"Bad_OAuth_Token"

    def failure(self) -> Any:
        """What an unsuccessful answer says, as the API says it in JSON; None where it says nothing of the kind."""
        return [{"errorCode": "INVALID_SESSION_ID"}] if self._is_bad_token else self.json()

    def json(self) -> Any:
        """The body as JSON, or None where it is none: a proxy's page, or a cut-off answer."""
        import json

        try:
            return json.loads(self.content) if self.content else None
        except ValueError:
            return None


def _allow(_kind: str) -> None:
    """Where nobody counts, every call may be made."""


class Transport:
    """Sends requests; headers are given per request, so that a renewed token is used at once."""

    def __init__(self, timeouts: Timeouts | None = None) -> None:
        self._timeouts = timeouts or Timeouts()
        self._client: httpx2.Client | None = None
        self._lock = threading.Lock()
        self._room = threading.BoundedSemaphore(_AT_ONCE)
        self._org_clock: tuple[datetime, float] | None = None
        self._usage: Usage | None = None
        self.calls = CallCount()
        #: Asked with the kind of each call before it is made; may raise to refuse it.
        self.guard: Callable[[str], None] = _allow

    def request(
        self,
        kind: str,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        content: bytes | Iterable[bytes] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        """Sends one request and reads the whole answer.

        Raises:
            RetryLater: no answer came; whether the request took effect is unknown.
        """
        self.guard(kind)
        self.calls.add(kind)
        with self._room, _network_errors(kind, url):
            response = self._open().request(
                method, url, headers=dict(headers or {}), json=json, content=content, data=dict(form) if form else None
            )
        self._note(response)
        return Answer(response.status_code, response.headers, response.content)

    @contextmanager
    def stream(self, kind: str, url: str, headers: Mapping[str, str]) -> "Iterator[Stream]":
        """Opens an answer to be read piece by piece.

        Raises:
            RetryLater: no answer came, or it broke off.
        """
        self.guard(kind)
        self.calls.add(kind)
        with self._room, _network_errors(kind, url), self._open().stream("GET", url, headers=dict(headers)) as response:
            self._note(response)
            yield Stream(response)

    @property
    def knows_org_time(self) -> bool:
        """Whether an answer told the org's time."""
        with self._lock:
            return self._org_clock is not None

    def org_now(self) -> datetime:
        """The org's clock: its last Date header, moved on by our own; a second behind at most, never ahead."""
        with self._lock:
            if self._org_clock is None:
                return clock.now()
            seen, at = self._org_clock
        return seen + timedelta(seconds=clock.monotonic() - at)

    def usage(self) -> Usage | None:
        """API requests used and allowed, where an answer told."""
        return self._usage

    def note_usage(self, used: int, limit: int) -> None:
        """Takes what was learnt about the usage by another road."""
        self._usage = Usage(used, limit)

    def close(self) -> None:
        """Closes the connections."""
        if self._client is not None:
            self._client.close()

    def _open(self) -> httpx2.Client:
        with self._lock:
            if self._client is None:
                chosen = self._timeouts
                self._client = httpx2.Client(
                    timeout=httpx2.Timeout(
                        connect=chosen.connect, read=chosen.read, write=chosen.write, pool=chosen.pool
                    ),
                    limits=httpx2.Limits(max_connections=20, max_keepalive_connections=20),
                    follow_redirects=False,
                    trust_env=True,
                )
            return self._client

    def _note(self, response: httpx2.Response) -> None:
        date = response.headers.get("Date")
        usage = _USAGE.search(response.headers.get("Sforce-Limit-Info", ""))
        with self._lock:
            if date:
                self._org_clock = (parsedate_to_datetime(date).astimezone(UTC), clock.monotonic())
            if usage:
                self._usage = Usage(int(usage[1]), int(usage[2]))


class Stream:
    """An answer that is being read."""

    def __init__(self, response: httpx2.Response) -> None:
        self._response = response

    @property
    def status(self) -> int:
        """HTTP status."""
        return self._response.status_code

    def header(self, name: str) -> str | None:
        """A header, whatever its case."""
        value: str | None = self._response.headers.get(name)
        return value

    def chunks(self) -> Iterator[bytes]:
        """The decoded body in pieces.

        Raises:
            RetryLater: it broke off.
        """
        with _network_errors("read result", str(self._response.url)):
            yield from self._response.iter_bytes(_CHUNK)

    def read(self) -> Answer:
        """The whole body: for an error, which is short."""
        return Answer(self.status, self._response.headers, self._response.read())


@contextmanager
def _network_errors(operation: str, url: str) -> Iterator[None]:
    try:
        yield
    except httpx2.InvalidURL as problem:
        raise RetryLater(f"{url!r} is no address: {problem}", operation=operation) from problem
    except httpx2.ConnectError as problem:
        host = httpx2.URL(url).netloc.decode()
        raise RetryLater(
            f"{host} cannot be reached: {problem}",
            operation=operation,
            remedy="Check the network and the address of the connection; the next sync tries again.",
        ) from problem
    except httpx2.HTTPError as problem:
        raise RetryLater(
            f"Salesforce's answer to {operation} did not come whole: {type(problem).__name__} {problem}".rstrip(),
            operation=operation,
            remedy="Nothing to do: the next sync goes on where this one stopped.",
        ) from problem
