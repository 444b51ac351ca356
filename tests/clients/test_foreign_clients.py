"""Clients that others wrote, unmodified and in environments of their own, on both roads, on good days and bad ones."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from simorg.hosting import Hosting, OrgOrder
from tests.clients import environments
from tests.clients.foreign import Day, every, spend, stored
from tests.clients.metadata import administrator, read_one
from tests.simulated import Simulated

_ROADS = pytest.mark.parametrize("road", ["tls", "proxy"])
_DAYS = pytest.mark.parametrize("day", ["fair", pytest.param("hostile", marks=pytest.mark.nightly)])
#: What django-salesforce makes of a usage header without numbers.
_USAGE = "not enough values to unpack"
#: What zeep makes of an answer that is no XML.
_ZEEP = "'NoneType' object has no attribute 'getroottree'"
#: What jsforce makes of an answer that it cannot read, or that does not come; after a 503 it sends an upload again,
#: which is empty then, since its stream was read.
_JSFORCE = "|".join(
    ["ERROR_HTTP_503", "ECONNRESET", "socket hang up", "Premature close", "Unexpected end of JSON", "results broke off",
     "Records not found"]
)  # fmt: skip
_REQUIRED = "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --"


@pytest.fixture(scope="module")
def hosted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Simulated]]:
    """A production org and its sandbox, by name."""
    hosting = Hosting(tmp_path_factory.mktemp("hosted"))
    for order in (OrgOrder("acme"), OrgOrder("acme--uat", sandbox=True)):
        hosting.add(order)
    pairs = zip(hosting.listed(), hosting.described(), strict=True)
    yield {server.org.name: Simulated(server, facts) for server, facts in pairs}
    hosting.close()


@pytest.fixture
def orgs(hosted: dict[str, Simulated]) -> dict[str, Simulated]:
    """The same, as after their start."""
    for one in hosted.values():
        one.control("POST", "reset")
    return hosted


def _check_requests(day: Day, *wanted: tuple[str, str]) -> None:
    for method, path in wanted:
        assert day.requests(method, path), (method, path)


@_DAYS
@_ROADS
def test_aiosalesforce(org: Simulated, road: str, day: str) -> None:
    """Three logins, records, composite, batch, Bulk 2.0 and queries."""
    spent = spend(org, "aiosalesforce", "use_aiosalesforce.py", road, day)
    told = spent.told
    assert told["logins"] == dict.fromkeys(["jwt", "client_credentials", "soap"], org.facts["username"])
    assert told["got"] == {"Id": told["contact"], "Title": "CFO", "Email": "alone@example.com", "Name": "Alone"}
    found, wrong, error = told["batch"]
    assert (found, wrong, error[0]["errorCode"]) == (200, 400, "INVALID_FIELD")
    assert told["bulk"] == [30, _REQUIRED]
    names = ["Alone", *(f"Bulk {n:03}" for n in range(30)), "Chief", "Deputy"]
    assert [name for name, _ in told["read"]] == names

    contacts = stored(org, "Contact", "Syncline_Id__c")
    assert {key: row["LastName"] for key, row in contacts.items() if key.startswith("aio-")} == {
        key: name for name, key in told["read"]
    }
    assert contacts["aio-alone"]["Id"] == told["contact"]
    assert told["composite"] == [contacts["aio-chief"]["Id"], contacts["aio-deputy"]["Id"]]
    assert contacts["aio-deputy"]["ReportsToId"] == contacts["aio-chief"]["Id"]
    assert told["deleted"] not in stored(org, "Account", "Id")
    _check_requests(
        spent, ("POST", "/services/oauth2/token"), ("POST", "/services/Soap/u/"), ("PATCH", "/sobjects/Contact/"),
        ("DELETE", "/sobjects/Account/"), ("POST", "/composite"), ("POST", "/composite/batch"), ("PUT", "/batches"),
        ("GET", "/query"),
    )  # fmt: skip


@_DAYS
@pytest.mark.parametrize(("name", "road"), [("acme", "tls"), ("acme", "proxy"), ("acme--uat", "proxy")])
def test_logins_of_simple_salesforce(orgs: dict[str, Simulated], name: str, road: str, day: str) -> None:
    """SOAP with token and from a trusted address, all OAuth flows, a session by its id; production and sandbox."""
    org = orgs[name]
    org.control("POST", "login-policy", {"trusted_ranges": [["127.0.0.1", "127.0.0.1"]]})
    spent = spend(org, "simple-salesforce", "use_simple_logins.py", road, day)
    who = org.facts["username"]
    host = org.facts["my_domain"]
    ways = [
        "soap", "soap at the My Domain", "soap from a trusted address", "oauth password",
        "oauth password at the My Domain", "jwt by a key file", "jwt by a key", "client credentials",
    ]  # fmt: skip
    assert spent.told["logins"] == {name: [who, host] for name in ways}
    assert set(spent.told["refused"].values()) == {"SalesforceAuthenticationFailed"}
    assert spent.told["session"] == [who, "SalesforceExpiredSession", True]
    if day == "fair":
        other = orgs["acme--uat" if name == "acme" else "acme"]
        assert other.control("GET", "journal") == []


@_DAYS
@_ROADS
def test_simple_salesforce(org: Simulated, road: str, day: str) -> None:
    """Describes, records, pages, Bulk 2.0 both ways with failed and unprocessed rows."""
    org.control("POST", "settings", {"bulk_batch_rows": 50})
    order = {"object_name": "Lead", "operation": "bulkBatch", "row_code": "TooManyLockFailure", "skip": 1}
    org.control("POST", "faults", {**order, "times": None, "title": "ordered"})
    try:
        spent = spend(org, "simple-salesforce", "use_simple_salesforce.py", road, day)
    finally:
        org.control("POST", "settings", {"bulk_batch_rows": 10_000})
    told = spent.told
    assert told["account"] == {"Name": "Short-lived Ltd", "Industry": "Energy", "Phone": "+43 1 234"}
    contact = {"Id": told["contact"]["Id"], "Name": "Alone", "Email": "alone@example.com", "Title": "CFO"}
    assert told["contact"] == contact
    malformed, missing = "SalesforceMalformedRequest", "SalesforceResourceNotFound"
    assert told["refused"] == {
        "without a name": malformed, "unknown field": malformed, "nobody": missing, "no such object": missing,
        "deleted": missing,
    }  # fmt: skip
    assert (told["deleted"], told["updated"]) == ([told["made"][-1], True], True)
    assert (told["load"], told["loaded"]) == (_REQUIRED, [f"ss-{n:03}" for n in range(450)])
    assert told["update"] == 2
    assert (told["same"], told["with deleted"]) == (dict.fromkeys(["all", "bulk", "file"], True), [451, 451])
    assert told["described"] == {
        "objects": ["Account", "Campaign", "Contact", "Lead"], "types": ["id", "email", "reference", "string"],
        "prefix": "003", "layout": ["buttonLayoutSection", "detailLayoutSections", "editLayoutSections"],
        "limit": 15_000, "usage": 15_000, "sandbox": False, "composite": [200, 404],
    }  # fmt: skip

    contacts = stored(org, "Contact", "Syncline_Id__c")
    mine = sorted(row["LastName"] for key, row in contacts.items() if key.startswith("ss-"))
    assert told["names"] == mine
    assert len(mine) == 450
    assert contacts["ss-alone"]["Id"] == contact["Id"]
    people = {row["Id"]: row for row in every(org, "Contact")}
    assert [people[one]["IsDeleted"] for one in told["removed"]] == [True]
    _check_made_once(org, spent)
    _check_broken_jobs(org, told, day)
    _check_requests(
        spent, ("GET", "/sobjects/Contact/describe/layouts/"), ("GET", "/sobjects/Account/deleted"), ("GET", "/limits"),
        ("GET", "/sobjects/Contact/Syncline_Id__c/"), ("PUT", "/batches"), ("GET", "/unprocessedRecords"),
        ("GET", "/jobs/query/"), ("POST", "/composite"), ("GET", "/queryAll"),
    )  # fmt: skip
    by_locator = [one for one in spent.requests("GET", "/query/") if not one["query"]]
    assert len(by_locator) >= 4


def _check_made_once(org: Simulated, spent: Day) -> None:
    """Each create that took effect made one record; those whose answer arrived are told."""
    made = [row["Id"] for row in every(org, "Account") if row["Name"] == "Short-lived Ltd"]
    assert len(made) == len(spent.requests("POST", "/sobjects/Account/", 201))
    assert set(spent.told["made"]) <= set(made)


def _check_broken_jobs(org: Simulated, told: dict[str, Any], day: str) -> None:
    """What the parts of jobs that ended on the way tell is what is stored: no row of the rest."""
    assert (told["wrong header"], told["broken"]) == ("SalesforceOperationError", "SalesforceOperationError")
    if day == "fair":
        assert told["counted"] == [2, 451]
        assert [[len(part) for part in job] for job in told["parts"]] == [[50, 0, 30]]
    for job in told["parts"]:
        assert sorted(name for part in job for name in part) == [f"Left {n:02}" for n in range(80)]
    good = {name for job in told["parts"] for name in job[0]}
    assert {row["LastName"] for row in every(org, "Lead") if row["Company"] == "Leftover"} == good


@_DAYS
@_ROADS
def test_metadata_of_simple_salesforce(org: Simulated, road: str, day: str) -> None:
    """The Metadata API through zeep and the client's WSDL: an object of one's own, its rights, a deploy, a retrieve."""
    spent = spend(org, "simple-salesforce", "use_simple_metadata.py", road, day, documented=_ZEEP)
    told = spent.told
    assert told.pop("visit")[1] == 12.0
    assert told == {
        "object": ["Visit__c", "Visits", ["Guests__c"]], "precision": 8, "set": "Visit__c.Guests__c",
        "refused": "Exception", "types": ["CustomObject", "Layout", "PermissionSet", "Profile"], "listed": True,
        "value type": "fullName", "profile": "Admin", "deployed": ["Succeeded", "1"],
        "retrieved": ["Succeeded", [], ["objects/Lead.object", "package.xml"], True], "gone": True,
    }  # fmt: skip
    token = administrator(org)
    assert read_one(org, token, "CustomField", "Lead.One__c")["length"] == ["40"]
    assert read_one(org, token, "CustomObject", "Visit__c") is None
    grants = [row for row in every(org, "PermissionSet") if row["Name"] == "Visitors"]
    assert len(grants) == 1
    assigned = [row["PermissionSetId"] for row in every(org, "PermissionSetAssignment")]
    assert assigned.count(grants[0]["Id"]) == 1
    changed = [one["path"].split("/")[1:] for one in spent.requests("SETUP", "", 200)]
    wanted = [
        ["CustomObject", "Visit__c"], ["CustomField", "Visit__c.Guests__c"], ["PermissionSet", "Visitors"],
        ["CustomField", "Lead.One__c"], ["CustomObject", "Visit__c"],
    ]  # fmt: skip
    assert changed == wanted if day == "fair" else {*map(tuple, changed)} == {*map(tuple, wanted)}


@_ROADS
def test_authlib(org: Simulated, road: str) -> None:
    """The web server flow with a proof key through the pages, an id token, a refresh that rotates, and revoking."""
    org.control("POST", "apps", {"client_id": "default", "rotation": True, "require_pkce": True})
    told = environments.run("authlib", "use_authlib.py", org, road)
    assert told["username"] == org.facts["administrator"]["username"]
    assert told["claims"] == {"sub": told["id"], "aud": org.facts["client_id"], "nonce": "n-0S6_WzA2Mj"}
    assert (told["refreshed"], told["rotated"], told["statuses"]) == (True, True, [200, 200, 401])
    paths = [entry["path"] for entry in org.control("GET", "journal")]
    for path in ("/services/oauth2/authorize", "/login", "/services/oauth2/token", "/services/oauth2/revoke"):
        assert path in paths


@_DAYS
@_ROADS
def test_django_salesforce(org: Simulated, road: str, day: str) -> None:
    """On Django 4.2: models written by inspectdb for every object, records, collections, querysets and pages."""
    org.control("POST", "settings", {"page_rows": 200})
    try:
        spent = spend(org, "django-salesforce", "use_django_salesforce.py", road, day, documented=_USAGE)
    finally:
        org.control("POST", "settings", {"page_rows": 2_000})
    told = spent.told
    refused = {"wrong": "SalesforceAuthError", "soap": "SalesforceAuthError"}
    assert told["logins"] == {
        "username": org.facts["username"], "version": "68.0", "identity": True, "refused": refused,
        "organization": "Simulated Org",
    }  # fmt: skip
    objects, classes, metas = told["models"]
    assert {"Account", "Campaign", "CampaignMember", "Contact", "Lead", "Opportunity", "Task", "User"} <= set(objects)
    assert classes == metas == len(objects)
    (key,) = told["key"]
    assert key.startswith("syncline_id = models.CharField(db_column='Syncline_Id__c', unique=True, max_length=36, ")
    records = told["records"]
    assert records["contact"][1:] == ["O'Neil \\ Söhne", "one@example.com", "CFO", "Django Ltd"]
    assert (records["account"], records["reverse"]) == ("Energy", ["O'Neil \\ Söhne"])
    assert records["refused"] == {"no name": "SalesforceError", "nobody": "DoesNotExist"}
    assert (records["left"], records["deleted"]) == (0, [True])
    assert told["many"] == {"updated": 250, "changed": 50, "all or none": "SalesforceError"}
    keys = [f"dj-{n:03}" for n in range(445)]
    assert told["queries"] == {
        "keys": keys, "count": 445, "slice": ["Many 003", "Many 004", "Many 005"], "either": 45,
        "titles": [["Last", 45], ["New", 400]], "long": 445, "pages of a long one": 445, "no email": 445,
        "related": 0, "raw": ["Many 007"], "cursor": ["Many 008", None],
    }  # fmt: skip

    _check_django_state(org, spent, keys)
    _check_requests(
        spent, ("POST", "/composite/sobjects"), ("PATCH", "/composite/sobjects"), ("DELETE", "/composite/sobjects"),
        ("GET", "/queryAll"),
        ("GET", "/sobjects/Contact/describe"), ("GET", f"/id/{org.facts['org_id']}"),
    )  # fmt: skip
    assert len([one for one in spent.requests("GET", "/query/") if not one["query"]]) >= 4
    # A query that is too long for an address goes within a composite request.
    assert [one for one in spent.requests("POST", "/composite", 200) if one["path"].endswith("/composite")]


def _check_django_state(org: Simulated, spent: Day, keys: list[str]) -> None:
    """Each row as it was last written, nothing of what was refused, and each create made one record."""
    contacts = {key: row for key, row in stored(org, "Contact", "Syncline_Id__c").items() if key.startswith("dj-")}
    assert {key: (row["LastName"], row["Title"], row["Description"]) for key, row in contacts.items()} == {
        key: (f"Many {n:03}", "Last" if n >= 400 else "New", f"is Many {n:03}" if n < 250 else None)
        for n, key in enumerate(keys)
    }
    people = every(org, "Contact")
    assert not [row for row in people if row["LastName"] == "Half" or row["FirstName"] == "Nameless"]
    gone = {row["Syncline_Id__c"] for row in people if row["IsDeleted"]}
    assert {"dj-one", *(f"dj-{n}" for n in range(445, 450))} <= gone
    made = {row["Id"]: row["IsDeleted"] for row in every(org, "Account") if row["Name"] == "Django Ltd"}
    assert made[spent.told["records"]["made"][-1]] == 1
    assert len(made) == len(spent.requests("POST", "/sobjects/Account", 201))


@pytest.mark.skipif(shutil.which("npm") is None, reason="Node.js with npm is not installed")
@_DAYS
@_ROADS
def test_jsforce(org: Simulated, road: str, day: str) -> None:
    """On Node: four logins, records, collections, queries, Bulk 2.0, metadata by its own SOAP reader, Tooling."""
    spent = spend(org, "jsforce", "use_jsforce.cjs", road, day, documented=_JSFORCE)
    told = spent.told
    ways = ["soap", "password", "jwt", "client credentials"]
    assert told["logins"] == dict.fromkeys(ways, org.facts["username"])
    assert (told["refused"], told["renewed"]) == ({"soap": "Error", "password": "invalid_grant"}, True)
    records = told["records"]
    assert records["contact"][1:] == ["Alone", "alone@example.com", "CFO"]
    assert records["refused"] == {
        "unnamed": "REQUIRED_FIELD_MISSING", "nobody": "NOT_FOUND", "field": "INVALID_FIELD",
    }  # fmt: skip
    half = ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    assert told["collections"] == {"upserted": 450, "read": [f"Many {n:03}" for n in range(3)], "half": half}
    assert told["bulk"] == {"good": 30, "error": _REQUIRED}
    queries = told["queries"]
    assert queries.pop("names") == ["Alone", *(f"Many {n:03}" for n in range(445))]
    assert queries == {"followed": 446, "built": 5, "bulk": 446, "objects": True, "key": True, "limit": 15_000}
    assert told["metadata"] == {
        "read": ["Lead.Rank__c", 6], "twice": "DUPLICATE_DEVELOPER_NAME", "tooling": ["Rank"], "types": True,
    }  # fmt: skip

    contacts = {key: row for key, row in stored(org, "Contact", "Syncline_Id__c").items() if key.startswith("js-")}
    names = {"js-alone": "Alone", **{f"js-{n:03}": f"Many {n:03}" for n in range(445)}}
    assert {key: row["LastName"] for key, row in contacts.items()} == names
    assert contacts["js-alone"]["Id"] == records["contact"][0]
    assert not [row for row in every(org, "Contact") if row["LastName"] == "Half" or row["FirstName"] == "Nameless"]
    loaded = [row["LastName"] for row in every(org, "Lead") if row["Company"] == "Loaded"]
    assert sorted(loaded) == sorted(f"Load {n}" for n in range(30))
    assert records["gone"] not in stored(org, "Account", "Id")
    assert read_one(org, administrator(org), "CustomField", "Lead.Rank__c")["precision"] == ["6"]
    _check_requests(
        spent, ("PATCH", "/composite/sobjects/Contact/Syncline_Id__c"), ("POST", "/composite/sobjects/Contact"),
        ("DELETE", "/composite/sobjects"), ("PUT", "/batches"), ("GET", "/jobs/query/"), ("GET", "/tooling/query"),
        ("POST", "/services/Soap/m/62.0"), ("POST", "/services/oauth2/revoke"),
    )  # fmt: skip
