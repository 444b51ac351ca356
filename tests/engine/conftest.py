"""A simulated org of a few hundred people beside the test's database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from syncline.flows.connect import make_client
from syncline.salesforce.client import Salesforce
from syncline.store.database import Database
from syncline.store.secrets import KeyRing
from tests import simulated
from tests.engine.orgs import Hub, colleague_of, login_to
from tests.simulated import Simulated

PEOPLE = 300


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulated]:
    """One org for all tests of a worker."""
    running = simulated.start(tmp_path_factory.mktemp("org"), "people", PEOPLE)
    yield running
    running.stop()


@pytest.fixture
def org(served: Simulated) -> Iterator[Simulated]:
    """The org as after its start."""
    settings = served.control("GET", "settings")
    served.control("POST", "reset", {"people": PEOPLE})
    yield served
    served.control("POST", "settings", settings)


@pytest.fixture(scope="session")
def served_bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulated]:
    """One org without our fields."""
    running = simulated.start(tmp_path_factory.mktemp("bare"), "people", PEOPLE, bare=True)
    yield running
    running.stop()


@pytest.fixture
def bare_org(served_bare: Simulated) -> Simulated:
    """The org without our fields, as after its start."""
    served_bare.control("POST", "reset", {"people": PEOPLE})
    return served_bare


@pytest.fixture
def client(org: Simulated) -> Iterator[Salesforce]:
    """Syncline's client, as the integration user."""
    with make_client(login_to(org)) as client:
        yield client


@pytest.fixture
def colleague(org: Simulated) -> Iterator[Salesforce]:
    """Somebody else who works in the org."""
    with colleague_of(org) as client:
        yield client


@pytest.fixture
def hub(database: Database, org: Simulated, tmp_path: Path) -> Hub:
    """Syncline connected to the org, with nothing read yet."""
    hub = Hub(database, KeyRing(tmp_path / "keys" / "ring.json"), org)
    hub.connect()
    return hub


@pytest.fixture
def bare_hub(database: Database, bare_org: Simulated, tmp_path: Path) -> Hub:
    """Syncline connected to the org without our fields."""
    hub = Hub(database, KeyRing(tmp_path / "keys" / "ring.json"), bare_org)
    hub.connect()
    return hub
