"""`syncline plan`: shows what a sync would change, value by value with the rule that decides, and changes nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from syncline.cli.bars import ProgressDisplay
from syncline.cli.chosen import ConnectionName, choose_connection
from syncline.cli.output import Output
from syncline.cli.prices import foresee, format_reading, format_time
from syncline.cli.session import Json, session
from syncline.cli.tables import format_table, shorten

if TYPE_CHECKING:
    from syncline.domain.plan import Example, Plan

app = typer.Typer(help="Show what a sync would change, and change nothing.", add_completion=False)

_RECORD_COLUMNS = (
    ("read", "records"),
    ("new", "creates"),
    ("matched", "links"),
    ("updated", "updates"),
    ("converted", "converts"),
    ("merged", "merges"),
    ("deleted", "deletes"),
    ("back", "undeletes"),
    ("out of the filter", "leaves"),
    ("in it again", "returns"),
    ("conflicts", "conflicts"),
)
_SHOWN_EXAMPLES = 12
_LONGEST_VALUE = 28


@app.command()
def plan(connection: ConnectionName = None, as_json: Json = False) -> None:
    """Show what a sync would change on both sides: how much, where, and by which rule.

    It reads what is new in Salesforce; contacts and Salesforce stay as they are. Where a change of the mapping, or the
    first import, has to read something of every record, the price is told before it is read.

    Examples:

      syncline plan

      syncline plan --json
    """
    from syncline.sync import run

    output = Output(as_json=as_json)
    with session(output) as opened:
        chosen = choose_connection(connection)
        with (
            opened.open_run(chosen.name, "plan") as ctx,
            ProgressDisplay(lambda: ctx.salesforce.calls.total) as display,
        ):
            ctx.progress.watch = display.watch
            ctx.progress.foresee = foresee(output)
            made = run.make_plan(ctx)
    for line in format_plan(made):
        output.line(line)
    output.result({"connection": chosen.name, **to_plan_facts(made)})


def to_plan_facts(made: "Plan") -> dict[str, Any]:
    """The plan for --json."""
    return {**asdict(made), "changes_nothing": made.changes_nothing}


def format_plan(made: "Plan") -> Iterator[str]:
    """The plan for people."""
    yield f"Plan of run {made.run_id}; {made.contacts_before:,} contacts before it"
    yield from format_reading(made.reading, "Read anew")
    yield ""
    yield from _format_records(made)
    yield from _format_fields(made)
    yield from _format_left_out(made)
    yield from _format_examples(made.examples)
    yield ""
    yield f"To Salesforce: {made.to_send:,} records to update, {made.to_create_in_salesforce:,} to create"
    yield f"API calls: {made.calls_so_far:,} so far, about {made.calls_forecast:,} more to apply it"
    yield f"Time to apply it: about {format_time(made.seconds_forecast)}"
    if made.changes_nothing:
        yield "Nothing would change."
    elif made.needs_approval:
        yield f"{made.needs_approval} To approve and apply it: `syncline apply`, or read anew: `syncline sync --yes`."
    else:
        yield "To apply it: `syncline apply`; to read anew and apply that: `syncline sync`."


def _format_records(made: "Plan") -> Iterator[str]:
    shown = [
        (title, name)
        for title, name in _RECORD_COLUMNS
        if name in ("records", "creates") or any(getattr(one, name) for one in made.objects)
    ]
    rows = [(one.object, *(getattr(one, name) for _, name in shown)) for one in made.objects]
    yield from format_table(("object", *(title for title, _ in shown)), rows)


def _format_fields(made: "Plan") -> Iterator[str]:
    rows: list[Sequence[str | int]] = []
    for one in made.objects:
        counts = (one.taken_by_field, one.blanked_by_field, one.sent_by_field, one.conflicts_by_field)
        names = dict.fromkeys(name for each in counts for name in each)
        rows += [(one.object, name, *(each.get(name, 0) for each in counts)) for name in names]
    if rows:
        yield ""
        yield from format_table(("object", "field", "taken", "of them blank", "sent", "conflicts"), rows)


def _format_left_out(made: "Plan") -> Iterator[str]:
    rows = [(one.object, reason.replace("_", " "), count) for one in made.objects for reason, count in
            one.left_out.items()]  # fmt: skip
    if rows:
        yield ""
        yield "Left out:"
        yield from format_table(("object", "because", "records"), rows)


def _format_examples(examples: "tuple[Example, ...]") -> Iterator[str]:
    if not examples:
        return
    yield ""
    yield f"Examples ({min(len(examples), _SHOWN_EXAMPLES)} of the decisions):"
    for one in examples[:_SHOWN_EXAMPLES]:
        yield f"  {format_example(one)}"


def format_example(one: "Example") -> str:
    """One decision on one line: the record, what happens, old and new value, and the rule."""
    who = f"{one.object} {one.record_id}"
    if one.field is None:
        return f"{who}: {one.action} ({one.rule})"
    ours, theirs = _quote(one.ours), _quote(one.theirs)
    match one.outcome:
        case "take":
            moved = f"{ours} becomes {theirs}"
        case "send":
            moved = f"{theirs} in Salesforce becomes {ours}"
        case _:
            moved = f"{one.outcome}: {ours} here, {theirs} in Salesforce"
    return f"{who}: {one.field} {moved} ({one.rule})"


def _quote(value: str | None) -> str:
    return "blank" if value is None else f"“{shorten(value, _LONGEST_VALUE)}”"
