"""What was refused: listed by cause, tried again when it is mended, closed when Salesforce takes it."""

import pytest

from syncline.salesforce import client as client_module
from syncline.salesforce.client import Salesforce
from syncline.store import issues
from syncline.store.connections import load_connection
from syncline.store.database import transaction
from syncline.store.issues import Cause
from tests.engine.orgs import NAME, Hub

_REFUSED = {"object_name": "Lead", "row_code": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "times": None}


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits between tries are short: their number is tested elsewhere."""
    monkeypatch.setattr(client_module, "_FIRST_WAIT", 0.01)


@pytest.fixture
def refused(hub: Hub) -> Hub:
    """Three people whose titles Salesforce refuses."""
    hub.sync()
    hub.org.control("POST", "faults", _REFUSED)
    ids = [row[0] for row in hub.rows("SELECT contact_id FROM links WHERE object = 'Lead' ORDER BY record_id LIMIT 3")]
    hub.execute("UPDATE contacts SET title = 'Refused' WHERE id = ANY(%s)", ids)
    hub.sync()
    return hub


def _causes(hub: Hub) -> list[Cause]:
    with hub.database.connect() as conn:
        return issues.list_causes(conn, load_connection(NAME).id)


def _retry(hub: Hub, *, code: str | None = None, field: str | None = None, one_each: bool = False) -> int:
    with hub.database.connect() as conn, transaction(conn, "retry"):
        return issues.try_again(
            conn, load_connection(NAME).id, hub.mapping.fields, code=code, field=field, one_each=one_each
        )


def test_the_same_cause_is_told_once_with_its_records(refused: Hub) -> None:
    (cause,) = _causes(refused)
    assert (cause.code, cause.object, cause.count) == ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Lead", 3)
    assert cause.remedy
    with refused.database.connect() as conn:
        rows = issues.list_rows(conn, load_connection(NAME).id, cause, 2)
    assert len({one.record_id for one in rows}) == 2


def test_nothing_is_sent_again_by_itself(refused: Hub) -> None:
    refused.org.control("DELETE", "faults")
    assert refused.sync().counts.get("pushed", 0) == 0
    assert [one.count for one in _causes(refused)] == [3]


def test_mended_and_tried_again_it_is_taken_and_closed(refused: Hub) -> None:
    refused.org.control("DELETE", "faults")
    assert _retry(refused) == 3
    assert refused.sync().counts["pushed"] == 3
    assert _causes(refused) == []
    assert refused.prove().percent == 100


def test_a_probe_tries_one_record_of_each_cause(refused: Hub) -> None:
    assert _retry(refused, one_each=True) == 1
    assert refused.sync().counts["push_failed"] == 1
    assert [one.count for one in _causes(refused)] == [3]
    refused.org.control("DELETE", "faults")
    assert _retry(refused, one_each=True) == 1
    refused.sync()
    assert [one.count for one in _causes(refused)] == [2]


def test_only_the_chosen_cause_is_tried(refused: Hub) -> None:
    assert _retry(refused, code="STRING_TOO_LONG") == 0
    assert _retry(refused, field="last_name") == 0
    assert _retry(refused, code="FIELD_CUSTOM_VALIDATION_EXCEPTION") == 3


def test_a_value_left_out_of_what_was_sent_waits_again(hub: Hub, client: Salesforce) -> None:
    hub.sync()
    contact_id, record_id = hub.rows("SELECT contact_id, record_id FROM links WHERE object = 'Lead' LIMIT 1")[0]
    hub.execute("UPDATE contacts SET title = %s, last_name = 'Sent' WHERE id = %s", "x" * 300, contact_id)
    hub.sync()
    (cause,) = _causes(hub)
    assert (cause.code, cause.field) == ("STRING_TOO_LONG", "title")
    assert _retry(hub) == 1
    assert hub.sync().counts["push_failed"] == 1
    hub.execute("UPDATE contacts SET title = 'Short' WHERE id = %s", contact_id)
    hub.sync()
    record = client.retrieve("Lead", [record_id], ["Title", "LastName"])[0]
    assert record is not None
    assert (record["Title"], record["LastName"]) == ("Short", "Sent")
    assert _causes(hub) == []
