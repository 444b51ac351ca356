"""`syncline explain`: why a value is what it is, or why a record does not sync; asks nothing of Salesforce."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from syncline.cli.chosen import ConnectionName, check_field, choose_connection, load_current_mapping
from syncline.cli.output import Output
from syncline.cli.session import Json, session
from syncline.cli.tables import format_table

if TYPE_CHECKING:
    import psycopg

    from syncline.domain.explain import FieldExplanation, LastChange
    from syncline.store.explain import PersonExplanation, RecordLeftOut

app = typer.Typer(help="Say why a value is what it is, or why a record does not sync.", add_completion=False)


@app.command()
def explain(
    reference: Annotated[str, typer.Argument(metavar="REF", help="The contact's number, address or Salesforce id.")],
    field: Annotated[
        str | None, typer.Argument(metavar="[FIELD]", help="One marketing field, with its history.")
    ] = None,
    connection: ConnectionName = None,
    as_json: Json = False,
) -> None:
    """Say why a value is what it is: both sides, who changed it, by which rule, in which run, and what happens next.

    A Salesforce id of a record that is not synced is answered with the reason.

    Examples:

      syncline explain ada@example.com

      syncline explain ada@example.com title

      syncline explain 00Q000000000001AAA --json
    """
    output = Output(as_json=as_json)
    with session(output) as opened:
        from syncline.store import contacts
        from syncline.store import explain as explaining
        from syncline.store.contact_columns import ensure_columns
        from syncline.store.names import ConnectionTables

        chosen = choose_connection(connection)
        mapping = load_current_mapping(chosen)
        check_field(mapping, field)
        with opened.database.connect("syncline explain") as conn:
            left_out = _find_left_out(conn, chosen.id, reference)
            if left_out is not None:
                _print_left_out(left_out, mapping.rules(left_out.object).filter_reason, output)
                return
            ensure_columns(conn, mapping)
            contact_id = contacts.find_contact(conn, reference)
            person = explaining.explain_person(conn, ConnectionTables(chosen.name), chosen.id, mapping, contact_id)
            history = explaining.load_history(conn, contact_id, field) if field else []
    shown = [one for one in person.fields if field in (None, one.name)]
    for line in (*format_person(person), "", *(_format_field(shown[0], history) if field else _format_all(shown))):
        output.line(line)
    facts = {**asdict(person), "fields": [asdict(one) for one in shown]}
    output.result({"connection": chosen.name, **facts, "history": [asdict(one) for one in history]})


def _find_left_out(conn: "psycopg.Connection", connection_id: int, reference: str) -> "RecordLeftOut | None":
    from syncline.domain.ids import to_id18
    from syncline.store.explain import find_left_out

    try:
        return find_left_out(conn, connection_id, to_id18(reference.strip()))
    except ValueError:
        return None  # no Salesforce id, so no record


def _print_left_out(left_out: "RecordLeftOut", filter_reason: str, output: Output) -> None:
    from syncline.domain.explain import LEFT_OUT

    sentence, remedy = LEFT_OUT.get(left_out.reason, (left_out.reason, ""))
    if left_out.reason == "outside_filter" and filter_reason:
        sentence = f"{sentence.removesuffix('.')}: {filter_reason}."
    output.line(f"{left_out.object} {left_out.record_id} does not sync. {sentence}")
    if remedy:
        output.line(remedy)
    output.result({**asdict(left_out), "sentence": sentence, "remedy": remedy})


def format_person(person: "PersonExplanation") -> Iterator[str]:
    """Who it is, for people."""
    if person.record_id:
        state = "" if person.link_state == "live" else f", {person.link_state}"
        yield f"Contact {person.contact_id} stands for {person.object} {person.record_id}{state}."
    elif person.waits_for_creation:
        yield f"Contact {person.contact_id} waits to become a Lead with the next `syncline sync`."
    else:
        yield f"Contact {person.contact_id} is kept here only: no record of Salesforce stands for it."


def _format_all(fields: "list[FieldExplanation]") -> Iterator[str]:
    rows = [
        (one.name, one.facts.ours, one.facts.theirs, str(one.verdict.standing), _by(one.facts.last))
        for one in fields
        if one.facts.ours is not None or one.facts.theirs is not None or one.verdict.standing != "in step"
    ]
    yield from format_table(("field", "here", "in Salesforce", "how it stands", "last change"), rows)
    remedies = dict.fromkeys(
        f"{one.name}: {one.verdict.sentence} {one.verdict.remedy}".rstrip()
        for one in fields
        if one.verdict.standing not in ("in step", "is not synced", "is computed by an expression")
    )
    if remedies:
        yield ""
        yield from remedies


def _format_field(one: "FieldExplanation", history: "list[LastChange]") -> Iterator[str]:
    yield f"{one.name} {one.verdict.standing}. {one.verdict.sentence}"
    if one.verdict.remedy:
        yield one.verdict.remedy
    yield ""
    yield f"  here           {_value(one.facts.ours)}"
    yield f"  in Salesforce  {_value(one.facts.theirs)}{f', in {one.source}' if one.source else ''}"
    if one.facts.base_kept:
        yield f"  agreed before  {_value(one.facts.base)}"
    if history:
        yield ""
        yield "Its changes, newest first:"
        rows = [
            (f"{two.at:%Y-%m-%d %H:%M:%S}", two.action, two.old, two.new, two.rule, two.origin, two.run_id)
            for two in history
        ]
        yield from format_table(("at (UTC)", "action", "from", "to", "why", "by", "run"), rows)


def _value(text: str | None) -> str:
    return "blank" if text is None else f"“{text}”"


def _by(last: "LastChange | None") -> str | None:
    if last is None:
        return None
    run = f" (run {last.run_id})" if last.run_id else ""
    return f"{last.at:%Y-%m-%d %H:%M} by {last.origin}{run}"
