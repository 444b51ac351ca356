"""The rows of Bulk ingest jobs: what is written, refused and told, by operation; references by external id."""

from typing import Any

import pytest

from tests.clients.loading import Loader
from tests.clients.soap import call_soap
from tests.simulated import Simulated

_DELIMITERS = {"COMMA": ",", "TAB": "\t", "SEMICOLON": ";", "PIPE": "|", "CARET": "^", "BACKQUOTE": "`"}


@pytest.fixture
def loader(org: Simulated) -> Loader:
    return Loader(org)


def _lead(loader: Loader, **values: str) -> str:
    body = {"LastName": "Moss", "Company": "Loaded", **values}
    answer = loader.org.call("POST", "/sobjects/Lead", token=loader.token, json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _errors(loader: Loader, job: dict[str, Any]) -> list[str]:
    return [row["sf__Error"] for row in loader.rows(job["id"], "failedResults")]


def test_good_and_bad_rows_of_an_insert(loader: Loader) -> None:
    sent = (
        "lastname,Company,Email,Lead_Score__c\n"
        "Ada,Loaded,ADA@Moss.example,12.5\n"
        ",,x@y.example,1\n"
        'Bea,"Loaded",,\n'
        "Cy,Loaded,nowhere,x\n"
    )
    job = loader.run(sent)
    assert (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"]) == ("JobComplete", 4, 2)
    ada, bea = loader.named("Loaded")
    assert (ada["LastName"], ada["Email"], ada["Lead_Score__c"]) == ("Ada", "ada@moss.example", 13.0)
    assert ada["CreatedById"] == ada["OwnerId"] == loader.org.org.users.logins["integration"].user_id
    assert loader.text(job["id"], "successfulResults") == (
        '"sf__Id","sf__Created","lastname","Company","Email","Lead_Score__c"\n'
        f'"{ada["Id"]}","true","Ada","Loaded","ADA@Moss.example","12.5"\n'
        f'"{bea["Id"]}","true","Bea","Loaded","",""\n'
    )
    assert loader.text(job["id"], "failedResults") == (
        '"sf__Id","sf__Error","lastname","Company","Email","Lead_Score__c"\n'
        '"","REQUIRED_FIELD_MISSING:Required fields are missing: [LastName, Company]:LastName Company --",'
        '"","","x@y.example","1"\n'
        '"","INVALID_EMAIL_ADDRESS:Email: invalid email address: nowhere:Email --'
        'INVALID_TYPE_ON_FIELD_IN_RECORD:Lead Score: value not of required type: x:Lead_Score__c --",'
        '"Cy","Loaded","nowhere","x"\n'
    )
    assert loader.text(job["id"], "unprocessedrecords") == sent.splitlines(keepends=True)[0]


@pytest.mark.parametrize("name", _DELIMITERS)
@pytest.mark.parametrize(("line_ending", "end"), [("LF", "\n"), ("CRLF", "\r\n")])
def test_delimiters_and_line_ends(loader: Loader, name: str, line_ending: str, end: str) -> None:
    mark = _DELIMITERS[name]
    value = f'a{mark}b "c"{end}d'
    quoted = value.replace('"', '""')
    lines = [mark.join(("LastName", "Company", "Description")), mark.join(("Ada", "Loaded", f'"{quoted}"'))]
    job = loader.run(end.join(lines), columnDelimiter=name, lineEnding=line_ending)
    assert (job["state"], job["numberRecordsFailed"]) == ("JobComplete", 0)
    (lead,) = loader.named("Loaded")
    assert lead["Description"] == value
    head = mark.join(f'"{one}"' for one in ("sf__Id", "sf__Created", "LastName", "Company", "Description"))
    row = mark.join(f'"{one}"' for one in (lead["Id"], "true", "Ada", "Loaded", quoted))
    assert loader.text(job["id"], "successfulResults") == f"{head}{end}{row}{end}"


def test_an_update_leaves_blanks_alone_and_clears_with_a_mark(loader: Loader) -> None:
    one, other = _lead(loader, Title="CFO", City="Leeds"), _lead(loader, Title="CEO", City="York")
    job = loader.run(f"Id,Title,City\n{one[:15]},,#N/A\n{other},COO,\n", operation="update")
    assert job["numberRecordsFailed"] == 0
    stored = loader.stored()
    assert (stored[one]["Title"], stored[one]["City"]) == ("CFO", None)
    assert (stored[other]["Title"], stored[other]["City"]) == ("COO", "York")
    assert [(row["sf__Id"], row["sf__Created"], row["Id"]) for row in loader.rows(job["id"], "successfulResults")] == [
        (one, "false", one[:15]),
        (other, "false", other),
    ]


def test_an_insert_has_its_defaults_whether_blank_or_null(loader: Loader) -> None:
    loader.run("LastName,Company,Status,OwnerId,Title\nAda,Loaded,,,\nBea,Loaded,#N/A,#N/A,#N/A\n")
    user = loader.org.org.users.logins["integration"].user_id
    assert [(row["LastName"], row["Status"], row["OwnerId"], row["Title"]) for row in loader.named("Loaded")] == [
        ("Ada", "Open - Not Contacted", user, None),
        ("Bea", "Open - Not Contacted", user, None),
    ]


def test_rows_of_an_update_that_are_refused(loader: Loader) -> None:
    gone, living = _lead(loader), _lead(loader)
    loader.org.call("DELETE", f"/sobjects/Lead/{gone}", token=loader.token)
    account = loader.org.call("POST", "/sobjects/Account", token=loader.token, json={"Name": "A"}).json()["id"]
    ids = [gone, "", "nonsense", "00QgK00000zzzzz", account, living]
    job = loader.run("Id,LastName\n" + "".join(f"{one},Moved\n" for one in ids[:-1]) + f"{living},#N/A\n",
                     operation="update")  # fmt: skip
    assert _errors(loader, job) == [
        "ENTITY_IS_DELETED:entity is deleted:--",
        "MISSING_ARGUMENT:Id not specified in an update call:--",
        "MALFORMED_ID:Record ID: id value of incorrect type: nonsense:Id --",
        "INVALID_CROSS_REFERENCE_KEY:invalid cross reference id:--",
        "INVALID_CROSS_REFERENCE_KEY:invalid cross reference id:--",
        "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --",
    ]
    assert loader.stored()[living]["LastName"] == "Moss"


@pytest.mark.parametrize(("version", "tells"), [("52.0", False), ("53.0", True)])
def test_a_failed_row_tells_its_id_from_53_on(loader: Loader, version: str, tells: bool) -> None:
    lead = _lead(loader)
    job = loader.run(f"Id,Email\n{lead},nowhere\n", operation="update", version=version)
    (failed,) = loader.rows(job["id"], "failedResults")
    assert (failed["sf__Id"], failed["Id"]) == (lead if tells else "", lead)


def test_an_insert_does_not_name_ids(loader: Loader) -> None:
    job = loader.run(f"Id,LastName,Company\n{_lead(loader)},Ada,C\n,Bea,C\n")
    assert (job["numberRecordsProcessed"], _errors(loader, job)) == (
        2,
        ["INVALID_FIELD_FOR_INSERT_UPDATE:cannot specify Id in an insert call:Id --"],
    )


def test_an_upsert_creates_and_updates(loader: Loader) -> None:
    known = _lead(loader, Syncline_Id__c="k-1", Title="CFO")
    data = "Syncline_Id__c,LastName,Company,Title\nK-1,,,CEO\nk-2,Ada,Loaded,COO\n"
    job = loader.run(data, operation="upsert", externalIdFieldName="Syncline_Id__c")
    told = loader.rows(job["id"], "successfulResults")
    assert [(row["sf__Created"], row["Syncline_Id__c"]) for row in told] == [("false", "K-1"), ("true", "k-2")]
    stored = loader.stored()
    assert told[0]["sf__Id"] == known
    assert (stored[known]["Title"], stored[known]["LastName"]) == ("CEO", "Moss")
    assert stored[told[1]["sf__Id"]]["Syncline_Id__c"] == "k-2"
    again = loader.run(data, operation="upsert", externalIdFieldName="Syncline_Id__c")
    assert [row["sf__Created"] for row in loader.rows(again["id"], "successfulResults")] == ["false", "false"]


def test_keys_of_an_upsert_that_fit_nobody_or_several(loader: Loader) -> None:
    twins = sorted(_lead(loader, Email="ada@moss.example") for _ in range(2))
    keyed = loader.run(
        "Syncline_Id__c,LastName,Company\nd-1,Ada,C\nD-1,Bea,C\n,Cy,C\n#N/A,Di,C\nd-2,Ed,C\n",
        operation="upsert", externalIdFieldName="Syncline_Id__c",
    )  # fmt: skip
    assert _errors(loader, keyed) == [
        "DUPLICATE_VALUE:Duplicate external id specified: d-1:Syncline_Id__c --",
        "DUPLICATE_VALUE:Duplicate external id specified: D-1:Syncline_Id__c --",
        "MISSING_ARGUMENT:Syncline_Id__c not specified:--",
        "MISSING_ARGUMENT:Syncline_Id__c not specified:--",
    ]
    mailed = loader.run("Email,Title\nADA@moss.example,CFO\n", operation="upsert", externalIdFieldName="Email")
    assert _errors(loader, mailed) == [
        f"DUPLICATE_EXTERNAL_ID:Email: more than one record found for external id field: [{', '.join(twins)}]:Email --"
    ]


def test_the_same_key_in_two_chunks_is_updated_the_second_time(loader: Loader) -> None:
    rows = "".join(f"c-{i},Ada {i},Loaded\n" for i in range(200))
    job = loader.run(f"Syncline_Id__c,LastName,Company\n{rows}c-0,Bea,Loaded\n", operation="upsert",
                     externalIdFieldName="Syncline_Id__c")  # fmt: skip
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (201, 0)
    assert len(loader.named("Loaded")) == 200
    assert [row["LastName"] for row in loader.named("c-0", field="Syncline_Id__c")] == ["Bea"]


def test_an_upsert_by_id(loader: Loader) -> None:
    lead = _lead(loader)
    job = loader.run(f"Id,LastName,Company\n{lead},Bea,\n,Ada,Loaded\n", operation="upsert", externalIdFieldName="Id")
    assert [row["sf__Created"] for row in loader.rows(job["id"], "successfulResults")] == ["false", "true"]
    assert [row["LastName"] for row in loader.named("Loaded")] == ["Bea", "Ada"]


def test_a_delete_puts_records_and_what_falls_with_them_into_the_bin(loader: Loader) -> None:
    account = loader.org.call("POST", "/sobjects/Account", token=loader.token, json={"Name": "A"}).json()["id"]
    person = {"LastName": "Moss", "AccountId": account}
    contact = loader.org.call("POST", "/sobjects/Contact", token=loader.token, json=person).json()["id"]
    job = loader.run(f"Id\n{account}\n{account}\n,\n"[:-2], "Account", "delete")
    assert [row["sf__Id"] for row in loader.rows(job["id"], "successfulResults")] == [account]
    assert _errors(loader, job) == ["ENTITY_IS_DELETED:entity is deleted:--"]
    assert loader.stored("Account")[account]["IsDeleted"]
    assert loader.stored("Contact")[contact]["IsDeleted"]


def test_a_hard_delete_leaves_nothing_in_the_bin(loader: Loader) -> None:
    loader.org.control("POST", "settings", {"bulk_hard_delete": True})
    try:
        account = loader.org.call("POST", "/sobjects/Account", token=loader.token, json={"Name": "A"}).json()["id"]
        person = {"LastName": "Moss", "AccountId": account}
        contact = loader.org.call("POST", "/sobjects/Contact", token=loader.token, json=person).json()["id"]
        job = loader.run(f"Id\n{account}\n", "Account", "hardDelete")
    finally:
        loader.org.control("POST", "settings", {"bulk_hard_delete": False})
    assert [row["sf__Created"] for row in loader.rows(job["id"], "successfulResults")] == ["false"]
    assert loader.stored("Account")[account]["IsDeleted"]
    assert loader.stored("Contact")[contact]["IsDeleted"]
    for record_id in (account, contact):
        (result,) = call_soap(loader.org, loader.token, "undelete", f"<ids>{record_id}</ids>")[1]["result"]
        assert result["errors"][0]["message"] == ["Entity is not in the recycle bin"]


def test_a_reference_by_a_key_of_the_parent(loader: Loader) -> None:
    field = {"label": "Key", "type": "string", "length": 20, "external_id": True, "unique": True, "custom": True}
    loader.org.control("POST", "fields", {"object": "Account", "name": "Key__c", "add": field})
    try:
        body = {"Name": "A", "Key__c": "acc-1"}
        account = loader.org.call("POST", "/sobjects/Account", token=loader.token, json=body).json()["id"]
        data = "LastName,Department,Account.Key__c\nAda,Loaded,ACC-1\nBea,Loaded,acc-9\nCy,Loaded,\nDi,Loaded,#N/A\n"
        job = loader.run(data, "Contact")
        assert _errors(loader, job) == [
            "INVALID_FIELD:Foreign key external ID: acc-9 not found for field Key__c in entity Account:--"
        ]
        people = loader.named("Loaded", "Contact", "Department")
        assert [(one["LastName"], one["AccountId"]) for one in people] == [
            ("Ada", account), ("Cy", None), ("Di", None),
        ]  # fmt: skip
        cleared = loader.run(f"Id,account.key__c\n{people[0]['Id']},#N/A\n", "Contact", "update")
        assert cleared["numberRecordsFailed"] == 0
        assert loader.stored("Contact")[people[0]["Id"]]["AccountId"] is None
    finally:
        loader.org.control("POST", "fields", {"object": "Account", "name": "Key__c", "remove": True})


def test_a_reference_to_a_row_before(loader: Loader) -> None:
    data = "LastName,Email,Department,ReportsTo.Email\nAda,ada@new.example,Loaded,\nBea,,Loaded,ada@new.example\n"
    assert loader.run(data, "Contact")["numberRecordsFailed"] == 0
    ada, bea = loader.named("Loaded", "Contact", "Department")
    assert bea["ReportsToId"] == ada["Id"]


@pytest.mark.parametrize("column", ["Owner.Username", "User:Owner.Username", "user:owner.username"])
def test_an_owner_by_name(loader: Loader, column: str) -> None:
    colleague = loader.org.org.users.logins["colleague"]
    job = loader.run(f"LastName,Company,{column}\nAda,Loaded,{colleague.username}\nBea,Loaded,nobody@x.example\n")
    assert _errors(loader, job) == [
        "INVALID_FIELD:Foreign key external ID: nobody@x.example not found for field Username in entity User:--"
    ]
    assert [row["OwnerId"] for row in loader.named("Loaded")] == [colleague.user_id]


def test_fields_that_cannot_be_written_fail_row_by_row(loader: Loader) -> None:
    job = loader.run("LastName,Company,CreatedDate\nAda,Loaded,2026-01-02T03:04:05Z\nBea,Loaded,\n")
    (error,) = _errors(loader, job)
    assert error.startswith("INVALID_FIELD_FOR_INSERT_UPDATE:Unable to create/update fields: CreatedDate.")
    assert error.endswith(":CreatedDate --")
    assert [row["LastName"] for row in loader.named("Loaded")] == ["Bea"]


def test_an_assignment_rule_runs_where_the_job_names_it(loader: Loader) -> None:
    colleague = loader.org.org.users.logins["colleague"].user_id
    rule = {"assignment_source": "Web", "assignment_owner": colleague}
    loader.org.control("POST", "settings", rule)
    try:
        loader.run("LastName,Company,LeadSource\nAda,Loaded,Web\n")
        loader.run("LastName,Company,LeadSource\nBea,Loaded,Web\n", assignmentRuleId="01QgK0000000001")
    finally:
        loader.org.control("POST", "settings", dict.fromkeys(rule))
    owners = {row["LastName"]: row["OwnerId"] for row in loader.named("Loaded")}
    assert owners == {"Ada": loader.org.org.users.logins["integration"].user_id, "Bea": colleague}


def test_rows_are_stamped_and_seen_like_any_write(loader: Loader) -> None:
    lead = _lead(loader)
    loader.org.control("POST", "clock", {"advance": 3600})
    loader.run(f"Id,Title\n{lead},CFO\n", operation="update")
    row = loader.stored()[lead]
    assert row["SystemModstamp"] == row["LastModifiedDate"] > row["CreatedDate"]
    soql = {"q": "SELECT Id FROM Lead WHERE Title = 'CFO' AND Company = 'Loaded'"}
    assert loader.org.call("GET", "/query", token=loader.token, params=soql).json()["totalSize"] == 1


def test_many_rows_in_two_batches(loader: Loader) -> None:
    rows = "".join(f"Moss {i},{'Loaded' if i % 100 else ''}\n" for i in range(10_100))
    job = loader.run(f"LastName,Company\n{rows}")
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (10_100, 101)
    told = [row["LastName"] for row in loader.rows(job["id"], "successfulResults")]
    assert told == [row["LastName"] for row in loader.named("Loaded")]
    assert len(told) == 9_999
