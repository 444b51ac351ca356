"""`syncline budget`: how many API calls a connection may make in a day, and how many it made."""

from dataclasses import asdict
from typing import Annotated

import typer

from syncline.cli.chosen import ConnectionName, choose_connection
from syncline.cli.output import Output
from syncline.cli.session import Json, session
from syncline.cli.tables import format_table

app = typer.Typer(help="Show and set how many API calls may be used.", no_args_is_help=True, add_completion=False)

_DAYS = 14


@app.callback()
def group() -> None:
    """Show and set how many API calls a connection may use in a day.

    Examples:

      syncline budget show
    """


@app.command()
def show(connection: ConnectionName = None, as_json: Json = False) -> None:
    """Show what may be used, and what was used on the latest days (UTC).

    Examples:

      syncline budget show
    """
    output = Output(as_json=as_json)
    with session(output) as opened:
        from syncline.store.budget import list_days, load_budget

        chosen = choose_connection(connection)
        with opened.database.connect("syncline budget") as conn:
            budget, days = load_budget(conn, chosen.id), list_days(conn, chosen.id, _DAYS)
    ceiling = f"{budget.ceiling:,} calls a day" if budget.ceiling is not None else "whatever the org allows"
    reserve = f"{budget.reserve:,} calls" if budget.reserve is not None else "a hundredth of that"
    output.line(f"{chosen.name} may use {ceiling}; kept for opt-outs and new leads: {reserve}.")
    rows = [(f"{one.day}", one.calls, one.org_used, one.org_limit) for one in days]
    for line in format_table(("day", "calls", "the whole org, 24 h", "of"), rows):
        output.line(line)
    output.result({"connection": chosen.name, **asdict(budget), "days": [asdict(one) for one in days]})


@app.command(name="set")
def set_budget(
    ceiling: Annotated[
        int | None, typer.Option("--ceiling", min=0, metavar="N", help="Calls a day; 0 takes the ceiling away.")
    ] = None,
    reserve: Annotated[
        int | None, typer.Option("--reserve", min=0, metavar="N", help="Calls kept for opt-outs and new leads.")
    ] = None,
    connection: ConnectionName = None,
    as_json: Json = False,
) -> None:
    """Set how many calls a day a connection may use, and how many of them are kept for what may not wait.

    A sync that meets the ceiling pauses; what it did stays done, opt-outs go on in the reserve, and the next sync of
    the next day goes on where it stopped.

    Examples:

      syncline budget set --ceiling 5000 --reserve 200
    """
    if ceiling is None and reserve is None:
        raise typer.BadParameter("say what to set: --ceiling, --reserve")
    output = Output(as_json=as_json)
    with session(output) as opened:
        from syncline.domain.budget import Budget
        from syncline.store.budget import load_budget, save_budget
        from syncline.store.database import transaction

        chosen = choose_connection(connection)
        with opened.database.connect("syncline budget") as conn, transaction(conn, "set_budget"):
            before = load_budget(conn, chosen.id)
            budget = Budget(
                before.ceiling if ceiling is None else ceiling or None, before.reserve if reserve is None else reserve
            )
            save_budget(conn, chosen.id, budget)
    output.line("The budget is set: `syncline budget show`.")
    output.result({"connection": chosen.name, **asdict(budget)})
