"""Several requests in one (REST API Developer Guide, "Composite" and "Batch"). Each is one call towards the limits."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from simorg.errors import ApiError
from simorg.fidelity import say
from simorg.wire.http import ApiRequest, ApiResponse, Route, data

_MOST_PARTS = 25
_MOST_QUERIES = 5
_REFERENCE = re.compile(r"@\{([^.}\[\]]+)((?:\[\d+\]|\.[^.}\[\]]+)*)\}")
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
    all_or_none = body.get("allOrNone") is True
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
    halts = body.get("haltOnError") is True
    results: list[dict[str, object]] = []
    failed = False
    if not all(isinstance(part, dict) and part.get("url") and part.get("method") for part in parts):
        raise ApiError(400, "REQUIRED_FIELD_MISSING", "Each sub request needs method and url.")
    for part in parts:
        if failed and halts:
            error = ApiError(412, "BATCH_PROCESSING_HALTED", "Batch processing halted per request")
            results.append({"statusCode": 412, "result": error.as_json()})
            continue
        url = str(part["url"])
        url = url if url.startswith("/") else f"/services/data/{url}"
        answer = _dispatch(request, str(part["method"]), url, {}, part.get("richInput"))
        failed = failed or answer.status >= 400
        results.append({"statusCode": answer.status, "result": answer.body})
    return ApiResponse(200, {"hasErrors": failed, "results": results})


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
        if not isinstance(part, dict) or not part.get("referenceId") or not part.get("url") or not part.get("method"):
            message = "Each sub request needs method, url and referenceId."
            raise ApiError(400, "REQUIRED_FIELD_MISSING", message)
        reference = str(part["referenceId"])
        if reference in seen:
            raise ApiError(400, "INVALID_INPUT", say("composite.duplicate_reference", reference=reference))
        seen.add(reference)
        queries += bool(_QUERY_LIKE.search(urlsplit(str(part["url"])).path))
        headers = part.get("httpHeaders") or {}
        if not isinstance(headers, dict):
            raise ApiError(400, "JSON_PARSER_ERROR", "httpHeaders has to be a JSON object.")
        for header in headers:
            if str(header).lower() in _FORBIDDEN_HEADERS:
                raise ApiError(400, "INVALID_HEADER", say("composite.header", header=header))
    if queries > _MOST_QUERIES:
        raise ApiError(400, "LIMIT_EXCEEDED", say("composite.too_many_queries"))


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
    headers = {str(name): str(value) for name, value in (part.get("httpHeaders") or {}).items()}
    # What the whole request says about its writes holds for its parts, unless a part says otherwise.
    inherited = {
        name: request.headers[name]
        for name in ("sforce-auto-assign", "sforce-call-options", "sforce-query-options")
        if name in request.headers
    }
    body = _fill_deep(part.get("body"), known)
    return _dispatch(request, str(part["method"]), url, {**inherited, **headers}, body)


def _dispatch(request: ApiRequest, method: str, url: str, headers: Mapping[str, str], body: object) -> ApiResponse:
    """Answers a part; only resources of data can be parts, and no composite is part of another."""
    path = urlsplit(url).path
    if not path.startswith("/services/data/") or _NO_PART.search(path):
        return ApiResponse(404, ApiError(404, "NOT_FOUND", "The requested resource does not exist").as_json())
    return request.app.dispatch(request, method.upper(), url, headers, body)


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
