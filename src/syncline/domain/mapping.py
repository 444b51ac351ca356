"""The mapping: which marketing field comes from, and goes to, which Salesforce fields, and by which rules."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from syncline.domain.mapping_options import (
    AmbiguousPolicy,
    DuplicatePolicy,
    LengthPolicy,
    MergePolicy,
    ObjectRules,
    PushGuard,
    StricterOrder,
)

if TYPE_CHECKING:
    from syncline.domain.formula.types import BoundFormula

LEAD = "Lead"
CONTACT = "Contact"
#: The objects whose records are people, in the order in which addresses are matched.
PERSON_OBJECTS = (CONTACT, LEAD)


class FieldType(StrEnum):
    """Types of marketing fields."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    DATETIME = "datetime"
    BOOLEAN = "boolean"
    EMAIL = "email"
    SCORE = "score"
    PICKLIST = "picklist"
    MULTIPICKLIST = "multipicklist"

    @property
    def column_type(self) -> str:
        """The PostgreSQL type of its column in contacts."""
        return {
            FieldType.NUMBER: "numeric",
            FieldType.SCORE: "numeric",
            FieldType.DATE: "date",
            FieldType.DATETIME: "timestamptz",
            FieldType.BOOLEAN: "boolean",
        }.get(self, "text")


class Direction(StrEnum):
    """Which way values move."""

    PULL = "pull"
    PUSH = "push"
    BOTH = "both"
    OFF = "off"

    @property
    def pulls(self) -> bool:
        """Values of Salesforce come in."""
        return self in (Direction.PULL, Direction.BOTH)

    @property
    def pushes(self) -> bool:
        """Our values go out."""
        return self in (Direction.PUSH, Direction.BOTH)


class Policy(StrEnum):
    """Who wins when both sides changed a field to different values."""

    SALESFORCE = "salesforce"
    MARKETING = "marketing"
    NEWEST = "newest"
    FILLED = "filled"
    STRICTER = "stricter"
    HOLD = "hold"


class BlankRule(StrEnum):
    """Whether a value cleared here also clears Salesforce's."""

    KEEP = "keep"
    CLEAR = "clear"


class Lane(StrEnum):
    """Order of sending: what may not wait goes first."""

    CONSENT = "consent"
    CREATE = "create"
    SCORE = "score"
    OTHER = "other"

    @property
    def rank(self) -> int:
        """0 goes first."""
        return list(Lane).index(self)


#: Marketing fields that tell of a hard bounce beside its box: when, and in whose words.
BOUNCED_AT, BOUNCED_REASON = "email_bounced_at", "email_bounced_reason"


def is_expression(source: str) -> bool:
    """Whether a source is an expression, not the name of a field: it begins as in a spreadsheet."""
    return source.startswith("=")


@dataclass(frozen=True)
class MappedField:
    """One marketing field and its two sources; `name` is also its column in contacts.

    A source is a Salesforce field by its API name, or `=` and an expression in Salesforce's formula language.
    """

    name: str
    label: str
    type: FieldType
    lead: str | None = None
    contact: str | None = None
    direction: Direction = Direction.PULL
    policy: Policy = Policy.SALESFORCE
    blank: BlankRule = BlankRule.KEEP
    #: Fields of one group move together: never half of an address from either side.
    group: str | None = None
    guard: PushGuard = PushGuard.ALWAYS
    stricter: StricterOrder = StricterOrder.HIGHER
    merge: MergePolicy = MergePolicy.MAX
    #: A score that moved by less is not sent.
    step: Decimal = Decimal(0)
    length: LengthPolicy = LengthPolicy.REFUSE
    #: Pairs of (value in Salesforce, value here); a value that is not among them is the same on both sides.
    values: tuple[tuple[str, str], ...] = ()
    #: Where a text is cut: the characters that the source takes. A run fills it in (`SyncContext.mapped`).
    limit: int | None = None
    #: Digits after the point that the source keeps of a number that is sent: more of them are never different. A run
    #: fills it in, too.
    scale: int | None = None
    #: What stands in for a value that a new Lead must have; never read back as one. `Mapping.on` fills it in.
    filler: str | None = None
    #: Where the source is an expression: it, checked against the org. A run fills it in (`sync.formulas`).
    formula: "BoundFormula | None" = None

    def source(self, object_name: str) -> str | None:
        """The Salesforce field it stands for on that object, or None where it has none."""
        return self.lead if object_name == LEAD else self.contact

    @property
    def expressions(self) -> dict[str, str]:
        """Its sources that are expressions, by object."""
        return {name: one for name in PERSON_OBJECTS if (one := self.source(name)) and is_expression(one)}

    def to_salesforce(self, text: str | None) -> str | None:
        """The value as Salesforce calls it, of one in canonical text."""
        return {here: there for there, here in self.values}.get(text, text) if text is not None else None

    @property
    def lane(self) -> Lane:
        """The lane in which its changes are sent."""
        if self.policy is Policy.STRICTER and self.type is FieldType.BOOLEAN:
            return Lane.CONSENT
        if self.name in (BOUNCED_AT, BOUNCED_REASON):
            return Lane.CONSENT
        return Lane.SCORE if self.type is FieldType.SCORE else Lane.OTHER


@dataclass(frozen=True)
class Mapping:
    """All mapped fields of one connection, the fillers for what a new Lead must have, and the rules beside them."""

    fields: tuple[MappedField, ...]
    version: int = 0
    approved: bool = False
    external_id_field: str | None = "Syncline_Id__c"
    fillers: tuple[tuple[str, str], ...] = (("LastName", "[not provided]"), ("Company", "[not provided]"))
    ambiguous: AmbiguousPolicy = AmbiguousPolicy.OLDEST
    duplicates: DuplicatePolicy = DuplicatePolicy.LINK
    #: Whether a new Lead goes through the org's assignment rules; an update never does.
    assignment_rules: bool = True
    #: By object; an object without rules of its own has the default ones.
    objects: tuple[tuple[str, ObjectRules], ...] = ()

    def rules(self, object_name: str) -> ObjectRules:
        """The rules for the records of an object."""
        return dict(self.objects).get(object_name, ObjectRules())

    def find(self, name: str) -> MappedField | None:
        """The marketing field of that name."""
        return next((one for one in self.fields if one.name == name), None)

    def on(self, object_name: str) -> Iterator[tuple[MappedField, str]]:
        """The fields that have a source on this object, with it; switched-off ones are left out."""
        fillers = dict(self.fillers) if object_name == LEAD else {}
        for one in self.fields:
            source = one.source(object_name)
            if source and one.direction is not Direction.OFF:
                yield replace(one, filler=fillers[source]) if source in fillers else one, source
