"""Runs commands of `syncline` inside the test's process, on the test's database."""

import json
import logging
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from syncline.cli.main import run
from syncline.store.database import Database
from syncline.store.secrets import KeyRing


@dataclass(frozen=True)
class Done:
    """What a command ended with."""

    status: int
    out: str
    err: str

    @property
    def facts(self) -> dict[str, Any]:
        """The object that --json printed last."""
        facts: dict[str, Any] = json.loads(self.out.splitlines()[-1])
        return facts


class Syncline:
    """The command line of one installation."""

    def __init__(self, home: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.home = home
        self._capture = capture

    @property
    def keys(self) -> KeyRing:
        """The installation's key ring."""
        return KeyRing(self.home / "keys" / "ring.json")

    def __call__(self, *arguments: str) -> Done:
        self._capture.readouterr()
        status = run(arguments)
        out, err = self._capture.readouterr()
        return Done(status, out, err)


@pytest.fixture
def syncline(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Syncline]:
    """The command line on a fresh installation, with the worker's database."""
    monkeypatch.setenv("SYNCLINE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DATABASE_URL", database.url)
    monkeypatch.setenv("COLUMNS", "200")
    root, terminated = logging.getLogger(), signal.getsignal(signal.SIGTERM)
    handlers, level = list(root.handlers), root.level
    yield Syncline(tmp_path / "home", capsys)
    for handler in set(root.handlers) - set(handlers):
        handler.close()
    root.handlers = handlers
    root.setLevel(level)
    signal.signal(signal.SIGTERM, terminated)
