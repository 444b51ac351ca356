"""What every step of a sync needs to know: the connection, its mapping, the org's shapes, and where to work."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from syncline import clock
from syncline.domain.connection import Connection
from syncline.domain.drift import Drift
from syncline.domain.ids import RunId
from syncline.domain.mapping import MappedField, Mapping, is_expression
from syncline.domain.mapping_options import LengthPolicy
from syncline.domain.objects import MirroredObject
from syncline.domain.reading import ReadForecast
from syncline.domain.shape import NUMBER_TYPES, ObjectShape
from syncline.salesforce.client import Salesforce
from syncline.store.database import Database
from syncline.store.names import ConnectionTables
from syncline.sync.budget import CallGuard
from syncline.sync.counts import Counts
from syncline.sync.progress import Progress


@dataclass(frozen=True)
class SyncSettings:
    """Numbers of the sync contract; each has the contract's default."""

    overlap: timedelta = timedelta(minutes=10)
    #: How often fields are read by value whose changes no stamp tells.
    sweep_every: timedelta = timedelta(days=1)
    lag: timedelta = timedelta(seconds=5)
    #: Up to this many rows are read by REST pages, more by a Bulk job.
    bulk_threshold: int = 10_000
    #: Rows whose local effects are one transaction.
    batch_rows: int = 20_000
    #: Records whose stamps are looked at in one call before they are written.
    look_rows: int = 1_000
    #: Records of one collections call; Salesforce takes 200.
    send_rows: int = 200
    #: Up to this many records of an object and lane are sent by collections, more by a Bulk job.
    bulk_send_rows: int = 2_000


@dataclass
class SyncContext:
    """One run over one connection."""

    connection: Connection
    mapping: Mapping
    shapes: dict[str, ObjectShape]
    salesforce: Salesforce
    database: Database
    run_id: RunId
    settings: SyncSettings = field(default_factory=SyncSettings)
    #: What an operator wants mirrored beside the mapping, by object.
    mirrored: dict[str, MirroredObject] = field(default_factory=dict)
    #: Those of them that are not of people, as the org shows them.
    others: dict[str, ObjectShape] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)
    progress: Progress = field(default_factory=Progress)
    #: What of the org does not fit the mapping any more, and which of it is told already (code, object, field).
    drift: list[Drift] = field(default_factory=list)
    known_drift: set[tuple[str, str, str]] = field(default_factory=set)
    #: What was to be read of every record in this run, priced before it was read.
    reading: tuple[ReadForecast, ...] = ()
    #: Where the connection has a budget of calls: who keeps it.
    guard: CallGuard | None = None
    #: What TODAY() and NOW() of mapped expressions stand for in this run.
    at: datetime = field(default_factory=clock.now)
    #: How the run stands to end: done, waiting, refused, paused, failed; with a sentence where it is not done.
    state: str = "done"
    message: str = ""

    def urgent(self) -> AbstractContextManager[None]:
        """What is sent inside may use the reserve of the budget."""
        return self.guard.urgent() if self.guard else nullcontext()

    @property
    def tables(self) -> ConnectionTables:
        """Where the tables of this connection live."""
        return ConnectionTables(self.connection.name)

    @property
    def origin(self) -> str:
        """What a write of this sync carries, so that capture does not send it back."""
        return f"connection:{self.connection.id}"

    def mapped(self, object_name: str) -> list[tuple[MappedField, str]]:
        """The fields mapped on this object whose source the org shows us; expressions checked against it."""
        shape = self.shapes[object_name]
        suspended = self.unreadable(object_name)
        mapped = [pair for pair in self.mapping.on(object_name) if pair[0].name not in suspended]
        if any(is_expression(source) for _, source in mapped):
            # Late: a process that maps no expression does without lark.
            from syncline.sync.formulas import bind

            mapped = bind(self, shape, mapped)
        return [(_limit(one, source, shape), source) for one, source in mapped if one.formula or shape.find(source)]

    def unreadable(self, object_name: str) -> frozenset[str]:
        """Marketing fields that are mapped on this object and cannot be read from it for the moment."""
        return frozenset(one.field for one in self.drift if one.object == object_name and one.cause.stops_reading)

    def held(self, object_name: str) -> frozenset[str]:
        """Salesforce's fields whose column in the mirror cannot follow them for the moment."""
        return frozenset(one.held for one in self.drift if one.object == object_name and one.held)

    def unsendable(self, object_name: str) -> frozenset[str]:
        """Marketing fields that are mapped on this object and cannot be sent to it for the moment."""
        return frozenset(one.field for one in self.drift if one.object == object_name and one.cause.stops_sending)


def _limit(field: MappedField, source: str, shape: ObjectShape) -> MappedField:
    """The field with what its source takes: digits of a number, and characters where the mapping lets texts be cut."""
    found = shape.find(source)
    if not field.direction.pushes or not found:
        return field
    if field.type.column_type == "numeric" and (found.type in NUMBER_TYPES or found.type == "int"):
        return replace(field, scale=found.scale)
    if field.length is LengthPolicy.REFUSE or not found.length:
        return field
    return replace(field, limit=found.length)
