"""`syncline up`: everything in one process: the worker, the status page, and the database that comes with it."""

from typing import Annotated

import typer

from syncline.cli.output import Output
from syncline.cli.session import Json, session
from syncline.cli.web import PORT, Host, Names, Port
from syncline.cli.worker import end_with_signals

app = typer.Typer(help="Run everything in one process: the worker and the status page.", add_completion=False)


@app.command()
def up(
    host: Host = "127.0.0.1",
    port: Port = PORT,
    allow_host: Names = None,
    slots: Annotated[int, typer.Option("--slots", min=1, max=32, help="Connections worked on side by side.")] = 2,
    as_json: Json = False,
) -> None:
    """Run everything in one process until Ctrl-C or SIGTERM: the worker, the status page, and PostgreSQL.

    For more, run `syncline web` and `syncline worker` as often as you like beside a PostgreSQL of your own
    (DATABASE_URL): it is the same program.

    Examples:

      syncline up

      syncline up --port 9000
    """
    output = Output(as_json=as_json)
    with session(output) as opened:
        from syncline.cli.logs import log_to_stderr
        from syncline.jobs.worker import Worker, WorkerOptions
        from syncline.web.serving import WebServer

        log_to_stderr(opened.settings)
        working = Worker(opened, WorkerOptions(slots=slots))
        server = WebServer(opened, host, port, allow_host or ())
        url = server.start()
        output.note(f"working, and serving {url}; Ctrl-C ends it")
        output.result({"working": True, "url": url})
        try:
            end_with_signals(working.end)
            working.run()
        finally:
            server.end()
