"""The benchmarks run: each in a form of a second or two, whose figures mean nothing but are all there."""

import pytest
from bench.pushing import print_push, run_push
from bench.stage import Stage


def test_push(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    summary = run_push(stage, edits=60, runs=1, delay=0.0, names=("collections", "bulk", "loop"))

    writes = {name: one["writes"] for name, one in summary["contenders"].items()}
    assert writes == {"collections": 2, "bulk": 0, "loop": 2}  # one for each object
    assert all(one["updates_per_hour"] > 0 for one in summary["contenders"].values())
    print_push(summary)
    assert "collections send" in capsys.readouterr().out
