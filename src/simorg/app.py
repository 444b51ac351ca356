"""The application: finds who answers a request, checks session, version and limits, applies faults, keeps the journal.

Knows nothing of sockets; the server brings requests and takes answers.
"""

import json
import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote

from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map, Rule

from simorg import clock
from simorg.bad_days import strike
from simorg.behaviour.later import deliver
from simorg.errors import ApiError, ConnectionDropped
from simorg.faults import Fault
from simorg.org import Org
from simorg.wire.api_access import check_session
from simorg.wire.http import ApiRequest, ApiResponse, FileBody, Route
from simorg.wire.routes import all_routes
from simorg.wire.versions import read_version

_log = logging.getLogger(__name__)

CONTROL = "/__org__"
_TOO_MANY = ApiError(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded.")
_TOO_DEEP = ApiError(400, "JSON_PARSER_ERROR", "The body is nested too deeply.")
_KEPT_REQUEST = 2_000
#: What the journal leaves out of a query string.
_SECRET = frozenset({
    "oauth_token", "access_token", "token", "refresh_token", "client_secret", "password", "pw", "assertion", "code",
    "code_verifier", "request",
})  # fmt: skip
_SECRET_PATHS = ("/oauth2/", "/Soap/", "/login", "/secur/")
_KEPT_HEADERS = ("sforce-auto-assign", "sforce-call-options", "sforce-query-options", "content-type", "accept-encoding")


@dataclass(frozen=True)
class RawRequest:
    """A request as the server read it: header names lower-case, the body decoded from chunks and gzip."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    base_url: str


class OrgKeeper(Protocol):
    """What serves several orgs, for the control plane of the first."""

    def keeps(self, org: Org) -> bool:
        """Whether an org's control plane may add and end others."""

    def order(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Adds an org; gives how to reach it."""

    def described(self) -> list[dict[str, Any]]:
        """How to reach each org."""

    def remove(self, name: str) -> None:
        """Ends an org."""


class App:
    """Answers requests to one org."""

    def __init__(self, org: Org, keeper: OrgKeeper | None = None) -> None:
        self.org = org
        self.keeper = keeper
        rules = [Rule(route.path, methods=list(route.methods), endpoint=route) for route in all_routes()]
        self._map = Map(rules, strict_slashes=False, merge_slashes=False)
        self._lock = threading.Lock()
        self._number = 0
        #: When each request that runs began, by its number.
        self._running: dict[int, float] = {}

    def handle(self, raw: RawRequest) -> ApiResponse:
        """Answers a request.

        Raises:
            ConnectionDropped: a fault on order wants no answer.
        """
        began = clock.tick()
        path, _, query = raw.target.partition("?")
        told = self.org.keeper.revisions
        deliver(self.org)
        request = self._build_request(raw, path, query)
        if path.startswith(f"{CONTROL}/"):
            answer = self._answer(request)[2]
            self._keep(told)
            return answer
        fault = self.org.faults.for_request(raw.method, path, request.args.get("q", ""))
        route, response = None, ApiResponse(status=0)
        try:
            with self._run(began) as busy:
                if fault:
                    _strike_before(fault, request)
                if fault and fault.status:
                    response = ApiResponse(fault.status, fault.body.encode(), fault.content_type)
                elif busy:
                    response = ApiResponse(403, _TOO_MANY.as_json())
                else:
                    route, request, response = self._answer(request)
            if fault and fault.drop == "after":
                raise ConnectionDropped
            if fault:
                response.truncate = fault.truncate
        finally:
            self._keep(told)
            self._note(request, response, route, began, fault)
        return response

    def _keep(self, told: tuple[int, ...]) -> None:
        """Saves what a request has changed: nobody is told of a change that a kill could still undo.

        Others' changes are theirs to save: a request that changed nothing waits for no writer.
        """
        if self.org.keeper.revisions != told:
            self.org.keep()

    def cut_upload(self, method: str, target: str) -> int | None:
        """After how many bytes of its body a request's connection breaks, as ordered; None for not at all."""
        path, _, query = target.partition("?")
        fault = None if path.startswith(f"{CONTROL}/") else self.org.faults.for_upload(method, path)
        if fault is None:
            return None
        raw = RawRequest(method, target, {}, b"", "")
        self._note(self._build_request(raw, path, query), ApiResponse(status=0), None, clock.tick(), fault)
        return fault.upload_bytes

    @contextmanager
    def _run(self, began: float) -> Iterator[bool]:
        """Counts a request among those that run; gives whether too many long ones do (REST API, "Request Limits")."""
        settings = self.org.settings
        with self._lock:
            long = sum(began - other >= settings.long_request_seconds for other in self._running.values())
            self._number += 1
            number = self._number
            self._running[number] = began
        try:
            yield long >= settings.concurrent_requests
        finally:
            with self._lock:
                del self._running[number]

    def dispatch(
        self, parent: ApiRequest, method: str, url: str, headers: Mapping[str, str] | None = None, body: object = None
    ) -> ApiResponse:
        """Answers a request within a request; it is not counted, and its errors are answers."""
        content = b"" if body is None else json.dumps(body).encode()
        names = {name.lower(): value for name, value in (headers or {}).items()}
        raw = RawRequest(method, url, names, content, parent.base_url)
        path, _, query = url.partition("?")
        request = self._build_request(raw, path, query)
        try:
            route, arguments = self._match(request)
            request = self._with_version(request, arguments, parent)
            return route.handler(request, **arguments)
        except ApiError as error:
            return ApiResponse(error.status, error.as_json())
        except RecursionError:
            return ApiResponse(400, _TOO_DEEP.as_json())

    def _build_request(self, raw: RawRequest, path: str, query: str) -> ApiRequest:
        args = dict(parse_qsl(query, keep_blank_values=True, errors="replace"))
        method = args.get("_HttpMethod", raw.method).upper() if raw.method == "POST" else raw.method
        return ApiRequest(
            app=self,
            org=self.org,
            method=method,
            path=path,
            args=args,
            headers=raw.headers,
            body=raw.body,
            base_url=raw.base_url,
        )

    def _answer(self, request: ApiRequest) -> tuple[Route | None, ApiRequest, ApiResponse]:
        route = None
        try:
            route, arguments = self._match(request)
            request = self._with_version(request, arguments, None)
            if route.auth:
                request = self._with_session(request)
            if route.counts and not self.org.count_request():
                raise ApiError(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
            response = route.handler(request, **arguments)
        except ApiError as error:
            response = ApiResponse(error.status, error.as_json())
        except ConnectionDropped:
            raise
        except RecursionError:
            response = ApiResponse(400, _TOO_DEEP.as_json())
        except Exception:  # noqa: BLE001  # a client gets an answer, the log the cause
            _log.exception("%s %s failed", request.method, request.path)
            response = ApiResponse(500, ApiError(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred.").as_json())
        if request.session and response.status != 401:
            usual = f"api-usage={self.org.requests_used}/{self.org.settings.daily_requests}"
            if used := self.org.faults.usage_header(request.method, request.path, usual):
                response.headers.setdefault("Sforce-Limit-Info", used)
        return route, request, response

    def _match(self, request: ApiRequest) -> tuple[Route, dict[str, str]]:
        path = request.path.rstrip("/") or "/"
        try:
            route, arguments = self._map.bind("").match(path, method=request.method)
        except NotFound:
            raise ApiError(404, "NOT_FOUND", "The requested resource does not exist") from None
        except MethodNotAllowed as error:
            allowed = ",".join(sorted(error.valid_methods or ()))
            message = f"HTTP Method '{request.method}' not allowed. Allowed are {allowed}"
            raise ApiError(405, "METHOD_NOT_ALLOWED", message) from None
        assert isinstance(route, Route)
        return route, {name: unquote(str(value)) for name, value in arguments.items()}

    def _with_version(self, request: ApiRequest, arguments: dict[str, str], parent: ApiRequest | None) -> ApiRequest:
        version = request.version
        if "version" in arguments:
            version = read_version(arguments.pop("version"), self.org.settings)
        return _replace(request, version=version, session=parent.session if parent else request.session)

    def _with_session(self, request: ApiRequest) -> ApiRequest:
        session = self.org.find_session(_read_token(request))
        if session is None:
            raise ApiError(401, "INVALID_SESSION_ID", "Session expired or invalid")
        request = _replace(request, session=session)
        check_session(request.org, session, sets_password=request.path.rstrip("/").endswith("/password"))
        return request

    def _note(
        self, request: ApiRequest, response: ApiResponse, route: Route | None, began: float, fault: Fault | None
    ) -> None:
        kept = {name: request.headers[name] for name in _KEPT_HEADERS if name in request.headers}
        secret = request.path.rstrip("/").endswith("/password") or any(one in request.path for one in _SECRET_PATHS)
        self.org.journal.note(
            at=self.org.clock.stamp(),
            method=request.method,
            path=request.path,
            query="&".join(f"{name}={value}" for name, value in request.args.items() if name not in _SECRET),
            user_id=request.user_id,
            status=response.status,
            cost=int(bool(route and route.counts and response.status != 401)) + response.more_calls,
            ms=round((clock.tick() - began) * 1000, 3),
            bytes=_measure(response),
            headers=kept,
            request="" if secret else request.body[:_KEPT_REQUEST].decode("utf-8", "replace"),
            fault=fault.name if fault else "",
        )


def _strike_before(fault: Fault, request: ApiRequest) -> None:
    strike(request.org, fault)
    if fault.expire_own:
        request.org.end_session(_read_token(request))
    if fault.delay:
        clock.pause(fault.delay)
    if fault.drop == "before":
        raise ConnectionDropped


def _read_token(request: ApiRequest) -> str:
    """The session that a request names in its header; empty for none."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() in ("bearer", "oauth") else ""


def _replace(request: ApiRequest, **changes: object) -> ApiRequest:
    return ApiRequest(**{**vars(request), **changes})


def _measure(response: ApiResponse) -> int:
    body = response.body
    if isinstance(body, FileBody):
        return len(body.head) + body.length
    return len(body) if isinstance(body, bytes) else 0
