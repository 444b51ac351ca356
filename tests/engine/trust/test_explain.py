"""Explanations: why a value is what it is, on real state; each standing is reached by what people do."""

from dataclasses import replace

import pytest

from syncline import clock
from syncline.domain.explain import LEFT_OUT, FieldExplanation, Standing
from syncline.domain.ids import ContactId
from syncline.domain.mapping import Direction, MappedField
from syncline.domain.mapping_options import PushGuard
from syncline.salesforce.client import Salesforce
from syncline.store import explain
from syncline.store.connections import load_connection
from syncline.store.mappings import save_mapping
from syncline.store.names import ConnectionTables
from tests.engine.orgs import NAME, Hub

_TABLES = ConnectionTables(NAME)


@pytest.fixture
def synced(hub: Hub) -> Hub:
    """Everything imported."""
    hub.sync()
    return hub


def _person(hub: Hub) -> tuple[int, str]:
    (found,) = hub.rows("SELECT contact_id, record_id FROM links WHERE object = 'Lead' ORDER BY record_id LIMIT 1")
    return found[0], found[1]


def _explain(hub: Hub, contact_id: int, field: str) -> FieldExplanation:
    with hub.database.connect() as conn:
        person = explain.explain_person(conn, _TABLES, load_connection(NAME).id, hub.mapping, ContactId(contact_id))
    return next(one for one in person.fields if one.name == field)


def _change_mapping(hub: Hub, field: str, **rules: object) -> None:
    mapping = hub.mapping
    fields: tuple[MappedField, ...] = tuple(
        replace(one, **rules) if one.name == field else one  # type: ignore[arg-type]  # a test's own keywords
        for one in mapping.fields
    )
    save_mapping(load_connection(NAME).id, replace(mapping, fields=fields), clock.now())


def test_everything_is_in_step_after_a_sync(synced: Hub) -> None:
    contact_id, record_id = _person(synced)
    with synced.database.connect() as conn:
        person = explain.explain_person(conn, _TABLES, load_connection(NAME).id, synced.mapping, ContactId(contact_id))
    assert (person.object, person.record_id, person.link_state) == ("Lead", record_id, "live")
    assert {one.verdict.standing for one in person.fields} <= {Standing.IN_STEP, Standing.NOT_SYNCED}
    assert len(person.fields) == len(synced.mapping.fields)


def test_an_edit_here_waits_then_is_in_step_with_its_run(synced: Hub) -> None:
    contact_id, _ = _person(synced)
    synced.execute("UPDATE contacts SET title = 'New here' WHERE id = %s", contact_id)
    before = _explain(synced, contact_id, "title")
    assert (before.verdict.standing, before.facts.ours) == (Standing.WAITS, "New here")
    report = synced.sync()
    after = _explain(synced, contact_id, "title")
    assert (after.verdict.standing, after.facts.theirs) == (Standing.IN_STEP, "New here")
    assert after.facts.last is not None
    assert (after.facts.last.action, after.facts.last.run_id) == ("sent", report.run_id)


def test_a_change_in_salesforce_is_told_with_its_rule(synced: Hub, colleague: Salesforce) -> None:
    contact_id, record_id = _person(synced)
    colleague.update("Lead", [{"Id": record_id, "Title": "From there"}])
    report = synced.sync()
    last = _explain(synced, contact_id, "title").facts.last
    assert last is not None
    assert (last.rule, last.origin, last.run_id) == ("changed in Salesforce", "salesforce", report.run_id)


def test_an_edit_that_the_mapping_does_not_send_differs_as_it_says(synced: Hub) -> None:
    contact_id, _ = _person(synced)
    _change_mapping(synced, "title", direction=Direction.PULL)
    synced.sync()
    synced.execute("UPDATE contacts SET title = 'Only here' WHERE id = %s", contact_id)
    found = _explain(synced, contact_id, "title")
    assert found.verdict.standing == Standing.DIVERGENT
    assert "syncline map set title --direction both" in found.verdict.remedy


def test_a_cleared_value_that_is_not_sent_differs_as_the_mapping_says(synced: Hub) -> None:
    contact_id, _ = _person(synced)
    synced.execute("UPDATE contacts SET title = 'Something' WHERE id = %s", contact_id)
    synced.sync()
    synced.execute("UPDATE contacts SET title = NULL WHERE id = %s", contact_id)
    synced.sync()
    found = _explain(synced, contact_id, "title")
    assert (found.verdict.standing, found.facts.theirs) == (Standing.DIVERGENT, "Something")
    assert "--blank clear" in found.verdict.remedy


def test_a_value_changed_past_the_engine_has_drifted(synced: Hub) -> None:
    contact_id, _ = _person(synced)
    with synced.database.connect() as conn:
        conn.execute("SELECT set_config('syncline.origin', 'connection:0', true)")  # what no edit should say
        conn.execute("UPDATE contacts SET title = 'Past the engine' WHERE id = %s", [contact_id])
        conn.commit()
    found = _explain(synced, contact_id, "title")
    assert found.verdict.standing == Standing.DRIFTED
    assert "syncline reconcile" in found.verdict.remedy


def test_a_switched_off_field_is_not_synced(synced: Hub) -> None:
    contact_id, _ = _person(synced)
    _change_mapping(synced, "title", direction=Direction.OFF)
    assert _explain(synced, contact_id, "title").verdict.standing == Standing.NOT_SYNCED


def test_a_suspended_field_and_a_push_guard_are_named(synced: Hub) -> None:
    contact_id, _ = _person(synced)
    _change_mapping(synced, "phone", direction=Direction.BOTH, guard=PushGuard.NEVER)
    synced.sync()
    synced.org.control("POST", "fields", {"object": "Lead", "name": "Title", "hidden": True})
    try:
        synced.execute("UPDATE contacts SET title = 'New here', phone = '+1 555 0177' WHERE id = %s", contact_id)
        synced.execute("UPDATE describes SET checked_at = checked_at - interval '25 hours'")
        synced.sync()
        suspended, guarded = _explain(synced, contact_id, "title"), _explain(synced, contact_id, "phone")
    finally:
        synced.org.control("POST", "fields", {"object": "Lead", "name": "Title", "hidden": False})
    assert suspended.verdict.standing == Standing.SUSPENDED
    assert suspended.verdict.remedy
    assert (guarded.verdict.standing, "push guard" in guarded.verdict.sentence) == (Standing.DIVERGENT, True)


def test_a_record_without_a_contact_is_answered_with_the_rule(synced: Hub) -> None:
    reasons = dict(synced.rows("SELECT reason, min(record_id) FROM left_out GROUP BY reason"))
    assert {"without_email", "converted"} <= set(reasons)
    for reason, record_id in reasons.items():
        with synced.database.connect() as conn:
            found = explain.find_left_out(conn, load_connection(NAME).id, record_id)
        assert found is not None
        assert found.reason == reason
        assert LEFT_OUT[reason][0]


def test_the_history_of_a_field_begins_with_the_newest(synced: Hub) -> None:
    contact_id, _ = _person(synced)
    for text in ("first", "second"):
        synced.execute("UPDATE contacts SET title = %s WHERE id = %s", text, contact_id)
    with synced.database.connect() as conn:
        history = explain.load_history(conn, ContactId(contact_id), "title")
    assert [one.new for one in history][:2] == ["second", "first"]
