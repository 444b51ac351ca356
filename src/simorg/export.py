"""All records of an org as stored, deleted ones too, without going through any of its protocols."""

from collections.abc import Sequence

from simorg.org import Org
from simorg.transactions import quote

_AUDIT = frozenset(
    {
        "CreatedDate",
        "CreatedById",
        "LastModifiedDate",
        "LastModifiedById",
        "SystemModstamp",
        "LastViewedDate",
        "LastReferencedDate",
    }
)


def export_records(org: Org, names: Sequence[str] = (), *, audit: bool = True) -> dict[str, list[dict[str, object]]]:
    """Records by object, in the order of their ids; `audit=False` leaves out who and when.

    Raises:
        ValueError: an object is not known.
    """
    exported: dict[str, list[dict[str, object]]] = {}
    for name in names or [one.name for one in org.schema.objects()]:
        one = org.schema.find(name)
        if one is None:
            raise ValueError(f"no such object: {name}")
        columns = [field.name for field in one.stored_fields if audit or field.name not in _AUDIT]
        selected = ", ".join(quote(column) for column in columns)
        rows = org.storage.read(f'SELECT {selected} FROM {quote(one.name)} ORDER BY "Id"')
        exported[one.name] = [dict(zip(columns, row, strict=True)) for row in rows]
    return exported
