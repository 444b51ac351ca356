"""Whatever rules there are: a refused write leaves everything as it was, and what is stored fits its fields."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simorg.behaviour.later import deliver
from simorg.behaviour.setting_rules import set_rule
from simorg.behaviour.waiting import count_waiting
from simorg.export import export_records
from simorg.opening import open_org
from simorg.org import Org
from simorg.settings import Settings
from tests.unit.simorg.writing import create, delete, update

_CONDITIONS = st.sampled_from([
    None, "TRUE", "FALSE", "ISNEW()", "ISCHANGED(Title)", "ISBLANK(Email)", "NumberOfEmployees > 2", "1 / 0 > 1",
    "ISPICKVAL(Rating, 'Hot')", "CONTAINS(Title, 'a')", "PRIORVALUE(NumberOfEmployees) <> NumberOfEmployees",
])  # fmt: skip
_VALUES = {
    "Title": st.sampled_from(["a", "b", None, "x" * 200]),
    "Rating": st.sampled_from(["Hot", "Cold", None]),
    "NumberOfEmployees": st.sampled_from([1, 5, None, "many"]),
    "Email": st.sampled_from(["a@b.example", "c@d.example", "nonsense", None]),
    "LastName": st.sampled_from(["Moss", "Reed", None]),
}
_CALCULATIONS = st.sampled_from([
    {"Title": "UPPER(Title)"}, {"NumberOfEmployees": "BLANKVALUE(NumberOfEmployees, 0) + 1"}, {"Title": "Email"},
    {"NumberOfEmployees": "1 / 0"}, {"Email": "LastName & '@b.example'"}, {},
])  # fmt: skip
_fields = st.dictionaries(st.sampled_from(sorted(_VALUES)), st.none(), max_size=3).flatmap(
    lambda chosen: st.fixed_dictionaries({name: _VALUES[name] for name in chosen})
)
_validations = st.builds(
    lambda condition: {"kind": "validation", "condition": condition or "FALSE", "message": "No."}, _CONDITIONS
)
_automations = st.builds(
    lambda condition, on, run, fields, calculate, target: {
        "kind": "automation", "condition": condition, "on": on, "run": run, "set": {} if target else fields,
        "calculate": {} if target else calculate, "target": {} if run == "before" else target,
    },
    _CONDITIONS, st.sampled_from(["created", "updated", "saved"]), st.sampled_from(["before", "after", "later"]),
    _fields, _CALCULATIONS, st.sampled_from([{}, {}, {"create": "Task"}]),
)  # fmt: skip
_duplicates = st.builds(
    lambda on_create, on_update: {
        "kind": "duplicate", "on_create": on_create, "on_update": on_update,
        "match": [{"object": "Lead", "fields": {"Email": "Email"}}],
    },
    st.sampled_from(["allow", "alert", "block"]), st.sampled_from(["allow", "block"]),
)  # fmt: skip
_writes = st.lists(st.tuples(st.sampled_from(["create", "update", "delete"]), _fields), min_size=1, max_size=4)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Org]:
    """One org, whose Leads come and go."""
    org = open_org(tmp_path_factory.mktemp("rules"), "developer-edition", None, Settings())
    org.clock.freeze()
    yield org
    org.close()


def _state(org: Org) -> Any:
    return export_records(org, ["Lead", "Task"], audit=True)


def _write(org: Org, kind: str, record_id: str, fields: dict[str, Any]) -> Any:
    if kind == "create":
        return create(org, "Lead", **{"LastName": "Moss", "Company": "Moss Ltd", **fields})
    if kind == "update":
        return update(org, "Lead", record_id, **fields)
    return delete(org, "Lead", record_id)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(rules=st.lists(st.one_of(_validations, _automations, _duplicates), max_size=4), writes=_writes)
def test_random_rules_never_leave_half_a_write(shared: Org, rules: list[dict[str, Any]], writes: list[Any]) -> None:
    org = shared
    org.rules.remove()
    made = create(org, "Lead", LastName="Moss", Company="Moss Ltd")
    assert made.id
    for number, rule in enumerate(rules):
        set_rule(org, {**rule, "name": f"R{number}", "object": "Lead"})
    for kind, fields in writes:
        before, waiting = _state(org), count_waiting(org)
        outcome = _write(org, kind, made.id, fields)
        if not outcome.success:
            assert (_state(org), count_waiting(org)) == (before, waiting)
        elif kind != "delete":
            row = org.storage.get("Lead", outcome.id)
            assert row is not None
            assert row["LastName"] is not None
            assert len(str(row["Title"] or "")) <= 128
    org.clock.advance(1)
    waiting = count_waiting(org)
    assert deliver(org) == waiting
    assert org.storage.read_one("PRAGMA integrity_check") == ("ok",)
