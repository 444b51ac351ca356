"""simple-salesforce, unmodified: describes, records, queries by pages, Bulk 2.0 with failures and leftovers."""

import csv
import io
import json
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from again import again, failures, refusal
from simple_roads import Kept, by_password
from simple_salesforce import Salesforce
from simple_salesforce.bulk2 import ColumnDelimiter, LineEnding

_PEOPLE = 450
_LEFTOVERS = 80
_SOQL = "SELECT Id, LastName, Syncline_Id__c FROM Contact WHERE Syncline_Id__c LIKE 'ss-%' ORDER BY LastName"
_SMALL_PAGES = {"Sforce-Query-Options": "batchSize=200"}
_KEY = "Syncline_Id__c"


def rows(text: str) -> list[dict[str, str]]:
    """The rows of a CSV text."""
    return list(csv.DictReader(io.StringIO(text, newline="")))


def use_records(client: Kept) -> dict[str, Any]:
    """Create, read by id and by key, change, upsert, delete; what changed and what went."""
    told: dict[str, Any] = {"made": []}

    def create() -> str:
        made: str = client().Account.create({"Name": "Short-lived Ltd", "Industry": "Energy"})["id"]
        told["made"].append(made)
        return made

    account = again(create)
    again(lambda: client().Account.update(account, {"Phone": "+43 1 234"}))
    told["account"] = again(
        lambda: {name: client().Account.get(account)[name] for name in ("Name", "Industry", "Phone")}
    )
    person = {"LastName": "Alone", "Email": "Alone@Example.com"}
    again(lambda: client().Contact.upsert(f"{_KEY}/ss-alone", person))
    again(lambda: client().Contact.upsert(f"{_KEY}/ss-alone", {"Title": "CFO"}))
    found = again(lambda: client().Contact.get_by_custom_id(_KEY, "ss-alone"))
    told["contact"] = {name: found[name] for name in ("Id", "Name", "Email", "Title")}
    told["refused"] = {
        "without a name": refusal(lambda: client().Contact.create({"FirstName": "Nameless"}), "REQUIRED_FIELD_MISSING"),
        "unknown field": refusal(lambda: client().query("SELECT Nonsense__c FROM Lead"), "INVALID_FIELD"),
        "nobody": refusal(lambda: client().Contact.get("003000000000001AAA"), "NOT_FOUND"),
        "no such object": refusal(lambda: client().Webinar__c.describe(), "NOT_FOUND"),
    }

    def delete() -> None:
        try:
            client().Account.delete(account)
        except Exception as error:
            # A step that was done without an answer is done.
            if "ENTITY_IS_DELETED" not in str(error):
                raise

    again(delete)
    told["refused"]["deleted"] = refusal(lambda: client().Account.update(account, {"Phone": "1"}), "ENTITY_IS_DELETED")
    now = datetime.now(UTC)
    since, until = now - timedelta(minutes=10), now + timedelta(minutes=2)
    gone = again(lambda: client().Account.deleted(since, until)["deletedRecords"])
    told["deleted"] = [account, account in [one["id"] for one in gone]]
    told["updated"] = found["Id"] in again(lambda: client().Contact.updated(since, until)["ids"])
    return told


def use_describes(client: Kept) -> dict[str, Any]:
    """What the org says of itself."""
    every = again(lambda: [one["name"] for one in client().describe()["sobjects"]])
    fields = {one["name"]: one["type"] for one in again(lambda: client().Contact.describe())["fields"]}
    layout = again(lambda: client().Contact.describe_layout("012000000000000AAA"))
    return {
        "objects": sorted({"Lead", "Contact", "Account", "Campaign"} & set(every)),
        "types": [fields["Id"], fields["Email"], fields["AccountId"], fields[_KEY]],
        "prefix": again(lambda: client().Contact.metadata())["objectDescribe"]["keyPrefix"],
        "layout": sorted(layout)[:3],
        "limit": again(lambda: client().limits())["DailyApiRequests"]["Max"],
        "usage": again(lambda: [client().limits(), client().api_usage["api-usage"].total][1]),
        "sandbox": again(lambda: client().is_sandbox()),
        "composite": again(lambda: compose(client())),
    }


def compose(sf: Salesforce) -> list[int]:
    """A composite request by the client's road for whatever it has no call for."""
    parts = [
        {"method": "GET", "referenceId": "one", "url": f"/services/data/v59.0/query?q={_SOQL.replace(' ', '+')}"},
        {"method": "GET", "referenceId": "two", "url": "/services/data/v59.0/sobjects/Contact/none"},
    ]
    done = sf.restful("composite", method="POST", json={"compositeRequest": parts})
    return [one["httpStatusCode"] for one in done["compositeResponse"]]


def use_bulk_ingest(client: Kept) -> dict[str, Any]:
    """Upsert in several jobs with a row that cannot be loaded; update; delete; a job that fails on the way."""
    people = [{"LastName": f"Bulk {n:03}", _KEY: f"ss-{n:03}", "Title": ""} for n in range(_PEOPLE)]
    people.append({"LastName": "", _KEY: "ss-nameless", "Title": ""})

    left, good, counted = list(people), [], []

    def load() -> str:
        """What was refused for a moment is loaded again; what cannot be loaded is told."""
        jobs = client().bulk2.Contact.upsert(records=left, external_id_field=_KEY, batch_size=300, wait=0)
        counted.append([len(jobs), sum(job["numberRecordsProcessed"] for job in jobs)])
        contact = client().bulk2.Contact
        failed = [row for job in jobs for row in rows(contact.get_failed_records(job["job_id"]))]
        done = [row for job in jobs for row in rows(contact.get_successful_records(job["job_id"]))]
        assert sum(job["numberRecordsFailed"] for job in jobs) == len(failed)
        good.extend(row[_KEY] for row in done)
        left[:] = [{name: row[name] for name in people[0]} for row in failed]
        if len(failed) > 1:
            raise RuntimeError(sorted({row["sf__Error"] for row in failed}))
        return failed[0]["sf__Error"]

    told: dict[str, Any] = {"load": again(load), "loaded": sorted(set(good)), "counted": counted[0]}
    known = again(lambda: client().query_all(f"SELECT Id FROM Contact WHERE {_KEY} IN ('ss-000', 'ss-001')"))["records"]
    first, second = sorted(one["Id"] for one in known)

    def update() -> int:
        file = Path(tempfile.mkdtemp()) / "people.csv"
        file.write_bytes(f'Id|Title\r\n{first}|"CFO | COO"\r\n{second}|#N/A\r\n'.encode())
        (job,) = client().bulk2.Contact.update(
            csv_file=str(file), column_delimiter=ColumnDelimiter.PIPE, line_ending=LineEnding.CRLF, wait=0
        )
        if job["numberRecordsFailed"]:
            raise RuntimeError(client().bulk2.Contact.get_failed_records(job["job_id"]))
        return job["numberRecordsProcessed"]

    told["update"] = again(update)

    def delete() -> list[str]:
        (job,) = client().bulk2.Contact.delete(records=[{"Id": second}], wait=0)
        failed = rows(client().bulk2.Contact.get_failed_records(job["job_id"]))
        if failed and "ENTITY_IS_DELETED" not in failed[0]["sf__Error"]:
            raise RuntimeError(failed)
        return [second]

    told["removed"] = again(delete)
    return told | use_failing_jobs(client)


def use_failing_jobs(client: Kept) -> dict[str, Any]:
    """A job whose header is wrong, and one of five rows that ends on the way: what came of it is told by its parts."""
    wrong = refusal(
        lambda: client().bulk2.Contact.insert(records=[{"LastName": "X", "Colour": "red"}], wait=0), "Colour"
    )
    leads = [
        {"LastName": f"Left {n:02}", "Company": "Leftover", "Email": f"left{n}@example.com"} for n in range(_LEFTOVERS)
    ]
    broken = refusal(
        lambda: client().bulk2.Lead.upsert(records=leads, external_id_field="Email", wait=0), "TooManyLock"
    )

    def parts() -> list[list[list[str]]]:
        jobs = client().restful("jobs/ingest")["records"]
        told = []
        for job in jobs:
            if job["object"] == "Lead" and job["state"] == "Failed":
                every = client().bulk2.Lead.get_all_ingest_records(job["id"])
                names = ("successfulRecords", "failedRecords", "unprocessedRecords")
                told.append([[one["LastName"] for one in every[name]] for name in names])
        return told

    return {"wrong header": wrong, "broken": broken, "parts": again(parts)}


def use_queries(client: Kept) -> dict[str, Any]:
    """One page after the other, by every road the client has."""

    def by_hand() -> list[str]:
        page = client().query(_SOQL, headers=_SMALL_PAGES)
        found, number = list(page["records"]), 0
        while not page["done"]:
            number += 1
            whole = number % 2 == 0
            link = page["nextRecordsUrl"]
            page = client().query_more(link if whole else link.rpartition("/")[2], identifier_is_url=whole)
            found += page["records"]
        assert len(found) == page["totalSize"]
        return [one["LastName"] for one in found]

    def by_iteration() -> list[str]:
        return [one["LastName"] for one in client().query_all_iter(_SOQL, headers=_SMALL_PAGES)]

    def by_bulk() -> list[str]:
        return [
            row["LastName"]
            for page in client().bulk2.Contact.query(_SOQL, max_records=100, wait=0)
            for row in rows(page)
        ]

    def by_file() -> list[str]:
        with tempfile.TemporaryDirectory() as folder:
            parts = client().bulk2.Contact.download(_SOQL, folder, max_records=300, wait=0)
            return [row["LastName"] for one in parts for row in rows(Path(one["file"]).read_text())]

    gone = f"SELECT Id, IsDeleted FROM Contact WHERE {_KEY} LIKE 'ss-%'"

    def with_deleted() -> list[int]:
        plain = client().query_all(gone, include_deleted=True)["totalSize"]
        return [plain, sum(len(rows(page)) for page in client().bulk2.Contact.query_all(gone, wait=0))]

    names = again(by_hand)
    same = {name: again(way) == names for name, way in [("all", by_iteration), ("bulk", by_bulk), ("file", by_file)]}
    return {"names": names, "same": same, "with deleted": again(with_deleted)}


def use(facts: dict[str, Any]) -> dict[str, Any]:
    """Does it all, and tells what the client gave."""
    client = Kept(lambda: by_password(facts))
    return use_records(client) | use_bulk_ingest(client) | use_queries(client) | {"described": use_describes(client)}


print(json.dumps({**use(json.load(sys.stdin)), "failures": failures}))
