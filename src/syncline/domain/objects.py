"""Objects that are mirrored on an operator's word: which of their fields, and in which order they are merged."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from syncline.domain.shape import COMPOUND_TYPES, FieldShape, ObjectShape

#: Read of every object where the org has them: identity, deletion, stamps.
_OWN_FIELDS = ("Id", "IsDeleted", "MasterRecordId", "CreatedDate", "LastModifiedDate", "SystemModstamp")
#: Describe types that no query gives as a value: made of others, or files.
_UNREADABLE = COMPOUND_TYPES | {"base64", "complexvalue", "json"}
#: Texts longer than this are read on demand only.
_LONG_TEXT = 255
#: Objects that Bulk API 2.0 does not query (Salesforce Help, "Objects Not Supported by the Bulk API"): small lists of
#: a setup, and the relations of activities.
NOT_IN_BULK = frozenset(
    {
        "AcceptedEventRelation", "AttachedContentNote", "CaseStatus", "ContractStatus", "DeclinedEventRelation",
        "EventWhoRelation", "OrderStatus", "PartnerRole", "QuoteTemplateRichTextData", "RecentlyViewed",
        "SolutionStatus", "TaskPriority", "TaskStatus", "TaskWhoRelation", "UndecidedEventRelation",
    }
)  # fmt: skip


class Choice(StrEnum):
    """Which fields of an object are mirrored."""

    #: All but texts of more than 255 characters.
    COMMON = "common"
    ALL = "all"
    CHOSEN = "chosen"


@dataclass(frozen=True)
class MirroredObject:
    """An object that is mirrored beside those of the mapping; `fields` are the names that were chosen."""

    name: str
    choice: Choice = Choice.COMMON
    fields: tuple[str, ...] = ()

    def wants(self, field: FieldShape) -> bool:
        """Whether a field is among those that are mirrored."""
        if field.type in _UNREADABLE:
            return False
        match self.choice:
            case Choice.ALL:
                return True
            case Choice.COMMON:
                return field.type not in ("textarea", "string") or field.length <= _LONG_TEXT
            case Choice.CHOSEN:
                return field.name.lower() in {name.lower() for name in self.fields}

    def read_fields(self, shape: ObjectShape) -> tuple[FieldShape, ...]:
        """The fields to read, what every object needs first; what the org hides is left out."""
        own = [found for name in _OWN_FIELDS if (found := shape.find(name))]
        return (*own, *(one for one in shape.fields if one not in own and self.wants(one)))

    def missing(self, shape: ObjectShape) -> tuple[str, ...]:
        """Chosen fields that the org does not show, or that no query gives."""
        return tuple(name for name in self.fields if (found := shape.find(name)) is None or found.type in _UNREADABLE)


def find_parents(fields: Mapping[str, Iterable[FieldShape]]) -> dict[str, frozenset[str]]:
    """By object, which of the others its lookups lead to; `fields` are the fields read of each object."""
    return {
        name: frozenset(
            target for one in read if one.type == "reference" for target in one.reference_to if target in fields
        )
        - {name}
        for name, read in fields.items()
    }


def order_by_parents(parents: Mapping[str, frozenset[str]]) -> list[str]:
    """The objects, each after those that its lookups lead to.

    Where lookups lead in a circle, the one that closes it is let go: within a circle the order is that of the names,
    and a lookup may lead to a record that is merged a moment later in the same sync.
    """
    order: list[str] = []
    entered: set[str] = set()

    def enter(name: str) -> None:
        if name in entered:
            return
        entered.add(name)
        for parent in sorted(parents[name]):
            enter(parent)
        order.append(name)

    for name in sorted(parents):
        enter(name)
    return order
