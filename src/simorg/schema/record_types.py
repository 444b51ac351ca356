"""Record types: which values of its picklists a record can have (Salesforce Help, "Record Types")."""

from collections.abc import Mapping
from dataclasses import dataclass, field

MASTER_ID = "012000000000000AAA"


@dataclass(frozen=True)
class RecordType:
    """One record type of an object.

    `values`: for each picklist that it narrows, what can be chosen; `defaults`: what a new record has where nothing was
    given. `profiles`: the names of those whose users get it by default; `default`: all others do.
    """

    id: str
    developer_name: str
    label: str
    active: bool = True
    description: str | None = None
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    profiles: tuple[str, ...] = ()
    default: bool = False


def default_of(types: tuple[RecordType, ...], profile: str | None) -> RecordType | None:
    """The record type that a user of a profile gets; None is the master."""
    active = [one for one in types if one.active]
    own = [one for one in active if profile in one.profiles]
    return next(iter(own), None) or next((one for one in active if one.default), None)
