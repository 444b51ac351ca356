"""`syncline runs`: the latest runs of a connection, with what they moved, and stopping one that is under way."""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from syncline.cli.chosen import ConnectionName, choose_connection
from syncline.cli.output import Output
from syncline.cli.session import Json, session
from syncline.cli.sync import describe_counts
from syncline.cli.tables import format_table
from syncline.errors import OperatorError


class _ListsByDefault(TyperGroup):
    """Takes `runs 50` for `runs list 50`."""

    default_command = "list"

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if "--help" not in args[:1] and (not args or args[0] not in self.commands):
            args = [self.default_command, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(help="List the latest runs, and stop one.", cls=_ListsByDefault, add_completion=False)


@app.callback()
def group() -> None:
    """List the latest runs of a connection, and stop the one that is under way.

    Examples:

      syncline runs

      syncline runs cancel
    """


@app.command(name="list")
def runs(
    number: Annotated[int, typer.Argument(metavar="N", min=1, max=1000, help="How many.")] = 10,
    connection: ConnectionName = None,
    as_json: Json = False,
) -> None:
    """List the latest runs of a connection, the newest first, with what they moved.

    Examples:

      syncline runs list

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


@app.command()
def cancel(
    run: Annotated[int | None, typer.Argument(metavar="RUN", help="The run; without it the one under way.")] = None,
    connection: ConnectionName = None,
    as_json: Json = False,
) -> None:
    """Stop a run at its next safe place. What is done stays done, and the next run goes on from there.

    With a schedule the next run comes by itself: `syncline schedule pause` first, if none should.

    Examples:

      syncline runs cancel
    """
    output = Output(as_json=as_json)
    with session(output) as opened:
        from syncline.store.database import transaction
        from syncline.store.runs import ask_to_stop

        chosen = choose_connection(connection)
        with opened.database.connect("syncline runs") as conn, transaction(conn, "cancel"):
            asked = ask_to_stop(conn, chosen.id, run)
    if not asked:
        raise OperatorError(
            f"No such run of {chosen.name!r} is under way.", remedy="See `syncline runs`: only a running one can stop."
        )
    output.line(f"Run {asked[0]} stops at its next safe place: `syncline runs`.")
    output.result({"connection": chosen.name, "runs": asked})
