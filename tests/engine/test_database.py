"""Connections, transactions and their kill points, and errors at the edge."""

from collections.abc import Iterator

import psycopg
import pytest

from syncline import killpoints
from syncline.errors import OperatorError, StoreError
from syncline.store import setup
from syncline.store.database import Database, transaction


@pytest.fixture
def reached() -> Iterator[list[str]]:
    yield killpoints.record()
    killpoints.disarm()


INSERT = "INSERT INTO contacts (email, created_at, updated_at) VALUES (%(email)s, '2026-01-01', '2026-01-01')"


def count(database: Database) -> int:
    with database.connect() as connection:
        row = connection.execute("SELECT count(*) FROM contacts").fetchone()
    assert row is not None
    return int(row[0])


def test_a_transaction_passes_its_kill_points_around_the_commit(database: Database, reached: list[str]) -> None:
    with database.connect() as connection, transaction(connection, "merge"):
        connection.execute(INSERT, {"email": "a@example.com"})

    assert reached == ["merge.committing", "merge.committed"]
    assert count(database) == 1


class Struck(Exception):
    """What the kill point does in this test."""


@pytest.mark.parametrize(("point", "rows"), [("merge.committing", 0), ("merge.committed", 1)])
def test_a_death_at_a_kill_point_is_before_or_after_the_commit(database: Database, point: str, rows: int) -> None:
    def strike() -> None:
        raise Struck

    killpoints.arm(point, 1, strike)
    connection = database.connect()
    with pytest.raises(Struck), transaction(connection, "merge"):
        connection.execute(INSERT, {"email": "a@example.com"})
    connection.close()
    killpoints.disarm()

    assert count(database) == rows


def test_a_block_that_raises_is_rolled_back_and_the_connection_serves_on(database: Database) -> None:
    with database.connect() as connection:
        with pytest.raises(ValueError, match="no"), transaction(connection, "merge"):  # noqa: PT012  # as a block does
            connection.execute(INSERT, {"email": "a@example.com"})
            raise ValueError("no")
        with transaction(connection, "merge"):
            connection.execute(INSERT, {"email": "b@example.com"})

    assert count(database) == 1


def test_an_error_of_the_database_is_ours_with_the_original_as_cause(database: Database) -> None:
    with database.connect() as connection:
        with pytest.raises(StoreError, match="SQLSTATE 42P01") as failed, transaction(connection, "merge"):
            connection.execute("SELECT * FROM nowhere")
        assert isinstance(failed.value.__cause__, psycopg.errors.UndefinedTable)


def test_time_is_utc(database: Database) -> None:
    with database.connect("syncline somebody") as connection:
        assert connection.execute("SHOW TimeZone").fetchone() == ("UTC",)
        assert connection.execute("SHOW application_name").fetchone() == ("syncline somebody",)


def test_a_server_that_is_not_there_is_told_with_a_remedy() -> None:
    nowhere = Database("postgresql://me@/syncline?host=%2Fnonexistent")

    with pytest.raises(StoreError, match="cannot be reached") as failed:
        nowhere.connect()
    assert failed.value.remedy
    with pytest.raises(StoreError):
        nowhere.wait_until_up(0.1)


def test_a_role_without_rights_is_the_operators_business(database: Database) -> None:
    connection = database.connect()
    with pytest.raises(OperatorError, match="refuses"), transaction(connection, "test"):
        connection.execute("ALTER ROLE syncline SUPERUSER")
    connection.close()


def test_migrating_again_changes_nothing(database: Database) -> None:
    setup.migrate(database)
    setup.migrate(database)
    assert count(database) == 0


def test_the_bulk_tables_can_be_taken_away_again(database: Database) -> None:
    from django.core.management import call_command

    tables = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S')"
    functions = "SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    try:
        call_command("migrate", "store", "zero", verbosity=0, interactive=False)
        with database.connect() as connection:
            # What is left is Django's own list of migrations, with its sequence.
            assert connection.execute(tables.encode()).fetchone() == (2,)
            assert connection.execute(functions.encode()).fetchone() == (0,)
    finally:
        call_command("migrate", verbosity=0, interactive=False)
