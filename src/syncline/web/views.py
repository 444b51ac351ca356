"""What is served: a page that says how every connection stands, and what monitoring asks for. Nothing is changed here.

The application stands in the environment of each request (`serving`).
"""

from contextlib import closing
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.template import Context, Engine
from django.views.decorators.http import require_safe

from syncline import clock
from syncline.bootstrap import App
from syncline.errors import SynclineError
from syncline.store.database import store_errors
from syncline.store.overview import Overview, load_overview
from syncline.web.metrics import CONTENT_TYPE, format_metrics
from syncline.web.names import APP_KEY

_ENGINE = Engine(dirs=[str(Path(__file__).with_name("templates"))])
#: The page has neither scripts nor anything from elsewhere.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_UNAVAILABLE = 503


@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """The page: every connection with its state, its last and next run, and open issues."""
    try:
        overview = _load(request)
    except SynclineError as problem:
        return HttpResponse(f"{problem.message}\n", status=_UNAVAILABLE, content_type="text/plain; charset=utf-8")
    page = _ENGINE.get_template("status.html").render(Context({"overview": overview, "now": clock.now()}))
    return HttpResponse(page, headers={"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"})


@require_safe
def healthz(_: HttpRequest) -> HttpResponse:
    """This process answers."""
    return _text("ok")


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """This process can do its work: the database answers and its tables are there."""
    try:
        _load(request)
    except SynclineError as problem:
        return _text(problem.message, _UNAVAILABLE)
    return _text("ok")


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The figures, in the text format of Prometheus."""
    try:
        overview = _load(request)
    except SynclineError as problem:
        return _text(problem.message, _UNAVAILABLE)
    return HttpResponse(format_metrics(overview), content_type=CONTENT_TYPE)


def _load(request: HttpRequest) -> Overview:
    app: App = request.META[APP_KEY]
    with store_errors(), closing(app.database.connect("syncline web")) as conn:
        return load_overview(conn, clock.now())


def _text(text: str, status_code: int = 200) -> HttpResponse:
    return HttpResponse(f"{text}\n", status=status_code, content_type="text/plain; charset=utf-8")
