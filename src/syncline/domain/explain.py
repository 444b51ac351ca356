"""Why a value is what it is: the standing of one field of one person, from what both sides and the engine hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from syncline.domain.mapping import BlankRule, Direction, Lane, MappedField


class Standing(StrEnum):
    """How one field of one person stands between the two sides."""

    IN_STEP = "in step"
    WAITS = "waits to be sent"
    DEFERRED = "is tried again later"
    PARKED = "waits for a person"
    REFUSED = "was refused"
    HELD = "conflict is held"
    UNDECIDED = "is decided by the next sync"
    DIVERGENT = "differs, as the mapping says"
    DRIFTED = "differs without a known reason"
    NOT_SYNCED = "is not synced"
    UNKNOWN = "is computed by an expression"


@dataclass(frozen=True)
class LastChange:
    """The newest line of the change log about one field."""

    at: datetime
    action: str
    old: str | None
    new: str | None
    rule: str | None
    origin: str
    run_id: int | None


@dataclass(frozen=True)
class FieldFacts:
    """What is known of one field of one person. Values in canonical text; `theirs` as the mirror shows it."""

    ours: str | None
    theirs: str | None
    #: The agreed value, where it is kept apart from the mirror's; `base_kept` says whether it is.
    base: str | None = None
    base_kept: bool = False
    held: bool = False
    #: Its row in the outbox: waiting or parked, with why and until when; None where nothing waits.
    outbox_state: str | None = None
    outbox_reason: str | None = None
    not_before: datetime | None = None
    #: What an open issue says about it: code, message, remedy.
    issue: tuple[str, str, str] | None = None
    last: LastChange | None = None


@dataclass(frozen=True)
class Verdict:
    """The standing with a sentence, and what to do about it where something is to be done."""

    standing: Standing
    sentence: str
    remedy: str = ""


@dataclass(frozen=True)
class FieldExplanation:
    """One field explained."""

    name: str
    source: str | None
    facts: FieldFacts
    verdict: Verdict


#: Why a record has no contact: sentence and remedy by the rule that leaves it out.
LEFT_OUT: Mapping[str, tuple[str, str]] = {
    "without_email": ("It has no e-mail address.", "Give it one in Salesforce; the next sync takes it in."),
    "malformed_email": ("Its e-mail address is none.", "Correct it in Salesforce; the next sync takes it in."),
    "converted": ("It is a converted Lead: its Contact stands for the person.", ""),
    "merged": ("It was merged into another record, which stands for the person.", ""),
    "deleted": ("It is deleted in Salesforce.", "Undelete it there, if it should come back."),
    "deleted_here": (
        "Its contact was deleted here, and it is not imported again.",
        "To have the person back, add the address again: `syncline contacts add`.",
    ),
    "outside_filter": (
        "It is outside of the filter of its object.",
        "Change the record in Salesforce, or the filter: `syncline map object`.",
    ),
    "ambiguous": (
        "Several contacts or records have its address, and the mapping lets a person choose.",
        "Merge them, or give one another address; or let one be taken: `syncline map rules --ambiguous oldest`.",
    ),
}


def explain_field(field: MappedField, source: str | None, facts: FieldFacts, outside: str | None = None) -> Verdict:
    """Says how a field stands; the first reason that applies is the one to act on.

    `outside`: where the record is outside of the filter of its object, why.
    """
    if field.direction is Direction.OFF:
        return Verdict(Standing.NOT_SYNCED, "The mapping has it switched off.", _set(field, "--direction pull"))
    if source is None:
        return Verdict(Standing.NOT_SYNCED, "The mapping names no Salesforce field for it on this object.")
    if outside is not None and field.lane is not Lane.CONSENT:
        return Verdict(Standing.NOT_SYNCED, f"Its record is outside of the filter: {outside}.", _FILTER)
    return _explain_waiting(facts) or _explain_values(field, source, facts)


def _explain_waiting(facts: FieldFacts) -> Verdict | None:
    if facts.held:
        return Verdict(
            Standing.HELD,
            "Both sides changed it to different values, and the mapping lets a person decide.",
            "Settle it: `syncline conflicts settle`.",
        )
    if facts.outbox_state == "parked":
        return Verdict(
            Standing.PARKED,
            f"Salesforce refused the record: {facts.outbox_reason or 'no reason was given'}",
            "Mend the cause, then `syncline errors retry`.",
        )
    if facts.issue is not None:
        code, message, remedy = facts.issue
        return Verdict(Standing.REFUSED, f"{code}: {message}", remedy)
    if facts.outbox_state and facts.not_before:
        return Verdict(
            Standing.DEFERRED,
            f"Salesforce was busy; it is tried again from {facts.not_before:%Y-%m-%d %H:%M:%S} UTC on.",
        )
    if facts.base_kept:
        return Verdict(Standing.UNDECIDED, "It changed in Salesforce and no run has decided about it yet.", _SYNC)
    return None


_SYNC = "Run `syncline sync`."
_FILTER = "Change the record in Salesforce, or the filter: `syncline map object`."


def _explain_values(field: MappedField, source: str, facts: FieldFacts) -> Verdict:
    if field.expressions and source.startswith("="):
        return Verdict(Standing.UNKNOWN, f"It is computed from Salesforce by {source}", "See `syncline map preview`.")
    if facts.ours == facts.theirs:
        return Verdict(Standing.IN_STEP, "Both sides hold the same value.")
    if facts.outbox_state:
        return Verdict(Standing.WAITS, "It changed here and goes out with the next sync.", _SYNC)
    if not field.direction.pushes:
        return Verdict(
            Standing.DIVERGENT,
            "It changed here, and the mapping does not send it.",
            f"To send it: {_set(field, '--direction both')}",
        )
    if facts.ours is None and field.blank is BlankRule.KEEP:
        return Verdict(
            Standing.DIVERGENT,
            "It was cleared here, and the mapping does not clear Salesforce's value.",
            f"To clear it there, too: {_set(field, '--blank clear')}",
        )
    return Verdict(
        Standing.DRIFTED,
        "The sides differ and nothing waits: the value was changed past the engine.",
        "Find and repair such values: `syncline reconcile`.",
    )


def _set(field: MappedField, option: str) -> str:
    return f"`syncline map set {field.name} {option}`."
