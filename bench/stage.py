"""A stage: Syncline on a database of its own beside an org, ready for what a benchmark does next."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psycopg

from bench.contenders import MODULES, Arena, home_environment, make_task, python_of
from bench.measure import ROOT, BenchFailed, Measured, run_contender, say
from bench.services import fresh_database

_WORKING = "bench.peers.syncline_work"
_SYNCLINE = Path(sys.executable).with_name("syncline")


class Hands(Protocol):
    """Who does Syncline's work on a stage: processes of its own, or whoever tries the benchmark."""

    def work(self, what: str, told: dict[str, Any]) -> Measured:
        """Does one thing of `bench.peers.syncline_work`."""

    def working(self) -> AbstractContextManager[int | None]:
        """While this lasts, a worker works; gives its process id, if it has one of its own."""


@dataclass(frozen=True)
class Stage:
    """Where it is: the arena, the database's URL, the folder of keys; and who works."""

    arena: Arena
    url: str
    folder: Path
    hands: Hands

    def work(self, what: str, **told: Any) -> Measured:
        """Does one thing of `bench.peers.syncline_work`."""
        return self.hands.work(what, told)

    def execute(self, statement: str, *parameters: object) -> int:
        """A statement of somebody else on the database, committed; rows it touched."""
        with psycopg.connect(self.url) as connection:
            return connection.execute(statement.encode(), parameters).rowcount

    def rows(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """The rows of a query on the database."""
        with psycopg.connect(self.url) as connection:
            return connection.execute(statement.encode(), parameters).fetchall()


class Processes:
    """Syncline as processes of its own, measured from outside."""

    def __init__(self, arena: Arena, url: str, folder: Path) -> None:
        self._arena = arena
        self._task = make_task(arena, url, folder)
        self._environment = home_environment("syncline", url, folder)

    def work(self, what: str, told: dict[str, Any]) -> Measured:
        """Does one thing in a process; the import is the contender of that benchmark."""
        python = python_of("syncline")
        if what == "import":
            return run_contender(
                python, MODULES["syncline"], {**self._task, **told}, self._environment, self._arena.pids
            )
        return run_contender(python, _WORKING, {"work": what, **told}, self._environment, self._arena.pids)

    @contextmanager
    def working(self) -> Iterator[int | None]:
        """`syncline worker`, until the end.

        Raises:
            BenchFailed: it did not begin.
        """
        with tempfile.TemporaryFile("w+") as log:
            process = subprocess.Popen(
                [str(_SYNCLINE), "worker", "--json"],
                cwd=ROOT,
                env=self._environment | {"PATH": "/usr/bin:/bin"},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
            try:
                assert process.stdout is not None
                line = process.stdout.readline()
                if not line or not json.loads(line).get("working"):
                    log.seek(0)
                    raise BenchFailed(f"the worker did not begin: {log.read()[-2000:]}")
                yield process.pid
            finally:
                process.terminate()
                process.communicate(timeout=120)


@contextmanager
def set_empty_stage(arena: Arena, name: str) -> Iterator[Stage]:
    """A stage on a fresh database, where nothing is connected yet."""
    with tempfile.TemporaryDirectory(prefix="bench-") as home, fresh_database(arena.server, f"bench_{name}") as url:
        folder = Path(home)
        yield Stage(arena, url, folder, Processes(arena, url, folder))


@contextmanager
def set_stage(arena: Arena, name: str, **told: Any) -> Iterator[Stage]:
    """The same with everything imported; `told`: `both`, fields that move both ways, and `without`, fields left out."""
    with set_empty_stage(arena, name) as stage:
        say("importing …")
        stage.work("import", **told)
        yield stage
