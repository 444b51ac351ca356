"""What a write adds to what was given, and leaves away from it."""

from collections.abc import Mapping

from simorg.schema.registry import ObjectType
from simorg.transactions import StoredValue

_NO_OWNER = frozenset({"User", "Organization", "Profile"})


def must_have(one: ObjectType, name: str) -> bool:
    """Whether a field cannot be blanked."""
    field = one.fields[name.lower()]
    return not field.nillable and field.type != "boolean"


def build_defaults(one: ObjectType, user_id: str) -> dict[str, StoredValue]:
    """What a new record has where nothing was given."""
    defaults: dict[str, StoredValue] = {}
    for field in one.stored_fields:
        if field.type == "boolean":
            defaults[field.name] = int(bool(field.default))
        elif field.default is not None:
            defaults[field.name] = field.default
    if "ownerid" in one.fields and one.name not in _NO_OWNER:
        defaults["OwnerId"] = user_id
    defaults.pop("IsDeleted", None)
    return defaults


def storable(one: ObjectType, row: dict[str, StoredValue]) -> dict[str, StoredValue]:
    """What has a column; the rest was taken for what it leads to."""
    if not one.unstored_names:
        return row
    return {name: value for name, value in row.items() if name not in one.unstored_names}


def clear_bounce(before: Mapping[str, StoredValue], written: dict[str, StoredValue]) -> None:
    """A new address has not bounced."""
    changed = "Email" in written and written["Email"] != before.get("Email")
    if changed and before.get("EmailBouncedReason") and "EmailBouncedReason" not in written:
        written |= {"EmailBouncedReason": None, "EmailBouncedDate": None}
