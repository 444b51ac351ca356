"""Tooling API over REST (Tooling API Reference, "REST Resources"): components as records, and queries over them."""

from typing import Any

from simorg.errors import ApiError
from simorg.fidelity import say
from simorg.ids import to_18
from simorg.metadata import operations
from simorg.metadata.codec import Content, read_json
from simorg.metadata.listing import list_components
from simorg.metadata.operations import Result, run_all
from simorg.metadata.rights import require_customize, require_setup
from simorg.metadata.tooling_objects import COMPONENTS, READ_ONLY, build_tooling_schema
from simorg.metadata.tooling_query import run_tooling_query
from simorg.metadata.tooling_rows import Visible
from simorg.metadata.xml import Malformed
from simorg.schema.registry import ObjectType
from simorg.wire.describe import describe_field, describe_short
from simorg.wire.http import ApiRequest, ApiResponse, Route, data

_TOOLING = "/tooling"


def show_resources(request: ApiRequest) -> ApiResponse:
    """GET /tooling."""
    names = ("query", "sobjects")
    return ApiResponse(200, {name: f"{_root(request)}/{name}" for name in names})


def describe_global(request: ApiRequest) -> ApiResponse:
    """GET /tooling/sobjects: every object in short."""
    objects = build_tooling_schema().objects()
    sobjects = [describe_short(one, _root(request)) for one in objects]
    return ApiResponse(200, {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": sobjects})


def describe_basic(request: ApiRequest, object_name: str) -> ApiResponse:
    """GET /tooling/sobjects/X."""
    one = _find_object(object_name)
    return ApiResponse(200, {"objectDescribe": describe_short(one, _root(request)), "recentItems": []})


def describe_object(request: ApiRequest, object_name: str) -> ApiResponse:
    """GET /tooling/sobjects/X/describe."""
    one = _find_object(object_name)
    body = describe_short(one, _root(request))
    body |= {
        "childRelationships": [
            {"childSObject": child.child, "field": child.field, "relationshipName": child.name}
            for child in one.children
        ],
        "fields": [describe_field(field, one) for field in one.fields.values()],
        "recordTypeInfos": [],
        "supportedScopes": [],
    }
    return ApiResponse(200, dict(sorted(body.items())))


def query(request: ApiRequest) -> ApiResponse:
    """GET /tooling/query?q=."""
    text = request.args.get("q")
    if text is None:
        raise ApiError(400, "MALFORMED_QUERY", "A query string has to be specified")
    found = run_tooling_query(request.org, text, _visible(request), _root(request))
    if found.object_name in (*COMPONENTS, *READ_ONLY):
        require_setup(request.org, request.user_id)
    body = {
        "size": len(found.records) or found.total,
        "totalSize": found.total,
        "done": True,
        "queryLocator": None,
        "entityTypeName": found.object_name,
        "records": found.records,
    }
    return ApiResponse(200, body)


def create(request: ApiRequest, object_name: str) -> ApiResponse:
    """POST /tooling/sobjects/X {"FullName", "Metadata"}."""
    one = _find_component(request, object_name)
    body = request.json_object()
    full_name = body.get("FullName")
    if not isinstance(full_name, str) or not full_name:
        message = "Required fields are missing: [FullName]"
        raise ApiError(400, "REQUIRED_FIELD_MISSING", message, ["FullName"])
    content = {**_read_content(one, body), "fullName": full_name}
    done = _run(request, lambda change: operations.create(change, one.name, content))
    headers = {"Location": f"{_root(request)}/sobjects/{one.name}/{done.id}"}
    return ApiResponse(201, {"id": done.id, **_FINE}, headers=headers)


def read(request: ApiRequest, object_name: str, record_id: str) -> ApiResponse:
    """GET /tooling/sobjects/X/id."""
    one = _find_object(object_name)
    if one.name in (*COMPONENTS, *READ_ONLY):
        require_setup(request.org, request.user_id)
    names = ", ".join(field.name for field in one.fields.values())
    found_id = to_18(record_id) or ""
    text = f"SELECT {names} FROM {one.name} WHERE Id = '{found_id}'"
    found = run_tooling_query(request.org, text, _visible(request), _root(request)) if found_id else None
    if found is None or not found.records:
        raise _missing()
    return ApiResponse(200, found.records[0])


def update(request: ApiRequest, object_name: str, record_id: str) -> ApiResponse:
    """PATCH /tooling/sobjects/X/id {"Metadata"}."""
    one = _find_component(request, object_name)
    body = request.json_object()
    name = _find_name(request, one, record_id)
    content = {**_read_content(one, body), "fullName": name}
    new_name = body.get("FullName")
    if isinstance(new_name, str) and new_name.lower() != name.lower():
        _run(request, lambda change: operations.rename(change, one.name, name, new_name))
        content["fullName"] = new_name
    _run(request, lambda change: operations.update(change, one.name, content))
    return ApiResponse(204)


def delete(request: ApiRequest, object_name: str, record_id: str) -> ApiResponse:
    """DELETE /tooling/sobjects/X/id."""
    one = _find_component(request, object_name)
    name = _find_name(request, one, record_id)
    _run(request, lambda change: operations.delete(change, one.name, name))
    return ApiResponse(204)


_FINE = {"success": True, "errors": [], "warnings": [], "infos": []}


def _run(request: ApiRequest, act: Any) -> Result:
    (done,) = run_all(request.org, request.user_id, request.version, "Tooling API", [act])
    if done.error:
        raise ApiError(400, done.error.code, done.error.message, list(done.error.fields))
    return done


def _read_content(one: ObjectType, body: dict[str, Any]) -> Content:
    known = {field.name for field in one.fields.values()} | {"attributes"}
    for name in body:
        if name not in known:
            raise ApiError(400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {one.name}")
        if name not in ("FullName", "Metadata", "attributes"):
            message = say("dml.not_writable", fields=name)
            raise ApiError(400, "INVALID_FIELD_FOR_INSERT_UPDATE", message, [name])
    if "Metadata" not in body:
        raise ApiError(400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Metadata]", ["Metadata"])
    try:
        return read_json(one.name, body["Metadata"])
    except Malformed as error:
        raise ApiError(400, "JSON_PARSER_ERROR", error.message) from None


def _find_object(name: str) -> ObjectType:
    one = build_tooling_schema().find(name)
    if one is None:
        raise _missing()
    return one


def _find_component(request: ApiRequest, name: str) -> ObjectType:
    one = _find_object(name)
    if one.name not in COMPONENTS:
        raise ApiError(405, "METHOD_NOT_ALLOWED", f"HTTP Method '{request.method}' not allowed. Allowed are GET,HEAD")
    require_customize(request.org, request.user_id)
    return one


def _find_name(request: ApiRequest, one: ObjectType, record_id: str) -> str:
    """The full name of the component with an id."""
    found_id = to_18(record_id)
    for facts in list_components(request.org, one.name):
        if facts.id and facts.id == found_id:
            return facts.full_name
    raise _missing()


def _missing() -> ApiError:
    return ApiError(404, "NOT_FOUND", "The requested resource does not exist")


def _visible(request: ApiRequest) -> Visible:
    """The schema as the user sees it."""
    return request.view


def _root(request: ApiRequest) -> str:
    return f"{request.root}{_TOOLING}"


ROUTES = [
    Route(("GET",), data("/tooling"), show_resources),
    Route(("GET",), data("/tooling/query"), query),
    Route(("GET", "HEAD"), data("/tooling/sobjects"), describe_global),
    Route(("GET", "HEAD"), data("/tooling/sobjects/<object_name>"), describe_basic),
    Route(("GET", "HEAD"), data("/tooling/sobjects/<object_name>/describe"), describe_object),
    Route(("POST",), data("/tooling/sobjects/<object_name>"), create),
    Route(("GET", "HEAD"), data("/tooling/sobjects/<object_name>/<record_id>"), read),
    Route(("PATCH",), data("/tooling/sobjects/<object_name>/<record_id>"), update),
    Route(("DELETE",), data("/tooling/sobjects/<object_name>/<record_id>"), delete),
]
