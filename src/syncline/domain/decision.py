"""The three-way decision for one field of one linked record (sync contract, section 3).

`decide` is pure. `store/sql/decide.sql` says the same as one SQL expression over whole sets; a property test
holds the two equal. Values are compared in their canonical text (see `domain.values`); None is blank.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from syncline.domain.mapping import BlankRule, Direction, FieldType, Policy


class Outcome(StrEnum):
    """What happens to the two sides."""

    NOTHING = "nothing"
    AGREED = "agreed"
    TAKE = "take"
    SEND = "send"
    DIVERGENT = "divergent"
    HOLD = "hold"


@dataclass(frozen=True)
class Base:
    """The value both sides last agreed on; `known` is False before the first agreement."""

    value: str | None = None
    known: bool = True


@dataclass(frozen=True)
class FieldRules:
    """What the mapping says about the field."""

    type: FieldType
    direction: Direction
    policy: Policy
    blank: BlankRule = BlankRule.KEEP


@dataclass(frozen=True)
class Decision:
    """The outcome and the rule that made it; `conflict` where both sides had changed to different values."""

    outcome: Outcome
    rule: str
    conflict: bool = False


def decide(base: Base, ours: str | None, theirs: str | None, rules: FieldRules) -> Decision:
    """Decides one field from the value last agreed on, ours and Salesforce's."""
    if ours == theirs:
        # Nobody moved, or both moved to the same value: the agreement is renewed.
        unmoved = base.known and base.value == ours
        return Decision(Outcome.NOTHING, "same") if unmoved else Decision(Outcome.AGREED, "agreed")
    if not base.known:
        return _first_meeting(ours, theirs, rules)
    if base.value == ours:
        # Somebody changed it in Salesforce.
        return _their_change(ours, rules)
    if base.value == theirs:
        # Somebody changed it here.
        return _our_change(ours, theirs, rules)
    return _conflict(ours, theirs, rules)


def _their_change(ours: str | None, rules: FieldRules) -> Decision:
    if rules.policy is Policy.STRICTER and rules.type is FieldType.BOOLEAN and ours == "true":
        # Somebody cleared the box in Salesforce: that alone opts nobody in, and the box is ticked again.
        return Decision(_restore(ours, rules).outcome, "stricter wins")
    if rules.direction.pulls:
        return Decision(Outcome.TAKE, "changed in Salesforce")
    return _restore(ours, rules)


def _restore(ours: str | None, rules: FieldRules) -> Decision:
    """A field that only we may write was changed over there: ours is sent again."""
    if rules.direction.pushes and (ours is not None or rules.blank is BlankRule.CLEAR):
        return Decision(Outcome.SEND, "marketing owns this field")
    return Decision(Outcome.DIVERGENT, "direction")


def _our_change(ours: str | None, theirs: str | None, rules: FieldRules) -> Decision:
    if not rules.direction.pushes:
        return Decision(Outcome.DIVERGENT, "direction")
    if ours is None and rules.blank is BlankRule.KEEP:
        return Decision(Outcome.DIVERGENT, "blanks are not sent")
    return Decision(Outcome.SEND, "changed here")


def _first_meeting(ours: str | None, theirs: str | None, rules: FieldRules) -> Decision:
    """Two values meet that never agreed before: a filled one beats a blank where it may."""
    if ours is None and rules.direction.pulls:
        return Decision(Outcome.TAKE, "filled beats blank")
    if theirs is None and rules.direction.pushes:
        return Decision(Outcome.SEND, "filled beats blank")
    return _conflict(ours, theirs, rules)


def _conflict(ours: str | None, theirs: str | None, rules: FieldRules) -> Decision:
    """Both sides changed to different values: the field's policy speaks, as far as its direction lets it."""
    if not rules.direction.pulls:
        restored = _restore(ours, rules)
        return Decision(restored.outcome, restored.rule, conflict=True)
    if rules.policy is Policy.HOLD:
        return Decision(Outcome.HOLD, "hold", conflict=True)
    ours_wins, rule = _winner(ours, theirs, rules)
    if not ours_wins:
        return Decision(Outcome.TAKE, rule, conflict=True)
    kept = _our_change(ours, theirs, rules)
    if kept.outcome is Outcome.SEND:
        return Decision(Outcome.SEND, rule, conflict=True)
    return Decision(Outcome.DIVERGENT, kept.rule, conflict=True)


def _winner(ours: str | None, theirs: str | None, rules: FieldRules) -> tuple[bool, str]:
    """Whether our value wins, and the rule that says so."""
    match rules.policy:
        case Policy.MARKETING:
            return True, "marketing wins"
        case Policy.FILLED if theirs is None:
            return True, "filled beats blank"
        case Policy.FILLED if ours is None:
            return False, "filled beats blank"
        case Policy.STRICTER:
            return _stricter(ours, theirs, rules.type), "stricter wins"
        case Policy.NEWEST:
            # The time of one field is known on neither side yet; the contract then names Salesforce.
            return False, "newest: times unknown, Salesforce wins"
        case _:
            return False, "Salesforce wins"


def _stricter(ours: str | None, theirs: str | None, kind: FieldType) -> bool:
    """Opted out beats opted in, bounced beats not, the higher number beats the lower."""
    if kind is FieldType.BOOLEAN:
        return ours == "true"
    if kind in (FieldType.NUMBER, FieldType.SCORE):
        return theirs is None or (ours is not None and Decimal(ours) > Decimal(theirs))
    return theirs is None
