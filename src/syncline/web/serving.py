"""The web server: Django's application on waitress, in threads of this process."""

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import waitress
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from waitress import wasyncore

from syncline.bootstrap import App
from syncline.errors import OperatorError
from syncline.web.names import APP_KEY

#: Names under which a page on this machine may be asked for; another page cannot reach it by a name of its own.
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
_THREADS = 4
_LOOK_EVERY = 0.2


class WebServer:
    """Serves the status page until `end` is called."""

    def __init__(self, app: App, host: str, port: int, names: Sequence[str] = ()) -> None:
        self._app = app
        self._host = host
        self._port = port
        self._names = [*LOOPBACK_NAMES, host, *names]
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._sockets: dict[int, Any] = {}

    def start(self) -> str:
        """Begins to serve in threads of its own, and gives the address.

        Raises:
            OperatorError: the address cannot be used.
        """
        settings.ALLOWED_HOSTS = self._names
        try:
            server: Any = waitress.create_server(
                build_application(self._app),
                map=self._sockets,
                host=self._host,
                port=self._port,
                threads=_THREADS,
                ident=None,
            )
        except OSError as problem:
            raise OperatorError(
                f"{self._host}:{self._port} cannot be served: {problem.strerror}.", remedy="Choose another --port."
            ) from problem
        self._thread = threading.Thread(target=self._serve, args=(server,), name="web")
        self._thread.start()
        port = server.effective_listen[0][1] if hasattr(server, "effective_listen") else server.effective_port
        return f"http://{self._host}:{port}/"

    def end(self) -> None:
        """Ends it; safe to call twice."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _serve(self, server: Any) -> None:
        # Its own loop knows no end from outside; closed from another thread, it falls over its sockets.
        while not self._ending.is_set():
            wasyncore.loop(timeout=_LOOK_EVERY, map=self._sockets, count=1)
        server.task_dispatcher.shutdown()
        wasyncore.close_all(self._sockets)


Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def build_application(app: App) -> Wsgi:
    """The application for a WSGI server; Django must have been set up."""
    django = WSGIHandler()

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return django({**environ, APP_KEY: app}, start_response)

    return serve
