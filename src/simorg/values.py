"""Stored values as answers show them: JSON, CSV, and the compound fields made of several columns."""

from collections.abc import Mapping

from simorg.masks import mask_text
from simorg.schema.registry import Field, ObjectType
from simorg.transactions import StoredValue

Row = Mapping[str, StoredValue]

_ADDRESS_PARTS = (
    ("Street", "street"),
    ("City", "city"),
    ("State", "state"),
    ("PostalCode", "postalCode"),
    ("Country", "country"),
    ("Latitude", "latitude"),
    ("Longitude", "longitude"),
    ("GeocodeAccuracy", "geocodeAccuracy"),
)


def render_json(field: Field, value: StoredValue) -> object:
    """One stored value in JSON: datetimes with +0000, numbers that have a scale as doubles, booleans as such."""
    if value is None:
        return False if field.type == "boolean" else None
    if field.type == "datetime":
        return str(value)[:-1] + ".000+0000"
    if field.type == "boolean":
        return bool(value)
    if field.type in ("double", "currency", "percent"):
        return float(value)
    return value


def render_csv(field: Field, value: StoredValue) -> str:
    """One stored value in CSV; a blank is empty."""
    if value is None:
        return "false" if field.type == "boolean" else ""
    if field.type == "datetime":
        return str(value)[:-1] + ".000Z"
    if field.type == "boolean":
        return "true" if value else "false"
    if field.type in ("double", "currency", "percent"):
        return repr(float(value))
    return str(value)


def compose_name(first: StoredValue, last: StoredValue) -> str | None:
    """The compound name of a person."""
    return " ".join(str(part) for part in (first, last) if part) or None


def compose_address(field: Field, row: Row) -> dict[str, object] | None:
    """The compound address of a record; None where all parts are empty."""
    prefix = field.name.removesuffix("Address")
    parts = {key: row.get(prefix + part) for part, key in _ADDRESS_PARTS}
    if all(value is None for value in parts.values()):
        return None
    order = ("city", "country", "geocodeAccuracy", "latitude", "longitude", "postalCode", "state", "street")
    return {key: parts[key] for key in order}


def render_field(field: Field, row: Row) -> object:
    """A field of a stored row in JSON, derived ones included."""
    if field.type == "address":
        return compose_address(field, row)
    if field.name_field and field.components:
        return compose_name(row.get("FirstName"), row.get("LastName"))
    if field.name == "PhotoUrl":
        return f"/services/images/photo/{row.get('Id')}"
    if field.type == "encryptedstring":
        value = row.get(field.name)
        return mask_text(None if value is None else str(value), field.mask_type, field.mask_char)
    if field.name == "IsEmailBounced":
        return row.get("EmailBouncedReason") is not None
    return render_json(field, row.get(field.name))


def render_record(one: ObjectType, row: Row, root: str) -> dict[str, object]:
    """A whole record with its attributes, every field that users see."""
    record: dict[str, object] = {"attributes": attributes(one, str(row["Id"]), root)}
    for field in one.visible_fields:
        record[field.name] = render_field(field, row)
    return record


def attributes(one: ObjectType, record_id: str, root: str) -> dict[str, object]:
    """What stands before a record's fields."""
    return {"type": one.name, "url": f"{root}/sobjects/{one.name}/{record_id}"}
