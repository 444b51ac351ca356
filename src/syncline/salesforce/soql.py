"""Building SOQL: values are quoted, names are checked; nothing else may write a query from parts."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*")
_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"})
_COUNT = "COUNT()"


def quote(text: str) -> str:
    """A text literal (SOQL and SOSL Reference, "Quoted String Escape Sequences")."""
    return f"'{text.translate(_ESCAPES)}'"


def quote_list(texts: Iterable[str]) -> str:
    """A list for IN."""
    return f"({', '.join(quote(text) for text in texts)})"


def datetime_literal(moment: datetime) -> str:
    """A datetime literal in UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def check_name(name: str) -> str:
    """The name again.

    Raises:
        ValueError: it cannot be the name of an object, field or path.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not a name in SOQL")
    return name


def build_query(object_name: str, fields: Sequence[str], where: str | None = None, order_by: str | None = None) -> str:
    """A query over one object; `fields` may be just COUNT(). `where` and `order_by` are built by the caller.

    Raises:
        ValueError: a name cannot be one.
    """
    selected = _COUNT if list(fields) == [_COUNT] else ", ".join(check_name(name) for name in fields)
    text = f"SELECT {selected} FROM {check_name(object_name)}"  # noqa: S608  # names are checked
    if where:
        text += f" WHERE {where}"
    return f"{text} ORDER BY {order_by}" if order_by else text


def put_in_order(soql: str, keys: Sequence[str], after: Sequence[str] | None = None) -> str:
    """A query that `build_query` made without an order, in the order of these fields.

    `after` continues behind a row: its values of the keys, as literals. Rows with the same first key are told apart by
    the second, so that none is left out (L2).

    Raises:
        ValueError: a name cannot be one.
    """
    ordered = ", ".join(check_name(name) for name in keys)
    if after is not None:
        choices = []
        for number, key in enumerate(keys):
            same = [f"{one} = {value}" for one, value in zip(keys[:number], after, strict=False)]
            choices.append(" AND ".join([*same, f"{key} > {after[number]}"]))
        behind = " OR ".join(f"({choice})" for choice in choices)
        # What build_query puts before its condition are names: they hold no such word between blanks.
        head, where, condition = soql.partition(" WHERE ")
        soql = f"{head} WHERE {f'({condition}) AND ' if where else ''}({behind})"
    return f"{soql} ORDER BY {ordered}"
