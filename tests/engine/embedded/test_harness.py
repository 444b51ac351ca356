"""The harness itself: a test finds the database as it was migrated, whatever the one before did."""

import pytest

from syncline.store.database import Database, transaction


@pytest.mark.parametrize("turn", [1, 2])
def test_finds_a_clean_database(database: Database, turn: int) -> None:
    with database.connect() as connection:
        assert connection.execute("SELECT count(*) FROM contacts").fetchone() == (0,)
        assert connection.execute("SELECT to_regclass('sf_acme.lead')").fetchone() == (None,)
        connection.execute("ALTER TABLE contacts ADD COLUMN company text")
        connection.execute("CREATE SCHEMA sf_acme")
        connection.execute("CREATE TABLE sf_acme.lead (id text)")
        with transaction(connection, "test"):
            connection.execute(
                "INSERT INTO contacts (email, company, created_at, updated_at)"
                " VALUES ('a@example.com', 'A', %(at)s, %(at)s)",
                {"at": "2026-01-01T00:00:00Z"},
            )
        assert connection.execute("SELECT id FROM contacts").fetchone() == (1,)
