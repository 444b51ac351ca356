"""`syncline sync`: brings the contacts and an org in step, within the brakes, and says what moved."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from syncline.cli.bars import ProgressDisplay
from syncline.cli.chosen import ConnectionName, choose_connection
from syncline.cli.output import FAILED_STATUS, REFUSED_STATUS, ROW_FAILURES_STATUS, Output
from syncline.cli.plan import format_plan, to_plan_facts
from syncline.cli.prices import foresee
from syncline.cli.session import Json, session

if TYPE_CHECKING:
    from syncline.sync.run import RunReport

app = typer.Typer(help="Bring the contacts and Salesforce in step.", add_completion=False)

#: Counts that mean: a record or a value was refused, the rest went on.
ROW_FAILURES = ("push_failed", "push_parked", "create_failed", "bad_values")
#: Counts in the order of a sentence, with what to call them.
_WORDS = (
    ("contacts_created", "contacts created"),
    ("contacts_updated", "contacts updated"),
    ("linked", "matched"),
    ("converted", "converted"),
    ("merged", "merged"),
    ("deleted", "deleted in Salesforce"),
    ("undeleted", "undeleted"),
    ("pushed", "records updated in Salesforce"),
    ("created_in_salesforce", "records created in Salesforce"),
    ("conflicts", "conflicts settled"),
    ("moved", "values left for the next run: edited here in between"),
    ("push_moved", "left for the next run: changed in between"),
    ("push_failed", "refused by Salesforce"),
    ("push_parked", "waiting for a person"),
    ("create_failed", "new records refused by Salesforce"),
    ("vanished", "no longer there in Salesforce"),
    ("bulk_fallbacks", "objects read page by page, since Bulk does not read them"),
    ("suspended", "fields or objects suspended: `syncline errors list` says why"),
    ("fields_filled", "fields filled for all records"),
    ("swept_changed", "records whose calculated fields changed"),
    ("objects_not_read", "objects that could not be read"),
    ("bad_values", "values that do not fit their type"),
)


@app.command()
def sync(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Approve the plan of a new or changed mapping.")] = False,
    allow_large_change: Annotated[
        bool, typer.Option("--allow-large-change", help="Let this run change more than the brakes allow.")
    ] = False,
    connection: ConnectionName = None,
    as_json: Json = False,
) -> None:
    """Bring the contacts and Salesforce in step: read, decide, apply, send.

    The first sync of a mapping, and the first after a change of it, only shows its plan, until you approve it with
    --yes. A run that would change unusually much is refused, with the numbers. Both end with status 3; a run in
    which single records were refused with 4.

    Examples:

      syncline sync

      syncline sync --yes

      syncline sync --allow-large-change --json
    """
    from syncline.sync import run

    output = Output(as_json=as_json)
    with session(output) as opened:
        chosen = choose_connection(connection)
        with (
            opened.open_run(chosen.name, "sync") as ctx,
            ProgressDisplay(lambda: ctx.salesforce.calls.total) as display,
        ):
            ctx.progress.watch = display.watch
            ctx.progress.foresee = foresee(output)
            report = run.sync(ctx, approve=yes, allow_large_change=allow_large_change)
    for line in format_report(report):
        output.line(line)
    output.result({"connection": chosen.name, **to_report_facts(report)})
    status = exit_status(report)
    if status:
        raise typer.Exit(status)


def exit_status(report: "RunReport") -> int:
    """What the run ends the command with."""
    match report.state:
        case "waiting" | "refused":
            return REFUSED_STATUS
        case "done":
            return ROW_FAILURES_STATUS if any(report.counts.get(name) for name in ROW_FAILURES) else 0
        case _:
            return FAILED_STATUS


def to_report_facts(report: "RunReport") -> dict[str, Any]:
    """The report for --json."""
    return {
        "run": report.run_id,
        "state": report.state,
        "message": report.message,
        "counts": dict(report.counts),
        "api_calls": report.calls.get("total", sum(report.calls.values())),
        "calls": dict(report.calls),
        "seconds": dict(report.seconds),
        "plan": to_plan_facts(report.plan),
    }


def format_report(report: "RunReport") -> Iterator[str]:
    """The report for people."""
    match report.state:
        case "waiting":
            yield from format_plan(report.plan)
        case "refused":
            yield from format_plan(report.plan)
            yield f"Refused: {report.message}"
            yield "If it is right, run `syncline sync --allow-large-change`."
        case "paused":
            yield f"Paused: {report.message}"
            yield "What is done stays done; run `syncline sync` again later."
        case "failed":
            yield f"Failed: {report.message}"
        case _:
            yield f"Run {report.run_id}: {describe_counts(report.counts)}."
            calls = report.calls.get("total", sum(report.calls.values()))
            yield f"{calls:,} API calls."
            if exit_status(report) == ROW_FAILURES_STATUS:
                yield "Single records were refused: `syncline status` lists why."


def describe_counts(counts: Mapping[str, int]) -> str:
    """What moved, in words."""
    parts = [f"{counts[name]:,} {words}" for name, words in _WORDS if counts.get(name)]
    return ", ".join(parts) or "nothing had to move"
