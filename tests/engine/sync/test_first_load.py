"""What fills an empty mirror is staged with its types and becomes it; odd values and rows take the longer road."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from syncline.domain.mapping import LEAD
from syncline.salesforce.client import Salesforce
from syncline.store import mirror, shaping, staging
from syncline.store.database import Database
from syncline.store.mirror import BadValue
from syncline.store.staging import ValueDoesNotFit
from syncline.sync import run
from tests.engine.orgs import Hub
from tests.engine.sync.planted import CONNECTION, Planted, page, record_id, row


@pytest.fixture
def planted(database: Database) -> Planted:
    org = Planted(database)
    org.prepare()
    return org


def _load_typed(planted: Planted, rows: Sequence[Mapping[str, str]]) -> tuple[int, list[BadValue]]:
    table = planted.table(LEAD)
    names = [one.name for one in table.fields]
    with planted.database.connect() as conn:
        staging.reset_typed(conn, planted.tables, CONNECTION, LEAD, shaping.definitions(table))
        staging.copy_csv(conn, planted.tables, LEAD, names, page(names, rows))
        loaded = mirror.load_first(conn, table)
        staging.drop(conn, planted.tables, CONNECTION, LEAD)
    return loaded


def _mirror(planted: Planted) -> list[tuple[object, ...]]:
    return [tuple(one.values()) for one in planted.query("SELECT id, lead_score__c FROM sf_main.lead ORDER BY id")]


def test_what_is_staged_with_types_becomes_the_mirror_with_its_keys(planted: Planted) -> None:
    assert _load_typed(planted, [row(LEAD, 2, Lead_Score__c="7.0"), row(LEAD, 1)]) == (2, [])
    assert _mirror(planted) == [(record_id(LEAD, 1), None), (record_id(LEAD, 2), 7)]
    keys = planted.query("SELECT indexname FROM pg_indexes WHERE schemaname = 'sf_main' AND tablename = 'lead'")
    assert {str(one["indexname"]) for one in keys} == {"lead_pkey", "lead_stamp", "lead_converted", "lead_merged"}
    assert (
        planted.query("SELECT 1 FROM pg_tables WHERE schemaname = 'sfwork_main' AND tablename LIKE %s", "staged%") == []
    )


def test_an_id_that_was_read_twice_is_kept_once_as_it_is_newest(planted: Planted) -> None:
    rows = [row(LEAD, 1, at="5", Lead_Score__c="9"), row(LEAD, 1, Lead_Score__c="3"), row(LEAD, 2)]
    assert _load_typed(planted, rows) == (2, [])
    assert _mirror(planted) == [(record_id(LEAD, 1), 9), (record_id(LEAD, 2), None)]


def test_a_view_on_the_empty_mirror_keeps_showing_it(planted: Planted) -> None:
    with planted.database.connect() as conn:
        conn.execute("CREATE VIEW people AS SELECT id FROM sf_main.lead")
    assert _load_typed(planted, [row(LEAD, 1)]) == (1, [])
    assert planted.query("SELECT id FROM people") == [{"id": record_id(LEAD, 1)}]


def test_a_value_that_is_not_of_its_type_cannot_be_staged_with_types(planted: Planted) -> None:
    with pytest.raises(ValueDoesNotFit, match="Lead"):
        _load_typed(planted, [row(LEAD, 1), row(LEAD, 2, Lead_Score__c="many")])


def test_a_field_that_changed_its_type_since_it_was_described_costs_its_own_values_only(
    hub: Hub, client: Salesforce
) -> None:
    with hub.open() as ctx:
        ctx.settings = replace(ctx.settings, bulk_threshold=10)
        shape = ctx.shapes[LEAD]
        fields = tuple(replace(one, type="double") if one.name == "Title" else one for one in shape.fields)
        ctx.shapes = {**ctx.shapes, LEAD: replace(shape, fields=fields)}
        run.make_plan(ctx)
        counts = ctx.counts.as_dict()
    with hub.database.connect() as conn:
        total, numbers = conn.execute("SELECT count(*), count(title) FROM sf_main.lead").fetchone() or (0, 0)
        told = conn.execute("SELECT count(*) FROM issues WHERE code = 'VALUE_DOES_NOT_FIT'").fetchone()
    assert counts["reads_as_text"] == 1
    assert total == client.query("SELECT COUNT() FROM Lead", all_rows=True).total_size
    # Some people's title is "0", which is a number; the rest is told, value by value.
    titles = client.query("SELECT COUNT() FROM Lead WHERE Title != null", all_rows=True).total_size
    assert told == (titles - numbers,)
    assert titles > numbers > 0
