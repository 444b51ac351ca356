"""`syncline undo`: gives back the values before a run, for a person, a field or a span of time, as plan then apply."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from syncline.cli.bars import ProgressDisplay
from syncline.cli.chosen import ConnectionName, check_field, choose_connection, load_current_mapping
from syncline.cli.output import ROW_FAILURES_STATUS, Output
from syncline.cli.session import Json, session
from syncline.cli.tables import format_table, shorten
from syncline.errors import OperatorError

if TYPE_CHECKING:
    from syncline.bootstrap import App
    from syncline.domain.undo import MadeUndo, Selection, UndoPlan

app = typer.Typer(help="Give back the values before a run, or of a person, field or time.", add_completion=False)

_SHOWN = 12
_LONGEST_VALUE = 28
_TIMES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"]
_WORDS = {
    "create": "contacts that were made; undo their whole run to put them away",
    "created": "records made in Salesforce; undo their whole run to take them back",
    "convert": "conversions: Salesforce has no way back from one",
    "merge": "merges: the losers are gone in Salesforce, and two people cannot be told apart again",
    "delete": "deletions: undelete the records in Salesforce, and the next sync revives their contacts",
    "undelete": "undeletions: delete the records in Salesforce again",
    "link": "first matches: a match is the record's identity here",
    "archive": "contacts that were put away; undo their whole run to bring them back",
    "revive": "contacts that were brought back; undo their whole run to put them away",
    "uncreated": "records that were deleted again in Salesforce",
}
_DONE = {
    "contacts_put_away": "{:,} contacts that the run made are put away.",
    "contacts_brought_back": "{:,} contacts are back; the next sync brings them up to date.",
    "records_deleted": "{:,} records that the run made in Salesforce are deleted there.",
    "records_kept": "{:,} of them stay: somebody changed or converted them since.",
}


@app.command()
def undo(
    run: Annotated[int | None, typer.Option("--run", metavar="N", help="What this run changed.")] = None,
    contact: Annotated[
        str | None, typer.Option("--contact", metavar="REF", help="Of this person: number, address or Salesforce id.")
    ] = None,
    field: Annotated[str | None, typer.Option("--field", metavar="NAME", help="Of this marketing field.")] = None,
    since: Annotated[datetime | None, typer.Option("--since", formats=_TIMES, help="From this time on (UTC).")] = None,
    until: Annotated[datetime | None, typer.Option("--until", formats=_TIMES, help="Before this time (UTC).")] = None,
    delete_made: Annotated[
        bool, typer.Option("--delete-made", help="Delete the records that the run made in Salesforce, too.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do it; without, it is only shown.")] = False,
    connection: ConnectionName = None,
    as_json: Json = False,
) -> None:
    """Give back the values before: of a run, a person, a field, a span of time, or of what all of these have in common.

    Only what still is as that change left it is given back; what somebody changed since stays, and is listed. What the
    change had written into Salesforce is given back there, too. An undo is a run of its own, which can be undone.

    Contacts that a whole run made, and that nobody touched since, are put away: not mailed, and not imported again.
    Records that it made in Salesforce are listed, and deleted only with --delete-made.

    Examples:

      syncline undo --run 12

      syncline undo --run 12 --field title --yes

      syncline undo --run 12 --delete-made --yes

      syncline undo --contact ada@example.com --since 2026-05-01
    """
    output = Output(as_json=as_json)
    with session(output) as opened:
        chosen = choose_connection(connection)
        check_field(load_current_mapping(chosen), field)
        selection = _select(opened, run, contact, field, since, until)
        plan, run_id, counts = _undo(opened, chosen.name, selection, yes=yes, delete_made=delete_made)
    shown = (*format_undo(plan), *_format_made(plan.made, delete_made=delete_made))
    for line in (*shown, *_format_done(plan, counts, run_id, done=yes)):
        output.line(line)
    output.result({"connection": chosen.name, "run": run_id, **to_undo_facts(plan), "counts": counts})
    if counts.get("push_failed"):
        raise typer.Exit(ROW_FAILURES_STATUS)


def _undo(
    opened: "App", connection: str, selection: "Selection", *, yes: bool, delete_made: bool
) -> "tuple[UndoPlan, int, Mapping[str, int]]":
    """Looks, and where it is asked for, gives back; gives the plan, its run, and what was counted."""
    from syncline.sync import undo as undoing

    with (
        opened.open_run(connection, "undo") as ctx,
        opened.database.connect("syncline undo") as conn,
        ProgressDisplay(lambda: ctx.salesforce.calls.total) as display,
    ):
        ctx.progress.watch = display.watch
        plan = undoing.look(ctx, conn, selection)
        if yes and not plan.is_empty:
            undoing.apply(ctx, conn, plan, delete_made=delete_made)
        return plan, ctx.run_id, ctx.counts.as_dict()


def _format_done(plan: "UndoPlan", counts: Mapping[str, int], run_id: int, *, done: bool) -> Iterator[str]:
    yield ""
    if plan.is_empty:
        yield "There is nothing to give back."
    elif not done:
        yield "Nothing is done yet. To do it: the same command with --yes."
    else:
        here, there = counts.get("values_restored", 0), counts.get("values_sent_back", 0)
        yield f"{here:,} values are back here, {there:,} in Salesforce."
        for name, sentence in _DONE.items():
            if counts.get(name):
                yield sentence.format(counts[name])
        if counts.get("values_kept_in_salesforce"):
            yield f"{counts['values_kept_in_salesforce']:,} stay there: somebody changed them since."
        if counts.get("push_failed"):
            yield f"{counts['push_failed']:,} records were refused: `syncline errors` lists why."
        yield f"To take that back: `{_again(run_id)}`. The next `syncline sync` brings both sides in step."


def _again(run_id: int) -> str:
    return f"syncline undo --run {run_id} --yes"


def _select(
    opened: "App",
    run: int | None,
    contact: str | None,
    field: str | None,
    since: datetime | None,
    until: datetime | None,
) -> "Selection":
    from syncline.domain.ids import RunId
    from syncline.domain.undo import Selection
    from syncline.store.contacts import find_contact

    contact_id = None
    if contact is not None:
        with opened.database.connect("syncline undo") as conn:
            contact_id = find_contact(conn, contact)
    selection = Selection(
        RunId(run) if run is not None else None,
        contact_id,
        field,
        since.replace(tzinfo=UTC) if since else None,
        until.replace(tzinfo=UTC) if until else None,
    )
    if selection.is_everything:
        raise OperatorError(
            "That would undo everything that ever happened.",
            remedy="Say which run, person or time: `syncline runs` lists the runs.",
        )
    return selection


def to_undo_facts(plan: "UndoPlan") -> dict[str, Any]:
    """The plan for --json."""
    return {**asdict(plan), "restored": plan.restored, "sent_back": plan.sent_back, "kept": plan.kept}


def format_undo(plan: "UndoPlan") -> Iterator[str]:
    """The plan for people."""
    yield f"Undo of {plan.selection.describe()}: {plan.restored:,} values of {plan.contacts:,} contacts"
    rows = [(one.field, one.restored, one.changed_since) for one in plan.fields]
    if rows:
        yield ""
        yield from format_table(("field", "given back", "stay: changed since"), rows)
    if plan.in_salesforce:
        yield ""
        yield "In Salesforce, as far as it still is what was sent:"
        yield from format_table(
            ("object", "field", "given back"), [(one.object, one.field, one.values) for one in plan.in_salesforce]
        )
    examples = plan.examples[:_SHOWN]
    if examples:
        yield ""
        yield "Examples:"
        yield from format_table(
            ("contact", "field", "now", "becomes", ""),
            [
                (one.contact_id, one.field, _value(one.present), "" if one.kept else _value(one.before), one.kept)
                for one in examples
            ],
        )
    for action, amount in plan.not_undone.items():
        yield f"Not undone: {amount:,} {_WORDS.get(action, action)}."
    for name, amount in plan.unmapped.items():
        yield f"Not undone: {amount:,} changes of {name}, which the mapping no longer has."


def _format_made(made: "MadeUndo", *, delete_made: bool) -> Iterator[str]:
    if made.contacts or made.contacts_kept:
        yield f"Contacts that the run made: {made.contacts:,} are put away, {made.contacts_kept:,} stay: touched since."
    if made.back:
        yield f"Contacts that the run put away: {made.back:,} come back."
    if not made.records and not made.records_kept:
        return
    fate = "deleted there" if delete_made else "listed only; --delete-made deletes them there"
    yield f"Records that the run made in Salesforce: {made.records:,} are {fate}, {made.records_kept:,} stay."
    yield from format_table(
        ("object", "record", "contact", ""),
        [
            (one.object, one.record_id, one.contact_id, "stays: touched since" if one.touched else "")
            for one in made.examples[:_SHOWN]
        ],
    )
    if made.records + made.records_kept > _SHOWN:
        yield "--json lists more of them."


def _value(text: str | None) -> str:
    return "blank" if text is None else f"“{shorten(text, _LONGEST_VALUE)}”"
