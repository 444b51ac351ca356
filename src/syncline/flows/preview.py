"""A preview of one source of the mapping: its value on real records, with the values that it reads beside it."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from syncline import clock
from syncline.domain.connection import Connection
from syncline.domain.mapping import PERSON_OBJECTS, FieldType, MappedField, Mapping, is_expression
from syncline.domain.shape import FieldShape, ObjectShape
from syncline.domain.values import rest_to_text
from syncline.errors import MappingError, OperatorError
from syncline.flows.connect import describe_people, open_client
from syncline.salesforce.client import Salesforce
from syncline.salesforce.soql import build_query
from syncline.store.database import Database, transaction
from syncline.store.names import ConnectionTables
from syncline.store.preview import PreviewRow, ensure_ready, evaluate, load_from_mirror
from syncline.store.secrets import KeyRing


@dataclass(frozen=True)
class Preview:
    """Some records of one object: the fields that are read, and for each record their values and the result."""

    object: str
    source: str
    fields: tuple[str, ...]
    rows: tuple[PreviewRow, ...]
    from_mirror: bool


def build_preview(
    database: Database,
    keys: KeyRing,
    connection: Connection,
    mapping: Mapping,
    name: str,
    *,
    limit: int,
    only: str | None = None,
) -> list[Preview]:
    """The preview of a mapped field, or of an expression that is not mapped yet, on each object that has it.

    Raises:
        OperatorError: there is no such field, or its source does not fit the org.
    """
    field = _find(mapping, name)
    if only is not None and only.capitalize() not in PERSON_OBJECTS:
        raise OperatorError(f"There is no object {only!r} of people.", remedy="Choose Lead or Contact.")
    names = [one for one in PERSON_OBJECTS if only is None or one == only.capitalize()]
    with open_client(connection, keys) as client, closing(database.connect("preview")) as conn:
        shapes = describe_people(client)
        bound = _bind_all(field, [shapes[one] for one in names if one in shapes], every=not is_expression(name))
        with transaction(conn, "preview"):
            if any(one.formula for one, _, _ in bound):
                ensure_ready(conn)
            shown = []
            for one, shape, fields in bound:
                rows = load_from_mirror(conn, ConnectionTables(connection.name), one, shape, fields, limit)
                from_mirror = bool(rows)
                if not rows:
                    rows = evaluate(conn, one, shape, fields, read_records(client, shape, fields, limit))
                source = one.source(shape.name) or ""
                shown.append(Preview(shape.name, source, tuple(f.name for f in fields), tuple(rows), from_mirror))
    return shown


def _find(mapping: Mapping, name: str) -> MappedField:
    if is_expression(name):
        return MappedField("preview", "Preview", FieldType.TEXT, name, name)
    found = mapping.find(name)
    if found is None:
        known = ", ".join(one.name for one in mapping.fields)
        raise OperatorError(
            f"There is no field {name!r}.", remedy=f"The mapping has: {known}. An expression begins with `=`."
        )
    return found


def _bind_all(
    field: MappedField, shapes: Sequence[ObjectShape], *, every: bool
) -> list[tuple[MappedField, ObjectShape, list[FieldShape]]]:
    """The field on each object with what it reads; an expression of nobody need fit only one of them."""
    bound, problems = [], []
    for shape in shapes:
        source = field.source(shape.name)
        if not source:
            continue
        try:
            bound.append(_bind(field, source, shape))
        except MappingError as wrong:
            problems.append(wrong)
    if problems and (every or not bound):
        raise problems[0]
    if not bound:
        raise OperatorError(f"{field.name} stands for nothing there.", remedy="See `syncline map show`.")
    return bound


def _bind(field: MappedField, source: str, shape: ObjectShape) -> tuple[MappedField, ObjectShape, list[FieldShape]]:
    if not is_expression(source):
        found = shape.find(source)
        if found is None:
            raise MappingError(
                [f"{shape.name} shows this user no field {source}"], remedy="See `syncline map validate`."
            )
        return field, shape, [found]
    from syncline.domain.formula.check import check_source
    from syncline.domain.formula.types import BoundFormula
    from syncline.domain.mapping_expressions import FITTING_KINDS

    formula = check_source(source, shape)
    fitting = FITTING_KINDS[formula.kind]
    kind = field.type if field.type in fitting else fitting[0]
    fields = [one for name in formula.fields if (one := shape.find(name))]
    return replace(field, type=kind, formula=BoundFormula(formula, clock.now(), None)), shape, fields


def read_records(
    client: Salesforce, shape: ObjectShape, fields: Sequence[FieldShape], limit: int, where: str | None = None
) -> list[dict[str, str | None]]:
    """Some records of the org, as texts by the names of the mirror's columns."""
    names = list(dict.fromkeys(("Id", *(one.name for one in fields))))
    page = client.query(f"{build_query(shape.name, names, where)} LIMIT {limit}")
    return [{name.lower(): rest_to_text(record.get(name)) for name in names} for record in page.records]
