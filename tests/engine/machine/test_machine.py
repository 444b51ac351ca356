"""What must always hold, whatever people and accidents do to both sides between and during syncs.

The rules stand by theme in `people`, `org` and `faults`; what must hold in `invariants`. Real kills of processes and of
PostgreSQL at every single moment are tests/faults. Whatever the machine ever found has a named test of its own, where
the rule that was broken is tested.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from syncline.domain import sending as waits_module
from syncline.salesforce import client as client_module
from syncline.store import setup
from syncline.store.database import Database
from syncline.store.embedded import EmbeddedServer, Options, ServerHandle
from syncline.store.secrets import KeyRing
from syncline.sync import sending as locks_module
from syncline.sync import stage as stage_module
from tests.cleaning import note_baseline
from tests.engine.machine.machine import Machine
from tests.engine.orgs import Hub
from tests.simulated import Simulated

#: Courses of events and their steps: in the test run, and in the nightly form.
_SHORT, _LONG = (3, 25), (int(os.environ.get("SYNCLINE_MACHINE_COURSES", "60")), 60)

_WITHOUT_SHRINKING = [one for one in Phase if one not in (Phase.shrink, Phase.explain)]


def _run(hub: Hub, courses: int, steps: int, server: ServerHandle | None = None) -> None:
    # The short form takes the same courses each time: what it says of a change is about the change. New ones are found
    # by the nightly form.
    machine = type("HubMachine", (Machine,), {"hub": hub, "org": hub.org, "server": server})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=courses,
            stateful_step_count=steps,
            deadline=None,
            derandomize=server is None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
            # A course takes seconds, and to shrink one takes hundreds: that is done for who asks for it.
            phases=[
                one
                for one in Phase
                if one not in (Phase.shrink, Phase.explain) or os.environ.get("SYNCLINE_MACHINE_SHRINK")
            ],
            report_multiple_bugs=False,
        ),
    )


def _make_hub(database: Database, folder: Path, org: Simulated) -> Hub:
    hub = Hub(database, KeyRing(folder / "keys" / "ring.json"), org)
    hub.small_pages()
    return hub


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The length of waits is tested elsewhere."""
    monkeypatch.setattr(client_module, "_FIRST_WAIT", 0.01)
    monkeypatch.setattr(locks_module, "_LOCK_WAIT", 0.01)
    monkeypatch.setattr(waits_module, "_FIRST_POLL", 0.02)
    monkeypatch.setattr(stage_module, "_FIRST_POLL", 0.02)


@pytest.fixture
def mortal_server(run_folder: Path) -> Iterator[ServerHandle]:
    """A PostgreSQL of this test's own, which may be killed."""
    folder = Path(tempfile.mkdtemp(dir=run_folder))
    folder.chmod(0o711)
    server = EmbeddedServer(folder / "postgresql", Options(durable=False))
    with server.start() as handle:
        yield handle
    server.remove()


@pytest.mark.timeout(900)  # on a quiet machine a minute
def test_both_sides_come_to_agree_whatever_happens(database: Database, org: Simulated, tmp_path: Path) -> None:
    _run(_make_hub(database, tmp_path, org), *_SHORT)


@pytest.mark.nightly
@pytest.mark.timeout(0)
def test_both_sides_come_to_agree_whatever_happens_at_length(
    mortal_server: ServerHandle, org: Simulated, tmp_path: Path
) -> None:
    database = Database(mortal_server.url(), revive=mortal_server.ensure_running)
    setup.configure(database.url)
    setup.migrate(database)
    note_baseline(database)
    try:
        _run(_make_hub(database, tmp_path, org), *_LONG, server=mortal_server)
    finally:
        setup.disconnect()
