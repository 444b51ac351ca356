"""Which API versions an org speaks, and what resources each has."""

import re

from simorg.errors import ApiError
from simorg.fidelity import say
from simorg.settings import Settings
from simorg.transport.targets import to_login_host
from simorg.wire.http import ApiRequest, ApiResponse, Route, data

_SHAPE = re.compile(r"(\d{1,2})\.0")
_FIRST_EVER = 7
#: Version 31.0 was Summer '14; three follow each other every year.
_SEASONS = ("Summer", "Winter", "Spring")
_RESOURCES = (
    "tooling", "metadata", "eclair", "folders", "prechatForms", "contact-tracing", "jsonxform", "chatter",
    "payments", "tabs", "appMenu", "quickActions", "queryAll", "commerce", "wave", "iot", "analytics", "search",
    "smartdatadiscovery", "identity", "composite", "parameterizedSearch", "fingerprint", "theme", "nouns",
    "domino", "event", "serviceTemplates", "recent", "connect", "licensing", "limits", "process", "dedupe",
    "async-queries", "query", "jobs", "localizedvalue", "mobile", "emailConnect", "consent", "tokenizer",
    "compactLayouts",
    "knowledgeManagement", "sobjects", "actions", "support",
)  # fmt: skip


def read_version(text: str, settings: Settings) -> float:
    """The version that a path names.

    Raises:
        ApiError: 404 for what is none or not known yet, 410 for a retired one.
    """
    found = _SHAPE.fullmatch(text)
    number = int(found.group(1)) if found else 0
    first, last = settings.versions
    if _FIRST_EVER <= number < first:
        raise ApiError(410, "GONE", say("rest.retired_version"))
    if not first <= number <= last:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    return float(number)


def name_version(number: int) -> str:
    """The release of a version, e.g. Summer '14 for 31."""
    step = number - 31
    season = _SEASONS[step % 3]
    year = 14 + (step + 2) // 3
    return f"{season} \u2019{year}".replace("\u2019", "'")


def listing(request: ApiRequest) -> ApiResponse:
    """GET /services/data: all versions; needs no session."""
    first, last = request.org.settings.versions
    versions = [
        {"label": name_version(number), "url": f"/services/data/v{number}.0", "version": f"{number}.0"}
        for number in range(first, last + 1)
    ]
    return ApiResponse(200, versions)


def resources(request: ApiRequest) -> ApiResponse:
    """GET /services/data/vNN.0: where each resource is."""
    body: dict[str, object] = {name: f"{request.root}/{name}" for name in _RESOURCES}
    # REST API guide, "Resources by Version": the identity is at the login host, whatever host was asked.
    base = to_login_host(request.base_url, sandbox=request.org.sandbox)
    body["identity"] = f"{base}/id/{request.org.id}/{request.user_id}"
    return ApiResponse(200, body)


ROUTES = [
    Route(("GET", "HEAD"), "/services/data", listing, auth=False, counts=False),
    Route(("GET", "HEAD"), data(""), resources),
]
