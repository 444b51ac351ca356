"""`syncline contacts`: adds, edits and shows single people; what a mapping sends goes out with the next sync."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from syncline.cli.chosen import ConnectionName, choose_connection, load_current_mapping
from syncline.cli.output import Output
from syncline.cli.session import Json, session
from syncline.cli.tables import format_table
from syncline.domain.mapping import Mapping

if TYPE_CHECKING:
    import psycopg

    from syncline.store.contacts import ContactView

app = typer.Typer(help="Add, edit and show people.", no_args_is_help=True, add_completion=False)

_ORIGIN = "cli"
Values = Annotated[list[str], typer.Argument(metavar="FIELD=VALUE...", help="Values; FIELD= alone is a blank.")]
Reference = Annotated[str, typer.Argument(metavar="REF", help="The contact's number, address or Salesforce id.")]


@app.callback()
def group() -> None:
    """Add, edit and show people.

    Examples:

      syncline contacts show ada@example.com
    """


@app.command()
def add(
    values: Values,
    no_salesforce: Annotated[
        bool, typer.Option("--no-salesforce", help="Keep the person here only: create no Lead.")
    ] = False,
    connection: ConnectionName = None,
    as_json: Json = False,
) -> None:
    """Add a person; the next sync finds them in Salesforce, or creates a Lead.

    Examples:

      syncline contacts add email=ada@example.com first_name=Ada last_name=Lovelace company=Engines

      syncline contacts add email=ada@example.com --no-salesforce
    """
    given = parse_values(values)
    output = Output(as_json=as_json)
    with session(output) as opened:
        from syncline import clock
        from syncline.store import contacts
        from syncline.store.database import transaction

        mapping = load_current_mapping(choose_connection(connection))
        with opened.database.connect("syncline contacts") as conn, transaction(conn, "contact"):
            _prepare(conn, mapping)
            contact_id = contacts.add_contact(
                conn, mapping, given, create_in_salesforce=not no_salesforce, now=clock.now(), origin=_ORIGIN
            )
    output.line(f"Contact {contact_id} is added.")
    if not no_salesforce:
        output.line("The next `syncline sync` finds them in Salesforce, or creates a Lead.")
    output.result({"contact_id": contact_id, "create_in_salesforce": not no_salesforce})


@app.command()
def edit(reference: Reference, values: Values, connection: ConnectionName = None, as_json: Json = False) -> None:
    """Change values of a person; the next sync sends those that the mapping sends.

    Examples:

      syncline contacts edit ada@example.com title=Countess

      syncline contacts edit 17 phone= opted_out=yes
    """
    given = parse_values(values)
    output = Output(as_json=as_json)
    with session(output) as opened:
        from syncline import clock
        from syncline.store import contacts
        from syncline.store.database import transaction

        mapping = load_current_mapping(choose_connection(connection))
        with opened.database.connect("syncline contacts") as conn, transaction(conn, "contact"):
            _prepare(conn, mapping)
            contact_id = contacts.edit_contact(conn, mapping, reference, given, now=clock.now(), origin=_ORIGIN)
    kept = [name for name in given if (field := mapping.find(name)) and not field.direction.pushes]
    output.line(f"Contact {contact_id} is changed.")
    if kept:
        output.line(
            f"Not sent to Salesforce: {', '.join(kept)}. To send it: `syncline map set {kept[0]} --direction both`."
        )
    output.result({"contact_id": contact_id, "changed": sorted(given), "not_sent": kept})


@app.command()
def show(reference: Reference, connection: ConnectionName = None, as_json: Json = False) -> None:
    """Show a person from both sides: values here and there, what waits to be sent, and the history.

    Examples:

      syncline contacts show ada@example.com

      syncline contacts show 00Q000000000001AAA --json
    """
    output = Output(as_json=as_json)
    with session(output) as opened:
        from syncline.store import contacts
        from syncline.store.names import ConnectionTables

        chosen = choose_connection(connection)
        mapping = load_current_mapping(chosen)
        with opened.database.connect("syncline contacts") as conn:
            _prepare(conn, mapping)
            view = contacts.show_contact(conn, ConnectionTables(chosen.name), mapping, chosen.id, reference)
    for line in format_contact(view):
        output.line(line)
    output.result(asdict(view))


def format_contact(view: "ContactView") -> Iterator[str]:
    """A contact for people to read."""
    linked = ", ".join(f"{name} {record_id} ({state})" for name, record_id, state in view.links)
    yield f"Contact {view.id}, {view.state}; {linked or 'not in Salesforce'}"
    if view.merged_into:
        yield f"It was merged into contact {view.merged_into}."
    for name, record_id, reason in view.aliases:
        yield f"Before that: {name} {record_id}, {reason}"
    if view.waiting:
        wanted = "to become a Lead" if view.waiting["kind"] == "create" else ", ".join(view.waiting["fields"])
        reason = f": {view.waiting['reason']}" if view.waiting["reason"] else ""
        yield f"Waits to be sent ({view.waiting['state']}): {wanted}{reason}"
    yield ""
    filled = [name for name in view.ours if view.ours[name] is not None or view.theirs.get(name) is not None]
    yield from format_table(
        ("field", "here", "in Salesforce"),
        [(name, _as_text(view.ours[name]), _as_text(view.theirs.get(name))) for name in filled],
    )
    yield ""
    yield "History, newest first:"
    rows = [
        (f"{one.at:%Y-%m-%d %H:%M:%S}", one.action, one.field, one.old, one.new, one.rule, one.origin)
        for one in view.history
    ]
    yield from format_table(("at", "action", "field", "from", "to", "why", "by"), rows)


def _as_text(value: object) -> str | None:
    return None if value is None else str(value)


def parse_values(texts: Sequence[str]) -> dict[str, str]:
    """Values by field, from FIELD=VALUE as a person types it.

    Raises:
        typer.BadParameter: one is not of that form, or a field is named twice.
    """
    values: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise typer.BadParameter(f"{text!r} is not FIELD=VALUE")
        if name in values:
            raise typer.BadParameter(f"{name} is given twice")
        values[name] = value
    return values


def _prepare(conn: "psycopg.Connection", mapping: Mapping) -> None:
    """A mapping that no sync has used yet has no columns in contacts."""
    from syncline.store.contact_columns import ensure_columns

    ensure_columns(conn, mapping)
