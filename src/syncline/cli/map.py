"""`syncline map`: shows, changes and checks which marketing field stands for which Salesforce fields."""

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from syncline.cli.chosen import ConnectionName, choose_connection, load_current_mapping
from syncline.cli.map_changes import describe, new_problems, store
from syncline.cli.map_options import (
    BlankOption,
    ContactSource,
    DirectionOption,
    GroupOption,
    GuardOption,
    LabelOption,
    LeadSource,
    LengthOption,
    MergeOption,
    NoValuesOption,
    PolicyOption,
    StepOption,
    StricterOption,
    TypeOption,
    ValuesOption,
    describe_options,
    read_names,
    read_step,
    read_values,
)
from syncline.cli.map_rules import object_rules, rules, to_object_facts, to_rule_facts
from syncline.cli.output import FAILED_STATUS, Output
from syncline.cli.preview import preview
from syncline.cli.prices import format_reading, price_change, to_reading_facts
from syncline.cli.problems import format_problems, refuse, to_facts
from syncline.cli.session import Json, session
from syncline.cli.tables import format_table
from syncline.domain.mapping import (
    PERSON_OBJECTS,
    FieldType,
    MappedField,
    Mapping,
    is_expression,
)
from syncline.errors import MappingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncline.domain.mapping_problem import Problem
    from syncline.domain.reading import ReadForecast
    from syncline.domain.shape import ObjectShape

app = typer.Typer(
    help="Say which marketing field stands for which Salesforce fields.", no_args_is_help=True, add_completion=False
)


@app.callback()
def group() -> None:
    """Say which marketing field stands for which Salesforce fields.

    Examples:

      syncline map show

      syncline map set title --direction both
    """


@app.command()
def show(connection: ConnectionName = None, as_json: Json = False) -> None:
    """Show every mapped field with its sources and rules.

    Examples:

      syncline map show

      syncline map show --json
    """
    output = Output(as_json=as_json)
    with session(output):
        chosen = choose_connection(connection)
        mapping = load_current_mapping(chosen)
    approved = "approved" if mapping.approved else "not approved yet: the next sync shows a plan first"
    output.line(f"Mapping of {chosen.name}, version {mapping.version}, {approved}")
    rows = [
        (one.name, str(one.type), one.lead, one.contact, str(one.direction), str(one.policy), str(one.blank))
        for one in mapping.fields
    ]
    for line in format_table(("field", "type", "Lead", "Contact", "direction", "conflict", "blanks"), rows):
        output.line(line)
    for one in mapping.fields:
        for name, expression in one.expressions.items():
            output.line(f"{one.name}, {name}: {expression}")
        options = ", ".join(describe_options(one))
        if options:
            output.line(f"{one.name}: {options}")
    output.line("Rules beside the fields: `syncline map rules`, `syncline map object Lead`.")
    output.result({"connection": chosen.name, **to_mapping_facts(mapping)})


@app.command(name="set")
def set_field(
    field: Annotated[str, typer.Argument(metavar="FIELD", help="The marketing field; a new name adds one.")],
    lead: LeadSource = None,
    contact: ContactSource = None,
    direction: DirectionOption = None,
    policy: PolicyOption = None,
    blank: BlankOption = None,
    kind: TypeOption = None,
    label: LabelOption = None,
    move_with: GroupOption = None,
    guard: GuardOption = None,
    stricter: StricterOption = None,
    merge: MergeOption = None,
    step: StepOption = None,
    length: LengthOption = None,
    values: ValuesOption = None,
    no_values: NoValuesOption = False,
    connection: ConnectionName = None,
    as_json: Json = False,
) -> None:
    """Add a field or change its sources and rules; checked against the org before it is kept.

    What is not named stays as it is. The mapping gets a new version, and the next sync shows a plan first. Where it has
    to read something of every record, the calls and the time are told at once.

    Examples:

      syncline map set title --direction both

      syncline map set full_name --lead '=FirstName & " " & LastName'

      syncline map set opted_out --type boolean --lead HasOptedOutOfEmail --contact HasOptedOutOfEmail
      --direction both --policy stricter

      syncline map set city --group address

      syncline map set rating --value 'Hot=A' --value 'Cold=C'
    """
    sources = read_names(lead=lead, contact=contact, group=move_with)
    rules = {"direction": direction, "policy": policy, "blank": blank, "type": kind, "label": label}
    options = {"guard": guard, "stricter": stricter, "merge": merge, "length": length}
    numbers = {"step": read_step(step), "values": () if no_values else read_values(values)}
    given = {name: value for name, value in (rules | options | numbers).items() if value is not None} | sources
    if not given:
        raise typer.BadParameter("say what to set, for example --direction both; see --help")
    _set(field, given, connection, Output(as_json=as_json))


def _set(field: str, given: dict[str, Any], connection: str | None, output: Output) -> None:
    with session(output) as opened:
        chosen = choose_connection(connection)
        shapes = describe(opened, chosen, output)
        mapping = load_current_mapping(chosen)
        changed = change_field(mapping, field, given, shapes)
        problems = new_problems(mapping, changed, shapes)
        refuse(problems)
        reading = price_change(opened, chosen, mapping, changed, shapes)
        stored = mapping if changed == mapping else store(chosen, changed)
    _show_changed(stored, mapping, field, problems, reading, output)


@app.command()
def validate(connection: ConnectionName = None, as_json: Json = False) -> None:
    """Check the mapping against the org: every problem at once, each with its remedy.

    The exit status is 1 where something stops a sync.

    Examples:

      syncline map validate

      syncline map validate --json
    """
    from syncline.domain.mapping_check import check_mapping, errors_of

    output = Output(as_json=as_json)
    with session(output) as opened:
        chosen = choose_connection(connection)
        mapping = load_current_mapping(chosen)
        problems = check_mapping(mapping, describe(opened, chosen, output))
    for line in format_problems(problems):
        output.line(line)
    errors = len(errors_of(problems))
    output.line(f"{len(mapping.fields)} fields, {errors} errors, {len(problems) - errors} warnings")
    output.result({"ok": not errors, "version": mapping.version, "problems": to_facts(problems)})
    if errors:
        raise typer.Exit(FAILED_STATUS)


app.command()(preview)
app.command()(rules)
app.command(name="object")(object_rules)


def to_mapping_facts(mapping: Mapping) -> dict[str, Any]:
    """The mapping for --json."""
    return {
        "version": mapping.version,
        "approved": mapping.approved,
        "external_id_field": mapping.external_id_field,
        "fillers": dict(mapping.fillers),
        **to_rule_facts(mapping),
        "objects": {name: to_object_facts(mapping.rules(name)) for name in PERSON_OBJECTS},
        "fields": [to_field_facts(one) for one in mapping.fields],
    }


def to_field_facts(field: MappedField) -> dict[str, Any]:
    """One field for --json, without what a run alone fills in."""
    facts = {name: value for name, value in asdict(field).items() if name not in ("formula", "filler", "limit")}
    return {**facts, "step": float(field.step), "values": dict(field.values)}


def change_field(mapping: Mapping, name: str, changes: dict[str, Any], shapes: "dict[str, ObjectShape]") -> Mapping:
    """The mapping with the field changed, or added at its end."""
    present = mapping.find(name)
    if present is None:
        added = replace(MappedField(name, name.replace("_", " ").capitalize(), FieldType.TEXT), **changes)
        if "type" not in changes:
            added = replace(added, type=_guess_type(added, shapes))
        return replace(mapping, fields=(*mapping.fields, added), approved=False)
    fields = tuple(replace(one, **changes) if one.name == name else one for one in mapping.fields)
    return mapping if fields == mapping.fields else replace(mapping, fields=fields, approved=False)


def _guess_type(field: MappedField, shapes: "dict[str, ObjectShape]") -> FieldType:
    """The type that fits the field's source best; text where nothing is known."""
    from syncline.domain.mapping_check import FITTING_TYPES

    for name, shape in shapes.items():
        source = field.source(name) or ""
        if is_expression(source):
            from syncline.domain.mapping_expressions import guess_type

            guessed = guess_type(source, shape)
            if guessed:
                return guessed
        found = shape.find(source)
        if found and found.type in ("picklist", "multipicklist"):
            return FieldType.PICKLIST if found.type == "picklist" else FieldType.MULTIPICKLIST
        fitting = [kind for kind, types in FITTING_TYPES.items() if found and found.type in types]
        if fitting:
            return fitting[0]
    return FieldType.TEXT


def _show_changed(
    stored: Mapping,
    before: Mapping,
    name: str,
    problems: "list[Problem]",
    reading: "Sequence[ReadForecast]",
    output: Output,
) -> None:
    found = stored.find(name)
    if found is None:  # a name that cannot be one is refused before
        raise MappingError([f"{name}: not stored"])
    changed = stored.version != before.version
    for line in format_problems(problems):
        output.line(line)
    if changed:
        output.line(f"{name}: version {stored.version} of the mapping is kept; `syncline plan` shows what it changes.")
        for line in format_reading(reading, "The next plan or sync reads anew"):
            output.line(line)
    else:
        output.line(f"{name} is mapped so already: nothing changed.")
    output.result(
        {
            "changed": changed,
            "version": stored.version,
            "field": to_field_facts(found),
            "problems": to_facts(problems),
            "reading": to_reading_facts(reading),
        }
    )
