"""Files and functions stay small."""

import ast

from tests.unit.rules.sources import read_sources

LONGEST_FUNCTION = 50
LONGEST_FILE = 400
LONGEST_FILE_WITH_A_REASON = 600
REASON = "Longer than 400 lines because"


def test_functions_have_at_most_50_lines() -> None:
    long = [
        f"{source.name}:{node.lineno} {node.name} has {length} lines"
        for source in read_sources("src", "tests", "bench")
        if "/migrations/" not in source.name
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_FUNCTION
    ]
    assert not long, "\n".join(long)


def test_files_have_at_most_400_lines_or_600_with_a_reason() -> None:
    long = []
    for source in read_sources("src", "tests", "bench"):
        excused = REASON in (ast.get_docstring(source.tree) or "").replace("\n", " ")
        if source.lines > (LONGEST_FILE_WITH_A_REASON if excused else LONGEST_FILE):
            long.append(f"{source.name} has {source.lines} lines")
    assert not long, "\n".join(long)
