"""The functions that formulas need and PostgreSQL lacks, or has with errors where formulas have blanks.

They are made when a formula is first mapped, and anew when this program brings another version of them.
"""

import hashlib

import psycopg
from psycopg import sql

from syncline.store.named_sql import FOLDER, load

_CONTROL = load("formula")
_SUBJECTS = ("formula_texts", "formula_numbers", "formula_times")


def ensure_functions(conn: psycopg.Connection) -> None:
    """Makes the functions where they are missing or of another version, in the caller's transaction."""
    version = _version()
    if _present(conn) == version:
        return
    conn.execute(_CONTROL["lock"].compose())
    if _present(conn) == version:
        return
    conn.execute(_CONTROL["schema"].compose())
    conn.execute(_CONTROL["whole"].compose())
    # A function may name one that comes after it.
    conn.execute("SET LOCAL check_function_bodies = off")
    for subject in _SUBJECTS:
        for statement in load(subject).values():
            conn.execute(statement.compose())
    conn.execute("SET LOCAL check_function_bodies = on")
    conn.execute(_CONTROL["note_version"].compose(version=sql.Literal(version)))


def _version() -> str:
    """Changes with every change of the functions."""
    texts = [(FOLDER / f"{subject}.sql").read_bytes() for subject in ("formula", *_SUBJECTS)]
    return hashlib.sha256(b"".join(texts)).hexdigest()


def _present(conn: psycopg.Connection) -> str | None:
    row = conn.execute(_CONTROL["version"].compose()).fetchone()
    return row[0] if row else None
