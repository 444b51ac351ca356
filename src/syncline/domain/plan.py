"""A plan: what one run would change, in numbers and examples, and the brakes that may hold it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from syncline.domain.reading import ReadForecast
from syncline.errors import PlanRefused


@dataclass(frozen=True)
class Example:
    """One decided value, to show: old and new in canonical text, and the rule that decided."""

    object: str
    record_id: str
    contact_id: int | None
    action: str
    field: str | None
    ours: str | None
    theirs: str | None
    outcome: str
    rule: str


@dataclass(frozen=True)
class ObjectPlan:
    """What would happen to the records of one object; counts are records unless keyed by field."""

    object: str
    records: int = 0
    creates: int = 0
    links: int = 0
    updates: int = 0
    converts: int = 0
    merges: int = 0
    deletes: int = 0
    undeletes: int = 0
    #: Records that leave the filter of their object, and that come back into it.
    leaves: int = 0
    returns: int = 0
    conflicts: int = 0
    taken_by_field: Mapping[str, int] = field(default_factory=dict)
    blanked_by_field: Mapping[str, int] = field(default_factory=dict)
    sent_by_field: Mapping[str, int] = field(default_factory=dict)
    conflicts_by_field: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Brakes:
    """Limits on what one run may change without a person's word, as shares of the contacts before the run."""

    changed: float = 0.05
    deleted: float = 0.01
    #: Fewer deletions than this never brake.
    deleted_at_least: int = 100
    blanked: float = 0.01
    #: Below this many contacts shares say nothing, and only deletions brake.
    contacts_at_least: int = 100


#: What the forecast of time goes by: a call to an org a continent away, and rows applied here.
_SECONDS_PER_CALL = 0.6
_ROWS_PER_SECOND = 15_000


def forecast_seconds(objects: Sequence[ObjectPlan], calls: int) -> float:
    """About how many seconds applying takes: the calls one after another, and the rows here."""
    rows = sum(one.creates + one.updates + one.links + one.converts + one.merges + one.deletes for one in objects)
    return calls * _SECONDS_PER_CALL + rows / _ROWS_PER_SECOND


@dataclass(frozen=True)
class Plan:
    """What one run would change on both sides."""

    run_id: int
    objects: tuple[ObjectPlan, ...]
    contacts_before: int
    to_send: int
    to_create_in_salesforce: int
    examples: tuple[Example, ...]
    calls_so_far: int
    calls_forecast: int
    #: About how long applying it takes.
    seconds_forecast: float = 0.0
    #: What was read of every record to make it, as it was priced before.
    reading: tuple[ReadForecast, ...] = ()
    #: Why a person must approve it first, or None.
    needs_approval: str | None = None

    @property
    def changes_nothing(self) -> bool:
        """Neither side would change."""
        quiet = all(
            not (one.creates or one.links or one.updates or one.converts or one.merges or one.deletes or one.undeletes)
            and not (one.leaves or one.returns)
            for one in self.objects
        )
        return quiet and not self.to_send and not self.to_create_in_salesforce

    def raise_if_unsafe(self, brakes: Brakes) -> None:
        """Holds a run that would change more than the brakes allow.

        Raises:
            PlanRefused: with the counts, the limits and how to allow it.
        """
        counts = {
            "changed": sum(one.updates for one in self.objects),
            "deleted": sum(one.deletes for one in self.objects),
            **{f"blanked {name}": amount for name, amount in self._blanked().items()},
        }
        held = [sentence for name, amount in counts.items() if (sentence := self._over(name, amount, brakes))]
        if held:
            raise PlanRefused(
                "; ".join(held),
                counts=counts,
                limits={"changed": brakes.changed, "deleted": brakes.deleted, "blanked": brakes.blanked},
                remedy="Look at it with `syncline plan`; if it is right, run `syncline sync --allow-large-change`.",
            )

    def _blanked(self) -> dict[str, int]:
        blanked: dict[str, int] = {}
        for one in self.objects:
            for name, amount in one.blanked_by_field.items():
                blanked[name] = blanked.get(name, 0) + amount
        return blanked

    def _over(self, name: str, amount: int, brakes: Brakes) -> str | None:
        if not amount or not self.contacts_before:
            return None
        limit = {"changed": brakes.changed, "deleted": brakes.deleted}.get(name, brakes.blanked)
        floor = brakes.deleted_at_least if name == "deleted" else 0
        if name != "deleted" and self.contacts_before < brakes.contacts_at_least:
            return None
        share = amount / self.contacts_before
        if share <= limit or amount <= floor:
            return None
        return (
            f"{amount:,} contacts {name} are {share:.1%} of {self.contacts_before:,}; "
            f"one run may change {limit:.0%} without a person's word"
        )
