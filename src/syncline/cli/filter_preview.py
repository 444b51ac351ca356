"""`syncline map preview --filter`: what a filter would leave out, counted, with examples and the reason."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from syncline.cli.chosen import choose_connection, load_current_mapping
from syncline.cli.output import Output
from syncline.cli.session import session
from syncline.cli.tables import format_table
from syncline.domain.mapping import PERSON_OBJECTS, is_expression

if TYPE_CHECKING:
    from syncline.flows.filter_preview import FilterPreview


def preview_filter(tried: str | None, limit: int, on: str | None, connection: str | None, output: Output) -> None:
    """Shows what the filters of the mapping leave out, or the one that is tried; nothing is changed."""
    if tried is not None and not is_expression(tried):
        raise typer.BadParameter("a filter is = and a formula")
    if on is not None and on.capitalize() not in PERSON_OBJECTS:
        raise typer.BadParameter("choose Lead or Contact", param_hint="--object")
    from syncline.flows.filter_preview import preview_filters

    with session(output) as opened:
        chosen = choose_connection(connection)
        mapping = load_current_mapping(chosen)
        output.note(f"asking {chosen.organization_name or chosen.login_url} for its fields …")
        only = on.capitalize() if on else None
        shown = preview_filters(opened.database, opened.keys, chosen, mapping, tried, limit=limit, only=only)
    for one in shown:
        _show(one, output)
    output.result({"objects": [_to_facts(one) for one in shown]})


def _show(one: "FilterPreview", output: Output) -> None:
    counts = one.counts
    where = "of the mirror" if one.from_mirror else "read from Salesforce, which may be only some"
    output.line(f"{one.object}: {one.filter}   ({counts.kept + counts.left_out:,} records {where})")
    because = f", because: {one.reason}" if one.reason else ""
    output.line(f"  kept {counts.kept:,}, left out {counts.left_out:,}{because}")
    if counts.synced:
        output.line(f"  {counts.synced:,} of those left out are contacts now, which would no longer be synced")
    if one.left_out:
        output.line("Some of those left out:")
    for line in format_table(("record", *one.fields), [(row.record_id, *row.values) for row in one.left_out]):
        output.line(line)


def _to_facts(one: "FilterPreview") -> dict[str, Any]:
    return {
        "object": one.object,
        "filter": one.filter,
        "reason": one.reason,
        "from": "mirror" if one.from_mirror else "salesforce",
        **asdict(one.counts),
        "examples": [
            {"id": row.record_id, "values": dict(zip(one.fields, row.values, strict=True))} for row in one.left_out
        ],
    }
