"""Reading a describe into an ObjectShape (REST API Developer Guide, sObject Describe)."""

from typing import Any

from syncline.domain.shape import FieldShape, ObjectShape


def read_describe(body: dict[str, Any], etag: str | None, last_modified: str | None) -> ObjectShape:
    """The shape of an object as this user sees it."""
    return ObjectShape(
        name=body["name"],
        label=body.get("label", body["name"]),
        key_prefix=body.get("keyPrefix"),
        createable=bool(body.get("createable")),
        updateable=bool(body.get("updateable")),
        queryable=bool(body.get("queryable", True)),
        fields=tuple(_read_field(one) for one in body["fields"]),
        etag=etag,
        last_modified=last_modified,
    )


def _read_field(body: dict[str, Any]) -> FieldShape:
    return FieldShape(
        name=body["name"],
        label=body.get("label", body["name"]),
        type=body["type"],
        length=body.get("length") or 0,
        precision=body.get("precision") or 0,
        scale=body.get("scale") or 0,
        nillable=bool(body.get("nillable", True)),
        createable=bool(body.get("createable")),
        updateable=bool(body.get("updateable")),
        filterable=bool(body.get("filterable", True)),
        sortable=bool(body.get("sortable", True)),
        calculated=bool(body.get("calculated")),
        external_id=bool(body.get("externalId")),
        id_lookup=bool(body.get("idLookup")),
        unique=bool(body.get("unique")),
        restricted_picklist=bool(body.get("restrictedPicklist")),
        picklist=tuple(one["value"] for one in body.get("picklistValues") or () if one.get("active", True)),
        reference_to=tuple(body.get("referenceTo") or ()),
        relationship_name=body.get("relationshipName"),
        compound_of=body.get("compoundFieldName"),
        defaulted_on_create=bool(body.get("defaultedOnCreate")),
        permissionable=bool(body.get("permissionable", True)),
    )
