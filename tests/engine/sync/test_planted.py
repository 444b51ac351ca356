"""What reading, deciding and applying do to contacts, record by record."""

from dataclasses import replace

import pytest

from syncline.domain.mapping import CONTACT, LEAD, Direction, FieldType, MappedField, Policy
from syncline.store.database import Database
from tests.engine.sync.planted import MAPPING, NOW, Planted, record_id, row


@pytest.fixture
def org(database: Database) -> Planted:
    planted = Planted(database)
    planted.prepare()
    return planted


def _edit(org: Planted, number: int, assignment: str, object_name: str = LEAD) -> None:
    with org.database.connect() as conn:
        linked = "SELECT contact_id FROM links WHERE record_id = %s"
        conn.execute(
            f"UPDATE contacts SET {assignment} WHERE id IN ({linked})".encode(), [record_id(object_name, number)]
        )


def _start(org: Planted, leads: int = 3, contacts: int = 2) -> None:
    org.read(LEAD, [row(LEAD, number) for number in range(leads)])
    org.read(CONTACT, [row(CONTACT, number) for number in range(100, 100 + contacts)])
    org.sync()


def _left_out(org: Planted) -> dict[str, str]:
    return {str(one["record_id"]): str(one["reason"]) for one in org.query("SELECT record_id, reason FROM left_out")}


def test_a_first_read_makes_contacts_and_records_who_is_left_out(org: Planted) -> None:
    org.read(
        LEAD,
        [
            row(LEAD, 1, Title='Chief, of "Things"\nand more', Company="N/A"),
            row(LEAD, 2, Email=""),
            row(LEAD, 3, Email="not an address"),
            row(LEAD, 4, IsDeleted="true"),
            row(LEAD, 5, IsConverted="true", ConvertedContactId=record_id(CONTACT, 100)),
            row(LEAD, 6, IsDeleted="true", MasterRecordId=record_id(LEAD, 1)),
        ],
    )
    org.read(CONTACT, [row(CONTACT, 100, HasOptedOutOfEmail="true")])
    org.sync()
    lead = org.contact(LEAD, 1)
    assert (lead["title"], lead["company"], lead["score"]) == ('Chief, of "Things"\nand more', "N/A", None)
    assert org.contact(CONTACT, 100)["opted_out"] is True
    assert _left_out(org) == {
        record_id(LEAD, 2): "without_email",
        record_id(LEAD, 3): "malformed_email",
        record_id(LEAD, 4): "deleted",
        record_id(LEAD, 5): "converted",
        record_id(LEAD, 6): "merged",
    }
    aliases = org.query("SELECT record_id, contact_id FROM link_aliases ORDER BY record_id")
    assert [one["contact_id"] for one in aliases] == [org.contact(CONTACT, 100)["id"], lead["id"]]


def test_a_second_read_of_the_same_rows_decides_nothing(org: Planted) -> None:
    _start(org)
    org.read(LEAD, [row(LEAD, number) for number in range(3)])
    org.sync()
    assert org.query("SELECT * FROM delta WHERE run_id = %s", org.run) == []


def test_l2_ties_and_repeats_keep_the_newest_row(org: Planted) -> None:
    _start(org)
    org.read(LEAD, [row(LEAD, 1, Title="old", at="1"), row(LEAD, 1, Title="new", at="2"), row(LEAD, 2, at="2")])
    org.sync()
    assert org.contact(LEAD, 1)["title"] == "new"


def test_a_repeated_id_in_the_first_read_is_one_contact(org: Planted) -> None:
    org.read(LEAD, [row(LEAD, 1, Title="old"), row(LEAD, 1, Title="new", at="5")])
    org.sync()
    assert org.contact(LEAD, 1)["title"] == "new"


def test_an_older_row_never_overwrites_a_newer_one(org: Planted) -> None:
    org.read(LEAD, [row(LEAD, 1, Title="new", at="10")])
    org.sync()
    org.read(LEAD, [row(LEAD, 1, Title="old", at="5")])
    org.sync()
    assert org.contact(LEAD, 1)["title"] == "new"


def test_a_value_that_does_not_fit_is_reported_and_the_rest_is_read(org: Planted) -> None:
    bad = org.read(LEAD, [row(LEAD, 1, Lead_Score__c="many"), row(LEAD, 2, Lead_Score__c="7.0")])
    org.sync()
    assert [(one.record_id, one.field, one.text) for one in bad] == [(record_id(LEAD, 1), "Lead_Score__c", "many")]
    assert org.contact(LEAD, 2)["score"] == 7
    bad = org.read(LEAD, [row(LEAD, 2, Lead_Score__c="none", at="9", Title="still read")])
    org.sync()
    assert len(bad) == 1
    assert org.contact(LEAD, 2)["title"] == "still read"


def test_a_change_there_is_taken_and_logged(org: Planted) -> None:
    _start(org)
    org.read(LEAD, [row(LEAD, 1, Title="Boss", at="1")])
    org.sync()
    assert org.contact(LEAD, 1)["title"] == "Boss"
    assert org.delta() == [("update", "title", "take", "changed in Salesforce")]
    log = org.query("SELECT old, new, origin FROM change_log WHERE field = 'title'")
    assert [tuple(one.values()) for one in log] == [(None, "Boss", "salesforce")]
    assert org.query("SELECT * FROM outbox") == []
    assert org.query("SELECT * FROM field_bases") == []


def test_a_value_cleared_there_is_cleared_here(org: Planted) -> None:
    org.read(LEAD, [row(LEAD, 1, Title="Boss")])
    org.sync()
    org.read(LEAD, [row(LEAD, 1, Title="", at="1")])
    org.sync()
    assert org.contact(LEAD, 1)["title"] is None


def test_an_edit_here_is_decided_to_be_sent(org: Planted) -> None:
    _start(org)
    _edit(org, 1, "title = 'Mine'")
    org.sync()
    assert org.delta() == [("update", "title", "send", "changed here")]
    assert [one["fields"] for one in org.query("SELECT fields FROM outbox")] == [{"title": None}]


def test_a_conflict_goes_by_the_policy_and_the_loser_is_logged(org: Planted) -> None:
    _start(org)
    _edit(org, 1, "title = 'Mine'")
    org.read(LEAD, [row(LEAD, 1, Title="Theirs", at="1")])
    org.sync()
    assert org.contact(LEAD, 1)["title"] == "Theirs"
    assert org.query("SELECT * FROM outbox") == []
    overruled = org.query("SELECT old, new, rule FROM change_log WHERE action = 'overruled'")
    assert [tuple(one.values()) for one in overruled] == [("Mine", "Theirs", "Salesforce wins")]


def test_both_sides_changed_alike_is_agreement(org: Planted) -> None:
    _start(org)
    _edit(org, 1, "title = 'Same'")
    org.read(LEAD, [row(LEAD, 1, Title="Same", at="1")])
    org.sync()
    assert org.delta() == [("update", "title", "agreed", "agreed")]
    assert org.query("SELECT * FROM outbox") == []
    assert org.query("SELECT * FROM field_bases") == []


def test_a_held_conflict_keeps_its_base_until_somebody_settles_it(database: Database) -> None:
    fields = tuple(replace(one, policy=Policy.HOLD) if one.name == "title" else one for one in MAPPING.fields)
    org = Planted(database, replace(MAPPING, fields=fields))
    org.prepare()
    org.read(LEAD, [row(LEAD, 1, Title="Agreed")])
    org.sync()
    _edit(org, 1, "title = 'Mine'")
    org.read(LEAD, [row(LEAD, 1, Title="Theirs", at="1")])
    org.sync()
    org.sync()
    assert org.delta() == [("update", "title", "hold", "hold")]
    assert [(one["base"], one["held"]) for one in org.query("SELECT base, held FROM field_bases")] == [("Agreed", True)]
    _edit(org, 1, "title = 'Theirs'")
    org.sync()
    assert org.delta() == [("update", "title", "agreed", "agreed")]
    assert org.query("SELECT * FROM field_bases") == []


def test_a_contact_edited_between_plan_and_apply_is_left_for_the_next_run(org: Planted) -> None:
    _start(org)
    org.read(LEAD, [row(LEAD, 1, Title="Theirs", at="1")])
    scope = org.decide()
    _edit(org, 1, "title = 'Just now'")
    org.apply(scope)
    assert org.contact(LEAD, 1)["title"] == "Just now"
    assert [one["moved"] for one in org.query("SELECT moved FROM delta WHERE run_id = %s", org.run)] == [True]
    org.sync()
    assert org.delta() == [("update", "title", "take", "Salesforce wins")]


def test_a_push_only_field_changed_there_is_sent_again(org: Planted) -> None:
    org.read(LEAD, [row(LEAD, 1, Lead_Score__c="5.0")])
    org.sync()
    org.read(LEAD, [row(LEAD, 1, Lead_Score__c="50.0", at="1")])
    org.sync()
    assert org.delta() == [("update", "score", "send", "marketing owns this field")]
    assert [one["fields"] for one in org.query("SELECT fields FROM outbox")] == [{"score": "50"}]


def test_a_cleared_opt_out_box_is_ticked_again(org: Planted) -> None:
    org.read(LEAD, [row(LEAD, 1, HasOptedOutOfEmail="true")])
    org.sync()
    org.read(LEAD, [row(LEAD, 1, HasOptedOutOfEmail="false", at="1")])
    org.sync()
    assert org.contact(LEAD, 1)["opted_out"] is True
    assert org.query("SELECT lane, fields FROM outbox") == [{"lane": 0, "fields": {"opted_out": "false"}}]


def test_l21_conversion_moves_the_link_and_keeps_the_row(org: Planted) -> None:
    _start(org)
    before = org.contact(LEAD, 1)
    _edit(org, 1, "title = 'Mine'")
    org.read(LEAD, [row(LEAD, 1, IsConverted="true", ConvertedContactId=record_id(CONTACT, 7), at="1")])
    org.read(CONTACT, [row(CONTACT, 7, Email="new@example.com", at="1")])
    org.sync()
    after = org.contact(CONTACT, 7)
    assert (after["id"], after["email"], after["title"]) == (before["id"], "new@example.com", "Mine")
    assert _left_out(org)[record_id(LEAD, 1)] == "converted"
    assert [one["contact_id"] for one in org.query("SELECT contact_id FROM link_aliases")] == [before["id"]]
    assert [one["fields"] for one in org.query("SELECT fields FROM outbox")] == [{"title": None}]
    assert org.query("SELECT * FROM field_bases") == []


def test_conversion_into_a_known_contact_joins_the_rows_and_keeps_what_is_stricter(org: Planted) -> None:
    _start(org)
    lead = org.contact(LEAD, 1)
    _edit(org, 1, "opted_out = true, score = 40")
    _edit(org, 100, "score = 30", CONTACT)
    org.read(LEAD, [row(LEAD, 1, IsConverted="true", ConvertedContactId=record_id(CONTACT, 100), at="1")])
    org.sync()
    kept = org.contact(CONTACT, 100)
    assert (kept["opted_out"], kept["score"]) == (True, 40)
    gone = org.query("SELECT state, merged_into, linked FROM contacts WHERE id = %s", lead["id"])
    assert gone == [{"state": "merged", "merged_into": kept["id"], "linked": False}]
    waiting = org.query("SELECT contact_id, lane FROM outbox")
    assert waiting == [{"contact_id": kept["id"], "lane": 0}]
    assert _left_out(org)[record_id(LEAD, 1)] == "converted"


def test_a_conversion_whose_contact_is_not_seen_yet_waits_for_it(org: Planted) -> None:
    _start(org)
    org.read(LEAD, [row(LEAD, 1, IsConverted="true", ConvertedContactId=record_id(CONTACT, 7), at="1")])
    org.sync()
    before = org.contact(LEAD, 1)
    org.read(CONTACT, [row(CONTACT, 7, at="1")])
    org.sync()
    assert org.contact(CONTACT, 7)["id"] == before["id"]
    assert org.query("SELECT * FROM touched") == []


def test_two_leads_converted_into_one_new_contact_become_one(org: Planted) -> None:
    _start(org)
    org.read(
        LEAD,
        [row(LEAD, n, IsConverted="true", ConvertedContactId=record_id(CONTACT, 7), at="1") for n in (0, 1)],
    )
    org.read(CONTACT, [row(CONTACT, 7, at="1")])
    org.sync()
    assert len(org.query("SELECT 1 AS one FROM links WHERE record_id = %s", record_id(CONTACT, 7))) == 1
    assert len(org.query("SELECT 1 AS one FROM contacts WHERE state = 'merged'")) == 1


def test_l23_a_merge_is_followed_before_it_is_taken_for_a_delete(org: Planted) -> None:
    _start(org)
    loser, master = org.contact(LEAD, 1), org.contact(LEAD, 2)
    org.read(LEAD, [row(LEAD, 1, IsDeleted="true", MasterRecordId=record_id(LEAD, 2), at="1"), row(LEAD, 2, at="1")])
    org.sync()
    gone = org.query("SELECT state, merged_into FROM contacts WHERE id = %s", loser["id"])
    assert gone == [{"state": "merged", "merged_into": master["id"]}]
    assert org.contact(LEAD, 2)["state"] == "active"


def test_a_delete_marks_and_l26_an_undelete_revives(org: Planted) -> None:
    _start(org)
    org.read(LEAD, [row(LEAD, 1, IsDeleted="true", at="1")])
    org.sync()
    assert org.contact(LEAD, 1)["state"] == "deleted"
    org.read(LEAD, [row(LEAD, 1, Title="Back", at="2")])
    org.sync()
    revived = org.contact(LEAD, 1)
    assert revived["state"] == "active"
    org.sync()
    assert org.contact(LEAD, 1)["title"] == "Back"


def test_l1_a_row_read_before_our_write_is_visible_is_no_change(org: Planted) -> None:
    org.read(LEAD, [row(LEAD, 1, Title="Old")])
    org.sync()
    with org.database.connect() as conn:
        # What sending leaves behind: the mirror shows what was written, with the time just before the write.
        conn.execute("UPDATE sf_main.lead SET title = 'Ours'")
        conn.execute("UPDATE contacts SET title = 'Ours'")
        conn.execute("DELETE FROM outbox")
        conn.execute(
            "INSERT INTO own_writes (connection_id, object, record_id, written_at)"
            " VALUES (1, 'Lead', %s, %s::timestamptz + interval '5 s')",
            [record_id(LEAD, 1), NOW],
        )
    org.read(LEAD, [row(LEAD, 1, Title="Old")])
    org.sync()
    assert org.contact(LEAD, 1)["title"] == "Ours"
    org.read(LEAD, [row(LEAD, 1, Title="Ours", at="5")])
    org.sync()
    assert org.contact(LEAD, 1)["title"] == "Ours"
    assert org.query("SELECT * FROM own_writes") == []


def test_a_field_mapped_from_another_source_is_met_for_the_first_time(org: Planted) -> None:
    org.read(LEAD, [row(LEAD, 1, Title="Boss", Company="Acme")])
    org.sync()
    fields = tuple(replace(one, lead="Company") if one.name == "title" else one for one in MAPPING.fields)
    org.mapping = replace(MAPPING, fields=fields)
    org.sync()
    assert org.delta() == [("update", "title", "take", "Salesforce wins")]
    assert org.contact(LEAD, 1)["title"] == "Acme"
    org.sync()
    assert org.delta() == []


def test_a_local_contact_meets_its_record_by_external_id_then_by_address(org: Planted) -> None:
    _start(org)
    with org.database.connect() as conn:
        for number, key in ((7, "key-7"), (8, None)):
            conn.execute(
                "INSERT INTO contacts (external_key, created_at, updated_at, email, title)"
                " VALUES (%s, %s, %s, %s, 'Mine')",
                [key, NOW, NOW, f"PERSON{number}@example.com"],
            )
    org.read(LEAD, [row(LEAD, 7, Email="other@example.com", Syncline_Id__c="key-7", at="1"), row(LEAD, 8, at="1")])
    org.sync()
    links = [one for one in org.delta() if one[0] == "link"]
    assert sorted(links) == [
        ("link", None, "link", "same address"),
        ("link", None, "link", "same external id"),
    ]
    met = org.contact(LEAD, 7)
    assert (met["title"], met["last_name"]) == ("Mine", "Person 7")
    waiting = org.query("SELECT fields FROM outbox")
    assert waiting == [{"fields": {"title": None}}, {"fields": {"title": None}}]


def test_deleting_a_contact_here_dismisses_its_record(org: Planted) -> None:
    _start(org)
    with org.database.connect() as conn:
        conn.execute("DELETE FROM contacts WHERE email = 'person1@example.com'")
    org.read(LEAD, [row(LEAD, 1, Title="Boss", at="1")])
    org.sync()
    assert org.query("SELECT state FROM links WHERE record_id = %s", record_id(LEAD, 1)) == [{"state": "dismissed"}]
    assert org.query("SELECT * FROM contacts WHERE email = 'person1@example.com'") == []


def test_a_record_that_gets_an_address_is_taken_in(org: Planted) -> None:
    org.read(LEAD, [row(LEAD, 1, Email="")])
    org.sync()
    org.read(LEAD, [row(LEAD, 1, at="1")])
    org.sync()
    assert org.contact(LEAD, 1)["email"] == "person1@example.com"
    assert _left_out(org) == {}


def test_l20b_no_value_moves_between_links(org: Planted) -> None:
    _start(org, leads=8)
    org.read(LEAD, [row(LEAD, number, Title=f"Title {number}", at="1") for number in range(8)])
    org.sync()
    assert {org.contact(LEAD, number)["title"] for number in range(8)} == {f"Title {number}" for number in range(8)}
    for number in range(8):
        assert org.contact(LEAD, number)["title"] == f"Title {number}"


def test_a_mapped_field_may_have_any_name(database: Database) -> None:
    odd = MappedField("order", "A word of SQL", FieldType.TEXT, "Title", "Title", Direction.BOTH)
    org = Planted(database, replace(MAPPING, fields=(*MAPPING.fields, odd)))
    org.prepare()
    org.read(LEAD, [row(LEAD, 1, Title="x'); DROP TABLE contacts; --")])
    org.sync()
    assert org.contact(LEAD, 1)["order"] == "x'); DROP TABLE contacts; --"
