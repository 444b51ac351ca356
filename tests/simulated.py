"""Simulated orgs inside the test's process, served over real HTTP, and their control plane by HTTP."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from simorg.access import describe_access
from simorg.opening import open_org
from simorg.org import Org
from simorg.server import RunningServer, start_server
from simorg.settings import Settings


@dataclass
class Simulated:
    """A served org with what is needed to reach it."""

    server: RunningServer
    facts: dict[str, Any]

    @property
    def org(self) -> Org:
        """The org itself, for settings and faults."""
        return self.server.org

    @property
    def url(self) -> str:
        """Where it answers."""
        return self.server.url

    def control(self, method: str, path: str, body: object = None) -> Any:
        """A call of the control plane."""
        headers = {"X-Simorg-Token": self.facts["admin_token"]}
        answer = requests.request(method, f"{self.url}/__org__/{path}", json=body, headers=headers, timeout=60)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def log_in(self) -> str:
        """A token of the integration user, by client credentials."""
        form = {
            "grant_type": "client_credentials",
            "client_id": self.facts["client_id"],
            "client_secret": self.facts["client_secret"],
        }
        answer = requests.post(f"{self.url}/services/oauth2/token", data=form, timeout=60)
        answer.raise_for_status()
        token: str = answer.json()["access_token"]
        return token

    def call(
        self, method: str, path: str, *, version: str = "64.0", token: str = "", **options: Any
    ) -> requests.Response:
        """A request below /services/data/vNN.0, with a session."""
        headers = {"Authorization": f"Bearer {token or self.log_in()}", **options.pop("headers", {})}
        url = f"{self.url}/services/data/v{version}{path}"
        return requests.request(method, url, headers=headers, timeout=60, **options)

    def stop(self) -> None:
        """Ends it."""
        self.server.stop()
        self.org.close()


def start(folder: Path, seed: str = "developer-edition", people: int | None = None, *, bare: bool = False) -> Simulated:
    """A served org, planted in a folder."""
    org = open_org(folder, seed, people, Settings(bare=bare))
    server = start_server(org)
    return Simulated(server, describe_access(server))
