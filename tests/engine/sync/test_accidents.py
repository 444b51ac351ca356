"""What other tools paid for when people, addresses and loops were matched wrongly: one short proof of each rule."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from syncline.domain.ids import checksum
from syncline.domain.mapping import CONTACT, LEAD
from syncline.domain.shape import FieldShape
from syncline.salesforce.client import Salesforce
from syncline.store import mirror, shaping, staging
from syncline.store.database import Database
from tests.engine.orgs import Hub
from tests.engine.sync.planted import CONNECTION, Planted, page, row


@pytest.fixture
def planted(database: Database) -> Planted:
    org = Planted(database)
    org.prepare()
    return org


@pytest.fixture
def hub(hub: Hub) -> Iterator[Hub]:
    hub.sync()
    yield hub
    hub.org.control("DELETE", "rules")


def _count(org: Planted, table: str) -> object:
    return org.query(f"SELECT count(*) AS number FROM {table}")[0]["number"]


def test_l10_a_change_of_address_there_is_a_change_of_a_field(planted: Planted) -> None:
    """The person stays the same one, and nobody is left at the old address."""
    planted.read(LEAD, [row(LEAD, 1), row(LEAD, 2)])
    planted.sync()
    before = planted.contact(LEAD, 1)["id"]
    planted.read(LEAD, [row(LEAD, 1, Email="new@example.com", at="1")])
    planted.sync()
    assert (planted.contact(LEAD, 1)["id"], planted.contact(LEAD, 1)["email"]) == (before, "new@example.com")
    assert _count(planted, "contacts") == 2


def test_l11_a_record_without_a_usable_address_is_never_created_twice(planted: Planted) -> None:
    for at in ("0", "1", "2"):
        planted.read(LEAD, [row(LEAD, 1, Email="", Title=at, at=at), row(LEAD, 2, Email="nobody", Title=at, at=at)])
        planted.sync()
    assert _count(planted, "contacts") == 0
    assert _count(planted, "left_out") == 2


def test_l13_ids_are_told_apart_by_case_and_addresses_are_not(planted: Planted) -> None:
    ids = [one + checksum(one) for one in ("00Q5g00000AbCdE", "00Q5g00000aBcDe")]
    assert ids[0].lower()[:15] == ids[1].lower()[:15]
    with planted.database.connect() as conn:
        conn.execute("INSERT INTO contacts (created_at, updated_at, email) VALUES (now(), now(), 'Ada@Example.com')")
    first, second = (row(LEAD, number, Id=one, Email=f"{name}@example.com")
                     for number, (one, name) in enumerate(zip(ids, ("aDA", "bob"), strict=True)))  # fmt: skip
    planted.read(LEAD, [first, second])
    planted.sync()
    linked = planted.query(
        "SELECT record_id, lower(email) AS email FROM links JOIN contacts ON contact_id = contacts.id ORDER BY email"
    )
    assert [tuple(one.values()) for one in linked] == [(ids[0], "ada@example.com"), (ids[1], "bob@example.com")]
    assert _count(planted, "contacts") == 2


def test_l40b_l40c_odd_texts_of_results_are_read_as_what_they_mean(planted: Planted) -> None:
    """Whole numbers as 7.0, a NUL, a lone carriage return and a text of 131,072 characters."""
    number = FieldShape("Seats", "Seats", "int")
    table = planted.table(CONTACT)
    table = replace(
        table, shape=replace(table.shape, fields=(*table.shape.fields, number)), fields=(*table.fields, number)
    )
    names = [one.name for one in table.fields]
    odd = {"Title": "one\x00\rtwo", "LastName": "x" * 131_072, "Seats": "7.0"}
    with planted.database.connect() as conn:
        shaping.ensure_mirror(conn, table)
        staging.reset(conn, planted.tables, CONNECTION, CONTACT, table.columns)
        staging.copy_csv(conn, planted.tables, CONTACT, names, page(names, [row(CONTACT, 1, **odd)]))
        assert mirror.load_first(conn, table) == (1, [])
    (found,) = planted.query("SELECT title, length(lastname) AS length, seats FROM sf_main.contact")
    assert tuple(found.values()) == ("one\rtwo", 131_072, 7)


def _edit(hub: Hub, record: str, assignment: str) -> None:
    linked = "SELECT contact_id FROM links WHERE record_id = %s"
    assert hub.execute(f"UPDATE contacts SET {assignment} WHERE id = ({linked})", record) == 1


def _ours(hub: Hub, record: str, field: str) -> object:
    linked = "SELECT contact_id FROM links WHERE record_id = %s"
    return hub.rows(f"SELECT {field} FROM contacts WHERE id = ({linked})", record)[0][0]


def _writes(hub: Hub) -> int:
    entries = hub.org.control("GET", "journal?path=/composite/sobjects")
    return sum(one["method"] == "PATCH" for one in entries)


def test_l16_l18_l19_no_loop_and_no_edit_lost_though_everything_is_done_by_one_user(
    hub: Hub, client: Salesforce
) -> None:
    """A trigger edits each record under our own user whenever it is saved; we only answer for what we wrote."""
    automation = {"kind": "automation", "name": "Tidy", "object": "Lead", "run": "before"}
    hub.org.control("POST", "rules", {**automation, "calculate": {"Description": "'Tidied ' & Title"}})
    query = "SELECT Id FROM Lead WHERE IsConverted = false AND Email != null ORDER BY Id LIMIT 2"
    one, other = (record["Id"] for record in client.query(query).records)
    _edit(hub, one, "title = 'Ours'")
    client.update("Lead", [{"Id": other, "Title": "Same user"}])
    assert hub.sync().counts["pushed"] == 1
    client.update("Lead", [{"Id": one, "Phone": "+1 555 7"}])
    assert hub.sync().counts.get("pushed", 0) == 0, "what came from there is not sent back"
    assert _ours(hub, one, "description") == "Tidied Ours", "what a trigger did under our user is a change"
    assert (_ours(hub, other, "title"), _ours(hub, other, "description")) == ("Same user", "Tidied Same user")
    assert _ours(hub, one, "phone") == "+1 555 7"
    assert hub.rows("SELECT count(*) FROM outbox") == [(0,)]
    before = _writes(hub)
    for _ in range(3):
        assert hub.sync().counts.get("contacts_updated", 0) == 0
    assert _writes(hub) == before


def test_l17_no_edit_is_swallowed_right_after_another(hub: Hub, client: Salesforce, colleague: Salesforce) -> None:
    """No time marks: an edit here right after a pull is sent, one there right after a write of ours is taken."""
    query = "SELECT Id FROM Lead WHERE IsConverted = false AND Email != null ORDER BY Id LIMIT 2"
    one, other = (record["Id"] for record in client.query(query).records)
    colleague.update("Lead", [{"Id": one, "Title": "Theirs"}])
    _edit(hub, other, "title = 'Ours'")
    hub.sync()
    _edit(hub, one, "title = 'Back at once'")
    colleague.update("Lead", [{"Id": other, "Title": "Changed at once"}])
    hub.sync()
    found = client.retrieve("Lead", [one], ["Title"])[0]
    assert found is not None
    assert found["Title"] == "Back at once"
    assert _ours(hub, other, "title") == "Changed at once"


def test_l20c_only_what_a_mapping_would_push_waits_to_be_sent(hub: Hub, client: Salesforce) -> None:
    query = "SELECT Id FROM Lead WHERE IsConverted = false AND Email != null LIMIT 1"
    record = client.query(query).records[0]["Id"]
    _edit(hub, record, "industry = 'Looms'")
    assert hub.rows("SELECT count(*) FROM outbox") == [(0,)]
    _edit(hub, record, "title = 'Sent'")
    assert hub.rows("SELECT fields ? 'title', fields ? 'industry' FROM outbox") == [(True, False)]
