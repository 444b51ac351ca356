"""What an org says about one of its objects: fields, types, lengths and what may be done with them."""

from dataclasses import dataclass
from functools import cached_property

#: Describe types that hold text and are kept as text.
TEXT_TYPES = frozenset(
    {
        "id", "string", "email", "phone", "url", "textarea", "picklist", "multipicklist", "combobox", "reference",
        "encryptedstring", "time", "anyType",
    }
)  # fmt: skip
NUMBER_TYPES = frozenset({"double", "currency", "percent"})
#: Describe types that are made of other fields and cannot be read by Bulk queries.
COMPOUND_TYPES = frozenset({"address", "location"})

_COLUMN_TYPES = {
    "boolean": "boolean",
    "int": "bigint",
    "long": "bigint",
    "date": "date",
    "datetime": "timestamptz",
    **dict.fromkeys(NUMBER_TYPES, "numeric"),
}


@dataclass(frozen=True)
class FieldShape:
    """One field as `describe` gives it to this user; names and types as Salesforce spells them."""

    name: str
    label: str
    type: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    nillable: bool = True
    createable: bool = True
    updateable: bool = True
    filterable: bool = True
    sortable: bool = True
    calculated: bool = False
    external_id: bool = False
    id_lookup: bool = False
    unique: bool = False
    restricted_picklist: bool = False
    picklist: tuple[str, ...] = ()
    reference_to: tuple[str, ...] = ()
    relationship_name: str | None = None
    compound_of: str | None = None
    defaulted_on_create: bool = False
    #: Whether FieldPermissions are granted for it; what is not, everybody sees who sees the object.
    permissionable: bool = True

    @property
    def column(self) -> str:
        """The name of its column in the mirror."""
        return self.name.lower()

    @property
    def column_type(self) -> str:
        """The PostgreSQL type of its column in the mirror."""
        return _COLUMN_TYPES.get(self.type, "text")


@dataclass(frozen=True)
class ObjectShape:
    """One object as `describe` gives it to this user."""

    name: str
    label: str
    key_prefix: str | None
    createable: bool
    updateable: bool
    queryable: bool
    fields: tuple[FieldShape, ...]
    etag: str | None = None
    last_modified: str | None = None

    @cached_property
    def by_name(self) -> dict[str, FieldShape]:
        """Fields by name in lower case: Salesforce's names ignore case."""
        return {one.name.lower(): one for one in self.fields}

    def find(self, name: str) -> FieldShape | None:
        """The field of that name, in any case, or None when the org hides or lacks it."""
        return self.by_name.get(name.lower())

    @property
    def stamp_field(self) -> str | None:
        """The field by which changes are read: chosen from describe, never from a name alone."""
        for name in ("SystemModstamp", "LastModifiedDate"):
            found = self.find(name)
            if found and found.filterable and found.sortable:
                return found.name
        return None
