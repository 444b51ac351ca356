"""An expression as the source of a field: imported, kept in step by increments, by our own writes and by the clock."""

import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from syncline import clock
from syncline.domain.mapping import Direction, FieldType, MappedField, Mapping, Policy
from syncline.flows.preview import build_preview
from syncline.salesforce.client import Salesforce
from syncline.store.connections import load_connection
from syncline.store.mappings import save_mapping
from syncline.sync import run
from tests.engine.orgs import NAME, Hub

FULL_NAME = MappedField(
    "full_name",
    "Full name",
    FieldType.TEXT,
    "=TRIM(FirstName & ' ' & LastName)",
    "=UPPER(LastName) & IF(ISBLANK(Department), '', ', ' & Department)",
)


def _map(hub: Hub, *fields: MappedField) -> Mapping:
    names = {field.name for field in fields}
    kept = tuple(field for field in hub.mapping.fields if field.name not in names)
    return save_mapping(load_connection(NAME).id, replace(hub.mapping, fields=(*kept, *fields)), clock.now())


def _values(hub: Hub, column: str, object_name: str = "Lead") -> dict[str, Any]:
    return dict(
        hub.rows(
            f"SELECT record_id, {column} FROM links JOIN contacts ON contacts.id = contact_id"
            " WHERE object = %s AND links.state = 'live'",
            object_name,
        )
    )


def _some_lead(hub: Hub) -> str:
    return str(min(_values(hub, "email")))


def _run_at(hub: Hub, at: datetime) -> None:
    """A whole sync at another time of the clock."""
    with hub.open() as ctx:
        ctx.at = at
        run.sync(ctx, approve=True, allow_large_change=True)


def test_an_expression_is_imported_from_both_objects_and_agrees(hub: Hub) -> None:
    _map(hub, FULL_NAME)
    hub.sync()
    wanted = hub.rows("SELECT id, nullif(btrim(concat_ws(' ', firstname, lastname)), '') FROM sf_main.lead")
    found = _values(hub, "full_name")
    assert found
    assert {one: name for one, name in wanted if one in found} == found
    shouted = hub.rows("SELECT id, concat_ws(', ', upper(lastname), department) FROM sf_main.contact")
    contacts = _values(hub, "full_name", "Contact")
    assert any(", " in name for name in contacts.values())
    assert {one: name for one, name in shouted if one in contacts} == contacts
    assert hub.prove().percent == 100
    assert hub.sync().plan.changes_nothing


def test_a_change_of_any_field_it_reads_moves_it(hub: Hub, colleague: Salesforce) -> None:
    _map(hub, FULL_NAME)
    hub.sync()
    lead = _some_lead(hub)
    before = _values(hub, "full_name")
    colleague.update("Lead", [{"Id": lead, "FirstName": "Zoë", "LastName": "O'Hara 100%"}])
    hub.sync()
    after = _values(hub, "full_name")
    assert after[lead] == "Zoë O'Hara 100%"
    assert {one for one in after if after[one] != before[one]} == {lead}
    log = hub.rows("SELECT old, new, rule FROM change_log WHERE field = 'full_name' AND action = 'update'")
    assert log == [(before[lead], "Zoë O'Hara 100%", "changed in Salesforce")]
    assert hub.prove().percent == 100


def test_it_is_added_and_changed_later_and_its_fields_are_read(hub: Hub) -> None:
    without = replace(hub.mapping, fields=tuple(one for one in hub.mapping.fields if one.name != "industry"))
    save_mapping(load_connection(NAME).id, without, clock.now())
    hub.sync()
    columns = "SELECT attname FROM pg_attribute WHERE attrelid = 'sf_main.lead'::regclass AND attname = 'industry'"
    assert not hub.rows(columns)
    # Whoever wins conflicts: where nothing was agreed on yet, a value beats a blank.
    sector = MappedField("sector", "Sector", FieldType.TEXT, "=BLANKVALUE(TEXT(Industry), 'none')")
    _map(hub, replace(sector, policy=Policy.MARKETING))
    hub.sync()
    assert hub.rows(columns)
    first = _values(hub, "sector")
    assert len(set(first.values())) > 1
    assert None not in first.values()
    _map(hub, replace(sector, lead="=UPPER(TEXT(Industry))"))
    hub.sync()
    assert _values(hub, "sector") == {one: None if was == "none" else was.upper() for one, was in first.items()}
    assert hub.prove().percent == 100


def test_what_we_send_ourselves_moves_it_too(hub: Hub) -> None:
    shouted = MappedField("shout", "Shout", FieldType.TEXT, "=UPPER(Title) & '!'")
    _map(hub, replace(next(f for f in hub.mapping.fields if f.name == "title"), direction=Direction.BOTH), shouted)
    hub.sync()
    lead = _some_lead(hub)
    hub.execute(
        "UPDATE contacts SET title = 'Poet' WHERE id = (SELECT contact_id FROM links WHERE record_id = %s)", lead
    )
    hub.sync()
    hub.sync()
    assert _values(hub, "shout")[lead] == "POET!"
    assert hub.sync().plan.changes_nothing
    assert hub.prove().percent == 100


def test_a_lead_that_we_create_gets_its_value(hub: Hub) -> None:
    _map(hub, FULL_NAME)
    hub.sync()
    hub.execute(
        "INSERT INTO contacts (email, first_name, last_name, created_at, updated_at)"
        " VALUES ('nova@new.example', 'Nova', 'Neu', now(), now())"
    )
    hub.execute(
        "INSERT INTO outbox (contact_id, kind, lane, version)"
        " SELECT id, 'create', 1, nextval('outbox_version') FROM contacts WHERE email = 'nova@new.example'"
    )
    hub.sync()
    hub.sync()
    assert hub.rows("SELECT full_name FROM contacts WHERE email = 'nova@new.example'") == [("Nova Neu",)]
    assert hub.prove().percent == 100


def test_the_clock_alone_moves_what_reads_it_and_nothing_else(hub: Hub) -> None:
    _map(
        hub,
        MappedField("age", "Age", FieldType.NUMBER, "=TODAY() - DATEVALUE(CreatedDate)"),
        MappedField("month", "Month", FieldType.NUMBER, "=MONTH(TODAY())"),
        FULL_NAME,
    )
    today = clock.now().replace(month=3, day=10, hour=12)
    _run_at(hub, today)
    first = _values(hub, "age")
    lead = _some_lead(hub)
    hub.execute("UPDATE contacts SET month = 99 WHERE id = (SELECT contact_id FROM links WHERE record_id = %s)", lead)
    _run_at(hub, today + timedelta(hours=1))
    assert _values(hub, "age") == first
    _run_at(hub, today + timedelta(days=2))
    assert _values(hub, "age") == {one: age + 2 for one, age in first.items()}
    # An edit of ours stays until the value itself moves, and then Salesforce wins, as for any pulled field.
    assert _values(hub, "month")[lead] == 99
    assert not hub.rows("SELECT 1 FROM change_log WHERE field = 'age' AND rule <> 'changed in Salesforce'")
    _run_at(hub, today + timedelta(days=30))
    assert set(_values(hub, "month").values()) == {4}


def test_a_record_and_the_clock_move_it_together(hub: Hub, colleague: Salesforce) -> None:
    _map(hub, MappedField("note", "Note", FieldType.TEXT, "=LastName & ' ' & TEXT(TODAY())"))
    today = clock.now().replace(month=3, day=10, hour=12)
    _run_at(hub, today)
    lead = _some_lead(hub)
    colleague.update("Lead", [{"Id": lead, "LastName": "Moved"}])
    _run_at(hub, today + timedelta(days=1))
    assert _values(hub, "note")[lead] == f"Moved {today.year}-03-11"
    assert hub.rows("SELECT DISTINCT rule FROM change_log WHERE field = 'note'") == [("changed in Salesforce",)]
    assert {str(note)[-10:] for note in _values(hub, "note").values()} == {f"{today.year}-03-11"}


def test_what_reads_the_clock_agrees_as_of_the_last_decision(hub: Hub) -> None:
    _map(hub, MappedField("seen_at", "Seen at", FieldType.DATETIME, "=NOW()"))
    hub.sync()
    assert None not in _values(hub, "seen_at").values()
    assert hub.prove().percent == 100


def test_a_converted_lead_takes_the_expression_of_its_contact(hub: Hub, colleague: Salesforce) -> None:
    _map(hub, FULL_NAME)
    hub.sync()
    lead = _some_lead(hub)
    contact = hub.rows("SELECT contact_id FROM links WHERE record_id = %s", lead)[0][0]
    last_name = hub.rows("SELECT last_name FROM contacts WHERE id = %s", contact)[0][0]
    colleague.convert_lead(lead, "Closed - Converted")
    hub.sync()
    hub.sync()
    assert hub.rows("SELECT full_name FROM contacts WHERE id = %s", contact) == [(last_name.upper(),)]
    assert hub.prove().percent == 100


def test_an_expression_that_no_longer_fits_keeps_its_values(hub: Hub) -> None:
    _map(hub, FULL_NAME)
    hub.sync()
    before = _values(hub, "full_name")
    with hub.open() as ctx:
        shape = ctx.shapes["Lead"]
        fields = tuple(field for field in shape.fields if field.name != "FirstName")
        ctx.shapes["Lead"] = replace(shape, fields=fields)
        assert "full_name" not in {field.name for field, _ in ctx.mapped("Lead")}
        assert "full_name" in {field.name for field, _ in ctx.mapped("Contact")}
    hub.sync()
    assert _values(hub, "full_name") == before


def test_the_modules_of_a_sync_load_neither_lark_nor_sqlglot() -> None:
    modules = "syncline.sync.run, syncline.sync.decide, syncline.flows.runs, syncline.store.contact_columns"
    code = f"import sys; import {modules}; print(sorted({{'lark', 'sqlglot'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("synced", [True, False])
def test_a_preview_shows_the_values_it_is_made_of(hub: Hub, *, synced: bool) -> None:
    mapping = _map(hub, FULL_NAME)
    if synced:
        hub.sync()
    connection = load_connection(NAME)
    shown = build_preview(hub.database, hub.keys, connection, mapping, "full_name", limit=3)
    assert {one.object: one.fields for one in shown} == {
        "Contact": ("LastName", "Department"),
        "Lead": ("FirstName", "LastName"),
    }
    lead = next(one for one in shown if one.object == "Lead")
    assert lead.from_mirror is synced
    assert len(lead.rows) == 3
    for row in lead.rows:
        assert row.result == " ".join(part for part in row.values if part)
    tried = build_preview(
        hub.database, hub.keys, connection, mapping, "=LEN(Company) > 3 && AnnualRevenue > 0", limit=2, only="lead"
    )
    assert {row.result for one in tried for row in one.rows} <= {"true", "false"}
