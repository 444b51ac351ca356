"""Checks the options of a mapping: that each is given where it means something, and that together they make sense."""

from collections.abc import Iterator
from collections.abc import Mapping as Shapes

from syncline.domain.consent import consent_fields, wanted_types
from syncline.domain.mapping import FieldType, MappedField, Mapping, Policy, is_expression
from syncline.domain.mapping_options import LengthPolicy, MergePolicy, ObjectRules, PushGuard, StricterOrder
from syncline.domain.mapping_problem import Problem, Severity
from syncline.domain.shape import ObjectShape

_NUMBERS = (FieldType.NUMBER, FieldType.SCORE)


def check_options(mapping: Mapping, shapes: Shapes[str, ObjectShape]) -> Iterator[Problem]:
    """Everything about the options of the fields, their groups and the rules of the objects."""
    for field in mapping.fields:
        yield from _check_field(field)
    yield from _check_consent(mapping)
    yield from _check_groups(mapping)
    for name, rules in mapping.objects:
        yield from _check_object(name, rules, shapes)


def _check_field(field: MappedField) -> Iterator[Problem]:
    if field.guard is not PushGuard.ALWAYS and not field.direction.pushes:
        yield _warn(
            field, f"a push guard says nothing about a field that is not sent ({field.direction})", "--guard always"
        )
    if field.step and field.type not in _NUMBERS:
        yield _refuse(field, f"a step is for numbers and scores, not for {field.type}", "--step 0")
    if field.step < 0:
        yield _refuse(field, f"a step of {field.step} is below zero", "--step 0")
    if field.merge is not MergePolicy.MAX and field.type is not FieldType.SCORE:
        yield _refuse(field, f"a merge policy is for scores, not for {field.type}", "--merge max")
    if field.stricter is not StricterOrder.HIGHER and not (field.policy is Policy.STRICTER and field.type in _NUMBERS):
        yield _refuse(field, "an order of strictness is for numbers whose policy is `stricter`", "--stricter higher")
    if field.length is not LengthPolicy.REFUSE and field.type not in (FieldType.TEXT, FieldType.PICKLIST):
        yield _refuse(field, f"a {field.type} is never cut", "--length refuse")
    yield from _check_values(field)


def _check_values(field: MappedField) -> Iterator[Problem]:
    if not field.values:
        return
    if field.type not in (FieldType.PICKLIST, FieldType.TEXT):
        yield _refuse(field, f"a value map is for picklists and texts, not for {field.type}", "--no-values")
    if any(is_expression(source) for source in (field.lead or "", field.contact or "")):
        yield _refuse(field, "a value map cannot stand behind an expression; say it in the expression", "--no-values")
    there = [one for one, _ in field.values]
    here = [one for _, one in field.values]
    if "" in there or "" in here:
        yield _refuse(field, "a value map cannot name blanks", "--no-values")
    if len(set(there)) < len(there):
        yield _refuse(field, "the value map names a value of Salesforce twice", "--no-values")
    if field.direction.pushes and len(set(here)) < len(here):
        yield _refuse(
            field,
            "two values of Salesforce stand for one value here, so it is open which of them to send",
            "--direction pull",
        )


def _check_consent(mapping: Mapping) -> Iterator[Problem]:
    for one in consent_fields(mapping):
        if one.field.type not in wanted_types(one):
            words = " or ".join(wanted_types(one))
            yield _refuse(one.field, f"it says who may be mailed, and is a {words}", f"--type {wanted_types(one)[0]}")
        if one.field.guard is not PushGuard.ALWAYS and one.field.direction.pushes:
            yield _refuse(one.field, "what protects people may not be held back by a push guard", "--guard always")


def _check_groups(mapping: Mapping) -> Iterator[Problem]:
    groups: dict[str, list[MappedField]] = {}
    for field in mapping.fields:
        if field.group:
            groups.setdefault(field.group, []).append(field)
    for name, members in groups.items():
        first = members[0]
        for one in members:
            if one.type is FieldType.BOOLEAN or one.policy is Policy.STRICTER or one.expressions:
                yield _refuse(
                    one, "checkboxes, expressions and fields whose policy is `stricter` move alone", "--group none"
                )
        for one in members[1:]:
            if (one.direction, one.policy, one.blank, one.guard) != (
                first.direction, first.policy, first.blank, first.guard
            ):  # fmt: skip
                yield _refuse(
                    one,
                    f"it moves with {first.name} (group {name}), but by other rules",
                    f"--direction {first.direction} --policy {first.policy} --blank {first.blank}"
                    f" --guard {first.guard}",
                )
        if len(members) == 1:
            yield _warn(first, f"it is alone in the group {name}", "--group none")


def _check_object(name: str, rules: ObjectRules, shapes: Shapes[str, ObjectShape]) -> Iterator[Problem]:
    if not rules.filter:
        return
    if not rules.filter_reason:
        yield Problem(
            "",
            name,
            "its filter has no reason, which people are told of the records that it leaves out",
            f"Say why: `syncline map object {name} --reason TEXT`.",
        )
    shape = shapes.get(name)
    if shape is not None:
        # Late: a mapping without expressions is checked without lark.
        from syncline.domain.mapping_expressions import check_filter

        yield from check_filter(name, rules.filter, shape)


def _refuse(field: MappedField, message: str, option: str) -> Problem:
    return Problem(field.name, "", message, f"`syncline map set {field.name} {option}`.")


def _warn(field: MappedField, message: str, option: str) -> Problem:
    return Problem(field.name, "", message, f"`syncline map set {field.name} {option}`.", Severity.WARNING)
