"""simple-salesforce loads, changes and deletes by Bulk 2.0 ingest jobs, unmodified, and reads their results."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from simple_salesforce import Salesforce
from simple_salesforce.bulk2 import ColumnDelimiter, LineEnding
from simple_salesforce.exceptions import SalesforceMalformedRequest, SalesforceOperationError

from tests.simulated import Simulated

_PEOPLE = [{"LastName": f"Moss {i}", "Company": "Loaded", "Email": f"m{i}@moss.example"} for i in range(5)]


def _ids(sf: Salesforce) -> list[str]:
    found = sf.query_all("SELECT Id FROM Lead WHERE Company = 'Loaded' ORDER BY Id")
    return [one["Id"] for one in found["records"]]


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_an_insert(sf: Salesforce) -> None:
    (done,) = sf.bulk2.Lead.insert(records=[*_PEOPLE, {"LastName": "", "Company": "C", "Email": ""}], wait=0)
    job_id: Any = done["job_id"]
    assert done == {
        "numberRecordsFailed": 1, "numberRecordsProcessed": 6, "numberRecordsTotal": 6, "job_id": job_id,
    }  # fmt: skip
    successful = _rows(sf.bulk2.Lead.get_successful_records(job_id))
    assert [row["sf__Id"] for row in successful] == _ids(sf)
    assert {row["sf__Created"] for row in successful} == {"true"}
    assert [row["LastName"] for row in successful] == [one["LastName"] for one in _PEOPLE]
    (failed,) = _rows(sf.bulk2.Lead.get_failed_records(job_id))
    assert failed["sf__Error"] == "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --"
    assert _rows(sf.bulk2.Lead.get_unprocessed_records(job_id)) == []
    every = sf.bulk2.Lead.get_all_ingest_records(job_id)
    assert [len(every[name]) for name in ("successfulRecords", "failedRecords", "unprocessedRecords")] == [5, 1, 0]


def test_an_insert_in_several_jobs_at_once(sf: Salesforce, tmp_path: Path) -> None:
    done = sf.bulk2.Lead.insert(records=_PEOPLE, batch_size=2, concurrency=3, wait=0)
    assert sorted(one["numberRecordsProcessed"] for one in done) == [1, 2, 2]
    assert len(_ids(sf)) == 5
    file = tmp_path / "failed.csv"
    job_id: Any = done[0]["job_id"]
    assert sf.bulk2.Lead.get_failed_records(job_id, file=str(file)) == ""
    assert file.read_text(encoding="utf-8").startswith('"sf__Id","sf__Error"')


def test_a_file_with_another_delimiter_and_line_end(sf: Salesforce, tmp_path: Path) -> None:
    file = tmp_path / "leads.csv"
    file.write_bytes(b'LastName|Company|Title\r\nMoss|Loaded|"CFO | COO"\r\n')
    (done,) = sf.bulk2.Lead.insert(
        csv_file=str(file), column_delimiter=ColumnDelimiter.PIPE, line_ending=LineEnding.CRLF, wait=0
    )
    assert (done["numberRecordsProcessed"], done["numberRecordsFailed"]) == (1, 0)
    assert sf.query("SELECT Title FROM Lead WHERE Company = 'Loaded'")["records"][0]["Title"] == "CFO | COO"


def test_an_update_and_an_upsert(sf: Salesforce) -> None:
    sf.bulk2.Lead.insert(records=_PEOPLE, wait=0)
    first, second, *_ = _ids(sf)
    (updated,) = sf.bulk2.Lead.update(
        records=[{"Id": first, "Title": "CFO", "Email": "#N/A"}, {"Id": second, "Title": "", "Email": "new@x.example"}],
        wait=0,
    )
    assert updated["numberRecordsFailed"] == 0
    found = sf.query_all("SELECT Title, Email FROM Lead WHERE Company = 'Loaded' ORDER BY Id LIMIT 2")["records"]
    assert [(one["Title"], one["Email"]) for one in found] == [("CFO", None), (None, "new@x.example")]
    rows = [{"Email": "new@x.example", "LastName": "", "Company": ""}, {**_PEOPLE[0], "Email": "a@b.example"}]
    (upserted,) = sf.bulk2.Lead.upsert(records=rows, external_id_field="Email", wait=0)
    job_id: Any = upserted["job_id"]
    told = _rows(sf.bulk2.Lead.get_successful_records(job_id))
    assert [(row["sf__Created"], row["sf__Id"] == second) for row in told] == [("false", True), ("true", False)]
    assert len(_ids(sf)) == 6


def test_a_delete_and_a_hard_delete(sf: Salesforce, org: Simulated) -> None:
    sf.bulk2.Lead.insert(records=_PEOPLE, wait=0)
    first, second, *rest = _ids(sf)
    (deleted,) = sf.bulk2.Lead.delete(records=[{"Id": first}], wait=0)
    assert deleted["numberRecordsFailed"] == 0
    assert _ids(sf) == [second, *rest]
    with pytest.raises(SalesforceMalformedRequest, match="hardDelete operation requires special user profile"):
        sf.bulk2.Lead.hard_delete(records=[{"Id": second}], wait=0)
    org.control("POST", "settings", {"bulk_hard_delete": True})
    try:
        (purged,) = sf.bulk2.Lead.hard_delete(records=[{"Id": second}], wait=0)
    finally:
        org.control("POST", "settings", {"bulk_hard_delete": False})
    assert purged["numberRecordsFailed"] == 0
    every = sf.query_all("SELECT Id, IsDeleted FROM Lead WHERE Company = 'Loaded'", include_deleted=True)["records"]
    assert {one["Id"]: one["IsDeleted"] for one in every} == {first: True, second: True, **dict.fromkeys(rest, False)}


def test_a_job_that_fails_is_an_exception_with_its_message(sf: Salesforce) -> None:
    with pytest.raises(SalesforceOperationError, match="InvalidBatch : Field name not found : Colour"):
        sf.bulk2.Lead.insert(records=[{"LastName": "Moss", "Company": "Loaded", "Colour": "red"}], wait=0)
    assert _ids(sf) == []


def test_what_a_failed_job_left_over(sf: Salesforce, org: Simulated) -> None:
    org.control("POST", "faults", {"operation": "bulkBatch", "skip": 1, "row_code": "Timeout"})
    org.control("POST", "settings", {"bulk_batch_rows": 2})
    try:
        with pytest.raises(SalesforceOperationError, match="Timeout"):
            sf.bulk2.Lead.insert(records=_PEOPLE, wait=0)
    finally:
        org.control("POST", "settings", {"bulk_batch_rows": 10_000})
    token = str(sf.session_id)
    (job,) = org.call("GET", "/jobs/ingest", token=token).json()["records"]
    every = sf.bulk2.Lead.get_all_ingest_records(job["id"])
    assert [one["LastName"] for one in every["successfulRecords"]] == ["Moss 0", "Moss 1"]
    assert [one["LastName"] for one in every["unprocessedRecords"]] == ["Moss 2", "Moss 3", "Moss 4"]
