"""Short ways to write records of an org in tests, each in a transaction of its own."""

from typing import Any

from simorg.behaviour.dml import Options, Outcome, Writer
from simorg.behaviour.recycle_bin import RecycleBin
from simorg.org import Org
from simorg.security.granting import Right, change_right, show_to_all
from simorg.transactions import StoredValue

_NEEDED: dict[str, dict[str, Any]] = {
    "Lead": {"LastName": "Moss", "Company": "Moss Ltd"},
    "Contact": {"LastName": "Moss"},
    "Campaign": {"Name": "Fair"},
    "Opportunity": {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-01-02"},
}


def create(org: Org, name: str, *, auto_assign: bool = True, **values: Any) -> Outcome:
    """Creates a record as the integration user."""
    with org.storage.transaction(user_id(org)) as tx:
        return Writer(org, tx, Options(auto_assign)).create(org.schema.get(name), values)


def update(org: Org, name: str, record_id: str, *, auto_assign: bool = True, **values: Any) -> Outcome:
    """Updates a record as the integration user."""
    with org.storage.transaction(user_id(org)) as tx:
        return Writer(org, tx, Options(auto_assign)).update(org.schema.get(name), record_id, values)


def delete(org: Org, name: str, record_id: str) -> Outcome:
    """Deletes a record."""
    with org.storage.transaction(user_id(org)) as tx:
        return Writer(org, tx).delete(org.schema.get(name), record_id)


def undelete(org: Org, name: str, record_id: str) -> Outcome:
    """Takes a record out of the recycle bin."""
    with org.storage.transaction(user_id(org)) as tx:
        return RecycleBin(org, tx).undelete(org.schema.get(name), record_id)


def make(org: Org, name: str, **values: Any) -> str:
    """The id of a record that has to come into being."""
    made = create(org, name, **{**_NEEDED.get(name, {}), **values})
    assert made.success, made.errors
    assert made.id
    return made.id


def stored(org: Org, name: str, record_id: str) -> dict[str, StoredValue]:
    """A record as storage keeps it."""
    row = org.storage.get(name, record_id)
    assert row is not None
    return row


def user_id(org: Org) -> str:
    """The integration user."""
    return org.users.logins["integration"].user_id


def show(org: Org, name: str, *fields: str) -> None:
    """Grants fields, as an administrator does who shows them to all profiles; without names, every custom one."""
    one = org.schema.get(name)
    wanted = [one.fields[field.lower()] for field in fields] or [field for field in one.fields.values() if field.custom]
    with org.storage.transaction(lags=False) as tx:
        show_to_all(tx, one, wanted)


def grant(org: Org, permission: str, name: str = "", field: str = "", *, role: str = "integration") -> None:
    """Gives a user a right: on a field, on an object, or a system permission."""
    _change(org, role, permission, name, field, allow=True)


def revoke(org: Org, permission: str, name: str = "", field: str = "", *, role: str = "integration") -> None:
    """Takes a right away, with all that needs it."""
    _change(org, role, permission, name, field, allow=False)


def _change(org: Org, role: str, permission: str, name: str, field: str, *, allow: bool) -> None:
    right = Right(org.users.logins[role].user_id, permission, name, field)
    with org.storage.transaction(lags=False) as tx:
        change_right(tx, org.schema, right, allow=allow)


def told(outcome: Outcome) -> tuple[str, str, tuple[str, ...]]:
    """Code, message and fields of the one error of a refused record."""
    (error,) = outcome.errors
    return error.code, error.message, error.fields
