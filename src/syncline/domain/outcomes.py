"""Outcomes of single rows: values, never exceptions, so that one bad record is one record's failure."""

from dataclasses import dataclass
from enum import StrEnum

from syncline.domain.ids import SalesforceId


@dataclass(frozen=True)
class RowError:
    """One error of one record, in Salesforce's own words; `matches` are records (object, id) that it names."""

    code: str
    message: str
    fields: tuple[str, ...] = ()
    matches: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class RowResult:
    """What the org made of one record that was sent."""

    id: SalesforceId | None
    success: bool
    created: bool = False
    errors: tuple[RowError, ...] = ()

    @property
    def is_gone(self) -> bool:
        """It was refused because the record is deleted already."""
        return not self.success and any(error.code == "ENTITY_IS_DELETED" for error in self.errors)


class RowAction(StrEnum):
    """What to do next about a row that was refused (sync contract, section 6)."""

    RETRY = "retry"
    STOP_CONNECTION = "stop_connection"
    PAUSE = "pause"
    PERSON = "person"
    FOLLOW = "follow"
