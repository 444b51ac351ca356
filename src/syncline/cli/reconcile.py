"""`syncline reconcile`: reads everything afresh, says how far both sides agree, and repairs what drifted."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from syncline.cli.bars import ProgressDisplay
from syncline.cli.chosen import ConnectionName, choose_connection
from syncline.cli.output import FAILED_STATUS, Output
from syncline.cli.session import Json, session
from syncline.cli.sync import describe_counts, exit_status, to_report_facts
from syncline.cli.tables import format_table

if TYPE_CHECKING:
    from syncline.bootstrap import App
    from syncline.sync.agreement import Agreement
    from syncline.sync.reconcile import Repair

app = typer.Typer(help="Prove how far both sides agree, and repair what drifted.", add_completion=False)

_SHOWN = 20


@app.command()
def reconcile(
    repair: Annotated[bool, typer.Option("--repair", help="Mend what differs for no known reason.")] = False,
    allow_large_change: Annotated[
        bool, typer.Option("--allow-large-change", help="Let the repair change more than the brakes allow.")
    ] = False,
    connection: ConnectionName = None,
    as_json: Json = False,
) -> None:
    """Prove how far both sides agree: every record and every mapped value, read afresh from Salesforce.

    Values that wait to be sent, conflicts that are held, and edits that the mapping does not send differ by right;
    `syncline explain` tells of each. The repair mends the rest: records that are gone, records without a contact, and
    values changed past the engine. It is a sync within the brakes, and the proof is made again after it. The exit
    status is 1 where values still differ.

    Examples:

      syncline reconcile

      syncline reconcile --repair --json
    """
    output = Output(as_json=as_json)
    with session(output) as opened:
        chosen = choose_connection(connection)
        proof, calls = _prove(opened, chosen.name)
        mended = _repair(opened, chosen.name, allow_large_change=allow_large_change) if repair else None
        after = _prove(opened, chosen.name)[0] if mended else None
    for line in format_proof(proof, calls):
        output.line(line)
    if mended and after:
        for line in (*_format_repair(mended), "", *format_proof(after, None)):
            output.line(line)
    elif proof.percent < 100:
        output.line("Why one of them differs: `syncline explain`. To mend what drifted: `syncline reconcile --repair`.")
    facts: dict[str, Any] = {"connection": chosen.name, **to_proof_facts(proof)}
    if mended and after:
        facts |= {"drifted": [asdict(one) for one in mended.drifted], "repair": to_report_facts(mended.report),
                  "after": to_proof_facts(after)}  # fmt: skip
    output.result(facts)
    status = exit_status(mended.report) if mended else 0
    if not status and (after or proof).percent < 100:
        status = FAILED_STATUS
    if status:
        raise typer.Exit(status)


def _prove(opened: "App", connection_name: str) -> "tuple[Agreement, int]":
    from syncline.sync import agreement

    with (
        opened.open_run(connection_name, "reconcile") as ctx,
        ProgressDisplay(lambda: ctx.salesforce.calls.total) as display,
    ):
        ctx.progress.watch = display.watch
        proof = agreement.compare(ctx)
        ctx.message = f"{_percent(proof.percent)} of {proof.compared_values:,} values agree"
        return proof, ctx.salesforce.calls.total


def _repair(opened: "App", connection_name: str, *, allow_large_change: bool) -> "Repair":
    from syncline.sync import reconcile as reconciling

    with (
        opened.open_run(connection_name, "repair") as ctx,
        ProgressDisplay(lambda: ctx.salesforce.calls.total) as display,
    ):
        ctx.progress.watch = display.watch
        return reconciling.repair(ctx, allow_large_change=allow_large_change)


def to_proof_facts(proof: "Agreement") -> dict[str, Any]:
    """The proof for --json."""
    return {
        "agreement_percent": proof.percent,
        "compared_values": proof.compared_values,
        "differing_values": proof.differing,
        "objects": [asdict(one) for one in proof.objects],
    }


def format_proof(proof: "Agreement", calls: int | None) -> Iterator[str]:
    """The proof for people."""
    how = f", read afresh in {calls:,} API calls" if calls is not None else ""
    yield f"{_percent(proof.percent)} of {proof.compared_values:,} mapped values agree; {proof.differing:,} differ{how}"
    yield ""
    rows = [
        (
            one.object,
            one.records,
            one.linked,
            sum(one.left_out.values()),
            one.unexplained,
            one.lost,
            one.differing_values,
        )
        for one in proof.objects
    ]
    titles = ("object", "in the org", "linked", "left out by a rule", "without a reason", "gone there", "values differ")
    yield from format_table(titles, rows)
    if proof.examples:
        yield ""
        yield from format_table(
            ("object", "record", "contact", "field", "here", "in Salesforce"),
            [
                (one.object, one.record_id, one.contact_id, one.field, one.ours, one.theirs)
                for one in proof.examples[:_SHOWN]
            ],
        )
        yield ""


def _format_repair(mended: "Repair") -> Iterator[str]:
    rows = [(one.object, one.field, one.sent, one.taken, one.stays) for one in mended.drifted]
    yield ""
    yield "What had drifted:" if rows else "No value had drifted past the engine."
    yield from format_table(("object", "field", "sent there", "taken from there", "edited here, stays"), rows)
    yield f"Run {mended.report.run_id}, {mended.report.state}: {describe_counts(mended.report.counts)}."
    if mended.report.message:
        yield mended.report.message


def _percent(value: float) -> str:
    """Never rounded up to 100."""
    return "100 %" if value == 100 else f"{min(value, 99.999):.3f} %"
