"""What a contender is told and what it answers: one JSON object each, on standard input and standard output."""

import json
import sys
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Task:
    """Where to read, where to load, and how many rows must arrive."""

    org_url: str
    client_id: str
    client_secret: str
    database_url: str
    folder: str
    #: By object, what the org itself counts, deleted records included.
    expected: dict[str, int]
    #: How many objects are loaded side by side, where a contender leaves that open.
    threads: int = 1


@dataclass
class Result:
    """What a contender did. Seconds begin when the org's job is complete, or at the first request."""

    rows: int
    seconds: float
    #: Until the loaded data can be used for marketing; the same where there is no more to do.
    seconds_total: float
    #: From creating the first job to knowing it complete; not part of the seconds.
    seconds_to_job_complete: float = 0.0
    #: Calls as the contender counts them itself, where it does.
    own_calls: int | None = None
    steps: dict[str, float] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)


def read_task() -> Task:
    """Reads the task of this process."""
    return Task(**json.load(sys.stdin))


def check_rows(found: dict[str, int], expected: dict[str, int]) -> int:
    """The number of rows, when each table holds what the org counts.

    Raises:
        SystemExit: rows are missing or too many.
    """
    if found != expected:
        sys.exit(f"the tables hold {found}, the org counts {expected}")
    return sum(found.values())


def print_result(result: Result) -> None:
    """Prints the answer, last."""
    print(json.dumps(asdict(result)), flush=True)
