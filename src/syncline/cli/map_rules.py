"""`syncline map rules` and `map object`: the rules of a mapping that are not about one field."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from syncline.cli.chosen import ConnectionName, choose_connection, load_current_mapping
from syncline.cli.map_changes import describe, new_problems, store
from syncline.cli.output import Output
from syncline.cli.prices import format_reading, price_change, to_reading_facts
from syncline.cli.problems import format_problems, refuse
from syncline.cli.session import Json, session
from syncline.cli.tables import format_table
from syncline.domain.mapping import PERSON_OBJECTS, Mapping
from syncline.domain.mapping_options import AmbiguousPolicy, DeletePolicy, DuplicatePolicy, ObjectRules

if TYPE_CHECKING:
    from syncline.domain.reading import ReadForecast

_NONE = "none"


def rules(
    ambiguous: Annotated[
        AmbiguousPolicy | None, typer.Option("--ambiguous", help="Which of several candidates a first match takes.")
    ] = None,
    duplicates: Annotated[
        DuplicatePolicy | None,
        typer.Option("--duplicates", help="What a new Lead does that the org's duplicate rules stop."),
    ] = None,
    assignment: Annotated[
        bool | None,
        typer.Option("--assignment/--no-assignment", help="Whether new Leads go through the org's assignment rules."),
    ] = None,
    connection: ConnectionName = None,
    as_json: Json = False,
) -> None:
    """Show, or change, how people are matched and created.

    Examples:

      syncline map rules

      syncline map rules --ambiguous hold --duplicates link --no-assignment
    """
    changes: dict[str, Any] = {"ambiguous": ambiguous, "duplicates": duplicates, "assignment_rules": assignment}
    given = {name: value for name, value in changes.items() if value is not None}
    output = Output(as_json=as_json)
    with session(output) as opened:
        chosen = choose_connection(connection)
        mapping = load_current_mapping(chosen)
        changed = replace(mapping, **given)
        if changed != mapping:
            refuse(new_problems(mapping, changed, describe(opened, chosen, output)))
            mapping = store(chosen, replace(changed, approved=False))
            output.line(f"Version {mapping.version} of the mapping is kept; `syncline plan` shows what it changes.")
    rows = [
        ("several candidates for a match", str(mapping.ambiguous)),
        ("a new Lead that duplicate rules stop", str(mapping.duplicates)),
        ("assignment rules for new Leads", "on" if mapping.assignment_rules else "off"),
    ]
    for line in format_table(("rule", "is"), rows):
        output.line(line)
    output.result({"version": mapping.version, **to_rule_facts(mapping)})


def object_rules(
    name: Annotated[str, typer.Argument(metavar="OBJECT", help="Lead or Contact.")],
    strict: Annotated[
        bool | None, typer.Option("--strict/--no-strict", help="Whether writes are refused where the record moved.")
    ] = None,
    delete: Annotated[
        DeletePolicy | None, typer.Option("--delete", help="What a record deleted in Salesforce means here.")
    ] = None,
    condition: Annotated[
        str | None, typer.Option("--filter", help="= and a formula, true for the records to sync; none takes it away.")
    ] = None,
    reason: Annotated[
        str | None, typer.Option("--reason", help="What people are told of the records that the filter leaves out.")
    ] = None,
    keep: Annotated[
        bool | None,
        typer.Option("--keep-without-email/--drop-without-email", help="Whether people without address come, too."),
    ] = None,
    connection: ConnectionName = None,
    as_json: Json = False,
) -> None:
    """Show, or change, the rules for the records of one object.

    Examples:

      syncline map object Lead

      syncline map object Lead --filter '=NOT(ISPICKVAL(Status, "Unqualified"))' --reason 'sales gave them up'

      syncline map object Contact --strict --delete archive
    """
    if name.capitalize() not in PERSON_OBJECTS:
        raise typer.BadParameter("choose Lead or Contact")
    name = name.capitalize()
    changes: dict[str, Any] = {
        "strict": strict,
        "delete": delete,
        "filter": condition,
        "filter_reason": reason,
        "keep_without_email": keep,
    }
    given = {option: value for option, value in changes.items() if value is not None}
    if condition is not None and condition.lower() == _NONE:
        given |= {"filter": None, "filter_reason": ""}
    elif condition is not None and not condition.startswith("="):
        raise typer.BadParameter("a filter is = and a formula", param_hint="--filter")
    _set_object(name, given, connection, Output(as_json=as_json))


def _set_object(name: str, given: dict[str, Any], connection: str | None, output: Output) -> None:
    with session(output) as opened:
        chosen = choose_connection(connection)
        mapping = load_current_mapping(chosen)
        changed = change_object(mapping, name, given)
        reading: Sequence[ReadForecast] = ()
        if changed != mapping:
            shapes = describe(opened, chosen, output)
            problems = new_problems(mapping, changed, shapes)
            refuse(problems)
            reading = price_change(opened, chosen, mapping, changed, shapes)
            mapping = store(chosen, changed)
            for line in format_problems(problems):
                output.line(line)
            output.line(f"Version {mapping.version} of the mapping is kept; `syncline plan` shows what it changes.")
            for line in format_reading(reading, "The next plan or sync reads anew"):
                output.line(line)
    _show_object(name, mapping.rules(name), output)
    facts = {**to_object_facts(mapping.rules(name)), "reading": to_reading_facts(reading)}
    output.result({"version": mapping.version, "object": name, **facts})


def change_object(mapping: Mapping, name: str, changes: dict[str, Any]) -> Mapping:
    """The mapping with the rules of one object changed."""
    rules = replace(mapping.rules(name), **changes)
    if rules == mapping.rules(name):
        return mapping
    others = [pair for pair in mapping.objects if pair[0] != name]
    return replace(mapping, objects=tuple(sorted([*others, (name, rules)], key=lambda pair: pair[0])), approved=False)


def _show_object(name: str, rules: ObjectRules, output: Output) -> None:
    rows = [
        ("records deleted in Salesforce", str(rules.delete)),
        ("people without address", "are kept" if rules.keep_without_email else "are left out"),
        ("writes", "strict" if rules.strict else "after a look at the stamps"),
        ("filter", rules.filter or "none"),
        ("left out because", rules.filter_reason),
    ]
    for line in format_table((name, "is"), rows if rules.filter else rows[:-1]):
        output.line(line)


def to_rule_facts(mapping: Mapping) -> dict[str, Any]:
    """The rules for --json."""
    return {
        "ambiguous": str(mapping.ambiguous),
        "duplicates": str(mapping.duplicates),
        "assignment_rules": mapping.assignment_rules,
    }


def to_object_facts(rules: ObjectRules) -> dict[str, Any]:
    """The rules of an object for --json."""
    return {
        "strict": rules.strict,
        "delete": str(rules.delete),
        "filter": rules.filter,
        "filter_reason": rules.filter_reason,
        "keep_without_email": rules.keep_without_email,
    }
