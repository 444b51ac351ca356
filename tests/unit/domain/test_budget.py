"""Whether one more call may be made."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncline.domain.budget import Budget, next_day

_CALLS = st.integers(0, 200_000)


@given(_CALLS, st.none() | _CALLS, _CALLS, _CALLS, st.booleans())
def test_the_ceiling_and_the_orgs_limit_are_never_passed(
    ceiling: int, reserve: int | None, org_used: int, org_limit: int, urgent: bool
) -> None:
    budget = Budget(ceiling, reserve)
    usable = budget.usable(urgent=urgent)
    assert usable is not None
    assert usable <= ceiling
    assert Budget(None, reserve).usable(urgent=urgent) is None
    if org_used >= org_limit:
        assert budget.find_refusal_by_org(org_used, org_limit, urgent=urgent)


@given(_CALLS, st.none() | _CALLS, _CALLS, _CALLS)
def test_what_may_not_wait_is_allowed_wherever_the_rest_is(
    ceiling: int, reserve: int | None, org_used: int, org_limit: int
) -> None:
    budget = Budget(ceiling, reserve)
    assert (budget.usable(urgent=True) or 0) >= (budget.usable(urgent=False) or 0)
    if budget.find_refusal_by_org(org_used, org_limit, urgent=True):
        assert budget.find_refusal_by_org(org_used, org_limit, urgent=False)


@pytest.mark.parametrize(
    ("used", "urgent", "refused"),
    [(89, False, False), (90, False, True), (90, True, False), (99, True, False), (100, True, True)],
)
def test_the_reserve_is_for_what_may_not_wait(used: int, urgent: bool, refused: bool) -> None:
    budget = Budget(100, 10)
    assert (used >= (budget.usable(urgent=urgent) or 0)) is refused
    assert f"{used} of 100 calls" in budget.describe_refusal(used, urgent=urgent)
    assert ("10 are kept" in budget.describe_refusal(used, urgent=urgent)) is not urgent


def test_without_a_word_a_hundredth_of_the_orgs_limit_is_kept() -> None:
    assert Budget().find_refusal_by_org(14_849, 15_000, urgent=False) is None
    assert "150 are kept" in str(Budget().find_refusal_by_org(14_850, 15_000, urgent=False))


def test_the_day_ends_at_midnight_utc() -> None:
    assert next_day(datetime(2026, 12, 31, 23, 59, tzinfo=UTC)) == datetime(2027, 1, 1, tzinfo=UTC)
