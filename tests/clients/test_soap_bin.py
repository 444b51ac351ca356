"""undelete() and merge() by SOAP, over HTTP."""

from typing import Any

import pytest

from tests.clients.soap import call_soap
from tests.simulated import Simulated

_NEEDED = {"Account": {"Name": "A"}, "Contact": {"LastName": "Moss"}, "Lead": {"LastName": "Moss", "Company": "C"}}


@pytest.fixture
def token(org: Simulated) -> str:
    return org.log_in()


def _make(org: Simulated, token: str, name: str = "Lead", **values: Any) -> str:
    answer = org.call("POST", f"/sobjects/{name}", token=token, json={**_NEEDED.get(name, {}), **values})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _delete(org: Simulated, token: str, record_id: str, name: str = "Lead") -> None:
    assert org.call("DELETE", f"/sobjects/{name}/{record_id}", token=token).status_code == 204


def _lives(org: Simulated, token: str, record_id: str, name: str = "Lead") -> bool:
    return org.call("GET", f"/sobjects/{name}/{record_id}", token=token).status_code == 200


def _undelete(org: Simulated, token: str, *ids: str, header: str = "") -> list[Any]:
    content = "".join(f"<ids>{one}</ids>" for one in ids)
    status, body = call_soap(org, token, "undelete", content, header)
    assert status == 200
    results: list[Any] = body["result"]
    return results


def test_each_record_comes_back_for_itself(org: Simulated, token: str) -> None:
    gone, living = _make(org, token), _make(org, token)
    _delete(org, token, gone)
    results = _undelete(org, token, gone[:15], living, "nonsense")
    assert results[0] == {"id": [gone], "success": ["true"]}
    assert results[1] == {
        "errors": [{"message": ["Entity is not in the recycle bin"], "statusCode": ["UNDELETE_FAILED"]}],
        "id": [living],
        "success": ["false"],
    }
    assert (results[2]["success"], results[2]["errors"][0]["statusCode"]) == (["false"], ["MALFORMED_ID"])
    assert _lives(org, token, gone)


@pytest.mark.parametrize("together", [False, True])
def test_all_or_none(org: Simulated, token: str, together: bool) -> None:
    gone, living = _make(org, token), _make(org, token)
    _delete(org, token, gone)
    header = "<AllOrNoneHeader><allOrNone>true</allOrNone></AllOrNoneHeader>" if together else ""
    results = _undelete(org, token, gone, living, header=header)
    codes = [one["errors"][0]["statusCode"][0] if "errors" in one else "" for one in results]
    assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK" if together else "", "UNDELETE_FAILED"]
    assert _lives(org, token, gone) != together


def test_what_fell_with_an_account_comes_back_with_it(org: Simulated, token: str) -> None:
    account = _make(org, token, "Account")
    contact = _make(org, token, "Contact", AccountId=account)
    _delete(org, token, account, "Account")
    (alone,) = _undelete(org, token, contact)
    assert alone["errors"][0]["message"] == ["Entity is not in the recycle bin"]
    assert _undelete(org, token, account)[0]["success"] == ["true"]
    assert _lives(org, token, contact, "Contact")


def test_at_most_200_at_once(org: Simulated, token: str) -> None:
    status, body = call_soap(org, token, "undelete", f"<ids>{_make(org, token)}</ids>" * 201)
    assert (status, body["faultcode"][0].rpartition(":")[2]) == (500, "EXCEEDED_ID_LIMIT")


@pytest.mark.parametrize("name", ["Lead", "Contact", "Account"])
@pytest.mark.parametrize("number", [1, 2])
def test_a_merge_with_what_is_related_on_both_sides(org: Simulated, token: str, name: str, number: int) -> None:
    master, *losers = [_make(org, token, name) for _ in range(number + 1)]
    field = "WhatId" if name == "Account" else "WhoId"
    tasks = [_make(org, token, "Task", Subject="Call", **{field: one}) for one in (master, *losers)]
    asked = (
        f"<request><masterRecord><o:type>{name}</o:type><o:Id>{master}</o:Id><o:Phone>1</o:Phone></masterRecord>"
        f"{''.join(f'<recordToMergeIds>{loser}</recordToMergeIds>' for loser in losers)}</request>"
    )
    (result,) = call_soap(org, token, "merge", asked)[1]["result"]
    assert (result["success"], result["id"], result["mergedRecordIds"]) == (["true"], [master], losers)
    assert sorted(result["updatedRelatedIds"]) == sorted(tasks[1:])
    for task in tasks:
        assert org.call("GET", f"/sobjects/Task/{task}?fields={field}", token=token).json()[field] == master
    soql = {"q": f"SELECT Id, MasterRecordId FROM {name} WHERE IsDeleted = true AND MasterRecordId = '{master}'"}
    found = org.call("GET", "/queryAll", token=token, params=soql).json()["records"]
    assert sorted(one["Id"] for one in found) == sorted(losers)
    back = _undelete(org, token, losers[0])[0]
    assert (back["success"], _lives(org, token, losers[0], name)) == (["true"], True)


def test_merges_of_one_call_are_made_one_by_one(org: Simulated, token: str) -> None:
    master, loser, other = (_make(org, token) for _ in range(3))
    head = f"<masterRecord><o:type>Lead</o:type><o:Id>{master}</o:Id></masterRecord>"
    ids = [[loser], [loser], [other]]
    asked = "".join(
        f"<request>{head}{''.join(f'<recordToMergeIds>{one}</recordToMergeIds>' for one in some)}</request>"
        for some in ids
    )
    results = call_soap(org, token, "merge", asked)[1]["result"]
    assert [one["success"] for one in results] == [["true"], ["false"], ["true"]]
    assert results[1]["errors"][0]["statusCode"] == ["ENTITY_IS_DELETED"]


def test_what_was_deleted_past_the_bin_is_told_and_not_brought_back(org: Simulated, token: str) -> None:
    lead = _make(org, token)
    org.control("POST", "settings", {"bulk_hard_delete": True})
    try:
        kind = {"Content-Type": "multipart/form-data; boundary=B"}
        body = (
            '--B\r\nContent-Disposition: form-data; name="job"\r\n\r\n{"object":"Lead","operation":"hardDelete"}\r\n'
            f'--B\r\nContent-Disposition: form-data; name="content"; filename="c"\r\n\r\nId\n{lead}\n\r\n--B--\r\n'
        )
        job = org.call("POST", "/jobs/ingest", token=token, data=body, headers=kind).json()
        while org.call("GET", f"/jobs/ingest/{job['id']}", token=token).json()["state"] != "JobComplete":
            continue
    finally:
        org.control("POST", "settings", {"bulk_hard_delete": False})
    assert not _lives(org, token, lead)
    assert _undelete(org, token, lead)[0]["errors"][0]["statusCode"] == ["UNDELETE_FAILED"]
    now = org.org.clock.now()
    span = {"start": f"{now:%Y-%m-%dT%H:%M:00}Z", "end": "2099-01-01T00:00:00Z"}
    deleted = org.call("GET", "/sobjects/Lead/deleted", token=token, params=span).json()["deletedRecords"]
    assert lead in [one["id"] for one in deleted]
