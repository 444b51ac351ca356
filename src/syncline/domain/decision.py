"""The three-way decision for one field, or one group of fields, of one linked record (sync contract, section 3).

`decide` is pure. `store/sql/decide.sql` says the same as one SQL expression over whole sets; a property test
holds the two equal. Values are compared in their canonical text (see `domain.values`); None is blank.

A group is decided as one value: it moved where any of its fields moved, and one side wins all of them. A field alone is
a group of one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from syncline.domain.mapping import BlankRule, Direction, FieldType, Policy
from syncline.domain.mapping_options import PushGuard, StricterOrder

_NO_BLANKS = "blanks are not sent"


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
class Member:
    """One field of a group: the value last agreed on, ours, and Salesforce's."""

    base: Base
    ours: str | None
    theirs: str | None

    @property
    def differs(self) -> bool:
        """The two sides hold different values."""
        return self.ours != self.theirs


@dataclass(frozen=True)
class FieldRules:
    """What the mapping says about the field; the fields of a group share all but the type."""

    type: FieldType
    direction: Direction
    policy: Policy
    blank: BlankRule = BlankRule.KEEP
    guard: PushGuard = PushGuard.ALWAYS
    stricter: StricterOrder = StricterOrder.HIGHER


@dataclass(frozen=True)
class Decision:
    """The outcome and the rule that made it; `conflict` where both sides had changed to different values."""

    outcome: Outcome
    rule: str
    conflict: bool = False


@dataclass(frozen=True)
class _Together:
    """What the fields of a group say together: of those that differ, whether all were ever agreed on and which side
    left them as agreed; of all of them, which side has nothing.
    """

    known: bool
    ours_unmoved: bool
    theirs_unmoved: bool
    ours_blank: bool
    theirs_blank: bool


def decide(base: Base, ours: str | None, theirs: str | None, rules: FieldRules) -> Decision:
    """Decides one field from the value last agreed on, ours and Salesforce's."""
    return decide_together([Member(base, ours, theirs)], rules)[0]


def decide_together(members: Sequence[Member], rules: FieldRules) -> list[Decision]:
    """Decides the fields of one group, in their order."""
    differing = [one for one in members if one.differs]
    together = _Together(
        known=all(one.base.known for one in differing),
        ours_unmoved=all(one.base.value == one.ours for one in differing),
        theirs_unmoved=all(one.base.value == one.theirs for one in differing),
        ours_blank=all(one.ours is None for one in members),
        theirs_blank=all(one.theirs is None for one in members),
    )
    return [_decide_member(one, together, rules) for one in members]


def _decide_member(one: Member, together: _Together, rules: FieldRules) -> Decision:
    if not one.differs:
        # Nobody moved, or both moved to the same value: the agreement is renewed.
        unmoved = one.base.known and one.base.value == one.ours
        return Decision(Outcome.NOTHING, "same") if unmoved else Decision(Outcome.AGREED, "agreed")
    if not together.known:
        return _first_meeting(one, together, rules)
    if together.ours_unmoved:
        # Somebody changed it in Salesforce.
        return _their_change(one, together, rules)
    if together.theirs_unmoved:
        return _send(one, together, rules, "changed here")
    return _conflict(one, together, rules)


def _their_change(one: Member, together: _Together, rules: FieldRules) -> Decision:
    if rules.policy is Policy.STRICTER and rules.type is FieldType.BOOLEAN and one.ours == "true":
        # Somebody cleared the box in Salesforce: that alone opts nobody in, and the box is ticked again.
        return Decision(_send(one, together, rules, "stricter wins").outcome, "stricter wins")
    if rules.direction.pulls:
        return Decision(Outcome.TAKE, "changed in Salesforce")
    return _send(one, together, rules, "marketing owns this field")


def _send(one: Member, together: _Together, rules: FieldRules, rule: str) -> Decision:
    """Ours is sent by this rule, where direction, blank rule and push guard let it; else the sides stay different."""
    held_back = _why_not_sent(one, together, rules)
    return Decision(Outcome.DIVERGENT, held_back) if held_back else Decision(Outcome.SEND, rule)


def _why_not_sent(one: Member, together: _Together, rules: FieldRules) -> str | None:
    if not rules.direction.pushes:
        return "direction"
    if together.ours_blank and rules.blank is BlankRule.KEEP:
        return _NO_BLANKS
    if rules.guard is PushGuard.NEVER:
        return "push guard"
    # Boxes are never blank over there: one that is not ticked counts as such.
    blank = together.theirs_blank or (rules.type is FieldType.BOOLEAN and one.theirs == "false")
    if rules.guard is PushGuard.IF_BLANK and not blank:
        return "push guard"
    return None


def _first_meeting(one: Member, together: _Together, rules: FieldRules) -> Decision:
    """Two values meet that never agreed before: a filled one beats a blank where it may.

    A blank of ours was never cleared here, whatever the blank rule says: it clears nothing there.
    """
    if together.ours_blank:
        taken = rules.direction.pulls
        return Decision(Outcome.TAKE, "filled beats blank") if taken else Decision(Outcome.DIVERGENT, _NO_BLANKS)
    if together.theirs_blank and rules.direction.pushes:
        return _send(one, together, rules, "filled beats blank")
    return _conflict(one, together, rules)


def _conflict(one: Member, together: _Together, rules: FieldRules) -> Decision:
    """Both sides changed to different values: the field's policy speaks, as far as its direction lets it."""
    if not rules.direction.pulls:
        kept = _send(one, together, rules, "marketing owns this field")
        return Decision(kept.outcome, kept.rule, conflict=True)
    if rules.policy is Policy.HOLD:
        return Decision(Outcome.HOLD, "hold", conflict=True)
    ours_wins, rule = _winner(one, together, rules)
    if not ours_wins:
        return Decision(Outcome.TAKE, rule, conflict=True)
    kept = _send(one, together, rules, rule)
    return Decision(kept.outcome, kept.rule, conflict=True)


def _winner(one: Member, together: _Together, rules: FieldRules) -> tuple[bool, str]:
    """Whether our value wins, and the rule that says so."""
    match rules.policy:
        case Policy.MARKETING:
            return True, "marketing wins"
        case Policy.FILLED if together.theirs_blank:
            return True, "filled beats blank"
        case Policy.FILLED if together.ours_blank:
            return False, "filled beats blank"
        case Policy.STRICTER:
            return _stricter(one.ours, one.theirs, rules), "stricter wins"
        case Policy.NEWEST:
            # The time of one field is known on neither side; the contract then names Salesforce.
            return False, "newest: times unknown, Salesforce wins"
        case _:
            return False, "Salesforce wins"


def _stricter(ours: str | None, theirs: str | None, rules: FieldRules) -> bool:
    """Opted out beats opted in, bounced beats not, the higher number beats the lower, or as the mapping declares."""
    if rules.type is FieldType.BOOLEAN:
        return ours == "true"
    if ours is None or theirs is None:
        return theirs is None
    if rules.type in (FieldType.NUMBER, FieldType.SCORE):
        higher = Decimal(ours) > Decimal(theirs)
        return higher if rules.stricter is StricterOrder.HIGHER else not higher
    return False
