"""`syncline worker`: works on all connections by their schedules until it is told to end."""

import signal
import threading
from collections.abc import Callable
from typing import Annotated

import typer

from syncline.cli.output import Output
from syncline.cli.session import Json, session

app = typer.Typer(help="Work on all connections by their schedules.", add_completion=False)


@app.command()
def worker(
    slots: Annotated[int, typer.Option("--slots", min=1, max=32, help="Connections worked on side by side.")] = 2,
    as_json: Json = False,
) -> None:
    """Work on all connections by their schedules, until Ctrl-C or SIGTERM.

    Any number of workers may run, on any machines that reach the database (DATABASE_URL): each connection is worked
    on by one of them at a time, and what a worker that died left is taken up within a minute. Opt-outs have a place
    of their own in each worker and never wait for a large run. Logs are JSON lines on standard error; with --json the
    line that says it is ready is one JSON object on standard output.

    Examples:

      syncline worker

      SYNCLINE_LOG=info DATABASE_URL=postgresql://... syncline worker --slots 4
    """
    output = Output(as_json=as_json)
    with session(output) as opened:
        from syncline.cli.logs import log_to_stderr
        from syncline.jobs.worker import Worker, WorkerOptions

        log_to_stderr(opened.settings)
        working = Worker(opened, WorkerOptions(slots=slots))
        end_with_signals(working.end)
        output.note("working; Ctrl-C ends it")
        output.result({"working": True})
        working.run()


def end_with_signals(end: Callable[[], None]) -> None:
    """Calls `end` in a thread of its own at SIGTERM or Ctrl-C; a second Ctrl-C breaks off."""

    def handle(number: int, _: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        # A signal may come while this thread holds a lock that `end` needs.
        threading.Thread(target=end, name=f"signal {number}").start()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)
