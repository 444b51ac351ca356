"""What a handler is given and what it gives back, and the rule that brings the two together."""

import json as json_module
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simorg.errors import ApiError
from simorg.transport.targets import to_instance

if TYPE_CHECKING:
    from simorg.app import App
    from simorg.org import Org, Session
    from simorg.security.view import View

JSON = "application/json;charset=UTF-8"
_SURROGATE = "\\ud"


@dataclass(frozen=True)
class FileBody:
    """A body that lies in a file: its plain bytes, and the same as one gzip member where it was made in advance."""

    path: Path
    offset: int
    length: int
    gzip_path: Path | None = None
    #: Bytes sent before the file's (a header line).
    head: bytes = b""


@dataclass(frozen=True)
class ApiRequest:
    """One request. `args` is the query string, decoded; header names are lower-case; `version` e.g. 64.0."""

    app: "App"
    org: "Org"
    method: str
    path: str
    args: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    base_url: str
    session: "Session | None" = None
    version: float = 0.0

    @property
    def user_id(self) -> str:
        """Who asks."""
        return self.session.user_id if self.session else ""

    @property
    def view(self) -> "View":
        """The org as whoever asks sees it."""
        return self.org.view(self.user_id)

    @property
    def root(self) -> str:
        """The path below which the resources of this version lie, e.g. /services/data/v64.0."""
        return f"/services/data/v{self.version:.1f}"

    @property
    def instance_url(self) -> str:
        """Where the session of a login is used: the org's own host, where the request came to a login host."""
        return to_instance(self.base_url, self.org.my_domain)

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            ApiError: 400 JSON_PARSER_ERROR.
        """
        try:
            text = self.body.decode("utf-8")
            read = json_module.loads(text, parse_constant=_refuse_constant)
            # An escape can name half of a surrogate pair, which no text may hold: it is kept as a question mark.
            if _SURROGATE in text.lower():
                read = json_module.loads(json_module.dumps(read, ensure_ascii=False).encode("utf-8", "replace"))
            return read
        except (ValueError, RecursionError) as error:
            raise ApiError(400, "JSON_PARSER_ERROR", f"Unexpected input: {error}"[:300]) from None

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object.

        Raises:
            ApiError: 400 JSON_PARSER_ERROR.
        """
        body = self.json()
        if not isinstance(body, dict):
            raise ApiError(400, "JSON_PARSER_ERROR", "The HTTP entity body is required to be a JSON object.")
        return body


@dataclass
class ApiResponse:
    """One answer. `body`: anything JSON can say, bytes, a FileBody, or None for no body."""

    status: int = 200
    body: object = None
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    #: A fault on order: the connection breaks after so many bytes of the body.
    truncate: int | None = None
    #: Calls towards the daily limit besides the request's own; they are counted already.
    more_calls: int = 0


Handler = Callable[..., ApiResponse]


@dataclass(frozen=True)
class Route:
    """Methods and a path (werkzeug's rule, e.g. "/services/data/v<version>/query") and who answers there.

    `auth`: a session is needed; `counts`: a call towards the daily limit. A handler takes the ApiRequest and the
    path's variables other than `version`, by name.
    """

    methods: tuple[str, ...]
    path: str
    handler: Handler
    auth: bool = True
    counts: bool = True


def data(path: str) -> str:
    """A path below /services/data/vNN.0."""
    return f"/services/data/v<version>{path}"


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
