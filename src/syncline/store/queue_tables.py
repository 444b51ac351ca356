"""The tables of the job queue: the SQL that Procrastinate ships, run by migrations of ours.

Its steps are named by version. A newer release brings further ones: a migration then runs them, from the first that
no migration has run; a test says when that is due.
"""

from importlib.resources import files


def list_steps() -> list[str]:
    """The names of all steps that the installed release ships, in order."""
    folder = files("procrastinate") / "sql" / "migrations"
    return sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))


def read_steps(*, first: str, last: str) -> list[str]:
    """The SQL of the steps whose names begin with these, and of those in between."""
    folder = files("procrastinate") / "sql" / "migrations"
    chosen = [name for name in list_steps() if first <= name and name[: len(last)] <= last]
    return [(folder / name).read_text(encoding="utf-8") for name in chosen]
