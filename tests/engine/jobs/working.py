"""Workers beside a hub: as threads of the test, or as processes of their own."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from syncline import clock
from syncline.bootstrap import App
from syncline.config import Settings
from syncline.jobs.queue import Signs
from syncline.jobs.worker import Worker, WorkerOptions
from tests.engine.orgs import Hub
from tests.processes import ROOT, plain_environment

#: Everything soon, so that tests wait little.
QUICK = WorkerOptions(slots=2, signs=Signs(every=0.3, silence=2.0), dispatch_every=0.1, sweep_every=0.3)

_WORK = """
import logging, signal, sys
from tests.engine.jobs.working import QUICK
from syncline.bootstrap import open_app
from syncline.config import read_settings
from syncline.jobs.worker import Worker
logging.basicConfig(level="INFO", stream=sys.stderr)
with open_app(read_settings()) as app:
    worker = Worker(app, QUICK)
    signal.signal(signal.SIGTERM, lambda *_: worker.end())
    print("working", flush=True)
    worker.run()
"""


def app_of(hub: Hub) -> App:
    """The application on the hub's database."""
    return App(Settings(home=Path("/nonexistent")), hub.database, hub.keys, None)


@contextmanager
def working(hub: Hub, options: WorkerOptions = QUICK) -> Iterator[Worker]:
    """A worker in this process."""
    worker = Worker(app_of(hub), options)
    thread = threading.Thread(target=worker.run, name="worker")
    thread.start()
    try:
        yield worker
    finally:
        worker.end()
        thread.join(60)
        assert not thread.is_alive()


@contextmanager
def worker_process(hub: Hub, home: Path, **environment: str) -> Iterator["subprocess.Popen[str]"]:
    """A worker as a process of its own, with quick signs of life; killed at the end if it still runs."""
    log = (home / "worker.log").open("a")
    process = subprocess.Popen(
        [sys.executable, "-c", _WORK],
        cwd=ROOT,
        env={
            **plain_environment(),
            "SYNCLINE_HOME": str(home),
            "SYNCLINE_KEY_FILE": str(hub.keys.path),
            "DATABASE_URL": hub.database.url,
            **environment,
        },
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "working\n", (home / "worker.log").read_text()
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=60)
        log.close()


def wait_until(what: Callable[[], bool], seconds: float = 60.0) -> float:
    """Waits until it is so; gives the seconds that took."""
    started = clock.monotonic()
    while not what():
        assert clock.monotonic() - started < seconds, "it did not become so"
        clock.sleep(0.05)
    return clock.monotonic() - started
