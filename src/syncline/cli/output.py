"""What every command prints alike: lines for people, one JSON object for programs, and errors with their remedy."""

import json
import sys
from typing import Any

from syncline.errors import MappingError, PlanRefused, RemoteError, SynclineError

FAILED_STATUS = 1
REFUSED_STATUS = 3
#: For a command that did its work while some rows were refused.
ROW_FAILURES_STATUS = 4


class Output:
    """Where a command prints. With `as_json` standard output carries the one object, everything else goes beside."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    def line(self, text: str = "") -> None:
        """A line of the result for people; nothing with --json, whose object says the same."""
        if not self.as_json:
            print(text)

    def note(self, text: str) -> None:
        """A line about what is going on; never part of the result."""
        print(text, file=sys.stderr, flush=True)

    def result(self, values: dict[str, Any]) -> None:
        """The object that --json prints last."""
        if self.as_json:
            print(json.dumps(values, ensure_ascii=False, default=str), flush=True)


def report_error(error: SynclineError, *, as_json: bool) -> int:
    """Prints an error that was foreseen, with its remedy, and gives the exit status."""
    if as_json:
        print(json.dumps({"error": _facts(error)}, ensure_ascii=False, default=str), flush=True)
    else:
        print(f"error: {error.message}", file=sys.stderr)
        if error.remedy:
            print(f"remedy: {error.remedy}", file=sys.stderr)
    return REFUSED_STATUS if isinstance(error, PlanRefused) else FAILED_STATUS


def report_unexpected(error: Exception, *, as_json: bool) -> int:
    """Logs an error that nobody foresaw, says where, and gives the exit status; SYNCLINE_LOG=debug shows it all."""
    import traceback

    from syncline.cli.logs import log_unexpected

    level, where = log_unexpected(error)
    if level == "debug":
        traceback.print_exception(error)
    kept = f"The details are in {where}." if where else "See the details with SYNCLINE_LOG=debug."
    wrapped = SynclineError(
        f"Something unexpected happened: {type(error).__name__}: {str(error).strip()[:300]}",
        remedy=f"{kept} What was stored stays stored; running the command again is safe.",
    )
    return report_error(wrapped, as_json=as_json)


def _facts(error: SynclineError) -> dict[str, Any]:
    facts: dict[str, Any] = {"type": type(error).__name__, "message": error.message, "remedy": error.remedy}
    if isinstance(error, MappingError):
        facts["problems"] = list(error.problems)
    elif isinstance(error, PlanRefused):
        facts |= {"counts": error.counts, "limits": error.limits}
    elif isinstance(error, RemoteError):
        facts |= {"operation": error.operation, "status": error.status, "code": error.code}
    return facts
