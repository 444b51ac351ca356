"""Up to 200 records in one call, over HTTP: exact shapes, all or none, keys, limits."""

from typing import Any

import pytest

from tests.simulated import Simulated

_WRITE = "/composite/sobjects"
_ROLLED_BACK = {
    "success": False,
    "errors": [
        {
            "statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK",
            "message": "Record rolled back because not all records were valid and the request was using "
            "AllOrNone header",
            "fields": [],
        }
    ],
}
_NO_COMPANY = {
    "success": False,
    "errors": [
        {
            "statusCode": "REQUIRED_FIELD_MISSING",
            "message": "Required fields are missing: [Company]",
            "fields": ["Company"],
        }
    ],
}


@pytest.fixture
def token(org: Simulated) -> str:
    return org.log_in()


def _lead(name: str = "Moss", **values: Any) -> dict[str, Any]:
    return {"attributes": {"type": "Lead"}, "LastName": name, "Company": "Batch Ltd", **values}


def _bad() -> dict[str, Any]:
    return {"attributes": {"type": "Lead"}, "LastName": "Bad"}


def _send(org: Simulated, token: str, method: str, body: dict[str, Any], path: str = _WRITE) -> list[dict[str, Any]]:
    answer = org.call(method, path, token=token, json=body)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()
    return items


def _make(org: Simulated, token: str, *records: dict[str, Any]) -> list[str]:
    items = _send(org, token, "POST", {"records": records})
    assert all(item["success"] for item in items), items
    return [item["id"] for item in items]


def _count(org: Simulated, token: str, where: str = "Company = 'Batch Ltd'") -> int:
    answer = org.call("GET", "/query", token=token, params={"q": f"SELECT count() FROM Lead WHERE {where}"})
    return int(answer.json()["totalSize"])


@pytest.mark.parametrize("flag", [{}, {"allOrNone": False}, {"allOrNone": None}])
def test_each_record_is_answered_in_order(org: Simulated, token: str, flag: dict[str, Any]) -> None:
    items = _send(org, token, "POST", {**flag, "records": [_lead(), _bad(), _lead("Reed")]})
    assert items[0] == {"id": items[0]["id"], "success": True, "errors": []}
    assert items[1] == _NO_COMPANY
    assert items[2]["success"] is True
    assert _count(org, token) == 2


def test_all_or_none(org: Simulated, token: str) -> None:
    body = {"allOrNone": True, "records": [_lead(), _bad(), _lead("Reed")]}
    assert _send(org, token, "POST", body) == [_ROLLED_BACK, _NO_COMPANY, _ROLLED_BACK]
    assert _count(org, token) == 0
    assert all(item["success"] for item in _send(org, token, "POST", {"allOrNone": True, "records": [_lead()]}))


def test_200_records_share_one_stamp(org: Simulated, token: str) -> None:
    ids = _make(org, token, *(_lead(f"Moss{number}") for number in range(200)))
    assert len(set(ids)) == 200
    answer = org.call("POST", "/composite/sobjects/Lead", token=token, json={"ids": ids, "fields": ["SystemModstamp"]})
    assert len({one["SystemModstamp"] for one in answer.json()}) == 1
    assert [one["Id"] for one in answer.json()] == ids


@pytest.mark.parametrize("records", [[_lead()] * 201, [], None, "x"])
def test_wrong_numbers_of_records(org: Simulated, token: str, records: Any) -> None:
    answer = org.call("POST", _WRITE, token=token, json={"records": records})
    assert answer.status_code == 400
    assert _count(org, token) == 0


def test_ten_chunks_of_one_type_each_and_no_more(org: Simulated, token: str) -> None:
    contact = {"attributes": {"type": "Contact"}, "LastName": "Moss"}
    assert len(_make(org, token, *[_lead(), contact] * 5)) == 10
    answer = org.call("POST", _WRITE, token=token, json={"records": [*[_lead(), contact] * 5, _lead()]})
    assert answer.status_code == 400
    sorted_by_type = [*[_lead()] * 100, *[contact] * 100]
    assert len(_make(org, token, *sorted_by_type)) == 200


def test_a_record_without_a_type(org: Simulated, token: str) -> None:
    answer = org.call("POST", _WRITE, token=token, json={"records": [{"LastName": "Moss"}]})
    assert (answer.status_code, answer.json()) == (
        400,
        [
            {
                "message": "Nested object for polymorphic foreign key must have an attributes field before any "
                "other fields.",
                "errorCode": "JSON_PARSER_ERROR",
            }
        ],
    )


def test_an_update_by_id(org: Simulated, token: str) -> None:
    first, second = _make(org, token, _lead(), _lead())
    records = [
        {"attributes": {"type": "Lead"}, "Id": first[:15], "Title": "CFO"},
        {"attributes": {"type": "Lead"}, "Id": "00QgK00000zzzzzUAA", "Title": "CFO"},
        {"attributes": {"type": "Lead"}, "id": "nonsense", "Title": "CFO"},
        {"attributes": {"type": "Lead"}, "Title": "CFO"},
        {"attributes": {"type": "Lead"}, "id": second, "Title": "CEO"},
    ]
    items = _send(org, token, "PATCH", {"records": records})
    assert items[0] == {"id": first, "success": True, "errors": []}
    assert [item["errors"][0]["statusCode"] for item in items[1:4]] == [
        "INVALID_CROSS_REFERENCE_KEY",
        "MALFORMED_ID",
        "MISSING_ARGUMENT",
    ]
    assert not any("id" in item for item in items[1:4])
    assert items[4]["success"] is True
    assert (_count(org, token, "Title = 'CFO' AND Company = 'Batch Ltd'"), _count(org, token, f"Id = '{second}'")) == (
        1,
        1,
    )


def test_an_update_of_all_or_none(org: Simulated, token: str) -> None:
    (lead,) = _make(org, token, _lead())
    records = [
        {"attributes": {"type": "Lead"}, "Id": lead, "Title": "Rolled back"},
        {"attributes": {"type": "Lead"}, "Id": lead, "Email": "no address"},
    ]
    items = _send(org, token, "PATCH", {"allOrNone": True, "records": records})
    assert items[0] == _ROLLED_BACK
    assert items[1]["errors"][0]["statusCode"] == "INVALID_EMAIL_ADDRESS"
    assert _count(org, token, "Title = 'Rolled back'") == 0


def test_a_delete(org: Simulated, token: str) -> None:
    ids = _make(org, token, _lead(), _lead())
    asked = {"ids": ",".join([ids[0], "00QgK00000zzzzzUAA", ids[0], ids[1]])}
    answer = org.call("DELETE", _WRITE, token=token, params=asked)
    items = answer.json()
    assert [item["success"] for item in items] == [True, False, False, True]
    assert [item["errors"][0]["statusCode"] for item in items[1:3]] == [
        "INVALID_CROSS_REFERENCE_KEY",
        "ENTITY_IS_DELETED",
    ]
    assert _count(org, token) == 0


def test_a_delete_of_all_or_none(org: Simulated, token: str) -> None:
    (lead,) = _make(org, token, _lead())
    asked = {"ids": f"{lead},00QgK00000zzzzzUAA", "allOrNone": "true"}
    items = org.call("DELETE", _WRITE, token=token, params=asked).json()
    assert items[0] == _ROLLED_BACK
    assert _count(org, token) == 1


def test_an_upsert_by_key(org: Simulated, token: str) -> None:
    path = f"{_WRITE}/Lead/Syncline_Id__c"
    first = _send(org, token, "PATCH", {"records": [_lead(Syncline_Id__c="p-1")]}, path)
    assert first == [{"id": first[0]["id"], "success": True, "errors": [], "created": True}]
    records = [_lead("Reed", Syncline_Id__c="P-1"), _lead(Syncline_Id__c="p-2"), {**_bad(), "Syncline_Id__c": "p-3"}]
    items = _send(org, token, "PATCH", {"records": records}, path)
    assert items[0] == {"id": first[0]["id"], "success": True, "errors": [], "created": False}
    assert items[1]["created"] is True
    assert items[2] == {**_NO_COMPANY, "created": False}
    assert _count(org, token) == 2


def test_a_key_twice_in_one_batch(org: Simulated, token: str) -> None:
    records = [_lead(Syncline_Id__c="p-1"), _lead(Syncline_Id__c="p-2"), _lead(Syncline_Id__c="P-1")]
    items = _send(org, token, "PATCH", {"records": records}, f"{_WRITE}/Lead/Syncline_Id__c")
    assert [item["success"] for item in items] == [False, True, False]
    assert items[0]["errors"] == [
        {
            "statusCode": "DUPLICATE_VALUE",
            "message": "Duplicate external id specified: p-1",
            "fields": ["Syncline_Id__c"],
        }
    ]
    assert _count(org, token) == 1


def test_an_upsert_by_id_inserts_where_there_is_none(org: Simulated, token: str) -> None:
    (lead,) = _make(org, token, _lead())
    items = _send(org, token, "PATCH", {"records": [_lead(Id=None), _lead("Reed", Id=lead)]}, f"{_WRITE}/Lead/Id")
    assert [(item["success"], item["created"]) for item in items] == [(True, True), (True, False)]
    assert items[1]["id"] == lead


def test_an_upsert_by_a_key_that_several_have(org: Simulated, token: str) -> None:
    ids = _make(org, token, _lead(Email="t@moss.example"), _lead(Email="T@moss.example"))
    path = f"{_WRITE}/Lead/Email"
    (item,) = _send(org, token, "PATCH", {"records": [_lead(Email="t@MOSS.example")]}, path)
    assert item["errors"][0]["statusCode"] == "DUPLICATE_EXTERNAL_ID"
    assert all(one in item["errors"][0]["message"] for one in ids)


def test_an_upsert_of_users_who_have_no_recycle_bin(org: Simulated, token: str) -> None:
    org.org.schema.change_field("User", "Username", external_id=True)
    try:
        user = {"attributes": {"type": "User"}, "Username": org.facts["username"], "Title": "Robot"}
        answer = org.call("PATCH", f"{_WRITE}/User/Username", token=token, json={"records": [user]})
    finally:
        org.org.schema.change_field("User", "Username", external_id=False)
    assert answer.status_code == 200
    assert answer.json()[0]["created"] is False


def test_a_record_of_another_type_than_the_resource(org: Simulated, token: str) -> None:
    contact = {"attributes": {"type": "Contact"}, "LastName": "Moss", "Syncline_Id__c": "p-1"}
    (item,) = _send(org, token, "PATCH", {"records": [contact]}, f"{_WRITE}/Lead/Syncline_Id__c")
    assert (item["success"], item["errors"][0]["statusCode"]) == (False, "INVALID_TYPE")


def test_what_cannot_be_a_key(org: Simulated, token: str) -> None:
    answer = org.call("PATCH", f"{_WRITE}/Lead/Title", token=token, json={"records": [_lead(Title="x")]})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_records_are_read_in_the_order_asked(org: Simulated, token: str, method: str) -> None:
    ids = _make(org, token, _lead("A"), _lead("B"), _lead("C"))
    assert org.call("DELETE", f"/sobjects/Lead/{ids[1]}", token=token).status_code == 204
    asked = [ids[2], ids[1], "00QgK00000zzzzzUAA", ids[0][:15]]
    path = f"{_WRITE}/Lead"
    if method == "GET":
        answer = org.call("GET", path, token=token, params={"ids": ",".join(asked), "fields": "Name"})
    else:
        answer = org.call("POST", path, token=token, json={"ids": asked, "fields": ["Name"]})

    def shown(record_id: str, name: str) -> dict[str, Any]:
        url = f"/services/data/v64.0/sobjects/Lead/{record_id}"
        return {"attributes": {"type": "Lead", "url": url}, "Name": name, "Id": record_id}

    assert answer.json() == [shown(ids[2], "C"), None, None, shown(ids[0], "A")]


@pytest.mark.parametrize(
    "body",
    [{}, {"ids": [], "fields": ["Id"]}, {"ids": "x", "fields": ["Id"]}, {"ids": ["x"]}, {"ids": ["x"], "fields": 5}],
)
def test_reading_needs_ids_and_fields(org: Simulated, token: str, body: dict[str, Any]) -> None:
    answer = org.call("POST", f"{_WRITE}/Lead", token=token, json=body)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "REQUIRED_FIELD_MISSING")


def test_reading_more_than_2000(org: Simulated, token: str) -> None:
    body = {"ids": ["00QgK00000zzzzz"] * 2_000, "fields": ["Id"]}
    assert org.call("POST", f"{_WRITE}/Lead", token=token, json=body).json() == [None] * 2_000
    body["ids"].append("00QgK00000zzzzz")
    assert org.call("POST", f"{_WRITE}/Lead", token=token, json=body).status_code == 400


def test_a_fault_refuses_one_record_of_many(org: Simulated, token: str) -> None:
    org.org.faults.add(object_name="Lead", skip=1, row_code="UNABLE_TO_LOCK_ROW", row_message="locked")
    items = _send(org, token, "POST", {"records": [_lead(), _lead(), _lead()]})
    assert [item["success"] for item in items] == [True, False, True]
    assert items[1]["errors"] == [{"statusCode": "UNABLE_TO_LOCK_ROW", "message": "locked", "fields": []}]
