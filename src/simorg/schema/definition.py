"""The definition of a custom field, in the words of the Metadata API (Metadata API Developer Guide, "CustomField").

One form for every road: the control plane, Tooling REST and Metadata SOAP all give the same mapping, with the names of
the guide (`fullName`, `type`, `length`, `valueSet` …). `read_definition` makes a `FieldDefinition` of it,
`FieldDefinition.as_metadata` turns it back.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

#: The values of FieldType that this org knows.
FIELD_TYPES = frozenset({
    "AutoNumber", "Checkbox", "Currency", "Date", "DateTime", "Email", "EncryptedText", "Html", "LongTextArea",
    "Lookup", "MasterDetail", "MultiselectPicklist", "Number", "Percent", "Phone", "Picklist", "Summary", "Text",
    "TextArea", "Time", "Url",
})  # fmt: skip
SUMMARY_OPERATIONS = ("count", "sum", "min", "max")


class DefinitionError(ValueError):
    """A field or an object that cannot be: Salesforce's code, the message, the parts of the definition it names."""

    def __init__(self, code: str, message: str, fields: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fields = tuple(fields)


@dataclass(frozen=True)
class PicklistEntry:
    """One value of a picklist; `valid_for`: the controlling values under which it can be chosen, where one controls."""

    name: str
    label: str
    default: bool = False
    active: bool = True
    valid_for: tuple[str, ...] = ()


@dataclass(frozen=True)
class SummaryFilter:
    """Which children a roll-up counts: a field of theirs, an operation (equals, notEqual, lessThan, greaterThan,
    lessOrEqual, greaterOrEqual, contains, notContain, startsWith) and a value; several, split by commas, mean any.
    """

    field: str
    operation: str
    value: str


@dataclass(frozen=True)
class FieldDefinition:
    """A custom field. `type` is a FieldType; what does not belong to the type is None or empty.

    `length` in characters, `precision` and `scale` in digits. `default_value` and `formula` are formulas;
    `summary_foreign_key` and `summarized_field` name object and field (`Seat__c.Price__c`).
    """

    full_name: str
    type: str
    label: str
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    required: bool = False
    unique: bool = False
    case_sensitive: bool = False
    external_id: bool = False
    default_value: str | None = None
    formula: str | None = None
    blanks_as_zero: bool = True
    reference_to: str | None = None
    relationship_name: str | None = None
    delete_constraint: str = "SetNull"
    display_format: str | None = None
    starting_number: int = 1
    entries: tuple[PicklistEntry, ...] = ()
    restricted: bool = False
    controlling_field: str | None = None
    visible_lines: int | None = None
    mask_char: str | None = None
    mask_type: str | None = None
    summary_operation: str | None = None
    summary_foreign_key: str | None = None
    summarized_field: str | None = None
    summary_filters: tuple[SummaryFilter, ...] = ()
    help: str | None = None
    description: str | None = None
    #: Facts of the definition that this org keeps without a meaning, as they were given.
    other: Mapping[str, Any] = field(default_factory=dict)

    def as_metadata(self) -> dict[str, Any]:
        """The definition under the names of the Metadata API, without what is not set."""
        facts: dict[str, Any] = {name: getattr(self, own) for name, own in _PLAIN.items()}
        for name, without in _LEFT_OUT.items():
            if facts[name] == without:
                del facts[name]
        if self.formula is not None:
            facts["formulaTreatBlanksAs"] = "BlankAsZero" if self.blanks_as_zero else "BlankAsBlank"
        if self.type == "AutoNumber":
            facts["startingNumber"] = self.starting_number
        if self.type == "Lookup":
            facts["deleteConstraint"] = self.delete_constraint
        if self.entries:
            facts["valueSet"] = self._value_set()
        if self.summary_filters:
            facts["summaryFilterItems"] = [vars(one) for one in self.summary_filters]
        found = {name: value for name, value in facts.items() if value is not None}
        return {**self.other, **found}

    def _value_set(self) -> dict[str, Any]:
        values = []
        for one in self.entries:
            value = {"fullName": one.name, "default": one.default, "label": one.label}
            values.append(value if one.active else {**value, "isActive": False})
        made: dict[str, Any] = {
            "restricted": self.restricted,
            "valueSetDefinition": {"sorted": False, "value": values},
        }
        if self.controlling_field:
            made["controllingField"] = self.controlling_field
            made["valueSettings"] = [
                {"controllingFieldValue": list(one.valid_for), "valueName": one.name}
                for one in self.entries
                if one.valid_for
            ]
        return made


#: The Metadata API's name → ours, for facts that are taken as they are.
_PLAIN = {
    "fullName": "full_name", "type": "type", "label": "label", "length": "length", "precision": "precision",
    "scale": "scale", "required": "required", "unique": "unique", "caseSensitive": "case_sensitive",
    "externalId": "external_id", "defaultValue": "default_value", "formula": "formula", "referenceTo": "reference_to",
    "relationshipName": "relationship_name", "displayFormat": "display_format", "visibleLines": "visible_lines",
    "maskChar": "mask_char", "maskType": "mask_type", "summaryOperation": "summary_operation",
    "summaryForeignKey": "summary_foreign_key", "summarizedField": "summarized_field", "inlineHelpText": "help",
    "description": "description",
}  # fmt: skip
_LEFT_OUT = {"required": False, "unique": False, "caseSensitive": False, "externalId": False}
_FLAGS = frozenset(_LEFT_OUT)
_WHOLE = frozenset({"length", "precision", "scale", "visibleLines"})
_TAKEN_APART = frozenset({
    "formulaTreatBlanksAs", "startingNumber", "deleteConstraint", "valueSet", "picklist", "summaryFilterItems",
})  # fmt: skip


def read_definition(facts: Mapping[str, Any], full_name: str | None = None) -> FieldDefinition:
    """A definition from the mapping of the Metadata API; texts of XML ("true", "18") are taken as what they mean.

    `full_name`, where the name stands elsewhere, is `Lead_Score__c`; an object before it (`Lead.`) is left away.

    Raises:
        DefinitionError: a part is missing or is of no such kind.
    """
    name = str(full_name or facts.get("fullName") or "").rpartition(".")[2]
    read: dict[str, Any] = {own: _read(outer, facts[outer]) for outer, own in _PLAIN.items() if outer in facts}
    read |= {"full_name": name, "label": read.get("label") or name.removesuffix("__c").replace("_", " ")}
    if read.get("type") not in FIELD_TYPES:
        message = f"'{facts.get('type')}' is not a valid value for the enum 'FieldType'"
        raise DefinitionError("FIELD_INTEGRITY_EXCEPTION", message, ("type",))
    treat = facts.get("formulaTreatBlanksAs") or "BlankAsZero"
    if treat not in ("BlankAsZero", "BlankAsBlank"):
        message = f"'{treat}' is not a valid value for the enum 'TreatBlanksAs'"
        raise DefinitionError("FIELD_INTEGRITY_EXCEPTION", message, ("formulaTreatBlanksAs",))
    values = _mapping(facts.get("valueSet") or facts.get("picklist"))
    filters = [_mapping(one) for one in _list(facts.get("summaryFilterItems"))]
    return FieldDefinition(
        **read,
        blanks_as_zero=treat == "BlankAsZero",
        starting_number=_read_whole("startingNumber", facts.get("startingNumber", 1)),
        delete_constraint=str(facts.get("deleteConstraint") or "SetNull"),
        entries=_read_entries(values),
        restricted=_read_flag(values.get("restricted", False)),
        controlling_field=values.get("controllingField"),
        summary_filters=tuple(
            SummaryFilter(str(one["field"]), str(one["operation"]), str(one.get("value") or "")) for one in filters
        ),
        other={key: value for key, value in facts.items() if key not in _PLAIN and key not in _TAKEN_APART},
    )


def _read(name: str, value: object) -> object:
    if value is None:
        return False if name in _FLAGS else None
    if name in _FLAGS:
        return _read_flag(value)
    if name in _WHOLE:
        return _read_whole(name, value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _read_flag(value: object) -> bool:
    return value is True or str(value).lower() in ("true", "1")


def _read_whole(name: str, value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        message = f"'{value}' is not a whole number"
        raise DefinitionError("FIELD_INTEGRITY_EXCEPTION", message, (name,)) from None


def _read_entries(values: Mapping[str, Any]) -> tuple[PicklistEntry, ...]:
    """The values of a picklist, from `valueSetDefinition.value` or the older `picklistValues`."""
    inside = _mapping(values.get("valueSetDefinition"))
    given = _list(inside.get("value")) or _list(values.get("picklistValues"))
    settings: dict[str, tuple[str, ...]] = {}
    for one in _list(values.get("valueSettings")):
        settings[str(one.get("valueName"))] = tuple(str(each) for each in _list(one.get("controllingFieldValue")))
    made = []
    for one in given:
        facts = {"fullName": one} if isinstance(one, str) else _mapping(one)
        name = str(facts.get("fullName") or facts.get("valueName") or facts.get("label") or "")
        own = tuple(str(each) for each in _list(facts.get("controllingFieldValues")))
        active = facts.get("isActive")
        made.append(
            PicklistEntry(
                name, str(facts.get("label") or name), _read_flag(facts.get("default", False)),
                active is None or _read_flag(active), settings.get(name, own),
            )
        )  # fmt: skip
    if _read_flag(inside.get("sorted", values.get("sorted", False))):
        made.sort(key=lambda one: one.label.casefold())
    return tuple(made)


def _mapping(value: object) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise DefinitionError("FIELD_INTEGRITY_EXCEPTION", f"not a set of facts: {value}")
    return value


def _list(value: object) -> list[Any]:
    """One or several, as XML and JSON bring them."""
    if value is None:
        return []
    return list(value) if isinstance(value, Iterable) and not isinstance(value, (str, Mapping)) else [value]
