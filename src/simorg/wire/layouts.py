"""Layouts and record types: one layout, with all fields that users see, in the order of describe; and for each record
type the values of its picklists.

Source: REST API Developer Guide, "sObject Layouts".
"""

from simorg.errors import ApiError
from simorg.schema.record_types import MASTER_ID, RecordType, default_of
from simorg.schema.registry import Field, ObjectType
from simorg.wire.describe import describe_values, find_object
from simorg.wire.http import ApiRequest, ApiResponse, Route, data
from simorg.wire.record_type_infos import find_profile_name, record_type_info

_LAYOUT_ID = "00hgK0000000001AAA"


def describe_layouts(request: ApiRequest, object_name: str) -> ApiResponse:
    """GET /sobjects/X/describe/layouts."""
    one = find_object(request, object_name)
    own = default_of(one.record_types, find_profile_name(request))
    types = [each for each in one.record_types if each.active]
    mappings = [_mapping(one, each, request.root, default=each is own) for each in types]
    mappings.append(_mapping(one, None, request.root, default=own is None))
    body = {
        "layouts": [_layout(one)],
        "recordTypeMappings": mappings,
        "recordTypeSelectorRequired": [len(types) > 1],
    }
    return ApiResponse(200, body)


def describe_layout(request: ApiRequest, object_name: str, record_type_id: str) -> ApiResponse:
    """GET /sobjects/X/describe/layouts/<record type>: the layout of one record type."""
    one = find_object(request, object_name)
    known = {MASTER_ID[:15], *(each.id[:15] for each in one.record_types)}
    if record_type_id[:15] not in known:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    return ApiResponse(200, _layout(one))


def _mapping(one: ObjectType, each: RecordType | None, root: str, *, default: bool) -> dict[str, object]:
    picklists = [field for field in one.visible_fields if field.type in ("picklist", "multipicklist")]
    narrowed = [{"picklistName": field.name, "picklistValues": _values(field, one, each)} for field in picklists]
    return {
        **record_type_info(one, each, root, default=default),
        "layoutId": _LAYOUT_ID,
        "picklistsForRecordType": narrowed,
    }


def _values(field: Field, one: ObjectType, each: RecordType | None) -> list[dict[str, object]]:
    values = [value for value in describe_values(field, one) if value["active"]]
    if each is None or field.name not in each.values:
        return values
    left, default = each.values[field.name], each.defaults.get(field.name)
    return [{**value, "defaultValue": value["value"] == default} for value in values if value["value"] in left]


def _layout(one: ObjectType) -> dict[str, object]:
    rows = [{"layoutItems": [_item(field, at)], "numItems": 1} for at, field in enumerate(one.visible_fields, start=1)]
    section = {
        "collapsed": False, "columns": 1, "heading": f"{one.label} Information", "layoutRows": rows,
        "layoutSectionId": None, "parentLayoutId": _LAYOUT_ID, "rows": len(rows), "tabOrder": "TopToBottom",
        "useCollapsibleSection": False, "useHeading": True,
    }  # fmt: skip
    return {
        "buttonLayoutSection": {"detailButtons": []},
        "detailLayoutSections": [section],
        "editLayoutSections": [section],
        "id": _LAYOUT_ID,
        "multirowEditLayoutSections": [],
        "relatedLists": [],
    }


def _item(field: Field, order: int) -> dict[str, object]:
    component = {"displayLines": 1, "tabOrder": order, "type": "Field", "value": field.name}
    return {
        "editableForNew": field.createable and field.settable,
        "editableForUpdate": field.updateable and field.settable,
        "label": field.label,
        "layoutComponents": [component],
        "placeholder": False,
        "required": field.required,
    }


ROUTES = [
    Route(("GET", "HEAD"), data("/sobjects/<object_name>/describe/layouts"), describe_layouts),
    Route(("GET", "HEAD"), data("/sobjects/<object_name>/describe/layouts/<record_type_id>"), describe_layout),
]
