"""Drift of the org's shape: which mapped fields it no longer shows, takes or types as the mapping needs them.

A field that drifted is suspended, the rest goes on; what was mapped stays mapped, and goes on by itself once the org
shows the field again as it was.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from syncline.domain.mapping import LEAD, PERSON_OBJECTS, MappedField, is_expression
from syncline.domain.mapping import Mapping as FieldMapping
from syncline.domain.mapping_check import FITTING_TYPES
from syncline.domain.objects import MirroredObject
from syncline.domain.shape import COMPOUND_TYPES, FieldShape, ObjectShape
from syncline.errors import FormulaError

_SECURITY = "Setup, Object Manager, {object}, Fields & Relationships, {field}, Set Field-Level Security"


class Cause(StrEnum):
    """What happened to a field or an object; the codes of its issues."""

    FIELD_GONE = "FIELD_GONE"
    FIELD_TYPE_CHANGED = "FIELD_TYPE_CHANGED"
    #: Its column cannot get the new type, since somebody's view needs it as it is.
    FIELD_HELD = "FIELD_HELD"
    FIELD_READ_ONLY = "FIELD_READ_ONLY"
    FIELD_REQUIRED = "FIELD_REQUIRED"
    OBJECT_GONE = "OBJECT_GONE"

    @property
    def stops_reading(self) -> bool:
        """Whether the field cannot be read either; else it only cannot be sent."""
        return self in (Cause.FIELD_GONE, Cause.FIELD_TYPE_CHANGED, Cause.FIELD_HELD)

    @property
    def stops_sending(self) -> bool:
        """Whether the field cannot be sent."""
        return self.stops_reading or self is Cause.FIELD_READ_ONLY


@dataclass(frozen=True)
class Drift:
    """One thing that drifted. `field` is the marketing field, or Salesforce's where none is mapped; may be empty.

    `held`: Salesforce's field, where it is the column of the mirror that cannot follow.
    """

    cause: Cause
    object: str
    field: str
    message: str
    remedy: str
    held: str = ""


def tell_held(object_name: str, source: str, field: str, views: str) -> Drift:
    """A field whose column cannot get its new type; `views` stand in the way."""
    return Drift(
        Cause.FIELD_HELD,
        object_name,
        field,
        f"{object_name}.{source} has another type now, and its column is needed by {views}: it is suspended, the rest "
        "goes on.",
        "Drop what needs the column, run a sync, then make it anew. The field goes on by itself.",
        held=source,
    )


def find_drift(
    mapping: FieldMapping,
    people: Mapping[str, ObjectShape],
    mirrored: Mapping[str, MirroredObject],
    others: Mapping[str, ObjectShape],
) -> list[Drift]:
    """Everything in the org that the mapping, or what is mirrored on demand, does not fit any more."""
    found: list[Drift] = []
    for name in PERSON_OBJECTS:
        shape = people.get(name)
        if shape is None:
            if any(True for _ in mapping.on(name)):
                found.append(_gone(name))
            continue
        for field, source in mapping.on(name):
            if drift := _find_in(field, source, shape):
                found.append(drift)
        if (condition := mapping.rules(name).filter) and (drift := _find_in_filter(condition, shape)):
            found.append(drift)
    if LEAD in people:
        found += _required(mapping, people[LEAD])
    for name, chosen in mirrored.items():
        seen = people.get(name) or others.get(name)
        if seen is None:
            found.append(_gone(name))
        else:
            found += [_hidden(one, one, seen) for one in chosen.missing(seen)]
    return list(dict.fromkeys(found))


def _find_in(field: MappedField, source: str, shape: ObjectShape) -> Drift | None:
    if is_expression(source):
        return _find_in_expression(field, source, shape)
    found = shape.find(source)
    if found is None:
        return _hidden(field.name, source, shape)
    if found.type in COMPOUND_TYPES or found.type not in FITTING_TYPES[field.type]:
        fitting = [str(kind) for kind, types in FITTING_TYPES.items() if found.type in types]
        return Drift(
            Cause.FIELD_TYPE_CHANGED,
            shape.name,
            field.name,
            f"{shape.name}.{found.name} is of type {found.type}, which does not fit {field.type}: it is suspended.",
            f"Change it back, or map it anew with a fitting type: {', '.join(fitting) or 'none, choose another'}.",
        )
    if field.direction.pushes and not found.updateable:
        return _read_only(field, found, shape)
    return None


def _find_in_expression(field: MappedField, source: str, shape: ObjectShape) -> Drift | None:
    # Late: a mapping without expressions is looked at without lark.
    from syncline.domain.formula.check import check_source

    try:
        check_source(source, shape)
    except FormulaError as problem:
        return Drift(
            Cause.FIELD_GONE,
            shape.name,
            field.name,
            f"The expression of {field.name} does not fit {shape.name} any more: {problem.problems[0]}",
            problem.remedy or "See `syncline map validate`.",
        )
    return None


def _find_in_filter(condition: str, shape: ObjectShape) -> Drift | None:
    from syncline.domain.formula.check import check_source

    try:
        check_source(condition, shape)
    except FormulaError as problem:
        return Drift(
            Cause.FIELD_GONE,
            shape.name,
            "",
            f"The filter does not fit {shape.name} any more, so nobody leaves it, comes back or is new:"
            f" {problem.problems[0]}",
            problem.remedy or f"Mend it: `syncline map object {shape.name} --filter EXPRESSION`.",
        )
    return None


def _hidden(name: str, source: str, shape: ObjectShape) -> Drift:
    return Drift(
        Cause.FIELD_GONE,
        shape.name,
        name,
        f"{shape.name} shows this user no field {source} any more: the field is suspended, the rest goes on.",
        f"Let the integration user see it ({_SECURITY.format(object=shape.label, field=source)}: Visible); if it was "
        "removed or renamed, choose another field. It goes on by itself once it is back.",
    )


def _read_only(field: MappedField, found: FieldShape, shape: ObjectShape) -> Drift:
    return Drift(
        Cause.FIELD_READ_ONLY,
        shape.name,
        field.name,
        f"This user may not edit {shape.name}.{found.name}: what is edited here waits.",
        f"Let it edit the field ({_SECURITY.format(object=shape.label, field=found.label)}: no Read-Only), or "
        f"`syncline map set {field.name} --direction pull`. What waits is sent once it may be.",
    )


def _required(mapping: FieldMapping, lead: ObjectShape) -> Iterator[Drift]:
    """What a new Lead must have and neither the mapping nor a filler gives."""
    if not any(field.direction.pushes for field, _ in mapping.on(LEAD)):
        return
    given = {source.lower() for _, source in mapping.on(LEAD)} | {name.lower() for name, _ in mapping.fillers}
    for found in lead.fields:
        needed = found.createable and not found.nillable and not found.defaulted_on_create
        if needed and found.type != "boolean" and found.name.lower() not in given:
            yield Drift(
                Cause.FIELD_REQUIRED,
                LEAD,
                found.name,
                f"New Leads need {found.name}, which no field is mapped to: nobody new can be created in Salesforce.",
                f"Map it: `syncline map set NAME --lead {found.name}`; or make it optional in Setup, Object Manager.",
            )


def _gone(name: str) -> Drift:
    return Drift(
        Cause.OBJECT_GONE,
        name,
        "",
        f"The org shows this user no object {name} any more: it is not read, the rest goes on.",
        f"Grant Read and View All on {name} to the integration user (Setup, Permission Sets, Object Settings). It goes "
        "on by itself once it is back.",
    )
