"""Runs one contender as a process of its own, and measures from outside what it needs."""

import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
_LOOK_EVERY = 0.02


@dataclass(frozen=True)
class Measured:
    """What one run of a contender came to: its own answer, and its peak memory as seen from outside."""

    result: dict[str, Any]
    peak_rss_mib: float
    wall_seconds: float
    #: Seconds of processor time: of the contender, and of each server that worked for it meanwhile.
    cpu_seconds: dict[str, float] = field(default_factory=dict)


class BenchFailed(Exception):
    """A contender did not do its task."""


def say(text: str) -> None:
    """Tells whoever waits, beside the figures."""
    print(text, file=sys.stderr, flush=True)


def run_contender(
    python: Path,
    module: str,
    task: Mapping[str, Any],
    environment: Mapping[str, str] | None = None,
    pids: Mapping[str, int] | None = None,
) -> Measured:
    """Runs `python -m module` with the task on its standard input; `pids` are the servers that work for it, by name.

    Raises:
        BenchFailed: it ended with an error; its last lines are in the message.
    """
    began, spent = time.perf_counter(), _spent(pids or {})
    process = _start([str(python), "-m", module], environment or {})
    peak = PeakMemory(process.pid)
    peak.start()
    try:
        out, errors = process.communicate(json.dumps(dict(task)))
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        peak.stop()
    if process.returncode != 0:
        raise BenchFailed(f"{module} ended with status {process.returncode}:\n{_tail(errors or out)}")
    cpu = {name: seconds - spent[name] for name, seconds in _spent(pids or {}).items()}
    return Measured(json.loads(out.strip().splitlines()[-1]), peak.mib, time.perf_counter() - began, cpu)


def _spent(pids: Mapping[str, int]) -> dict[str, float]:
    """Seconds of processor time so far: of contenders that have ended, and of each server with its children."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"contender": ended.ru_utime + ended.ru_stime, **{name: _spent_by(pid) for name, pid in pids.items()}}


def _spent_by(pid: int) -> float:
    """Of a process, of its children that have ended, and of those that live."""
    ticks = 0
    for stat in (Path(f"/proc/{pid}/stat"), *(Path(f"/proc/{one}/stat") for one in _children(pid))):
        try:
            # After the name, which may hold anything: state is field 3, user and system time are 14 to 17.
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += sum(int(one) for one in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def _children(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []


def _start(command: Sequence[str], environment: Mapping[str, str]) -> "subprocess.Popen[str]":
    # Settings of the person's own installation must not reach the contenders.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("SYNCLINE_", "DATABASE_"))}
    return subprocess.Popen(
        list(command),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**inherited, **environment},
    )


def _tail(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-15:])


class PeakMemory(threading.Thread):
    """Watches the high-water mark of a process; the kernel keeps it, so that looking seldom loses nothing but the end.

    The resource usage of a waited-for child would not do: it never falls below the size of the parent at the fork.
    """

    def __init__(self, pid: int | None) -> None:
        super().__init__(daemon=True)
        self._status = Path(f"/proc/{pid}/status")
        self._ended = threading.Event()
        self.mib = 0.0

    @classmethod
    @contextmanager
    def of(cls, pid: int | None) -> Iterator["PeakMemory"]:
        """Watches a process while this lasts; of none, the peak stays 0."""
        watching = cls(pid)
        watching.start()
        try:
            yield watching
        finally:
            watching.stop()

    def run(self) -> None:
        while not self._ended.wait(_LOOK_EVERY):
            self._look()

    def stop(self) -> None:
        self._ended.set()
        self.join()

    def _look(self) -> None:
        try:
            lines = self._status.read_text().splitlines()
        except OSError:
            return
        for line in lines:
            if line.startswith("VmHWM:"):
                self.mib = max(self.mib, int(line.split()[1]) / 1024)
