"""An org of the Developer Edition's sort in a folder of its own, without a server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from simorg.opening import open_org
from simorg.org import Org
from simorg.settings import Settings


@pytest.fixture
def org(tmp_path: Path) -> Iterator[Org]:
    """An open, planted org whose clock stands."""
    opened = open_org(tmp_path / "org", "developer-edition", None, Settings())
    opened.clock.freeze()
    yield opened
    opened.close()
