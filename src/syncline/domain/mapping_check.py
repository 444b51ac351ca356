"""Checks a mapping against what the org says about its objects: every problem at once, each with its remedy."""

import re
from collections import Counter
from collections.abc import Iterator
from collections.abc import Mapping as Shapes
from difflib import get_close_matches

from syncline.domain.mapping import (
    LEAD,
    PERSON_OBJECTS,
    BlankRule,
    FieldType,
    MappedField,
    Mapping,
    Policy,
    is_expression,
)
from syncline.domain.mapping_option_check import check_options
from syncline.domain.mapping_options import LengthPolicy
from syncline.domain.mapping_problem import Problem, Severity
from syncline.domain.shape import COMPOUND_TYPES, NUMBER_TYPES, TEXT_TYPES, FieldShape, ObjectShape

#: Columns that every contact has, PostgreSQL's own included: no marketing field may be called so.
RESERVED_NAMES = frozenset(
    {
        "id", "external_key", "state", "merged_into", "linked", "created_at", "updated_at",
        "tableoid", "xmin", "cmin", "xmax", "cmax", "ctid",
    }
)  # fmt: skip

#: Which describe types fit a marketing type. A date is never a datetime: the day depends on the zone.
FITTING_TYPES: dict[FieldType, frozenset[str]] = {
    FieldType.TEXT: TEXT_TYPES,
    FieldType.EMAIL: TEXT_TYPES,
    FieldType.PICKLIST: TEXT_TYPES - {"multipicklist"},
    FieldType.MULTIPICKLIST: frozenset({"multipicklist"}),
    FieldType.NUMBER: NUMBER_TYPES | {"int", "long"},
    FieldType.SCORE: NUMBER_TYPES | {"int", "long"},
    FieldType.DATE: frozenset({"date"}),
    FieldType.DATETIME: frozenset({"datetime"}),
    FieldType.BOOLEAN: frozenset({"boolean"}),
}

_NAME = re.compile(r"[a-z][a-z0-9_]{0,58}")
#: Types whose length limits what a text may be.
_LIMITED_TYPES = frozenset({"string", "email", "phone", "url", "textarea", "encryptedstring"})
_SHOWN_VALUES = 8


def check_mapping(mapping: Mapping, shapes: Shapes[str, ObjectShape]) -> list[Problem]:
    """Finds everything in the mapping that the org or our own tables do not take; an empty list means it fits.

    `shapes` holds, by name, the objects that this user sees. Lengths, rights, types and picklists are what describe
    says (Salesforce Object Reference, "DescribeSObjectResult"); record types may restrict picklists further.
    """
    problems = [*_check_names(mapping), *_check_email(mapping), *_check_objects(mapping, shapes)]
    for field in mapping.fields:
        problems += _check_rules(field)
    problems += check_options(mapping, shapes)
    for name, shape in shapes.items():
        for field, source in mapping.on(name):
            problems += _check_source(field, source, shape)
        problems += _check_targets(mapping, name)
    problems += _check_lengths(mapping, shapes)
    if LEAD in shapes:
        problems += _check_new_leads(mapping, shapes[LEAD])
    return problems


def errors_of(problems: list[Problem]) -> list[Problem]:
    """Those that stop a sync."""
    return [one for one in problems if one.severity is Severity.ERROR]


def _check_names(mapping: Mapping) -> Iterator[Problem]:
    counts = Counter(field.name for field in mapping.fields)
    for name, count in counts.items():
        if not _NAME.fullmatch(name):
            yield Problem(
                name,
                "",
                f"{name!r} cannot be the name of a field",
                "Use up to 59 small letters, digits and underscores, the first a letter.",
            )
        elif name in RESERVED_NAMES:
            yield Problem(name, "", f"{name!r} is a column that every contact has", "Choose another name.")
        if count > 1:
            yield Problem(name, "", f"{name!r} is mapped {count} times", "Keep one of them.")


def _check_email(mapping: Mapping) -> Iterator[Problem]:
    field = mapping.find("email")
    if field is None or field.type is not FieldType.EMAIL or not field.direction.pulls:
        yield Problem(
            "email",
            "",
            "the mapping needs a field `email` of type email that is pulled: people are recognised by it",
            "Map it: `syncline map set email --type email --lead Email --contact Email --direction pull`.",
        )


def _check_objects(mapping: Mapping, shapes: Shapes[str, ObjectShape]) -> Iterator[Problem]:
    for name in PERSON_OBJECTS:
        if name not in shapes and any(True for _ in mapping.on(name)):
            yield Problem(
                "",
                name,
                f"{name} is not visible to this user",
                f"Grant Read and View All on {name} to the integration user (Setup, Permission Sets, Object Settings).",
            )


def _check_rules(field: MappedField) -> Iterator[Problem]:
    if not field.lead and not field.contact:
        yield Problem(
            field.name,
            "",
            "it stands for no Salesforce field",
            f"Name one: `syncline map set {field.name} --lead FIELD --contact FIELD`.",
            Severity.WARNING,
        )
    if field.policy is Policy.NEWEST:
        yield Problem(
            field.name,
            "",
            "policy `newest` needs the time of a single field, which is not known; Salesforce wins instead",
            f"Say so: `syncline map set {field.name} --policy salesforce`.",
            Severity.WARNING,
        )


def _check_source(field: MappedField, source: str, shape: ObjectShape) -> Iterator[Problem]:
    if is_expression(source):
        # Late: a mapping without expressions is checked without lark.
        from syncline.domain.mapping_expressions import check_expression

        yield from check_expression(field, source, shape)
        return
    found = shape.find(source)
    if found is None:
        yield _unknown(field, source, shape)
        return
    if found.type not in FITTING_TYPES[field.type]:
        yield _mismatch(field, found, shape)
        return
    if field.direction.pushes:
        yield from _check_push(field, found, shape)


def _unknown(field: MappedField, source: str, shape: ObjectShape) -> Problem:
    near = get_close_matches(source.lower(), shape.by_name, n=1)
    meant = f"Did you mean {shape.by_name[near[0]].name}? Else " if near else "If it exists, "
    return Problem(
        field.name,
        shape.name,
        f"{shape.name} shows this user no field {source}",
        f"{meant}let the integration user see it (Setup, Object Manager, {shape.label}, Fields, field-level security).",
    )


def _mismatch(field: MappedField, found: FieldShape, shape: ObjectShape) -> Problem:
    if found.type in COMPOUND_TYPES:
        remedy = f"Map the parts of {found.name} one by one."
    else:
        fitting = [str(kind) for kind, types in FITTING_TYPES.items() if found.type in types]
        remedy = f"Types that fit: {', '.join(fitting)}." if fitting else "Map another field."
    return Problem(
        field.name, shape.name, f"{shape.name}.{found.name} is a {found.type} and does not fit {field.type}", remedy
    )


def _check_push(field: MappedField, found: FieldShape, shape: ObjectShape) -> Iterator[Problem]:
    where = f"{shape.name}.{found.name}"
    if found.calculated:
        yield Problem(
            field.name,
            shape.name,
            f"{where} is calculated by Salesforce and cannot be written",
            f"Only pull it: `syncline map set {field.name} --direction pull`.",
        )
    elif not found.updateable:
        yield Problem(
            field.name,
            shape.name,
            f"this user may not edit {where}",
            f"Grant Edit on it to the integration user, or `syncline map set {field.name} --direction pull`.",
        )
    if found.restricted_picklist:
        shown = ", ".join(found.picklist[:_SHOWN_VALUES]) + (", …" if len(found.picklist) > _SHOWN_VALUES else "")
        yield Problem(
            field.name,
            shape.name,
            f"{where} takes only the values of its list ({shown}); others are refused record by record",
            "Keep to those values here.",
            Severity.WARNING,
        )
    if field.blank is BlankRule.CLEAR and not found.nillable and found.type != "boolean":
        yield Problem(
            field.name,
            shape.name,
            f"{where} may not be blank, so a value cleared here will be refused there",
            f"Keep it: `syncline map set {field.name} --blank keep`.",
            Severity.WARNING,
        )


def _check_targets(mapping: Mapping, object_name: str) -> Iterator[Problem]:
    """Two marketing fields that push to one Salesforce field would overwrite each other for ever."""
    targets: dict[str, list[str]] = {}
    for field, source in mapping.on(object_name):
        if field.direction.pushes:
            targets.setdefault(source.lower(), []).append(field.name)
    for source, names in targets.items():
        if len(names) > 1:
            yield Problem(
                names[1],
                object_name,
                f"{' and '.join(names)} would both be sent to {object_name}.{source}",
                "Let one of them only pull.",
            )


def _check_lengths(mapping: Mapping, shapes: Shapes[str, ObjectShape]) -> Iterator[Problem]:
    """A text that fits one object may be too long for the other, which it reaches by conversion."""
    for field in mapping.fields:
        if not field.direction.pushes or field.type.column_type != "text" or field.length is not LengthPolicy.REFUSE:
            continue
        sides = [(name, _limit(field.source(name), shapes.get(name))) for name in PERSON_OBJECTS]
        longest = max((limit or 0 for _, limit in sides), default=0)
        for name, limit in sides:
            if limit and limit < longest:
                yield Problem(
                    field.name,
                    name,
                    f"{name}.{field.source(name)} takes {limit:,} characters, the other object {longest:,}; "
                    "a longer text is refused",
                    f"Keep the texts that short, or let them be cut: `syncline map set {field.name} --length cut`.",
                    Severity.WARNING,
                )


def _limit(source: str | None, shape: ObjectShape | None) -> int | None:
    found = shape.find(source) if shape and source else None
    return found.length if found and found.type in _LIMITED_TYPES and found.length else None


def _check_new_leads(mapping: Mapping, lead: ObjectShape) -> Iterator[Problem]:
    """What a new Lead must have and neither the mapping nor a filler gives."""
    given = {source.lower() for _, source in mapping.on(LEAD)} | {name.lower() for name, _ in mapping.fillers}
    for found in lead.fields:
        required = found.createable and not found.nillable and not found.defaulted_on_create
        if required and found.type != "boolean" and found.name.lower() not in given:
            yield Problem(
                "",
                LEAD,
                f"new Leads need {found.name}, which no field is mapped to",
                f"Map it, or new people cannot be created in Salesforce: `syncline map set NAME --lead {found.name}`.",
                Severity.WARNING,
            )
