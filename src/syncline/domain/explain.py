"""Why a value is what it is: the standing of one field of one person, from what both sides and the engine hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from syncline.domain.mapping import BlankRule, Direction, FieldType, Lane, MappedField
from syncline.domain.mapping_options import CUT_MARK, LengthPolicy, PushGuard


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
    SUSPENDED = "is suspended"
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
    #: What drifted in the org, where that suspends the field on this object: code, message, remedy.
    drift: tuple[str, str, str] | None = None


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
    if facts.drift is not None:
        code, message, remedy = facts.drift
        return Verdict(Standing.SUSPENDED, f"{code}: {message}", remedy)
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
    if _is_cut(field, facts):
        return Verdict(
            Standing.IN_STEP,
            f"Salesforce holds the first {len(facts.theirs or '')} characters: the mapping lets the text be cut.",
        )
    if held_back := _explain_held_back(field, facts):
        return held_back
    if facts.outbox_state:
        together = f", with the other fields of its group {field.group}" if field.group else ""
        return Verdict(Standing.WAITS, f"It changed here and goes out with the next sync{together}.", _SYNC)
    if not field.direction.pushes:
        return Verdict(
            Standing.DIVERGENT,
            "It changed here, and the mapping does not send it.",
            f"To send it: {_set(field, '--direction both')}",
        )
    if facts.ours is None and field.blank is BlankRule.KEEP:
        group = f" unless another field of its group {field.group} is filled" if field.group else ""
        return Verdict(
            Standing.DIVERGENT,
            f"It was cleared here, and the mapping does not clear Salesforce's value{group}.",
            f"To clear it there, too: {_set(field, '--blank clear')}",
        )
    return Verdict(
        Standing.DRIFTED,
        "The sides differ and nothing waits: the value was changed past the engine.",
        "Find and repair such values: `syncline reconcile`.",
    )


def _is_cut(field: MappedField, facts: FieldFacts) -> bool:
    """Whether Salesforce holds the beginning of our text, as the mapping allows."""
    if field.length is LengthPolicy.REFUSE or facts.ours is None or facts.theirs is None:
        return False
    kept = facts.theirs.removesuffix(CUT_MARK) if field.length is LengthPolicy.CUT_WITH_MARK else facts.theirs
    return bool(kept) and len(facts.theirs) < len(facts.ours) and facts.ours.startswith(kept)


def _explain_held_back(field: MappedField, facts: FieldFacts) -> Verdict | None:
    """A difference that the field's push guard or its step keeps from being sent."""
    if not field.direction.pushes:
        return None
    unticked = field.type is FieldType.BOOLEAN and facts.theirs == "false"
    if field.guard is PushGuard.NEVER:
        sentence = "Its push guard never lets it be written over Salesforce's value."
    elif field.guard is PushGuard.IF_BLANK and facts.theirs is not None and not unticked:
        sentence = "Its push guard lets it be written only where Salesforce holds nothing."
    elif _is_within_step(field, facts):
        return Verdict(
            Standing.DIVERGENT,
            f"It moved by less than its step of {field.step}, which is not sent.",
            f"To send every change: {_set(field, '--step 0')}",
        )
    else:
        return None
    return Verdict(Standing.DIVERGENT, sentence, f"To send it: {_set(field, '--guard always')}")


def _is_within_step(field: MappedField, facts: FieldFacts) -> bool:
    numbers = field.type in (FieldType.NUMBER, FieldType.SCORE)
    if not field.step or not numbers or facts.ours is None or facts.theirs is None:
        return False
    return abs(Decimal(facts.ours) - Decimal(facts.theirs)) < field.step


def _set(field: MappedField, option: str) -> str:
    return f"`syncline map set {field.name} {option}`."
