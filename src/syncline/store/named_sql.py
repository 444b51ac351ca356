"""SQL that has a name and a sentence: the files of `store/sql`, one per subject.

A file is a row of blocks: `-- name --`, then a comment of one line or more that says what for, then the statement.
In it `%(name)s` is a parameter and `{name}` an identifier or expression to compose; values are never formatted in.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from psycopg import sql

FOLDER = Path(__file__).parent / "sql"
_NAME = re.compile(r"^-- ([a-z][a-z0-9_]*) --$", re.MULTILINE)


@dataclass(frozen=True)
class Statement:
    """One named statement."""

    name: str
    description: str
    text: str

    def compose(self, **parts: sql.Composable) -> sql.Composed:
        """The statement with its `{placeholders}` filled; parts that it does not name are ignored.

        Raises:
            KeyError: a placeholder got no part.
        """
        # The files are part of the program: their text is as literal as a string in the source.
        return sql.SQL(self.text).format(**parts)


@cache
def load(subject: str) -> dict[str, Statement]:
    """The statements of `store/sql/<subject>.sql` by name.

    Raises:
        ValueError: the file breaks the form; the message says where.
    """
    return parse((FOLDER / f"{subject}.sql").read_text(encoding="utf-8"), subject)


def parse(text: str, subject: str) -> dict[str, Statement]:
    """Reads the text of a file, as `load` does."""
    before, *blocks = _NAME.split(text)
    if any(line and not line.startswith("--") for line in before.splitlines()):
        raise ValueError(f"{subject}.sql: text before the first name")
    statements: dict[str, Statement] = {}
    for name, body in zip(blocks[::2], blocks[1::2], strict=True):
        if name in statements:
            raise ValueError(f"{subject}.sql: {name} appears twice")
        statements[name] = _read_block(subject, name, body)
    return statements


def _read_block(subject: str, name: str, body: str) -> Statement:
    lines = body.strip().splitlines()
    comments = next((index for index, line in enumerate(lines) if not line.startswith("--")), len(lines))
    description = " ".join(line.removeprefix("--").strip() for line in lines[:comments])
    statement = "\n".join(lines[comments:]).strip().removesuffix(";")
    if not description or not statement:
        raise ValueError(f"{subject}.sql: {name} lacks its {'statement' if description else 'description'}")
    return Statement(name, description, statement)
