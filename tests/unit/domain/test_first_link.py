"""What two values come to that meet for the first time: every direction, policy and blank rule (sync contract, 3)."""

from itertools import product

import pytest

from syncline.domain.decision import Base, Decision, FieldRules, Outcome, decide
from syncline.domain.mapping import BlankRule, Direction, FieldType, Policy

_PULL, _PUSH, _BOTH = Direction.PULL, Direction.PUSH, Direction.BOTH
_NEVER_AGREED = Base(None, known=False)
_TAKE, _SEND, _HOLD, _STAY = Outcome.TAKE, Outcome.SEND, Outcome.HOLD, Outcome.DIVERGENT

#: Both hold something else: by policy, as far as the direction lets it.
_BOTH_FILLED = {
    #                  pull    push   both
    Policy.SALESFORCE: (_TAKE, _SEND, _TAKE),
    Policy.MARKETING: (_STAY, _SEND, _SEND),
    Policy.NEWEST: (_TAKE, _SEND, _TAKE),
    Policy.FILLED: (_TAKE, _SEND, _TAKE),
    Policy.STRICTER: (_TAKE, _SEND, _TAKE),
    Policy.HOLD: (_HOLD, _SEND, _HOLD),
}
#: Only ours is filled. Where it may not be sent, the policy says whether it stays here.
_THEIRS_BLANK = {
    Policy.SALESFORCE: (_TAKE, _SEND, _SEND),
    Policy.MARKETING: (_STAY, _SEND, _SEND),
    Policy.NEWEST: (_TAKE, _SEND, _SEND),
    Policy.FILLED: (_STAY, _SEND, _SEND),
    Policy.STRICTER: (_STAY, _SEND, _SEND),
    Policy.HOLD: (_HOLD, _SEND, _SEND),
}
#: Only theirs is filled: nothing was cleared here, so nothing is cleared there.
_OURS_BLANK = dict.fromkeys(Policy, (_TAKE, _STAY, _TAKE))
_EQUAL = dict.fromkeys(Policy, (Outcome.AGREED,) * 3)
_CASES = {
    ("x", "x"): _EQUAL,
    (None, None): _EQUAL,
    (None, "y"): _OURS_BLANK,
    ("x", None): _THEIRS_BLANK,
    ("x", "y"): _BOTH_FILLED,
}


def _decide(values: tuple[str | None, str | None], rules: FieldRules) -> Decision:
    return decide(_NEVER_AGREED, *values, rules)


@pytest.mark.parametrize("blank", BlankRule)
@pytest.mark.parametrize("values", _CASES, ids=str)
def test_a_first_meeting_goes_by_the_table(values: tuple[str | None, str | None], blank: BlankRule) -> None:
    for policy, (place, direction) in product(Policy, enumerate((_PULL, _PUSH, _BOTH))):
        found = _decide(values, FieldRules(FieldType.TEXT, direction, policy, blank))
        assert found.outcome is _CASES[values][policy][place], (policy, direction, found)


@pytest.mark.parametrize("blank", BlankRule)
def test_a_blank_never_clears_what_was_never_agreed_on(blank: BlankRule) -> None:
    for policy, direction in product(Policy, (_PULL, _PUSH, _BOTH)):
        found = _decide((None, "theirs"), FieldRules(FieldType.TEXT, direction, policy, blank))
        assert found.outcome is not Outcome.SEND


@pytest.mark.parametrize(("ours", "theirs", "outcome"), [("true", "false", _SEND), ("false", "true", _TAKE)])
def test_an_opt_out_wins_on_either_side(ours: str, theirs: str, outcome: Outcome) -> None:
    assert _decide((ours, theirs), FieldRules(FieldType.BOOLEAN, _BOTH, Policy.STRICTER)).outcome is outcome
