"""Stores the versions of a mapping; takes and gives values of `domain.mapping`. A stored version never changes."""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from syncline.domain.ids import ConnectionId
from syncline.domain.mapping import BlankRule, Direction, FieldType, MappedField, Mapping, Policy
from syncline.domain.mapping_options import (
    AmbiguousPolicy,
    DeletePolicy,
    DuplicatePolicy,
    LengthPolicy,
    MergePolicy,
    ObjectRules,
    PushGuard,
    StricterOrder,
)
from syncline.errors import OperatorError, StoreError
from syncline.store.orm import configuration

if TYPE_CHECKING:
    from syncline.store import models


def save_mapping(connection_id: ConnectionId, mapping: Mapping, at: datetime) -> Mapping:
    """Stores a mapping as the connection's next version, and gives it with its number.

    Raises:
        StoreError: another process stored a version at the same moment.
    """
    from syncline.store import models

    with configuration():
        newest = models.Mapping.objects.filter(connection_id=connection_id).order_by("-version").first()
        row = models.Mapping.objects.create(
            connection_id=connection_id,
            version=newest.version + 1 if newest else 1,
            external_id_field=mapping.external_id_field,
            fillers=[list(pair) for pair in mapping.fillers],
            created_at=at,
            approved_at=at if mapping.approved else None,
            ambiguous_policy=str(mapping.ambiguous),
            duplicate_policy=str(mapping.duplicates),
            assignment_rules=mapping.assignment_rules,
        )
        models.MappedField.objects.bulk_create(
            _to_row(row, position, field) for position, field in enumerate(mapping.fields)
        )
        models.MappedObject.objects.bulk_create(_to_object_row(row, *pair) for pair in mapping.objects)
        return replace(mapping, version=row.version)


def approve_mapping(connection_id: ConnectionId, version: int, at: datetime) -> None:
    """Notes that a person has agreed to a version.

    Raises:
        OperatorError: there is no such version, or it is approved already.
    """
    from syncline.store import models

    with configuration():
        waiting = models.Mapping.objects.filter(connection_id=connection_id, version=version, approved_at=None)
        if waiting.update(approved_at=at) != 1:
            raise OperatorError(
                f"There is no version {version} of the mapping that waits for approval.",
                remedy="See the versions: `syncline map show`.",
            )


def load_mapping(connection_id: ConnectionId, version: int | None = None) -> Mapping | None:
    """One version of a connection's mapping, the newest by default; None where there is none."""
    from syncline.store import models

    with configuration():
        rows = models.Mapping.objects.filter(connection_id=connection_id).order_by("-version")
        if version is not None:
            rows = rows.filter(version=version)
        row = rows.prefetch_related("fields", "objects_mapped").first()
        return _to_value(row) if row else None


def list_mappings(connection_id: ConnectionId) -> list[Mapping]:
    """Every version of a connection's mapping, the newest first."""
    from syncline.store import models

    with configuration():
        rows = models.Mapping.objects.filter(connection_id=connection_id).order_by("-version")
        return [_to_value(row) for row in rows.prefetch_related("fields", "objects_mapped")]


def _to_row(mapping: "models.Mapping", position: int, field: MappedField) -> "models.MappedField":
    from syncline.store import models

    return models.MappedField(
        mapping=mapping,
        position=position,
        name=field.name,
        label=field.label,
        type=str(field.type),
        lead_source=field.lead,
        contact_source=field.contact,
        direction=str(field.direction),
        policy=str(field.policy),
        blank_rule=str(field.blank),
        field_group=field.group,
        push_guard=str(field.guard),
        stricter_order=str(field.stricter),
        merge_policy=str(field.merge),
        step=field.step,
        length_policy=str(field.length),
        value_map=[list(pair) for pair in field.values],
    )


def _to_object_row(mapping: "models.Mapping", name: str, rules: ObjectRules) -> "models.MappedObject":
    from syncline.store import models

    return models.MappedObject(
        mapping=mapping,
        object=name,
        strict=rules.strict,
        delete_policy=str(rules.delete),
        filter=rules.filter,
        filter_reason=rules.filter_reason,
        keep_without_email=rules.keep_without_email,
    )


def _to_value(row: "models.Mapping") -> Mapping:
    try:
        return Mapping(
            fields=tuple(_to_field(one) for one in row.fields.all()),
            version=row.version,
            approved=row.approved_at is not None,
            external_id_field=row.external_id_field,
            fillers=tuple((str(name), str(value)) for name, value in row.fillers),
            ambiguous=AmbiguousPolicy(row.ambiguous_policy),
            duplicates=DuplicatePolicy(row.duplicate_policy),
            assignment_rules=row.assignment_rules,
            objects=tuple((one.object, _to_object_rules(one)) for one in row.objects_mapped.all()),
        )
    except ValueError as unknown:
        raise StoreError(
            f"Version {row.version} of the mapping holds a choice that this program does not know: {unknown}.",
            remedy="Run the newer program that wrote it, or map the field anew: `syncline map set`.",
        ) from unknown


def _to_object_rules(row: "models.MappedObject") -> ObjectRules:
    return ObjectRules(
        strict=row.strict,
        delete=DeletePolicy(row.delete_policy),
        filter=row.filter,
        filter_reason=row.filter_reason,
        keep_without_email=row.keep_without_email,
    )


def _to_field(row: "models.MappedField") -> MappedField:
    return MappedField(
        name=row.name,
        label=row.label,
        type=FieldType(row.type),
        lead=row.lead_source,
        contact=row.contact_source,
        direction=Direction(row.direction),
        policy=Policy(row.policy),
        blank=BlankRule(row.blank_rule),
        group=row.field_group,
        guard=PushGuard(row.push_guard),
        stricter=StricterOrder(row.stricter_order),
        merge=MergePolicy(row.merge_policy),
        step=row.step.normalize(),
        length=LengthPolicy(row.length_policy),
        values=tuple((str(there), str(here)) for there, here in row.value_map),
    )
