"""`syncline conflicts`: values that both sides changed and that the mapping leaves to a person."""

from dataclasses import asdict
from typing import Annotated

import typer

from syncline.cli.chosen import ConnectionName, check_field, choose_connection, load_current_mapping
from syncline.cli.output import Output
from syncline.cli.session import Json, session
from syncline.cli.tables import format_table
from syncline.errors import OperatorError

app = typer.Typer(help="List and settle conflicts that wait for a person.", no_args_is_help=True, add_completion=False)

_ORIGIN = "cli"
_SHOWN = 100


@app.callback()
def group() -> None:
    """List and settle conflicts that wait for a person: fields whose policy is `hold`.

    Examples:

      syncline conflicts list
    """


@app.command(name="list")
def list_conflicts(connection: ConnectionName = None, as_json: Json = False) -> None:
    """List the conflicts that wait, with both values and the one that was agreed on before.

    Examples:

      syncline conflicts list
    """
    output = Output(as_json=as_json)
    with session(output) as opened:
        from syncline.store import conflicts
        from syncline.store.contact_columns import ensure_columns
        from syncline.store.names import ConnectionTables

        chosen = choose_connection(connection)
        mapping = load_current_mapping(chosen)
        with opened.database.connect("syncline conflicts") as conn:
            ensure_columns(conn, mapping)
            total = conflicts.count_conflicts(conn, chosen.id)
            found = conflicts.list_conflicts(conn, ConnectionTables(chosen.name), chosen.id, mapping, _SHOWN)
    rows = [(one.contact_id, one.email, one.field, one.base, one.ours, one.theirs) for one in found]
    for line in format_table(("contact", "address", "field", "agreed before", "here", "in Salesforce"), rows):
        output.line(line)
    if total > len(found):
        output.line(f"… and {total - len(found):,} more")
    if found:
        output.line("To settle one: `syncline conflicts settle CONTACT FIELD --take salesforce` (or marketing).")
    else:
        output.line("No conflict waits for a person.")
    output.result({"connection": chosen.name, "total": total, "conflicts": [asdict(one) for one in found]})


@app.command()
def settle(
    take: Annotated[str, typer.Option("--take", metavar="SIDE", help="Whose value stands: salesforce or marketing.")],
    reference: Annotated[
        str | None, typer.Argument(metavar="[REF]", help="The contact's number, address or Salesforce id.")
    ] = None,
    field: Annotated[str | None, typer.Argument(metavar="[FIELD]", help="One marketing field.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every conflict that waits.")] = False,
    connection: ConnectionName = None,
    as_json: Json = False,
) -> None:
    """Settle conflicts for one side: of a contact's field, of a contact, or all of them.

    Salesforce's value is taken at once; ours goes out with the next sync.

    Examples:

      syncline conflicts settle ada@example.com title --take marketing

      syncline conflicts settle --all --take salesforce
    """
    from syncline.store import conflicts

    if take not in tuple(conflicts.Side):
        raise typer.BadParameter(f"--take is salesforce or marketing, not {take!r}")
    if (reference is None) != everything:
        raise typer.BadParameter("name a contact, or all with --all")
    output = Output(as_json=as_json)
    with session(output) as opened:
        from syncline import clock
        from syncline.store.contact_columns import ensure_columns
        from syncline.store.contacts import find_contact
        from syncline.store.database import transaction
        from syncline.store.names import ConnectionTables

        chosen = choose_connection(connection)
        mapping = load_current_mapping(chosen)
        check_field(mapping, field)
        with opened.database.connect("syncline conflicts") as conn, transaction(conn, "settle_conflicts"):
            ensure_columns(conn, mapping)
            contact_id = find_contact(conn, reference) if reference else None
            place = (conn, ConnectionTables(chosen.name), chosen.id, mapping)
            settled = conflicts.settle(
                *place, conflicts.Side(take), contact_id=contact_id, field=field, origin=_ORIGIN, now=clock.now()
            )
    if not settled:
        raise OperatorError("No such conflict waits.", remedy="See `syncline conflicts list`.")
    output.line(f"{settled:,} conflicts are settled: {'Salesforce' if take == 'salesforce' else 'our'} value stands.")
    output.line("The next `syncline sync` brings both sides in step.")
    output.result({"connection": chosen.name, "settled": settled, "take": take})
