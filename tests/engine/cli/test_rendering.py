"""What a plan, a report and the demo's summary look like to a person, and what status a report ends with."""

from dataclasses import replace

import pytest

from syncline.cli.plan import format_example, format_plan
from syncline.cli.sync import ROW_FAILURES, exit_status, format_report, to_report_facts
from syncline.cli.tables import format_table, shorten
from syncline.domain.plan import Example, ObjectPlan, Plan
from syncline.flows.demo import DemoResult
from syncline.flows.summary import summarise
from syncline.sync.run import RunReport

TAKEN = Example("Lead", "00Q1", 7, "update", "title", "CEO", "Chair", "take", "changed in Salesforce")
PLAN = Plan(
    run_id=3,
    objects=(
        ObjectPlan(
            "Contact", records=40, creates=30, updates=2, taken_by_field={"title": 2}, blanked_by_field={"title": 1}
        ),
        ObjectPlan("Lead", records=60, creates=55, left_out={"without_email": 5}),
    ),
    contacts_before=1_234,
    to_send=4,
    to_create_in_salesforce=1,
    examples=(TAKEN,),
    calls_so_far=9,
    calls_forecast=3,
    needs_approval="This is the first sync of this mapping.",
)
REPORT = RunReport(3, "done", {"contacts_created": 85, "pushed": 4}, PLAN, {"decide": 0.1}, {"query": 5, "login": 1})


def test_a_plan_shows_what_where_why_and_how_to_approve_it() -> None:
    text = "\n".join(format_plan(PLAN))
    for expected in (
        "1,234 contacts before",
        "object   read  new  updated",
        "Contact    40   30        2",
        "Contact  title      2              1     0",
        "Lead    without email        5",
        "title “CEO” becomes “Chair” (changed in Salesforce)",
        "4 records to update, 1 to create",
        "9 so far, about 3 more",
        "first sync",
        "syncline sync --yes",
    ):
        assert expected in text
    assert "converted" not in text


def test_a_plan_without_changes_says_so() -> None:
    quiet = replace(PLAN, objects=(ObjectPlan("Lead", records=5),), to_send=0, to_create_in_salesforce=0, examples=())
    text = "\n".join(format_plan(quiet))
    assert "Nothing would change." in text
    assert "--yes" not in text


@pytest.mark.parametrize(
    ("example", "text"),
    [
        (replace(TAKEN, theirs=None), "title “CEO” becomes blank (changed in Salesforce)"),
        (replace(TAKEN, outcome="send", rule="here"), "title “Chair” in Salesforce becomes “CEO” (here)"),
        (replace(TAKEN, outcome="hold", rule="hold"), "title hold: “CEO” here, “Chair” in Salesforce (hold)"),
        (replace(TAKEN, field=None, action="convert", rule="converted"), "convert (converted)"),
    ],
)  # fmt: skip
def test_examples_say_old_new_and_rule(example: Example, text: str) -> None:
    assert format_example(example) == f"Lead 00Q1: {text}"


@pytest.mark.parametrize(
    ("state", "counts", "status"),
    [
        ("done", {}, 0),
        ("waiting", {}, 3),
        ("refused", {}, 3),
        ("paused", {}, 1),
        ("failed", {}, 1),
        *(("done", {name: 1}, 4) for name in ROW_FAILURES),
    ],
)
def test_every_end_of_a_run_has_its_status(state: str, counts: dict[str, int], status: int) -> None:
    assert exit_status(replace(REPORT, state=state, counts=counts)) == status


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("done", "85 contacts created, 4 records updated in Salesforce"),
        ("waiting", "syncline sync --yes"),
        ("refused", "syncline sync --allow-large-change"),
        ("paused", "run `syncline sync` again later"),
        ("failed", "Failed: told why"),
    ],
)
def test_every_end_of_a_run_says_what_to_do(state: str, expected: str) -> None:
    assert expected in "\n".join(format_report(replace(REPORT, state=state, message="told why")))


def test_a_report_tells_programs_the_same() -> None:
    facts = to_report_facts(REPORT)
    assert (facts["state"], facts["api_calls"], facts["counts"]["pushed"]) == ("done", 6, 4)
    assert facts["plan"]["objects"][0]["taken_by_field"] == {"title": 2}


def test_tables_put_numbers_right_and_keep_to_one_line() -> None:
    lines = list(format_table(("name", "n"), [("a\nb\x1b[31m", 1_000), (None, 2)]))
    assert lines == ["  name          n", "  a b [31m  1,000", "                2"]
    assert list(format_table(("name",), [])) == []


def test_long_text_is_shortened() -> None:
    assert shorten("x" * 100, 5) == "xxxx…"


@pytest.mark.parametrize(("percent", "shown"), [(100.0, "100 %"), (99.9999, "99.999 %"), (98.7654, "98.765 %")])
def test_the_summary_never_rounds_up_to_all(percent: float, shown: str) -> None:
    result = DemoResult(
        people=100, records_in_org=98, contacts=90, links=90, without_email=8, left_out={"without_email": 8},
        rows_per_second_mirror=1.0, rows_per_second_total=1.0, api_calls=10, calls_by_step={"import": 10, "proof": 5},
        pulled=1, pushed=2, created_in_salesforce=3, converted=4, merged=5, deleted=6, conflicts=7, people_changed=20,
        day={}, agreement_percent=percent, compared_values=10, differing_values=0, second_sync_writes=0,
        second_sync_calls=3, peak_rss_mib=70.0, seconds=1.0, seconds_by_step={"import": 1.0}, sync_counts={},
    )  # fmt: skip
    text = "\n".join(summarise(result))
    assert f"{shown} of 10 values agree" in text
    assert "98 people in the org: 90 are contacts here, left out: 8 without email" in text
    assert "proof" not in text.partition("API calls")[2].partition("\n")[0]
