"""What can be wrong with a mapping: one thing that does not fit, with what to do about it."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """Whether a problem stops a sync."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Problem:
    """One thing that does not fit; `field` is the marketing field, `object` Salesforce's, either may be empty."""

    field: str
    object: str
    message: str
    remedy: str
    severity: Severity = Severity.ERROR
