"""Several orgs in one process: production, sandboxes, several My Domains; each with its own records, users and journal.

They share the certificate authority and nothing else. Each has a port of its own for plain URLs; under Salesforce's
host names every port leads to the org that the name or the login is for (`simorg.directory`).
"""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from simorg import clock
from simorg.access import describe_access
from simorg.app import App
from simorg.directory import Directory
from simorg.opening import open_org
from simorg.org import Org
from simorg.seeds import NAMES
from simorg.server import LOOPBACK, RunningServer, Server, serve_from_thread
from simorg.settings import Settings
from simorg.transport.tls import make_tls

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,60}[a-z0-9])?")


@dataclass(frozen=True)
class OrgOrder:
    """An org that is asked for. `name` is the first label of its My Domain (`acme`, `acme--uat` for a sandbox)."""

    name: str
    seed: str = "developer-edition"
    people: int | None = None
    sandbox: bool = False
    bare: bool = False
    bare_rights: bool = False
    port: int = 0


def read_order(asked: Mapping[str, Any]) -> OrgOrder:
    """An order as JSON has it.

    Raises:
        ValueError: it is none.
    """
    known = {one.name for one in fields(OrgOrder)}
    unknown = sorted(set(asked) - known)
    if unknown:
        raise ValueError(f"no such facts about an org: {', '.join(unknown)}. There are: {', '.join(sorted(known))}")
    order = OrgOrder(**{**asked, "name": str(asked.get("name", ""))})
    if not _NAME.fullmatch(order.name):
        raise ValueError(f"an org's name has small letters, digits and hyphens: {order.name!r}")
    if order.seed not in NAMES:
        raise ValueError(f"no such seed: {order.seed!r}. There are: {', '.join(NAMES)}")
    return order


class Hosting:
    """The orgs of one process. `close` ends them."""

    def __init__(self, folder: Path, host: str = LOOPBACK) -> None:
        self._folder = folder
        self._host = host
        self._lock = threading.Lock()
        self._directory = Directory()
        self._servers: dict[str, RunningServer] = {}
        self._tls = make_tls(folder / "tls", clock.now(), () if host == LOOPBACK else (host,))

    def add(self, order: OrgOrder) -> RunningServer:
        """Opens an org and serves it.

        Raises:
            ValueError: there is one of this name.
            WrongFolder: its folder holds another.
            OSError: its port is taken.
        """
        with self._lock:
            if order.name in self._servers:
                raise ValueError(f"there is an org {order.name!r} already")
            settings = Settings(bare=order.bare, bare_rights=order.bare_rights)
            folder = self._folder / order.name
            org = open_org(folder, order.seed, order.people, settings, name=order.name, sandbox=order.sandbox)
            try:
                return self._serve(org, order.port)
            except OSError:
                org.close()
                raise

    def adopt(self, org: Org, port: int = 0) -> RunningServer:
        """Serves an org that is open already; it is closed with the others.

        Raises:
            OSError: the port is taken.
        """
        with self._lock:
            return self._serve(org, port)

    def remove(self, name: str) -> None:
        """Ends an org; its folder stays.

        Raises:
            ValueError: there is none, or it is the first, which the others came by.
        """
        with self._lock:
            first = next(iter(self._servers), None)
            if name not in self._servers or name == first:
                raise ValueError(f"no org that can be ended: {name!r}")
            self._end(name)

    def listed(self) -> list[RunningServer]:
        """The orgs, in the order they came."""
        with self._lock:
            return list(self._servers.values())

    def close(self) -> None:
        """Ends them all."""
        with self._lock:
            for name in list(self._servers):
                self._end(name)

    def keeps(self, org: Org) -> bool:
        """Whether the control plane of an org may add and end others: the first's alone."""
        servers = self.listed()
        return bool(servers) and servers[0].org is org

    def order(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Adds an org as the control plane asks; gives how to reach it."""
        return describe_access(self.add(read_order(asked)))

    def described(self) -> list[dict[str, Any]]:
        """How to reach each org."""
        return [describe_access(server) for server in self.listed()]

    def _serve(self, org: Org, port: int) -> RunningServer:
        app = App(org, self)
        running = serve_from_thread(Server((self._host, port), app, self._tls, self._directory))
        self._directory.add(app)
        self._servers[org.name] = running
        return running

    def _end(self, name: str) -> None:
        running = self._servers.pop(name)
        self._directory.remove(name)
        running.stop()
        running.org.close()
