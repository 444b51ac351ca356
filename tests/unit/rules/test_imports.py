"""Asking for help must cost nothing: what the command line imports at its start."""

import json
import subprocess
import sys

import pytest

from tests.unit.rules.sources import ROOT

HEAVY = {"django", "psycopg", "typer", "rich", "httpx2", "cryptography", "lark", "simorg", "pydantic", "sqlite3"}


def imported_by(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport json, sys; print(json.dumps(sorted(sys.modules)))"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}


@pytest.mark.parametrize("code", ["import syncline.cli.main", "from syncline.cli.main import run; run(['--help'])"])
def test_nothing_heavy_is_imported(code: str) -> None:
    assert not imported_by(code) & HEAVY


def test_a_command_explains_itself_without_the_database() -> None:
    code = "from syncline.cli.main import run; run(['doctor', '--help'])"
    assert not imported_by(code) & {"django", "psycopg", "httpx2", "cryptography", "simorg"}
