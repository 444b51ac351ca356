"""Reads the project's pages for the tests about them: links, headings, and the commands they show."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^\]\n]+\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block: its kind, what else its first line says, and its lines."""

    kind: str
    options: tuple[str, ...]
    lines: tuple[str, ...]

    @property
    def commands(self) -> list[str]:
        """The command lines, without their prompt."""
        return [line.removeprefix("$ ") for line in self.lines if line.startswith("$ ")]


@dataclass(frozen=True)
class Page:
    """One Markdown file."""

    path: Path

    @property
    def name(self) -> str:
        return str(self.path.relative_to(ROOT))

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def prose(self) -> str:
        """The text without its fenced blocks."""
        return _FENCE.sub("", self.text)

    def blocks(self, kind: str) -> Iterator[Block]:
        for match in _FENCE.finditer(self.text):
            first, *options = match["info"].split() or [""]
            if first == kind:
                yield Block(first, tuple(options), tuple(match["body"].splitlines()))

    def links(self) -> list[str]:
        return [match["target"] for match in _LINK.finditer(self.prose)]

    def anchors(self) -> set[str]:
        """The anchors of the headings, as GitHub makes them."""
        return {
            re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
            for heading in _HEADING.findall(self.prose)
        }


def read_pages() -> list[Page]:
    """Every page of the repository: those at its root, and those below docs and src."""
    paths = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "src").rglob("*.md")]
    return [Page(path) for path in sorted(paths)]


def find_dead_links(page: Page) -> list[str]:
    """Links of a page that lead to no file, or to no heading of it; other sites are not asked."""
    dead = []
    for link in page.links():
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        path = (page.path.parent / target).resolve() if target else page.path
        if not path.exists() or (anchor and anchor not in _anchors_of(path)):
            dead.append(link)
    return dead


def _anchors_of(path: Path) -> set[str]:
    return Page(path).anchors() if path.suffix == ".md" else set()
