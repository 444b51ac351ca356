"""Syncline and PostgreSQL are killed at every named moment of a sync, and at random ones: the next run ends as if
nothing had happened.
"""

import os
import random
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from syncline.domain import sending as sending_module
from syncline.store.embedded import EmbeddedServer, Options
from syncline.store.secrets import KeyRing
from syncline.sync import apply as apply_module
from syncline.sync import stage as stage_module
from tests import simulated
from tests.faults.rehearsal import PEOPLE, Rehearsal, find_differences
from tests.processes import ROOT

_SCENARIOS = ("import", "day", "bare", "lost")
#: The moments of each are shared out, so that several workers can have a part.
_PARTS = {"import": 3, "day": 3, "bare": 1, "lost": 1}
_RANDOM_MOMENTS, _RANDOM_PARTS = 20, 2
#: Commits that no sync makes, or only one that met a rarer accident; each has tests of its own.
_ELSEWHERE = frozenset(
    (
        "agreement", "contact", "contacts", "day", "edit", "link",
        "test", "values", "forget", "undo", "undo_look", "undo_sent", "undo_made", "undo_deleted",
        "add_object", "remove_object", "not_read", "not_swept", "sweep",
        "retry", "settle_conflicts", "ask_everything", "drift", "opt_in", "preview", "set_budget", "brakes",
        "hold", "confirm", "bulk_given_up", "find_plan", "take_aside", "put_back",
        "bulk_create", "bulk_create_rows", "bulk_create_job", "bulk_create_over",
        "cancel", "schedule", "purge", "dispatch", "look", "consent_seen", "consent_shown", "consent_tried",
        "consent_left", "clear_bounce",
    )
)  # fmt: skip


@dataclass
class Stage:
    """The rehearsal, what undisturbed runs pass, and what they end in."""

    rehearsal: Rehearsal
    moments: dict[str, list[str]] = field(default_factory=dict)
    ends: dict[str, dict[str, Any]] = field(default_factory=dict)

    def undisturbed(self, scenario: str) -> dict[str, Any]:
        """The state that an undisturbed run ends in."""
        if scenario not in self.ends:
            self.moments[scenario] = self.rehearsal.record(scenario)
            self.ends[scenario] = self.rehearsal.finish(scenario)
        return self.ends[scenario]

    def new_moments(self, scenario: str) -> list[str]:
        """The moments of a scenario that no earlier one has, each once, in order."""
        earlier: set[str] = set()
        for name in _SCENARIOS[: _SCENARIOS.index(scenario) + 1]:
            self.undisturbed(name)
            if name != scenario:
                earlier.update(self.moments[name])
        return [name for name in dict.fromkeys(self.moments[scenario]) if name not in earlier]


@pytest.fixture(scope="module")
def stage(run_folder: Path) -> Iterator[Stage]:
    """A server and two orgs of this module's own; the looks at Bulk jobs follow each other quickly."""
    patience = pytest.MonkeyPatch()
    patience.setattr(stage_module, "_FIRST_POLL", 0.02)
    patience.setattr(sending_module, "_FIRST_POLL", 0.02)
    # A first import of few people goes the way of a large one: without the index of addresses, which is made after.
    patience.setattr(apply_module, "_FIRST_IMPORT", 10)
    folder = Path(tempfile.mkdtemp(dir=run_folder))
    folder.chmod(0o711)
    server = EmbeddedServer(folder / "postgresql", Options(durable=False))
    org = simulated.start(folder / "org", "people", PEOPLE)
    bare = simulated.start(folder / "bare", "people", PEOPLE, bare=True)
    with server.start() as handle:
        rehearsal = Rehearsal(handle, KeyRing(folder / "ring.json"), org, bare, folder / "struck")
        rehearsal.build()
        yield Stage(rehearsal)
    org.stop()
    bare.stop()
    server.remove()
    patience.undo()


def _check(stage: Stage, scenario: str, name: str, nth: int, target: str) -> None:
    wanted = stage.undisturbed(scenario)
    stage.rehearsal.begin(scenario)
    stage.rehearsal.die(scenario, name, nth, target)
    differences = find_differences(wanted, stage.rehearsal.finish(scenario))
    assert differences == [], f"killed {target} at {name}, time {nth}, of {scenario}"


@pytest.mark.parametrize(
    ("scenario", "part", "parts"), [(name, n, of) for name, of in _PARTS.items() for n in range(of)]
)
def test_a_sync_killed_at_any_named_moment_ends_the_same(stage: Stage, scenario: str, part: int, parts: int) -> None:
    names = stage.new_moments(scenario)
    assert names
    for number, name in enumerate(names):
        if number % parts == part:
            _check(stage, scenario, name, 1, ("self", "postgres")[number // parts % 2])


@pytest.mark.parametrize("part", range(_RANDOM_PARTS))
def test_a_sync_killed_at_random_moments_ends_the_same(stage: Stage, part: int) -> None:
    seed = int(os.environ.get("SYNCLINE_TEST_SEED", random.SystemRandom().randrange(10**6)))
    print(f"the seed of these moments is {seed}: SYNCLINE_TEST_SEED={seed} repeats them")
    chance = random.Random(seed + part)
    for number in range(_RANDOM_MOMENTS // _RANDOM_PARTS):
        scenario = chance.choice(_SCENARIOS)
        stage.undisturbed(scenario)
        at = chance.randrange(len(stage.moments[scenario]))
        name = stage.moments[scenario][at]
        nth = stage.moments[scenario][: at + 1].count(name)
        print(f"{scenario}: {name}, time {nth}")
        _check(stage, scenario, name, nth, ("self", "postgres")[number % 2])


def test_every_commit_of_a_sync_is_among_the_moments(stage: Stage) -> None:
    for scenario in _SCENARIOS:
        stage.undisturbed(scenario)
    reached = {name.partition(".")[0] for names in stage.moments.values() for name in names}
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src" / "syncline").rglob("*.py"))
    named = set(re.findall(r"""transaction\(\w+, "(\w+)"\)""", text))
    assert named - reached - _ELSEWHERE == set()
    remote = {name for names in stage.moments.values() for name in names if name.startswith("remote.")}
    for operation in ("job", "update", "upsert", "create", "ingest_job", "upload", "ingest_state"):
        assert {f"remote.{operation}.sending", f"remote.{operation}.answered"} <= remote
