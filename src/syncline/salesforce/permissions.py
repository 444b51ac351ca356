"""Permission sets over REST: what a user has, what a set grants, and changing it.

Source: Object Reference, "PermissionSet", "ObjectPermissions", "FieldPermissions", "PermissionSetAssignment".
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from syncline.domain.outcomes import RowAction, RowResult
from syncline.domain.rights import EDIT, OBJECT_ACCESS, READ, SYSTEM_LABELS, Right, on_field, on_object, system
from syncline.errors import RemoteRefused, RetryLater
from syncline.salesforce.client import Salesforce
from syncline.salesforce.failures import classify_row
from syncline.salesforce.soql import build_query, quote, quote_list

_Row = TypeVar("_Row")

#: In the API each permission's name has this before it.
PREFIX = "Permissions"
_ACCESS = tuple(OBJECT_ACCESS)
#: Records of one call (REST API Developer Guide, "sObject Collections").
_PER_CALL = 200


def query_rows(client: Salesforce, soql: str) -> Iterator[dict[str, Any]]:
    """All rows of a query.

    Raises:
        RemoteError: the org refuses it, or cannot be asked.
    """
    page = client.query(soql)
    yield from page.records
    while page.next_url:
        page = client.query_more(page.next_url)
        yield from page.records


def find_user_sets(client: Salesforce, user_id: str) -> list[str]:
    """The ids of a user's permission sets, the profile's own among them.

    Raises:
        RemoteRefused: this session may not see them.
    """
    assigned = build_query("PermissionSetAssignment", ["PermissionSetId"], f"AssigneeId = {quote(user_id)}")
    found = [one["PermissionSetId"] for one in query_rows(client, assigned)]
    for user in query_rows(client, build_query("User", ["ProfileId"], f"Id = {quote(user_id)}")):
        owned = f"IsOwnedByProfile = true AND ProfileId = {quote(user['ProfileId'])}"
        found += [one["Id"] for one in query_rows(client, build_query("PermissionSet", ["Id"], owned))]
    return list(dict.fromkeys(found))


def load_rights(client: Salesforce, set_ids: Sequence[str]) -> frozenset[Right]:
    """What some permission sets grant together.

    Raises:
        RemoteRefused: this session may not see it.
    """
    if not set_ids:
        return frozenset()
    sets = quote_list(set_ids)
    fields = load_field_rights(client, set_ids)
    return frozenset([*_load_system(client, sets), *_load_objects(client, sets), *fields])


def system_permissions(client: Salesforce) -> tuple[str, ...]:
    """The system permissions that this org's permission sets have and Syncline speaks of."""
    shape = client.describe("PermissionSet")
    return tuple(name for name in SYSTEM_LABELS if shape.find(PREFIX + name) is not None)


def _load_system(client: Salesforce, sets: str) -> Iterator[Right]:
    names = system_permissions(client)
    columns = ["Id", *(PREFIX + name for name in names)]
    for row in query_rows(client, build_query("PermissionSet", columns, f"Id IN {sets}")):
        yield from (system(name) for name in names if row.get(PREFIX + name))


def _load_objects(client: Salesforce, sets: str) -> Iterator[Right]:
    columns = ["SobjectType", *(PREFIX + name for name in _ACCESS)]
    for row in query_rows(client, build_query("ObjectPermissions", columns, f"ParentId IN {sets}")):
        yield from (on_object(row["SobjectType"], name) for name in _ACCESS if row.get(PREFIX + name))


def load_field_rights(client: Salesforce, set_ids: Sequence[str]) -> Iterator[Right]:
    """What some permission sets grant on fields.

    Raises:
        RemoteRefused: this session may not see it.
    """
    sets = quote_list(set_ids)
    columns = ["Field", PREFIX + READ, PREFIX + EDIT]
    for row in query_rows(client, build_query("FieldPermissions", columns, f"ParentId IN {sets}")):
        object_name, _, name = row["Field"].partition(".")
        yield from (on_field(object_name, name, one) for one in (READ, EDIT) if row.get(PREFIX + one))


def change_objects(client: Salesforce, set_id: str, wanted: Mapping[str, frozenset[str]]) -> None:
    """Lets a permission set grant exactly this on some objects; nothing takes the object's row away.

    Raises:
        RemoteRefused: the org refuses one; the message names it.
    """
    rows = _rows_of(client, "ObjectPermissions", "SobjectType", set_id)
    changes = {
        name: {PREFIX + one: one in granted for one in _ACCESS} if granted else {} for name, granted in wanted.items()
    }
    _change(client, "ObjectPermissions", "SobjectType", set_id, rows, changes)


def change_fields(client: Salesforce, set_id: str, wanted: Mapping[str, frozenset[str]]) -> None:
    """Lets a permission set grant exactly this on some fields, named as `Lead.Email`; nothing takes the row away.

    Raises:
        RemoteRefused: the org refuses one; the message names it.
    """
    rows = _rows_of(client, "FieldPermissions", "Field", set_id)
    changes = {
        name: {PREFIX + one: one in granted for one in (READ, EDIT)} if granted else {}
        for name, granted in wanted.items()
    }
    extra = {name: {"SobjectType": name.partition(".")[0]} for name in wanted}
    _change(client, "FieldPermissions", "Field", set_id, rows, changes, extra)


def _rows_of(client: Salesforce, object_name: str, key: str, set_id: str) -> dict[str, str]:
    """The ids of a set's rows, by what they are about in lower case."""
    found = query_rows(client, build_query(object_name, ["Id", key], f"ParentId = {quote(set_id)}"))
    return {str(one[key]).lower(): one["Id"] for one in found}


def _change(
    client: Salesforce,
    object_name: str,
    key: str,
    set_id: str,
    rows: Mapping[str, str],
    changes: Mapping[str, Mapping[str, bool]],
    extra: Mapping[str, Mapping[str, str]] | None = None,
) -> None:
    known = {name: values for name, values in changes.items() if name.lower() in rows}
    more = extra or {}
    create = [
        {"ParentId": set_id, key: name, **more.get(name, {}), **values}
        for name, values in changes.items()
        if name.lower() not in rows and values
    ]
    update = [{"Id": rows[name.lower()], **values} for name, values in known.items() if values]
    delete = [rows[name.lower()] for name, values in known.items() if not values]
    for part in _batches(create):
        expect_all(client.create(object_name, part, auto_assign=False), [str(one[key]) for one in part])
    for part in _batches(update):
        expect_all(client.update(object_name, part), [str(one["Id"]) for one in part])
    for ids in _batches(delete):
        expect_all(client.delete_records(object_name, ids), ids)


def _batches(rows: Sequence[_Row]) -> Iterator[Sequence[_Row]]:
    return (rows[start : start + _PER_CALL] for start in range(0, len(rows), _PER_CALL))


def expect_all(results: Iterable[RowResult], targets: Sequence[str]) -> None:
    """Goes on where every row was taken.

    Raises:
        RetryLater: one was not for a reason that passes, such as a lock.
        RemoteRefused: one was not; the message names it.
    """
    for result, target in zip(results, targets, strict=True):
        if result.success:
            continue
        error = result.errors[0]
        kind = RetryLater if classify_row(error.code) is RowAction.RETRY else RemoteRefused
        raise kind(
            f"Salesforce refuses {target}: {error.message} ({error.code})",
            operation="set up",
            code=error.code,
            remedy="See the message; the set-up goes on from here when it is run again.",
        )
