"""The options of `syncline map set`: how each is given, and how a field's are told in words."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated

import typer

from syncline.domain.mapping import BlankRule, Direction, FieldType, MappedField, Policy
from syncline.domain.mapping_options import LengthPolicy, MergePolicy, PushGuard, StricterOrder

_NONE = "none"
_SOURCE_HELP = "The field of a {0}, by its API name, or = and a formula; none takes it away."

LeadSource = Annotated[str | None, typer.Option("--lead", help=_SOURCE_HELP.format("Lead"))]
ContactSource = Annotated[str | None, typer.Option("--contact", help=_SOURCE_HELP.format("Contact"))]
DirectionOption = Annotated[Direction | None, typer.Option("--direction", help="Which way values move.")]
PolicyOption = Annotated[Policy | None, typer.Option("--policy", help="Who wins when both sides changed it.")]
BlankOption = Annotated[
    BlankRule | None, typer.Option("--blank", help="Whether clearing it here clears it in Salesforce.")
]
TypeOption = Annotated[FieldType | None, typer.Option("--type", help="The type of the marketing field.")]
LabelOption = Annotated[str | None, typer.Option("--label", help="What people call it.")]
GroupOption = Annotated[
    str | None, typer.Option("--group", help="The fields that it moves with, by the group's name; none lets it go.")
]
GuardOption = Annotated[PushGuard | None, typer.Option("--guard", help="When it may be written there.")]
StricterOption = Annotated[
    StricterOrder | None, typer.Option("--stricter", help="Which number wins under the policy stricter.")
]
MergeOption = Annotated[
    MergePolicy | None, typer.Option("--merge", help="What becomes of a score when two contacts become one.")
]
StepOption = Annotated[float | None, typer.Option("--step", help="A score that moved by less is not sent.")]
LengthOption = Annotated[
    LengthPolicy | None, typer.Option("--length", help="What happens to a text too long for Salesforce's field.")
]
ValuesOption = Annotated[
    list[str] | None,
    typer.Option("--value", metavar="THERE=HERE", help="A value there and what it is called here; may be repeated."),
]
NoValuesOption = Annotated[bool, typer.Option("--no-values", help="Forget the value map.")]


def read_names(**given: str | None) -> dict[str, str | None]:
    """Names that were given; the word none stands for no name."""
    return {key: None if name.lower() == _NONE else name for key, name in given.items() if name is not None}


def read_step(given: float | None) -> Decimal | None:
    """The step as the number that was typed."""
    return None if given is None else Decimal(str(given))


def read_values(given: list[str] | None) -> tuple[tuple[str, str], ...] | None:
    """The pairs of a value map.

    Raises:
        typer.BadParameter: one of them is no pair.
    """
    if given is None:
        return None
    pairs = [one.partition("=") for one in given]
    if not all(there.strip() and here.strip() for there, _, here in pairs):
        raise typer.BadParameter("give THERE=HERE, for example Hot=A", param_hint="--value")
    return tuple((there.strip(), here.strip()) for there, _, here in pairs)


def describe_options(field: MappedField) -> Iterator[str]:
    """The options of a field that are not as they are by default, in words."""
    if field.group:
        yield f"moves with the group {field.group}"
    if field.guard is not PushGuard.ALWAYS:
        yield f"push guard {field.guard}"
    if field.stricter is not StricterOrder.HIGHER:
        yield f"the {field.stricter} number is the stricter one"
    if field.merge is not MergePolicy.MAX:
        yield f"merged scores: {field.merge}"
    if field.step:
        yield f"sent when it moved by {field.step:f}"
    if field.length is not LengthPolicy.REFUSE:
        yield f"too long: {field.length}"
    if field.values:
        yield "values " + ", ".join(f"{there}={here}" for there, here in field.values)
