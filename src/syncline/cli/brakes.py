"""`syncline brakes`: how much one run of a connection may change without a person's word."""

from dataclasses import asdict, replace
from typing import Annotated, Any

import typer

from syncline.cli.chosen import ConnectionName, choose_connection
from syncline.cli.output import Output
from syncline.cli.session import Json, session
from syncline.cli.tables import format_table
from syncline.domain.plan import Brakes

app = typer.Typer(
    help="Show and set how much one run may change without your word.", no_args_is_help=True, add_completion=False
)

_PERCENT = 100


@app.callback()
def group() -> None:
    """Show and set how much one run may change without your word.

    Examples:

      syncline brakes show
    """


@app.command()
def show(connection: ConnectionName = None, as_json: Json = False) -> None:
    """Show the brakes of a connection.

    Examples:

      syncline brakes show
    """
    output = Output(as_json=as_json)
    with session(output) as opened:
        from syncline.store.planned import load_brakes

        chosen = choose_connection(connection)
        with opened.database.connect("syncline brakes") as conn:
            brakes = load_brakes(conn, chosen.id)
    _show(chosen.name, brakes, output)


@app.command(name="set")
def set_brakes(
    changed: Annotated[
        float | None, typer.Option("--changed", min=0, max=100, metavar="PERCENT", help="Contacts that change.")
    ] = None,
    deleted: Annotated[
        float | None, typer.Option("--deleted", min=0, max=100, metavar="PERCENT", help="Contacts that are deleted.")
    ] = None,
    deleted_at_least: Annotated[
        int | None, typer.Option("--deleted-at-least", min=0, metavar="N", help="Up to so many never brake.")
    ] = None,
    blanked: Annotated[
        float | None, typer.Option("--blanked", min=0, max=100, metavar="PERCENT", help="Values of a field that go.")
    ] = None,
    contacts_at_least: Annotated[
        int | None, typer.Option("--contacts-at-least", min=0, metavar="N", help="Below so many, only deletions brake.")
    ] = None,
    connection: ConnectionName = None,
    as_json: Json = False,
) -> None:
    """Set the brakes of a connection; what is not named stays as it is. Shares are of the contacts before the run.

    Examples:

      syncline brakes set --changed 20 --deleted 0.5
    """
    shares = {"changed": changed, "deleted": deleted, "blanked": blanked}
    given: dict[str, Any] = {name: share / _PERCENT for name, share in shares.items() if share is not None}
    numbers = {"deleted_at_least": deleted_at_least, "contacts_at_least": contacts_at_least}
    given |= {name: number for name, number in numbers.items() if number is not None}
    if not given:
        raise typer.BadParameter("say what to set, for example --changed 20; see --help")
    output = Output(as_json=as_json)
    with session(output) as opened:
        from syncline.store.database import transaction
        from syncline.store.planned import load_brakes, save_brakes

        chosen = choose_connection(connection)
        with opened.database.connect("syncline brakes") as conn, transaction(conn, "brakes"):
            brakes = replace(load_brakes(conn, chosen.id), **given)
            save_brakes(conn, chosen.id, brakes)
    _show(chosen.name, brakes, output)


def _show(name: str, brakes: Brakes, output: Output) -> None:
    rows = [
        ("contacts changed", f"{brakes.changed:.2%}", ""),
        ("contacts deleted", f"{brakes.deleted:.2%}", f"and more than {brakes.deleted_at_least:,}"),
        ("values of a field blanked", f"{brakes.blanked:.2%}", ""),
    ]
    output.line(f"Without your word, one run of {name} may change:")
    for line in format_table(("what", "at most", ""), rows):
        output.line(line)
    output.line(f"Below {brakes.contacts_at_least:,} contacts only deletions brake.")
    output.result({"connection": name, **asdict(brakes)})
