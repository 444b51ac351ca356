"""What the commands say where no org is connected, or none is needed."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from syncline.domain.connection import NOT_STORED, Connection
from syncline.domain.mapping import Direction, FieldType, MappedField
from syncline.domain.mapping import Mapping as FieldMapping
from syncline.store.connections import save_connection
from syncline.store.database import Database, transaction
from syncline.store.mappings import save_mapping
from tests.engine.cli.conftest import Syncline

AT = datetime(2026, 1, 2, tzinfo=UTC)
EMAIL = MappedField("email", "Email", FieldType.EMAIL, "Email", "Email")
TITLE = MappedField("title", "Title", FieldType.TEXT, "Title", None, Direction.BOTH)


def plant(syncline: Syncline, name: str = "main") -> Connection:
    connection = Connection(
        id=NOT_STORED,
        name=name,
        login_url="http://127.0.0.1:1",
        auth_kind="client-credentials",
        client_id="app",
        username="",
        api_version="64.0",
        organization_id="00D000000000001EAA",
        user_id="005000000000001AAA",
        organization_name="Acme",
    )
    stored = save_connection(connection, {"client_secret": "s"}, syncline.keys, AT)
    save_mapping(stored.id, FieldMapping((EMAIL, TITLE)), AT)
    return stored


@pytest.mark.parametrize("command", ["map show", "map validate", "plan", "sync", "runs"])
def test_a_command_that_needs_an_org_says_how_to_connect_one(syncline: Syncline, command: str) -> None:
    done = syncline(*command.split())
    assert done.status == 1
    assert "No org is connected" in done.err
    assert "syncline connect" in done.err


def test_errors_come_as_json_too(syncline: Syncline) -> None:
    error = syncline("map", "show", "--json").facts["error"]
    assert error["type"] == "OperatorError"
    assert "syncline connect" in error["remedy"]


def test_status_of_nothing(syncline: Syncline) -> None:
    done = syncline("status")
    assert done.status == 0
    assert "syncline demo" in done.out
    assert syncline("status", "--json").facts == {"connections": []}


def test_map_show(syncline: Syncline) -> None:
    plant(syncline)
    shown = syncline("map", "show")
    assert shown.status == 0
    assert "not approved yet" in shown.out
    assert shown.out.splitlines()[3].split() == ["title", "text", "Title", "both", "salesforce", "keep"]

    facts = syncline("map", "show", "--json").facts
    assert (facts["connection"], facts["version"], facts["approved"]) == ("main", 1, False)
    assert [one["name"] for one in facts["fields"]] == ["email", "title"]
    assert facts["fields"][1]["direction"] == "both"


def test_two_connections_must_be_told_apart(syncline: Syncline) -> None:
    plant(syncline)
    plant(syncline, "second")
    refused = syncline("map", "show")
    assert refused.status == 1
    assert "main, second" in refused.err
    assert syncline("map", "show", "-c", "second").status == 0


def test_an_unknown_connection_is_named(syncline: Syncline) -> None:
    plant(syncline)
    refused = syncline("runs", "--connection", "nobody")
    assert refused.status == 1
    assert "main" in refused.err


def test_setting_nothing_is_wrong_usage(syncline: Syncline) -> None:
    assert syncline("map", "set", "title").status == 2


@pytest.mark.parametrize("bad", ["--direction=sideways", "--policy=mine", "--blank=maybe", "--type=blob"])
def test_a_rule_that_does_not_exist_is_wrong_usage(syncline: Syncline, bad: str) -> None:
    assert syncline("map", "set", "title", bad).status == 2


def test_an_org_that_is_down_is_said_to_be(syncline: Syncline) -> None:
    plant(syncline)
    done = syncline("map", "validate")
    assert done.status == 1
    assert "127.0.0.1" in done.err
    assert "remedy:" in done.err


def test_runs_and_status_show_what_is_kept(syncline: Syncline, database: Database) -> None:
    connection = plant(syncline)
    _plant_rows(database, connection.id)

    listed = syncline("runs", "1", "--json").facts["runs"]
    assert [(one["kind"], one["state"], one["counts"]) for one in listed] == [("sync", "done", {"contacts_created": 2})]
    assert "2 contacts created" in syncline("runs").out

    (facts,) = syncline("status", "--json").facts["connections"]
    assert facts["contacts"] == {"active": 2}
    assert facts["linked"] == {"Lead": 1}
    assert facts["left_out"] == {"Lead": {"without_email": 1}}
    assert facts["waiting"] == {"consent": 1}
    assert facts["parked"] == 1
    assert [(one["code"], one["count"]) for one in facts["causes"]] == [("STRING_TOO_LONG", 2)]
    shown = syncline("status").out
    assert "1 linked, 1 without email" in shown
    assert "2 × STRING_TOO_LONG Lead.title" in shown


def _plant_rows(database: Database, connection_id: int) -> None:
    facts: Mapping[str, object] = {"of": connection_id, "at": AT}
    with database.connect("test") as conn, transaction(conn, "test"):
        for statement in (
            "INSERT INTO contacts (linked, created_at, updated_at, email)"
            " VALUES (true, %(at)s, %(at)s, 'a@x.example'), (false, %(at)s, %(at)s, 'b@x.example')",
            "INSERT INTO links (connection_id, object, record_id, contact_id, linked_at)"
            " VALUES (%(of)s, 'Lead', '00Q000000000001AAA', 1, %(at)s)",
            "INSERT INTO left_out VALUES (%(of)s, 'Lead', '00Q000000000002AAA', 'without_email')",
            "INSERT INTO outbox (contact_id, lane, version, state) VALUES (1, 0, 1, 'waiting'), (2, 3, 2, 'parked')",
            "INSERT INTO runs (connection_id, kind, state, started_at, finished_at, counts, message)"
            " VALUES (%(of)s, 'sync', 'done', %(at)s, %(at)s, '{\"contacts_created\": 2}', '')",
            "INSERT INTO issues (connection_id, object, record_id, field, code, message, remedy, state, at)"
            " SELECT %(of)s, 'Lead', 'x', 'title', 'STRING_TOO_LONG', 'too long', 'shorten it', 'open', %(at)s"
            " FROM generate_series(1, 2)",
        ):
            conn.execute(statement.encode(), facts)
