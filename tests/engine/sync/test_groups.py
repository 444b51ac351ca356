"""Fields that move together, between the two sides: an address is never half of either."""

from dataclasses import replace

import pytest

from syncline import clock
from syncline.domain.mapping import BlankRule, Direction, MappedField, Policy
from syncline.domain.mapping_options import PushGuard
from syncline.salesforce.client import Salesforce
from syncline.store.mappings import save_mapping
from tests.engine.orgs import Hub

_ADDRESS = ("street", "city", "postal_code")


def _together(hub: Hub, **rules: object) -> tuple[int, str]:
    """Maps the address as a group, both ways, imports, and gives a Lead that has an address."""
    mapping = hub.mapping

    def changed(one: MappedField) -> MappedField:
        return replace(one, direction=Direction.BOTH, group="address", **rules) if one.name in _ADDRESS else one  # type: ignore[arg-type]  # options of a field

    with hub.open() as ctx:
        save_mapping(ctx.connection.id, replace(mapping, fields=tuple(map(changed, mapping.fields))), clock.now())
    hub.sync()
    found: tuple[int, str] = hub.rows(
        "SELECT contact_id, record_id FROM links JOIN contacts ON contacts.id = contact_id WHERE object = 'Lead'"
        " AND street IS NOT NULL AND city IS NOT NULL AND postal_code IS NOT NULL ORDER BY contact_id LIMIT 1"
    )[0]
    return found


def _both(hub: Hub, colleague: Salesforce, contact: int, record: str) -> tuple[object, object]:
    ours = hub.rows("SELECT street, city, postal_code FROM contacts WHERE id = %s", contact)[0]
    theirs = colleague.retrieve("Lead", [record], ["Street", "City", "PostalCode"])[0] or {}
    return ours, (theirs["Street"], theirs["City"], theirs["PostalCode"])


@pytest.mark.parametrize(("policy", "winner"), [(Policy.SALESFORCE, "theirs"), (Policy.MARKETING, "ours")])
def test_one_side_wins_the_whole_address(hub: Hub, colleague: Salesforce, policy: Policy, winner: str) -> None:
    contact, record = _together(hub, policy=policy)
    before = _both(hub, colleague, contact, record)[0]
    assert isinstance(before, tuple)
    hub.execute("UPDATE contacts SET street = 'Here 1' WHERE id = %s", contact)
    assert colleague.update("Lead", [{"Id": record, "City": "There"}])[0].success
    report = hub.sync()
    ours, theirs = _both(hub, colleague, contact, record)
    wanted = (before[0], "There", before[2]) if winner == "theirs" else ("Here 1", before[1], before[2])
    assert ours == theirs == wanted
    assert report.counts["conflicts"] == 2
    overruled = hub.rows("SELECT field FROM change_log WHERE action = 'overruled' AND contact_id = %s", contact)
    assert sorted(overruled) == [("city",), ("street",)]
    assert hub.sync().counts.get("pushed", 0) == 0


def test_a_blank_goes_with_the_rest_of_the_address(hub: Hub, colleague: Salesforce) -> None:
    contact, record = _together(hub, policy=Policy.MARKETING, blank=BlankRule.KEEP)
    hub.execute("UPDATE contacts SET street = 'Here 1', city = NULL WHERE id = %s", contact)
    hub.sync()
    ours, theirs = _both(hub, colleague, contact, record)
    assert ours == theirs
    assert isinstance(theirs, tuple)
    assert theirs[:2] == ("Here 1", None)


def test_a_guard_lets_only_blanks_be_filled(hub: Hub, colleague: Salesforce) -> None:
    contact, record = _together(hub, guard=PushGuard.IF_BLANK)
    before = _both(hub, colleague, contact, record)[1]
    hub.execute("UPDATE contacts SET city = 'Here' WHERE id = %s", contact)
    hub.sync()
    assert _both(hub, colleague, contact, record)[1] == before
    assert colleague.update("Lead", [{"Id": record, "Street": None, "City": None, "PostalCode": None}])[0].success
    hub.sync()
    hub.execute("UPDATE contacts SET city = 'Here' WHERE id = %s", contact)
    hub.sync()
    assert _both(hub, colleague, contact, record)[1] == (None, "Here", None)
