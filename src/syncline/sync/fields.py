"""Which fields of an object are read into the mirror: what the mapping names, and what the engine itself needs."""

from collections.abc import Collection

from syncline.domain.mapping import Mapping, is_expression
from syncline.domain.objects import MirroredObject
from syncline.domain.shape import COMPOUND_TYPES, FieldShape, ObjectShape
from syncline.errors import FormulaError

#: Read of every person record where the org has them: identity, stamps, deletion, conversion, ownership.
SYSTEM_FIELDS = (
    "Id",
    "IsDeleted",
    "MasterRecordId",
    "CreatedDate",
    "LastModifiedDate",
    "LastModifiedById",
    "SystemModstamp",
    "OwnerId",
    "IsConverted",
    "ConvertedContactId",
    "ConvertedAccountId",
    "ConvertedOpportunityId",
    "AccountId",
    "IsPersonAccount",
    "Email",
)


def read_fields(
    shape: ObjectShape,
    mapping: Mapping,
    chosen: MirroredObject | None = None,
    suspended: Collection[str] = (),
) -> tuple[FieldShape, ...]:
    """The fields to read, each once, the engine's own first; what the org hides is left out.

    `chosen`: what an operator wants mirrored besides. `suspended`: marketing fields that are left as they are.
    """
    mapped = [source for field, source in mapping.on(shape.name) if field.name not in suspended]
    if condition := mapping.rules(shape.name).filter:
        mapped.append(condition)
    sources = [name for source in mapped for name in fields_of(source, shape)]
    external = [mapping.external_id_field] if mapping.external_id_field else []
    found: dict[str, FieldShape] = {}
    for name in (*SYSTEM_FIELDS, *external, *sources):
        field = shape.find(name)
        if field and field.type not in COMPOUND_TYPES:
            found.setdefault(field.column, field)
    if chosen:
        for field in chosen.read_fields(shape):
            found.setdefault(field.column, field)
    return tuple(found.values())


def fields_of(source: str, shape: ObjectShape) -> tuple[str, ...]:
    """The fields that a source reads: one, or what an expression names."""
    if not is_expression(source):
        return (source,)
    from syncline.domain.formula.check import check_source

    try:
        return check_source(source, shape).fields
    except FormulaError:
        # What it read may be gone from the org; the mapping's check tells it.
        return ()
