"""The header of an ingest job's CSV: which field each column writes, and what no job can have there.

Source: Bulk API 2.0 Developer Guide, "Prepare CSV Files" and "Relationship Fields in a Header Row (2.0)":
`RelationshipName.IndexedFieldName`, with `ObjectType:` before it where several objects can be meant; one step only;
indexed are external ids and fields with idLookup.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from simorg.bulk.csv_input import BadInput
from simorg.fidelity import say
from simorg.schema.registry import Catalog, Field, ObjectType

_MOST_CHARACTERS = 32_000
_BY_ID = ("update", "delete", "hardDelete")
_ONLY_ID = ("delete", "hardDelete")


@dataclass(frozen=True)
class Column:
    """One column: the field it writes. With `target` and `key` its values are keys of records of another object."""

    field: Field
    target: ObjectType | None = None
    key: Field | None = None


def read_header(
    schema: Catalog, one: ObjectType, operation: str, key: Field | None, names: Sequence[str]
) -> list[Column]:
    """The columns of a header.

    Raises:
        BadInput: no job of this kind can have it.
    """
    if sum(map(len, names)) + len(names) - 1 > _MOST_CHARACTERS:
        raise _invalid(say("bulk.header_too_long", most=_MOST_CHARACTERS))
    columns = [_read_column(schema, one, name) for name in names]
    written = [column.field.name for column in columns]
    for name, field_name in zip(names, written, strict=True):
        if written.count(field_name) > 1:
            raise _invalid(say("bulk.duplicate_column", name=name))
    if operation in _ONLY_ID and written != ["Id"]:
        raise _invalid(say("bulk.only_ids", operation=operation))
    needed = "Id" if operation in _BY_ID else key.name if key else None
    if needed and needed not in written:
        raise _not_found(needed)
    return columns


def _read_column(schema: Catalog, one: ObjectType, name: str) -> Column:
    before, dot, after = name.rpartition(".")
    if not dot:
        field = one.find(name)
        if field is None:
            raise _not_found(name)
        return Column(field)
    type_name, _, relation = before.rpartition(":")
    field = one.find_relation(relation)
    if field is None:
        raise _not_found(name)
    for target_name in field.reference_to:
        target = schema.find(target_name)
        if target is None or type_name.lower() not in ("", target.name.lower()):
            continue
        key = target.find(after)
        if key is not None and (key.external_id or key.id_lookup):
            return Column(field, target, key)
    raise _not_found(name)


def _invalid(problem: str) -> BadInput:
    return BadInput(f"InvalidBatch : {problem}")


def _not_found(name: str) -> BadInput:
    return _invalid(say("bulk.column_not_found", name=name))
