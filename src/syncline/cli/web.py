"""`syncline web`: the status page, and what monitoring asks for."""

import threading
from typing import Annotated

import typer

from syncline.cli.output import Output
from syncline.cli.session import Json, session
from syncline.cli.worker import end_with_signals

app = typer.Typer(help="Serve the status page and what monitoring asks for.", add_completion=False)

#: The options of every command that serves.
Host = Annotated[str, typer.Option("--host", metavar="ADDRESS", help="The address to serve on.")]
Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="The port; 0 chooses a free one.")]
Names = Annotated[
    list[str] | None,
    typer.Option("--allow-host", metavar="NAME", help="A further name under which it may be asked for."),
]
PORT = 8080


@app.command()
def web(host: Host = "127.0.0.1", port: Port = PORT, allow_host: Names = None, as_json: Json = False) -> None:
    """Serve the status page until Ctrl-C or SIGTERM: /, /healthz, /readyz, and /metrics for Prometheus.

    It is for this machine: nobody has to log in. Before you serve it on another address, put something in front that
    asks who is there.

    Examples:

      syncline web

      syncline web --port 9000
    """
    output = Output(as_json=as_json)
    with session(output) as opened:
        from syncline.cli.logs import log_to_stderr
        from syncline.web.serving import WebServer

        log_to_stderr(opened.settings)
        ending = threading.Event()
        server = WebServer(opened, host, port, allow_host or ())
        url = server.start()
        output.note(f"serving {url}; Ctrl-C ends it")
        output.result({"url": url})
        try:
            end_with_signals(ending.set)
            ending.wait()
        finally:
            server.end()
