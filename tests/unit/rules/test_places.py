"""Some things are done in one place only."""

import ast
from collections.abc import Callable, Iterator

import pytest

from tests.unit.rules.sources import Source, dotted, read_sources


def calls(*names: str) -> Callable[[Source], Iterator[int]]:
    """Finds the lines that call one of these."""

    def find(source: Source) -> Iterator[int]:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and dotted(node.func) in names:
                yield node.lineno

    return find


def mentions(*names: str) -> Callable[[Source], Iterator[int]]:
    """Finds the lines that name one of these attributes."""

    def find(source: Source) -> Iterator[int]:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Attribute) and dotted(node) in names:
                yield node.lineno

    return find


def imports(*modules: str) -> Callable[[Source], Iterator[int]]:
    """Finds the lines that import one of these, in whatever form."""

    def find(source: Source) -> Iterator[int]:
        for node in ast.walk(source.tree):
            found: list[str] = []
            if isinstance(node, ast.Import):
                found = [one.name for one in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                found = [node.module, *(f"{node.module}.{one.name}" for one in node.names)]
            if any(name == module or name.startswith(f"{module}.") for name in found for module in modules):
                yield node.lineno

    return find


RULES = [
    pytest.param(
        calls("print"),
        ("src",),
        ("src/syncline/cli", "src/simorg/cli.py"),
        id="only the command line prints",
    ),
    pytest.param(
        calls("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "datetime.datetime.now", "time.time"),
        ("src",),
        ("src/syncline/clock.py", "src/simorg/clock.py"),
        id="only the clocks ask what time it is",
    ),
    pytest.param(
        mentions("os.environ", "os.getenv", "os.environb"),
        ("src",),
        ("src/syncline/config.py", "src/simorg/cli.py"),
        id="only the settings read the environment",
    ),
    pytest.param(imports("unittest.mock", "mock"), ("src", "tests", "bench"), (), id="nothing is mocked"),
    pytest.param(
        imports("syncline.store.models"), ("src",), ("src/syncline/store",), id="models stay inside the store"
    ),
]


@pytest.mark.parametrize(("find", "folders", "allowed"), RULES)
def test_is_done_in_one_place(
    find: Callable[[Source], Iterator[int]], folders: tuple[str, ...], allowed: tuple[str, ...]
) -> None:
    found = [
        f"{source.name}:{line}"
        for source in read_sources(*folders)
        if not source.within(*allowed)
        for line in find(source)
    ]
    assert not found, "\n".join(found)


BREACHES = [
    pytest.param(calls("print"), "print('x')", id="print"),
    pytest.param(calls("datetime.now"), "from datetime import datetime\nx = datetime.now()", id="now"),
    pytest.param(mentions("os.environ"), "import os\nx = os.environ['A']", id="environment"),
    pytest.param(imports("unittest.mock"), "from unittest import mock", id="mock"),
    pytest.param(imports("unittest.mock"), "from unittest.mock import Mock", id="mock by name"),
]


@pytest.mark.parametrize(("find", "text"), BREACHES)
def test_the_rules_see_a_breach(find: Callable[[Source], Iterator[int]], text: str) -> None:
    assert list(find(Source("example.py", text)))
