"""Several requests in one, over HTTP: references, all or none, limits, and the batch of independent parts."""

from typing import Any

import pytest

from tests.simulated import Simulated

_DATA = "/services/data/v64.0"
_ROLLED_BACK = [
    {
        "message": "We rolled back the transaction since another operation in the same transaction failed.",
        "errorCode": "PROCESSING_HALTED",
    }
]


@pytest.fixture
def token(org: Simulated) -> str:
    return org.log_in()


def _part(reference: str, method: str, path: str, body: object = None, **more: Any) -> dict[str, Any]:
    part = {"referenceId": reference, "method": method, "url": _DATA + path, **more}
    return part if body is None else {**part, "body": body}


def _send(org: Simulated, token: str, *parts: dict[str, Any], all_or_none: object = False) -> list[dict[str, Any]]:
    body = {"allOrNone": all_or_none, "compositeRequest": parts}
    answer = org.call("POST", "/composite", token=token, json=body)
    assert answer.status_code == 200, answer.text
    answers: list[dict[str, Any]] = answer.json()["compositeResponse"]
    assert [one["referenceId"] for one in answers] == [part["referenceId"] for part in parts]
    assert all(set(one) == {"body", "httpHeaders", "httpStatusCode", "referenceId"} for one in answers)
    return answers


def _refused(org: Simulated, token: str, *parts: object) -> None:
    answer = org.call("POST", "/composite", token=token, json={"compositeRequest": parts})
    assert answer.status_code == 400
    assert {"message", "errorCode"} <= set(answer.json()[0])


def _account(name: str = "Composite Ltd") -> dict[str, Any]:
    return _part("account", "POST", "/sobjects/Account", {"Name": name})


def _query(reference: str, soql: str) -> dict[str, Any]:
    return _part(reference, "GET", f"/query?q={soql.replace(' ', '+')}")


def _count(org: Simulated, token: str, name: str = "Composite Ltd") -> int:
    soql = f"SELECT count() FROM Account WHERE Name = '{name}'"
    return int(org.call("GET", "/query", token=token, params={"q": soql}).json()["totalSize"])


def test_references_in_bodies_and_addresses(org: Simulated, token: str) -> None:
    answers = _send(
        org,
        token,
        _account(),
        _part("contact", "POST", "/sobjects/Contact", {"LastName": "Moss", "AccountId": "@{account.id}"}),
        _part("read", "GET", "/sobjects/Contact/@{contact.id}?fields=AccountId"),
        _query("found", "SELECT Id, Name FROM Account WHERE Id = '@{account.id}'"),
        _part("lead", "POST", "/sobjects/Lead", {"LastName": "M", "Company": "To @{found.records[0].Name}!"}),
        _part("both", "POST", "/composite/sobjects/Account", {"ids": ["@{account.id}"], "fields": ["Name"]}),
        _part("named", "PATCH", "/sobjects/Lead/@{lead.id}", {"Title": "@{both[0].Name}"}),
    )
    assert [one["httpStatusCode"] for one in answers] == [201, 201, 200, 200, 201, 200, 204]
    assert answers[0]["httpHeaders"]["Location"] == f"{_DATA}/sobjects/Account/{answers[0]['body']['id']}"
    assert answers[2]["body"]["AccountId"] == answers[0]["body"]["id"]
    assert answers[6]["body"] is None
    lead = org.call("GET", f"/sobjects/Lead/{answers[4]['body']['id']}", token=token).json()
    assert (lead["Company"], lead["Title"]) == ("To Composite Ltd!", "Composite Ltd")


def test_parts_fail_alone(org: Simulated, token: str) -> None:
    answers = _send(
        org,
        token,
        _part("bad", "POST", "/sobjects/Account", {}),
        _account(),
        _part("after", "GET", "/sobjects/Account/@{bad.id}"),
    )
    assert answers[0]["body"] == [
        {
            "message": "Required fields are missing: [Name]",
            "errorCode": "REQUIRED_FIELD_MISSING",
            "fields": ["Name"],
        }
    ]
    assert [one["httpStatusCode"] for one in answers] == [400, 201, 400]
    assert answers[2]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert "bad" in answers[2]["body"][0]["message"]
    assert _count(org, token) == 1


def test_all_or_none_rolls_back_what_was_done_and_does_nothing_more(org: Simulated, token: str) -> None:
    answers = _send(
        org,
        token,
        _account(),
        _part("bad", "POST", "/sobjects/Contact", {"AccountId": "@{account.id}"}),
        _part("never", "POST", "/sobjects/Account", {"Name": "Composite Ltd"}),
        all_or_none=True,
    )
    assert [one["httpStatusCode"] for one in answers] == [400, 400, 400]
    assert answers[0]["body"] == answers[2]["body"] == _ROLLED_BACK
    assert answers[1]["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert _count(org, token) == 0


def test_all_or_none_keeps_what_succeeds_as_one(org: Simulated, token: str) -> None:
    soql = "SELECT Name, SystemModstamp FROM Account WHERE Name = 'Composite Ltd'"
    answers = _send(
        org,
        token,
        _account(),
        _part("again", "POST", "/sobjects/Account", {"Name": "Composite Ltd"}),
        _query("seen", soql),
        all_or_none=True,
    )
    assert [one["httpStatusCode"] for one in answers] == [201, 201, 200]
    assert answers[2]["body"]["totalSize"] == 2
    assert len({one["SystemModstamp"] for one in answers[2]["body"]["records"]}) == 1
    assert _count(org, token) == 2


def test_the_outer_all_or_none_goes_before_a_collections_own(org: Simulated, token: str) -> None:
    good, bad = ({"attributes": {"type": "Account"}, **values} for values in ({"Name": "Composite Ltd"}, {}))
    part = _part("rows", "POST", "/composite/sobjects", {"allOrNone": False, "records": [good, bad]})
    answers = _send(org, token, part, _account(), all_or_none=True)
    codes = [item["errors"][0]["statusCode"] for item in answers[0]["body"]]
    assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    assert answers[1]["body"] == _ROLLED_BACK
    assert _count(org, token) == 0
    alone = _send(org, token, part, all_or_none=None)
    assert [item["success"] for item in alone[0]["body"]] == [True, False]
    assert _count(org, token) == 1


def test_a_composite_is_one_call(org: Simulated, token: str) -> None:
    def used() -> int:
        header = org.call("GET", "/limits", token=token).headers["Sforce-Limit-Info"]
        return int(header.removeprefix("api-usage=").partition("/")[0])

    before = used()
    _send(org, token, *(_part(f"r{number}", "GET", "/limits") for number in range(25)))
    assert used() == before + 2


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [_part(f"r{number}", "GET", "/limits") for number in range(26)],
        [_query(f"r{number}", "SELECT Id FROM Lead LIMIT 1") for number in range(6)],
        [_part("same", "GET", "/limits"), _part("same", "GET", "/limits")],
        [{"method": "GET", "url": f"{_DATA}/limits"}],
        [_part("r", "GET", "/limits", httpHeaders={"Authorization": "Bearer x"})],
        [_part("r", "GET", "/limits", httpHeaders={"content-type": "text/csv"})],
        [_part("r", "GET", "/limits", httpHeaders=5)],
        [5],
    ],
)
def test_refused_composites(org: Simulated, token: str, parts: list[object]) -> None:
    _refused(org, token, *parts)


def test_five_queries_are_allowed(org: Simulated, token: str) -> None:
    answers = _send(org, token, *(_query(f"r{number}", "SELECT Id FROM Lead LIMIT 1") for number in range(5)))
    assert [one["httpStatusCode"] for one in answers] == [200] * 5


@pytest.mark.parametrize("path", ["/services/oauth2/userinfo", "/__org__/state", f"{_DATA}/composite/batch", "/x"])
def test_only_data_can_be_a_part(org: Simulated, token: str, path: str) -> None:
    (answer,) = _send(org, token, {"referenceId": "r", "method": "GET", "url": path})
    assert answer["httpStatusCode"] == 404
    batch = {"batchRequests": [{"method": "GET", "url": path}]}
    assert org.call("POST", "/composite/batch", token=token, json=batch).json()["results"][0]["statusCode"] == 404


def test_headers_of_parts(org: Simulated, token: str) -> None:
    lead = org.call("POST", "/sobjects/Lead", token=token, json={"LastName": "M", "Company": "C"}).json()["id"]
    path = f"/sobjects/Lead/{lead}"
    seen = org.call("GET", path, token=token).headers["Last-Modified"]
    conditions = {"httpHeaders": {"If-Modified-Since": seen}}
    answers = _send(org, token, _part("read", "GET", path, **conditions), _part("plain", "GET", path))
    assert (answers[0]["httpStatusCode"], answers[0]["body"]) == (304, None)
    assert answers[1]["httpStatusCode"] == 200
    org.org.clock.advance(10)
    guard = {"httpHeaders": {"If-Unmodified-Since": seen}}
    changes = [_part(f"w{number}", "PATCH", path, {"Title": "x"}, **guard) for number in range(2)]
    assert [one["httpStatusCode"] for one in _send(org, token, *changes)] == [204, 412]


def test_the_assignment_header_holds_for_the_parts(org: Simulated, token: str) -> None:
    colleague = org.org.users.logins["colleague"].user_id
    settings = org.org.settings
    settings.assignment_source, settings.assignment_owner = "Web", colleague
    person = {"LastName": "M", "Company": "C", "LeadSource": "Web"}
    try:
        body = {"compositeRequest": [_part("r", "POST", "/sobjects/Lead", person)]}
        answers = [
            org.call("POST", "/composite", token=token, json=body, headers=headers).json()["compositeResponse"][0]
            for headers in ({}, {"Sforce-Auto-Assign": "FALSE"})
        ]
    finally:
        settings.assignment_source, settings.assignment_owner = None, None
    ids = [one["body"]["id"] for one in answers]
    asked = {"ids": ids, "fields": ["OwnerId"]}
    owners = [one["OwnerId"] for one in org.call("POST", "/composite/sobjects/Lead", token=token, json=asked).json()]
    assert owners[0] == colleague
    assert owners[1] != colleague


def test_a_batch(org: Simulated, token: str) -> None:
    parts = [
        {"method": "POST", "url": "v64.0/sobjects/Account", "richInput": {"Name": "Composite Ltd"}},
        {"method": "GET", "url": "/services/data/v64.0/sobjects/Account/001gK00000zzzzz"},
        {"method": "GET", "url": "v64.0/query?q=SELECT+Id+FROM+Account+WHERE+Name='Composite+Ltd'"},
    ]
    answer = org.call("POST", "/composite/batch", token=token, json={"batchRequests": parts}).json()
    assert answer["hasErrors"] is True
    assert [one["statusCode"] for one in answer["results"]] == [201, 404, 200]
    assert all(set(one) == {"statusCode", "result"} for one in answer["results"])
    assert answer["results"][2]["result"]["totalSize"] == 1


def test_a_batch_that_halts(org: Simulated, token: str) -> None:
    parts = [
        {"method": "GET", "url": "v64.0/sobjects/Account/001gK00000zzzzz"},
        {"method": "POST", "url": "v64.0/sobjects/Account", "richInput": {"Name": "Composite Ltd"}},
    ]
    body = {"haltOnError": True, "batchRequests": parts}
    answer = org.call("POST", "/composite/batch", token=token, json=body).json()
    assert [one["statusCode"] for one in answer["results"]] == [404, 412]
    assert answer["results"][1]["result"][0]["errorCode"] == "BATCH_PROCESSING_HALTED"
    assert _count(org, token) == 0


@pytest.mark.parametrize("parts", [[], None, [5], [{"method": "GET"}], [{"method": "GET", "url": "v64.0/limits"}] * 26])
def test_refused_batches(org: Simulated, token: str, parts: object) -> None:
    assert org.call("POST", "/composite/batch", token=token, json={"batchRequests": parts}).status_code == 400
