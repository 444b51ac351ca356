"""Clients that others wrote, unmodified and in environments of their own, on both roads, on good days and bad ones."""

from typing import Any

import pytest

from tests.clients import environments
from tests.simulated import Simulated

_ROADS = pytest.mark.parametrize("road", ["tls", "proxy"])
_DAYS = pytest.mark.parametrize("day", ["fair", pytest.param("hostile", marks=pytest.mark.nightly)])


def _begin(org: Simulated, day: str) -> None:
    if day == "hostile":
        org.control("POST", "faults", {"name": "hostile", "seed": 11})


def _end(org: Simulated, day: str) -> list[dict[str, Any]]:
    """The journal of the day; a hostile one has struck, a fair one has not."""
    org.control("DELETE", "faults")
    journal: list[dict[str, Any]] = org.control("GET", "journal")
    assert any(entry["fault"] for entry in journal) is (day == "hostile")
    return journal


def _stored(org: Simulated, name: str, key: str) -> dict[Any, dict[str, Any]]:
    rows = org.control("GET", f"export?objects={name}")[name]
    return {row[key]: row for row in rows if row[key] and not row["IsDeleted"]}


@_DAYS
@_ROADS
def test_aiosalesforce(org: Simulated, road: str, day: str) -> None:
    """Three logins, records, composite, batch, Bulk 2.0 and queries."""
    _begin(org, day)
    told = environments.run("aiosalesforce", "use_aiosalesforce.py", org, road)
    journal = _end(org, day)
    assert told["logins"] == dict.fromkeys(["jwt", "client_credentials", "soap"], org.facts["username"])
    assert told["got"] == {"Id": told["contact"], "Title": "CFO", "Email": "alone@example.com", "Name": "Alone"}
    found, wrong, error = told["batch"]
    assert (found, wrong, error[0]["errorCode"]) == (200, 400, "INVALID_FIELD")
    assert told["bulk"] == [30, "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --"]
    names = ["Alone", *(f"Bulk {n:03}" for n in range(30)), "Chief", "Deputy"]
    assert [name for name, _ in told["read"]] == names

    contacts = _stored(org, "Contact", "Syncline_Id__c")
    assert {key: row["LastName"] for key, row in contacts.items() if key.startswith("aio-")} == {
        key: name for name, key in told["read"]
    }
    assert contacts["aio-alone"]["Id"] == told["contact"]
    assert told["composite"] == [contacts["aio-chief"]["Id"], contacts["aio-deputy"]["Id"]]
    assert contacts["aio-deputy"]["ReportsToId"] == contacts["aio-chief"]["Id"]
    assert told["deleted"] not in _stored(org, "Account", "Id")
    for method, path in [
        ("POST", "/services/oauth2/token"), ("POST", "/services/Soap/u/"), ("PATCH", "/sobjects/Contact/"),
        ("DELETE", "/sobjects/Account/"), ("POST", "/composite"), ("POST", "/composite/batch"),
        ("PUT", "/batches"), ("GET", "/query"),
    ]:  # fmt: skip
        assert any(entry["method"] == method and path in entry["path"] for entry in journal), (method, path)
