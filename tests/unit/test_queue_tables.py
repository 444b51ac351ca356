"""The queue's tables are made by migrations of ours, from what the installed release of Procrastinate ships."""

import re
from pathlib import Path

from syncline.store import migrations
from syncline.store.queue_tables import list_steps, read_steps

_RANGE = re.compile(r'read_steps\(first="([^"]+)", last="([^"]+)"\)')


def test_every_step_of_the_installed_release_is_run_once() -> None:
    folder = Path(migrations.__file__).parent
    ranges = [found.groups() for path in sorted(folder.glob("0*.py")) for found in _RANGE.finditer(path.read_text())]

    run = [step for first, last in ranges for step in read_steps(first=first, last=last)]

    assert len(run) == len(set(run)) == len(list_steps()), "a newer release: add a migration that runs its steps"
