"""`syncline runs`: the latest runs of a connection, with what they moved."""

from typing import Annotated

import typer

from syncline.cli.chosen import ConnectionName, choose_connection
from syncline.cli.output import Output
from syncline.cli.session import Json, session
from syncline.cli.sync import describe_counts
from syncline.cli.tables import format_table

app = typer.Typer(help="List the latest runs.", add_completion=False)


@app.command()
def runs(
    number: Annotated[int, typer.Argument(metavar="N", min=1, max=1000, help="How many.")] = 10,
    connection: ConnectionName = None,
    as_json: Json = False,
) -> None:
    """List the latest runs of a connection, the newest first, with what they moved.

    Examples:

      syncline runs

      syncline runs 50 --json
    """
    from dataclasses import asdict

    from syncline.store.runs import load_latest

    output = Output(as_json=as_json)
    with session(output) as opened:
        chosen = choose_connection(connection)
        with opened.database.connect("syncline runs") as conn:
            found = load_latest(conn, chosen.id, number)
    rows = [
        (
            one.id,
            one.kind,
            one.state,
            f"{one.started_at:%Y-%m-%d %H:%M:%S}",
            (one.finished_at - one.started_at).total_seconds() if one.finished_at else None,
            one.message or describe_counts({name: n for name, n in one.counts.items() if isinstance(n, int)}),
        )
        for one in found
    ]
    for line in format_table(("run", "kind", "state", "started (UTC)", "seconds", "what moved"), rows):
        output.line(line)
    if not rows:
        output.line("No run yet: `syncline sync` makes the first.")
    output.result({"connection": chosen.name, "runs": [asdict(one) for one in found]})
