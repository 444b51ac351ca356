"""What the pages promise: links lead somewhere, commands exist, the reference is up to date, the texts keep form."""

import re
import runpy
import shlex
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command

from syncline.cli.main import COMMANDS
from syncline.config import LOGIN_SECRETS, SECRETS, VARIABLES
from tests.docs.pages import ROOT, Page, find_dead_links, read_pages

#: typer shows this class only by its children.
_WRONG_USAGE: type[Exception] = typer.BadParameter.__bases__[0]
PAGES = [pytest.param(page, id=page.name) for page in read_pages()]


def _command_lines() -> list[Any]:
    """Every line of a console block that calls one of our commands."""
    lines = []
    for page in read_pages():
        for block in page.blocks("console"):
            for command in block.commands:
                words = [part for part in shlex.split(command) if part]
                if words and Path(words[0]).name == "syncline":
                    lines.append(pytest.param(words[1:], id=f"{page.name}: {command[:60]}"))
    return lines


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: Page) -> None:
    assert not find_dead_links(page)


def test_a_dead_link_is_found(tmp_path: Path) -> None:
    other = tmp_path / "other.md"
    other.write_text("# One heading\n")
    page = tmp_path / "page.md"
    page.write_text(
        "[gone](gone.md) [there](other.md#one-heading) [no heading](other.md#two) [site](https://example.com)\n"
        "```text\n[in a block](nowhere.md)\n```\n"
    )
    assert find_dead_links(Page(page)) == ["gone.md", "other.md#two"]


@pytest.mark.parametrize("words", _command_lines())
def test_a_shown_command_is_understood(words: list[str]) -> None:
    assert _explain(words) is None


@pytest.mark.parametrize(
    "line",
    ["nothing", "map", "map nothing", "map show --nothing", "connect --flow telepathy --url https://example.com"],
)
def test_a_wrong_command_is_found(line: str) -> None:
    assert _explain(line.split()) is not None


def _explain(words: list[str]) -> str | None:
    """Why the command line would refuse these words before doing anything, or None."""
    name, *rest = words
    if name not in COMMANDS:
        return f"there is no command {name}"
    command = get_command(import_module(COMMANDS[name][0]).app)
    path = name
    while below := getattr(command, "commands", {}):
        if (default := getattr(command, "default_command", None)) and (not rest or rest[0] not in below):
            rest = [default, *rest]
        word, *rest = rest or [""]
        if word not in below:
            return f"there is no command {path} {word}"
        command, path = below[word], f"{path} {word}"
    try:
        command.make_context(path, list(rest))
    except _WRONG_USAGE as refused:
        return f"{type(refused).__name__}: {refused}"
    return None


def test_the_command_reference_is_what_the_help_says() -> None:
    generator = runpy.run_path(str(ROOT / "docs/reference/generate_cli.py"))
    page = (ROOT / "docs/reference/cli.md").read_text(encoding="utf-8")
    assert page == generator["build_page"](), "run script/docs"


def test_the_page_of_bad_days_is_what_the_catalogue_says() -> None:
    generator = runpy.run_path(str(ROOT / "docs/reference/generate_bad_days.py"))
    assert generator["TARGET"].read_text(encoding="utf-8") == generator["build_page"](), "run script/docs"


def test_the_permissions_page_is_up_to_date() -> None:
    generator = runpy.run_path(str(ROOT / "docs/reference/generate_permissions.py"))
    assert generator["TARGET"].read_text(encoding="utf-8") == generator["build_page"](), "run script/docs"


def test_every_setting_is_listed() -> None:
    page = (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8")
    missing = [name for name in (*VARIABLES, *SECRETS, *LOGIN_SECRETS) if f"`{name}`" not in page]
    assert not missing


def test_every_page_can_be_found_from_the_index() -> None:
    index = Page(ROOT / "docs/README.md")
    found = {(index.path.parent / link.partition("#")[0]).resolve() for link in index.links()}
    lost = [
        page.name for page in read_pages() if page.name.startswith("docs/") and page.path not in found | {index.path}
    ]
    assert not lost


def test_the_readme_names_the_two_commands() -> None:
    shown = [command for block in Page(ROOT / "README.md").blocks("console") for command in block.commands]
    assert {"script/demo", "script/test"} <= set(shown)


def test_the_changelog_keeps_its_form() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert versions[0] == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}", one) for one in versions[1:])
    kinds = re.findall(r"^### (.+)$", text, re.MULTILINE)
    assert kinds
    assert set(kinds) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_decisions_are_numbered_without_gaps() -> None:
    names = sorted(path.name for path in (ROOT / "docs/adr").glob("*.md"))
    assert [name[:4] for name in names] == [f"{number:04}" for number in range(1, len(names) + 1)]
