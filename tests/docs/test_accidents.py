"""The page of what others paid for: every rule has its row, and every test that a row names exists."""

import ast
import re
from functools import cache

import pytest

from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "explanation" / "accidents.md"
_NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")
_LAST_RULE = 50


def _rows() -> list[list[str]]:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if re.match(r"\| L\d", line)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@cache
def _tests_in(path: str) -> frozenset[str]:
    file = ROOT / "tests" / path
    if not file.is_file():
        return frozenset()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def test_every_rule_has_a_row() -> None:
    rules = [row[0] for row in _rows()]
    assert {int(re.sub(r"\D", "", rule)) for rule in rules} == set(range(1, _LAST_RULE + 1))
    assert len(set(rules)) == len(rules)


@pytest.mark.parametrize("row", [pytest.param(row, id=row[0]) for row in _rows()])
def test_a_row_names_tests_that_exist_or_says_why_there_are_none(row: list[str]) -> None:
    _, rule, done, tests, seen = row
    assert rule
    assert done
    named = _NAMED.findall(tests)
    assert seen in (("yes", "no") if named else ("–",))
    assert len(named) == (len(tests.split("<br>")) if named else 0)
    assert [f"{path}::{name}" for path, name in named if name not in _tests_in(path)] == []
