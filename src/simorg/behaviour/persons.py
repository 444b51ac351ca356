"""Writes of person accounts: an Account that is made with a last name is a person, with a Contact that only the Account
writes (Salesforce Help, "Considerations for Using Person Accounts").
"""

from collections.abc import Mapping

from simorg.behaviour.filling import build_defaults
from simorg.behaviour.writing import Rules, Write
from simorg.errors import RowError
from simorg.fidelity import say
from simorg.org import Org
from simorg.schema.person_accounts import SHARED, contact_fields, enable, is_enabled, mirror
from simorg.schema.registry import Field
from simorg.transactions import StoredValue, Transaction
from simorg.values import compose_name


def enable_person_accounts(org: Org) -> None:
    """Switches person accounts on, for good."""
    with org.changing():
        enable(org.schema)
        org.storage.add_column("Account", org.schema.get("Account").fields["personcontactid"])


def follow_contact_field(org: Org, field: Field) -> None:
    """Lets Account show a custom field that Contact got."""
    if is_enabled(org.schema) and field.custom and not field.calculated:
        org.schema.add_field("Account", mirror(field))


def _imply(write: Write) -> None:
    """The name of a person account is its person's."""
    if not is_enabled(write.org.schema) or not _is_person(write):
        return
    contact = _contact(write)
    first, last = (
        write.written[name] if name in write.written else contact.get(name) for name in ("FirstName", "LastName")
    )
    if "Name" not in write.written:
        write.written["Name"] = compose_name(first, last)


def _check(write: Write) -> RowError | None:
    schema = write.org.schema
    if not is_enabled(schema):
        return None
    own = contact_fields(schema.get("Account"))
    if not _is_person(write):
        given = sorted(name for name in own if write.written.get(name) not in (None, 0))
        return _bad_names(given) if given else None
    contact = _contact(write)
    last = write.written["LastName"] if "LastName" in write.written else contact.get("LastName")
    if not last:
        message = "Required fields are missing: [LastName]"
        return RowError("REQUIRED_FIELD_MISSING", message, ("LastName",))
    first = write.written["FirstName"] if "FirstName" in write.written else contact.get("FirstName")
    name = write.written.get("Name")
    return _bad_names(["Name"]) if name is not None and name != compose_name(first, last) else None


def _settle(write: Write, account_id: str) -> None:
    """Writes the person's part to the Contact."""
    if not is_enabled(write.org.schema) or not _is_person(write):
        return
    own = contact_fields(write.org.schema.get("Account"))
    values = {own[name]: value for name, value in write.written.items() if name in own}
    shared = {name: write.written[name] for name in SHARED if name in write.written}
    contact_id = (write.before or {}).get("PersonContactId")
    if contact_id is not None:
        if values or shared:
            write.tx.update("Contact", str(contact_id), {**values, **shared})
        return
    contact = write.org.schema.get("Contact")
    row = {**build_defaults(contact, write.tx.user_id), **values, **shared, "AccountId": account_id}
    made = write.tx.insert("Contact", row)
    write.tx.update("Account", account_id, {"PersonContactId": made})


def _check_contact(write: Write) -> RowError | None:
    """The Contact of a person account is written through its Account alone."""
    if write.before is None or not is_enabled(write.org.schema):
        return None
    return refuse_person(write.tx, str(write.before["Id"]))


def refuse_person(tx: Transaction, contact_id: str) -> RowError | None:
    """The refusal of a write to a Contact that is a person account's."""
    if tx.select_ids("Account", '"PersonContactId" = ?', [contact_id]):
        return RowError("INVALID_CROSS_REFERENCE_KEY", say("person.contact"))
    return None


def person_of(org: Org, tx: Transaction, account_id: str) -> str | None:
    """The Contact of a person account; None for any other."""
    if not is_enabled(org.schema):
        return None
    contact_id = (tx.get("Account", account_id) or {}).get("PersonContactId")
    return None if contact_id is None else str(contact_id)


def _is_person(write: Write) -> bool:
    if write.before is not None:
        return write.before.get("PersonContactId") is not None
    return write.written.get("LastName") is not None


def _contact(write: Write) -> Mapping[str, StoredValue]:
    contact_id = (write.before or {}).get("PersonContactId")
    return {} if contact_id is None else write.tx.get("Contact", str(contact_id)) or {}


def _bad_names(names: list[str]) -> RowError:
    message = say("person.bad_names", fields=", ".join(names))
    return RowError("INVALID_FIELD_FOR_INSERT_UPDATE", message, tuple(names))


ACCOUNT = Rules(imply=_imply, check=_check, settle=_settle)
CONTACT = Rules(check=_check_contact)
