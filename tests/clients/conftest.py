"""Orgs for foreign clients. A client that insists on https://login.salesforce.com reaches them through its transport
adapter, which changes scheme, host and port and nothing else.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce

from tests import simulated
from tests.simulated import Simulated


class Detour(HTTPAdapter):
    """Sends what is meant for Salesforce to a simulated org; the Host header stays."""

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        super().__init__()

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        asked = urlsplit(request.url or "")
        if asked.hostname not in ("127.0.0.1", "localhost"):
            request.headers["Host"] = asked.netloc
        request.url = urlunsplit((self._target.scheme, self._target.netloc, asked.path, asked.query, ""))
        return super().send(request, stream, timeout, verify, cert, proxies)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulated]:
    """One org for all tests of a worker."""
    running = simulated.start(tmp_path_factory.mktemp("org"))
    yield running
    running.stop()


@pytest.fixture
def org(served: Simulated) -> Simulated:
    """A Developer Edition org as after its start."""
    served.control("POST", "reset")
    return served


@pytest.fixture(scope="session")
def served_people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulated]:
    """One org of 3,000 people, which tests only read."""
    running = simulated.start(tmp_path_factory.mktemp("people"), "people", 3_000)
    yield running
    running.stop()


def connect(served: Simulated, **how: Any) -> Salesforce:
    """simple-salesforce, connected to an org; by SOAP login unless told otherwise."""
    session = requests.Session()
    session.mount("https://", Detour(served.url))
    facts = served.facts
    if not how:
        how = {name: facts[name] for name in ("username", "password", "security_token")}
    return Salesforce(session=session, **how)


@pytest.fixture
def sf(org: Simulated) -> Salesforce:
    """simple-salesforce, logged in by SOAP."""
    return connect(org)
