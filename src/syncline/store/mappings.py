"""Stores the versions of a mapping; takes and gives values of `domain.mapping`. A stored version never changes."""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from syncline.domain.ids import ConnectionId
from syncline.domain.mapping import BlankRule, Direction, FieldType, MappedField, Mapping, Policy
from syncline.errors import OperatorError
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
        )
        models.MappedField.objects.bulk_create(
            _to_row(row, position, field) for position, field in enumerate(mapping.fields)
        )
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
        row = rows.prefetch_related("fields").first()
        return _to_value(row) if row else None


def list_mappings(connection_id: ConnectionId) -> list[Mapping]:
    """Every version of a connection's mapping, the newest first."""
    from syncline.store import models

    with configuration():
        rows = models.Mapping.objects.filter(connection_id=connection_id).order_by("-version")
        return [_to_value(row) for row in rows.prefetch_related("fields")]


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
    )


def _to_value(row: "models.Mapping") -> Mapping:
    fields = (
        MappedField(
            name=one.name,
            label=one.label,
            type=FieldType(one.type),
            lead=one.lead_source,
            contact=one.contact_source,
            direction=Direction(one.direction),
            policy=Policy(one.policy),
            blank=BlankRule(one.blank_rule),
        )
        for one in row.fields.all()
    )
    return Mapping(
        fields=tuple(fields),
        version=row.version,
        approved=row.approved_at is not None,
        external_id_field=row.external_id_field,
        fillers=tuple((str(name), str(value)) for name, value in row.fillers),
    )
