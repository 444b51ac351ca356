"""Bounces: what the mapping names is written once, and read as it says; opt-outs by another field than the usual."""

from dataclasses import replace
from typing import Any

import pytest

from syncline import clock
from syncline.domain.consent import FactKind, consent_fields
from syncline.domain.mapping import BlankRule, Direction, FieldType, MappedField, Mapping, Policy
from syncline.errors import OperatorError
from syncline.salesforce.client import Salesforce
from syncline.store import consent, contacts
from syncline.store.database import transaction
from syncline.store.mappings import save_mapping
from syncline.sync import consent as consenting
from syncline.sync.decide import build_scope
from tests.engine.orgs import Hub

ADDRESS = "gone@bounce.example"
WHY = "550 5.1.1 user unknown"
SHOWN = ["EmailBouncedReason", "EmailBouncedDate", "HasOptedOutOfFax"]
DETAILS = ("email_bounced_at", "email_bounced_reason")
#: A box that both objects have stands for whatever box an org has for this.
BOX = MappedField(
    "hard_bounced",
    "Bounced",
    FieldType.BOOLEAN,
    "HasOptedOutOfFax",
    "HasOptedOutOfFax",
    Direction.BOTH,
    Policy.STRICTER,
)


def _map(hub: Hub, *added: MappedField, **options: Any) -> None:
    """Adds fields, and gives the fields that tell of a bounce these options."""
    mapping: Mapping = hub.mapping
    fields = tuple(replace(one, **options) if one.name in DETAILS else one for one in mapping.fields)
    kept = tuple(one for one in fields if one.name not in {two.name for two in added})
    with hub.open() as ctx:
        save_mapping(ctx.connection.id, replace(mapping, fields=(*kept, *added)), clock.now())


@pytest.fixture
def pair(hub: Hub, colleague: Salesforce) -> tuple[str, str]:
    """A Lead and a Contact of one address."""
    lead = colleague.create("Lead", [{"LastName": "Gone", "Company": "Gone", "Email": ADDRESS}])[0].id
    contact = colleague.create("Contact", [{"LastName": "Gone", "Email": ADDRESS}])[0].id
    assert lead is not None
    assert contact is not None
    return lead, contact


def _tell(hub: Hub, kind: FactKind = FactKind.HARD_BOUNCE) -> None:
    with hub.database.connect() as conn, transaction(conn, "consent"):
        consent.add_fact(conn, ADDRESS, kind, source="test", evidence=WHY, now=clock.now())
        consent.show_standing(conn, consent_fields(hub.mapping), None, clock.now())


def _clear(hub: Hub) -> int:
    with hub.open("consent") as ctx:
        return consenting.clear_bounce(ctx, build_scope(ctx), ADDRESS, source="test", evidence="mailbox was full")


def _there(client: Salesforce, pair: tuple[str, str], names: list[str]) -> list[list[object]]:
    records = [
        client.retrieve(name, [record_id], names)[0] for name, record_id in zip(("Lead", "Contact"), pair, strict=True)
    ]
    return [[one[name] for name in names] for one in records if one]


def _mailable(hub: Hub) -> int:
    return len(hub.rows("SELECT 1 FROM mailable_contacts WHERE lower(email) = %s", ADDRESS))


def _pushed(hub: Hub) -> int:
    return hub.sync().counts.get("pushed", 0)


def test_l29_a_bounce_is_written_once_to_every_record_and_cleared_with_evidence(
    hub: Hub, pair: tuple[str, str], client: Salesforce, colleague: Salesforce
) -> None:
    _map(hub, BOX, direction=Direction.BOTH, blank=BlankRule.CLEAR)
    hub.sync()
    assert _mailable(hub) == 2
    _tell(hub)
    assert _pushed(hub) == 2
    first = _there(client, pair, SHOWN)
    assert [(why, bool(at), box) for why, at, box in first] == [(WHY, True, True)] * 2
    # A further bounce of the address says nothing new, and neither does a further sync.
    _tell(hub)
    assert (_pushed(hub), _pushed(hub)) == (0, 0)
    assert (_there(client, pair, SHOWN), hub.prove().percent, _mailable(hub)) == (first, 100, 0)

    assert _clear(hub) == 2
    assert _pushed(hub) == 2
    assert _there(client, pair, SHOWN) == [[None, None, False]] * 2
    colleague.update("Lead", [{"Id": pair[0], "Title": "Somebody touches it"}])
    assert (_pushed(hub), _mailable(hub), hub.prove().percent) == (0, 2, 100)


def test_l29_what_a_lead_does_not_take_on_create_follows_as_an_update(hub: Hub, client: Salesforce) -> None:
    _map(hub, direction=Direction.BOTH)
    hub.sync()
    _tell(hub)
    with hub.database.connect() as conn, transaction(conn, "add"):
        values = {"email": ADDRESS, "last_name": "Gone", "company": "Gone"}
        contacts.add_contact(conn, hub.mapping, values, create_in_salesforce=True, now=clock.now(), origin="test")
    hub.sync()
    hub.sync()
    soql = f"SELECT EmailBouncedReason, EmailBouncedDate FROM Lead WHERE Email = '{ADDRESS}'"
    (record,) = client.query(soql).records
    assert record["EmailBouncedReason"] == WHY
    assert record["EmailBouncedDate"] is not None
    assert hub.rows("SELECT count(*) FROM issues WHERE state = 'open' AND field LIKE 'email_bounced%%'") == [(0,)]
    assert _pushed(hub) == 0


def test_a_bounce_that_salesforce_shows_counts_where_the_mapping_reads_it(
    hub: Hub, pair: tuple[str, str], colleague: Salesforce
) -> None:
    hub.sync()
    bounced = {"Id": pair[0], "EmailBouncedReason": "mailbox gone", "EmailBouncedDate": "2026-05-01T10:00:00Z"}
    colleague.update("Lead", [bounced])
    assert _pushed(hub) == 0
    assert _mailable(hub) == 0
    # It is only read: lifted here, the next sight of the record would tell it again.
    with pytest.raises(OperatorError, match=f"Lead {pair[0]}"):
        _clear(hub)
    assert _mailable(hub) == 0
    colleague.update("Lead", [{"Id": pair[0], "EmailBouncedReason": None, "EmailBouncedDate": None}])
    hub.sync()
    _clear(hub)
    colleague.update("Lead", [{"Id": pair[0], "Title": "Somebody touches it"}])
    hub.sync()
    assert _mailable(hub) == 2


def test_a_bounce_that_salesforce_shows_is_none_where_the_mapping_only_writes(
    hub: Hub, pair: tuple[str, str], colleague: Salesforce
) -> None:
    _map(hub, direction=Direction.PUSH)
    bounced = {"Id": pair[0], "EmailBouncedReason": "by another tool", "EmailBouncedDate": "2026-05-01T10:00:00Z"}
    colleague.update("Lead", [bounced])
    hub.sync()
    assert _mailable(hub) == 2


def test_the_box_of_opt_outs_may_be_another_than_the_standard_one(
    hub: Hub, pair: tuple[str, str], client: Salesforce, colleague: Salesforce
) -> None:
    opted_out = hub.mapping.find("opted_out")
    assert opted_out is not None
    _map(hub, replace(opted_out, lead="DoNotCall", contact="DoNotCall"))
    colleague.update("Contact", [{"Id": pair[1], "HasOptedOutOfEmail": True}])
    hub.sync()
    assert _mailable(hub) == 2
    colleague.update("Lead", [{"Id": pair[0], "DoNotCall": True}])
    hub.sync()
    assert _mailable(hub) == 0
    assert _there(client, pair, ["DoNotCall", "HasOptedOutOfEmail"]) == [[True, False], [True, True]]


def test_a_complaint_stops_mail_to_every_contact_of_the_address_and_ticks_nothing(
    hub: Hub, pair: tuple[str, str], client: Salesforce
) -> None:
    hub.sync()
    _tell(hub, FactKind.COMPLAINT)
    assert (_mailable(hub), _pushed(hub)) == (0, 0)
    assert _there(client, pair, ["HasOptedOutOfEmail"]) == [[False], [False]]
