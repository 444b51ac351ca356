"""An object with a field of every type, for formulas to read."""

from syncline.domain.shape import FieldShape, ObjectShape


def field(name: str, kind: str, **facts: object) -> FieldShape:
    return FieldShape(name, name.replace("__c", ""), kind, **facts)  # type: ignore[arg-type]  # facts of the test


LEAD = ObjectShape(
    "Lead",
    "Lead",
    "00Q",
    createable=True,
    updateable=True,
    queryable=True,
    fields=(
        field("Id", "id"),
        field("FirstName", "string"),
        field("LastName", "string"),
        field("Email", "email"),
        field("OwnerId", "reference"),
        field("Status", "picklist"),
        field("Interests__c", "multipicklist"),
        field("AnnualRevenue", "currency"),
        field("Discount__c", "percent"),
        field("NumberOfEmployees", "int"),
        field("Birthdate", "date"),
        field("CreatedDate", "datetime"),
        field("Alarm__c", "time"),
        field("IsHot__c", "boolean"),
        field("Address", "address"),
    ),
)
