"""`syncline schedule` and `syncline runs cancel`: what is shown, what is kept, and what is refused."""

from tests.engine.cli.conftest import Syncline
from tests.engine.cli.test_with_org import connected  # noqa: F401  # a fixture


def test_a_new_connection_is_balanced(connected: Syncline) -> None:  # noqa: F811  # the fixture
    done = connected("schedule", "show", "--json")

    assert done.status == 0
    assert (done.facts["mode"], done.facts["paused"], done.facts["calls_a_day_at_rest"]) == ("balanced", False, 96)
    assert "next look" in connected("status").out


def test_a_schedule_is_set_paused_and_resumed(connected: Syncline) -> None:  # noqa: F811  # the fixture
    assert connected("schedule", "set", "fixed", "--every", "10m", "--json").facts["every_seconds"] == 600
    assert connected("schedule", "pause").status == 0
    assert "paused" in connected("schedule", "show").out
    assert connected("schedule", "resume").status == 0
    assert connected("schedule", "wake").status == 0
    assert "every 10 min" in connected("schedule", "show").out


def test_what_makes_no_schedule_is_refused(connected: Syncline) -> None:  # noqa: F811  # the fixture
    for words in (["sometimes"], ["fixed"], ["fixed", "--every", "10"], ["live", "--every", "10m"]):
        assert connected("schedule", "set", *words).status == 2


def test_cancelling_nothing_says_so(connected: Syncline) -> None:  # noqa: F811  # the fixture
    done = connected("runs", "cancel")

    assert done.status == 1
    assert "remedy: See `syncline runs`" in done.err
    assert connected("runs", "5").status == connected("runs", "--json").status == 0
