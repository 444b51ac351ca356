"""Connections, their secrets and their mappings, as they are stored."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from syncline.domain.connection import NOT_STORED, Connection, ConnectionState
from syncline.domain.ids import ConnectionId
from syncline.domain.mapping import BlankRule, Direction, FieldType, MappedField, Mapping, Policy
from syncline.domain.mapping_options import (
    AmbiguousPolicy,
    DeletePolicy,
    DuplicatePolicy,
    LengthPolicy,
    MergePolicy,
    ObjectRules,
    PushGuard,
    StricterOrder,
)
from syncline.errors import ConfigError, OperatorError, StoreError
from syncline.store import connections, mappings
from syncline.store.database import Database, transaction
from syncline.store.named_sql import load
from syncline.store.secrets import KeyRing

AT = datetime(2026, 1, 2, tzinfo=UTC)
SECRETS = {"client_secret": "s3cret-é", "private_key": "-----BEGIN"}


@pytest.fixture
def keys(tmp_path: Path) -> KeyRing:
    return KeyRing(tmp_path / "keys" / "ring.json")


def a_connection(name: str = "acme") -> Connection:
    return Connection(
        id=NOT_STORED,
        name=name,
        login_url="https://acme.my.salesforce.com",
        auth_kind="client_credentials",
        client_id="3MVG9",
        username="",
        api_version="67.0",
        organization_id="00D000000000001EAA",
        user_id="005000000000001AAA",
        organization_name="Acme",
    )


def a_mapping() -> Mapping:
    return Mapping(
        fields=(
            MappedField("last_name", "Last name", FieldType.TEXT, "LastName", "LastName", Direction.BOTH),
            MappedField(
                "opted_out", "Opted out", FieldType.BOOLEAN, "HasOptedOutOfEmail", None, Direction.BOTH,
                Policy.STRICTER, BlankRule.CLEAR,
            ),
            MappedField(
                "score", "Score", FieldType.SCORE, "Score__c", "Score__c", Direction.PUSH, Policy.STRICTER,
                guard=PushGuard.IF_BLANK, stricter=StricterOrder.LOWER, merge=MergePolicy.SUM, step=Decimal("2.5"),
            ),
            MappedField(
                "rating", "Rating", FieldType.PICKLIST, "Rating", None, group="sales", length=LengthPolicy.CUT,
                values=(("Hot", "A"), ("100%", "B")),
            ),
        ),
        ambiguous=AmbiguousPolicy.HOLD,
        duplicates=DuplicatePolicy.ALLOW,
        assignment_rules=False,
        objects=(("Lead", ObjectRules(True, DeletePolicy.ARCHIVE, "=true", "because", keep_without_email=True)),),
        external_id_field=None,
        fillers=(("Company", "[none]"),),
    )  # fmt: skip


def test_a_connection_comes_back_as_it_was_stored(database: Database, keys: KeyRing) -> None:
    stored = connections.save_connection(a_connection(), SECRETS, keys, AT)

    assert stored.id != NOT_STORED
    assert connections.load_connection("acme") == stored
    assert connections.list_connections() == [stored]
    assert connections.load_secrets(stored.id, keys) == SECRETS


def test_storing_again_replaces_it(database: Database, keys: KeyRing) -> None:
    stored = connections.save_connection(a_connection(), SECRETS, keys, AT)
    connections.save_connection(replace(stored, api_version="68.0"), {"client_secret": "new"}, keys, AT)
    connections.set_state(stored.id, ConnectionState.BROKEN)

    assert connections.list_connections() == [replace(stored, api_version="68.0", state=ConnectionState.BROKEN)]
    assert connections.load_secrets(stored.id, keys) == {"client_secret": "new"}


def test_secrets_are_not_readable_in_the_database(database: Database, keys: KeyRing) -> None:
    connections.save_connection(a_connection(), SECRETS, keys, AT)

    with database.connect() as conn:
        row = conn.execute("SELECT secrets FROM connections").fetchone()
    assert row is not None
    assert b"s3cret" not in row[0]


def test_secrets_of_another_row_do_not_open(database: Database, keys: KeyRing) -> None:
    first = connections.save_connection(a_connection("first"), SECRETS, keys, AT)
    second = connections.save_connection(a_connection("second"), {"client_secret": "other"}, keys, AT)
    with database.connect() as conn, transaction(conn, "test"):
        conn.execute(
            "UPDATE connections SET secrets = (SELECT secrets FROM connections WHERE id = %s) WHERE id = %s",
            [first.id, second.id],
        )

    with pytest.raises(ConfigError, match="another's"):
        connections.load_secrets(second.id, keys)


def test_the_database_alone_opens_nothing(database: Database, keys: KeyRing, tmp_path: Path) -> None:
    stored = connections.save_connection(a_connection(), SECRETS, keys, AT)
    other = KeyRing(tmp_path / "other.json")
    other.rotate()

    with pytest.raises(ConfigError, match="is not in"):
        connections.load_secrets(stored.id, other)


@pytest.mark.parametrize("name", ["", "Acme", "a_b", "-a", "a--b", "a" * 41, "ä", "sf;drop"])
def test_a_name_that_could_not_be_a_schema_is_refused(database: Database, keys: KeyRing, name: str) -> None:
    with pytest.raises(OperatorError, match="no name for a connection"):
        connections.save_connection(a_connection(name), SECRETS, keys, AT)


def test_a_taken_name_is_refused(database: Database, keys: KeyRing) -> None:
    connections.save_connection(a_connection(), SECRETS, keys, AT)

    with pytest.raises(OperatorError, match="already"):
        connections.save_connection(a_connection(), SECRETS, keys, AT)


def test_an_unknown_name_says_which_there_are(database: Database, keys: KeyRing) -> None:
    connections.save_connection(a_connection(), SECRETS, keys, AT)

    with pytest.raises(OperatorError) as refused:
        connections.load_connection("nobody")
    assert "acme" in str(refused.value.remedy)


def test_forgetting_takes_everything_but_the_contacts(database: Database, keys: KeyRing) -> None:
    stored = connections.save_connection(a_connection(), SECRETS, keys, AT)
    kept = connections.save_connection(a_connection("kept"), SECRETS, keys, AT)
    mappings.save_mapping(stored.id, a_mapping(), AT)
    with database.connect() as conn, transaction(conn, "test"):
        conn.execute("CREATE SCHEMA sf_acme")
        conn.execute("INSERT INTO contacts (linked, created_at, updated_at) VALUES (true, %(at)s, %(at)s)", {"at": AT})
        conn.execute(
            "INSERT INTO links (connection_id, object, record_id, contact_id, linked_at)"
            " VALUES (%s, 'Lead', 'x', 1, %s)",
            [stored.id, AT],
        )
        for one in (stored.id, kept.id):
            conn.execute("INSERT INTO budgets (connection_id, ceiling) VALUES (%s, 5)", [one])
            conn.execute("INSERT INTO call_days (connection_id, day, calls) VALUES (%s, %s, 1)", [one, AT])

    connections.forget_connection(database, stored)

    assert connections.list_connections() == [kept]
    with database.connect() as conn:
        for table in ("budgets", "call_days"):
            assert conn.execute(f"SELECT connection_id FROM {table}".encode()).fetchall() == [(kept.id,)]
    with database.connect() as conn:
        assert conn.execute("SELECT linked FROM contacts").fetchall() == [(False,)]
        assert conn.execute("SELECT count(*) FROM links").fetchone() == (0,)
        assert conn.execute("SELECT count(*) FROM mapped_fields").fetchone() == (0,)
        assert conn.execute("SELECT to_regnamespace('sf_acme')").fetchone() == (None,)


def test_no_table_is_left_out_when_a_connection_is_forgotten(database: Database) -> None:
    """What is known of people's consent stays; all else that names a connection goes with it."""
    with database.connect() as conn:
        rows = conn.execute(
            "SELECT table_name FROM information_schema.columns JOIN information_schema.tables USING (table_name)"
            " WHERE column_name = 'connection_id' AND columns.table_schema = 'public' AND table_type = 'BASE TABLE'"
        ).fetchall()
    deleted = " ".join(str(one.text) for one in load("connections").values())
    assert [name for (name,) in rows if f"DELETE FROM {name}" not in deleted] == ["consent_facts"]


def test_a_mapping_comes_back_as_it_was_stored(database: Database, keys: KeyRing) -> None:
    stored = connections.save_connection(a_connection(), SECRETS, keys, AT)
    first = mappings.save_mapping(stored.id, a_mapping(), AT)
    second = mappings.save_mapping(stored.id, replace(a_mapping(), fields=a_mapping().fields[:1]), AT)

    assert first == replace(a_mapping(), version=1)
    assert mappings.load_mapping(stored.id) == second
    assert mappings.load_mapping(stored.id, version=1) == first
    assert mappings.list_mappings(stored.id) == [second, first]
    assert mappings.load_mapping(ConnectionId(99)) is None


def test_a_choice_of_a_newer_program_is_refused_with_what_to_do(database: Database, keys: KeyRing) -> None:
    stored = connections.save_connection(a_connection(), SECRETS, keys, AT)
    mappings.save_mapping(stored.id, a_mapping(), AT)
    with database.connect() as conn, transaction(conn, "test"):
        conn.execute("UPDATE mapped_fields SET push_guard = 'sometimes' WHERE name = 'score'")
    with pytest.raises(StoreError, match="sometimes") as refused:
        mappings.load_mapping(stored.id)
    assert refused.value.remedy


def test_a_version_is_approved_once(database: Database, keys: KeyRing) -> None:
    stored = connections.save_connection(a_connection(), SECRETS, keys, AT)
    mappings.save_mapping(stored.id, a_mapping(), AT)
    mappings.approve_mapping(stored.id, 1, AT)

    loaded = mappings.load_mapping(stored.id)
    assert loaded is not None
    assert loaded.approved
    with pytest.raises(OperatorError, match="version 1"):
        mappings.approve_mapping(stored.id, 1, AT)
