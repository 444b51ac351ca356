"""`syncline objects`: which objects of Salesforce are mirrored beside the people of the mapping."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from syncline.cli.chosen import ConnectionName, choose_connection
from syncline.cli.output import Output
from syncline.cli.session import Json, session
from syncline.cli.tables import format_table

if TYPE_CHECKING:
    from syncline.bootstrap import App
    from syncline.domain.connection import Connection
    from syncline.domain.objects import MirroredObject
    from syncline.flows.objects import Looked

app = typer.Typer(
    help="Mirror further objects of Salesforce, for BI and segments.", no_args_is_help=True, add_completion=False
)

_Name = Annotated[str, typer.Argument(metavar="NAME", help="The object's API name, such as Opportunity.")]


@app.callback()
def group() -> None:
    """Mirror further objects of Salesforce: each becomes a typed table that any SQL tool can read.

    Examples:

      syncline objects add Opportunity
    """


@app.command(name="list")
def list_mirrored(
    available: Annotated[bool, typer.Option("--available", help="What the org has to offer instead.")] = False,
    connection: ConnectionName = None,
    as_json: Json = False,
) -> None:
    """List the mirrored objects: which fields, how many records, and until when they are read.

    Examples:

      syncline objects list

      syncline objects list --available
    """
    output = Output(as_json=as_json)
    with session(output) as opened:
        chosen = choose_connection(connection)
        if available:
            _list_available(opened, chosen, output)
            return
        facts = _load_standing(opened, chosen)
    rows = [(one["object"], one["fields"], one["table"], one["records"], one["read_until"] or "never") for one in facts]
    for line in format_table(("object", "fields", "table", "records", "read until"), rows):
        output.line(line)
    output.result({"connection": chosen.name, "objects": facts})


def _list_available(opened: "App", chosen: "Connection", output: Output) -> None:
    from syncline.flows.objects import list_available

    found = list_available(chosen, opened.keys)
    for line in format_table(("object", "label"), found):
        output.line(line)
    output.result({"connection": chosen.name, "available": [{"object": name, "label": label} for name, label in found]})


def _load_standing(opened: "App", chosen: "Connection") -> list[dict[str, Any]]:
    from syncline.domain.mapping import PERSON_OBJECTS
    from syncline.store.names import ConnectionTables
    from syncline.store.objects import count_records, list_objects, load_standing

    tables = ConnectionTables(chosen.name)
    with opened.database.connect("syncline objects") as conn:
        mirrored, until = list_objects(conn, chosen.id), load_standing(conn, chosen.id)
        return [
            {
                "object": name,
                "fields": _describe_choice(mirrored.get(name)),
                "table": f"{tables.schema}.{name.lower()}",
                "records": count_records(conn, tables, name),
                "read_until": f"{until[name]:%Y-%m-%d %H:%M:%S}Z" if name in until else None,
            }
            for name in (*PERSON_OBJECTS, *(name for name in mirrored if name not in PERSON_OBJECTS))
        ]


def _describe_choice(mirrored: "MirroredObject | None") -> str:
    if mirrored is None:
        return "of the mapping"
    return ", ".join(mirrored.fields) or str(mirrored.choice)


@app.command()
def add(
    name: _Name,
    fields: Annotated[
        str | None, typer.Option("--fields", metavar="A,B,…", help="Only these fields, beside ids and stamps.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Long texts too.")] = False,
    connection: ConnectionName = None,
    as_json: Json = False,
) -> None:
    """Mirror an object, from the next sync on; of a mirrored one, say which fields.

    Without an option all fields are read but texts of more than 255 characters. For Lead and Contact the fields come
    beside those of the mapping. What it costs to read stands beside.

    Examples:

      syncline objects add Opportunity

      syncline objects add CampaignMember --fields CampaignId,LeadId,ContactId,Status

      syncline objects add Webinar__c --all
    """
    if fields is not None and every:
        raise typer.BadParameter("choose one of: --fields, --all")
    output = Output(as_json=as_json)
    with session(output) as opened:
        from syncline.domain.objects import Choice, MirroredObject
        from syncline.flows.objects import add_object

        chosen = choose_connection(connection)
        names = tuple(part.strip() for part in (fields or "").split(",") if part.strip())
        choice = Choice.CHOSEN if names else Choice.ALL if every else Choice.COMMON
        mirrored, looked = add_object(opened.database, opened.keys, chosen, MirroredObject(name, choice, names))
    output.line(
        f"{mirrored.name}: {len(looked.fields):,} fields of {looked.records:,} records, about {looked.calls:,} API "
        "calls the first time. The next sync reads it."
    )
    output.result(
        {
            "connection": chosen.name,
            "object": mirrored.name,
            "choice": str(mirrored.choice),
            "fields": [one.name for one in looked.fields],
            "records": looked.records,
            "calls": looked.calls,
        }
    )


@app.command()
def remove(
    name: _Name,
    drop_table: Annotated[
        bool, typer.Option("--drop-table/--keep-table", help="Take its table away too, or keep it as it stands.")
    ] = False,
    connection: ConnectionName = None,
    as_json: Json = False,
) -> None:
    """Mirror an object no longer. Its table stays as it stands, unless you ask for it to be dropped.

    Of Lead and Contact the fields beside the mapping are no longer read; their tables stay in any case.

    Examples:

      syncline objects remove Webinar__c --drop-table
    """
    output = Output(as_json=as_json)
    with session(output) as opened:
        from syncline.flows.objects import remove_object

        chosen = choose_connection(connection)
        dropped = remove_object(opened.database, chosen, name, drop_table=drop_table)
    output.line(f"{name} is not read any more; its table {'is gone' if dropped else 'stays as it stands'}.")
    output.result({"connection": chosen.name, "object": name, "table_dropped": dropped})


@app.command()
def show(name: _Name, connection: ConnectionName = None, as_json: Json = False) -> None:
    """Show the fields of an object with their types, and which of them are mirrored.

    Examples:

      syncline objects show Opportunity
    """
    output = Output(as_json=as_json)
    with session(output) as opened:
        from syncline.domain.objects import MirroredObject
        from syncline.flows.objects import look_at
        from syncline.store.names import ConnectionTables
        from syncline.store.objects import list_objects
        from syncline.store.shaping import load_columns

        chosen = choose_connection(connection)
        looked = look_at(chosen, opened.keys, MirroredObject(name))
        with opened.database.connect("syncline objects") as conn:
            mirrored = list_objects(conn, chosen.id).get(looked.shape.name)
            columns = load_columns(conn, ConnectionTables(chosen.name), looked.shape.name)
    facts = _to_fields(looked, columns)
    state = f"mirrored ({_describe_choice(mirrored)})" if mirrored else "not mirrored on demand"
    output.line(f"{looked.shape.name} ({looked.shape.label}): {looked.records:,} records, {state}.")
    rows = [(one["name"], one["type"], one["refers_to"], one["column"] or "") for one in facts]
    for line in format_table(("field", "type", "refers to", "column"), rows):
        output.line(line)
    output.result({"connection": chosen.name, "object": looked.shape.name, "records": looked.records, "fields": facts})


@app.command()
def sweep(
    name: _Name,
    fields: Annotated[
        str | None, typer.Option("--fields", metavar="A,B,…", help='Which, from now on; "" for none.')
    ] = None,
    connection: ConnectionName = None,
    as_json: Json = False,
) -> None:
    """Name fields that are read by value once a day, or show which are.

    Formula and roll-up fields change without a trace in their record, so they are read by value once a day. Some
    other fields behave so too and are not marked: name them here. They have to be mapped or mirrored.

    Examples:

      syncline objects sweep Opportunity

      syncline objects sweep Opportunity --fields ExpectedRevenue,HasOverdueTask
    """
    output = Output(as_json=as_json)
    with session(output) as opened:
        from syncline.flows.objects import choose_swept

        chosen = choose_connection(connection)
        names = None if fields is None else [part.strip() for part in fields.split(",") if part.strip()]
        swept = choose_swept(opened.database, chosen, name, names)
    at = f"{swept.swept_at:%Y-%m-%d %H:%M:%S}Z" if swept.swept_at else None
    output.line(f"{swept.object}, beside its calculated fields: {', '.join(swept.fields) or 'none'}.")
    output.line(f"Read by value last: {at or 'never'}." if names is None else "The next sync reads them by value.")
    output.result({"connection": chosen.name, "object": swept.object, "fields": list(swept.fields), "swept_at": at})


def _to_fields(looked: "Looked", columns: dict[str, str]) -> Sequence[dict[str, Any]]:
    return [
        {
            "name": one.name,
            "type": one.type,
            "refers_to": ", ".join(one.reference_to),
            "column": columns.get(one.column),
        }
        for one in looked.shape.fields
    ]
