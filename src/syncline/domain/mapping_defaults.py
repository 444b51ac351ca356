"""The mapping that a new connection begins with: the standard fields of people, as far as the org shows them."""

from collections.abc import Mapping as Shapes
from dataclasses import replace

from syncline.domain.mapping import CONTACT, LEAD, Direction, FieldType, MappedField, Mapping, Policy
from syncline.domain.shape import ObjectShape

_TEXT, _NUMBER, _DATE = FieldType.TEXT, FieldType.NUMBER, FieldType.DATE

#: Everything is pulled and Salesforce wins, but consent (both ways, the stricter wins) and the score (ours).
STANDARD_FIELDS = (
    MappedField("email", "Email", FieldType.EMAIL, "Email", "Email"),
    MappedField("first_name", "First name", _TEXT, "FirstName", "FirstName"),
    MappedField("last_name", "Last name", _TEXT, "LastName", "LastName"),
    MappedField("salutation", "Salutation", FieldType.PICKLIST, "Salutation", "Salutation"),
    MappedField("title", "Title", _TEXT, "Title", "Title"),
    MappedField("company", "Company", _TEXT, "Company", None),
    MappedField("phone", "Phone", _TEXT, "Phone", "Phone"),
    MappedField("mobile", "Mobile", _TEXT, "MobilePhone", "MobilePhone"),
    MappedField("fax", "Fax", _TEXT, "Fax", "Fax"),
    MappedField("website", "Website", _TEXT, "Website", None),
    MappedField("street", "Street", _TEXT, "Street", "MailingStreet"),
    MappedField("city", "City", _TEXT, "City", "MailingCity"),
    # Not "state": contacts have a column of that name, their own state.
    MappedField("state_province", "State/province", _TEXT, "State", "MailingState"),
    MappedField("postal_code", "Postal code", _TEXT, "PostalCode", "MailingPostalCode"),
    MappedField("country", "Country", _TEXT, "Country", "MailingCountry"),
    MappedField("lead_source", "Lead source", FieldType.PICKLIST, "LeadSource", "LeadSource"),
    MappedField("industry", "Industry", FieldType.PICKLIST, "Industry", None),
    MappedField("rating", "Rating", FieldType.PICKLIST, "Rating", None),
    MappedField("status", "Lead status", FieldType.PICKLIST, "Status", None),
    MappedField("department", "Department", _TEXT, None, "Department"),
    MappedField("description", "Description", _TEXT, "Description", "Description"),
    MappedField("annual_revenue", "Annual revenue", _NUMBER, "AnnualRevenue", None),
    MappedField("employees", "Employees", _NUMBER, "NumberOfEmployees", None),
    MappedField("birthdate", "Birthdate", _DATE, None, "Birthdate"),
    MappedField("owner_id", "Owner", _TEXT, "OwnerId", "OwnerId"),
    MappedField(
        "opted_out",
        "Opted out of e-mail",
        FieldType.BOOLEAN,
        "HasOptedOutOfEmail",
        "HasOptedOutOfEmail",
        Direction.BOTH,
        Policy.STRICTER,
    ),
    MappedField("email_bounced_reason", "Bounce reason", _TEXT, "EmailBouncedReason", "EmailBouncedReason"),
    MappedField("email_bounced_at", "Bounced at", FieldType.DATETIME, "EmailBouncedDate", "EmailBouncedDate"),
    MappedField(
        "score",
        "Lead score",
        FieldType.SCORE,
        "Lead_Score__c",
        "Lead_Score__c",
        Direction.PUSH,
        Policy.MARKETING,
    ),
)


def default_mapping(shapes: Shapes[str, ObjectShape]) -> Mapping:
    """Builds the mapping of the standard fields that this org shows; `shapes` by object name.

    A source that the org hides or lacks is left out, a field without any source too. What pushes is pulled only,
    or left out, where no source may be edited.
    """
    fields = (_fit(field, shapes) for field in STANDARD_FIELDS)
    return Mapping(tuple(field for field in fields if field is not None))


def _fit(field: MappedField, shapes: Shapes[str, ObjectShape]) -> MappedField | None:
    sources = {name: _usable(field, name, shapes) for name in (LEAD, CONTACT)}
    if not any(sources.values()):
        return None
    return replace(field, lead=sources[LEAD], contact=sources[CONTACT])


def _usable(field: MappedField, object_name: str, shapes: Shapes[str, ObjectShape]) -> str | None:
    """The source as the org spells it, where this user sees it and, for a pushed field, may edit it."""
    shape, source = shapes.get(object_name), field.source(object_name)
    found = shape.find(source) if shape and source else None
    if found is None or (field.direction.pushes and not found.updateable):
        return None
    return found.name
