"""Single records over REST: create, read, update, delete, and by external id (REST API Guide, "sObject Rows")."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from simorg.behaviour.dml import Options, Outcome, Writer
from simorg.behaviour.lookups import key_condition, key_value
from simorg.clock import read_stamp
from simorg.errors import ApiError
from simorg.fidelity import say
from simorg.ids import to_18
from simorg.schema.registry import Field, ObjectType
from simorg.transactions import StoredValue, Transaction
from simorg.values import attributes, render_field, render_record
from simorg.wire.describe import find_object
from simorg.wire.duplicates import duplicate_options, show_refusal
from simorg.wire.http import ApiRequest, ApiResponse, Route, data

#: From this version on an upsert that updates answers 200 with a body, and `created` is told.
_UPSERT_TELLS = 46.0


def read_options(request: ApiRequest) -> Options:
    """How the caller wants its writes. Without the header Sforce-Auto-Assign the rules run."""
    asked = request.headers.get("sforce-auto-assign", "true").strip()
    return Options(
        auto_assign=asked.lower() != "false", assignment_rule=to_18(asked), duplicates=duplicate_options(request)
    )


def create(request: ApiRequest, object_name: str) -> ApiResponse:
    """POST /sobjects/X."""
    one = find_object(request, object_name)
    body = request.json_object()
    if any(name.lower() == "id" for name in body):
        raise ApiError(400, "INVALID_FIELD", say("dml.id_in_body"), [])
    with request.org.storage.transaction(request.user_id) as tx:
        outcome = Writer(request.org, tx, read_options(request)).create(one, body)
    _raise_refused(request, outcome)
    return ApiResponse(201, _created(outcome), headers={"Location": _location(request, one, outcome.id)})


def create_by_null_id(request: ApiRequest, object_name: str) -> ApiResponse:
    """POST /sobjects/X/Id: a create with no key."""
    return create(request, object_name)


def read(request: ApiRequest, object_name: str, record_id: str) -> ApiResponse:
    """GET /sobjects/X/id[?fields=]."""
    one = find_object(request, object_name)
    row = request.view.read(one.name, _read_id(one, record_id))
    if row is None or row.get("IsDeleted"):
        raise _missing()
    modified = _modified(row)
    headers = {"Last-Modified": format_datetime(modified, usegmt=True)} if modified else {}
    tag = _tag(one, row)
    if tag:
        headers["ETag"] = tag
    unmodified = _read_date(request, "if-unmodified-since")
    if (unmodified and modified and modified > unmodified) or not _is_named(request, "if-match", tag, absent=True):
        raise ApiError(412, "PRECONDITION_FAILED", "Precondition Failed")
    since = _read_date(request, "if-modified-since")
    if _is_named(request, "if-none-match", tag, absent=False) or (since and modified and modified <= since):
        return ApiResponse(304, headers=headers)
    return ApiResponse(200, _render(request, one, row), headers=headers)


def update(request: ApiRequest, object_name: str, record_id: str) -> ApiResponse:
    """PATCH /sobjects/X/id."""
    one = find_object(request, object_name)
    body = request.json_object()
    if any(name.lower() == "id" for name in body):
        raise ApiError(400, "INVALID_FIELD", say("dml.id_in_body"), [])
    found = _read_id(one, record_id)
    with request.org.storage.transaction(request.user_id) as tx:
        # Judged under the write lock: nobody can change the record between the look and the write.
        _check_precondition(request, one, _require_living(_get_visible(request, tx, one, found)))
        outcome = Writer(request.org, tx, read_options(request)).update(one, found, body)
    _raise_refused(request, outcome)
    return ApiResponse(204)


def delete(request: ApiRequest, object_name: str, record_id: str) -> ApiResponse:
    """DELETE /sobjects/X/id."""
    one = find_object(request, object_name)
    found = _read_id(one, record_id)
    with request.org.storage.transaction(request.user_id) as tx:
        _require_living(_get_visible(request, tx, one, found))
        outcome = Writer(request.org, tx).delete(one, found)
    _raise_refused(request, outcome)
    return ApiResponse(204)


def read_by_key(request: ApiRequest, object_name: str, field_name: str, value: str) -> ApiResponse:
    """GET /sobjects/X/Field/value."""
    one = find_object(request, object_name)
    key = _key_field(one, field_name)
    statement = f'SELECT "Id" FROM {request.view.source(one.name)} WHERE {key_condition(one, key)} ORDER BY "Id"'
    found = [str(row[0]) for row in request.org.storage.read(statement, [key_value(key, value)])]
    if not found:
        raise _missing()
    if len(found) > 1:
        return _several(request, one, found)
    row = request.view.read(one.name, found[0])
    assert row is not None
    return ApiResponse(200, _render(request, one, row))


def upsert(request: ApiRequest, object_name: str, field_name: str, value: str) -> ApiResponse:
    """PATCH /sobjects/X/Field/value: updates the record with this key, or creates it."""
    one = find_object(request, object_name)
    key = _key_field(one, field_name)
    body = request.json_object()
    if any(name.lower() == key.name.lower() for name in body):
        raise ApiError(400, "INVALID_FIELD", say("dml.key_in_body", field=key.name), [])
    with request.org.storage.transaction(request.user_id) as tx:
        writer = Writer(request.org, tx, read_options(request))
        found = [_read_id(one, value)] if key.type == "id" else writer.find_by_key(one, key, value)
        if len(found) > 1:
            return _several(request, one, found)
        if not found and request.args.get("updateOnly", "").lower() == "true":
            raise _missing()
        outcome = writer.update(one, found[0], body) if found else writer.create(one, {**body, key.name: value})
    _raise_refused(request, outcome)
    location = {"Location": _location(request, one, outcome.id)}
    told = {"created": outcome.created} if request.version >= _UPSERT_TELLS else {}
    if outcome.created:
        return ApiResponse(201, {**_created(outcome), **told}, headers=location)
    if request.version < _UPSERT_TELLS:
        return ApiResponse(204)
    return ApiResponse(200, {**_created(outcome), **told}, headers=location)


def delete_by_key(request: ApiRequest, object_name: str, field_name: str, value: str) -> ApiResponse:
    """DELETE /sobjects/X/Field/value."""
    one = find_object(request, object_name)
    key = _key_field(one, field_name)
    with request.org.storage.transaction(request.user_id) as tx:
        writer = Writer(request.org, tx)
        found = writer.find_by_key(one, key, value)
        if not found:
            raise _missing()
        if len(found) > 1:
            return _several(request, one, found)
        outcome = writer.delete(one, found[0])
    _raise_refused(request, outcome)
    return ApiResponse(204)


def _key_field(one: ObjectType, name: str) -> Field:
    field = one.find(name)
    if field is None or not (field.external_id or field.id_lookup):
        raise ApiError(404, "NOT_FOUND", say("rows.external_id_missing", field=name))
    return field


def _missing() -> ApiError:
    return ApiError(404, "NOT_FOUND", "The requested resource does not exist")


def _read_id(one: ObjectType, record_id: str) -> str:
    found = to_18(record_id)
    if found is None or found[:3] != one.key_prefix:
        shape_is_right = found is not None
        if shape_is_right or len(record_id) not in (15, 18):
            raise ApiError(404, "NOT_FOUND", say("rows.external_id_missing", field=record_id))
        raise ApiError(400, "MALFORMED_ID", say("dml.malformed_id", label="Record ID", value=record_id), ["Id"])
    return found


def _get_visible(
    request: ApiRequest, tx: Transaction, one: ObjectType, record_id: str
) -> Mapping[str, StoredValue] | None:
    """The record that a write is for, where the user sees it."""
    return tx.get(one.name, record_id) if request.view.may(tx, one, "read", record_id) else None


def _require_living(row: Mapping[str, StoredValue] | None) -> Mapping[str, StoredValue]:
    """The record that a write is for; a deleted one is told apart from none."""
    if row is None:
        raise _missing()
    if row.get("IsDeleted"):
        raise ApiError(404, "ENTITY_IS_DELETED", say("dml.entity_is_deleted"), [])
    return row


def _render(request: ApiRequest, one: ObjectType, row: Mapping[str, StoredValue]) -> dict[str, object]:
    asked = [name for name in request.args.get("fields", "").split(",") if name.strip()]
    if not asked:
        return render_record(one, row, request.root)
    record: dict[str, object] = {"attributes": attributes(one, str(row["Id"]), request.root)}
    for name in asked:
        field = one.find(name.strip())
        if field is None:
            raise ApiError(400, "INVALID_FIELD", f"No such column '{name.strip()}' on entity '{one.name}'")
        record[field.name] = render_field(field, row)
    # The Id comes last (REST API Developer Guide, "Update a Record and Get Its Field Values in a Single Request").
    record["Id"] = row["Id"]
    return record


def _several(request: ApiRequest, one: ObjectType, ids: list[str]) -> ApiResponse:
    return ApiResponse(300, [f"{request.root}/sobjects/{one.name}/{record_id}" for record_id in ids])


def _tag(one: ObjectType, row: Mapping[str, StoredValue]) -> str:
    """The ETag of a record; only Accounts have one (REST API Developer Guide, "Conditional Request Headers")."""
    if one.name != "Account":
        return ""
    return f'"{hashlib.sha256(json.dumps(dict(row), sort_keys=True).encode()).hexdigest()[:16]}"'


def _is_named(request: ApiRequest, header: str, tag: str, *, absent: bool) -> bool:
    """Whether a header of tags names this one; `absent` where there is no such header, or no tag."""
    given = request.headers.get(header)
    if given is None or not tag:
        return absent
    return bool({"*", tag} & {one.strip().removeprefix("W/") for one in given.split(",")})


def _check_precondition(request: ApiRequest, one: ObjectType, row: Mapping[str, StoredValue]) -> None:
    modified = _modified(row)
    unmodified = _read_date(request, "if-unmodified-since")
    modified_since = _read_date(request, "if-modified-since")
    too_new = unmodified and modified and modified > unmodified
    too_old = modified_since and modified and modified <= modified_since
    tag = _tag(one, row)
    other = not _is_named(request, "if-match", tag, absent=True)
    same = _is_named(request, "if-none-match", tag, absent=False)
    if too_new or too_old or other or same:
        raise ApiError(412, "PRECONDITION_FAILED", "Precondition Failed")


def _read_date(request: ApiRequest, header: str) -> datetime | None:
    text = request.headers.get(header)
    if text is None:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        if request.method == "GET":
            return None
        raise ApiError(400, "INVALID_HEADER", f"The header {header} holds no date.")
    return moment.astimezone(UTC)


def _modified(row: Mapping[str, StoredValue]) -> datetime | None:
    stamp = row.get("LastModifiedDate") or row.get("SystemModstamp")
    return read_stamp(str(stamp)) if stamp else None


def _raise_refused(request: ApiRequest, outcome: Outcome) -> None:
    if outcome.errors:
        body = [show_refusal(error, request) for error in outcome.errors]
        raise ApiError(outcome.errors[0].status, outcome.errors[0].code, outcome.errors[0].message, body=body)


def _created(outcome: Outcome) -> dict[str, object]:
    return {"id": outcome.id, "success": True, "errors": []}


def _location(request: ApiRequest, one: ObjectType, record_id: str | None) -> str:
    return f"{request.root}/sobjects/{one.name}/{record_id}"


ROUTES = [
    Route(("POST",), data("/sobjects/<object_name>"), create),
    Route(("POST",), data("/sobjects/<object_name>/Id"), create_by_null_id),
    Route(("GET", "HEAD"), data("/sobjects/<object_name>/<record_id>"), read),
    Route(("PATCH",), data("/sobjects/<object_name>/<record_id>"), update),
    Route(("DELETE",), data("/sobjects/<object_name>/<record_id>"), delete),
    Route(("GET", "HEAD"), data("/sobjects/<object_name>/<field_name>/<value>"), read_by_key),
    Route(("PATCH",), data("/sobjects/<object_name>/<field_name>/<value>"), upsert),
    Route(("DELETE",), data("/sobjects/<object_name>/<field_name>/<value>"), delete_by_key),
]
