"""The decision in SQL and the decision in Python are one decision."""

from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from syncline.domain.decision import Base, Decision, FieldRules, Member, Outcome, decide, decide_together
from syncline.domain.mapping import BlankRule, Direction, FieldType, Policy
from syncline.domain.mapping_options import PushGuard, StricterOrder
from syncline.store.database import Database
from syncline.store.named_sql import load

#: The fields of one group with the rules that they share; most groups are of one field.
Case = tuple[list[Member], FieldRules]

_texts = st.sampled_from([None, "a", "b", "A", "0", "N/A", "null"])
_numbers = st.sampled_from([None, "0", "1", "2.5", "10", "-3"])
_boxes = st.sampled_from([None, "true", "false"])


def _values(kind: FieldType) -> st.SearchStrategy[str | None]:
    if kind in (FieldType.NUMBER, FieldType.SCORE):
        return _numbers
    return _boxes if kind is FieldType.BOOLEAN else _texts


@st.composite
def cases(draw: st.DrawFn, *, most: int = 3) -> Case:
    kind = draw(st.sampled_from(list(FieldType)))
    values = _values(kind)
    rules = FieldRules(
        kind,
        draw(st.sampled_from(list(Direction))),
        draw(st.sampled_from(list(Policy))),
        draw(st.sampled_from(BlankRule)),
        draw(st.sampled_from(PushGuard)),
        draw(st.sampled_from(StricterOrder)),
    )
    alone = most == 1 or kind is FieldType.BOOLEAN or rules.policy is Policy.STRICTER
    return [_member(draw, values) for _ in range(1 if alone else draw(st.integers(1, most)))], rules


def _member(draw: st.DrawFn, values: st.SearchStrategy[str | None]) -> Member:
    known = draw(st.booleans())
    return Member(Base(draw(values) if known else None, known), draw(values), draw(values))


def _decide_in_sql(database: Database, chosen: Sequence[Case], form: str) -> list[list[Decision]]:
    rows = sql.SQL(" UNION ALL ").join(
        _row(number, position, member, rules)
        for number, (members, rules) in enumerate(chosen)
        for position, member in enumerate(members)
    )
    blocks = load("decide")
    statement = sql.SQL(
        "SELECT v.contact_id, d.outcome, d.rule, d.conflict FROM ({}) v CROSS JOIN LATERAL ({}) d"
        " ORDER BY v.contact_id, v.field"
    ).format(blocks[form].compose(rows=rows), blocks["decision"].compose())
    decided: list[list[Decision]] = [[] for _ in chosen]
    with database.connect("decide") as conn:
        for number, outcome, rule, conflict in conn.execute(statement).fetchall():
            decided[number].append(Decision(Outcome(outcome), rule, conflict))
    return decided


def _row(number: int, position: int, member: Member, rules: FieldRules) -> sql.Composed:
    columns: dict[str, object] = {
        "base": member.base.value,
        "known": member.base.known,
        "ours": member.ours,
        "theirs": member.theirs,
        "type": str(rules.type),
        "direction": str(rules.direction),
        "policy": str(rules.policy),
        "blank": str(rules.blank),
        "guard": str(rules.guard),
        "stricter": str(rules.stricter),
        "field": f"field {position}",
        "move_with": "address",
    }
    values = [
        sql.SQL("{}::{} AS {}").format(
            sql.Literal(value), sql.SQL("boolean" if name == "known" else "text"), sql.Identifier(name)
        )
        for name, value in columns.items()
    ]
    return sql.SQL("SELECT {} AS contact_id, {}").format(sql.Literal(number), sql.SQL(", ").join(values))


@given(chosen=st.lists(cases(), min_size=50, max_size=100))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_sql_and_python_decide_alike(worker_database: Database, chosen: list[Case]) -> None:
    assert _decide_in_sql(worker_database, chosen, "together") == [decide_together(*one) for one in chosen]


@given(chosen=st.lists(cases(most=1), min_size=50, max_size=100))
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_they_decide_alike_where_no_field_has_a_group(worker_database: Database, chosen: list[Case]) -> None:
    expected = [[decide(one.base, one.ours, one.theirs, rules) for one in members] for members, rules in chosen]
    assert _decide_in_sql(worker_database, chosen, "alone") == expected
