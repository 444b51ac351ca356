"""The contenders: which process each is, and how one run of it is prepared, measured and counted."""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.measure import run_contender
from bench.services import Org, fresh_database, peers_python
from syncline.store.embedded import ServerHandle

MODULES = {
    "syncline": "bench.peers.syncline_import",
    "script": "bench.peers.hand_script",
    "dlt": "bench.peers.dlt_pipeline",
}


@dataclass(frozen=True)
class Arena:
    """Where a contender runs."""

    org: Org
    server: ServerHandle
    #: By object, what the org counts.
    expected: dict[str, int]
    #: The interpreter that peers run with; their own environment, made on first use, where it is None.
    peers: Path | None = None

    @property
    def peer(self) -> Path:
        """The interpreter that peers run with."""
        return self.peers or peers_python()

    @property
    def pids(self) -> dict[str, int]:
        """The servers that work for a contender, by name, as far as they are processes of their own."""
        found = {"postgresql": self.server.pid, "simorg": self.org.pid}
        return {name: pid for name, pid in found.items() if pid}


def make_task(arena: Arena, database_url: str, folder: Path, threads: int = 1) -> dict[str, Any]:
    """What the contender is told."""
    return {
        "org_url": arena.org.url,
        "client_id": arena.org.client_id,
        "client_secret": arena.org.client_secret,
        "database_url": database_url,
        "folder": str(folder),
        "expected": arena.expected,
        "threads": threads,
    }


def python_of(name: str) -> Path:
    """The interpreter that a contender runs with."""
    return Path(sys.executable) if name == "syncline" else peers_python()


def home_environment(name: str, database_url: str, folder: Path) -> dict[str, str]:
    """The settings of a contender's process: Syncline works in the database that the peers get, too."""
    if name == "syncline":
        return {"DATABASE_URL": database_url, "SYNCLINE_HOME": str(folder)}
    # dlt keeps its files in the folder of the run, and is not to call home.
    return {"DLT_DATA_DIR": str(folder), "RUNTIME__DLTHUB_TELEMETRY": "false"}


def run_once(name: str, arena: Arena, threads: int = 1) -> dict[str, Any]:
    """One import by one contender into an empty database; the raw figures of the run."""
    with tempfile.TemporaryDirectory(prefix="bench-") as home, fresh_database(arena.server, f"bench_{name}") as url:
        folder = Path(home)
        arena.org.clear_journal()
        measured = run_contender(
            python_of(name),
            MODULES[name],
            make_task(arena, url, folder, threads),
            home_environment(name, url, folder),
        )
        calls = arena.org.count_calls()
    result = measured.result
    return {
        "contender": name,
        **result,
        "rows_per_second": result["rows"] / result["seconds"],
        "rows_per_second_total": result["rows"] / result["seconds_total"],
        "api_calls": calls,
        "peak_rss_mib": measured.peak_rss_mib,
        "wall_seconds": measured.wall_seconds,
    }
