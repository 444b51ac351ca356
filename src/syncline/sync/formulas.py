"""Expressions of the mapping in a run: checked against what the org shows, and bound to the moments they stand for."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime

from syncline.domain.formula.check import check_source
from syncline.domain.formula.types import BoundFormula
from syncline.domain.mapping import MappedField, is_expression
from syncline.domain.shape import ObjectShape
from syncline.errors import FormulaError
from syncline.store import reads
from syncline.sync.context import SyncContext
from syncline.sync.decide import moment_key


def bind(
    ctx: SyncContext, shape: ObjectShape, mapped: Sequence[tuple[MappedField, str]]
) -> list[tuple[MappedField, str]]:
    """The mapped fields with their expressions; one that no longer fits the org is left out, as a hidden field is."""
    with closing(ctx.database.connect("formulas")) as conn:
        cursor = reads.load_cursor(conn, ctx.connection.id, shape.name)
    decided = cursor.sources if cursor else {}
    bound = []
    for field, source in mapped:
        if not is_expression(source):
            bound.append((field, source))
            continue
        try:
            formula = check_source(source, shape)
        except FormulaError:
            continue
        decided_at = _decided_at(ctx, decided, field.name, source)
        bound.append((replace(field, formula=BoundFormula(formula, ctx.at, decided_at)), source))
    return bound


def _decided_at(ctx: SyncContext, decided: Mapping[str, str], name: str, source: str) -> datetime | None:
    if decided.get(name) != source:
        return None
    moment = decided.get(moment_key(name))
    return datetime.fromisoformat(moment) if moment else ctx.at
