"""`syncline map preview`: what a field or an expression gives on real records, before it is mapped or synced."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from syncline.cli.chosen import ConnectionName, choose_connection, load_current_mapping
from syncline.cli.filter_preview import preview_filter
from syncline.cli.output import Output
from syncline.cli.session import Json, session
from syncline.cli.tables import format_table

if TYPE_CHECKING:
    from syncline.flows.preview import Preview


def preview(
    field: Annotated[
        str | None,
        typer.Argument(metavar="[FIELD]", help="A field of the mapping, or = and a formula that is not mapped yet."),
    ] = None,
    as_filter: Annotated[
        bool, typer.Option("--filter", help="What the filters leave out, or the formula if it were the filter.")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=200, help="How many records of each object.")] = 10,
    on: Annotated[
        str | None, typer.Option("--object", metavar="OBJECT", help="Only this object: Lead or Contact.")
    ] = None,
    connection: ConnectionName = None,
    as_json: Json = False,
) -> None:
    """Show what a field gives on real records, with the values it is made of beside it; nothing is changed.

    The records are those of the mirror; before the first sync, or where the mirror lacks a field, some are read from
    Salesforce.

    With --filter it counts the records that a filter leaves out, and how many of them are synced contacts now.

    Examples:

      syncline map preview full_name

      syncline map preview '=IF(ISBLANK(Title), "none", UPPER(Title))' --object Lead --limit 5

      syncline map preview --filter

      syncline map preview --filter '=NOT(ISPICKVAL(Status, "Unqualified"))' --object Lead
    """
    if as_filter:
        preview_filter(field, limit, on, connection, Output(as_json=as_json))
    elif field is None:
        raise typer.BadParameter("name a field or a formula, or give --filter")
    else:
        _preview_field(field, limit, on, connection, Output(as_json=as_json))


def _preview_field(field: str, limit: int, on: str | None, connection: str | None, output: Output) -> None:
    from syncline.flows.preview import build_preview

    with session(output) as opened:
        chosen = choose_connection(connection)
        mapping = load_current_mapping(chosen)
        output.note(f"asking {chosen.organization_name or chosen.login_url} for its fields …")
        shown = build_preview(opened.database, opened.keys, chosen, mapping, field, limit=limit, only=on)
    for one in shown:
        _show(one, output)
    output.result({"field": field, "objects": [_to_facts(one) for one in shown]})


def _show(one: "Preview", output: Output) -> None:
    where = "in the mirror" if one.from_mirror else "read from Salesforce"
    output.line(f"{one.object}: {one.source}   ({len(one.rows)} records {where})")
    rows = [(row.record_id, *row.values, row.result) for row in one.rows]
    for line in format_table(("record", *one.fields, "result"), rows):
        output.line(line)


def _to_facts(one: "Preview") -> dict[str, Any]:
    return {
        "object": one.object,
        "source": one.source,
        "from": "mirror" if one.from_mirror else "salesforce",
        "rows": [
            {
                "id": row.record_id,
                "values": dict(zip(one.fields, row.values, strict=True)),
                "result": row.result,
            }
            for row in one.rows
        ],
    }
