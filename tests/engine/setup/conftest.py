"""Orgs in which nothing is set up, and an administrator's session in them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from syncline.domain.mapping import Mapping
from syncline.domain.provision import Actual, Blueprint, Step
from syncline.flows.connect import open_session
from syncline.salesforce.client import Salesforce
from syncline.setup import provision
from syncline.setup.blueprint import Choices, build_blueprint
from tests import simulated
from tests.simulated import Simulated


@dataclass
class Empty:
    """An org without anything of ours, and an administrator in it."""

    org: Simulated
    client: Salesforce

    def session_of(self, username: str) -> str:
        """A session of a user."""
        token: str = self.org.control("POST", "sessions", {"username": username})["access_token"]
        return token

    def blueprint(self, mapping: Mapping | None = None, **choices: object) -> Blueprint:
        """What is to be, by default or as chosen."""
        chosen = Choices(username="syncline@people.example", **choices)  # type: ignore[arg-type]  # as Choices has them
        return build_blueprint(self.client, chosen, mapping)[0]

    def apply(self, blueprint: Blueprint, told: Callable[[Step], None] = lambda _: None) -> Actual:
        """Sets it up."""
        return provision.apply(self.client, blueprint, told)


@pytest.fixture
def start_empty(tmp_path: Path) -> Iterator[Callable[[], Empty]]:
    """Starts such orgs."""
    running = []
    opened = []

    def start() -> Empty:
        org = simulated.start(tmp_path / f"org{len(running)}", "people", 40, bare=True)
        running.append(org)
        token = org.control("POST", "sessions", {"username": org.facts["administrator"]["username"]})["access_token"]
        session = open_session(org.url, token)
        opened.append(session)
        return Empty(org, session.__enter__())

    yield start
    for session in opened:
        session.__exit__(None, None, None)
    for org in running:
        org.stop()


@pytest.fixture
def empty(start_empty: Callable[[], Empty]) -> Empty:
    """One of them."""
    return start_empty()
