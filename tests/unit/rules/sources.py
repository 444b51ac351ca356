"""Reads the sources of the project for the rules about them."""

import ast
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Source:
    """One Python file; `name` is its path from the root of the repository."""

    name: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.name)

    @property
    def lines(self) -> int:
        return self.text.count("\n")

    def within(self, *folders: str) -> bool:
        """Whether it is one of these files or stands in one of these folders."""
        return any(self.name == one or self.name.startswith(one.rstrip("/") + "/") for one in folders)


def read_sources(*folders: str) -> list[Source]:
    """Every Python file of these folders of the repository."""
    paths = (path.relative_to(ROOT) for folder in folders for path in sorted((ROOT / folder).rglob("*.py")))
    # What stands in a hidden folder was installed or made, not written.
    ours = (path for path in paths if not any(part.startswith(".") for part in path.parts))
    return [Source(str(path), (ROOT / path).read_text(encoding="utf-8")) for path in ours]


def dotted(node: ast.expr) -> str:
    """`a.b.c` of a chain of names, or nothing of anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = dotted(node.value)
        return f"{base}.{node.attr}" if base else ""
    return ""
