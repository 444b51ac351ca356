"""What becomes of records that are deleted, ambiguous or without an address, by the policies of the mapping."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from syncline.domain.mapping import CONTACT, LEAD
from syncline.domain.mapping_options import AmbiguousPolicy, DeletePolicy, ObjectRules
from syncline.store.database import Database
from tests.engine.sync.planted import MAPPING, NOW, Planted, record_id, row


@pytest.fixture
def org(database: Database) -> Planted:
    planted = Planted(database)
    planted.prepare()
    return planted


def _rule(org: Planted, rules: ObjectRules) -> None:
    org.mapping = replace(org.mapping, objects=((LEAD, rules),))


def _add(org: Planted, *numbers: int) -> list[object]:
    """Contacts of ours with the addresses of these records."""
    ids = []
    with org.database.connect() as conn:
        for number in numbers:
            row = conn.execute(
                "INSERT INTO contacts (created_at, updated_at, email, title) VALUES (%s, %s, %s, 'Mine') RETURNING id",
                [NOW, NOW, f"Person{number}@example.com"],
            ).fetchone()
            assert row
            ids.append(row[0])
    return ids


def _links(org: Planted) -> dict[object, object]:
    return {one["record_id"]: one["contact_id"] for one in org.query("SELECT record_id, contact_id FROM links")}


def _left_out(org: Planted) -> dict[object, object]:
    return {one["record_id"]: one["reason"] for one in org.query("SELECT record_id, reason FROM left_out")}


@pytest.mark.parametrize(("policy", "state"), [(DeletePolicy.MARK, "deleted"), (DeletePolicy.ARCHIVE, "archived")])
def test_a_deleted_record_marks_or_archives_and_l26_an_undelete_revives(
    org: Planted, policy: DeletePolicy, state: str
) -> None:
    _rule(org, ObjectRules(delete=policy))
    org.read(LEAD, [row(LEAD, 1), row(LEAD, 2)])
    org.sync()
    org.read(LEAD, [row(LEAD, 1, IsDeleted="true", at="1")])
    org.sync()
    assert (org.contact(LEAD, 1)["state"], org.contact(LEAD, 2)["state"]) == (state, "active")
    assert org.query("SELECT id FROM mailable_contacts") == [{"id": org.contact(LEAD, 2)["id"]}]
    org.read(LEAD, [row(LEAD, 1, at="2")])
    org.sync()
    assert org.contact(LEAD, 1)["state"] == "active"
    assert org.query("SELECT count(*) AS people FROM contacts") == [{"people": 2}]


def test_a_deleted_record_sets_its_contact_free_and_an_undelete_links_it_again(org: Planted) -> None:
    _rule(org, ObjectRules(delete=DeletePolicy.UNLINK))
    org.read(LEAD, [row(LEAD, 1), row(LEAD, 2)])
    org.sync()
    contact = org.contact(LEAD, 1)["id"]
    with org.database.connect() as conn:
        conn.execute("UPDATE contacts SET title = 'Waits' WHERE id = %s", [contact])
    org.read(LEAD, [row(LEAD, 1, IsDeleted="true", at="1")])
    org.sync()
    free = org.query("SELECT state, linked, title FROM contacts WHERE id = %s", contact)
    assert free == [{"state": "active", "linked": False, "title": "Waits"}]
    assert _left_out(org) == {record_id(LEAD, 1): "deleted"}
    assert (len(_links(org)), org.query("SELECT * FROM outbox")) == (1, [])
    org.sync()
    assert org.delta() == []
    # Also where the address changed meanwhile: it is the same record.
    org.read(LEAD, [row(LEAD, 1, Email="other@example.com", at="2")])
    org.sync()
    assert ("link", None, "link", "alive in Salesforce") in org.delta()
    assert org.contact(LEAD, 1)["id"] == contact
    assert (_left_out(org), org.query("SELECT * FROM link_aliases")) == ({}, [])
    assert org.contact(LEAD, 1)["title"] == "Waits"


def test_a_contact_set_free_may_find_another_record_and_the_old_one_then_stands_alone(org: Planted) -> None:
    _rule(org, ObjectRules(delete=DeletePolicy.UNLINK))
    org.read(LEAD, [row(LEAD, 1)])
    org.sync()
    contact = org.contact(LEAD, 1)["id"]
    org.read(LEAD, [row(LEAD, 1, IsDeleted="true", at="1")])
    org.sync()
    org.read(CONTACT, [row(CONTACT, 100, Email="person1@example.com", at="2")])
    org.sync()
    assert org.contact(CONTACT, 100)["id"] == contact
    org.read(LEAD, [row(LEAD, 1, at="3")])
    org.sync()
    assert org.contact(LEAD, 1)["id"] != contact


def test_without_the_setting_people_without_address_stay_out_and_with_it_they_come_once(org: Planted) -> None:
    org.read(LEAD, [row(LEAD, 1, Email=""), row(LEAD, 2, Email="not an address"), row(LEAD, 3)])
    org.sync()
    assert len(_links(org)) == 1
    _rule(org, ObjectRules(keep_without_email=True))
    org.read(LEAD, [row(LEAD, 1, Email="", at="1"), row(LEAD, 2, Email="not an address", at="1")])
    for _ in range(2):
        org.sync()
    assert (len(_links(org)), _left_out(org)) == (3, {})
    assert org.query("SELECT count(*) AS people FROM contacts") == [{"people": 3}]
    assert org.query("SELECT email FROM mailable_contacts") == [{"email": "person3@example.com"}]
    org.read(LEAD, [row(LEAD, 1, at="2")])
    org.sync()
    assert org.contact(LEAD, 1)["email"] == "person1@example.com"
    assert org.query("SELECT count(*) AS people FROM contacts") == [{"people": 3}]


@pytest.mark.parametrize(("policy", "chosen"), [(AmbiguousPolicy.OLDEST, 2), (AmbiguousPolicy.NEWEST, 3)])
def test_of_several_records_the_policy_takes_one(org: Planted, policy: AmbiguousPolicy, chosen: int) -> None:
    org.mapping = replace(MAPPING, ambiguous=policy)
    (contact,) = _add(org, 2)
    same = [row(LEAD, number, Email="person2@example.com") for number in (2, 3)]
    same[1]["CreatedDate"] = same[0]["CreatedDate"].replace("2026", "2027")
    org.read(LEAD, same)
    org.sync()
    links = _links(org)
    assert (links[record_id(LEAD, chosen)], len(links)) == (contact, 2)


def _held(org: Planted, *records: str) -> bool:
    return _left_out(org) == dict.fromkeys(records, "ambiguous")


def test_held_records_wait_until_it_is_clear_which_is_meant(org: Planted) -> None:
    org.mapping = replace(MAPPING, ambiguous=AmbiguousPolicy.HOLD)
    first, sole = _add(org, 100, 7)
    org.read(CONTACT, [row(CONTACT, 100), row(CONTACT, 101, Email="person100@example.com")])
    org.read(LEAD, [row(LEAD, 5, Email="person100@example.com"), row(LEAD, 7), row(LEAD, 8)])
    for _ in range(2):
        org.sync()
        assert _held(org, record_id(CONTACT, 100), record_id(CONTACT, 101), record_id(LEAD, 5))
        assert _links(org)[record_id(LEAD, 7)] == sole
        assert len(_links(org)) == 2
    # One of them gets another address: the other is the person, and the Lead beside it one of its own.
    org.read(CONTACT, [row(CONTACT, 101, Email="else@example.com", at="1")])
    org.sync()
    assert _links(org)[record_id(CONTACT, 100)] == first
    assert (len(_links(org)), _left_out(org)) == (5, {})


def test_several_contacts_with_one_record_are_ambiguous_until_one_is_gone(org: Planted) -> None:
    org.mapping = replace(MAPPING, ambiguous=AmbiguousPolicy.HOLD)
    first, second = _add(org, 1, 1)
    org.read(LEAD, [row(LEAD, 1)])
    org.sync()
    assert _held(org, record_id(LEAD, 1))
    with org.database.connect() as conn:
        conn.execute("DELETE FROM contacts WHERE id = %s", [first])
    org.sync()
    assert _links(org) == {record_id(LEAD, 1): second}


@pytest.mark.parametrize("ending", ["UPDATE contacts SET email = NULL", "DELETE FROM contacts"])
def test_what_was_ambiguous_becomes_somebody_new_when_nobody_claims_it(org: Planted, ending: str) -> None:
    org.mapping = replace(MAPPING, ambiguous=AmbiguousPolicy.HOLD)
    mine = _add(org, 1, 1)
    org.read(LEAD, [row(LEAD, 1)])
    org.sync()
    with org.database.connect() as conn:
        conn.execute(ending.encode())
    org.sync()
    links = _links(org)
    assert len(links) == 1
    assert links[record_id(LEAD, 1)] not in mine


def test_our_external_id_is_never_ambiguous(org: Planted) -> None:
    org.mapping = replace(MAPPING, ambiguous=AmbiguousPolicy.HOLD)
    (mine,) = _add(org, 1)
    with org.database.connect() as conn:
        conn.execute("UPDATE contacts SET external_key = 'key-1'")
    records: Sequence[dict[str, str]] = [
        row(LEAD, 1),
        row(LEAD, 2, Email="person1@example.com", Syncline_Id__c="key-1"),
    ]
    org.read(LEAD, records)
    org.sync()
    assert _links(org)[record_id(LEAD, 2)] == mine
