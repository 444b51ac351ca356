"""A preview of filters: how many records one keeps and leaves out, how many contacts go with them, and some of them."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass

import psycopg

from syncline import clock
from syncline.domain import mapping as people
from syncline.domain.connection import Connection
from syncline.domain.formula.check import check_source
from syncline.domain.formula.types import BoundFormula
from syncline.domain.mapping_expressions import check_filter
from syncline.domain.shape import FieldShape, ObjectShape
from syncline.errors import MappingError, OperatorError
from syncline.flows.connect import describe_people, open_client
from syncline.flows.preview import read_records
from syncline.salesforce.client import Salesforce
from syncline.store.database import Database, transaction
from syncline.store.names import ConnectionTables
from syncline.store.preview import FilterCounts, PreviewRow, count_in_mirror, count_records, ensure_ready
from syncline.store.secrets import KeyRing

#: Where the mirror cannot tell, so many records of the org are looked at: one page of a query.
_SAMPLE = 2_000


@dataclass(frozen=True)
class FilterPreview:
    """What a filter does to one object: counts, the fields that it reads, and some of the records left out.

    `reason`: what people are told of them. `from_mirror`: whether all records were looked at, or a page of the org's.
    """

    object: str
    filter: str
    reason: str
    fields: tuple[str, ...]
    counts: FilterCounts
    left_out: tuple[PreviewRow, ...]
    from_mirror: bool


def preview_filters(
    database: Database,
    keys: KeyRing,
    connection: Connection,
    mapping: people.Mapping,
    tried: str | None,
    *,
    limit: int,
    only: str | None = None,
) -> list[FilterPreview]:
    """What the filters of a mapping leave out, or the one that is tried, which nobody keeps yet.

    Raises:
        OperatorError: there is no filter, or it does not fit the org.
    """
    with open_client(connection, keys) as client, closing(database.connect("preview")) as conn:
        shapes = describe_people(client)
        chosen = _choose(mapping, tried, shapes, only)
        with transaction(conn, "preview"):
            ensure_ready(conn)
            return [
                _preview(conn, client, connection, shapes[name], source, reason, limit)
                for name, source, reason in chosen
            ]


def _choose(
    mapping: people.Mapping, tried: str | None, shapes: Mapping[str, ObjectShape], only: str | None
) -> list[tuple[str, str, str]]:
    """The filters to look at: (object, filter, reason)."""
    names = [name for name in people.PERSON_OBJECTS if name in shapes and (only is None or name == only)]
    rules = {name: mapping.rules(name) for name in names}
    chosen = [
        (name, source, rules[name].filter_reason if source == rules[name].filter else "")
        for name in names
        if (source := tried or rules[name].filter)
    ]
    wrong = {name: list(check_filter(name, source, shapes[name])) for name, source, _ in chosen}
    fitting = [one for one in chosen if not wrong[one[0]]]
    # What is tried need fit only one of the objects.
    if chosen and (not fitting or (tried is None and len(fitting) < len(chosen))):
        problem = next(problem for found in wrong.values() for problem in found)
        raise MappingError([f"{problem.object}: {problem.message}"], remedy=problem.remedy)
    if not chosen:
        raise OperatorError(
            "No object has a filter.",
            remedy="Try one: `syncline map preview --filter '=NOT(ISBLANK(Phone))'`; `syncline map object` keeps it.",
        )
    return fitting


def _preview(
    conn: psycopg.Connection,
    client: Salesforce,
    connection: Connection,
    shape: ObjectShape,
    source: str,
    reason: str,
    limit: int,
) -> FilterPreview:
    formula = check_source(source, shape)
    bound = BoundFormula(formula, clock.now(), None)
    fields: list[FieldShape] = [one for name in formula.fields if (one := shape.find(name))]
    found = count_in_mirror(conn, ConnectionTables(connection.name), connection.id, bound, shape, fields, limit)
    from_mirror = found is not None
    if found is None:
        unconverted = "IsConverted = false" if shape.find("IsConverted") else None
        found = count_records(conn, bound, fields, read_records(client, shape, fields, _SAMPLE, unconverted), limit)
    counts, rows = found
    names = tuple(one.name for one in fields)
    return FilterPreview(shape.name, source, reason, names, counts, tuple(rows), from_mirror)
