"""Environments of their own for foreign clients, each from a lock with hashes, and programs run in them.

A client is installed once, by the first test that needs it, into a folder that git ignores; another lock makes it anew.
Those on Python are locked in NAME.txt and installed by uv, those on Node in NAME/package-lock.json, by npm.
The programs of `tests/clients/programs` know nothing of this project: they get what `simorg serve --json` prints, and
print what they saw as JSON.
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from simorg.access import client_environment
from tests.simulated import Simulated

_HERE = Path(__file__).resolve().parent
_INSTALLED = _HERE / ".installed"
_PROGRAMS = _HERE.parent / "programs"
_INSTALL_SECONDS = 240
_PROGRAM_SECONDS = 120


def install(name: str) -> Path:
    """The folder of a client's environment, which is made if need be; others wait for it meanwhile.

    Raises:
        RuntimeError: it cannot be installed, with what to do.
    """
    lock = _HERE / name / "package-lock.json" if _on_node(name) else _HERE / f"{name}.txt"
    wanted = sha256(lock.read_bytes() + sys.version.encode() + str(_HERE).encode()).hexdigest()
    folder = _INSTALLED / name
    stamp = folder / ".made-from"
    with _alone(name):
        if not stamp.exists() or stamp.read_text() != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            if _on_node(name):
                shutil.copytree(lock.parent, folder)
                _run(name, lock, ["npm", "ci", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund"])
            else:
                uv, python = str(Path(sys.executable).with_name("uv")), str(folder / "bin" / "python")
                _run(name, lock, [uv, "venv", "-q", "--python", sys.executable, str(folder)])
                _run(name, lock, [uv, "pip", "install", "-q", "--python", python, "--require-hashes", "-r", str(lock)])
            stamp.write_text(wanted)
    return folder


def _on_node(name: str) -> bool:
    return (_HERE / name).is_dir()


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """Lets one process at a time make an environment; the kernel frees the lock of one that dies."""
    _INSTALLED.mkdir(exist_ok=True)
    with (_INSTALLED / f"{name}.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _run(name: str, lock: Path, command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=False)
    if done.returncode:
        raise RuntimeError(
            f"The environment of {name} cannot be installed from {lock.relative_to(_HERE.parents[2])}.\n{done.stderr}"
            "It is installed once, from the package index that pip, uv and npm are set to use: run script/test clients "
            "once with a connection, later runs need none."
        )


def run(name: str, program: str, org: Simulated, road: str) -> dict[str, Any]:
    """Runs a program in a client's environment against an org, and gives the JSON that it prints.

    `road` is `proxy`, where the client knows only Salesforce's own host names, or `tls`, where it is told an address.
    """
    surroundings = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    surroundings |= client_environment(org.facts)
    if road == "tls":
        del surroundings["HTTPS_PROXY"]
    facts = json.dumps({**org.facts, "road": road})
    folder = install(name)
    if _on_node(name):
        surroundings["NODE_PATH"] = str(folder / "node_modules")
    runner = ["node"] if _on_node(name) else [str(folder / "bin" / "python"), "-W", "ignore"]
    done = subprocess.run(
        [*runner, str(_PROGRAMS / program)], input=facts, env=surroundings, capture_output=True, text=True,
        timeout=_PROGRAM_SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{program} failed\n{done.stderr}"
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told
