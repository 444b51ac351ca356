"""Filters of objects in a run: checked against what the org shows, and the leaving of a record confirmed by the org.

Records are read whole and filtered afterwards, so a filter never hides a change from the reader. That a record left is
asked of the org once more by its Id, without any time, before the record is let go.
"""

from collections.abc import Mapping
from contextlib import closing
from datetime import datetime

import psycopg

from syncline.domain.formula.types import BoundFormula
from syncline.domain.mapping_options import ObjectRules
from syncline.domain.values import rest_to_text
from syncline.errors import FormulaError
from syncline.store import lifecycle
from syncline.store.database import transaction
from syncline.store.decisions import Scope
from syncline.sync.context import SyncContext

#: Under which names the rules of an object, and their moment, stand beside the decided sources; no field is called so.
_RULES, _MOMENT = "=rules", "=rules@"


def bind_filter(ctx: SyncContext, object_name: str) -> BoundFormula | None:
    """The filter of an object; None where it has none, or where what the org shows does not fit it any more."""
    source = ctx.mapping.rules(object_name).filter
    if not source:
        return None
    # Late: a process without filters does without lark.
    from syncline.domain.formula.check import check_source

    try:
        return BoundFormula(check_source(source, ctx.shapes[object_name]), ctx.at, None)
    except FormulaError:
        return None


def describe_rules(ctx: SyncContext, object_name: str, found: BoundFormula | None) -> dict[str, str]:
    """What of an object's rules says which records take part, to be kept with what was decided."""
    rules = ctx.mapping.rules(object_name)
    usable = found is not None or not rules.filter
    told = {_RULES: repr((rules.filter, usable, rules.keep_without_email, str(ctx.mapping.ambiguous)))}
    if found is not None and (found.formula.reads_day or found.formula.reads_time):
        told[_MOMENT] = ctx.at.isoformat()
    return told


def is_anew(ctx: SyncContext, object_name: str, found: BoundFormula | None, decided: Mapping[str, str]) -> bool:
    """Whether other records may take part than when everything was decided last, whatever changed in them."""
    plain = repr((None, True, ObjectRules().keep_without_email, "oldest"))
    if describe_rules(ctx, object_name, found)[_RULES] != decided.get(_RULES, plain):
        return True
    moment = decided.get(_MOMENT)
    if found is None or moment is None:
        return False
    return BoundFormula(found.formula, ctx.at, datetime.fromisoformat(moment)).moves_with_time


def confirm_leaving(ctx: SyncContext, scope: Scope) -> None:
    """Asks the org for the records that leave their filter; those that it shows otherwise by now stay for this run.

    Where the rules themselves changed, a person has looked at the plan, and nothing is asked.

    Raises:
        RemoteError: the org could not be asked.
    """
    for name in scope.filters:
        if name in scope.anew or scope.undecided_all.get(name):
            continue
        with closing(ctx.database.connect("confirm")) as conn:
            leaving = lifecycle.list_leaving(conn, scope, name)
            conn.rollback()
            for start in range(0, len(leaving), ctx.settings.look_rows):
                _confirm(ctx, conn, scope, name, leaving[start : start + ctx.settings.look_rows])


def _confirm(ctx: SyncContext, conn: psycopg.Connection, scope: Scope, name: str, asked: list[str]) -> None:
    found = scope.filters[name]
    fields = ["Id", *(found.formula.fields if found else ())]
    records = ctx.salesforce.retrieve(name, asked, list(dict.fromkeys(fields)))
    seen = {
        record_id: {field: text for field in fields if (text := rest_to_text(record.get(field))) is not None}
        for record_id, record in zip(asked, records, strict=True)
        if record is not None
    }
    with transaction(conn, "confirm"):
        kept = lifecycle.keep_unconfirmed(conn, scope, name, asked, seen)
    ctx.counts.add("leaving_unconfirmed", kept)
