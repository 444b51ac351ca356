"""What the contenders work with: a simulated org in a process of its own, one PostgreSQL, the peers' environment."""

import json
import os
import shutil
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg

from bench.fields import API_VERSION, FIELDS
from bench.measure import ROOT, BenchFailed
from syncline.store.embedded import EmbeddedServer, ServerHandle

CACHE = ROOT / "bench" / ".cache"
_SIMORG = Path(sys.executable).with_name("simorg")
_PATIENCE = 300


class Org:
    """A running simulated org: its own API, and the control plane beside it."""

    def __init__(self, ready: dict[str, Any], pid: int | None = None) -> None:
        self.pid = pid
        self.url: str = ready["url"]
        self.ca_bundle: str = ready["ca_bundle"]
        self.client_id: str = ready["client_id"]
        self.client_secret: str = ready["client_secret"]
        self.admin_token: str = ready["admin_token"]

    def control(self, method: str, path: str, body: object = None) -> Any:
        """Asks the control plane."""
        return _request(method, f"{self.url}/__org__/{path}", {"X-Simorg-Token": self.admin_token}, body)

    def token(self) -> str:
        """An access token of the integration user."""
        form = {"grant_type": "client_credentials", "client_id": self.client_id, "client_secret": self.client_secret}
        request = urllib.request.Request(
            f"{self.url}/services/oauth2/token", data=urllib.parse.urlencode(form).encode()
        )
        with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:
            token: str = json.load(answer)["access_token"]
        return token

    def data(self, token: str, method: str, path: str, body: object = None) -> Any:
        """Asks the org's own REST API."""
        headers = {"Authorization": f"Bearer {token}"}
        return _request(method, f"{self.url}/services/data/v{API_VERSION}/{path}", headers, body)

    def count(self) -> dict[str, int]:
        """How many records of each object there are, deleted ones included."""
        token = self.token()
        counts = {}
        for name in FIELDS:
            soql = urllib.parse.quote(f"SELECT COUNT() FROM {name}")
            counts[name] = self.data(token, "GET", f"queryAll?q={soql}")["totalSize"]
        return counts

    def clear_journal(self) -> None:
        """Forgets the requests so far."""
        self.control("DELETE", "journal")

    def count_calls(self) -> int:
        """Requests since the journal was cleared that an org would count against its daily limit."""
        return sum(int(row["cost"]) for row in self.control("GET", "journal"))

    def count_requests(self, method: str, path: str) -> int:
        """Requests since the journal was cleared, of that method and with that in their path."""
        return len(self.control("GET", f"journal?method={method}&path={urllib.parse.quote(path)}"))


def _request(method: str, url: str, headers: dict[str, str], body: object) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        url, data=data, method=method, headers={**headers, "Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:
        text = answer.read()
    return json.loads(text) if text.strip() else None


def prepare_org(people: int) -> Path:
    """The folder of an org with that many people; made once and kept."""
    folder = CACHE / f"org-{people}"
    if not folder.exists():
        unfinished = CACHE / f"org-{people}.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        CACHE.mkdir(parents=True, exist_ok=True)
        print(f"preparing an org with {people:,} people …", file=sys.stderr, flush=True)
        command = [str(_SIMORG), "seed", "people", "--people", str(people), "--data", str(unfinished)]
        subprocess.run(command, check=True, stdout=sys.stderr)
        unfinished.rename(folder)
    return folder


@contextmanager
def serve_org(people: int, *, own_copy: bool = False) -> Iterator[Org]:
    """A running org with that many people; `own_copy` leaves the prepared data as they are."""
    folder = prepare_org(people)
    served = folder
    if own_copy:
        served = CACHE / f"org-{people}.copy-{os.getpid()}"
        shutil.rmtree(served, ignore_errors=True)
        shutil.copytree(folder, served)
    command = [str(_SIMORG), "serve", "--port", "0", "--seed", "people", "--people", str(people)]
    process = subprocess.Popen([*command, "--data", str(served), "--json"], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise BenchFailed("the simulated org did not start; its reason stands above")
        yield Org(json.loads(line), process.pid)
    finally:
        process.terminate()
        process.communicate(timeout=60)
        if own_copy:
            shutil.rmtree(served, ignore_errors=True)


@contextmanager
def serve_database() -> Iterator[ServerHandle]:
    """One embedded PostgreSQL with Syncline's own, durable settings, for all contenders."""
    with EmbeddedServer(CACHE / "postgresql").start() as handle:
        yield handle


@contextmanager
def fresh_database(server: ServerHandle, name: str) -> Iterator[str]:
    """The URL of an empty database, which is dropped at the end; what ran before is written out first."""
    with psycopg.connect(server.admin_url(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name} OWNER syncline")
        connection.execute("CHECKPOINT")
    try:
        yield server.url(name)
    finally:
        with psycopg.connect(server.admin_url(), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def peers_python() -> Path:
    """The interpreter of the peers' environment, made on first use from its own lock."""
    lock = ROOT / "bench" / "requirements.txt"
    venv = CACHE / "venv"
    stamp = venv / ".made-from"
    python = venv / "bin" / "python"
    wanted = sha256(lock.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    print("installing the peers …", file=sys.stderr, flush=True)
    uv = str(Path(sys.executable).with_name("uv"))
    shutil.rmtree(venv, ignore_errors=True)
    subprocess.run([uv, "venv", "-q", "--python", sys.executable, str(venv)], check=True)
    subprocess.run(
        [uv, "pip", "install", "-q", "--python", str(python), "--require-hashes", "-r", str(lock)], check=True
    )
    stamp.write_text(wanted)
    return python
