"""simple-salesforce's Metadata API, unmodified: zeep judges every answer by the WSDL that the client brings.

zeep has a session of its own: over TLS it is told the instance's address, over the proxy it has the environment's.
"""

import io
import json
import sys
import zipfile
from typing import Any

from again import again, failures, refusal
from simple_roads import Kept, by_password, by_session
from simple_salesforce import Salesforce

_OBJECT = "Visit__c"
_PACKAGE = """<?xml version="1.0" encoding="UTF-8"?>
<Package xmlns="http://soap.sforce.com/2006/04/metadata">
<types><members>Lead.One__c</members><name>CustomField</name></types><version>59.0</version></Package>"""
_LEAD = """<?xml version="1.0" encoding="UTF-8"?>
<CustomObject xmlns="http://soap.sforce.com/2006/04/metadata"><fields><fullName>One__c</fullName>
<label>One</label><type>Text</type><length>40</length></fields></CustomObject>"""


def choose(sf: Salesforce, kind: str, value: str) -> Any:
    """A value of one of the WSDL's lists."""
    return sf.mdapi._client.get_type(f"ns0:{kind}")(value)


def number(sf: Salesforce, full_name: str, precision: int = 6) -> Any:
    """A field for whole numbers."""
    kind = choose(sf, "FieldType", "Number")
    return sf.mdapi.CustomField(fullName=full_name, label="Grade", type=kind, precision=precision, scale=0)


def make_object(sf: Salesforce) -> None:
    """An object with a field; one that is there since a step without an answer is as good."""
    name = sf.mdapi.CustomField(label="Visit Name", type=choose(sf, "FieldType", "Text"))
    made = sf.mdapi.CustomObject(
        fullName=_OBJECT, label="Visit", pluralLabel="Visits", nameField=name, fields=[number(sf, "Guests__c")],
        deploymentStatus=choose(sf, "DeploymentStatus", "Deployed"),
        sharingModel=choose(sf, "SharingModel", "ReadWrite"),
    )  # fmt: skip
    sf.mdapi.CustomObject.upsert([made])


def grant(sf: Salesforce) -> None:
    """A permission set that shows the field, assigned to oneself: an object's new field is nobody's."""
    api = sf.mdapi
    kinds = {
        name: api._client.get_type(f"ns0:PermissionSet{name}") for name in ("FieldPermissions", "ObjectPermissions")
    }
    rights = dict.fromkeys(
        ["allowCreate", "allowDelete", "allowEdit", "allowRead", "modifyAllRecords", "viewAllRecords"], True
    )
    fields = [kinds["FieldPermissions"](editable=True, field=f"{_OBJECT}.Guests__c", readable=True)]
    objects = [kinds["ObjectPermissions"](object=_OBJECT, **rights)]
    api.PermissionSet.upsert(
        [api.PermissionSet(fullName="Visitors", label="Visitors", fieldPermissions=fields, objectPermissions=objects)]
    )
    me = sf.oauth2("userinfo")["user_id"]
    (found,) = sf.query("SELECT Id FROM PermissionSet WHERE Name = 'Visitors'")["records"]
    try:
        sf.PermissionSetAssignment.create({"AssigneeId": me, "PermissionSetId": found["Id"]})
    except Exception as error:
        if "DUPLICATE_VALUE" not in str(error):
            raise


def use_components(admin: Kept) -> dict[str, Any]:
    """Make, read, change, refuse; the new object is used by REST at once."""
    told: dict[str, Any] = {}
    again(lambda: make_object(admin()))
    read = again(lambda: admin().mdapi.CustomObject.read([_OBJECT]))
    told["object"] = [read.fullName, read.pluralLabel, [one.fullName for one in read.fields]]
    again(lambda: admin().mdapi.CustomField.update([number(admin(), f"{_OBJECT}.Guests__c", 8)]))
    told["precision"] = again(lambda: admin().mdapi.CustomField.read([f"{_OBJECT}.Guests__c"])).precision
    again(lambda: grant(admin()))
    told["set"] = again(lambda: admin().mdapi.PermissionSet.read(["Visitors"])).fieldPermissions[0].field

    def visit() -> list[Any]:
        made = admin().Visit__c.create({"Name": "First", "Guests__c": 12})["id"]
        return [made, admin().Visit__c.get(made)["Guests__c"]]

    told["visit"] = again(visit)
    told["refused"] = refusal(lambda: admin().mdapi.CustomField.create([number(admin(), f"{_OBJECT}.Guests__c")]),
                              "DUPLICATE_DEVELOPER_NAME")  # fmt: skip
    return told


def use_descriptions(admin: Kept) -> dict[str, Any]:
    """What types there are, and what of them."""
    types = again(lambda: [one.xmlName for one in admin().mdapi.describe_metadata().metadataObjects])

    def listed() -> list[str]:
        query = admin().mdapi._client.get_type("ns0:ListMetadataQuery")
        return [one.fullName for one in admin().mdapi.list_metadata([query(type="CustomObject")])]

    return {
        "types": sorted({"CustomObject", "Layout", "PermissionSet", "Profile"} & set(types)),
        "listed": _OBJECT in again(listed),
        "value type": again(lambda: admin().mdapi.CustomField.describe()).valueTypeFields[0].name,
        "profile": again(lambda: admin().mdapi.Profile.read(["Admin"])).fullName,
    }


def use_files(admin: Kept) -> dict[str, Any]:
    """Deploy a zip and follow it; retrieve what it brought."""

    def deploy() -> list[Any]:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("package.xml", _PACKAGE)
            archive.writestr("objects/Lead.object", _LEAD)
        packed.seek(0)
        started = admin().deploy(packed, sandbox=False)
        status = follow(lambda: admin().checkDeployStatus(started["asyncId"]), lambda one: one["state"])
        return [status["state"], status["deployment_detail"]["deployed_count"]]

    def retrieve() -> list[Any]:
        number, _ = admin().mdapi.retrieve("", unpackaged={"CustomField": ["Lead.One__c"]})
        follow(lambda: admin().mdapi.check_retrieve_status(number), lambda one: one[0])
        state, _, messages, zipped = admin().mdapi.retrieve_zip(number)
        with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
            return [state, messages, archive.namelist(), "One__c" in archive.read("objects/Lead.object").decode()]

    return {"deployed": again(deploy), "retrieved": again(retrieve)}


def follow(ask: Any, state: Any) -> Any:
    """The first answer that says an end; each answer is asked for anew when it fails."""
    for _ in range(2_000):
        said = again(ask)
        if state(said) not in ("Pending", "InProgress", "Queued"):
            return said
    raise AssertionError("did not end")


def use(facts: dict[str, Any]) -> dict[str, Any]:
    """Does it all, and takes the object away again."""
    # zeep has no way to log in again.
    admin = Kept(lambda: by_session(facts, by_password(facts, "administrator").session_id))
    told = use_components(admin) | use_descriptions(admin) | use_files(admin)

    def take_away() -> bool:
        admin().mdapi.CustomObject.delete([_OBJECT])
        return admin().mdapi.CustomObject.read([_OBJECT]).fullName is None

    return told | {"gone": again(take_away)}


print(json.dumps({**use(json.load(sys.stdin)), "failures": failures}))
