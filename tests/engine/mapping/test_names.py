"""The names a mapping may not use are those that the table of contacts has."""

from syncline.domain.mapping_check import RESERVED_NAMES
from syncline.store.database import Database


def test_every_column_of_contacts_but_email_is_reserved(database: Database) -> None:
    with database.connect("test") as conn:
        rows = conn.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'contacts'::regclass AND NOT attisdropped"
        ).fetchall()
    assert {name for (name,) in rows} - {"email"} == RESERVED_NAMES
