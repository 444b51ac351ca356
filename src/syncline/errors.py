"""Every exception of Syncline, classed by what the caller does next.

    SynclineError
    ├── OperatorError         a person must change something; shown without traceback, with the remedy
    │   ├── ConfigError
    │   ├── MappingError      problems of one mapping, all at once
    │   │   └── FormulaError  one problem of an expression, with its place
    │   ├── PlanRefused       a brake held; carries the counts and how to allow them
    │   └── Busy              another process does this work at this moment
    ├── RemoteError           carries operation, HTTP status and Salesforce code
    │   ├── RetryLater        the same request may succeed later
    │   │   └── LimitReached  not before `until`
    │   ├── ConnectionBroken  login refused, token revoked: stop this connection, tell the operator
    │   └── RemoteRefused     a permission, or a request we built wrongly: do not retry
    ├── Stopped               a run was asked to stop, and did so at a safe place
    └── StoreError            the database could not do its part
        └── StoreBusy         somebody else holds what is needed, for longer than the caller waits

Outcomes of single rows are values (`domain.outcomes`), never exceptions.
"""

from collections.abc import Sequence
from datetime import datetime


class SynclineError(Exception):
    """Something went wrong in Syncline."""

    def __init__(self, message: str | None = None, *, remedy: str | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip()
        self.remedy = remedy
        super().__init__(self.message)


class OperatorError(SynclineError):
    """A person must change something."""


class ConfigError(OperatorError):
    """A setting is missing or wrong."""


class Busy(OperatorError):
    """Another process is doing this work at this moment."""


class MappingError(OperatorError):
    """The mapping does not fit the org."""

    def __init__(self, problems: Sequence[str], *, remedy: str | None = None) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems) or None, remedy=remedy)


class FormulaError(MappingError):
    """An expression of the mapping is wrong."""

    def __init__(self, message: str, *, position: object = None, remedy: str) -> None:
        self.position = position
        super().__init__([f"Error: {message} ({position})" if position else f"Error: {message}"], remedy=remedy)


class PlanRefused(OperatorError):
    """A run would change more than the brakes allow."""

    def __init__(self, message: str, *, counts: dict[str, int], limits: dict[str, float], remedy: str) -> None:
        self.counts = counts
        self.limits = limits
        super().__init__(message, remedy=remedy)


class RemoteError(SynclineError):
    """Salesforce answered with an error, or not at all."""

    def __init__(
        self,
        message: str | None = None,
        *,
        operation: str = "",
        status: int | None = None,
        code: str = "",
        remedy: str | None = None,
    ) -> None:
        self.operation = operation
        self.status = status
        self.code = code
        super().__init__(message, remedy=remedy)


class RetryLater(RemoteError):
    """The same request may succeed later."""

    def __init__(self, message: str | None = None, *, retry_after: float | None = None, **facts: object) -> None:
        self.retry_after = retry_after
        super().__init__(message, **facts)  # type: ignore[arg-type]  # facts are RemoteError's own keywords


class LimitReached(RetryLater):
    """The org takes no more calls for now."""

    def __init__(self, message: str | None = None, *, until: datetime | None = None, **facts: object) -> None:
        self.until = until
        super().__init__(message, **facts)  # type: ignore[arg-type]  # as above


class ConnectionBroken(RemoteError):
    """Salesforce refuses the login of this connection."""


class RemoteRefused(RemoteError):
    """Salesforce refuses the request; sending it again changes nothing."""


class Stopped(SynclineError):
    """A run was asked to stop, and did so at a safe place."""

    def __init__(self, message: str | None = None, *, by_person: bool, remedy: str | None = None) -> None:
        self.by_person = by_person
        super().__init__(message, remedy=remedy)


class StoreError(SynclineError):
    """The database could not do its part."""


class StoreBusy(StoreError):
    """Somebody else holds what is needed in the database."""
