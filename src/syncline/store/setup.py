"""Tells Django which database to use and brings its tables up to date; nothing else knows Django's machinery."""

from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from syncline import django_settings
from syncline.store.database import Database, store_errors

#: One migration at a time over all processes; the number only has to be ours.
_MIGRATION_LOCK = 7_962_546_321


def configure(url: str) -> None:
    """Points Django at the database of this URL; connects to nothing."""
    import django
    from django.conf import settings
    from django.db import connections

    if not settings.configured:
        settings.configure(**{name: value for name, value in vars(django_settings).items() if name.isupper()})
    parts: dict[str, Any] = conninfo_to_dict(url)
    default = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.pop("dbname", ""),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": parts.pop("port", ""),
        "OPTIONS": {**parts, "application_name": "syncline configuration"},
    }
    django.setup()
    # A connection that is open leads to the database named before.
    connections["default"].close()
    connections.settings["default"].update(default)


def disconnect() -> None:
    """Closes what Django has open."""
    from django.db import connections

    connections.close_all()


def migrate(database: Database) -> None:
    """Brings the tables up to date, one process at a time; does nothing quickly where they are.

    Raises:
        StoreError: a migration failed; its transaction is rolled back.
    """
    wanted = _known_migrations()
    with store_errors(), database.connect("syncline migrate") as connection:
        if wanted <= _applied(connection):
            return
        connection.execute("SELECT pg_advisory_lock(%s)", [_MIGRATION_LOCK])
        connection.commit()
        if not wanted <= _applied(connection):
            from django.core.management import call_command

            call_command("migrate", verbosity=0, interactive=False)


def _known_migrations() -> set[str]:
    folder = Path(__file__).parent / "migrations"
    return {path.stem for path in folder.glob("[0-9]*.py")}


def _applied(connection: psycopg.Connection) -> set[str]:
    found = connection.execute("SELECT to_regclass('public.django_migrations')").fetchone()
    if found is None or found[0] is None:
        return set()
    rows = connection.execute("SELECT name FROM django_migrations WHERE app = 'store'")
    return {name for (name,) in rows}
