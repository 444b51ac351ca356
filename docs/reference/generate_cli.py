"""Writes cli.md, beside this file, from the help texts of the commands; script/docs runs it, a test compares."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from typer.main import get_command

from syncline.cli.main import COMMANDS

TARGET = Path(__file__).with_name("cli.md")

_INTRODUCTION = """\
# The commands of syncline

This page is made from the help texts by `script/docs`. Every command has `--help`, and `--json`, which prints one
object last on standard output and everything else on standard error. The [exit statuses](exit-status.md) are the
same for all commands."""


def build_page() -> str:
    """The whole page."""
    parts = [_INTRODUCTION]
    for name, (module, _) in COMMANDS.items():
        command = get_command(import_module(module).app)
        for path, leaf in _leaves(f"syncline {name}", command):
            parts.append(_build_section(path, leaf))
    return "\n\n".join(parts) + "\n"


def _leaves(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    """The commands that do something: a group stands for those below it."""
    below = getattr(command, "commands", {})
    if not below:
        yield path, command
    for name, one in below.items():
        yield from _leaves(f"{path} {name}", one)


def _build_section(path: str, command: Any) -> str:
    context = command.make_context(path, [], resilient_parsing=True)
    records = [record for one in command.params if (record := one.get_help_record(context))]
    usage = " ".join(command.collect_usage_pieces(context))
    text, _, examples = (command.help or "").partition("Examples:")
    lines = [f"## {path}", "", "```text", f"{path} {usage}".rstrip(), "```", "", *_paragraphs(text)]
    if records:
        lines += ["| argument or option | meaning |", "|---|---|"]
        lines += [f"| `{_escape(name)}` | {_escape(meaning).replace('  [', ' [')} |" for name, meaning in records]
    if examples.strip():
        lines += ["", "```console", *_example_lines(examples), "```"]
    return "\n".join(lines)


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.strip().split("\n\n"):
        yield " ".join(line.strip() for line in paragraph.splitlines())
        yield ""


def _example_lines(text: str) -> Iterator[str]:
    for example in text.strip().split("\n\n"):
        yield "$ " + " ".join(line.strip() for line in example.splitlines())


def _escape(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    TARGET.write_text(build_page(), encoding="utf-8")
