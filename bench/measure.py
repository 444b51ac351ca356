"""Runs one contender as a process of its own, and measures from outside what it needs."""

import json
import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


class BenchFailed(Exception):
    """A contender did not do its task."""


def run_contender(
    python: Path, module: str, task: Mapping[str, Any], environment: Mapping[str, str] | None = None
) -> Measured:
    """Runs `python -m module` with the task on its standard input.

    Raises:
        BenchFailed: it ended with an error; its last lines are in the message.
    """
    began = time.perf_counter()
    process = _start([str(python), "-m", module], environment or {})
    peak = _PeakMemory(process.pid)
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
    return Measured(json.loads(out.strip().splitlines()[-1]), peak.mib, time.perf_counter() - began)


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


class _PeakMemory(threading.Thread):
    """Watches the high-water mark of a process; the kernel keeps it, so that looking seldom loses nothing but the end.

    The resource usage of a waited-for child would not do: it never falls below the size of the parent at the fork.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._status = Path(f"/proc/{pid}/status")
        self._ended = threading.Event()
        self.mib = 0.0

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
