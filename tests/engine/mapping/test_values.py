"""Values on their way through the mapping: value maps, sets of chosen values, texts that are cut (L36, L37, L39)."""

from dataclasses import replace

from psycopg import sql

from syncline import clock
from syncline.domain.mapping import Direction, FieldType, MappedField, Mapping
from syncline.domain.mapping_options import LengthPolicy
from syncline.domain.values import parse_input
from syncline.salesforce.client import Salesforce
from syncline.store.database import Database
from syncline.store.expressions import contact_value, mirror_value
from syncline.store.mappings import save_mapping
from tests.engine.orgs import Hub


def remap(hub: Hub, *fields: MappedField) -> Mapping:
    """The mapping with these fields in place of, or beside, its own."""
    mapping = hub.mapping
    names = {one.name for one in fields}
    kept = tuple(one for one in mapping.fields if one.name not in names)
    with hub.open() as ctx:
        return save_mapping(ctx.connection.id, replace(mapping, fields=(*kept, *fields)), clock.now())


def a_lead(hub: Hub) -> tuple[int, str]:
    """Some linked Lead: contact and record."""
    found: tuple[int, str] = hub.rows(
        "SELECT contact_id, record_id FROM links WHERE object = 'Lead' AND state = 'live' ORDER BY contact_id LIMIT 1"
    )[0]
    return found


def test_a_picklist_value_has_another_name_here_both_ways(hub: Hub, colleague: Salesforce) -> None:
    """L37."""
    rating = MappedField("rating", "Rating", FieldType.PICKLIST, "Rating", None, Direction.BOTH)
    remap(hub, replace(rating, values=(("Hot", "100%"), ("Cold", "C"))))
    hub.sync()
    contact, record = a_lead(hub)
    assert colleague.update("Lead", [{"Id": record, "Rating": "Hot"}])[0].success
    hub.sync()
    assert hub.rows("SELECT rating FROM contacts WHERE id = %s", contact) == [("100%",)]
    hub.execute("UPDATE contacts SET rating = 'C' WHERE id = %s", contact)
    assert hub.sync().counts["pushed"] == 1
    assert (colleague.retrieve("Lead", [record], ["Rating"])[0] or {})["Rating"] == "Cold"
    assert hub.sync().counts.get("pushed", 0) == 0
    assert hub.prove().differing == 0


def test_a_long_text_is_cut_there_and_stays_whole_here(hub: Hub, colleague: Salesforce) -> None:
    """L39."""
    title = MappedField("title", "Title", FieldType.TEXT, "Title", "Title", Direction.BOTH)
    remap(hub, replace(title, length=LengthPolicy.CUT_WITH_MARK))
    hub.sync()
    contact, record = a_lead(hub)
    long = "x" * 200
    hub.execute("UPDATE contacts SET title = %s WHERE id = %s", long, contact)
    report = hub.sync()
    assert (report.counts["pushed"], report.counts.get("push_failed", 0)) == (1, 0)
    assert (colleague.retrieve("Lead", [record], ["Title"])[0] or {})["Title"] == "x" * 127 + "…"
    assert hub.sync().counts.get("pushed", 0) == 0
    assert hub.rows("SELECT title FROM contacts WHERE id = %s", contact) == [(long,)]
    assert hub.prove().differing == 0
    assert colleague.update("Lead", [{"Id": record, "Title": "Boss"}])[0].success
    hub.sync()
    assert hub.rows("SELECT title FROM contacts WHERE id = %s", contact) == [("Boss",)]


def test_chosen_values_are_one_set_whatever_their_order(worker_database: Database) -> None:
    """L36."""
    field = MappedField("topics", "Topics", FieldType.MULTIPICKLIST, "Topics__c", None)
    row = sql.SQL("(SELECT %s::text AS topics, %s::text AS topics__c) row")
    statement = sql.SQL("SELECT {}, {} FROM {}").format(
        contact_value(field, "row"), mirror_value(field, "Topics__c", "row"), row
    )
    with worker_database.connect("test") as conn:
        for ours, theirs, both in (
            ("b;a", "a;b", "a;b"),
            (" a ; b", "b;a;a", "a;b"),
            ("B;a", "a;B", "B;a"),
            (None, "", None),
            ("one, two", "one, two", "one, two"),
        ):
            assert conn.execute(statement, [ours, theirs]).fetchone() == (both, both)
            assert ours is None or parse_input(ours, FieldType.MULTIPICKLIST) == both


def test_separators_mean_nothing_in_other_texts(worker_database: Database) -> None:
    """L36."""
    field = MappedField("title", "Title", FieldType.TEXT, "Title", None)
    statement = sql.SQL("SELECT {} FROM (SELECT 'b;a;b'::text AS title) row").format(
        mirror_value(field, "Title", "row")
    )
    with worker_database.connect("test") as conn:
        assert conn.execute(statement).fetchone() == ("b;a;b",)
