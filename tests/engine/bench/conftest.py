"""Where the small forms of the benchmarks run: in the test's own process, on its database and org."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from bench.contenders import Arena, make_task
from bench.measure import Measured
from bench.peers import syncline_import, syncline_work
from bench.peers.task import Task
from bench.services import Org
from bench.stage import Stage

from syncline.store.database import Database
from syncline.store.embedded import ServerHandle
from syncline.store.secrets import KeyRing
from tests.engine.jobs.working import app_of, working
from tests.engine.orgs import Hub
from tests.simulated import Simulated


class OwnHands:
    """Does the work without a process for each."""

    def __init__(self, hub: Hub, task: dict[str, Any]) -> None:
        self._hub = hub
        self._task = task

    def work(self, what: str, told: dict[str, Any]) -> Measured:
        if what == "import":
            task = Task(**self._task)
            syncline_import.prepare(app_of(self._hub), task, syncline_import.build_mapping(**told))
            return Measured(asdict(syncline_import.measure(app_of(self._hub), task)), 0.0, 0.0)
        return Measured(syncline_work.WORK[what](app_of(self._hub), **told), 0.0, 0.0)

    @contextmanager
    def working(self) -> Iterator[int | None]:
        with working(self._hub):
            yield None


@pytest.fixture
def empty_stage(server: ServerHandle, database: Database, org: Simulated, tmp_path: Path) -> Stage:
    """An org of a few hundred people, with nothing connected yet."""
    reached = Org(org.facts)
    arena = Arena(reached, server, reached.count(), peers=Path(sys.executable))
    hub = Hub(database, KeyRing(tmp_path / "ring.json"), org)
    return Stage(arena, database.url, tmp_path, OwnHands(hub, make_task(arena, database.url, tmp_path)))


@pytest.fixture
def stage(empty_stage: Stage) -> Stage:
    """The same with everything imported; titles move both ways, two fields are not mapped yet."""
    empty_stage.work("import", both=["title"], without=["phone", "description"])
    return empty_stage
