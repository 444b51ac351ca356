"""The table of the sync contract, row by row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncline.domain.decision import Base, FieldRules, Member, Outcome, decide, decide_together
from syncline.domain.mapping import BlankRule, Direction, FieldType, Policy
from syncline.domain.mapping_options import PushGuard, StricterOrder


def _rules(
    direction: Direction = Direction.BOTH,
    policy: Policy = Policy.SALESFORCE,
    kind: FieldType = FieldType.TEXT,
    blank: BlankRule = BlankRule.KEEP,
    guard: PushGuard = PushGuard.ALWAYS,
    stricter: StricterOrder = StricterOrder.HIGHER,
) -> FieldRules:
    return FieldRules(kind, direction, policy, blank, guard, stricter)


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "rules", "outcome"),
    [
        pytest.param("a", "a", "a", _rules(), Outcome.NOTHING, id="nobody moved"),
        pytest.param("a", "a", "b", _rules(), Outcome.TAKE, id="they moved"),
        pytest.param("a", "b", "a", _rules(), Outcome.SEND, id="we moved"),
        pytest.param("a", "b", "a", _rules(Direction.PULL), Outcome.DIVERGENT, id="we moved, pull only"),
        pytest.param("a", None, "a", _rules(), Outcome.DIVERGENT, id="we cleared, blanks are kept"),
        pytest.param("a", None, "a", _rules(blank=BlankRule.CLEAR), Outcome.SEND, id="we cleared, blanks are sent"),
        pytest.param("a", "b", "b", _rules(), Outcome.AGREED, id="both moved alike"),
        pytest.param("a", "b", "c", _rules(), Outcome.TAKE, id="both moved, Salesforce wins"),
        pytest.param("a", "b", "c", _rules(policy=Policy.MARKETING), Outcome.SEND, id="both moved, marketing wins"),
        pytest.param("a", "b", "c", _rules(policy=Policy.HOLD), Outcome.HOLD, id="both moved, a person decides"),
        pytest.param("a", "b", None, _rules(policy=Policy.FILLED), Outcome.SEND, id="a value beats a blank"),
        pytest.param("a", None, "c", _rules(policy=Policy.FILLED), Outcome.TAKE, id="a value beats a blank of ours"),
        pytest.param("a", "b", "c", _rules(policy=Policy.NEWEST), Outcome.TAKE, id="newest without times"),
        pytest.param("a", "a", "b", _rules(Direction.PUSH), Outcome.SEND, id="a field that only we write is restored"),
    ],
)  # fmt: skip
def test_the_table(base: str | None, ours: str | None, theirs: str | None, rules: FieldRules, outcome: Outcome) -> None:
    assert decide(Base(base), ours, theirs, rules).outcome is outcome


def test_a_first_meeting_fills_blanks_and_asks_the_policy_for_the_rest() -> None:
    unknown = Base(known=False)
    assert decide(unknown, None, "b", _rules()).outcome is Outcome.TAKE
    assert decide(unknown, "a", None, _rules()).outcome is Outcome.SEND
    assert decide(unknown, "a", "a", _rules()).outcome is Outcome.AGREED
    assert decide(unknown, "a", "b", _rules()) == decide(Base("x"), "a", "b", _rules())


def test_a_box_cleared_in_salesforce_opts_nobody_in() -> None:
    consent = _rules(policy=Policy.STRICTER, kind=FieldType.BOOLEAN)
    decision = decide(Base("true"), "true", "false", consent)
    assert (decision.outcome, decision.rule) == (Outcome.SEND, "stricter wins")


def test_higher_score_is_stricter_as_a_number_not_as_text() -> None:
    rules = _rules(policy=Policy.STRICTER, kind=FieldType.SCORE)
    assert decide(Base("1"), "10", "9", rules).outcome is Outcome.SEND


def test_lower_is_stricter_where_declared() -> None:
    rules = _rules(policy=Policy.STRICTER, kind=FieldType.NUMBER, stricter=StricterOrder.LOWER)
    assert decide(Base("1"), "9", "10", rules).outcome is Outcome.SEND
    assert decide(Base("1"), "10", "9", rules).outcome is Outcome.TAKE


@pytest.mark.parametrize(
    ("guard", "theirs", "kind", "outcome"),
    [
        (PushGuard.NEVER, None, FieldType.TEXT, Outcome.DIVERGENT),
        (PushGuard.IF_BLANK, None, FieldType.TEXT, Outcome.SEND),
        (PushGuard.IF_BLANK, "x", FieldType.TEXT, Outcome.DIVERGENT),
        (PushGuard.IF_BLANK, "false", FieldType.BOOLEAN, Outcome.SEND),
        (PushGuard.IF_BLANK, "true", FieldType.BOOLEAN, Outcome.DIVERGENT),
    ],
)  # fmt: skip
def test_a_guard_holds_ours_back(guard: PushGuard, theirs: str | None, kind: FieldType, outcome: Outcome) -> None:
    decision = decide(Base(theirs), "new", theirs, _rules(kind=kind, guard=guard))
    assert decision.outcome is outcome
    assert (decision.rule == "push guard") is (outcome is Outcome.DIVERGENT)


def test_newest_says_that_it_cannot_know() -> None:
    decision = decide(Base("a"), "b", "c", _rules(policy=Policy.NEWEST))
    assert decision.outcome is Outcome.TAKE
    assert "times unknown" in decision.rule


def _outcomes(policy: Policy, *members: tuple[str | None, str | None, str | None]) -> list[Outcome]:
    found = decide_together([Member(Base(base), ours, theirs) for base, ours, theirs in members], _rules(policy=policy))
    return [one.outcome for one in found]


def test_a_group_is_never_half_of_either_side() -> None:
    # The street changed here, the city there: one side wins both.
    moved = (("s", "S", "s"), ("c", "c", "C"))
    assert _outcomes(Policy.SALESFORCE, *moved) == [Outcome.TAKE, Outcome.TAKE]
    assert _outcomes(Policy.MARKETING, *moved) == [Outcome.SEND, Outcome.SEND]
    assert _outcomes(Policy.HOLD, *moved) == [Outcome.HOLD, Outcome.HOLD]


def test_a_group_that_one_side_changed_moves_whole() -> None:
    assert _outcomes(Policy.MARKETING, ("s", "s", "S"), ("c", "c", "C")) == [Outcome.TAKE, Outcome.TAKE]
    # Blanks go with the rest of it, though alone they would be kept.
    assert _outcomes(Policy.SALESFORCE, ("s", "S", "s"), ("c", None, "c")) == [Outcome.SEND, Outcome.SEND]
    assert _outcomes(Policy.SALESFORCE, ("s", None, "s"), ("c", None, "c")) == [Outcome.DIVERGENT, Outcome.DIVERGENT]


def test_a_field_of_a_group_that_both_changed_alike_makes_no_conflict() -> None:
    assert _outcomes(Policy.MARKETING, ("s", "x", "x"), ("c", "c", "C")) == [Outcome.AGREED, Outcome.TAKE]


@given(
    st.sampled_from([None, "a", "b"]),
    st.sampled_from([None, "a", "b"]),
    st.sampled_from([None, "a", "b"]),
    st.sampled_from(list(Direction)),
    st.sampled_from(list(Policy)),
)
def test_nothing_is_taken_or_sent_against_the_direction(
    base: str | None, ours: str | None, theirs: str | None, direction: Direction, policy: Policy
) -> None:
    outcome = decide(Base(base), ours, theirs, _rules(direction, policy)).outcome
    assert direction.pulls or outcome is not Outcome.TAKE
    assert direction.pushes or outcome is not Outcome.SEND
