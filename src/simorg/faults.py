"""Bad days on order: which requests or rows fail, how, and how often.

A fault names what it matches (method, part of the path, object, operation), when it strikes (after `skip` matches,
`times` times, or at a seeded `rate`) and its effect. Effects of requests: `status` with `body`, `delay` before the
answer, `drop` before or after the work, `truncate` after so many bytes, `expire` all sessions first. Effect of rows:
`row_code` with `row_message`; the operations that they match are create, update, delete and undelete. A whole Bulk job
fails by the operations bulkQuery, bulkIngest and, before one of its batches, bulkBatch.
"""

import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from simorg.errors import RowError


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
    row_code: str = ""
    row_message: str = ""
    row_fields: tuple[str, ...] = ()
    #: How often it struck.
    struck: int = 0
    number: int = 0
    _random: random.Random = field(default_factory=random.Random, repr=False)

    def __post_init__(self) -> None:
        self._random.seed(self.seed)
        self.row_fields = tuple(self.row_fields)

    @property
    def name(self) -> str:
        """How the journal calls it."""
        effects = (
            self.row_code,
            f"status {self.status}" if self.status else "",
            f"drop {self.drop}" if self.drop else "",
            f"truncate {self.truncate}" if self.truncate is not None else "",
            "expire" if self.expire else "",
            f"delay {self.delay}" if self.delay else "",
        )
        return ", ".join(one for one in effects if one)

    def strikes(self) -> bool:
        """Whether it strikes this time, having matched."""
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.rate is not None and self._random.random() >= self.rate:
            return False
        if self.times is not None:
            if self.times <= 0:
                return False
            self.times -= 1
        self.struck += 1
        return True

    def as_json(self) -> dict[str, object]:
        """The fault as the control plane shows it."""
        return {one.name: getattr(self, one.name) for one in fields(self) if not one.name.startswith("_")}


class Faults:
    """All faults on order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: list[Fault] = []
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

    def clear(self) -> None:
        """Ends all faults."""
        with self._lock:
            self._all.clear()

    def listed(self) -> list[Fault]:
        """What is on order."""
        with self._lock:
            return list(self._all)

    def for_request(self, method: str, path: str) -> Fault | None:
        """The fault that strikes a request, if one does."""
        with self._lock:
            for fault in self._all:
                if fault.row_code or fault.method not in ("", method) or fault.path not in path:
                    continue
                if fault.strikes():
                    return fault
        return None

    def row_error(
        self, object_name: str, operation: str, record_id: str = "", values: Mapping[str, object] | None = None
    ) -> RowError | None:
        """The error that a record gets on order; `operation` is as the module says."""
        with self._lock:
            for fault in self._all:
                if not fault.row_code or fault.object_name not in ("", object_name):
                    continue
                if fault.operation not in ("", operation) or fault.record_id not in ("", record_id):
                    continue
                if fault.field_name and fault.field_name not in (values or {}):
                    continue
                if fault.strikes():
                    return RowError(fault.row_code, fault.row_message or fault.row_code, fault.row_fields)
        return None
