"""The benchmarks run: each in a form of a second or two, whose figures mean nothing but are all there."""

import pytest
from bench.consenting import print_consent, run_consent
from bench.idling import MOST_CALLS, print_idle, run_idle
from bench.living import print_live, run_live
from bench.pushing import print_push, run_push
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
