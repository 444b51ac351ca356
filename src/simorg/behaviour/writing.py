"""One write as the rules of an object see it: the record before and after, and what will be stored of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from simorg.errors import RowError
from simorg.org import Org
from simorg.transactions import StoredValue, Transaction


@dataclass
class Write:
    """A create (`before` is None) or an update; rules add to `written`, which is what will be stored."""

    org: Org
    tx: Transaction
    before: Mapping[str, StoredValue] | None
    written: dict[str, StoredValue]
    #: The fields that the caller gave values for.
    given: frozenset[str] = frozenset()

    def value(self, name: str) -> StoredValue:
        """A field as it will be."""
        return self.written[name] if name in self.written else (self.before or {}).get(name)

    def changes(self, name: str) -> bool:
        """Whether a field gets another value; on a create, any."""
        if name not in self.written:
            return False
        return self.before is None or self.before.get(name) != self.written[name]

    @property
    def today(self) -> str:
        """The day in the org's time zone."""
        return self.org.clock.now().astimezone(self.org.time_zone).date().isoformat()


@dataclass(frozen=True)
class Rules:
    """What an object adds to every write of its records, each part where there is one.

    `imply` fills in what a record must have, before that is asked for; `derive` what follows from other values; `check`
    refuses; `settle` writes what follows in other records, given the record's id; `keep` refuses a delete.
    """

    imply: Callable[[Write], None] | None = None
    derive: Callable[[Write], None] | None = None
    check: Callable[[Write], RowError | None] | None = None
    settle: Callable[[Write, str], None] | None = None
    keep: Callable[[Transaction, Mapping[str, StoredValue]], RowError | None] | None = None


NO_RULES = Rules()
