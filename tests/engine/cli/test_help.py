"""Every command explains itself, with examples that name options it has."""

import re
from collections.abc import Iterator
from importlib import import_module

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from syncline.cli.main import COMMANDS
from tests.engine.cli.conftest import Syncline


def commands() -> Iterator[tuple[str, ...]]:
    for name, (module, _) in COMMANDS.items():
        command = get_command(import_module(module).app)
        if isinstance(command, TyperGroup):
            yield from ((name, sub) for sub in command.commands)
        else:
            yield (name,)


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_help_shows_an_example(syncline: Syncline, words: tuple[str, ...]) -> None:
    done = syncline(*words, "--help")
    assert done.status == 0
    assert f"syncline {' '.join(words)}" in done.out.partition("Examples:")[2]


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_examples_use_options_that_exist(syncline: Syncline, words: tuple[str, ...]) -> None:
    shown = syncline(*words, "--help").out
    examples, _, options = shown.partition("Examples:")[2].partition("Options")
    mentioned = set(re.findall(r"--[a-z-]+", examples))
    assert mentioned <= set(re.findall(r"--[a-z-]+", options))


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_every_command_has_json(syncline: Syncline, words: tuple[str, ...]) -> None:
    assert "--json" in syncline(*words, "--help").out
