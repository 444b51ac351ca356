"""Several requests in one (REST API Developer Guide, "Composite" and "Composite Batch").

A composite is one call towards the limits; of a batch each part is one ("Each subrequest counts against rate limits").
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from simorg.errors import ApiError
from simorg.fidelity import say
from simorg.wire.http import ApiRequest, ApiResponse, Route, data

_MOST_PARTS = 25
_MOST_QUERIES = 5
_REFERENCE = re.compile(r"@\{([^.}\[\]]+)((?:\[\d+\]|\.[^.}\[\]]+)*)\}")
#: Letters, numbers and underscores, and nothing else ("Composite Subrequest Result").
_REFERENCE_ID = re.compile(r"[A-Za-z0-9_]+", re.ASCII)
_METHODS = frozenset({"GET", "POST", "PATCH", "PUT", "DELETE"})
_BATCH_URL = re.compile(r"(?:/?services/data/)?v(\d{1,2})\.0(?:/|$|\?)")
#: "no earlier than 34.0 and no later than the Batch version in the top-level request" ("Composite Batch").
_FIRST_BATCH_VERSION = 34
#: What the whole request says in its headers holds for its parts, unless a part says otherwise.
_INHERITED = ("sforce-auto-assign", "sforce-call-options", "sforce-duplicate-rule-header", "sforce-query-options")
_STEP = re.compile(r"\[(\d+)\]|\.([^.\[\]]+)")
_FORBIDDEN_HEADERS = frozenset({"accept", "authorization", "content-type"})
_QUERY_LIKE = re.compile(r"/(?:query|queryAll|composite/sobjects)(?:[/?]|$)")
#: Resources that cannot be parts of a composite.
_NO_PART = re.compile(r"/(?:composite/?$|composite/batch|jobs/)")


class _RolledBack(Exception):
    """A part failed, and all or none was wanted."""


def composite(request: ApiRequest) -> ApiResponse:
    """POST /composite: parts in order, which may refer to the results of earlier ones."""
    body = request.json_object()
    parts = body.get("compositeRequest")
    if not isinstance(parts, list) or not parts:
        raise ApiError(400, "REQUIRED_FIELD_MISSING", "The compositeRequest parameter is required.")
    _check_parts(parts)
    all_or_none = _read_switch(body, "allOrNone")
    # Collating changes the order only of parts that do not depend on each other: any order is right, so is theirs.
    _read_switch(body, "collateSubrequests")
    answers: list[dict[str, object]] = []
    if not all_or_none:
        answers.extend(_answer_parts(request, parts, stop=False))
        return ApiResponse(200, {"compositeResponse": answers})
    try:
        with request.org.storage.transaction(request.user_id):
            for answer in _answer_parts(request, [_tighten(part) for part in parts], stop=True):
                answers.append(answer)
                if _failed(answer):
                    raise _RolledBack
    except _RolledBack:
        answers = _halted(parts, answers)
    return ApiResponse(200, {"compositeResponse": answers})


def batch(request: ApiRequest) -> ApiResponse:
    """POST /composite/batch: up to 25 requests that know nothing of each other."""
    body = request.json_object()
    parts = body.get("batchRequests")
    if not isinstance(parts, list) or not parts:
        raise ApiError(400, "REQUIRED_FIELD_MISSING", "The batchRequests parameter is required.")
    if len(parts) > _MOST_PARTS:
        raise ApiError(400, "LIMIT_EXCEEDED", say("composite.too_many", most=_MOST_PARTS))
    halts = _read_switch(body, "haltOnError")
    for part in parts:
        _check_batch_part(part)
    inherited = _inherit(request)
    results: list[dict[str, object]] = []
    failed = False
    for number, part in enumerate(parts):
        if failed and halts:
            error = ApiError(412, "BATCH_PROCESSING_HALTED", "Batch processing halted per request")
            results.append({"statusCode": 412, "result": error.as_json()})
            continue
        answer = _answer_batch_part(request, part, inherited, first=number == 0)
        failed = failed or answer.status >= 400
        results.append({"statusCode": answer.status, "result": answer.body})
    ran = sum(one["statusCode"] != 412 for one in results)
    return ApiResponse(200, {"hasErrors": failed, "results": results}, more_calls=max(0, ran - 1))


def _check_batch_part(part: object) -> None:
    """What cannot be read is refused before anything is done ("Batch Request Body", haltOnError)."""
    if not isinstance(part, dict) or not part.get("url") or not part.get("method"):
        raise ApiError(400, "REQUIRED_FIELD_MISSING", "Each sub request needs method and url.")
    if str(part["method"]) not in _METHODS:
        raise ApiError(400, "INVALID_INPUT", say("composite.method", method=part["method"]))


def _answer_batch_part(
    request: ApiRequest, part: Mapping[str, Any], inherited: Mapping[str, str], *, first: bool
) -> ApiResponse:
    url = str(part["url"])
    found = _BATCH_URL.match(url)
    if found is None:
        return ApiResponse(404, ApiError(404, "NOT_FOUND", "The requested resource does not exist").as_json())
    if not _FIRST_BATCH_VERSION <= int(found.group(1)) <= request.version:
        message = say("composite.batch_version", version=f"{found.group(1)}.0", most=f"{request.version:.1f}")
        return ApiResponse(400, ApiError(400, "UNSUPPORTED_API_VERSION", message).as_json())
    if not first and not request.org.count_request():
        error = ApiError(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        return ApiResponse(403, error.as_json())
    path = url.removeprefix("/").removeprefix("services/data/")
    return _dispatch(request, str(part["method"]), f"/services/data/{path}", inherited, part.get("richInput"))


def _read_switch(body: Mapping[str, Any], name: str) -> bool:
    """A switch of a request; null is what django-salesforce sends for off."""
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise ApiError(400, "JSON_PARSER_ERROR", say("composite.switch", name=name))
    return value is True


def _inherit(request: ApiRequest) -> dict[str, str]:
    return {name: request.headers[name] for name in _INHERITED if name in request.headers}


def _tighten(part: dict[str, Any]) -> dict[str, Any]:
    """All or none of the whole call goes before what a collection in it asks for."""
    body = part.get("body")
    if isinstance(body, dict) and isinstance(body.get("records"), list):
        return {**part, "body": {**body, "allOrNone": True}}
    return part


def _check_parts(parts: list[Any]) -> None:
    if len(parts) > _MOST_PARTS:
        raise ApiError(400, "LIMIT_EXCEEDED", say("composite.too_many", most=_MOST_PARTS))
    seen: set[str] = set()
    queries = 0
    for part in parts:
        reference = _check_part(part)
        if reference in seen:
            raise ApiError(400, "INVALID_INPUT", say("composite.duplicate_reference", reference=reference))
        seen.add(reference)
        queries += bool(_QUERY_LIKE.search(str(part["url"]).partition("?")[0]))
    if queries > _MOST_QUERIES:
        raise ApiError(400, "LIMIT_EXCEEDED", say("composite.too_many_queries"))


def _check_part(part: Any) -> str:
    """Whether one part can be read; gives its referenceId."""
    if not isinstance(part, dict) or not part.get("referenceId") or not part.get("url") or not part.get("method"):
        message = "Each sub request needs method, url and referenceId."
        raise ApiError(400, "REQUIRED_FIELD_MISSING", message)
    reference = str(part["referenceId"])
    if not _REFERENCE_ID.fullmatch(reference):
        raise ApiError(400, "INVALID_INPUT", say("composite.bad_reference", reference=reference))
    if str(part["method"]) not in _METHODS:
        raise ApiError(400, "INVALID_INPUT", say("composite.method", method=part["method"]))
    headers = part.get("httpHeaders") or {}
    if not isinstance(headers, dict):
        raise ApiError(400, "JSON_PARSER_ERROR", "httpHeaders has to be a JSON object.")
    for header in headers:
        if str(header).lower() in _FORBIDDEN_HEADERS:
            raise ApiError(400, "INVALID_HEADER", say("composite.header", header=header))
    return reference


def _answer_parts(request: ApiRequest, parts: list[dict[str, Any]], *, stop: bool) -> Iterator[dict[str, object]]:
    known: dict[str, object] = {}
    for part in parts:
        reference = str(part["referenceId"])
        try:
            answer = _answer_part(request, part, known)
        except ApiError as error:
            answer = ApiResponse(error.status, error.as_json())
        if answer.status < 400:
            known[reference] = answer.body
        shown: dict[str, object] = {
            "body": answer.body,
            "httpHeaders": answer.headers,
            "httpStatusCode": answer.status,
            "referenceId": reference,
        }
        yield shown
        if stop and _failed(shown):
            return


def _answer_part(request: ApiRequest, part: Mapping[str, Any], known: Mapping[str, object]) -> ApiResponse:
    url = _fill(str(part["url"]), known, in_url=True)
    headers = {str(name).lower(): str(value) for name, value in (part.get("httpHeaders") or {}).items()}
    body = _fill_deep(part.get("body"), known)
    return _dispatch(request, str(part["method"]), url, {**_inherit(request), **headers}, body)


def _dispatch(request: ApiRequest, method: str, url: str, headers: Mapping[str, str], body: object) -> ApiResponse:
    """Answers a part; only resources of data can be parts, and no composite is part of another."""
    path = url.partition("?")[0]
    if not path.startswith("/services/data/") or _NO_PART.search(path):
        return ApiResponse(404, ApiError(404, "NOT_FOUND", "The requested resource does not exist").as_json())
    return request.app.dispatch(request, method, url, headers, body)


def _fill_deep(value: object, known: Mapping[str, object]) -> Any:
    if isinstance(value, str):
        return _fill(value, known, in_url=False)
    if isinstance(value, list):
        return [_fill_deep(one, known) for one in value]
    if isinstance(value, dict):
        return {name: _fill_deep(one, known) for name, one in value.items()}
    return value


def _fill(text: str, known: Mapping[str, object], *, in_url: bool) -> str:
    def replace(found: re.Match[str]) -> str:
        value = _look_up(found.group(1), found.group(2), known)
        return quote(value, safe="") if in_url else value

    return _REFERENCE.sub(replace, text)


def _look_up(reference: str, path: str, known: Mapping[str, object]) -> str:
    value = known.get(reference)
    for index, name in _STEP.findall(path):
        if index:
            value = value[int(index)] if isinstance(value, list) and int(index) < len(value) else None
        else:
            value = value.get(name) if isinstance(value, dict) else None
    if value is None or isinstance(value, dict | list):
        message = say("composite.unknown_reference", path=path.lstrip("."), reference=reference)
        raise ApiError(400, "PROCESSING_HALTED", message)
    return "true" if value is True else "false" if value is False else str(value)


def _failed(answer: Mapping[str, object]) -> bool:
    status = answer["httpStatusCode"]
    body = answer["body"]
    assert isinstance(status, int)
    refused = isinstance(body, list) and any(isinstance(one, dict) and one.get("success") is False for one in body)
    return status >= 400 or refused


def _halted(parts: list[dict[str, Any]], answers: list[dict[str, object]]) -> list[dict[str, object]]:
    """The failed part as it was; every other one tells that it was rolled back."""
    failed = answers[-1]
    halted = ApiError(400, "PROCESSING_HALTED", say("composite.rolled_back")).as_json()
    return [
        failed
        if part["referenceId"] == failed["referenceId"]
        else {"body": halted, "httpHeaders": {}, "httpStatusCode": 400, "referenceId": part["referenceId"]}
        for part in parts
    ]


ROUTES = [
    Route(("POST",), data("/composite"), composite),
    Route(("POST",), data("/composite/batch"), batch),
]
