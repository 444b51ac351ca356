"""Up to 200 records in one call, and reading up to 2,000 by id (REST API Developer Guide, "sObject Collections").

A call is one transaction, so that its records share one stamp; a refused record does not touch the others, unless
allOrNone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from simorg.behaviour.dml import Outcome, Writer, refuse
from simorg.behaviour.keys import find_repeated, read_id, refuse_repeated
from simorg.behaviour.keys import upsert as upsert_by_key
from simorg.errors import ApiError, RowError
from simorg.fidelity import say
from simorg.ids import to_18
from simorg.schema.registry import Field, ObjectType
from simorg.values import attributes, render_field
from simorg.wire.describe import find_object
from simorg.wire.duplicates import show_item
from simorg.wire.http import ApiRequest, ApiResponse, Route, data
from simorg.wire.records import read_options

_MOST_WRITES = 200
_MOST_READS = 2_000
_MOST_CHUNKS = 10


class _RolledBack(Exception):
    """One record was refused, and all or none was wanted."""


@dataclass(frozen=True)
class _Record:
    """One record of a request: its object and its fields, or why it cannot be read."""

    object: ObjectType | None
    values: dict[str, Any]
    error: RowError | None = None


def create(request: ApiRequest) -> ApiResponse:
    """POST /composite/sobjects."""
    records, all_or_none = _read_request(request)

    def write(writer: Writer, record: _Record) -> Outcome:
        assert record.object is not None
        return writer.create(record.object, record.values)

    return _write_all(request, records, all_or_none, write)


def update(request: ApiRequest) -> ApiResponse:
    """PATCH /composite/sobjects."""
    records, all_or_none = _read_request(request)

    def write(writer: Writer, record: _Record) -> Outcome:
        assert record.object is not None
        values = {name: value for name, value in record.values.items() if name.lower() != "id"}
        given = next((value for name, value in record.values.items() if name.lower() == "id"), None)
        record_id = read_id(given, "update")
        if isinstance(record_id, RowError):
            return refuse(record_id)
        return writer.update(record.object, record_id, values)

    return _write_all(request, records, all_or_none, write)


def delete(request: ApiRequest) -> ApiResponse:
    """DELETE /composite/sobjects?ids=&allOrNone=."""
    ids = [one for one in request.args.get("ids", "").split(",") if one]
    if not ids:
        raise ApiError(400, "REQUIRED_FIELD_MISSING", "The ids parameter is required.")
    _check_number(len(ids), _MOST_WRITES)

    def write(writer: Writer, record: _Record) -> Outcome:
        record_id = read_id(record.values["Id"], "delete")
        if isinstance(record_id, RowError):
            return refuse(record_id)
        one = request.view.by_prefix(record_id)
        if one is None:
            return refuse(RowError("INVALID_CROSS_REFERENCE_KEY", say("dml.invalid_cross_reference")))
        return writer.delete(one, record_id)

    records = [_Record(None, {"Id": one}) for one in ids]
    return _write_all(request, records, request.args.get("allOrNone", "false").lower() == "true", write)


def upsert(request: ApiRequest, object_name: str, field_name: str) -> ApiResponse:
    """PATCH /composite/sobjects/X/Field."""
    one = find_object(request, object_name)
    key = one.find(field_name)
    if key is None or not (key.external_id or key.id_lookup):
        raise ApiError(404, "NOT_FOUND", say("rows.external_id_missing", field=field_name))
    records, all_or_none = _read_request(request, one)
    repeated = find_repeated(_key_of(record, key) for record in records)

    def write(writer: Writer, record: _Record) -> Outcome:
        value = _key_of(record, key)
        if value is not None and value.casefold() in repeated:
            return refuse_repeated(key, value)
        return upsert_by_key(writer, one, key, value, record.values)

    return _write_all(request, records, all_or_none, write, tells_created=True)


def retrieve(request: ApiRequest, object_name: str) -> ApiResponse:
    """POST /composite/sobjects/X {ids, fields}, or GET with ids and fields: records in that order, null if gone."""
    one = find_object(request, object_name)
    if request.method == "GET":
        asked: dict[str, Any] = {name: request.args.get(name, "").split(",") for name in ("ids", "fields")}
    else:
        asked = request.json_object()
    ids, names = (_read_list(asked, name) for name in ("ids", "fields"))
    _check_number(len(ids), _MOST_READS)
    fields = [_find_field(one, name) for name in names]
    return ApiResponse(200, [_retrieve(request, one, record_id, fields) for record_id in ids])


def _read_list(asked: Mapping[str, Any], name: str) -> list[str]:
    given = asked.get(name)
    if not isinstance(given, list) or not any(given):
        raise ApiError(400, "REQUIRED_FIELD_MISSING", f"The {name} parameter is required.")
    return [str(one).strip() for one in given]


def _retrieve(request: ApiRequest, one: ObjectType, record_id: str, fields: Sequence[Field]) -> object:
    found = to_18(record_id)
    row = request.view.read(one.name, found) if found else None
    if row is None or row.get("IsDeleted"):
        return None
    record: dict[str, object] = {"attributes": attributes(one, str(row["Id"]), request.root)}
    record |= {field.name: render_field(field, row) for field in fields}
    record.setdefault("Id", row["Id"])
    return record


def _find_field(one: ObjectType, name: str) -> Field:
    field = one.find(name)
    if field is None:
        raise ApiError(400, "INVALID_FIELD", f"No such column '{name}' on entity '{one.name}'")
    return field


def _key_of(record: _Record, key: Field) -> str | None:
    value = next((value for name, value in record.values.items() if name.lower() == key.name.lower()), None)
    return None if value in (None, "") else str(value)


def _read_request(request: ApiRequest, wanted: ObjectType | None = None) -> tuple[list[_Record], bool]:
    body = request.json_object()
    records = body.get("records")
    if not isinstance(records, list) or not records:
        raise ApiError(400, "REQUIRED_FIELD_MISSING", "The records parameter is required.")
    _check_number(len(records), _MOST_WRITES)
    read = [_read_record(request, record, wanted) for record in records]
    names = [record.object.name if record.object else "" for record in read]
    chunks = 1 + sum(before != after for before, after in pairwise(names))
    if chunks > _MOST_CHUNKS:
        raise ApiError(400, "INVALID_INPUT", say("collections.too_many_chunks"))
    return read, body.get("allOrNone") is True


def _read_record(request: ApiRequest, record: object, wanted: ObjectType | None) -> _Record:
    if not isinstance(record, dict):
        raise ApiError(400, "JSON_PARSER_ERROR", "A record has to be a JSON object.")
    about = record.get("attributes")
    values = {name: value for name, value in record.items() if name != "attributes"}
    name = about.get("type") if isinstance(about, dict) else None
    if name is None and wanted is None:
        raise ApiError(400, "JSON_PARSER_ERROR", say("collections.no_attributes"))
    one = request.view.find(str(name)) if name else wanted
    if one is None:
        return _Record(None, values, RowError("INVALID_TYPE", f"sObject type '{name}' is not supported."))
    if wanted is not None and one.name != wanted.name:
        message = say("collections.wrong_type", given=one.name, wanted=wanted.name)
        return _Record(one, values, RowError("INVALID_TYPE", message))
    return _Record(one, values)


def _write_all(
    request: ApiRequest,
    records: Sequence[_Record],
    all_or_none: bool,
    write: Callable[[Writer, _Record], Outcome],
    *,
    tells_created: bool = False,
) -> ApiResponse:
    outcomes: list[Outcome] = []
    try:
        with request.org.storage.transaction(request.user_id) as tx:
            writer = Writer(request.org, tx, read_options(request))
            outcomes += [refuse(record.error) if record.error else write(writer, record) for record in records]
            if all_or_none and not all(one.success for one in outcomes):
                raise _RolledBack
    except _RolledBack:
        error = RowError("ALL_OR_NONE_OPERATION_ROLLED_BACK", say("collections.rolled_back"))
        outcomes = [one if one.errors else refuse(error) for one in outcomes]
    return ApiResponse(200, [_show(request, one, tells_created) for one in outcomes])


def _show(request: ApiRequest, outcome: Outcome, tells_created: bool) -> dict[str, object]:
    """One entry of the answer; a refused record has no id."""
    item: dict[str, object] = {} if outcome.errors else {"id": outcome.id}
    item |= {"success": outcome.success, "errors": [show_item(error, request) for error in outcome.errors]}
    if tells_created:
        item["created"] = outcome.created
    return item


def _check_number(number: int, most: int) -> None:
    if number > most:
        raise ApiError(400, "EXCEEDED_ID_LIMIT", say("collections.too_many", number=number, most=most))


ROUTES = [
    Route(("POST",), data("/composite/sobjects"), create),
    Route(("PATCH",), data("/composite/sobjects"), update),
    Route(("DELETE",), data("/composite/sobjects"), delete),
    Route(("PATCH",), data("/composite/sobjects/<object_name>/<field_name>"), upsert),
    Route(("POST", "GET"), data("/composite/sobjects/<object_name>"), retrieve),
]
