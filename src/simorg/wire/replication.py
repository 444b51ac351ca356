"""Which records were updated or deleted in a span of time (REST API Developer Guide, "sObject Get Updated/Deleted")."""

from datetime import datetime, timedelta

from simorg.clock import format_stamp
from simorg.errors import ApiError
from simorg.fidelity import say
from simorg.schema.registry import ObjectType
from simorg.soql.literals import read_datetime
from simorg.wire.http import ApiRequest, ApiResponse, Route, data

_MINUTE = timedelta(minutes=1)
_UPDATED_BACK = timedelta(days=30)
_DELETED_BACK = timedelta(days=15)
_MOST_IDS = 600_000


def updated(request: ApiRequest, object_name: str) -> ApiResponse:
    """GET /sobjects/X/updated: ids of records changed in the span."""
    one = _find_object(request, object_name)
    start, end = _read_span(request, _UPDATED_BACK)
    stamp = "SystemModstamp" if "systemmodstamp" in one.fields else "LastModifiedDate"
    living = ' AND "IsDeleted" = 0' if "isdeleted" in one.fields else ""
    rows = request.org.storage.read(
        f'SELECT "Id" FROM {request.view.source(one.name)}'
        f' WHERE "{stamp}" >= ? AND "{stamp}" < ?{living} ORDER BY "{stamp}", "Id" LIMIT ?',
        [format_stamp(start), format_stamp(end), _MOST_IDS + 1],
    )
    ids = [row[0] for row in rows]
    if len(ids) > _MOST_IDS:
        raise ApiError(400, "EXCEEDED_ID_LIMIT", say("replication.exceeded_id_limit"))
    return ApiResponse(200, {"ids": ids, "latestDateCovered": _covered(request, end)})


def deleted(request: ApiRequest, object_name: str) -> ApiResponse:
    """GET /sobjects/X/deleted: records deleted in the span."""
    one = _find_object(request, object_name)
    start, end = _read_span(request, _DELETED_BACK)
    rows = request.org.storage.read(
        f'SELECT "Id", "SystemModstamp" FROM {request.view.source(one.name)}'
        ' WHERE "SystemModstamp" >= ? AND "SystemModstamp" < ? AND "IsDeleted" = 1 ORDER BY "SystemModstamp", "Id"',
        [format_stamp(start), format_stamp(end)],
    )
    body = {
        "deletedRecords": [
            {"deletedDate": str(stamp)[:-1] + ".000+0000", "id": record_id} for record_id, stamp in rows
        ],
        "earliestDateAvailable": _show(request.org.clock.now() - _DELETED_BACK),
        "latestDateCovered": _covered(request, end),
    }
    return ApiResponse(200, body)


def _find_object(request: ApiRequest, name: str) -> ObjectType:
    one = request.view.find(name)
    if one is None:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    if not one.replicateable:
        raise ApiError(400, "INVALID_TYPE", say("replication.not_replicateable", object=one.name))
    return one


def _read_span(request: ApiRequest, back: timedelta) -> tuple[datetime, datetime]:
    """Start floored and end ceiled to the minute; seconds are ignored."""
    moments = []
    for name in ("start", "end"):
        # A plus that was not encoded arrives as a blank.
        text = request.args.get(name, "").replace(" ", "+")
        moment = read_datetime(text)
        if moment is None:
            raise ApiError(400, "MALFORMED_QUERY", say("replication.bad_date", name=name, value=text))
        moments.append(moment)
    start, end = moments
    if end - start < _MINUTE:
        raise ApiError(400, "INVALID_REPLICATION_DATE", say("replication.span_too_short"))
    if start < request.org.clock.now() - back:
        raise ApiError(400, "INVALID_REPLICATION_DATE", say("replication.too_far_back", days=back.days))
    floored = start.replace(second=0, microsecond=0)
    ceiled = end.replace(second=0, microsecond=0)
    return floored, ceiled if ceiled == end else ceiled + _MINUTE


def _covered(request: ApiRequest, end: datetime) -> str:
    return _show(min(end, request.org.clock.now().replace(second=0, microsecond=0)))


def _show(moment: datetime) -> str:
    return format_stamp(moment)[:-1] + ".000+0000"


ROUTES = [
    Route(("GET",), data("/sobjects/<object_name>/updated"), updated),
    Route(("GET",), data("/sobjects/<object_name>/deleted"), deleted),
]
