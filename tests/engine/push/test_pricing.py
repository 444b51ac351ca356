"""Reading every record, at first or after a change of mapping, is priced before it happens, and costs what was said."""

from dataclasses import replace

import pytest

from syncline import clock
from syncline.domain.mapping import MappedField, Mapping
from syncline.domain.reading import ReadForecast
from syncline.flows.connect import describe_people, open_client
from syncline.flows.pricing import price_mapping
from syncline.store.connections import load_connection
from syncline.store.mappings import save_mapping
from syncline.sync import run, stage
from tests.engine.orgs import NAME, Hub

#: As many as make several pages of a query for each object.
_MANY = 9_000


def _read(hub: Hub) -> tuple[tuple[ReadForecast, ...], int]:
    """A plan: what it foresaw of its reading, and the calls that the reading made."""
    told: list[tuple[tuple[ReadForecast, ...], int]] = []
    with hub.open("plan") as ctx:
        ctx.settings = hub.settings
        ctx.progress.foresee = lambda reading: told.append((tuple(reading), ctx.salesforce.calls.total))
        plan = run.make_plan(ctx)
        made = ctx.salesforce.calls.total
    if not told:
        assert plan.reading == ()
        return (), 0
    ((foreseen, before),) = told
    assert plan.reading == foreseen
    return foreseen, made - before


def _price(hub: Hub, mapping: Mapping) -> tuple[ReadForecast, ...]:
    connection = load_connection(NAME)
    with open_client(connection, hub.keys) as client:
        shapes = describe_people(client)
    return price_mapping(hub.database, hub.keys, connection, mapping, shapes)


def _with_key(mapping: Mapping) -> Mapping:
    kind = mapping.fields[0].type
    return replace(mapping, fields=(*mapping.fields, MappedField("data_key", "Data.com key", kind, "Jigsaw", "Jigsaw")))


def _filtered(mapping: Mapping) -> Mapping:
    rules = replace(mapping.rules("Lead"), filter="=ISBLANK(LastActivityDate)")
    return replace(mapping, objects=(("Lead", rules),))


def test_a_first_import_a_field_and_a_filter_cost_the_calls_that_were_told_before(hub: Hub) -> None:
    hub.org.control("POST", "reset", {"people": _MANY})
    first = _price(hub, hub.mapping)
    foreseen, made = _read(hub)
    assert first == foreseen
    assert sum(one.calls for one in first) > 4
    assert abs(made - sum(one.calls for one in first)) <= 0.05 * made
    rows = hub.rows("SELECT 'Lead', count(*) FROM sf_main.lead UNION SELECT 'Contact', count(*) FROM sf_main.contact")
    assert {one.object: one.rows for one in first} == dict(rows)
    hub.sync()
    assert _price(hub, hub.mapping) == ()
    assert _read(hub) == ((), 0)

    for change, objects, field in (
        (_with_key, {"Lead", "Contact"}, "Jigsaw"),
        (_filtered, {"Lead"}, "LastActivityDate"),
    ):
        changed = change(hub.mapping)
        told = _price(hub, changed)
        assert {(one.object, one.fields) for one in told} == {(name, (field,)) for name in objects}
        save_mapping(load_connection(NAME).id, changed, clock.now())
        foreseen, made = _read(hub)
        assert told == foreseen
        assert made >= 2
        assert abs(made - sum(one.calls for one in told)) <= 0.05 * made
        hub.sync()


def test_a_read_by_bulk_jobs_costs_the_calls_that_were_told_before(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    # The org is done with so few rows before the second look.
    monkeypatch.setattr(stage, "_FIRST_POLL", 0.5)
    hub.settings = replace(hub.settings, bulk_threshold=50)
    foreseen, made = _read(hub)
    assert {one.calls for one in foreseen} == {4}
    # One look more or less for each job: how fast the org is cannot be known.
    assert abs(made - sum(one.calls for one in foreseen)) <= len(foreseen)
