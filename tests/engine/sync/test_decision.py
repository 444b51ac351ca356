"""The decision in SQL and the decision in Python are one decision."""

from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from syncline.domain.decision import Base, Decision, FieldRules, Outcome, decide
from syncline.domain.mapping import BlankRule, Direction, FieldType, Policy
from syncline.store.database import Database
from syncline.store.named_sql import load

Case = tuple[Base, str | None, str | None, FieldRules]

_texts = st.sampled_from([None, "a", "b", "A", "0", "N/A", "null"])
_numbers = st.sampled_from([None, "0", "1", "2.5", "10", "-3"])
_boxes = st.sampled_from([None, "true", "false"])


def _values(kind: FieldType) -> st.SearchStrategy[str | None]:
    if kind in (FieldType.NUMBER, FieldType.SCORE):
        return _numbers
    return _boxes if kind is FieldType.BOOLEAN else _texts


@st.composite
def cases(draw: st.DrawFn) -> Case:
    kind = draw(st.sampled_from(list(FieldType)))
    values = _values(kind)
    rules = FieldRules(
        kind,
        draw(st.sampled_from(list(Direction))),
        draw(st.sampled_from(list(Policy))),
        draw(st.sampled_from(BlankRule)),
    )
    known = draw(st.booleans())
    return Base(draw(values) if known else None, known), draw(values), draw(values), rules


def _decide_in_sql(database: Database, chosen: Sequence[Case]) -> list[Decision]:
    rows = sql.SQL(", ").join(
        sql.SQL("({}, {}::text, {}, {}::text, {}::text, {}, {}, {}, {})").format(
            *(
                sql.Literal(one)
                for one in (
                    number,
                    base.value,
                    base.known,
                    ours,
                    theirs,
                    str(rules.type),
                    str(rules.direction),
                    str(rules.policy),
                    str(rules.blank),
                )
            )
        )
        for number, (base, ours, theirs, rules) in enumerate(chosen)
    )
    statement = sql.SQL(
        "SELECT d.outcome, d.rule, d.conflict FROM (VALUES {}) v"
        " (number, base, known, ours, theirs, type, direction, policy, blank)"
        " CROSS JOIN LATERAL ({}) d ORDER BY v.number"
    ).format(rows, load("decide")["decision"].compose())
    with database.connect("decide") as conn:
        found = conn.execute(statement).fetchall()
    return [Decision(Outcome(outcome), rule, conflict) for outcome, rule, conflict in found]


@given(chosen=st.lists(cases(), min_size=50, max_size=150))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_sql_and_python_decide_alike(worker_database: Database, chosen: list[Case]) -> None:
    assert _decide_in_sql(worker_database, chosen) == [decide(*one) for one in chosen]
