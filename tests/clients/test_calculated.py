"""Fields of an administrator over HTTP: defined by the control plane, described, queried, and read in Bulk."""

from collections.abc import Iterator

import pytest
import requests

from tests import simulated
from tests.simulated import Simulated


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulated]:
    """An org of its own, whose fields stay."""
    running = simulated.start(tmp_path_factory.mktemp("calculated"))
    yield running
    running.stop()


def _define(org: Simulated, name: str, **definition: object) -> requests.Response:
    return requests.post(
        f"{org.url}/__org__/fields",
        json={"object": "Lead", "name": name, "define": definition},
        headers={"X-Simorg-Token": org.org.admin_token},
        timeout=30,
    )


def test_a_formula_is_described_queried_and_filtered(alone: Simulated) -> None:
    assert _define(alone, "Owner_ID__c", type="Text", label="Owner ID", formula="CASESAFEID(OwnerId)").ok
    lead = alone.call("POST", "/sobjects/Lead", json={"LastName": "Moss", "Company": "Moss Ltd"}).json()["id"]
    read = alone.call("GET", f"/sobjects/Lead/{lead}").json()
    assert read["Owner_ID__c"] == read["OwnerId"]
    query = f"SELECT Id FROM Lead WHERE Owner_ID__c = '{read['OwnerId']}' AND LastName = 'Moss'"
    assert alone.call("GET", "/query", params={"q": query}).json()["totalSize"] == 1
    fields = {one["name"]: one for one in alone.call("GET", "/sobjects/Lead/describe").json()["fields"]}
    told = [fields["Owner_ID__c"][key] for key in ("calculated", "calculatedFormula", "length", "updateable")]
    assert told == [True, "CASESAFEID(OwnerId)", 1300, False]
    refused = alone.call("PATCH", f"/sobjects/Lead/{lead}", json={"Owner_ID__c": "x"})
    assert refused.json()[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_a_wrong_definition_is_refused(alone: Simulated) -> None:
    answer = _define(alone, "Wrong__c", type="Text", formula="LEN(1)")
    message = "Incorrect parameter type for function 'LEN()'. Expected Text, received Number"
    assert (answer.status_code, answer.json()[0]["message"]) == (400, message)


def test_person_accounts_are_switched_on(alone: Simulated) -> None:
    alone.control("POST", "person-accounts")
    person = alone.call("POST", "/sobjects/Account", json={"LastName": "Reed", "PersonEmail": "r@reed.example"}).json()
    query = "SELECT Id, Name, IsPersonAccount, PersonContact.Email FROM Account WHERE PersonEmail = 'r@reed.example'"
    (row,) = alone.call("GET", "/query", params={"q": query}).json()["records"]
    assert (row["Id"], row["Name"], row["IsPersonAccount"]) == (person["id"], "Reed", True)
    assert row["PersonContact"]["Email"] == "r@reed.example"
