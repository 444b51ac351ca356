"""The rules of composite and batch that a client meets only when it is wrong, and conditions on records and parts."""

from typing import Any

import pytest

from tests.simulated import Simulated

_DATA = "/services/data/v64.0"


@pytest.fixture
def token(org: Simulated) -> str:
    return org.log_in()


def _part(**more: Any) -> dict[str, Any]:
    return {"referenceId": "r", "method": "GET", "url": f"{_DATA}/limits", **more}


@pytest.mark.parametrize(
    "body",
    [
        {"compositeRequest": [_part(referenceId="a-b")]},
        {"compositeRequest": [_part(referenceId="a.b")]},
        {"compositeRequest": [_part(referenceId="ä")]},
        {"compositeRequest": [_part(method="get")]},
        {"compositeRequest": [_part(method="HEAD")]},
        {"compositeRequest": [_part()], "allOrNone": "true"},
        {"compositeRequest": [_part()], "collateSubrequests": 1},
    ],
)
def test_a_composite_that_cannot_be_read(org: Simulated, token: str, body: dict[str, Any]) -> None:
    answer = org.call("POST", "/composite", token=token, json=body)
    assert answer.status_code == 400
    assert {"message", "errorCode"} == set(answer.json()[0])


@pytest.mark.parametrize("switch", [True, False, None])
def test_collating_changes_no_result(org: Simulated, token: str, switch: bool | None) -> None:
    parts = [_part(referenceId="First_1"), _part(referenceId="second", url=f"{_DATA}/sobjects/Lead/x")]
    body = {"collateSubrequests": switch, "compositeRequest": parts}
    answers = org.call("POST", "/composite", token=token, json=body).json()["compositeResponse"]
    assert [(one["referenceId"], one["httpStatusCode"]) for one in answers] == [("First_1", 200), ("second", 404)]


@pytest.mark.parametrize(
    "path",
    ["/composite", "/composite/batch", "/composite/tree/Lead", "/composite/graph", "/jobs/query", "/search?q=x"],
)
def test_what_is_no_part_or_not_there(org: Simulated, token: str, path: str) -> None:
    body = {"compositeRequest": [_part(method="POST", url=_DATA + path, body={})]}
    (answer,) = org.call("POST", "/composite", token=token, json=body).json()["compositeResponse"]
    assert answer["httpStatusCode"] == 404


@pytest.mark.parametrize("place", ["/composite/tree/Lead", "/composite/graph", "/search", "/parameterizedSearch"])
def test_places_left_open(org: Simulated, token: str, place: str) -> None:
    assert org.call("POST", place, token=token, json={}).json()[0]["errorCode"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("v64.0/limits", 200), ("/services/data/v34.0/limits", 200), ("services/data/v63.0/limits", 200),
        ("v33.0/limits", 400), ("v65.0/limits", 400), ("limits", 404), ("/services/oauth2/userinfo", 404),
        ("v64.0/../../oauth2/userinfo", 404), ("//services/data/v64.0/limits", 404),
    ],
)  # fmt: skip
def test_versions_of_a_batch(org: Simulated, token: str, url: str, status: int) -> None:
    body = {"batchRequests": [{"method": "GET", "url": url}]}
    (result,) = org.call("POST", "/composite/batch", token=token, json=body).json()["results"]
    assert result["statusCode"] == status


def test_a_batch_that_cannot_be_read_does_nothing(org: Simulated, token: str) -> None:
    made = {"method": "POST", "url": "v64.0/sobjects/Account", "richInput": {"Name": "Batch Ltd"}}
    body = {"batchRequests": [made, {"method": "fetch", "url": "v64.0/limits"}]}
    assert org.call("POST", "/composite/batch", token=token, json=body).status_code == 400
    soql = {"q": "SELECT count() FROM Account WHERE Name = 'Batch Ltd'"}
    assert org.call("GET", "/query", token=token, params=soql).json()["totalSize"] == 0


def test_each_part_of_a_batch_is_a_call(org: Simulated, token: str) -> None:
    before = org.org.requests_used
    body = {"batchRequests": [{"method": "GET", "url": "v64.0/limits"}] * 7}
    assert org.call("POST", "/composite/batch", token=token, json=body).json()["hasErrors"] is False
    assert org.org.requests_used - before == 7
    assert org.org.journal.entries(path="/composite/batch")[-1].cost == 7
    org.org.settings.daily_requests = org.org.requests_used + 2
    try:
        results = org.call("POST", "/composite/batch", token=token, json=body).json()["results"]
    finally:
        org.org.settings.daily_requests = 15_000_000
    assert [one["statusCode"] for one in results] == [200, 200, *[403] * 5]


def test_the_tag_of_an_account(org: Simulated, token: str) -> None:
    made = org.call("POST", "/sobjects/Account", token=token, json={"Name": "Tagged Ltd"}).json()["id"]
    path = f"/sobjects/Account/{made}"

    def ask(method: str, **headers: str) -> int:
        body = {"Phone": "1"} if method == "PATCH" else None
        return org.call(method, path, token=token, json=body, headers=headers).status_code

    tag = org.call("GET", path, token=token).headers["ETag"]
    assert ask("GET", **{"If-None-Match": tag}) == 304
    assert ask("GET", **{"If-None-Match": '"other"'}) == 200
    assert ask("GET", **{"If-Match": '"other"'}) == 412
    assert ask("PATCH", **{"If-Match": '"other"'}) == 412
    assert ask("PATCH", **{"If-None-Match": tag}) == 412
    assert ask("PATCH", **{"If-Match": f'"other", {tag}'}) == 204
    assert ask("PATCH", **{"If-Match": tag}) == 412
    part = _part(url=_DATA + path, httpHeaders={"If-None-Match": org.call("GET", path, token=token).headers["ETag"]})
    (answer,) = org.call("POST", "/composite", token=token, json={"compositeRequest": [part]}).json()[
        "compositeResponse"
    ]
    assert (answer["httpStatusCode"], answer["body"]) == (304, None)
    assert "ETag" not in org.call("GET", "/sobjects/Lead/" + _lead(org), token=token).headers


def _lead(org: Simulated) -> str:
    row = org.org.storage.read_one('SELECT "Id" FROM "Lead" LIMIT 1')
    assert row is not None
    return str(row[0])


def test_dates_as_conditions(org: Simulated, token: str) -> None:
    path, past, future = (
        f"/sobjects/Lead/{_lead(org)}",
        "Mon, 01 Jan 2001 00:00:00 GMT",
        "Tue, 01 Jan 2097 00:00:00 GMT",
    )

    def ask(method: str, **headers: str) -> int:
        body = {"Title": "x"} if method == "PATCH" else None
        return org.call(method, path, token=token, json=body, headers=headers).status_code

    assert ask("GET", **{"If-Unmodified-Since": past}) == 412
    assert ask("GET", **{"If-Unmodified-Since": future}) == 200
    assert ask("GET", **{"If-Modified-Since": future}) == 304
    assert ask("PATCH", **{"If-Unmodified-Since": past}) == 412
    assert ask("PATCH", **{"If-Modified-Since": future}) == 412
    assert ask("PATCH", **{"If-Unmodified-Since": "yesterday"}) == 400
    assert ask("PATCH", **{"If-Unmodified-Since": future}) == 204


@pytest.mark.parametrize(("asked", "rows"), [("batchSize=200", 200), ("batchSize=1", 200), ("batchSize = 500", 500),
                                             ("batchSize=9999", 1_200), ("nonsense", 1_200)])  # fmt: skip
def test_the_size_of_a_page(served_people: Simulated, asked: str, rows: int) -> None:
    headers = {"Sforce-Query-Options": asked, "Sforce-Call-Options": "client=tests, defaultNamespace=none"}
    soql = {"q": "SELECT Id FROM Lead LIMIT 1200"}
    page = served_people.call("GET", "/query", params=soql, headers=headers).json()
    assert len(page["records"]) == rows
