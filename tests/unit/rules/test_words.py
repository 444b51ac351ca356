"""What is written about the code: docstrings, ignores, dependencies."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.unit.rules.sources import ROOT, Source, read_sources

PROMISED = ("src/syncline/domain", "src/syncline/sync", "src/syncline/salesforce")
IGNORES_PER_THOUSAND_LINES = 0.5
IGNORES_AT_LEAST = 10
Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def public_definitions(source: Source) -> Iterator[Definition]:
    """Public classes and functions of a module, and public methods and properties of public classes."""
    for node in source.tree.body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from (one for one in node.body if isinstance(one, Definition) and not one.name.startswith("_"))


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        source.name
        for source in read_sources("src", "tests", "bench")
        if source.text.strip() and not ast.get_docstring(source.tree)
    ]
    assert not silent, "\n".join(silent)


def test_public_names_of_the_promised_packages_are_described() -> None:
    silent = [
        f"{source.name}:{node.lineno} {node.name}"
        for source in read_sources(*PROMISED)
        for node in public_definitions(source)
        if not ast.get_docstring(node)
    ]
    assert not silent, "\n".join(silent)


def test_ignored_types_stay_within_their_budget() -> None:
    sources = read_sources("src")
    found = [
        f"{source.name}:{number}"
        for source in sources
        for number, line in enumerate(source.text.splitlines(), 1)
        if "# type: ignore" in line
    ]
    budget = max(IGNORES_AT_LEAST, IGNORES_PER_THOUSAND_LINES * sum(source.lines for source in sources) / 1000)
    assert len(found) <= budget, f"{len(found)} of {budget:.0f}:\n" + "\n".join(found)


def test_public_functions_of_the_store_give_no_models() -> None:
    models = {node.name for node in ast.parse((ROOT / "src/syncline/store/models.py").read_text()).body
              if isinstance(node, ast.ClassDef)}  # fmt: skip
    found = []
    for source in read_sources("src/syncline/store"):
        for node in public_definitions(source):
            if isinstance(node, ast.ClassDef) or node.returns is None:
                continue
            given = ast.unparse(node.returns).strip("'\"")
            if re.search(r"\bmodels\.\w+", given) or (
                _imports_models(source) & models & set(re.findall(r"\w+", given))
            ):
                found.append(f"{source.name}:{node.lineno} {node.name} gives {given}")
    assert not found, "\n".join(found)


def _imports_models(source: Source) -> set[str]:
    return {
        alias.asname or alias.name
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ImportFrom) and node.module == "syncline.store.models"
        for alias in node.names
    }


def _runtime_requirements() -> list[str]:
    lines = (ROOT / "requirements/runtime.in").read_text().splitlines()
    return [match[0] for line in lines if (match := re.match(r"[A-Za-z][A-Za-z0-9._-]*", line))]


@pytest.mark.parametrize("package", _runtime_requirements())
def test_every_dependency_is_explained(package: str) -> None:
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").lower()
    assert re.search(rf"\b{re.escape(package.lower())}\b", contributing), f"{package} has no line in CONTRIBUTING.md"
