"""Record types and layouts as describe tells them."""

from collections.abc import Iterator

import pytest

from tests import simulated
from tests.simulated import Simulated


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulated]:
    """An org of its own with a record type."""
    running = simulated.start(tmp_path_factory.mktemp("types"))
    facts = {"object": "Lead", "developerName": "Partner", "values": {"Rating": ["Hot"]}, "defaults": {"Rating": "Hot"}}
    running.control("POST", "record-types", {**facts, "default": True})
    yield running
    running.stop()


def test_record_types_in_describe(typed: Simulated) -> None:
    infos = typed.call("GET", "/sobjects/Lead/describe").json()["recordTypeInfos"]
    assert [(one["developerName"], one["defaultRecordTypeMapping"], one["master"]) for one in infos] == [
        ("Partner", True, False),
        ("Master", False, True),
    ]
    (contact,) = typed.call("GET", "/sobjects/Contact/describe").json()["recordTypeInfos"]
    assert (contact["name"], contact["defaultRecordTypeMapping"]) == ("Master", True)
    query = "SELECT Id FROM RecordType WHERE DeveloperName = 'Partner'"
    (row,) = typed.call("GET", "/query", params={"q": query}).json()["records"]
    assert row["Id"] == infos[0]["recordTypeId"]


def test_layouts_tell_the_values_of_each_record_type(typed: Simulated) -> None:
    told = typed.call("GET", "/sobjects/Lead/describe/layouts").json()
    ratings = {
        one["developerName"]: [
            (value["value"], value["defaultValue"])
            for picklist in one["picklistsForRecordType"]
            if picklist["picklistName"] == "Rating"
            for value in picklist["picklistValues"]
        ]
        for one in told["recordTypeMappings"]
    }
    assert ratings["Partner"] == [("Hot", True)]
    assert [value for value, _ in ratings["Master"]] == ["Hot", "Warm", "Cold"]
    assert told["recordTypeSelectorRequired"] == [False]
    info = told["recordTypeMappings"][0]
    layout = typed.call("GET", f"/sobjects/Lead/describe/layouts/{info['recordTypeId']}").json()
    items = [item for row in layout["detailLayoutSections"][0]["layoutRows"] for item in row["layoutItems"]]
    company = next(item for item in items if item["layoutComponents"][0]["value"] == "Company")
    assert (company["required"], company["editableForNew"]) == (True, True)
    assert typed.call("GET", "/sobjects/Lead/describe/layouts/012000000000009").status_code == 404
