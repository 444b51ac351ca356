"""The edge to Django's ORM: short visits for configuration, each with a connection of its own, errors translated.

Modules that use it import `models` inside their functions: models exist only after `setup.configure`.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from syncline.errors import StoreError
from syncline.store.database import store_errors


@contextmanager
def configuration() -> Iterator[None]:
    """One visit, in one transaction; no connection stays open that a restart of the server could break.

    Raises:
        StoreError: the database failed; nothing of the visit is kept.
    """
    from django.db import Error, connections, transaction

    try:
        with store_errors():
            try:
                with transaction.atomic():
                    yield
            except Error as problem:
                if isinstance(problem.__cause__, psycopg.Error):
                    raise problem.__cause__ from problem
                raise StoreError(f"The database failed: {problem}") from problem
    finally:
        connections["default"].close()
