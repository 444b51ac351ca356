"""The web server: Django's application on waitress, in threads of this process."""

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import waitress
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler

from syncline.bootstrap import App
from syncline.errors import OperatorError
from syncline.web.names import APP_KEY

#: Names under which a page on this machine may be asked for; another page cannot reach it by a name of its own.
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
_THREADS = 4


class WebServer:
    """Serves the status page until `end` is called."""

    def __init__(self, app: App, host: str, port: int, names: Sequence[str] = ()) -> None:
        self._app = app
        self._host = host
        self._port = port
        self._names = [*LOOPBACK_NAMES, host, *names]
        self._thread: threading.Thread | None = None
        self._server: Any = None

    def start(self) -> str:
        """Begins to serve in threads of its own, and gives the address.

        Raises:
            OperatorError: the address cannot be used.
        """
        settings.ALLOWED_HOSTS = self._names
        try:
            self._server = waitress.create_server(
                build_application(self._app), host=self._host, port=self._port, threads=_THREADS, ident=None
            )
        except OSError as problem:
            raise OperatorError(
                f"{self._host}:{self._port} cannot be served: {problem.strerror}.", remedy="Choose another --port."
            ) from problem
        self._thread = threading.Thread(target=self._server.run, name="web")
        self._thread.start()
        return f"http://{self._host}:{self._server.effective_port}/"

    def end(self) -> None:
        """Ends it; safe to call twice."""
        if self._server is not None and self._thread is not None:
            self._server.close()
            self._thread.join()
            self._thread = None


Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def build_application(app: App) -> Wsgi:
    """The application for a WSGI server; Django must have been set up."""
    django = WSGIHandler()

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return django({**environ, APP_KEY: app}, start_response)

    return serve
