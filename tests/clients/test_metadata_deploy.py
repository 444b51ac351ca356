"""Deploys and retrieves over plain HTTP: what a zip makes of an org, and what a hostile one does not."""

import io
import threading
import time
import zipfile
from pathlib import Path

import pytest
import requests

from simorg.opening import open_org
from simorg.settings import Settings
from tests import simulated
from tests.clients.metadata import (
    administrator,
    build_zip,
    call_metadata,
    check_deploy,
    component,
    create_field,
    deploy,
    manifest,
    messages,
    post_metadata,
    read_one,
    retrieve,
    show_field,
    start_deploy,
    text_field,
)
from tests.simulated import Simulated

_WEBINAR = component(
    "CustomObject",
    "<deploymentStatus>Deployed</deploymentStatus>"
    "<fields><fullName>Lead__c</fullName><label>Lead</label><referenceTo>Lead</referenceTo>"
    "<relationshipName>Webinars</relationshipName><type>Lookup</type></fields>"
    + text_field("Topic__c")
    + "<label>Webinar</label><nameField><label>Webinar Name</label><type>Text</type></nameField>"
    "<pluralLabel>Webinars</pluralLabel><sharingModel>ReadWrite</sharingModel>",
)


@pytest.fixture
def token(org: Simulated) -> str:
    """A session of the administrator."""
    return administrator(org)


def test_an_object_with_its_fields_is_deployed_and_used(org: Simulated, token: str) -> None:
    """Created with ids, used at once, retrieved as it was given; a second time nothing changes."""
    files = {"package.xml": manifest({"CustomObject": ["Webinar__c"]}), "objects/Webinar__c.object": _WEBINAR}
    done = deploy(org, token, files)
    assert (done["status"], done["success"]) == (["Succeeded"], ["true"])
    assert (done["numberComponentsDeployed"], done["numberComponentErrors"]) == (["3"], ["0"])
    made = messages(done, "componentSuccesses")
    assert made["Webinar__c.Topic__c"]["created"] == ["true"]
    assert made["Webinar__c.Topic__c"]["id"][0].startswith("00N")
    assert made["Webinar__c"]["fileName"] == ["objects/Webinar__c.object"]
    for name in ("Topic__c", "Lead__c"):
        show_field(org, f"Webinar__c.{name}")
    lead = org.call("POST", "/sobjects/Lead", token=token, json={"LastName": "A", "Company": "B"}).json()["id"]
    webinar = {"Name": "First", "Topic__c": "x", "Lead__c": lead}
    assert org.call("POST", "/sobjects/Webinar__c", token=token, json=webinar).status_code == 201
    query = {"q": "SELECT Name, Lead__r.LastName FROM Webinar__c"}
    record = org.call("GET", "/query", token=token, params=query).json()["records"][0]
    assert record["Lead__r"]["LastName"] == "A"
    got, _ = retrieve(org, token, {"CustomObject": ["Webinar__c"]})
    assert "<fullName>Topic__c</fullName>" in got["objects/Webinar__c.object"]
    again = deploy(org, token, {**files, "objects/Webinar__c.object": got["objects/Webinar__c.object"]})
    assert again["success"] == ["true"], again
    assert messages(again, "componentSuccesses")["Webinar__c.Topic__c"]["created"] == ["false"]


def test_a_failed_deploy_leaves_nothing(org: Simulated, token: str) -> None:
    """One component is wrong: with rollbackOnError the good ones are not kept; without, they are."""
    bad = component("CustomObject", text_field("Good__c") + text_field("Bad__c", 900))
    files = {"package.xml": manifest({"CustomField": ["Lead.Good__c", "Lead.Bad__c"]}), "objects/Lead.object": bad}
    done = deploy(org, token, files)
    assert (done["status"], done["success"], done["numberComponentErrors"]) == (["Failed"], ["false"], ["1"])
    failure = messages(done, "componentFailures")["Lead.Bad__c"]
    assert (failure["problemType"], failure["componentType"]) == (["Error"], ["CustomField"])
    assert (failure["lineNumber"], failure["fileName"]) == (["3"], ["objects/Lead.object"])
    assert read_one(org, token, "CustomField", "Lead.Good__c") is None
    assert "Good__c" not in org.call("GET", "/sobjects/Lead/describe", token=token).text
    assert org.control("GET", "journal?method=SETUP") == []
    partial = deploy(org, token, files, rollbackOnError=False)
    assert partial["status"] == ["SucceededPartial"]
    assert read_one(org, token, "CustomField", "Lead.Good__c") is not None


def test_a_check_changes_nothing(org: Simulated, token: str) -> None:
    """checkOnly tells what would be, and keeps nothing of it."""
    files = {"package.xml": manifest({"CustomObject": ["Webinar__c"]}), "objects/Webinar__c.object": _WEBINAR}
    done = deploy(org, token, files, checkOnly=True)
    assert (done["status"], done["checkOnly"]) == (["Succeeded"], ["true"])
    assert read_one(org, token, "CustomObject", "Webinar__c") is None
    assert deploy(org, token, files)["status"] == ["Succeeded"]


def test_nobody_sees_a_deploy_before_its_end(org: Simulated, token: str) -> None:
    """Readers side by side see none of its fields, or all; and never an error."""
    names = [f"Field_{number}__c" for number in range(20)]
    inner = "".join(text_field(name) for name in names)
    grants = "".join(
        f"<fieldPermissions><editable>true</editable><field>Lead.{name}</field><readable>true</readable>"
        "</fieldPermissions>"
        for name in names
    )
    files = {
        "package.xml": manifest({"CustomField": [f"Lead.{name}" for name in names], "Profile": ["Admin"]}),
        "objects/Lead.object": component("CustomObject", inner),
        "profiles/Admin.profile": component("Profile", grants),
    }
    seen: set[int] = set()
    wrong: list[str] = []
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            described = org.call("GET", "/sobjects/Lead/describe", token=token).json()["fields"]
            own = [one["name"] for one in described if one["name"] in names]
            seen.add(len(own))
            query = {"q": f"SELECT {', '.join(['Id', *own])} FROM Lead LIMIT 1"}
            answer = org.call("GET", "/query", token=token, params=query)
            if answer.status_code != 200:
                wrong.append(answer.text)

    reader = threading.Thread(target=look)
    reader.start()
    try:
        assert deploy(org, token, files)["status"] == ["Succeeded"]
        until = time.monotonic() + 30
        while 20 not in seen and not wrong and time.monotonic() < until:
            time.sleep(0.01)
    finally:
        stop.set()
        reader.join(30)
    assert seen in ({20}, {0, 20})
    assert wrong == []


def test_destructive_changes_come_before_and_after(org: Simulated, token: str) -> None:
    """Removed before, made, removed after; what is not there is a warning."""
    create_field(org, token, "Lead.Before__c")
    create_field(org, token, "Lead.After__c")
    files = {
        "package.xml": manifest({"CustomField": ["Lead.Before__c"]}),
        "objects/Lead.object": component("CustomObject", text_field("Before__c", 11)),
        "destructiveChangesPre.xml": manifest({"CustomField": ["Lead.Before__c"]}),
        "destructiveChangesPost.xml": manifest({"CustomField": ["Lead.After__c", "Lead.Never__c"]}),
    }
    done = deploy(org, token, files, ignoreWarnings=True)
    assert done["success"] == ["true"], done
    assert messages(done, "componentFailures")["Lead.Never__c"]["problem"] == [
        "No CustomField named: Lead.Never__c found"
    ]
    assert read_one(org, token, "CustomField", "Lead.After__c") is None
    assert read_one(org, token, "CustomField", "Lead.Before__c")["length"] == ["11"]
    assert deploy(org, token, {**files, "destructiveChangesPre.xml": manifest({})})["success"] == ["false"]


@pytest.mark.parametrize(
    ("files", "name", "problem"),
    [
        ({"objects/Lead.object": "x"}, "package.xml", "No package.xml found"),
        ({"package.xml": manifest({"CustomField": ["Lead.X__c"]})}, "Lead.X__c",
         "An object 'Lead.X__c' of type CustomField was named in package.xml, but was not found in zipped directory"),
        ({"package.xml": manifest({}), "objects/Lead.object": component("CustomObject", text_field("X__c"))},
         "Lead.X__c", "Not in package.xml"),
        ({"package.xml": manifest({"Colour": ["Red"]})}, "package.xml",
         "Unknown type name 'Colour' specified in package.xml"),
        ({"package.xml": manifest({"CustomObject": ["Lead"]}),
          "objects/Lead.object": component("CustomObject", "<colour>red</colour>")}, "Lead",
         "Error parsing file: Element {http://soap.sforce.com/2006/04/metadata}colour invalid at this location in type "
         "CustomObject at 3:1"),
        ({"package.xml": manifest({"CustomObject": ["Lead"]}), "objects/Lead.object": "<!DOCTYPE a []><a/>"}, "Lead",
         "Error parsing file: DOCTYPE is disallowed at 1:1"),
        ({"package.xml": "<Package><types>"}, "package.xml", "no element found"),
    ],
)  # fmt: skip
def test_files_that_do_not_fit_are_told_by_name_and_place(
    org: Simulated, token: str, files: dict[str, str], name: str, problem: str
) -> None:
    """A message for each, and nothing deployed."""
    done = deploy(org, token, files)
    assert (done["status"], done["numberComponentsDeployed"]) == (["Failed"], ["0"])
    assert problem in messages(done, "componentFailures")[name]["problem"][0]


def _bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("package.xml", manifest({}))
        block = b"\0" * (4 * 1024 * 1024)
        with archive.open("objects/Lead.object", "w", force_zip64=True) as file:
            for _ in range(20):
                file.write(block)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("zipped", "code"),
    [
        (_bomb(), "LIMIT_EXCEEDED"),
        (build_zip({f"a/{number}": "" for number in range(10_001)}), "LIMIT_EXCEEDED"),
        (build_zip({"package.xml": manifest({}), "../outside": "x"}), "INVALID_ZIP"),
        (build_zip({"package.xml": manifest({}), "/etc/outside": "x"}), "INVALID_ZIP"),
        (build_zip({"package.xml": manifest({}), "objects\\..\\..\\outside": "x"}), "INVALID_ZIP"),
        (b"PK\x03\x04 this is no zip", "INVALID_ZIP"),
        (build_zip({"package.xml": manifest({})})[:-30], "INVALID_ZIP"),
    ],
    ids=["bomb", "many", "parent", "root", "backslash", "none", "cut"],
)
def test_hostile_zips_fail_and_touch_nothing(org: Simulated, token: str, zipped: bytes, code: str) -> None:
    """The deploy ends as failed with a code; the org goes on."""
    deploy_id = start_deploy(org, token, zipped)
    until = time.monotonic() + 30
    while (done := check_deploy(org, token, deploy_id))["done"] != ["true"]:
        assert time.monotonic() < until
        time.sleep(0.01)
    assert (done["status"], done["errorStatusCode"]) == (["Failed"], [code])
    assert read_one(org, token, "CustomObject", "Lead") is not None


def test_a_waiting_deploy_can_be_cancelled(org: Simulated, token: str) -> None:
    """Nothing of it is kept, and it cannot be cancelled twice."""
    org.control("POST", "settings", {"deploy_delay": 60})
    try:
        files = {"package.xml": manifest({"CustomObject": ["Webinar__c"]}), "objects/Webinar__c.object": _WEBINAR}
        deploy_id = start_deploy(org, token, build_zip(files))
        assert check_deploy(org, token, deploy_id)["status"] == ["Pending"]
        status, said = call_metadata(org, token, "cancelDeploy", f"<String>{deploy_id}</String>")
        assert (status, said["result"][0]["done"]) == (200, ["true"])
    finally:
        org.control("POST", "settings", {"deploy_delay": 0})
    assert check_deploy(org, token, deploy_id)["status"] == ["Canceled"]
    assert read_one(org, token, "CustomObject", "Webinar__c") is None
    assert call_metadata(org, token, "cancelDeploy", f"<String>{deploy_id}</String>")[0] == 500


def test_a_retrieve_tells_of_what_is_not_there(org: Simulated, token: str) -> None:
    """A message for it, its file for the rest; * of objects is the custom ones."""
    files = {"package.xml": manifest({"CustomObject": ["Webinar__c"]}), "objects/Webinar__c.object": _WEBINAR}
    deploy(org, token, files)
    got, result = retrieve(org, token, {"CustomField": ["Lead.Never__c"], "CustomObject": ["*"], "Layout": ["*"]})
    assert [name for name in got if name.startswith("objects/")] == ["objects/Webinar__c.object"]
    assert "layouts/Lead-Lead Layout.layout" in got
    assert result["messages"][0]["problem"] == ["Entity of type 'CustomField' named 'Lead.Never__c' cannot be found"]
    properties = {one["fullName"][0]: one["type"][0] for one in result["fileProperties"]}
    assert properties["Lead-Lead Layout"] == "Layout"
    assert properties["unpackaged/package.xml"] == "Package"


def test_everything_retrieved_can_be_deployed_again(org: Simulated, token: str) -> None:
    """A round trip through every type without a change."""
    deploy(
        org, token, {"package.xml": manifest({"CustomObject": ["Webinar__c"]}), "objects/Webinar__c.object": _WEBINAR}
    )
    members = {"CustomObject": ["*", "Lead", "Contact"], "Layout": ["*"], "Settings": ["*"]}
    got, _ = retrieve(org, token, members)
    done = deploy(org, token, got)
    assert done["success"] == ["true"], messages(done, "componentFailures")
    assert {
        one["changed"][0]
        for one in messages(done, "componentSuccesses").values()
        if one["fullName"][0] != "package.xml"
    } == {"false"}


def test_definitions_survive_a_restart(tmp_path: Path) -> None:
    """Objects, fields with their values, layouts and deleted fields are as they were."""
    first = simulated.start(tmp_path)
    token = administrator(first)
    files = {"package.xml": manifest({"CustomObject": ["Webinar__c"]}), "objects/Webinar__c.object": _WEBINAR}
    assert deploy(first, token, files)["status"] == ["Succeeded"]
    create_field(first, token, "Lead.Grade__c", type="Number", precision=4, scale=1)
    gone = "<type>CustomField</type><fullNames>Lead.Lead_Score__c</fullNames>"
    call_metadata(first, token, "deleteMetadata", gone)
    lead = {"LastName": "A", "Company": "B", "Grade__c": 1.5}
    made = first.call("POST", "/sobjects/Lead", token=token, json=lead).json()["id"]
    first.stop()
    org = open_org(tmp_path, "developer-edition", None, Settings())
    try:
        fields = org.schema.get("Lead").fields
        assert ("grade__c" in fields, "lead_score__c" in fields) == (True, False)
        assert org.storage.get("Lead", made)["Grade__c"] == 1.5  # type: ignore[index]  # it is there
        assert org.schema.get("Webinar__c").fields["lead__c"].reference_to == ("Lead",)
        assert org.schema.get("Lead").find_child("Webinars__r") is not None
    finally:
        org.close()


def test_a_large_message_is_refused(org: Simulated) -> None:
    """More than a message may hold is a fault, whatever it says."""
    answer = post_metadata(org, b"<x>" + b" " * (52 * 1024 * 1024))
    assert answer.status_code == 500
    assert b"sf:LIMIT_EXCEEDED" in answer.content
    assert isinstance(answer, requests.Response)
