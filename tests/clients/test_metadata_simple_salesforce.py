"""simple-salesforce's Metadata API against an org: through zeep and the WSDL it brings, which judges every answer.

Its zeep opens connections of its own: they are led to the org as the client's are.
"""

import io
import time
import zipfile
from typing import Any

import pytest
from simple_salesforce import Salesforce
from simple_salesforce.metadata import SfdcMetadataApi

from tests.clients.conftest import Detour, connect
from tests.clients.metadata import administrator, build_zip, component, manifest, text_field
from tests.simulated import Simulated


@pytest.fixture
def admin(org: Simulated) -> Salesforce:
    """The client with a session of the administrator."""
    return connect(org, session_id=administrator(org), instance="org.my.salesforce.com")


@pytest.fixture
def metadata(org: Simulated, admin: Salesforce) -> SfdcMetadataApi:
    """The client's Metadata API."""
    api = admin.mdapi
    api._client.transport.session.mount("https://", Detour(org.url))
    return api


def _choose(api: SfdcMetadataApi, enum: str, value: str) -> Any:
    return api._client.get_type(f"ns0:{enum}")(value)


def _number(api: SfdcMetadataApi, full_name: str) -> Any:
    kind = _choose(api, "FieldType", "Number")
    return api.CustomField(fullName=full_name, label="Grade", type=kind, precision=6, scale=0)


def test_a_field_is_made_read_changed_and_deleted(metadata: SfdcMetadataApi, admin: Salesforce) -> None:
    """The whole life of a custom field."""
    field = _number(metadata, "Lead.Grade__c")
    metadata.CustomField.create([field])
    read = metadata.CustomField.read(["Lead.Grade__c"])
    assert (read.fullName, read.label, read.type, read.precision, read.scale) == (
        "Lead.Grade__c",
        "Grade",
        "Number",
        6,
        0,
    )
    field.precision = 8
    metadata.CustomField.update([field])
    assert metadata.CustomField.read(["Lead.Grade__c"]).precision == 8
    metadata.CustomField.upsert([field])
    metadata.CustomField.delete(["Lead.Grade__c"])
    assert metadata.CustomField.read(["Lead.Grade__c"]).fullName is None
    assert "Grade__c" not in [one["name"] for one in admin.Lead.describe()["fields"]]


def test_a_refused_component_raises_with_code_and_message(metadata: SfdcMetadataApi) -> None:
    """What the org refuses reaches the client's exception."""
    field = _number(metadata, "Lead.Grade__c")
    metadata.CustomField.create([field])
    with pytest.raises(Exception, match="DUPLICATE_DEVELOPER_NAME, There is already a field named Grade on Lead"):
        metadata.CustomField.create([field])


def test_every_type_is_described_listed_and_read_as_the_wsdl_says(metadata: SfdcMetadataApi) -> None:
    """The client parses what is said of each type, and one component of each."""
    described = metadata.describe_metadata()
    names = [one.xmlName for one in described.metadataObjects]
    assert {"CustomObject", "Layout", "CustomTab", "Settings"} <= set(names)
    query = metadata._client.get_type("ns0:ListMetadataQuery")
    for name in names:
        for listed in (metadata.list_metadata([query(type=name)]) or [])[:1]:
            read_by = f"{listed.fullName}Settings" if name == "Settings" else name
            assert getattr(metadata, read_by).read([listed.fullName]).fullName == listed.fullName
    fields = metadata.CustomField.describe().valueTypeFields
    assert fields[0].name == "fullName"
    assert fields[0].isNameField


def test_a_custom_object_with_its_fields_is_made_and_taken_away(metadata: SfdcMetadataApi, admin: Salesforce) -> None:
    """An object that the client makes can be used at once."""
    name = metadata.CustomField(label="Webinar Name", type=_choose(metadata, "FieldType", "Text"))
    webinar = metadata.CustomObject(
        fullName="Webinar__c", label="Webinar", pluralLabel="Webinars", nameField=name,
        deploymentStatus=_choose(metadata, "DeploymentStatus", "Deployed"),
        sharingModel=_choose(metadata, "SharingModel", "ReadWrite"),
        fields=[_number(metadata, "Seats__c")],
    )  # fmt: skip
    metadata.CustomObject.create([webinar])
    read = metadata.CustomObject.read(["Webinar__c"])
    assert (read.pluralLabel, [one.fullName for one in read.fields]) == ("Webinars", ["Seats__c"])
    assert "Webinar__c" in [one["name"] for one in admin.describe()["sobjects"]]
    metadata.CustomObject.delete(["Webinar__c"])
    assert "Webinar__c" not in [one["name"] for one in admin.describe()["sobjects"]]


def test_a_zip_is_deployed_and_comes_back(metadata: SfdcMetadataApi, admin: Salesforce) -> None:
    """Deploy, its status, retrieve and its zip."""
    files = {
        "package.xml": manifest({"CustomField": ["Lead.One__c", "Lead.Two__c"]}),
        "objects/Lead.object": component("CustomObject", text_field("One__c") + text_field("Two__c")),
    }
    started = admin.deploy(io.BytesIO(build_zip(files)), sandbox=False)
    until = time.monotonic() + 30
    while (status := admin.checkDeployStatus(started["asyncId"]))["state"] in ("Pending", "InProgress"):
        assert time.monotonic() < until, status
        time.sleep(0.01)
    assert status["state"] == "Succeeded"
    assert status["deployment_detail"] == {
        "total_count": "2", "failed_count": "0", "deployed_count": "2", "errors": [],
    }  # fmt: skip
    retrieve_id, _ = metadata.retrieve("", unpackaged={"CustomField": ["Lead.One__c"]})
    assert retrieve_id
    while metadata.check_retrieve_status(retrieve_id)[0] != "Succeeded":
        assert time.monotonic() < until
        time.sleep(0.01)
    state, error, told, zipped = metadata.retrieve_zip(retrieve_id)
    assert (state, error, told) == ("Succeeded", None, [])
    with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
        assert archive.namelist() == ["objects/Lead.object", "package.xml"]
        assert b"<fullName>One__c</fullName>" in archive.read("objects/Lead.object")
