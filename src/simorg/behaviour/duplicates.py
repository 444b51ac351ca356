"""Duplicate rules: what a record repeats (REST API Developer Guide, "Duplicate Rule Header"; Object Reference,
DuplicateResult). The values of a match are the same but for case.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from simorg.behaviour.calculating import calculate
from simorg.behaviour.rulebook import DuplicateRule
from simorg.errors import RowError
from simorg.formula.terms import BOOLEAN
from simorg.org import Org
from simorg.schema.registry import ObjectType
from simorg.transactions import StoredValue, Transaction, quote

_MOST_MATCHES = 100
Row = Mapping[str, StoredValue]


@dataclass(frozen=True)
class DuplicateOptions:
    """What a caller says about duplicates; `run_as_current_user`: only records that the caller sees are repeated."""

    allow_save: bool = False
    include_details: bool = False
    run_as_current_user: bool = False


@dataclass(frozen=True)
class Match:
    """What one match of a rule found: an object and its records, as far as whoever wrote sees them.

    `size` counts those that are not shown, too.
    """

    object: ObjectType
    rule: str
    records: tuple[Row, ...]
    size: int


@dataclass(frozen=True)
class Duplicates:
    """What a rule found; `allow_save`: the caller may save nevertheless."""

    rule: DuplicateRule
    allow_save: bool
    matches: tuple[Match, ...]
    include_details: bool


def find_duplicates(
    org: Org, tx: Transaction, one: ObjectType, rules: tuple[DuplicateRule, ...], row: Row, before: Row | None,
    options: DuplicateOptions,
) -> RowError | None:  # fmt: skip
    """The refusal of a record that repeats others; the first rule that finds some decides."""
    for rule in rules:
        action = rule.on_create if before is None else rule.on_update
        if action == "allow" or (action == "alert" and options.allow_save):
            continue
        if before is not None and not _touches(rule, row, before):
            continue
        if rule.condition and not calculate(org, tx, one, rule.condition, row, before, BOOLEAN):
            continue
        own = str(before["Id"]) if before else ""
        current = options.run_as_current_user
        found_by = (_match(org, tx, rule, each, row, own, seen_only=current) for each in rule.match)
        matches = tuple(match for match in found_by if match)
        if matches:
            found = Duplicates(rule, action == "alert", matches, options.include_details)
            return RowError("DUPLICATES_DETECTED", rule.message, extra=found)
    return None


def _touches(rule: DuplicateRule, row: Row, before: Row) -> bool:
    """Whether an update changes anything that the rule looks at."""
    return any(row.get(name) != before.get(name) for match in rule.match for name in match["fields"])


def _match(
    org: Org, tx: Transaction, rule: DuplicateRule, match: Mapping[str, object], row: Row, own: str, *, seen_only: bool
) -> Match | None:
    other = org.schema.get(str(match["object"]))
    pairs = match["fields"]
    assert isinstance(pairs, Mapping)
    conditions, values = [], []
    for name, others in pairs.items():
        value = row.get(_proper(org.schema.get(rule.object), name))
        if value is None:
            return None
        conditions.append(f"{quote(_proper(other, others))} = ? COLLATE NOCASE")
        values.append(value)
    conditions += ['"Id" <> ?', '"IsDeleted" = 0', *(['"IsConverted" = 0'] if other.name == "Lead" else [])]
    found = tx.select(other.name, f"{' AND '.join(conditions)}", [*values, own])[:_MOST_MATCHES]
    view = org.view(tx.user_id)
    shown = view.find(other.name)
    seen = [each for each in found if shown and view.may(tx, other, "read", str(each["Id"]))]
    size = len(seen) if seen_only else len(found)
    return Match(shown or other, str(match.get("rule") or rule.name), tuple(seen), size) if size else None


def _proper(one: ObjectType, name: str) -> str:
    return one.fields[name.lower()].name
