"""`syncline db`: lets other tools reach the database."""

from typing import Annotated

import typer

from syncline.bootstrap import App
from syncline.cli.output import Output
from syncline.cli.session import Json, session
from syncline.config import read_settings
from syncline.errors import OperatorError

app = typer.Typer(help="Reach the database with tools of your own.", no_args_is_help=True, add_completion=False)


@app.callback()
def group() -> None:
    """Reach the database with tools of your own."""


@app.command()
def url(
    tcp: Annotated[
        bool, typer.Option("--tcp", help="Open 127.0.0.1 on a free port for the read-only role, until Ctrl-C.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Print the URL of the database, and leave its server running for you.

    The next Syncline command that ends stops the server again, and so does `syncline db stop`.

    Examples:

      psql "$(syncline db url)"

      syncline db url --tcp
    """
    output = Output(as_json=as_json)
    with session(output) as opened:
        if tcp:
            _serve_tcp(opened, output)
        else:
            if opened.server is not None:
                opened.server.leave_running()
            output.line(opened.database.url)
            output.result({"url": opened.database.url})


@app.command()
def stop(as_json: Json = False) -> None:
    """Stop the built-in server, unless another Syncline process uses it.

    Examples:

      syncline db stop
    """
    from syncline.store.embedded import EmbeddedServer, Options

    output = Output(as_json=as_json)
    settings = read_settings()
    if settings.database_url is not None:
        raise OperatorError("DATABASE_URL names a server that Syncline did not start.", remedy="Stop it where it runs.")
    running = EmbeddedServer(settings.server_folder, Options(binaries=settings.pg_bin)).stop()
    output.line("Other Syncline processes use the server: it runs on." if running else "The server is stopped.")
    output.result({"running": running})


def _serve_tcp(opened: App, output: Output) -> None:
    import threading

    from syncline.store.embedded.door import Door

    if opened.server is None:
        raise OperatorError(
            "DATABASE_URL names a server of its own, which listens where it listens.",
            remedy="Print its URL with `syncline db url`.",
        )
    with Door(opened.server.socket()) as door:
        address = opened.server.reader_tcp_url(door.port)
        if not output.as_json:
            print(address, flush=True)
        output.result({"url": address, "port": door.port})
        output.note("open until Ctrl-C")
        threading.Event().wait()
