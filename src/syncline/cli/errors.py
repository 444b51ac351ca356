"""`syncline errors`: what was refused, by cause, with what mends it; and trying it again."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from syncline.cli.chosen import ConnectionName, choose_connection, load_current_mapping
from syncline.cli.output import Output
from syncline.cli.session import Json, session
from syncline.cli.tables import format_table
from syncline.errors import OperatorError

if TYPE_CHECKING:
    from syncline.store.issues import Cause, IssueRow

app = typer.Typer(help="List what was refused, by cause, and try it again.", no_args_is_help=True, add_completion=False)

_SHOWN_ROWS = 50


@app.callback()
def group() -> None:
    """List what was refused, by cause, and try it again.

    Examples:

      syncline errors list
    """


@app.command(name="list")
def list_errors(connection: ConnectionName = None, as_json: Json = False) -> None:
    """List what is wrong, by cause, the most frequent first, each with what mends it.

    Examples:

      syncline errors list

      syncline errors list --json
    """
    output = Output(as_json=as_json)
    with session(output) as opened:
        from syncline.store.issues import list_causes

        chosen = choose_connection(connection)
        with opened.database.connect("syncline errors") as conn:
            causes = list_causes(conn, chosen.id)
    for line in format_causes(causes):
        output.line(line)
    output.result({"connection": chosen.name, "causes": [asdict(one) for one in causes]})


@app.command()
def show(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="The cause, as `syncline errors list` numbers it.")],
    connection: ConnectionName = None,
    as_json: Json = False,
) -> None:
    """Show the records of one cause, the newest first.

    Examples:

      syncline errors show 17
    """
    output = Output(as_json=as_json)
    with session(output) as opened:
        from syncline.store.issues import list_causes, list_rows

        chosen = choose_connection(connection)
        with opened.database.connect("syncline errors") as conn:
            cause = next((one for one in list_causes(conn, chosen.id) if one.number == number), None)
            if cause is None:
                raise OperatorError(
                    f"Nothing is open under the number {number}.",
                    remedy="See `syncline errors list`: it may be mended.",
                )
            rows = list_rows(conn, chosen.id, cause, _SHOWN_ROWS)
    for line in _format_rows(cause, rows):
        output.line(line)
    output.result({"connection": chosen.name, **asdict(cause), "rows": [asdict(one) for one in rows]})


@app.command()
def retry(
    code: Annotated[str | None, typer.Option("--code", metavar="CODE", help="Only what was refused so.")] = None,
    field: Annotated[str | None, typer.Option("--field", metavar="NAME", help="Only of this marketing field.")] = None,
    probe: Annotated[
        bool, typer.Option("--probe", help="Only one record of each cause, to see if it is mended.")
    ] = False,
    connection: ConnectionName = None,
    as_json: Json = False,
) -> None:
    """Send again what Salesforce refused: with the next sync, all of it, or one record of each cause as a probe.

    What Salesforce takes now is closed by itself; what it refuses again stays listed.

    Examples:

      syncline errors retry --probe

      syncline errors retry --code FIELD_CUSTOM_VALIDATION_EXCEPTION
    """
    output = Output(as_json=as_json)
    with session(output) as opened:
        from syncline.store.database import transaction
        from syncline.store.issues import try_again

        chosen = choose_connection(connection)
        mapping = load_current_mapping(chosen)
        with opened.database.connect("syncline errors") as conn, transaction(conn, "retry"):
            tried = try_again(conn, chosen.id, mapping.fields, code=code, field=field, one_each=probe)
    if tried:
        output.line(f"{tried:,} contacts wait to be sent again: `syncline sync` does it.")
    else:
        output.line("Nothing that was refused fits: see `syncline errors list`.")
    output.result({"connection": chosen.name, "contacts": tried})


def format_causes(causes: "Sequence[Cause]") -> Iterator[str]:
    """The causes for people."""
    if not causes:
        yield "Nothing is wrong: no value and no record was refused."
        return
    rows = [
        (one.number, one.count, one.code, ".".join(part for part in (one.object, one.field) if part),
         "to Salesforce" if one.direction == "push" else "from Salesforce", f"{one.since:%Y-%m-%d %H:%M}")
        for one in causes
    ]  # fmt: skip
    yield from format_table(("number", "times", "cause", "where", "on the way", "since (UTC)"), rows)
    for one in causes:
        yield ""
        example = one.record_id or (f"contact {one.contact_id}" if one.contact_id else "")
        yield f"{one.number}: {one.message}{f' (for example {example})' if example else ''}"
        yield f"    {one.remedy}"
    yield ""
    yield "To send again what is mended: `syncline errors retry`; first one of each, to see: with --probe."


def _format_rows(cause: "Cause", rows: "Sequence[IssueRow]") -> Iterator[str]:
    yield f"{cause.count:,} × {cause.code}: {cause.remedy}"
    yield ""
    yield from format_table(
        ("record", "contact", "message", "run", "at (UTC)"),
        [(one.record_id, one.contact_id, one.message, one.run_id, f"{one.at:%Y-%m-%d %H:%M:%S}") for one in rows],
    )
    if cause.count > len(rows):
        yield f"… and {cause.count - len(rows):,} more"
