"""Describe: what objects and fields the org shows (REST API Developer Guide, "sObject Describe")."""

import base64
import hashlib
import json
from email.utils import format_datetime, parsedate_to_datetime

from simorg.errors import ApiError
from simorg.schema.registry import TEXT_TYPES, Catalog, ChildRelationship, Field, ObjectType, PicklistValue
from simorg.wire.http import ApiRequest, ApiResponse, Route, data
from simorg.wire.record_type_infos import record_type_infos

_SOAP_TYPES = {
    "id": "tns:ID", "reference": "tns:ID", "boolean": "xsd:boolean", "int": "xsd:int", "double": "xsd:double",
    "currency": "xsd:double", "percent": "xsd:double", "date": "xsd:date", "datetime": "xsd:dateTime",
    "time": "xsd:time", "address": "urn:address", "location": "urn:location",
}  # fmt: skip
#: What no field of these objects has.
_SAME_FOR_ALL = {
    **dict.fromkeys(
        (
            "aiPredictionField", "deprecatedAndHidden", "highScaleNumber", "restrictedDelete", "searchPrefilterable",
            "writeRequiresMasterRead",
        ),
        False,
    ),
    **dict.fromkeys(
        (
            "filteredLookupInfo", "referenceTargetField",
        )
    ),
}  # fmt: skip


def describe_global(request: ApiRequest) -> ApiResponse:
    """GET /sobjects: every object in short."""
    sobjects = [describe_short(one, request.root) for one in request.view.objects()]
    body = {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": sobjects}
    return _conditional(request, body)


def describe_basic(request: ApiRequest, object_name: str) -> ApiResponse:
    """GET /sobjects/X: the object in short, and records used lately."""
    one = find_object(request, object_name)
    return ApiResponse(200, {"objectDescribe": describe_short(one, request.root), "recentItems": []})


def describe_object(request: ApiRequest, object_name: str) -> ApiResponse:
    """GET /sobjects/X/describe: the object with all its fields."""
    one = find_object(request, object_name)
    short = describe_short(one, request.root)
    urls = short.pop("urls")
    assert isinstance(urls, dict)
    more = {
        "actionOverrides": [],
        "childRelationships": [_describe_child(child, request.view) for child in one.children],
        "compactLayoutable": one.layoutable,
        "dataTranslationEnabled": None,
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": [describe_field(field, one, request.view) for field in one.visible_fields],
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": record_type_infos(request, one),
        "searchLayoutable": one.searchable,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [
            {"label": f"All {one.label_plural.lower()}", "name": "everything"},
            {"label": f"My {one.label_plural.lower()}", "name": "mine"},
        ],
    }
    more_urls = {
        "uiDetailTemplate": f"{request.base_url}/{{ID}}",
        "uiEditTemplate": f"{request.base_url}/{{ID}}/e",
        "uiNewRecord": f"{request.base_url}/{one.key_prefix}/e",
    }
    body = dict(sorted({**short, **more}.items()))
    body["urls"] = {**urls, **more_urls}
    return _conditional(request, body)


def find_object(request: ApiRequest, name: str) -> ObjectType:
    """An object that the user sees.

    Raises:
        ApiError: 404.
    """
    one = request.view.find(name)
    if one is None:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    return one


def describe_field(field: Field, one: ObjectType, catalog: Catalog | None = None) -> dict[str, object]:
    """One field with all 57 keys; a reference names only objects of the catalog, where there is one."""
    is_text = field.type in TEXT_TYPES
    is_reference = field.type == "reference"
    extra = "personname" if field.name_field and field.components else None
    if field.type == "textarea" and field.length > 255:
        extra = "plaintextarea"
    facts = {
        "aggregatable": field.aggregatable and field.filterable,
        "byteLength": field.length if is_reference or field.type == "id" else field.length * 3 if is_text else 0,
        "calculated": field.calculated,
        "calculatedFormula": field.formula,
        "cascadeDelete": field.cascade_delete,
        "caseSensitive": field.case_sensitive,
        "compoundFieldName": field.compound,
        "createable": field.createable and field.settable,
        "custom": field.custom,
        "defaultValue": field.default if field.type == "boolean" else None,
        "defaultedOnCreate": field.defaulted_on_create,
        "digits": field.digits,
        "displayLocationInDecimal": field.name.endswith(("Latitude", "Longitude")),
        "externalId": field.external_id,
        "extraTypeInfo": field.extra_type or extra,
        "filterable": field.filterable,
        "groupable": field.groupable,
        "htmlFormatted": field.html,
        "idLookup": field.id_lookup,
        "inlineHelpText": field.help,
        "label": field.label,
        "length": field.length,
        "name": field.name,
        "nameField": field.name_field,
        "namePointing": field.name_pointing,
        "nillable": field.nillable,
        "permissionable": field.permissionable,
        "picklistValues": describe_values(field, one),
        "polymorphicForeignKey": is_reference and len(field.reference_to) > 1,
        "precision": field.precision,
        "queryByDistance": field.type == "address",
        "referenceTo": [name for name in field.reference_to if catalog is None or catalog.find(name)],
        "relationshipName": field.relationship_name,
        "restrictedPicklist": field.restricted_picklist,
        "scale": field.scale,
        "soapType": _SOAP_TYPES.get(field.type, "xsd:string"),
        "sortable": field.sortable,
        "type": field.type,
        "unique": field.unique,
        "updateable": field.updateable and field.settable,
    }
    return dict(sorted({**_SAME_FOR_ALL, **_describe_custom(field, one), **facts}.items()))


def _describe_custom(field: Field, one: ObjectType) -> dict[str, object]:
    """The keys that only custom fields use."""
    definition = field.definition
    return {
        "autoNumber": field.auto_number is not None,
        "controllerName": field.controller,
        "defaultValueFormula": field.default_formula,
        "dependentPicklist": field.controller is not None,
        "encrypted": field.type == "encryptedstring",
        "formulaTreatNullNumberAsZero": bool(
            definition and definition.formula is not None and definition.blanks_as_zero
        ),
        "mask": field.mask_char,
        "maskType": field.mask_type,
        "relationshipOrder": _order_of_master(field, one),
    }


def _order_of_master(field: Field, one: ObjectType) -> int | None:
    """0 for the first master of a detail, 1 for its second."""
    return next((at for at, other in enumerate(one.masters) if other.name == field.name), None)


def describe_values(field: Field, one: ObjectType) -> list[dict[str, object]]:
    """The values of a picklist, with the controlling values that each is valid for."""
    controller = one.fields.get(field.controller.lower()) if field.controller else None
    controlling = None if controller is None else _controlling_values(controller)
    return [_describe_value(value, controlling) for value in field.picklist]


def _controlling_values(controller: Field) -> list[str]:
    if controller.type == "boolean":
        return ["false", "true"]
    return [value.value for value in controller.picklist]


def _describe_value(value: PicklistValue, controlling: list[str] | None) -> dict[str, object]:
    return {
        "active": value.active,
        "defaultValue": value.default,
        "label": value.label or value.value,
        "validFor": None if controlling is None else _valid_for(value, controlling),
        "value": value.value,
    }


def _valid_for(value: PicklistValue, controlling: list[str]) -> str:
    """The controlling values as bits, the highest of the first byte for the first (SOAP API Developer Guide,
    "PicklistEntry": validFor, base64).
    """
    wanted = {one.casefold() for one in value.valid_for}
    bits = bytearray((len(controlling) + 7) // 8)
    for at, one in enumerate(controlling):
        if one.casefold() in wanted:
            bits[at // 8] |= 0x80 >> at % 8
    return base64.b64encode(bytes(bits)).decode()


def describe_short(one: ObjectType, root: str) -> dict[str, object]:
    base = f"{root}/sobjects/{one.name}"
    urls = {
        "compactLayouts": f"{base}/describe/compactLayouts",
        "rowTemplate": f"{base}/{{ID}}",
        "approvalLayouts": f"{base}/describe/approvalLayouts",
        "listviews": f"{base}/listviews",
        "describe": f"{base}/describe",
        "quickActions": f"{base}/quickActions",
        "layouts": f"{base}/describe/layouts",
        "sobject": base,
    }
    return {
        "activateable": False,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": one.createable,
        "custom": one.custom,
        "customSetting": False,
        "deepCloneable": False,
        "deletable": one.deletable,
        "deprecatedAndHidden": False,
        "feedEnabled": one.feed_enabled,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": one.key_prefix,
        "label": one.label,
        "labelPlural": one.label_plural,
        "layoutable": one.layoutable,
        "mergeable": one.mergeable,
        "mruEnabled": one.mru_enabled,
        "name": one.name,
        "queryable": True,
        "replicateable": one.replicateable,
        "retrieveable": True,
        "searchable": one.searchable,
        "triggerable": one.triggerable,
        "undeletable": one.undeletable,
        "updateable": one.updateable,
        "urls": urls,
    }


def _describe_child(child: ChildRelationship, schema: Catalog) -> dict[str, object]:
    owner = schema.find(child.child)
    field = owner.find(child.field) if owner else None
    return {
        "cascadeDelete": child.cascade_delete,
        "childSObject": child.child,
        "deprecatedAndHidden": False,
        "field": field.name if field else child.field,
        "junctionIdListNames": [],
        "junctionReferenceTo": [],
        "relationshipName": child.name,
        "restrictedDelete": False,
    }


def _conditional(request: ApiRequest, body: dict[str, object]) -> ApiResponse:
    """The answer, or 304 where the caller has it already."""
    changed = request.view.changed_at
    tag = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]
    headers = {"ETag": f'"{tag}"', "Last-Modified": format_datetime(changed, usegmt=True)}
    known = [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]
    if headers["ETag"] in known:
        return ApiResponse(304, headers=headers)
    since = request.headers.get("if-modified-since")
    if since and "if-none-match" not in request.headers:
        try:
            moment = parsedate_to_datetime(since)
        except ValueError:
            moment = None
        if moment and moment.tzinfo and changed <= moment:
            return ApiResponse(304, headers=headers)
    return ApiResponse(200, body, headers=headers)


ROUTES = [
    Route(("GET", "HEAD"), data("/sobjects"), describe_global),
    Route(("GET", "HEAD"), data("/sobjects/<object_name>"), describe_basic),
    Route(("GET", "HEAD"), data("/sobjects/<object_name>/describe"), describe_object),
]
