"""What a user may not see is told by no road over HTTP: not by jobs of others, not by duplicates, not by any answer.

The property: what is hidden from a user is given other values, and every answer the user gets stays the same to the
last byte, whatever was asked: fields, filters, orders, aggregates, relationships, Bulk jobs, describes, refused writes.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import simulated
from tests.clients.loading import Loader
from tests.simulated import Simulated

_QUERY = "SELECT Id, LastName FROM Lead ORDER BY Id"


def _token(org: Simulated, role: str) -> str:
    token: str = org.control("POST", "sessions", {"username": role})["access_token"]
    return token


def _call(org: Simulated, token: str, method: str, path: str, **how: Any) -> tuple[int, str]:
    answer = org.call(method, path, token=token, **how)
    return answer.status_code, answer.text


@pytest.fixture
def jobs(org: Simulated) -> dict[str, str]:
    """A query job, an ingest job that ended and one that is open, of the integration user."""
    loader = Loader(org)
    ended = loader.start("LastName,Company\nFinch,Finch Ltd\n")
    loader.wait(ended, "JobComplete")
    asked = {"operation": "query", "query": _QUERY}
    query = org.call("POST", "/jobs/query", token=loader.token, json=asked).json()["id"]
    made = {"query": query, "ingest": ended, "open": loader.create()}
    org.org.parts["query jobs"].find(query).ended.wait(30)  # type: ignore[attr-defined]  # the part of query jobs
    return made


_ROADS = (
    ("GET", "/jobs/query/{query}"), ("GET", "/jobs/query/{query}/results"), ("DELETE", "/jobs/query/{query}"),
    ("PATCH", "/jobs/query/{query}"), ("GET", "/jobs/ingest/{ingest}"), ("DELETE", "/jobs/ingest/{ingest}"),
    ("GET", "/jobs/ingest/{ingest}/successfulResults"), ("GET", "/jobs/ingest/{ingest}/failedResults"),
    ("GET", "/jobs/ingest/{ingest}/unprocessedrecords"), ("PATCH", "/jobs/ingest/{open}"),
    ("PUT", "/jobs/ingest/{open}/batches"),
)  # fmt: skip


def test_a_job_of_somebody_else_is_not_there(org: Simulated, jobs: dict[str, str]) -> None:
    """By no road that names it, in no list, and with the same answer as a job that nobody has."""
    token = _token(org, "colleague")
    nobodys = dict.fromkeys(jobs, "750gK0000000zzzQAA")
    for method, path in _ROADS:
        how: dict[str, Any] = {"json": {"state": "Aborted"}} if method == "PATCH" else {}
        how |= {"data": "LastName\nX\n", "headers": {"Content-Type": "text/csv"}} if method == "PUT" else {}
        refused = _call(org, token, method, path.format(**jobs), **how)
        assert refused == _call(org, token, method, path.format(**nobodys), **how), path
        assert refused[0] == 404
    for kind in ("query", "ingest"):
        assert org.call("GET", f"/jobs/{kind}", token=token).json()["records"] == []


def test_whoever_manages_data_integrations_sees_jobs_but_not_their_content(
    org: Simulated, jobs: dict[str, str]
) -> None:
    org.control("POST", "rights", {"user": "colleague", "permission": "ManageDataIntegrations"})
    token = _token(org, "colleague")
    listed = [one["id"] for kind in ("query", "ingest") for one in _listed(org, token, kind)]
    assert sorted(listed) == sorted(jobs.values())
    assert org.call("GET", f"/jobs/ingest/{jobs['ingest']}", token=token).json()["state"] == "JobComplete"
    for path in ("query/{query}/results", "ingest/{ingest}/successfulResults", "ingest/{ingest}/unprocessedrecords"):
        assert _call(org, token, "GET", f"/jobs/{path.format(**jobs)}")[0] == 404
    assert _call(org, token, "PATCH", f"/jobs/ingest/{jobs['open']}", json={"state": "UploadComplete"})[0] == 404
    aborted = org.call("PATCH", f"/jobs/ingest/{jobs['open']}", token=token, json={"state": "Aborted"})
    assert aborted.json()["state"] == "Aborted"
    assert org.call("GET", f"/jobs/query/{jobs['query']}/results", token=_token(org, "admin")).status_code == 200


def _listed(org: Simulated, token: str, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = org.call("GET", f"/jobs/{kind}", token=token).json()["records"]
    return found


@pytest.fixture
def repeated(org: Simulated) -> Iterator[str]:
    """The id of a Lead that its owner alone sees, under a duplicate rule that shows Leads of the same e-mail."""
    org.control("POST", "settings", {"sharing": {"Lead": "Private"}})
    lead = {"LastName": "Wren", "Company": "W", "Email": "wren@example.com", "Title": "Secret title"}
    yield org.call("POST", "/sobjects/Lead", token=_token(org, "admin"), json=lead).json()["id"]
    org.control("POST", "settings", {"sharing": {"Lead": "ReadWriteTransfer"}})


_REPEATS = {"LastName": "Other", "Company": "O", "Email": "wren@example.com"}
_MATCH = {"object": "Lead", "fields": {"Email": "Email"}}
_RULE = {"kind": "duplicate", "name": "Same", "object": "Lead", "match": [_MATCH]}


def test_a_duplicate_tells_only_of_records_that_the_user_sees(org: Simulated, repeated: str) -> None:
    """That there is one is told: rules run without sharing unless the caller asks otherwise."""
    org.control("POST", "rules", _RULE)
    header = {"Sforce-Duplicate-Rule-Header": "includeRecordDetails=true"}
    refused = org.call("POST", "/sobjects/Lead", token=_token(org, "rep"), json=_REPEATS, headers=header)
    (match,) = refused.json()[0]["duplicateResult"]["matchResults"]
    assert (match["size"], match["matchRecords"]) == (1, [])
    assert repeated[:15] not in refused.text
    header = {"Sforce-Duplicate-Rule-Header": "runAsCurrentUser=true"}
    assert (
        org.call("POST", "/sobjects/Lead", token=_token(org, "rep"), json=_REPEATS, headers=header).status_code == 201
    )


def test_a_duplicate_tells_only_of_fields_that_the_user_sees(org: Simulated, repeated: str) -> None:
    org.control("POST", "settings", {"sharing": {"Lead": "Read"}})
    org.control("POST", "rules", _RULE)
    hidden = {"user": "rep", "object": "Lead", "field": "Title", "permission": "Read", "allow": False}
    org.control("POST", "rights", hidden)
    header = {"Sforce-Duplicate-Rule-Header": "includeRecordDetails=true"}
    refused = org.call("POST", "/sobjects/Lead", token=_token(org, "rep"), json=_REPEATS, headers=header)
    (match,) = refused.json()[0]["duplicateResult"]["matchResults"]
    record = match["matchRecords"][0]["record"]
    assert (record["Id"], record["LastName"], "Title" in record) == (repeated, "Wren", False)
    assert "Secret" not in refused.text


_HIDEABLE = ("Title", "Rating", "Phone", "AnnualRevenue", "City", "Lead_Score__c", "HasOptedOutOfEmail", "Email")
_VALUES: Mapping[str, tuple[Any, Any]] = {
    "Title": ("secret-a", "secret-b"),
    "Rating": ("Hot", "Cold"),
    "Phone": ("111", "999"),
    "AnnualRevenue": (1.0, 9.0),
    "City": ("Aachen", "Zwolle"),
    "Lead_Score__c": (1.0, 9.0),
    "HasOptedOutOfEmail": (0, 1),
    "Email": ("a@secret.example", "z@secret.example"),
}
_LITERALS = {
    name: str(values[0]) if isinstance(values[0], float) else {0: "false"}.get(values[0], f"'{values[0]}'")
    for name, values in _VALUES.items()
}
_FORMS = (
    "SELECT Id, {0}, {1} FROM Lead ORDER BY Id",
    "SELECT Id FROM Lead WHERE {0} = {lit} ORDER BY Id",
    "SELECT Id FROM Lead WHERE {0} != {lit} OR {1} = null ORDER BY Id",
    "SELECT Id FROM Lead ORDER BY {0}, {1} DESC, Id",
    "SELECT {0}, count(Id) FROM Lead GROUP BY {0} ORDER BY {0}",
    "SELECT max({0}), min({1}) FROM Lead",
    "SELECT count() FROM Lead WHERE {0} < {lit}",
    "SELECT count_distinct({0}) FROM Lead HAVING max({1}) > {lit}",
    "SELECT Id, Lead.{0} FROM CampaignMember ORDER BY Lead.{1}, Id",
    "SELECT Id, (SELECT Id, Lead.{0} FROM CampaignMembers WHERE Lead.{1} = {lit}) FROM Campaign ORDER BY Id",
    "SELECT Id FROM Campaign WHERE Id IN (SELECT CampaignId FROM CampaignMember WHERE Lead.{0} = {lit}) ORDER BY Id",
    "SELECT Id FROM Lead WHERE Id IN (SELECT WhoId FROM Task) AND {0} LIKE 's%' ORDER BY {1}, Id",
    "SELECT FIELDS(ALL) FROM Lead ORDER BY Id LIMIT 200",
    "SELECT Id, Owner.Name, {0} FROM Lead WHERE Nothing__c = 1",
)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulated]:
    """An org whose clock stands, in which the rep sees some Leads."""
    running = simulated.start(tmp_path_factory.mktemp("guarded"))
    running.control("POST", "clock", {"freeze": True})
    running.control("POST", "settings", {"sharing": {"Lead": "Private"}})
    owners = [running.org.users.logins[role].user_id for role in ("rep", "admin")]
    with running.org.storage.transaction(lags=False) as tx:
        for number, lead in enumerate(tx.select_ids("Lead", "1", [])):
            tx.update("Lead", lead, {"OwnerId": owners[number % 2]})
    for name in ("HasOptedOutOfEmail",):
        right = {"user": "rep", "object": "Lead", "field": name, "permission": "Edit"}
        running.control("POST", "rights", right)
    yield running
    running.stop()


def _hide(org: Simulated, hidden: frozenset[str]) -> None:
    """Lets the rep see all fields but these."""
    for name in _HIDEABLE:
        right = {"user": "rep", "object": "Lead", "field": name}
        allow = name not in hidden
        org.control("POST", "rights", {**right, "permission": "Edit" if allow else "Read", "allow": allow})


def _fill(org: Simulated, hidden: frozenset[str], which: int) -> None:
    """Gives what the rep does not see the one or the other values; the same Leads get one by turns."""
    rep = org.org.users.logins["rep"].user_id
    with org.org.storage.transaction(lags=False) as tx:
        for number, lead in enumerate(tx.select("Lead", "1", [])):
            names = hidden if lead["OwnerId"] == rep else frozenset(_HIDEABLE)
            at = which if number % 3 else 1 - which
            tx.update("Lead", str(lead["Id"]), {name: _VALUES[name][at] for name in names})


def _answers(org: Simulated, token: str, asked: list[tuple[str, str, str]], leads: tuple[str, str]) -> list[object]:
    """Everything that the rep is told, but for what counts the calls."""
    told: list[object] = []
    for form, first, second in asked:
        soql = form.format(first, second, lit=_LITERALS[first])
        told.append(_call(org, token, "GET", "/query", params={"q": soql}))
        made = org.call("POST", "/jobs/query", token=token, json={"operation": "query", "query": soql})
        if made.ok:
            job = org.org.parts["query jobs"].find(made.json()["id"])  # type: ignore[attr-defined]
            job.ended.wait(30)
            told.append(_call(org, token, "GET", f"/jobs/query/{job.id}/results"))
        else:
            told.append(made.text)
        value = _VALUES[first][0]
        for lead in leads:
            told.append(_call(org, token, "GET", f"/sobjects/Lead/{lead}", params={"fields": f"Id,{first}"}))
            told.append(_call(org, token, "GET", f"/sobjects/Lead/{lead}"))
            told.append(_call(org, token, "GET", "/composite/sobjects/Lead", params={"ids": lead, "fields": second}))
        told.append(_call(org, token, "PATCH", f"/sobjects/Lead/{leads[1]}", json={first: value}))
        told.append(_call(org, token, "GET", f"/sobjects/Lead/Email/{_VALUES['Email'][0]}"))
    told.append(_call(org, token, "GET", "/sobjects/Lead/describe"))
    return told


@given(
    hidden=st.frozensets(st.sampled_from(_HIDEABLE), min_size=1),
    asked=st.lists(
        st.tuples(st.sampled_from(_FORMS), st.sampled_from(_HIDEABLE), st.sampled_from(_HIDEABLE)),
        min_size=2, max_size=4,
    ),
)  # fmt: skip
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_hidden_changes_no_answer(
    guarded: Simulated, hidden: frozenset[str], asked: list[tuple[str, str, str]]
) -> None:
    _hide(guarded, hidden)
    token = _token(guarded, "rep")
    ids = guarded.org.storage
    rep = guarded.org.users.logins["rep"].user_id
    own = ids.read_one('SELECT min("Id") FROM "Lead" WHERE "OwnerId" = ?', [rep])
    foreign = ids.read_one('SELECT min("Id") FROM "Lead" WHERE "OwnerId" <> ?', [rep])
    assert own
    assert foreign
    leads = str(own[0]), str(foreign[0])
    _fill(guarded, hidden, 0)
    first = _answers(guarded, token, asked, leads)
    _fill(guarded, hidden, 1)
    assert _answers(guarded, token, asked, leads) == first
