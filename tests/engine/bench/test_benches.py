"""The benchmarks run: each in a form of a second or two, whose figures mean nothing but are all there."""

from contextlib import nullcontext

import pytest
from bench.consenting import print_consent, run_consent
from bench.growing import find_exponent, print_growth, print_reconcile, run_growth, run_reconcile
from bench.idling import MOST_CALLS, print_idle, run_idle
from bench.incremental import print_incremental, run_incremental
from bench.living import print_live, run_live
from bench.pushing import print_push, run_push
from bench.racing import find_percentile
from bench.stage import Stage


def test_push(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    summary = run_push(stage, edits=60, runs=1, delay=0.0, names=("collections", "bulk", "loop"))

    writes = {name: one["writes"] for name, one in summary["contenders"].items()}
    assert writes == {"collections": 2, "bulk": 0, "loop": 2}  # one for each object
    assert all(one["updates_per_hour"] > 0 for one in summary["contenders"].values())
    print_push(summary)
    assert "collections send" in capsys.readouterr().out


def test_consent(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    summary = run_consent(stage, fields=["phone"], every=0.3)

    assert summary["here_to_salesforce"]["changes"] > 0
    assert summary["salesforce_to_here"]["changes"] > 0
    assert summary["still_mailable"] == 0
    print_consent(summary)
    assert "Salesforce to here" in capsys.readouterr().out


def test_live(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    summary = run_live(stage, changes=2, every=0.1)

    assert summary["live"]["changes"] == 2
    print_live(summary)
    assert "Salesforce to here" in capsys.readouterr().out


def test_idle(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    summary = run_idle(stage, hours=0.2)

    assert summary["outcomes"] == {"done": summary["looks"]}
    assert summary["objects"] == 8
    assert 0 < summary["api_calls"] <= MOST_CALLS
    print_idle(summary)
    assert "hours at rest" in capsys.readouterr().out


def test_incremental(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    summary = run_incremental(stage, changed=3)

    assert [one["counts"]["pulled"] for one in summary["raw"]] == [3, 3]
    assert summary["seconds_beyond_download"] == summary["seconds"] - summary["seconds_download"]
    print_incremental(summary)
    assert "log in, describes" in capsys.readouterr().out


def test_sizes(empty_stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    grown = run_growth(lambda _: nullcontext(empty_stage), [300], changed=3)
    proved = run_reconcile(lambda _: nullcontext(empty_stage), [300], runs=1)

    assert grown["sizes"][0]["import"]["seconds"] > 0
    assert grown["exponents"]["import"]["seconds"] is None
    assert (proved["sizes"][0]["records"] > 0, proved["sizes"][0]["percent"]) == (True, 100.0)
    print_growth(grown)
    print_reconcile(proved)
    assert "records/s" in capsys.readouterr().out


def test_an_exponent_is_the_slope_of_the_logarithms() -> None:
    assert find_exponent([1, 10, 100], [3, 30, 300]) == pytest.approx(1)
    assert find_exponent([10, 100], [5, 5]) == pytest.approx(0)
    assert find_exponent([10, 1_000], [1, 10]) == pytest.approx(0.5)


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert find_percentile([1.0, 2.0, 3.0, 4.0], 50) == 2.0
    assert find_percentile([1.0, 2.0, 3.0, 4.0], 95) == 4.0
    assert find_percentile([7.0], 50) == 7.0
