"""Walks through the tutorial: every command it shows is run, in its order, against an org started as it says."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.docs.pages import ROOT, Block, Page

TUTORIAL = ROOT / "docs/tutorial/first-sync.md"
_SHOWN_URL = "http://127.0.0.1:8900"
_PATIENCE = 240


def test_the_tutorial_works(open_folder: Path) -> None:
    blocks = [block for block in Page(TUTORIAL).blocks("console") if "demo" not in block.options]
    serve = next(command for block in blocks for command in block.commands if command.startswith("simorg serve"))
    with _org(serve, open_folder) as ready:
        script = "\n".join(_steps(blocks))
        for shown, real in (
            (_SHOWN_URL, ready["url"]),
            ("CLIENT-ID", ready["client_id"]),
            ("CLIENT-SECRET", ready["client_secret"]),
        ):
            assert shown in script
            script = script.replace(shown, shlex.quote(real))
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=ROOT,
            env=_environment(open_folder),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_PATIENCE,
        )
    assert done.returncode == 0, done.stdout[-4000:]


def _steps(blocks: list[Block]) -> Iterator[str]:
    """The commands as one script that stops where one ends otherwise than the page says."""
    for block in blocks:
        expected = next((one.removeprefix("status=") for one in block.options if one.startswith("status=")), "0")
        for command in block.commands:
            if not command.startswith("simorg serve"):
                yield f"echo {shlex.quote('$ ' + command)}"
                yield command
                yield f'status=$?; [ "$status" = {expected} ] || {{ echo "ended with status $status"; exit 1; }}'


@contextmanager
def _org(command: str, home: Path) -> Iterator[dict[str, str]]:
    """The org of the tutorial, on whatever port is free."""
    words = shlex.split(command)
    words[0] = str(Path(sys.executable).with_name("simorg"))
    words[words.index("--port") + 1] = "0"
    process = subprocess.Popen(words, cwd=ROOT, env=_environment(home), stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.communicate(timeout=60)


def _environment(home: Path) -> dict[str, str]:
    """An environment without settings of whoever runs the tests."""
    ours = ("SYNCLINE_", "DATABASE_URL", "XDG_", "COV_", "PYTEST_")
    return {**{name: value for name, value in os.environ.items() if not name.startswith(ours)}, "HOME": str(home)}
