"""Conflicts that the mapping leaves to a person: held, listed, explained, and settled for either side."""

from dataclasses import replace

import pytest

from syncline import clock
from syncline.domain.ids import ContactId
from syncline.domain.mapping import Policy
from syncline.salesforce.client import Salesforce
from syncline.store import conflicts
from syncline.store.conflicts import Conflict, Side
from syncline.store.connections import load_connection
from syncline.store.database import transaction
from syncline.store.explain import explain_person
from syncline.store.mappings import save_mapping
from syncline.store.names import ConnectionTables
from tests.engine.orgs import NAME, Hub

_TABLES = ConnectionTables(NAME)


@pytest.fixture
def held(hub: Hub, colleague: Salesforce) -> Hub:
    """Two people whose titles both sides changed, to different values."""
    mapping = hub.mapping
    fields = tuple(replace(one, policy=Policy.HOLD) if one.name == "title" else one for one in mapping.fields)
    save_mapping(load_connection(NAME).id, replace(mapping, fields=fields), clock.now())
    hub.sync()
    for number, (contact_id, record_id) in enumerate(_people(hub)):
        colleague.update("Lead", [{"Id": record_id, "Title": f"Theirs {number}"}])
        hub.execute("UPDATE contacts SET title = %s WHERE id = %s", f"Ours {number}", contact_id)
    hub.sync()
    return hub


def _people(hub: Hub) -> list[tuple[int, str]]:
    return hub.rows("SELECT contact_id, record_id FROM links WHERE object = 'Lead' ORDER BY contact_id LIMIT 2")


def _list(hub: Hub) -> list[Conflict]:
    with hub.database.connect() as conn:
        return conflicts.list_conflicts(conn, _TABLES, load_connection(NAME).id, hub.mapping, 10)


def _settle(hub: Hub, side: Side, contact_id: int | None = None) -> int:
    with hub.database.connect() as conn, transaction(conn, "settle_conflicts"):
        return conflicts.settle(
            conn,
            _TABLES,
            load_connection(NAME).id,
            hub.mapping,
            side,
            contact_id=ContactId(contact_id) if contact_id else None,
            field=None,
            origin="test",
            now=clock.now(),
        )


def _title(client: Salesforce, record_id: str) -> object:
    record = client.retrieve("Lead", [record_id], ["Title"])[0]
    assert record is not None
    return record["Title"]


def test_a_held_conflict_is_listed_with_both_values_and_keeps_them(held: Hub, client: Salesforce) -> None:
    found = _list(held)
    assert [(one.field, one.ours, one.theirs) for one in found] == [
        ("title", "Ours 0", "Theirs 0"),
        ("title", "Ours 1", "Theirs 1"),
    ]
    assert all(one.base not in (one.ours, one.theirs) for one in found)
    held.sync()
    assert _list(held) == found
    assert _title(client, found[0].record_id) == "Theirs 0"


def test_the_explanation_says_who_has_to_settle_it(held: Hub) -> None:
    contact_id = _list(held)[0].contact_id
    with held.database.connect() as conn:
        person = explain_person(conn, _TABLES, load_connection(NAME).id, held.mapping, ContactId(contact_id))
    title = next(one for one in person.fields if one.name == "title")
    assert title.verdict.standing == "conflict is held"
    assert "syncline conflicts" in title.verdict.remedy


@pytest.mark.parametrize(("side", "stands"), [(Side.MARKETING, "Ours 0"), (Side.SALESFORCE, "Theirs 0")])
def test_settled_for_one_side_it_stands_on_both(held: Hub, client: Salesforce, side: Side, stands: str) -> None:
    one, other = _list(held)
    assert _settle(held, side, one.contact_id) == 1
    assert [left.contact_id for left in _list(held)] == [other.contact_id]
    held.sync()
    assert held.rows("SELECT title FROM contacts WHERE id = %s", one.contact_id) == [(stands,)]
    assert _title(client, one.record_id) == stands
    told = held.rows("SELECT rule FROM change_log WHERE contact_id = %s AND rule = 'conflict settled'", one.contact_id)
    assert len(told) == 1


def test_all_of_them_are_settled_at_once_and_none_is_left(held: Hub) -> None:
    assert _settle(held, Side.SALESFORCE) == 2
    assert _list(held) == []
    assert _settle(held, Side.SALESFORCE) == 0
    assert held.sync().counts.get("pushed", 0) == 0
    assert held.prove().percent == 100
