"""Undo: which changes are taken back, and what that amounts to before anything is done."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from syncline.domain.ids import ContactId, RunId


@dataclass(frozen=True)
class Selection:
    """Which changes of contacts are to be taken back; what is given must all hold. Times in UTC."""

    run_id: RunId | None = None
    contact_id: ContactId | None = None
    field: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_everything(self) -> bool:
        """Nothing narrows it down."""
        return self == Selection() or self == Selection(field=self.field)

    @property
    def is_whole_run(self) -> bool:
        """All that a run did: only then what it made is taken back, too."""
        return self.run_id is not None and self == Selection(run_id=self.run_id)

    def describe(self) -> str:
        """The selection in words."""
        parts = [
            f"run {self.run_id}" if self.run_id is not None else "",
            f"contact {self.contact_id}" if self.contact_id is not None else "",
            f"field {self.field}" if self.field else "",
            f"since {self.since:%Y-%m-%d %H:%M:%S}" if self.since else "",
            f"until {self.until:%Y-%m-%d %H:%M:%S}" if self.until else "",
        ]
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True)
class FieldUndo:
    """How many values of one field are given back, how many stay since they were changed, how many are back already."""

    field: str
    restored: int
    changed_since: int
    already_back: int


@dataclass(frozen=True)
class UndoExample:
    """One value: what it is now and what it becomes, in canonical text; `kept` says why it stays as it is."""

    contact_id: int
    field: str
    present: str | None
    before: str | None
    kept: str


@dataclass(frozen=True)
class SentUndo:
    """Values of one field that were written into records of an object; given back where they still stand there."""

    object: str
    field: str
    values: int


@dataclass(frozen=True)
class MadeRecord:
    """A record that a run made in Salesforce; `touched`: its contact was changed here since."""

    object: str
    record_id: str
    contact_id: int
    touched: bool


@dataclass(frozen=True)
class MadeUndo:
    """What a run made: contacts that are put away, records in Salesforce that can be deleted; what was touched stays.

    `back`: contacts that the chosen run, an undo itself, had put away. `examples`: some of the records.
    """

    contacts: int = 0
    contacts_kept: int = 0
    records: int = 0
    records_kept: int = 0
    back: int = 0
    examples: tuple[MadeRecord, ...] = ()


@dataclass(frozen=True)
class UndoPlan:
    """What taking the selection back would change."""

    selection: Selection
    fields: tuple[FieldUndo, ...]
    contacts: int
    #: Rows of the log that have no value before, by action: creates, conversions, merges, deletes.
    not_undone: Mapping[str, int]
    #: Fields of the log that the mapping no longer has.
    unmapped: Mapping[str, int]
    examples: tuple[UndoExample, ...]
    in_salesforce: tuple[SentUndo, ...] = ()
    made: MadeUndo = MadeUndo()

    @property
    def sent_back(self) -> int:
        """Values that are given back in Salesforce, as far as they still are what was sent."""
        return sum(one.values for one in self.in_salesforce)

    @property
    def is_empty(self) -> bool:
        """There is nothing to give back on either side."""
        return not (self.restored or self.sent_back or self.made.contacts or self.made.back or self.made.records)

    @property
    def restored(self) -> int:
        """Values that are given back."""
        return sum(one.restored for one in self.fields)

    @property
    def kept(self) -> int:
        """Values that somebody changed since, and that stay."""
        return sum(one.changed_since for one in self.fields)
