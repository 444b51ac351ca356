"""Consent by address: the kinds of facts, which marketing fields show what stands, and who may be mailed.

A fact stands until a newer one lifts it. The stricter fact wins: an address that opted out, bounced or complained is
never mailed, whatever the boxes of single records say.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from syncline.domain.mapping import BOUNCED_AT, BOUNCED_REASON, BlankRule, FieldType, MappedField, Mapping


class FactKind(StrEnum):
    """What is told of an address."""

    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"
    HARD_BOUNCE = "hard_bounce"
    BOUNCE_CLEARED = "bounce_cleared"
    COMPLAINT = "complaint"


@dataclass(frozen=True)
class Fact:
    """One line of the ledger."""

    kind: FactKind
    at: datetime
    source: str
    evidence: str
    record_id: str | None


@dataclass(frozen=True)
class Standing:
    """What stands for an address."""

    opted_out: bool = False
    bounced: bool = False
    complained: bool = False

    @property
    def mailable(self) -> bool:
        """No stricter fact stands."""
        return not (self.opted_out or self.bounced or self.complained)

    def describe(self) -> str:
        """In words."""
        said = [
            word
            for word, stands in (
                ("opted out", self.opted_out),
                ("bounces", self.bounced),
                ("complained", self.complained),
            )
            if stands
        ]
        return ", ".join(said) or "may be mailed"


def stand(kinds: Sequence[FactKind]) -> Standing:
    """What stands after these facts, the oldest first; a trigger of the ledger says the same in SQL."""
    standing = Standing()
    for kind in kinds:
        match kind:
            case FactKind.OPT_OUT:
                standing = replace(standing, opted_out=True)
            case FactKind.OPT_IN:
                standing = replace(standing, opted_out=False, complained=False)
            case FactKind.COMPLAINT:
                standing = replace(standing, complained=True)
            case FactKind.HARD_BOUNCE:
                standing = replace(standing, bounced=True)
            case FactKind.BOUNCE_CLEARED:
                standing = replace(standing, bounced=False)
    return standing


@dataclass(frozen=True)
class ConsentField:
    """A marketing field that shows a fact of its address; `flag` is the column of what stands."""

    field: MappedField
    kind: FactKind
    flag: str

    @property
    def is_box(self) -> bool:
        """It is ticked here when the fact stands."""
        return self.field.type is FieldType.BOOLEAN

    @property
    def is_shown(self) -> bool:
        """Contacts show the fact by it: boxes do, and what tells of a bounce where the mapping sends it."""
        return self.is_box or self.field.direction.pushes

    @property
    def tells(self) -> bool:
        """What Salesforce shows in it is taken for the fact: boxes always, else where the mapping reads it."""
        return self.is_box or self.field.direction.pulls

    @property
    def can_be_cleared_there(self) -> bool:
        """Lifting the fact here clears it in Salesforce."""
        return self.field.direction.pushes and (self.is_box or self.field.blank is BlankRule.CLEAR)


#: The marketing fields that carry consent, by name: their Salesforce fields are the mapping's.
_ROLES = {
    "opted_out": (FactKind.OPT_OUT, "opted_out"),
    "hard_bounced": (FactKind.HARD_BOUNCE, "bounced"),
    BOUNCED_AT: (FactKind.HARD_BOUNCE, "bounced"),
    BOUNCED_REASON: (FactKind.HARD_BOUNCE, "bounced"),
}
#: The types that such a field may have.
_TYPES = {
    BOUNCED_AT: (FieldType.DATETIME, FieldType.DATE),
    BOUNCED_REASON: (FieldType.TEXT,),
}
OPTED_OUT = "opted_out"


def consent_fields(mapping: Mapping) -> list[ConsentField]:
    """The mapped fields that carry consent."""
    return [ConsentField(field, *_ROLES[field.name]) for field in mapping.fields if field.name in _ROLES]


def wanted_types(one: ConsentField) -> tuple[FieldType, ...]:
    """The types that a field of its part in consent may have: of any other, every filled value would stop mail."""
    return _TYPES.get(one.field.name, (FieldType.BOOLEAN,))
