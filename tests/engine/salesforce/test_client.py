"""The Salesforce client against a simulated org: sessions, pages, writes, Bulk results, good days and bad ones."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from syncline import clock
from syncline.errors import ConnectionBroken, LimitReached, RemoteRefused, RetryLater
from syncline.flows.auth_kinds import AuthKind
from syncline.flows.connect import Login, make_client, open_session
from syncline.salesforce import client as client_module
from syncline.salesforce.client import Salesforce
from syncline.salesforce.composite import query_part
from syncline.salesforce.failures import LocatorLost, remote_error
from syncline.salesforce.soql import quote_list
from syncline.salesforce.transport import Answer
from tests.engine.orgs import login_to
from tests.simulated import Simulated


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits between tries are short: their number is what is tested."""
    monkeypatch.setattr(client_module, "_FIRST_WAIT", 0.01)


def _logins(org: Simulated) -> dict[AuthKind, Login]:
    facts = org.facts
    person = {"password": facts["password"], "security_token": facts["security_token"]}
    key = Path(facts["private_key"]).read_text(encoding="ascii")
    secret = {"client_secret": facts["client_secret"]}
    return {
        AuthKind.CLIENT_CREDENTIALS: login_to(org),
        AuthKind.JWT: Login(AuthKind.JWT, org.url, facts["client_id"], facts["username"], {"private_key": key}),
        AuthKind.PASSWORD: Login(
            AuthKind.PASSWORD, org.url, facts["client_id"], facts["username"], {**secret, **person}
        ),
        AuthKind.SOAP: Login(AuthKind.SOAP, org.url, "", facts["username"], person),
    }


@contextmanager
def _wrong(login: Login, **secrets: str) -> Iterator[Salesforce]:
    with make_client(replace(login, secrets={**login.secrets, **secrets})) as client:
        yield client


@pytest.mark.parametrize("kind", list(AuthKind))
def test_every_login_leads_in(org: Simulated, kind: AuthKind) -> None:
    with make_client(_logins(org)[kind]) as client:
        assert client.identity().username == org.facts["username"]
        assert client.identity().organization_id == org.facts["org_id"]


@pytest.mark.parametrize(
    ("kind", "secrets"),
    [
        (AuthKind.CLIENT_CREDENTIALS, {"client_secret": "no"}),
        (AuthKind.PASSWORD, {"password": "no"}),
        (AuthKind.SOAP, {"password": "no"}),
        (AuthKind.SOAP, {"security_token": ""}),
    ],
)
def test_a_refused_login_breaks_the_connection_with_a_remedy(
    org: Simulated, kind: AuthKind, secrets: dict[str, str]
) -> None:
    with _wrong(_logins(org)[kind], **secrets) as client, pytest.raises(ConnectionBroken) as refused:
        client.identity()
    assert refused.value.remedy
    assert refused.value.message != "no"
    assert org.facts["client_secret"] not in str(refused.value)


def test_soap_login_switched_off_says_what_to_do(org: Simulated) -> None:
    org.org.settings.soap_login_enabled = False
    with make_client(_logins(org)[AuthKind.SOAP]) as client, pytest.raises(ConnectionBroken, match="switched off"):
        client.identity()


def test_an_expired_session_is_renewed_once_however_many_threads_ask(org: Simulated, client: Salesforce) -> None:
    client.limits()
    org.control("DELETE", "sessions")
    org.control("DELETE", "journal")
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: client.query("SELECT Id FROM Organization"), range(6)))
    assert [one.total_size for one in answers] == [1] * 6
    logins = org.control("GET", "journal?path=/oauth2/token")
    assert len(logins) == 1


def test_an_expired_session_is_renewed_where_the_identity_is_asked_for(org: Simulated, client: Salesforce) -> None:
    """The identity services say it with 403 and a plain word; so does a token that renewing did not help."""
    who = client.identity()
    org.control("DELETE", "sessions")
    assert client.identity() == who
    with open_session(org.url, "00Dnobody!AQ") as stranger, pytest.raises(ConnectionBroken, match="no longer valid"):
        stranger.identity()
    answer = Answer(403, {}, b"Bad_OAuth_Token")
    assert isinstance(remote_error("login", answer.status, answer.failure()), ConnectionBroken)


def test_a_session_that_cannot_be_renewed_ends_after_one_try(org: Simulated) -> None:
    login = _logins(org)[AuthKind.PASSWORD]
    with make_client(login) as client:
        client.limits()
        org.control("DELETE", "sessions")
        org.control("POST", "faults", {"path": "/oauth2/token", "status": 400, "body": '{"error":"invalid_grant"}'})
        org.control("DELETE", "journal")
        with pytest.raises(ConnectionBroken):
            client.limits()
    assert len(org.control("GET", "journal?path=/oauth2/token")) == 1


def test_pages_of_a_query_come_one_after_the_other(org: Simulated, client: Salesforce) -> None:
    org.org.settings.page_rows = 50
    page = client.query("SELECT Id FROM Lead ORDER BY Id")
    ids = [one["Id"] for one in page.records]
    while page.next_url:
        page = client.query_more(page.next_url)
        ids += [one["Id"] for one in page.records]
    assert page.done
    assert len(ids) == len(set(ids)) == page.total_size > 100


def test_l43e_a_query_too_long_for_a_url_goes_in_a_body(org: Simulated, client: Salesforce) -> None:
    """Salesforce takes 16 KB of URL; what is longer is posted."""
    org.org.settings.page_rows = 50
    ids = [one["Id"] for one in client.query("SELECT Id FROM Lead").records]
    nobody = quote_list(f"Nobody is called so {number}" for number in range(3_000))
    org.control("DELETE", "journal")
    page = client.query(f"SELECT Id FROM Lead WHERE Id IN {quote_list(ids)} OR LastName IN {nobody}", all_rows=True)
    assert {one["Id"] for one in page.records} == set(ids)
    assert [one["path"].rsplit("/", 1)[1] for one in org.control("GET", "journal?path=/data/")] == ["composite"]


def test_a_lost_place_is_told_apart(org: Simulated, client: Salesforce) -> None:
    org.org.settings.page_rows = 50
    page = client.query("SELECT Id FROM Lead")
    org.control("DELETE", "sessions")
    assert page.next_url
    with pytest.raises(LocatorLost):
        client.query_more(page.next_url)


def test_composite_answers_each_part(client: Salesforce) -> None:
    results = client.composite(
        [
            query_part("a", "SELECT COUNT() FROM Lead", all_rows=False),
            query_part("b", "SELECT No__c FROM Lead", all_rows=True),
        ]
    )
    assert [one.status for one in results] == [200, 400]
    assert results[0].body["totalSize"] > 0
    assert results[1].body[0]["errorCode"] == "INVALID_FIELD"


def test_a_describe_is_not_sent_twice(org: Simulated, client: Salesforce) -> None:
    shape = client.describe("Lead")
    assert client.describe("Lead", shape) is shape
    org.control("POST", "fields", {"object": "Lead", "name": "Fax", "hidden": True})
    try:
        changed = client.describe("Lead", shape)
    finally:
        org.control("POST", "fields", {"object": "Lead", "name": "Fax", "hidden": False})
    assert shape.find("Fax")
    assert changed.find("Fax") is None


def _some_ids(client: Salesforce, number: int) -> list[str]:
    soql = f"SELECT Id FROM Lead WHERE IsConverted = false ORDER BY Id LIMIT {number}"
    return [one["Id"] for one in client.query(soql).records]


def test_rows_are_refused_one_by_one(client: Salesforce) -> None:
    good, bad, gone = _some_ids(client, 3)
    client.delete_records("Lead", [gone])
    results = client.update(
        "Lead", [{"Id": good, "Title": "Chief"}, {"Id": bad, "Email": "no address"}, {"Id": gone, "Title": "x"}]
    )
    assert [one.success for one in results] == [True, False, False]
    assert results[1].errors[0].code == "INVALID_EMAIL_ADDRESS"
    assert results[1].errors[0].fields == ("Email",)
    assert results[2].errors[0].code == "ENTITY_IS_DELETED"
    assert client.retrieve("Lead", [good, "00Q000000000001AAA"], ["Title"])[1] is None


def test_updates_never_run_assignment_rules(org: Simulated, client: Salesforce) -> None:
    (lead,) = _some_ids(client, 1)
    before = client.retrieve("Lead", [lead], ["OwnerId"])[0]
    client.update("Lead", [{"Id": lead, "LeadSource": "Web"}])
    assert client.retrieve("Lead", [lead], ["OwnerId"])[0]["OwnerId"] == before["OwnerId"]  # type: ignore[index]
    entry = org.control("GET", "journal?path=/composite/sobjects&method=PATCH")[-1]
    assert entry["headers"]["sforce-auto-assign"] == "FALSE"


def test_a_lost_answer_to_an_update_is_asked_again(org: Simulated, client: Salesforce) -> None:
    (lead,) = _some_ids(client, 1)
    org.control("POST", "faults", {"path": "/composite/sobjects", "method": "PATCH", "drop": "after"})
    (result,) = client.update("Lead", [{"Id": lead, "Title": "Chief"}])
    assert result.success
    assert len(org.control("GET", "journal?path=/composite/sobjects&method=PATCH")) == 2


def test_a_lost_answer_to_a_create_is_never_asked_again(org: Simulated, client: Salesforce) -> None:
    before = client.query("SELECT COUNT() FROM Lead").total_size
    org.control("POST", "faults", {"path": "/composite/sobjects", "method": "POST", "drop": "after"})
    with pytest.raises(RetryLater):
        client.create("Lead", [{"LastName": "Once", "Company": "Only"}])
    assert client.query("SELECT COUNT() FROM Lead").total_size == before + 1


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 503, "body": "<html>busy</html>", "content_type": "text/html"},
        {"status": 500, "body": '[{"errorCode":"UNKNOWN_EXCEPTION","message":"x"}]'},
        {"status": 200, "body": '{"totalSize": 1, "done"'},
        {"drop": "before"},
    ],
)
def test_a_bad_moment_passes(org: Simulated, client: Salesforce, fault: dict[str, object]) -> None:
    client.limits()
    org.control("POST", "faults", {"path": "/query", "times": 2, **fault})
    assert client.query("SELECT Id FROM Organization").total_size == 1


def test_a_bad_day_ends_in_a_clear_error(org: Simulated, client: Salesforce) -> None:
    client.limits()
    org.control("POST", "faults", {"path": "/query", "status": 503, "body": "<html>", "times": None})
    with pytest.raises(RetryLater, match="503") as failed:
        client.query("SELECT Id FROM Organization")
    assert failed.value.remedy
    assert len(org.control("GET", "journal?path=/query")) == 4


def test_the_limit_is_not_tried_again(org: Simulated, client: Salesforce) -> None:
    client.limits()
    org.org.settings.daily_requests = 1
    org.control("DELETE", "journal")
    with pytest.raises(LimitReached):
        client.query("SELECT Id FROM Organization")
    assert len(org.control("GET", "journal?path=/query")) == 1


def test_usage_is_read_from_every_answer(org: Simulated, client: Salesforce) -> None:
    client.limits()
    usage = client.usage()
    assert usage is not None
    assert usage.limit == org.org.settings.daily_requests
    client.limits()
    after = client.usage()
    assert after is not None
    assert after.used == usage.used + 1


def test_a_wrong_query_is_refused_with_its_reason(client: Salesforce) -> None:
    with pytest.raises(RemoteRefused, match="No such column 'Bacon__c'"):
        client.query("SELECT Bacon__c FROM Lead")


def _wait_for_job(client: Salesforce, soql: str, *, all_rows: bool = False) -> str:
    job = client.create_query_job(soql, all_rows=all_rows)
    deadline = clock.monotonic() + 60
    while client.query_job(job.id).state != "JobComplete":
        assert clock.monotonic() < deadline
        clock.sleep(0.01)
    return job.id


def test_bulk_results_come_in_pages_that_can_be_read_again(org: Simulated, client: Salesforce) -> None:
    job_id = _wait_for_job(client, "SELECT Id, Email FROM Lead")
    locator, lines = None, 0
    while True:
        with client.results(job_id, locator=locator, max_records=70) as page:
            text = b"".join(page.chunks()).decode()
            records = page.records
            following = page.next_locator
        with client.results(job_id, locator=locator, max_records=70) as again:
            assert b"".join(again.chunks()).decode() == text
        assert text.splitlines()[0] == '"Id","Email"'
        assert records == len(text.splitlines()) - 1
        lines += records
        if following is None:
            break
        locator = following
    assert lines == client.query("SELECT COUNT() FROM Lead").total_size
    client.delete_query_job(job_id)
    with pytest.raises(RemoteRefused):
        client.query_job(job_id)


def test_a_page_that_breaks_off_is_never_taken_for_whole(org: Simulated, client: Salesforce) -> None:
    job_id = _wait_for_job(client, "SELECT Id, Email FROM Lead")
    org.control("POST", "faults", {"path": "/results", "truncate": 700})
    with client.results(job_id) as page, pytest.raises(RetryLater):
        b"".join(page.chunks())


def test_conversion_and_merge_go_through_soap(client: Salesforce) -> None:
    one, two, three = _some_ids(client, 3)
    status = client.query("SELECT MasterLabel FROM LeadStatus WHERE IsConverted = true").records[0]["MasterLabel"]
    converted = client.convert_lead(one, converted_status=status)
    assert converted.contact_id.startswith("003")
    with pytest.raises(RemoteRefused):
        client.convert_lead(one, converted_status=status)
    client.merge("Lead", two, [three])
    found = client.query(f"SELECT MasterRecordId FROM Lead WHERE Id = '{three}'", all_rows=True).records
    assert found[0]["MasterRecordId"] == two


def test_deleted_records_can_be_taken_back(client: Salesforce) -> None:
    (lead,) = _some_ids(client, 1)
    assert client.delete_records("Lead", [lead])[0].success
    assert client.delete_records("Lead", [lead])[0].success
    client.undelete([lead])
    assert client.query(f"SELECT COUNT() FROM Lead WHERE Id = '{lead}'").total_size == 1


def test_an_org_that_is_down_is_a_matter_of_time(org: Simulated) -> None:
    login = replace(login_to(org), login_url="http://127.0.0.1:9")
    with make_client(login) as client, pytest.raises(RetryLater):
        client.identity()
