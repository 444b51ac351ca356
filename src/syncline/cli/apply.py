"""`syncline apply`: makes exactly the writes of a plan that was looked at."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from syncline.cli.bars import ProgressDisplay
from syncline.cli.chosen import ConnectionName, choose_connection
from syncline.cli.output import Output
from syncline.cli.session import Json, session
from syncline.cli.sync import exit_status, format_report, to_report_facts
from syncline.cli.tables import format_table

if TYPE_CHECKING:
    from syncline.store.planned import Unsent

app = typer.Typer(help="Make exactly the writes of a plan.", add_completion=False)

_SHOWN = 20


@app.command()
def apply(
    run: Annotated[int | None, typer.Argument(metavar="[RUN]", help="The run of the plan; else the newest.")] = None,
    allow_large_change: Annotated[
        bool, typer.Option("--allow-large-change", help="Let it change more than the brakes allow.")
    ] = False,
    connection: ConnectionName = None,
    as_json: Json = False,
) -> None:
    """Make exactly the writes of a plan, here and in Salesforce, and nothing that came up since.

    A contact that was edited since, or a record that somebody changed in Salesforce, is left out, listed, and decided
    anew by the next sync. Edits made here since the plan wait for the next sync; opt-outs do not wait. A plan that is
    older than a day, from another version of the mapping, or not the newest is refused with status 3.

    Examples:

      syncline plan

      syncline apply

      syncline apply 42 --allow-large-change
    """
    from syncline.sync import stored_plan

    output = Output(as_json=as_json)
    with session(output) as opened:
        chosen = choose_connection(connection)
        with (
            opened.open_run(chosen.name, "apply") as ctx,
            ProgressDisplay(lambda: ctx.salesforce.calls.total) as display,
        ):
            ctx.progress.watch = display.watch
            applied = stored_plan.apply(ctx, run, allow_large_change=allow_large_change)
    for line in (*format_report(applied.report), *_format_left_out(applied.left_out)):
        output.line(line)
    facts = to_report_facts(applied.report)
    output.result({"connection": chosen.name, **facts, "left_out": [asdict(one) for one in applied.left_out]})
    status = exit_status(applied.report)
    if status:
        raise typer.Exit(status)


def _format_left_out(left_out: "tuple[Unsent, ...]") -> Iterator[str]:
    if not left_out:
        return
    yield f"{len(left_out):,} writes of the plan were left out; the next sync decides them anew:"
    rows = [(one.object, one.record_id, one.contact_id, one.field or "", one.reason) for one in left_out[:_SHOWN]]
    yield from format_table(("object", "record", "contact", "field", "because"), rows)
