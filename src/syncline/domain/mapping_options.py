"""The choices that a mapping offers beside directions and policies: for one field, for an object, for everything."""

from dataclasses import dataclass
from enum import StrEnum


class PushGuard(StrEnum):
    """When a value of ours may be written over what Salesforce holds."""

    ALWAYS = "always"
    IF_BLANK = "if_blank"
    NEVER = "never"


class StricterOrder(StrEnum):
    """Which of two numbers is the stricter one."""

    HIGHER = "higher"
    LOWER = "lower"


class MergePolicy(StrEnum):
    """What becomes of a score when two contacts turn out to be one person."""

    SUM = "sum"
    MAX = "max"
    KEEP = "keep"


class LengthPolicy(StrEnum):
    """What happens to a text that is longer than Salesforce's field."""

    REFUSE = "refuse"
    CUT = "cut"
    CUT_WITH_MARK = "cut_with_mark"


#: What ends a text that was cut with a mark.
CUT_MARK = "…"


class DuplicatePolicy(StrEnum):
    """What a duplicate rule of Salesforce, met on a create, means (Salesforce REST guide, DUPLICATES_DETECTED)."""

    LINK = "link"
    ALLOW = "allow"
    HOLD = "hold"


class AmbiguousPolicy(StrEnum):
    """Which of several candidates a first match takes."""

    OLDEST = "oldest"
    NEWEST = "newest"
    HOLD = "hold"


class DeletePolicy(StrEnum):
    """What a record deleted in Salesforce means for its contact."""

    MARK = "mark"
    UNLINK = "unlink"
    ARCHIVE = "archive"


@dataclass(frozen=True)
class ObjectRules:
    """The rules for all records of one object.

    `strict`: writes carry If-Unmodified-Since, in composites of 25. `filter`: `=` and a formula that is true for the
    records to sync; `filter_reason` is what people are told of the others. `keep_without_email`: records without a
    usable address become contacts too.
    """

    strict: bool = False
    delete: DeletePolicy = DeletePolicy.MARK
    filter: str | None = None
    filter_reason: str = ""
    keep_without_email: bool = False
