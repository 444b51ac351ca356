"""Looking for records by their values: of unique fields, and of keys."""

from simorg.behaviour.access import Access
from simorg.errors import RowError
from simorg.fidelity import say
from simorg.ids import to_18
from simorg.schema.registry import ID_TYPES, Field, ObjectType
from simorg.transactions import StoredValue, Transaction, quote

_UNKNOWN = "<unknown>"


def find_duplicate(
    tx: Transaction, one: ObjectType, field: Field, value: StoredValue, record_id: str, access: Access
) -> RowError | None:
    """The refusal of a value of a unique field that another living record has."""
    same = "" if field.case_sensitive else " COLLATE NOCASE"
    others = tx.select_ids(one.name, f'{quote(field.name)} = ?{same}{living(one)} AND "Id" <> ?', [value, record_id])
    if not others:
        return None
    # Whose record the user does not see is not told.
    seen = access.sees(one, others[0])
    message = say(
        "dml.duplicate_value", field=field.name if seen else _UNKNOWN, id=others[0][:15] if seen else _UNKNOWN
    )
    return RowError("DUPLICATE_VALUE", message, (field.name,))


def living(one: ObjectType) -> str:
    """In SQL, behind other conditions: that a record does not lie in the bin, where the object has one."""
    return ' AND "IsDeleted" = 0' if "isdeleted" in one.fields else ""


def key_condition(one: ObjectType, key: Field) -> str:
    """In SQL: living records with one value of a key."""
    same = "" if key.case_sensitive or key.type == "id" else " COLLATE NOCASE"
    return f"{quote(key.name)} = ?{same}{living(one)}"


def key_value(key: Field, value: str) -> str:
    """A key as storage keeps it: ids have 18 characters."""
    return (to_18(value) or value) if key.type in ID_TYPES else value.strip()
