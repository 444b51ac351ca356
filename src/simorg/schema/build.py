"""Short ways to write down fields: what most fields of a kind have in common stands here once."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from simorg.schema.registry import ChildRelationship, Field, ObjectType, PicklistValue

PERSON_PREFIXES = ("Mr.", "Ms.", "Mrs.", "Dr.", "Prof.", "Mx.")
TIME_ZONES = ("UTC", "GMT", "Europe/London", "Europe/Berlin", "America/New_York", "America/Los_Angeles", "Asia/Tokyo")
INDUSTRIES = (
    "Agriculture", "Apparel", "Banking", "Biotechnology", "Chemicals", "Communications", "Construction",
    "Consulting", "Education", "Electronics", "Energy", "Engineering", "Entertainment", "Environmental", "Finance",
    "Food & Beverage", "Government", "Healthcare", "Hospitality", "Insurance", "Machinery", "Manufacturing", "Media",
    "Not For Profit", "Recreation", "Retail", "Shipping", "Technology", "Telecommunications", "Transportation",
    "Utilities", "Other",
)  # fmt: skip
LEAD_SOURCES = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other")
RATINGS = ("Hot", "Warm", "Cold")


def text(name: str, label: str, length: int, **facts: Any) -> Field:
    """A line of text."""
    return Field(name, label, "string", length=length, **{"permissionable": True, **facts})


def area(name: str, label: str, length: int, **facts: Any) -> Field:
    """Several lines of text. Long ones can be neither filtered nor sorted by."""
    long = length > 255
    return Field(
        name,
        label,
        "textarea",
        length=length,
        **{"permissionable": True, "filterable": not long, "sortable": not long, "groupable": not long, **facts},
    )


def phone(name: str, label: str, **facts: Any) -> Field:
    """A phone number."""
    return Field(name, label, "phone", length=40, **{"permissionable": True, **facts})


def email(name: str = "Email", label: str = "Email", **facts: Any) -> Field:
    """An address of e-mail."""
    return Field(name, label, "email", length=80, **{"permissionable": True, "id_lookup": True, **facts})


def url(name: str, label: str, length: int = 255, **facts: Any) -> Field:
    """An address of the web."""
    return Field(name, label, "url", length=length, **{"permissionable": True, **facts})


def pick(name: str, label: str, values: Iterable[str], *, default: str | None = None, **facts: Any) -> Field:
    """A picklist that takes any text, as standard ones do."""
    picklist = tuple(PicklistValue(one, one, default=one == default) for one in values)
    facts = {"length": 255, "permissionable": True, **facts}
    return Field(name, label, "picklist", picklist=picklist, default=default, **facts)


def combo(name: str, label: str, values: Iterable[str], **facts: Any) -> Field:
    """A line of text with suggestions."""
    picklist = tuple(PicklistValue(one, one) for one in values)
    facts = {"length": 255, "permissionable": True, "groupable": False, **facts}
    return Field(name, label, "combobox", picklist=picklist, **facts)


def flag(name: str, label: str, **facts: Any) -> Field:
    """A checkbox, which is never blank."""
    facts = {"nillable": False, "defaulted_on_create": True, "default": False, "aggregatable": False, **facts}
    return Field(name, label, "boolean", **facts)


def whole(name: str, label: str, digits: int = 8, **facts: Any) -> Field:
    """A whole number."""
    return Field(name, label, "int", digits=digits, **{"permissionable": True, **facts})


def number(name: str, label: str, precision: int, scale: int, kind: str = "double", **facts: Any) -> Field:
    """A number with decimals: double, currency or percent."""
    facts = {"permissionable": True, "groupable": False, **facts}
    return Field(name, label, kind, precision=precision, scale=scale, **facts)


def date(name: str, label: str, **facts: Any) -> Field:
    """A day."""
    return Field(name, label, "date", **{"permissionable": True, **facts})


def moment(name: str, label: str, **facts: Any) -> Field:
    """A date and time."""
    return Field(name, label, "datetime", **{"permissionable": True, "groupable": False, **facts})


def lookup(name: str, label: str, targets: tuple[str, ...], relation: str | None, **facts: Any) -> Field:
    """A reference to a record of one object, or of one of several."""
    facts = {"length": 18, "permissionable": True, **facts}
    return Field(name, label, "reference", reference_to=targets, relationship_name=relation, **facts)


def read_only(field: Field, **facts: Any) -> Field:
    """The same field, which only the org writes."""
    return replace(field, createable=False, updateable=False, **facts)


def identity(label: str) -> Field:
    """The Id of a record."""
    return Field(
        "Id", f"{label} ID", "id", length=18, nillable=False, createable=False, updateable=False, id_lookup=True,
        defaulted_on_create=True,
    )  # fmt: skip


def deleted() -> Field:
    """Whether a record lies in the recycle bin."""
    return read_only(flag("IsDeleted", "Deleted"))


def audit() -> list[Field]:
    """Who made and changed a record, and when."""

    def system(field: Field) -> Field:
        return read_only(field, nillable=False, defaulted_on_create=True, permissionable=False)

    return [
        system(moment("CreatedDate", "Created Date")),
        system(lookup("CreatedById", "Created By ID", ("User",), "CreatedBy")),
        system(moment("LastModifiedDate", "Last Modified Date")),
        system(lookup("LastModifiedById", "Last Modified By ID", ("User",), "LastModifiedBy")),
        system(moment("SystemModstamp", "System Modstamp")),
    ]


def seen() -> list[Field]:
    """When somebody last looked."""
    return [
        read_only(date("LastActivityDate", "Last Activity"), permissionable=False),
        read_only(moment("LastViewedDate", "Last Viewed Date"), permissionable=False),
        read_only(moment("LastReferencedDate", "Last Referenced Date"), permissionable=False),
    ]


def person_name(*, first_length: int = 40) -> list[Field]:
    """The name of a person: the parts, and the compound that is read only."""
    compound = {"compound": "Name"}
    parts = ("LastName", "FirstName", "Salutation")
    return [
        text("LastName", "Last Name", 80, nillable=False, permissionable=False, **compound),
        text("FirstName", "First Name", first_length, permissionable=False, **compound),
        pick("Salutation", "Salutation", PERSON_PREFIXES, length=40, permissionable=False, **compound),
        read_only(
            text("Name", "Full Name", 121, nillable=False, permissionable=False),
            name_field=True,
            components=parts,
        ),
    ]


def address(prefix: str, label: str) -> list[Field]:
    """An address: its parts, and the compound that is read only."""
    whole_name = f"{prefix}Address"
    inside = {"compound": whole_name}
    names = ("Street", "City", "State", "PostalCode", "Country", "Latitude", "Longitude", "GeocodeAccuracy")
    before = f"{label} " if label else ""
    return [
        area(f"{prefix}Street", f"{before}Street", 255, **inside),
        text(f"{prefix}City", f"{before}City", 40, **inside),
        text(f"{prefix}State", f"{before}State/Province", 80, **inside),
        text(f"{prefix}PostalCode", f"{before}Zip/Postal Code", 20, **inside),
        text(f"{prefix}Country", f"{before}Country", 80, **inside),
        number(f"{prefix}Latitude", f"{before}Latitude", 18, 15, **inside),
        number(f"{prefix}Longitude", f"{before}Longitude", 18, 15, **inside),
        pick(f"{prefix}GeocodeAccuracy", f"{before}Geocode Accuracy", ("Address", "Block", "City", "Street"),
             length=40, restricted_picklist=True, **inside),
        Field(whole_name, f"{before}Address" if label else "Address", "address", createable=False, updateable=False,
              permissionable=True, sortable=False, groupable=False, aggregatable=False,
              components=tuple(prefix + name for name in names)),
    ]  # fmt: skip


def picklist_object(name: str, label: str, fields: Iterable[Field]) -> ObjectType:
    """The values of one picklist as an object that can only be read; all such objects share a key prefix."""
    own = [
        identity(label),
        text("MasterLabel", "Master Label", 255, name_field=True, permissionable=False),
        text("ApiName", "API Name", 255, nillable=False, id_lookup=True, permissionable=False),
        *fields,
        *audit(),
    ]
    return build_object(
        name, label, label, "01J", [read_only(one) for one in own], createable=False, updateable=False,
        deletable=False, undeletable=False, replicateable=False, searchable=False, layoutable=False,
        triggerable=False, mru_enabled=False,
    )  # fmt: skip


def build_object(
    name: str,
    label: str,
    plural: str,
    prefix: str,
    fields: Iterable[Field],
    *,
    children: Iterable[tuple[str, str, str | None]] = (),
    cascades: Iterable[str] = (),
    **facts: Any,
) -> ObjectType:
    """An object; `children` are (object, field, relationship name), `cascades` what is deleted with it.

    A cascade is the child's name, or name and field where several fields of the child lead here.
    """
    falling = set(cascades)
    return ObjectType(
        name=name,
        label=label,
        label_plural=plural,
        key_prefix=prefix,
        fields=_by_name(fields),
        children=tuple(
            ChildRelationship(child, by, relation, child in falling or f"{child}.{by}" in falling)
            for child, by, relation in children
        ),
        **facts,
    )


def _by_name(fields: Iterable[Field]) -> Mapping[str, Field]:
    return {one.name.lower(): one for one in fields}
