"""Starts the simulated org as a process of its own and stops it again; Syncline reaches it only by HTTP."""

import json
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from syncline import clock
from syncline.errors import OperatorError

#: Of the console script `simorg`, found wherever this interpreter finds it.
_PROGRAM = "from simorg.cli import main; main()"
_STOP_WITHIN = 10.0
_LOOK_EVERY = 0.05
#: A million people are made in about a minute; slow machines get time.
_READY_WITHIN = 900.0


@dataclass(frozen=True)
class OrgOptions:
    """What the org is to be like; the lag in seconds."""

    seed: str = "people"
    people: int = 10_000
    bare: bool = False
    commit_lag: float = 0.0


@dataclass
class SimulatedOrg:
    """A running org and the facts it told about itself when it was ready."""

    pid: int
    facts: dict[str, object] = field(repr=False)
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Where it answers."""
        return str(self.facts["url"])

    def stop(self) -> None:
        """Ends it, firmly if need be, and waits until it is gone."""
        _end(self.pid, self._process)


def start_org(folder: Path, options: OrgOptions, tell: Callable[[str], None]) -> SimulatedOrg:
    """Starts an org that keeps its data and its log in the folder, and waits until it is ready.

    Raises:
        OperatorError: it did not start; the message has its last words.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "simorg.log"
    command = [sys.executable, "-c", _PROGRAM, "serve", "--port", "0", "--seed", options.seed, "--json"]
    command += ["--data", str(folder / "data")]
    if options.seed == "people":
        command += ["--people", str(options.people)]
    if options.bare:
        command.append("--bare")
    if options.commit_lag:
        command += ["--commit-lag", str(options.commit_lag)]
    with log.open("wb") as errors:
        # A session of its own: Ctrl-C reaches us alone, and we end it in order; it may also outlive us.
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, start_new_session=True
        )
    try:
        line = _read_line(process, tell)
        facts = json.loads(line)
    except BaseException as problem:
        _end(process.pid, process)
        if isinstance(problem, ValueError):
            words = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise OperatorError(
                f"The simulated org did not start: {words[-1] if words else 'it said nothing'}",
                remedy=f"Its log is {log}.",
            ) from problem
        raise
    return SimulatedOrg(process.pid, facts, process)


def _read_line(process: subprocess.Popen[bytes], tell: Callable[[str], None]) -> bytes:
    """The one line that the org prints when it is ready; empty where it ends before.

    Raises:
        OperatorError: it took too long.
    """
    assert process.stdout is not None
    deadline = clock.monotonic() + _READY_WITHIN
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        tell("waiting for the simulated org")
        while not selector.select(timeout=1.0):
            if clock.monotonic() > deadline:
                raise OperatorError("The simulated org is not ready after 15 minutes.", remedy="Ask for fewer people.")
    return process.stdout.readline()


def remember(org: SimulatedOrg, file: Path) -> None:
    """Keeps what is needed to stop the org later; the file holds its secrets and is the owner's alone."""
    file.touch(mode=0o600)
    file.write_text(json.dumps({"pid": org.pid, "facts": org.facts}), encoding="utf-8")


def stop_remembered(file: Path) -> bool:
    """Stops the org that the file remembers, if it still runs; says whether it did."""
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        pid = int(kept["pid"])
    except (OSError, ValueError, KeyError):
        return False
    running = _is_ours(pid)
    if running:
        _end(pid, None)
    file.unlink()
    return running


def _is_ours(pid: int) -> bool:
    """Whether the process of that number is an org of ours: numbers are used again."""
    told = Path(f"/proc/{pid}/cmdline")
    if told.parent.parent.joinpath("self").exists():
        return told.exists() and b"simorg.cli" in told.read_bytes()
    shown = subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, check=False, text=True).stdout
    return "simorg.cli" in shown


def _end(pid: int, process: subprocess.Popen[bytes] | None) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = clock.monotonic() + _STOP_WITHIN
        while _is_running(pid, process):
            if clock.monotonic() > deadline:
                break
            clock.sleep(_LOOK_EVERY)
        else:
            break
    if process is not None and process.stdout is not None:
        process.stdout.close()


def _is_running(pid: int, process: subprocess.Popen[bytes] | None) -> bool:
    if process is not None:
        return process.poll() is None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
