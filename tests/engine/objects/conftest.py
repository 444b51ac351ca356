"""An org whose objects and fields a test may change; a sync beside it; what was asked of the org."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine.orgs import Hub
from tests.simulated import Simulated


@pytest.fixture(autouse=True)
def shapes_come_back(org: Simulated) -> Iterator[None]:
    """Objects and fields are, after the test, as they were before."""
    schema = org.org.schema
    before = schema.objects()
    yield
    for one in before:
        for field in schema.get(one.name).fields.values():
            if field.name.lower() not in one.fields:
                schema.remove_field(one.name, field.name)
        for field in one.fields.values():
            if schema.get(one.name).fields.get(field.name.lower()) != field:
                schema.add_field(one.name, field)


@pytest.fixture
def synced(hub: Hub) -> Hub:
    """Syncline after its first sync."""
    hub.sync()
    return hub


class Asked:
    """What is asked of an org from now on."""

    def __init__(self, org: Simulated) -> None:
        self._org = org
        entries = org.control("GET", "journal")
        self._mark = int(entries[-1]["number"]) if entries else 0

    def counted(self, path: str = "") -> list[dict[str, Any]]:
        """Requests that count towards the limits, whose path contains a text."""
        entries = self._org.control("GET", f"journal?after={self._mark}&path={path}")
        return [one for one in entries if one["cost"]]
