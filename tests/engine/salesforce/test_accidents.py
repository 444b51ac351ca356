"""What other tools paid for at the wire: bare errors, limits that look alike, repeated deletes, rights, locks."""

import json

import pytest

from syncline.domain.mapping_problem import Severity
from syncline.errors import ConnectionBroken, LimitReached, RemoteError, RetryLater
from syncline.flows.connect import connect, make_client
from syncline.salesforce import client as client_module
from syncline.salesforce.client import Salesforce
from syncline.salesforce.failures import remote_error
from tests.engine.orgs import Hub, login_to
from tests.simulated import Simulated


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits between tries are short."""
    monkeypatch.setattr(client_module, "_FIRST_WAIT", 0.01)


def test_l14b_deleting_what_is_deleted_already_is_done(client: Salesforce) -> None:
    made = [one.id for one in client.create("Account", [{"Name": "Looms"}, {"Name": "Engines"}]) if one.id]
    assert [one.success for one in client.delete_records("Account", made[:1])] == [True]
    assert [(one.id, one.success) for one in client.delete_records("Account", made)] == [(id_, True) for id_ in made]


def test_l28_a_hidden_opt_out_field_is_told_before_the_first_run(hub: Hub) -> None:
    """With the setting that has to be changed."""
    for name in ("Lead", "Contact"):
        right = {"user": "integration", "object": name, "field": "HasOptedOutOfEmail", "permission": "Read"}
        hub.org.control("POST", "rights", {**right, "allow": False})
    problems = connect(hub.keys, "second", login_to(hub.org)).problems
    told = [(one.object, one.remedy) for one in problems if one.field == "opted_out"]
    assert [name for name, _ in told] == ["Contact", "Lead"]
    assert all("Set Field-Level Security: Visible" in remedy for _, remedy in told)
    assert {one.severity for one in problems if one.field == "opted_out"} == {Severity.WARNING}


def test_l33_records_of_one_parent_are_sent_in_one_call(hub: Hub) -> None:
    """Calls side by side would wait for each other's lock on the parent."""
    hub.sync()
    people = hub.rows(
        "SELECT contact_id, accountid FROM links JOIN sf_main.contact ON contact.id = record_id"
        " WHERE object = 'Contact' AND links.state = 'live' AND accountid IN ("
        "SELECT accountid FROM sf_main.contact GROUP BY 1 HAVING count(*) >= 2 ORDER BY 1 LIMIT 5)"
    )
    assert len({account for _, account in people}) > 2
    hub.execute("UPDATE contacts SET title = 'Moved' WHERE id = ANY(%s)", [one for one, _ in people])
    hub.org.control("DELETE", "journal")
    hub.small_pages()
    hub.sync()
    sent = [
        [one["Id"] for one in json.loads(entry["request"])["records"]]
        for entry in hub.org.control("GET", "journal?path=/composite/sobjects")
        if entry["method"] == "PATCH"
    ]
    parents = dict(hub.rows("SELECT id, accountid FROM sf_main.contact"))
    order = [parents[one] for records in sorted(sent, key=lambda ids: parents[ids[0]]) for one in records]
    assert order == sorted(order)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"error":"invalid_grant"}', ConnectionBroken),
        *((body, RetryLater) for body in ("{}", "[]", "", "<html>", '{"error":null}')),
    ],
)
def test_l45b_a_bare_refusal_of_a_login_is_told(org: Simulated, body: str, expected: type[RemoteError]) -> None:
    """What does not say why it refuses may come from something on the way: it is tried again later."""
    org.control("POST", "faults", {"path": "/services/oauth2/token", "status": 400, "body": body, "times": None})
    try:
        with make_client(login_to(org)) as client, pytest.raises(expected) as refused:
            client.identity()
    finally:
        org.control("DELETE", "faults")
    assert refused.value.message
    assert refused.value.remedy


def test_l41d_too_many_requests_at_once_are_not_the_daily_limit() -> None:
    def judge(message: str) -> type[Exception]:
        return type(remote_error("query", 403, [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": message}]))

    assert judge("ConcurrentRequests (Concurrent API Requests) Limit exceeded.") is RetryLater
    assert judge("TotalRequests Limit exceeded.") is LimitReached


def test_l41b_where_answers_do_not_tell_the_usage_it_is_asked_for(hub: Hub) -> None:
    """Usage by apps beside it is no reason not to read it."""
    header = "{usual}; per-app-api-usage=17/250(appName=sample-connected-app)"
    hub.org.control("POST", "faults", {"usage_header": header, "times": None})
    with hub.open() as ctx:
        ctx.salesforce.organization()
        usage = ctx.salesforce.usage()
    assert usage is not None
    assert usage.limit > 250
    hub.org.control("DELETE", "faults")
    hub.org.control("DELETE", "journal")
    hub.org.control("POST", "faults", {"usage_header": "", "times": None})
    hub.sync()
    assert len(hub.org.control("GET", "journal?path=/limits")) == 1
