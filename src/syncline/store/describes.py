"""What the org shows of its objects, kept between runs with its ETag, so that a run need not ask again."""

from collections.abc import Sequence
from dataclasses import MISSING, dataclass, fields
from datetime import datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from syncline.domain.shape import FieldShape, ObjectShape
from syncline.store.named_sql import load

_SQL = load("describes")
_DEFAULTS = {one.name: one.default for one in fields(FieldShape) if one.default is not MISSING}


@dataclass(frozen=True)
class Describe:
    """What one user was shown of an object, and when; `shape` is None where the object is not there for that user."""

    object: str
    shape: ObjectShape | None
    user_id: str
    api_version: str
    mapping_version: int
    checked_at: datetime


def load_describes(conn: psycopg.Connection, connection_id: int, objects: Sequence[str]) -> dict[str, Describe]:
    """What is kept of these objects, by name."""
    rows = conn.execute(_SQL["load"].compose(), {"connection_id": connection_id, "objects": list(objects)})
    return {name: Describe(name, _to_shape(shape) if shape else None, *rest) for name, shape, *rest in rows}


def save_describe(conn: psycopg.Connection, connection_id: int, describe: Describe) -> None:
    """Keeps what the org shows of an object."""
    shape = Jsonb(_to_json(describe.shape)) if describe.shape else None
    conn.execute(_SQL["save"].compose(), {**vars(describe), "connection_id": connection_id, "shape": shape})


def _to_json(shape: ObjectShape) -> dict[str, Any]:
    values = {one.name: getattr(shape, one.name) for one in fields(ObjectShape)}
    return {**values, "fields": [_field_to_json(one) for one in shape.fields]}


def _field_to_json(field: FieldShape) -> dict[str, Any]:
    return {name: value for name, value in vars(field).items() if name not in _DEFAULTS or value != _DEFAULTS[name]}


def _to_shape(values: dict[str, Any]) -> ObjectShape:
    return ObjectShape(**{**values, "fields": tuple(_to_field(one) for one in values["fields"])})


def _to_field(values: dict[str, Any]) -> FieldShape:
    facts: dict[str, Any] = {name: tuple(one) if isinstance(one, list) else one for name, one in values.items()}
    return FieldShape(**facts)
