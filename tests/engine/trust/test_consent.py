"""Consent: an address that opted out, bounced or complained is never mailable, whatever happens to its records."""

from datetime import datetime
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncline import clock
from syncline.domain.consent import FactKind, Standing, consent_fields, stand
from syncline.errors import OperatorError
from syncline.salesforce.client import Salesforce
from syncline.store import consent
from syncline.store.database import Database, transaction
from syncline.sync import consent as consenting
from syncline.sync.decide import build_scope
from tests.engine.orgs import Hub

ADDRESS = "shared@consent.example"


@pytest.fixture
def pair(hub: Hub, colleague: Salesforce) -> tuple[Hub, str, str]:
    """A Lead and a Contact of one address, imported, neither of them opted out."""
    lead = colleague.create("Lead", [{"LastName": "Twin", "Company": "Twins", "Email": ADDRESS}])[0].id
    contact = colleague.create("Contact", [{"LastName": "Twin", "Email": ADDRESS}])[0].id
    hub.sync()
    assert lead is not None
    assert contact is not None
    return hub, lead, contact


def _standing(hub: Hub, address: str = ADDRESS) -> Standing:
    with hub.database.connect() as conn:
        return consent.load_standing(conn, address)


def _mailable(hub: Hub, address: str = ADDRESS) -> int:
    return len(hub.rows("SELECT 1 FROM mailable_contacts WHERE lower(email) = %s", address))


def _boxes(hub: Hub, address: str = ADDRESS) -> list[bool]:
    return [row[0] for row in hub.rows("SELECT opted_out FROM contacts WHERE lower(email) = %s ORDER BY id", address)]


def _ticked(client: Salesforce, object_name: str, record_id: str) -> object:
    record = client.retrieve(object_name, [record_id], ["HasOptedOutOfEmail"])[0]
    assert record is not None
    return record["HasOptedOutOfEmail"]


def _delete(hub: Hub, object_name: str, record_id: str | None) -> None:
    assert hub.org.call("DELETE", f"/sobjects/{object_name}/{record_id}").status_code == 204


def _tell(hub: Hub, kind: FactKind, address: str = ADDRESS) -> None:
    with hub.database.connect() as conn, transaction(conn, "consent"):
        consent.add_fact(conn, address, kind, source="test", evidence="told", now=clock.now())
        consent.show_standing(conn, consent_fields(hub.mapping), None, clock.now())


def _opt_in(hub: Hub, address: str = ADDRESS) -> int:
    with hub.open("consent") as ctx:
        return consenting.opt_in(ctx, build_scope(ctx), address, source="test", evidence="agreed")


def test_what_records_show_at_the_import_stands_also_of_those_without_a_contact(
    hub: Hub, colleague: Salesforce
) -> None:
    record = {"LastName": "Gone", "Company": "Gone", "Email": ADDRESS, "HasOptedOutOfEmail": True}
    gone = colleague.create("Lead", [record])
    _delete(hub, "Lead", gone[0].id)
    hub.sync()
    shown: set[Any] = {
        row[0]
        for name in ("lead", "contact")
        for row in hub.rows(f"SELECT lower(email) FROM sf_main.{name} WHERE hasoptedoutofemail AND email IS NOT NULL")
    }
    assert {row[0] for row in hub.rows("SELECT address FROM suppressions WHERE opted_out")} == shown
    assert hub.rows("SELECT reason FROM left_out WHERE record_id = %s", gone[0].id) == [("deleted",)]
    assert _standing(hub).opted_out
    assert hub.rows("SELECT count(*) FROM mailable_contacts WHERE lower(email) = ANY(%s)", list(shown)) == [(0,)]


def test_one_record_opts_the_address_out_on_every_other(
    pair: tuple[Hub, str, str], client: Salesforce, colleague: Salesforce
) -> None:
    hub, lead, contact = pair
    assert (_mailable(hub), _boxes(hub)) == (2, [False, False])
    colleague.update("Lead", [{"Id": lead, "HasOptedOutOfEmail": True}])
    hub.sync()
    assert (_mailable(hub), _boxes(hub)) == (0, [True, True])
    assert _ticked(client, "Contact", contact) is True
    assert hub.sync().counts.get("pushed", 0) == 0
    assert hub.prove().percent == 100


def test_an_opt_out_by_plain_sql_stands_at_once_and_reaches_every_record(
    pair: tuple[Hub, str, str], client: Salesforce
) -> None:
    hub, lead, contact = pair
    one = hub.rows("SELECT min(id) FROM contacts WHERE email = %s", ADDRESS)[0][0]
    hub.execute("UPDATE contacts SET opted_out = true WHERE id = %s", one)
    assert (_mailable(hub), _standing(hub).opted_out) == (0, True)
    report = hub.sync()
    assert _boxes(hub) == [True, True]
    assert (_ticked(client, "Lead", lead), _ticked(client, "Contact", contact)) == (True, True)
    assert report.counts["opt_outs_pushed"] == 2


def test_an_insert_by_plain_sql_is_suppressed_and_shows_it_after_the_next_sync(hub: Hub) -> None:
    hub.sync()
    _tell(hub, FactKind.OPT_OUT, "later@consent.example")
    hub.execute(
        "INSERT INTO contacts (created_at, updated_at, email) VALUES (now(), now(), %s)", "Later@Consent.example"
    )
    assert _mailable(hub, "later@consent.example") == 0
    hub.sync()
    assert _boxes(hub, "later@consent.example") == [True]


def test_a_box_cleared_in_salesforce_is_ticked_again_and_told(
    pair: tuple[Hub, str, str], client: Salesforce, colleague: Salesforce
) -> None:
    hub, lead, _ = pair
    _tell(hub, FactKind.OPT_OUT)
    hub.sync()
    colleague.update("Lead", [{"Id": lead, "HasOptedOutOfEmail": False}])
    hub.sync()
    assert _ticked(client, "Lead", lead) is True
    ((message, remedy),) = hub.rows("SELECT message, remedy FROM issues WHERE code = 'OPT_OUT_CLEARED'")
    assert (
        hub.org.facts["colleague"]["id"][:15] in message
        if "id" in hub.org.facts["colleague"]
        else "User 005" in message
    )
    assert "consent opt-in" in remedy
    assert _mailable(hub) == 0


def test_it_survives_that_the_record_is_deleted_and_created_again(
    pair: tuple[Hub, str, str], client: Salesforce, colleague: Salesforce
) -> None:
    hub, lead, contact = pair
    _tell(hub, FactKind.OPT_OUT)
    hub.sync()
    _delete(hub, "Lead", lead)
    _delete(hub, "Contact", contact)
    hub.sync()
    hub.execute("DELETE FROM contacts WHERE email = %s", ADDRESS)
    again = colleague.create("Lead", [{"LastName": "Back", "Company": "Again", "Email": ADDRESS.upper()}])[0].id
    assert again is not None
    hub.sync()
    assert (_mailable(hub), _boxes(hub)) == (0, [True])
    assert _ticked(client, "Lead", again) is True


def test_a_new_address_that_opted_out_is_not_mailable_with_it(
    pair: tuple[Hub, str, str], colleague: Salesforce
) -> None:
    hub, lead, _ = pair
    _tell(hub, FactKind.OPT_OUT, "other@consent.example")
    colleague.update("Lead", [{"Id": lead, "Email": "other@consent.example"}])
    hub.sync()
    assert (_mailable(hub, "other@consent.example"), _boxes(hub, "other@consent.example")) == (0, [True])


def test_an_opt_in_with_evidence_clears_what_was_ticked_from_here(
    pair: tuple[Hub, str, str], client: Salesforce
) -> None:
    hub, lead, contact = pair
    _tell(hub, FactKind.OPT_OUT)
    hub.sync()
    assert _opt_in(hub) == 2
    assert (_mailable(hub), _boxes(hub)) == (2, [False, False])
    hub.sync()
    assert (_ticked(client, "Lead", lead), _ticked(client, "Contact", contact)) == (False, False)
    assert hub.sync().counts.get("pushed", 0) == 0
    assert (_mailable(hub), hub.prove().percent) == (2, 100)


def test_an_opt_in_that_waits_to_be_sent_is_not_undone_by_what_is_read(
    pair: tuple[Hub, str, str], colleague: Salesforce
) -> None:
    hub, lead, _ = pair
    _tell(hub, FactKind.OPT_OUT)
    hub.sync()
    _opt_in(hub)
    colleague.update("Lead", [{"Id": lead, "FirstName": "Changed meanwhile"}])
    hub.sync()
    hub.sync()
    assert (_mailable(hub), _boxes(hub)) == (2, [False, False])


def test_an_opt_in_is_refused_where_the_box_was_ticked_in_salesforce(
    pair: tuple[Hub, str, str], colleague: Salesforce
) -> None:
    hub, lead, _ = pair
    colleague.update("Lead", [{"Id": lead, "HasOptedOutOfEmail": True}])
    hub.sync()
    with pytest.raises(OperatorError, match=f"Lead {lead}"):
        _opt_in(hub)
    assert _mailable(hub) == 0


def test_an_address_that_is_not_opted_out_needs_no_opt_in(pair: tuple[Hub, str, str]) -> None:
    with pytest.raises(OperatorError, match="not opted out"):
        _opt_in(pair[0])


@pytest.mark.parametrize(
    ("kind", "lifted"),
    [
        (FactKind.HARD_BOUNCE, FactKind.BOUNCE_CLEARED),
        (FactKind.COMPLAINT, FactKind.OPT_IN),
        (FactKind.OPT_OUT, FactKind.OPT_IN),
    ],
)
def test_each_fact_stands_until_its_own_kind_lifts_it(database: Database, kind: FactKind, lifted: FactKind) -> None:
    with database.connect() as conn:
        for one, mailable in ((kind, False), (lifted, True)):
            consent.add_fact(conn, ADDRESS, one, source="test", evidence="", now=clock.now())
            assert consent.load_standing(conn, ADDRESS.upper()).mailable is mailable
        assert [one.kind for one in consent.load_facts(conn, ADDRESS)] == [lifted, kind]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.lists(st.sampled_from(list(FactKind)), max_size=8), st.integers(0, 10**9))
def test_the_trigger_says_what_the_rule_says(database: Database, kinds: list[FactKind], number: int) -> None:
    address, now = f"{number}@consent.example", datetime.fromisoformat("2026-05-01T00:00:00+00:00")
    with database.connect() as conn:
        for kind in kinds:
            consent.add_fact(conn, address, kind, source="test", evidence="", now=now)
        assert consent.load_standing(conn, address) == stand(kinds)
        conn.rollback()


def test_facts_are_never_changed(database: Database) -> None:
    with database.connect() as conn:
        consent.add_fact(conn, ADDRESS, FactKind.OPT_OUT, source="test", evidence="", now=clock.now())
        for statement in ("DELETE FROM consent_facts", "UPDATE consent_facts SET kind = 'opt_in'"):
            with pytest.raises(psycopg.errors.RaiseException, match="never changed"), conn.transaction():
                conn.execute(statement.encode())
