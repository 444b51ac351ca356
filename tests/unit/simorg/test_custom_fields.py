"""Custom fields of every type: how they are defined, described, written and read."""

from collections.abc import Iterator
from typing import Any

import pytest

from simorg.behaviour.customizing import define_field, redefine_field, remove_field
from simorg.opening import open_org
from simorg.org import Org
from simorg.schema.definition import DefinitionError, read_definition
from simorg.schema.objects.custom import build_custom
from simorg.settings import Settings
from simorg.wire.describe import describe_field
from tests.unit.simorg.querying import ask
from tests.unit.simorg.writing import create, make, show, stored, told, update

_VALUES = {
    "valueSetDefinition": {"value": [{"fullName": "Red"}, {"fullName": "Blue"}, {"fullName": "Old", "isActive": False}]}
}

_BAD = "FIELD_INTEGRITY_EXCEPTION"


def _define(org: Org, name: str, *, on: str = "Lead", **facts: Any) -> dict[str, Any]:
    """Adds a field; gives what describe says of it."""
    field = define_field(org, on, read_definition(facts, name))
    show(org, on, field.name)
    return describe_field(field, org.schema.get(on))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Org]:
    """One org, for fields that do not stay."""
    org = open_org(tmp_path_factory.mktemp("fields"), "developer-edition", None, Settings())
    yield org
    org.close()


@pytest.mark.parametrize(
    ("facts", "described"),
    [
        ({"type": "Text", "length": 20}, {"type": "string", "length": 20, "byteLength": 60}),
        ({"type": "TextArea"}, {"type": "textarea", "length": 255, "sortable": True}),
        ({"type": "LongTextArea", "length": 32768, "visibleLines": 3}, {"length": 32768, "filterable": False}),
        (
            {"type": "Html", "length": "32768", "visibleLines": "9"},
            {"htmlFormatted": True, "extraTypeInfo": "richtextarea"},
        ),
        (
            {"type": "Number", "precision": 6, "scale": 0},
            {"type": "double", "precision": 6, "scale": 0, "digits": 0, "length": 0},
        ),
        ({"type": "Currency", "precision": 18, "scale": 2}, {"type": "currency", "soapType": "xsd:double"}),
        ({"type": "Percent", "precision": 3, "scale": 0}, {"type": "percent"}),
        ({"type": "Checkbox", "defaultValue": "true"}, {"type": "boolean", "defaultValue": True, "nillable": False}),
        ({"type": "Date"}, {"type": "date"}),
        ({"type": "DateTime"}, {"type": "datetime"}),
        ({"type": "Time"}, {"type": "time", "soapType": "xsd:time"}),
        ({"type": "Email", "unique": True}, {"type": "email", "length": 80, "unique": True, "idLookup": True}),
        ({"type": "Phone"}, {"type": "phone", "length": 40}),
        ({"type": "Url"}, {"type": "url", "length": 255}),
        (
            {"type": "Picklist", "valueSet": {**_VALUES, "restricted": True}},
            {"type": "picklist", "restrictedPicklist": True},
        ),
        (
            {"type": "MultiselectPicklist", "visibleLines": 4, "valueSet": _VALUES},
            {"type": "multipicklist", "sortable": False},
        ),
        ({"type": "Lookup", "referenceTo": "Account"}, {"type": "reference", "relationshipName": "Field__r"}),
        ({"type": "AutoNumber", "displayFormat": "A-{0000}"}, {"autoNumber": True, "createable": False}),
        (
            {"type": "EncryptedText", "length": 16, "maskType": "lastFour", "maskChar": "X"},
            {"encrypted": True, "mask": "X"},
        ),
    ],
)
def test_what_describe_tells_of_each_type(shared: Org, facts: dict[str, Any], described: dict[str, Any]) -> None:
    found = _define(shared, "Field__c", **facts)
    remove_field(shared, "Lead", "Field__c")
    assert {key: found[key] for key in described} == described
    assert len(found) == 57
    assert found["custom"]
    assert found["label"] == "Field"


@pytest.mark.parametrize(
    ("facts", "code", "message"),
    [
        ({"type": "Text"}, _BAD, "Must specify 'length' for a CustomField of type Text"),
        ({"type": "Number", "length": 3}, _BAD, "Can not specify 'length' for a CustomField of type Number"),
        ({"type": "Number", "precision": 19, "scale": 0}, _BAD, "Precision"),
        ({"type": "Text", "length": 256}, _BAD, "from 1 to 255"),
        ({"type": "Checkbox"}, _BAD, "'defaultValue'"),
        ({"type": "LongTextArea", "length": 300}, _BAD, "'visibleLines'"),
        ({"type": "Picklist"}, _BAD, "'valueSet'"),
        ({"type": "Picklist", "valueSet": {"valueSetDefinition": {"value": ["a", "A"]}}}, "DUPLICATE_VALUE", "A|a"),
        ({"type": "Date", "unique": True}, _BAD, "'unique'"),
        ({"type": "Lookup"}, _BAD, "'referenceTo'"),
        ({"type": "Lookup", "referenceTo": "Nothing__c"}, _BAD, "Nothing__c"),
        ({"type": "MasterDetail", "referenceTo": "Account"}, _BAD, "master-detail"),
        ({"type": "AutoNumber", "displayFormat": "A"}, _BAD, "A needs"),
        ({"type": "Colour"}, _BAD, "'Colour' is not a valid value for the enum 'FieldType'"),
        ({"type": "Date", "name": "No good__c"}, _BAD, "alphanumeric"),
        ({"type": "Date", "name": "Two__Lines__c"}, _BAD, "alphanumeric"),
        (
            {"type": "Date", "name": "Lead_Score__c"},
            "DUPLICATE_DEVELOPER_NAME",
            "There is already a field named Lead_Score on Lead.",
        ),
    ],
)
def test_definitions_that_cannot_be(shared: Org, facts: dict[str, Any], code: str, message: str) -> None:
    with pytest.raises(DefinitionError, match=message) as error:
        _define(shared, **{"name": "Field__c", **facts})
    assert error.value.code == code
    assert "field__c" not in shared.schema.get("Lead").fields


def test_a_definition_comes_back_as_it_was_given() -> None:
    facts = {
        "fullName": "Colour__c", "type": "Picklist", "label": "Colour", "inlineHelpText": "Which?",
        "trackTrending": False,
        "valueSet": {
            "restricted": True, "controllingField": "Kind__c",
            "valueSetDefinition": {"sorted": False, "value": [{"fullName": "Red", "default": False, "label": "Red"}]},
            "valueSettings": [{"controllingFieldValue": ["A"], "valueName": "Red"}],
        },
    }  # fmt: skip
    assert read_definition(facts).as_metadata() == facts


def test_values_are_written_by_the_rules_of_the_type(org: Org) -> None:
    _define(org, "At__c", type="Time")
    _define(org, "Colours__c", type="MultiselectPicklist", visibleLines=4, valueSet={**_VALUES, "restricted": True})
    lead = make(org, "Lead", At__c="10:30:15.25Z", Colours__c="Blue; Red;Blue")
    row = stored(org, "Lead", lead)
    assert (row["At__c"], row["Colours__c"]) == ("10:30:15.250Z", "Red;Blue")
    bad = "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    for value in ("Green", "Red;Old"):
        assert told(update(org, "Lead", lead, Colours__c=value))[0] == bad
    assert told(update(org, "Lead", lead, At__c="25:00"))[0] == "INVALID_TYPE_ON_FIELD_IN_RECORD"
    assert ask(org, "SELECT Id FROM Lead WHERE Colours__c INCLUDES ('Blue')")[0]["Id"] == lead


def test_a_unique_text_may_mind_its_case(org: Org) -> None:
    _define(org, "Loose__c", type="Text", length=10, unique=True)
    _define(org, "Strict__c", type="Text", length=10, unique=True, caseSensitive=True)
    make(org, "Lead", Loose__c="a", Strict__c="a")
    assert told(create(org, "Lead", LastName="B", Company="B", Loose__c="A"))[0] == "DUPLICATE_VALUE"
    make(org, "Lead", Strict__c="A")
    assert told(create(org, "Lead", LastName="B", Company="B", Strict__c="A"))[0] == "DUPLICATE_VALUE"


def test_records_are_numbered(org: Org) -> None:
    org.schema.add_object(build_custom({"name": "Seat__c"}, []))
    org.storage.add_object("Seat__c")
    _define(org, "Number__c", on="Seat__c", type="AutoNumber", displayFormat="S-{YYYY}-{0000}", startingNumber=7)
    numbers = [stored(org, "Seat__c", make(org, "Seat__c"))["Number__c"] for _ in range(2)]
    year = org.clock.now().year
    assert numbers == [f"S-{year}-0007", f"S-{year}-0008"]
    assert told(create(org, "Seat__c", Number__c="S-1"))[0] == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_encrypted_text_is_shown_masked(org: Org) -> None:
    _define(org, "Card__c", type="EncryptedText", length=20, maskType="creditCard", maskChar="X")
    make(org, "Lead", LastName="Secret", Card__c="4111111111111234")
    (row,) = ask(org, "SELECT Card__c FROM Lead WHERE LastName = 'Secret'")
    assert row["Card__c"] == "XXXXXXXXXXXX1234"


def test_a_dependent_picklist_tells_what_is_valid_for_what(org: Org) -> None:
    kinds = {"valueSetDefinition": {"value": [f"K{number}" for number in range(10)]}}
    _define(org, "Kind__c", type="Picklist", valueSet=kinds)
    settings = [{"controllingFieldValue": ["K0", "K9"], "valueName": "Red"}]
    found = _define(
        org,
        "Colour__c",
        type="Picklist",
        valueSet={**_VALUES, "controllingField": "Kind__c", "valueSettings": settings},
    )
    assert (found["dependentPicklist"], found["controllerName"]) == (True, "Kind__c")
    # Bit 0 and bit 9 of two bytes, the highest bit first: 0x80 0x40.
    assert [value["validFor"] for value in found["picklistValues"]] == ["gEA=", "AAA=", "AAA="]
    assert [value["active"] for value in found["picklistValues"]] == [True, True, False]


def test_a_field_is_changed_and_taken_away(org: Org) -> None:
    _define(org, "Code__c", type="Text", length=10)
    lead = make(org, "Lead", Code__c="abc")
    redefine_field(org, "Lead", read_definition({"type": "Text", "length": 5, "label": "Key"}, "Code__c"))
    assert told(update(org, "Lead", lead, Code__c="abcdef"))[0] == "STRING_TOO_LONG"
    with pytest.raises(DefinitionError, match="from Text to Date"):
        redefine_field(org, "Lead", read_definition({"type": "Date"}, "Code__c"))
    remove_field(org, "Lead", "Code__c")
    assert "Code__c" not in ask(org, "SELECT FIELDS(ALL) FROM Lead LIMIT 1")[0]
    _define(org, "Code__c", type="Text", length=10)
    assert stored(org, "Lead", lead)["Code__c"] is None


def test_a_lookup_hangs_on_its_parent_until_it_is_taken_away(org: Org) -> None:
    _define(org, "Firm__c", type="Lookup", referenceTo="Account", relationshipName="People")
    account = make(org, "Account", Name="A")
    make(org, "Lead", LastName="Reed", Firm__c=account)
    (row,) = ask(org, f"SELECT (SELECT LastName FROM People__r) FROM Account WHERE Id = '{account}'")
    assert [one["LastName"] for one in row["People__r"]["records"]] == ["Reed"]
    remove_field(org, "Lead", "Firm__c")
    assert org.schema.get("Account").find_child("People__r") is None
