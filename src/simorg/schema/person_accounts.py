"""Person accounts: an Account and a Contact that are one person (Salesforce Help, "Person Accounts"; Object Reference,
Account: fields of person accounts). Once switched on they stay, as in a real org.
"""

from dataclasses import replace

from simorg.schema.build import flag, lookup, read_only
from simorg.schema.registry import Field, ObjectType, Schema

#: Fields of the Contact that the Account shows under their own names.
_SAME = ("LastName", "FirstName", "Salutation")
#: Fields of the Contact that the Account shows with Person before their names.
_PREFIXED = (
    "Email", "Title", "Department", "AssistantName", "AssistantPhone", "Birthdate", "MobilePhone", "HomePhone",
    "OtherPhone", "LeadSource", "HasOptedOutOfEmail", "HasOptedOutOfFax", "DoNotCall", "EmailBouncedReason",
    "EmailBouncedDate", "MailingStreet", "MailingCity", "MailingState", "MailingPostalCode", "MailingCountry",
    "OtherStreet", "OtherCity", "OtherState", "OtherPostalCode", "OtherCountry",
)  # fmt: skip
#: Fields that both have, and that are the same for a person.
SHARED = ("Phone", "Fax", "OwnerId", "Description")


def is_enabled(schema: Schema) -> bool:
    """Whether the org has person accounts."""
    return "ispersonaccount" in schema.get("Account").fields


def enable(schema: Schema) -> None:
    """Adds what person accounts bring to the objects. Storage needs the column PersonContactId besides."""
    if is_enabled(schema):
        return
    contact = schema.get("Contact")
    account = [
        read_only(
            lookup("PersonContactId", "Person Contact ID", ("Contact",), "PersonContact", permissionable=False),
        ),
        read_only(flag("IsPersonAccount", "Is Person Account"), derived='(r."PersonContactId" IS NOT NULL)'),
    ]
    for field in account:
        schema.add_field("Account", field)
    for name in (*_SAME, *_PREFIXED):
        found = contact.fields.get(name.lower())
        if found:
            schema.add_field("Account", mirror(found))
    for found in contact.fields.values():
        if found.custom and not found.calculated:
            schema.add_field("Account", mirror(found))
    person = 'EXISTS (SELECT 1 FROM {Account} a WHERE a."PersonContactId" = r."Id")'
    schema.add_field("Contact", read_only(flag("IsPersonAccount", "Is Person Account"), derived=f"({person})"))
    # A Lead without a company becomes a person account.
    schema.change_field("Lead", "Company", nillable=True)


def mirror(field: Field) -> Field:
    """A field of Contact as Account shows it: read from the Contact, and written to it."""
    name, label = _name(field), field.label
    return replace(
        field,
        name=name,
        label=label,
        derived=f'(SELECT p."{field.name}" FROM {{Contact}} p WHERE p."Id" = r."PersonContactId")',
        compound=None,
        nillable=field.type != "boolean",
        unique=False,
        external_id=False,
        relationship_name=None if field.relationship_name is None else f"{name.removesuffix('__pc')}__pr",
        child_relationship=None,
        definition=None,
        default_formula=None,
        auto_number=None,
        mirrors=(f"Contact.{field.name}",),
    )


def contact_fields(account: ObjectType) -> dict[str, str]:
    """The fields of Account that are a Contact's: name there → name here."""
    found = {}
    for one in account.fields.values():
        if one.derived and one.createable and one.name != "IsPersonAccount":
            found[one.name] = _contact_name(one.name)
    return found


def _name(field: Field) -> str:
    if field.custom:
        return f"{field.name.removesuffix('__c')}__pc"
    return field.name if field.name in _SAME else f"Person{field.name}"


def _contact_name(name: str) -> str:
    if name.endswith("__pc"):
        return f"{name.removesuffix('__pc')}__c"
    return name.removeprefix("Person")
