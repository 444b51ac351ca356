"""Bad days on order: what fails, how, and how often. The catalogue of named ones is `simorg.bad_days`.

A fault names what it matches (method, part of the path, object, operation, record, field), when it strikes (after
`skip` matches, `times` times, or at a `rate` drawn from its `seed`: the same matches in the same order give the same
strikes) and its effect, whose kind says where it is asked for:

* request: `status` with `body`, `delay` before the answer, `drop` before or after the work, `truncate` after so many
  bytes, `expire` all sessions first, `expire_own` the request's alone, `clock_seconds` the clock moves, `change` a
  field of the schema changes (`simorg.behaviour.drifting`). Operations: login, query, describe, read, create, update,
  upsert, delete, bulk.
* row: `row_code` with `row_message`, in which `{id}` is the record's; operations create, update, delete and undelete.
  A whole Bulk job fails by the operations bulkQuery, bulkIngest and, before one of its batches, bulkBatch, and only by
  a fault that names one.
* upload: the connection breaks after `upload_bytes` of a request's body.
* refresh: before its use a refresh token is `refresh`: rotated (another is in its place), revoked or expired.
  password: the password of whoever logs in with one has expired (`password`: expired).
* page: pages have `page_rows` (least, most) rows. lag: others see a commit `lag_ms` (least, most) later.
  stamp: stamps stand on a grid of `stamp_seconds`. usage: the usage header is `usage_header` ("" is none).
  csv: the header line of Bulk results has its names `bare`, or begins with a byte order mark (`bom`).
"""

import random
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from simorg.errors import RowError

_KINDS = {
    "row_code": "row", "upload_bytes": "upload", "page_rows": "page", "lag_ms": "lag", "stamp_seconds": "stamp",
    "csv_header": "csv", "refresh": "refresh", "password": "password",
}  # fmt: skip
#: Here a row's error ends a Bulk job: a locked record is no reason for that.
_WHOLE_JOBS = ("bulkQuery", "bulkIngest", "bulkBatch")
_OBJECT = re.compile(r"/sobjects/(\w+)")
_FROM = re.compile(r"\bFROM\s+(\w+)", re.IGNORECASE)
_LOGIN = re.compile(r"/services/(?:oauth2/token|Soap/)")
_QUERY = re.compile(r"/query(?:All)?(?:/|$)")
_BY_METHOD = {"GET": "read", "HEAD": "read", "POST": "create", "PATCH": "update", "DELETE": "delete"}
_UPSERT = re.compile(r"/sobjects/\w+/\w+(?:/[^/]+)?$")
_ROW = re.compile(r"/sobjects/\w+/[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?$")


@dataclass
class Fault:
    """One fault on order."""

    method: str = ""
    path: str = ""
    object_name: str = ""
    operation: str = ""
    record_id: str = ""
    field_name: str = ""
    times: int | None = 1
    skip: int = 0
    rate: float | None = None
    seed: int = 0
    status: int | None = None
    body: str = ""
    content_type: str = "application/json;charset=UTF-8"
    delay: float = 0.0
    drop: str = ""
    truncate: int | None = None
    expire: bool = False
    expire_own: bool = False
    clock_seconds: float = 0.0
    change: Mapping[str, object] | None = None
    row_code: str = ""
    row_message: str = ""
    row_fields: tuple[str, ...] = ()
    upload_bytes: int | None = None
    page_rows: tuple[int, int] | None = None
    lag_ms: tuple[int, int] | None = None
    stamp_seconds: int | None = None
    usage_header: str | None = None
    csv_header: str = ""
    refresh: str = ""
    password: str = ""
    #: The name in the catalogue, where it came from there.
    title: str = ""
    #: When a grid of stamps began, in seconds since 1970.
    began: int | None = None
    #: How often it struck.
    struck: int = 0
    number: int = 0
    _random: random.Random = field(default_factory=random.Random, repr=False)

    def __post_init__(self) -> None:
        self._random.seed(self.seed)
        self.row_fields = tuple(self.row_fields)
        for name in ("page_rows", "lag_ms"):
            given = getattr(self, name)
            if given is not None:
                least, most = given
                setattr(self, name, (int(least), int(most)))

    @property
    def kind(self) -> str:
        """Where its effect is asked for."""
        if self.usage_header is not None:
            return "usage"
        return next((kind for name, kind in _KINDS.items() if getattr(self, name) not in (None, "")), "request")

    @property
    def name(self) -> str:
        """How the journal calls it."""
        effects = (
            self.row_code,
            f"status {self.status}" if self.status else "",
            f"drop {self.drop}" if self.drop else "",
            f"truncate {self.truncate}" if self.truncate is not None else "",
            "expire" if self.expire or self.expire_own else "",
            f"delay {self.delay}" if self.delay else "",
        )
        return self.title or ", ".join(one for one in effects if one)

    def matches(
        self, method: str, path: str, object_name: str, operation: str, record_id: str, values: Mapping[str, object]
    ) -> bool:
        """Whether it is about this; what is not known of the occasion (empty) is only met by what does not ask."""
        return (
            self.method in ("", method)
            and self.path in path
            and self.object_name.lower() in ("", object_name.lower())
            and (self.operation == operation or (not self.operation and operation not in _WHOLE_JOBS))
            and self.record_id in ("", record_id)
            and (not self.field_name or self.field_name in values or self.change is not None)
        )

    def strikes(self) -> bool:
        """Whether it strikes this time, having matched."""
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.times is not None and self.times <= 0:
            return False
        if self.rate is not None and self._random.random() >= self.rate:
            return False
        if self.times is not None:
            self.times -= 1
        self.struck += 1
        return True

    def draw(self, span: tuple[int, int]) -> int:
        """A number within a span, both ends included."""
        return self._random.randint(*span)

    def as_json(self) -> dict[str, object]:
        """The fault as the control plane shows it."""
        return {one.name: getattr(self, one.name) for one in fields(self) if not one.name.startswith("_")}


class Faults:
    """All faults on order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: list[Fault] = []
        self._settings: dict[str, object] = {}
        self._number = 0

    def add(self, **facts: object) -> Fault:
        """Orders a fault.

        Raises:
            TypeError: it names something that a fault does not have.
        """
        fault = Fault(**facts)  # type: ignore[arg-type]  # the names are checked by Fault
        with self._lock:
            self._number += 1
            fault.number = self._number
            self._all.append(fault)
        return fault

    def remember_settings(self, settings: Mapping[str, object]) -> None:
        """Keeps what settings were before a bad day changed them."""
        with self._lock:
            self._settings = {**settings, **self._settings}

    def clear(self) -> dict[str, object]:
        """Ends all faults; gives the settings as they were before bad days changed them."""
        with self._lock:
            self._all.clear()
            settings, self._settings = self._settings, {}
        return settings

    def listed(self) -> list[Fault]:
        """What is on order."""
        with self._lock:
            return list(self._all)

    def for_request(self, method: str, path: str, query: str = "") -> Fault | None:
        """The fault that strikes a request, if one does; `query` is its SOQL."""
        return self._strike("request", method, path, query)

    def for_upload(self, method: str, path: str) -> Fault | None:
        """The fault that breaks off the body of a request, if one does."""
        return self._strike("upload", method, path)

    def usage_header(self, method: str, path: str, usual: str) -> str:
        """The usage header of an answer; empty where there is none."""
        fault = self._strike("usage", method, path)
        return usual if fault is None else (fault.usage_header or "").replace("{usual}", usual)

    def page_rows(self, path: str, usual: int) -> int:
        """How many rows the next page of a query has."""
        fault = self._strike("page", "GET", path)
        return usual if fault is None or fault.page_rows is None else max(1, min(usual, fault.draw(fault.page_rows)))

    def commit_lag(self, usual: int) -> int:
        """Milliseconds until others see a commit."""
        fault = self._strike("lag")
        return usual if fault is None or fault.lag_ms is None else fault.draw(fault.lag_ms)

    def stamp(self, now: int) -> int:
        """The stamp, in seconds since 1970, of a transaction that begins now; a coarse grid begins with its fault."""
        fault = self._strike("stamp")
        if fault is None:
            return now
        if fault.began is None:
            fault.began = now
        return now - (now - fault.began) % max(1, fault.stamp_seconds or 1)

    def csv_header(self, path: str) -> str:
        """The form of a header line of Bulk results; empty is the usual one."""
        fault = self._strike("csv", "GET", path)
        return "" if fault is None else fault.csv_header

    def spoil_refresh(self, path: str) -> str:
        """What becomes of a refresh token before its use: rotated, revoked, expired; empty for nothing."""
        fault = self._strike("refresh", "POST", path)
        return "" if fault is None else fault.refresh

    def expires_password(self) -> bool:
        """Whether the password of whoever logs in with one expires at this moment."""
        return self._strike("password") is not None

    def row_error(
        self, object_name: str, operation: str, record_id: str = "", values: Mapping[str, object] | None = None
    ) -> RowError | None:
        """The error that a record gets on order; `operation` is as the module says."""
        fault = self._find("row", "", "", object_name, operation, record_id, values or {})
        if fault is None:
            return None
        # A record that is only being made has no id to tell.
        message = fault.row_message.replace("{id}", record_id) if record_id else fault.row_message.replace(": {id}", "")
        return RowError(fault.row_code, message or fault.row_code, fault.row_fields)

    def _strike(self, kind: str, method: str = "", path: str = "", query: str = "") -> Fault | None:
        if not self._all:
            return None
        return self._find(kind, method, path, _object_of(path, query), operation_of(method, path), "", {})

    def _find(
        self,
        kind: str,
        method: str,
        path: str,
        object_name: str,
        operation: str,
        record_id: str,
        values: Mapping[str, object],
    ) -> Fault | None:
        with self._lock:
            for fault in self._all:
                if fault.kind != kind or not fault.matches(method, path, object_name, operation, record_id, values):
                    continue
                if fault.strikes():
                    return fault
        return None


def _object_of(path: str, query: str) -> str:
    found = _OBJECT.search(path) or _FROM.search(query)
    return found.group(1) if found else ""


def operation_of(method: str, path: str) -> str:
    """What a request does, in one word; empty for what has none."""
    if _LOGIN.search(path):
        return "login"
    if "/jobs/" in path:
        return "bulk"
    if _QUERY.search(path):
        return "query"
    if "/sobjects" not in path:
        return ""
    if path.rstrip("/").endswith(("/describe", "/sobjects")) and method in ("GET", "HEAD"):
        return "describe"
    if method == "PATCH" and _UPSERT.search(path) and not _ROW.search(path):
        return "upsert"
    return _BY_METHOD.get(method, "")
