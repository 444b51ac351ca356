"""Processes that tests start: other users of an embedded server, under this account or another."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
NOBODY = 65534

#: Joins the server of a folder, tells where it is, and leaves when its standard input ends.
_JOIN = """
import json, sys
from pathlib import Path
from syncline.errors import SynclineError
from syncline.store.embedded import EmbeddedServer, Options
try:
    with EmbeddedServer(Path(sys.argv[1]), Options(durable=False)).start() as handle:
        print(json.dumps({"pid": handle.pid, "url": handle.url(), "folder": str(handle.folder)}), flush=True)
        sys.stdin.read()
except SynclineError as error:
    print(json.dumps({"error": error.message, "remedy": error.remedy}), flush=True)
"""


@dataclass
class Joined:
    """A process that uses a server."""

    process: "subprocess.Popen[str]"
    said: dict[str, Any]

    def leave(self) -> None:
        """Ends it in good order, and waits for that."""
        self.process.communicate(timeout=60)


def start_joining(folder: Path) -> "subprocess.Popen[str]":
    """Starts a process that joins the server of a folder; `finish_joining` waits for it."""
    return subprocess.Popen(
        [sys.executable, "-c", _JOIN, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=plain_environment(),
    )


def finish_joining(process: "subprocess.Popen[str]") -> Joined:
    """Waits until the process has joined."""
    assert process.stdout is not None
    return Joined(process, json.loads(process.stdout.readline()))


@contextmanager
def joined(folder: Path) -> Iterator[Joined]:
    """A process that uses the server of a folder; killed at the end if it still runs."""
    process = start_joining(folder)
    try:
        yield finish_joining(process)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=60)


def run_as_nobody(code: str, *arguments: str) -> dict[str, Any]:
    """Runs Python code as an unprivileged account, and gives the JSON object it prints last."""
    if os.getuid() != 0:
        pytest.skip("needs root, to become somebody else")
    # The interpreter of the tests may lie under a closed home; a system one of the same version reads the same files.
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    python = next((path for path in ("/usr/bin", "/usr/local/bin") if (Path(path) / version).exists()), None)
    if python is None:
        pytest.skip(f"needs a {version} that every account can run")
    paths = [str(ROOT / "src"), *(path for path in sys.path if path.endswith("site-packages"))]
    done = subprocess.run(
        [f"{python}/{version}", "-c", code, *arguments],
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        cwd="/",
        env={
            **plain_environment(),
            "PYTHONPATH": ":".join(paths),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": "/nonexistent",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def run_syncline(home: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Runs the command `syncline` to its end."""
    return subprocess.run(
        [sys.executable, "-c", "from syncline.cli.main import main; main()", *arguments],
        cwd=ROOT,
        env={**plain_environment(), "SYNCLINE_HOME": str(home), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def plain_environment() -> dict[str, str]:
    """The environment without settings of Syncline."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("SYNCLINE_") and name not in ("DATABASE_URL", "DATABASE_URL_FILE")
    }
