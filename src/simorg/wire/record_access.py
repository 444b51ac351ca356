"""Queries over UserRecordAccess: what a user may do with records (Object Reference, "UserRecordAccess").

There is a row for each record that the filter names, of the one user that it names; nothing is stored.
"""

import sqlite3
from collections.abc import Iterator

from simorg.errors import ApiError
from simorg.fidelity import say
from simorg.functions import add_functions
from simorg.ids import to_18
from simorg.org import Org
from simorg.schema.build import flag, identity, lookup, pick, read_only
from simorg.schema.registry import ObjectType, Schema
from simorg.security.view import View
from simorg.snapshots import Snapshot
from simorg.soql.compiler import compile_query
from simorg.soql.parser import parse
from simorg.soql.render import render_rows
from simorg.soql.tree import Compare, Condition, InList, Logic, Path, Query
from simorg.transactions import StoredValue, Transaction

_NAME = "UserRecordAccess"
#: So many records one query may ask about.
_MOST = 200
#: The levels from the lowest to the highest, with the field that says whether a user has one.
_LEVELS = ("Read", "Edit", "Delete", "Transfer", "All")
_BLANK_ID = "000000000000000AAA"


def names_access(text: str) -> bool:
    """Whether a query reads from UserRecordAccess."""
    return _NAME.lower() in text.lower() and str(parse(text).source).lower() == _NAME.lower()


def query_access(org: Org, text: str, root: str) -> tuple[int, list[dict[str, object]]]:
    """How many records a query is about, and its rows.

    Raises:
        ApiError: the query is wrong, or does not name one user and up to 200 records.
    """
    query = parse(text)
    one = _build_object()
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    try:
        add_functions(connection)
        columns = ", ".join(f'"{field.name}"' for field in one.fields.values())
        connection.execute(f'CREATE TABLE "{_NAME}" (_row INTEGER PRIMARY KEY, {columns})')
        marks = ", ".join("?" * len(one.fields))
        connection.executemany(f'INSERT INTO "{_NAME}" ({columns}) VALUES ({marks})', _rows(org, query))
        compiled = compile_query(
            query, Schema([one]), lambda _: f'"{_NAME}"', all_rows=False, now=org.clock.now(), time_zone=org.time_zone
        )
        snapshot = Snapshot(connection, owned=False)
        (total,) = snapshot.execute(compiled.count_sql, compiled.count_parameters).fetchone()
        if compiled.is_count:
            return int(total), []
        rows = snapshot.execute(compiled.sql, compiled.parameters)
        return int(total), list(render_rows(compiled, rows, root, snapshot))
    finally:
        connection.close()


def _build_object() -> ObjectType:
    fields = [
        identity("User Record Access"),
        lookup("UserId", "User ID", ("User",), "User", permissionable=False),
        lookup("RecordId", "Record ID", ("Name",), None, permissionable=False),
        *(flag(f"Has{level}Access", f"Has {level} Access", permissionable=False) for level in _LEVELS),
        pick("MaxAccessLevel", "Maximum Access Level", ("None", *_LEVELS), permissionable=False),
    ]
    return ObjectType(
        name=_NAME, label="User Record Access", label_plural="User Record Access", key_prefix="000",
        fields={field.name.lower(): read_only(field) for field in fields}, createable=False, updateable=False,
        deletable=False, undeletable=False, replicateable=False, searchable=False, layoutable=False, triggerable=False,
        mru_enabled=False,
    )  # fmt: skip


def _rows(org: Org, query: Query) -> Iterator[tuple[StoredValue, ...]]:
    users, records = _named(query.where, "userid"), _named(query.where, "recordid")
    if len(users) != 1 or not 1 <= len(records) <= _MOST:
        raise ApiError(400, "MALFORMED_QUERY", say("access.filter", most=_MOST))
    user = to_18(users[0])
    if user is None or any(to_18(one) is None for one in records):
        raise ApiError(400, "INVALID_QUERY_FILTER_OPERATOR", say("access.invalid_id"))
    view = org.view(user)
    with org.storage.transaction(lags=False) as tx:
        for record_id in dict.fromkeys(str(to_18(one)) for one in records):
            levels = _levels(tx, view, org.schema.by_prefix(record_id), record_id)
            highest = next((name for name in reversed(_LEVELS) if levels[name]), "None")
            yield (_BLANK_ID, user, record_id, *(int(levels[name]) for name in _LEVELS), highest)


def _levels(tx: Transaction, view: View, one: ObjectType | None, record_id: str) -> dict[str, bool]:
    """What a user may do with a record; nothing with one that is not there."""
    row = tx.get(one.name, record_id) if one else None
    if one is None or row is None or not view.rights.active:
        return dict.fromkeys(_LEVELS, False)
    rights = view.rights.on(one)
    read = rights.read and view.may(tx, one, "read", record_id)
    edit = read and rights.edit and view.may(tx, one, "edit", record_id)
    delete = edit and rights.delete and view.may(tx, one, "delete", record_id)
    transfer = edit and "ownerid" in one.fields and view.may_transfer(tx, one, record_id)
    return {"Read": read, "Edit": edit, "Delete": delete, "Transfer": transfer, "All": delete and transfer}


def _named(condition: Condition | None, name: str) -> list[str]:
    """The values that a filter demands of a field, by = or IN, beside what else it demands."""
    if isinstance(condition, Logic) and condition.operator == "and":
        return [value for part in condition.parts for value in _named(part, name)]
    if not isinstance(condition, Compare | InList) or not isinstance(condition.operand, Path):
        return []
    if str(condition.operand).lower() != name:
        return []
    if isinstance(condition, Compare):
        return [condition.value.text] if condition.operator == "=" else []
    return [] if condition.negated else [value.text for value in condition.values]
