"""Every answer of the Metadata API against the WSDL that simple-salesforce brings, read strictly: unknown elements, a
wrong order or a missing one fail here.
"""

from pathlib import Path
from typing import Any

import pytest
import requests
import simple_salesforce
from zeep import Client, Settings

from simorg.metadata.components import top_types
from simorg.metadata.types import settings_types
from tests.clients.metadata import NAMESPACE, administrator, build_zip, component, deploy, manifest, text_field
from tests.simulated import Simulated


@pytest.fixture(scope="module")
def client() -> Client:
    """zeep over the WSDL; strict is its default."""
    wsdl = Path(simple_salesforce.__file__).parent / "metadata.wsdl"
    return Client(wsdl.as_uri(), settings=Settings(strict=True))


class Strict:
    """The calls of the WSDL, with a session of the administrator."""

    def __init__(self, client: Client, org: Simulated) -> None:
        self._client = client
        client.transport.session = requests.Session()
        self.service = client.create_service(f"{{{NAMESPACE}}}MetadataBinding", f"{org.url}/services/Soap/m/64.0")
        self._header = client.get_element("ns0:SessionHeader")(sessionId=administrator(org))

    def call(self, name: str, *arguments: Any) -> Any:
        """One call, its answer parsed strictly; calls that have headers in their answers bring it in a body."""
        found = self.service[name](*arguments, _soapheaders=[self._header])
        return found.body.result if "body" in dir(found) else found

    def make(self, kind: str, **facts: Any) -> Any:
        """A value of a type."""
        return self._client.get_type(f"ns0:{kind}")(**facts)


@pytest.fixture
def strict(client: Client, org: Simulated) -> Strict:
    """The calls, on an org as after its start."""
    return Strict(client, org)


def test_every_component_that_an_org_begins_with_is_as_the_wsdl_says(strict: Strict, org: Simulated) -> None:
    """Listed, then read ten at a time."""
    for kind in [one.name for one in top_types() if one.name != "Settings"]:
        names = [one.fullName for one in strict.call("listMetadata", [strict.make("ListMetadataQuery", type=kind)], 64)]
        for start in range(0, len(names), 10):
            read = strict.call("readMetadata", kind, names[start : start + 10])
            assert [one.fullName for one in read] == names[start : start + 10]


def test_all_settings_are_as_the_wsdl_says(strict: Strict) -> None:
    """Each of its own type."""
    for kind in settings_types():
        (read,) = strict.call("readMetadata", kind, [kind.removesuffix("Settings")])
        assert read.fullName == kind.removesuffix("Settings")


def test_what_the_api_says_of_itself_and_of_refusals_is_as_the_wsdl_says(strict: Strict) -> None:
    """Describes, results good and bad."""
    assert strict.call("describeMetadata", 64).metadataObjects
    assert strict.call("describeValueType", f"{{{NAMESPACE}}}Layout").valueTypeFields
    field = {"label": "Grade", "length": 20}
    made = strict.call("createMetadata", [_field(strict, "Lead.Grade__c", **field), _field(strict, "Lead.No", **field)])
    assert [one.success for one in made] == [True, False]
    assert strict.call("upsertMetadata", [_field(strict, "Lead.Grade__c", **field)])[0].created is False
    gone = strict.call("deleteMetadata", "CustomField", ["Lead.Grade__c", "Lead.Never__c"])
    assert [one.success for one in gone] == [True, False]


def test_deploys_and_retrieves_are_as_the_wsdl_says(strict: Strict, org: Simulated) -> None:
    """While they wait, when they failed, and when they are done."""
    bad = component("CustomObject", text_field("Good__c") + text_field("Bad__c", 900))
    files = {"package.xml": manifest({"CustomField": ["Lead.Good__c", "Lead.Bad__c"]}), "objects/Lead.object": bad}
    options = dict.fromkeys(_OPTIONS, False) | {"singlePackage": True, "testLevel": "NoTestRun"}
    org.control("POST", "settings", {"deploy_delay": 60})
    try:
        started = strict.call("deploy", build_zip(files), strict.make("DeployOptions", **options))
        assert strict.call("checkDeployStatus", started.id, True).status == "Pending"
        assert strict.call("cancelDeploy", started.id).done
        assert strict.call("checkDeployStatus", started.id, True).canceledByName
    finally:
        org.control("POST", "settings", {"deploy_delay": 0})
    failed = deploy(org, administrator(org), files, rollbackOnError=False)
    shown = strict.call("checkDeployStatus", failed["id"][0], True)
    assert (shown.status, shown.details.componentFailures[0].lineNumber) == ("SucceededPartial", 3)
    unpackaged = {"version": "64.0", "types": [{"name": "CustomField", "members": ["Lead.Good__c", "Lead.Never__c"]}]}
    asked = strict.make("RetrieveRequest", apiVersion=64, singlePackage=True, unpackaged=unpackaged)
    retrieved = strict.call("retrieve", asked)
    while not (result := strict.call("checkRetrieveStatus", retrieved.id, True)).done:
        continue
    assert (result.status, len(result.messages), bool(result.zipFile)) == ("Succeeded", 1, True)


_OPTIONS = (
    "allowMissingFiles", "autoUpdatePackage", "checkOnly", "ignoreWarnings", "performRetrieve", "purgeOnDelete",
    "rollbackOnError",
)  # fmt: skip


def _field(strict: Strict, full_name: str, **facts: Any) -> Any:
    return strict.make("CustomField", fullName=full_name, type="Text", **facts)
