"""The documentation shows the table of functions as it is."""

from syncline.domain.formula.functions import FUNCTIONS, REFUSED
from syncline.domain.formula.parse import MAX_LENGTH
from syncline.domain.formula.tree import MAX_DEPTH
from tests.unit.rules.sources import ROOT

PAGE = (ROOT / "docs/reference/formulas.md").read_text(encoding="utf-8")


def test_every_function_stands_in_the_documentation_as_in_the_table() -> None:
    shown = [line for line in PAGE.splitlines() if line.startswith("| `") and ")` |" in line]
    assert shown == [f"| `{name}({one.arguments})` | {one.doc} |" for name, one in FUNCTIONS.items()]


def test_every_refused_function_is_named() -> None:
    named = PAGE[PAGE.index("### Not available") :]
    assert [name for name in REFUSED if f"`{name}`" not in named] == []


def test_the_limits_are_those_of_the_code() -> None:
    assert f"up to {MAX_LENGTH:,} characters, up to {MAX_DEPTH} levels" in PAGE
