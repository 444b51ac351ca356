"""UserRecordAccess tells what a user may do with records, and whoever asks finds it so."""

from typing import Any

import pytest

from simorg.ids import build_id
from simorg.org import INSTANCE
from tests.simulated import Simulated

_FIELDS = "RecordId, HasReadAccess, HasEditAccess, HasDeleteAccess, HasTransferAccess, HasAllAccess, MaxAccessLevel"


def _ask(org: Simulated, user: str, records: list[str], fields: str = _FIELDS) -> list[dict[str, Any]]:
    token = org.control("POST", "sessions", {"username": "admin"})["access_token"]
    user_id = org.org.users.logins[user].user_id
    listed = ", ".join(f"'{one}'" for one in records)
    soql = f"SELECT {fields} FROM UserRecordAccess WHERE UserId = '{user_id}' AND RecordId IN ({listed})"
    answer = org.call("GET", "/query", token=token, params={"q": soql})
    assert answer.ok, answer.text
    found: list[dict[str, Any]] = answer.json()["records"]
    return found


@pytest.mark.parametrize(
    ("model", "levels"),
    [
        ("Private", {"admin": "All", "colleague": "All", "rep": "None", "minimal": "None"}),
        ("Read", {"admin": "All", "colleague": "All", "rep": "Read", "minimal": "None"}),
        ("ReadWriteTransfer", {"admin": "All", "colleague": "All", "rep": "Transfer", "minimal": "None"}),
    ],
)
def test_what_is_told_is_what_is_so(org: Simulated, model: str, levels: dict[str, str]) -> None:
    org.control("POST", "settings", {"sharing": {"Lead": model}})
    admin = org.control("POST", "sessions", {"username": "admin"})["access_token"]
    values = {"LastName": "A", "Company": "B"}
    lead = org.call("POST", "/sobjects/Lead", token=admin, json=values).json()["id"]
    try:
        for role, level in levels.items():
            (row,) = _ask(org, role, [lead])
            assert (role, row["MaxAccessLevel"]) == (role, level)
            token = org.control("POST", "sessions", {"username": role})["access_token"]
            read = org.call("GET", f"/sobjects/Lead/{lead}", token=token).ok
            edit = org.call("PATCH", f"/sobjects/Lead/{lead}", token=token, json={"Title": "x"}).ok
            assert (row["HasReadAccess"], row["HasEditAccess"]) == (read, edit)
    finally:
        org.control("POST", "settings", {"sharing": {"Lead": "ReadWriteTransfer"}})


def test_one_row_for_each_record_and_none_for_nothing(org: Simulated) -> None:
    admin = org.control("POST", "sessions", {"username": "admin"})["access_token"]
    values = {"LastName": "A", "Company": "B"}
    lead = org.call("POST", "/sobjects/Lead", token=admin, json=values).json()["id"]
    nothing = build_id("00Q", INSTANCE, 9_999_999)
    rows = _ask(org, "admin", [lead[:15], nothing], "RecordId, HasReadAccess")
    assert [(one["RecordId"], one["HasReadAccess"]) for one in rows] == [(lead, True), (nothing, False)]
    assert rows[0]["attributes"]["type"] == "UserRecordAccess"


@pytest.mark.parametrize(
    "where",
    ["RecordId = '{0}'", "UserId = '{0}'", "UserId = '{0}' OR RecordId = '{0}'", "UserId IN ('{0}', '{1}')"],
)
def test_a_query_names_one_user_and_its_records(org: Simulated, where: str) -> None:
    admin, user = org.org.users.logins["admin"].user_id, org.org.users.logins["rep"].user_id
    soql = f"SELECT RecordId FROM UserRecordAccess WHERE {where.format(admin, user)}"
    answer = org.call("GET", "/query", params={"q": soql})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "MALFORMED_QUERY")
