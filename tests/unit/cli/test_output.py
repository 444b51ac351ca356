"""What commands print: results, errors with their remedy, and progress without a terminal."""

import json

import pytest

from syncline import clock
from syncline.cli.bars import ProgressDisplay
from syncline.cli.output import FAILED_STATUS, REFUSED_STATUS, Output, report_error
from syncline.errors import MappingError, OperatorError, PlanRefused, RetryLater, SynclineError
from syncline.sync.progress import Tick

REFUSED = PlanRefused(
    "4,210 deletions are 31 % of 13,500; the limit is 10 %",
    counts={"delete": 4210},
    limits={"delete": 0.1},
    remedy="Look at the plan.",
)


def test_a_person_reads_lines_and_a_program_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    Output(as_json=False).line("10 contacts")
    Output(as_json=False).result({"contacts": 10})
    assert capsys.readouterr().out == "10 contacts\n"

    Output(as_json=True).line("10 contacts")
    Output(as_json=True).note("starting")
    Output(as_json=True).result({"contacts": 10})
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"contacts": 10}
    assert printed.err == "starting\n"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (OperatorError("No.", remedy="Do."), FAILED_STATUS),
        (REFUSED, REFUSED_STATUS),
        (RetryLater("Later."), FAILED_STATUS),
    ],
)
def test_an_error_has_a_status_and_its_remedy(
    error: SynclineError, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report_error(error, as_json=False) == status

    printed = capsys.readouterr()
    assert printed.out == ""
    expected = [f"error: {error.message}"] + ([f"remedy: {error.remedy}"] if error.remedy else [])
    assert printed.err.splitlines() == expected


@pytest.mark.parametrize(
    ("error", "facts"),
    [
        (REFUSED, {"type": "PlanRefused", "counts": {"delete": 4210}, "limits": {"delete": 0.1}}),
        (MappingError(["a", "b"]), {"type": "MappingError", "problems": ["a", "b"]}),
        (RetryLater("x", operation="query", status=503, code="Y"), {"operation": "query", "status": 503, "code": "Y"}),
    ],
)
def test_a_program_gets_the_facts_of_an_error(
    error: SynclineError, facts: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    report_error(error, as_json=True)

    told = json.loads(capsys.readouterr().out)["error"]
    assert facts.items() <= told.items()
    assert {"message", "remedy"} <= set(told)


def test_without_a_terminal_the_end_of_each_step_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressDisplay(lambda: 12, terminal=False) as display:
        for done in (0, 500, 1000, 1000):
            display.watch(Tick("read", "Lead", done, 1000))
        display.watch(Tick("read", "Contact", 10, None))

    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("read Lead: 1,000 of 1,000 rows, ")
    assert lines[0].endswith(" 12 calls")


def test_without_a_terminal_a_long_step_speaks_up_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter(range(0, 1000, 2))
    monkeypatch.setattr(clock, "monotonic", lambda: float(next(moments)))
    display = ProgressDisplay(terminal=False)
    for done in range(1, 11):
        display.watch(Tick("read", "Lead", done * 100, None))

    lines = capsys.readouterr().err.splitlines()
    assert 2 <= len(lines) < 10


def test_on_a_terminal_there_are_bars(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressDisplay(lambda: 3, terminal=True) as display:
        display.watch(Tick("read", "Lead", 500, 1000))
        display.watch(Tick("read", "Lead", 1000, 1000))

    shown = capsys.readouterr().err
    assert "read Lead" in shown
    assert "1000/1000" in shown
