"""Several orgs in one process: each host name leads to its org, and nothing of one is ever seen at another."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest
import requests
from simple_salesforce import Salesforce, SalesforceAuthenticationFailed

from simorg.hosting import Hosting, OrgOrder
from tests.clients import raw
from tests.simulated import Simulated

_ORGS = (OrgOrder("acme"), OrgOrder("globex"), OrgOrder("acme--uat", sandbox=True))


@pytest.fixture(scope="module")
def orgs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Simulated]]:
    """Two production orgs and a sandbox, by name."""
    hosting = Hosting(tmp_path_factory.mktemp("orgs"))
    for order in _ORGS:
        hosting.add(order)
    pairs = zip(hosting.listed(), hosting.described(), strict=True)
    yield {server.org.name: Simulated(server, facts) for server, facts in pairs}
    hosting.close()


@pytest.fixture
def proxied(orgs: dict[str, Simulated], monkeypatch: pytest.MonkeyPatch) -> dict[str, Simulated]:
    """The same, with the proxy of the first in the environment."""
    monkeypatch.setenv("HTTPS_PROXY", orgs["acme"].facts["proxy_url"])
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", orgs["acme"].facts["ca_bundle"])
    return orgs


def _connect(one: Simulated, domain: str) -> Salesforce:
    names = ("username", "password", "security_token")
    return Salesforce(**{name: one.facts[name] for name in names}, domain=domain)


def test_each_has_what_is_its_own(orgs: dict[str, Simulated]) -> None:
    for name in ("url", "my_domain", "org_id", "username", "password", "client_id", "client_secret", "admin_token"):
        assert len({one.facts[name] for one in orgs.values()}) == len(orgs), name
    assert [one.facts["my_domain"] for one in orgs.values()] == [
        "acme.my.salesforce.com", "globex.my.salesforce.com", "acme--uat.sandbox.my.salesforce.com",
    ]  # fmt: skip
    assert len({one.facts["ca_bundle"] for one in orgs.values()}) == 1


@pytest.mark.parametrize(("name", "domain"), [("acme", "login"), ("globex", "login"), ("acme--uat", "test")])
def test_logins_lead_to_the_org_that_knows_the_user(proxied: dict[str, Simulated], name: str, domain: str) -> None:
    one = proxied[name]
    for other in proxied.values():
        other.org.journal.clear()
    client = _connect(one, domain)
    assert client.sf_instance == one.facts["my_domain"]
    (found,) = client.query("SELECT Id, IsSandbox FROM Organization")["records"]
    assert (found["Id"], found["IsSandbox"]) == (one.facts["org_id"], one.org.sandbox)
    for other in proxied.values():
        assert bool(other.org.journal.entries()) is (other is one)


@pytest.mark.parametrize(("name", "domain"), [("acme", "test"), ("acme--uat", "login"), ("globex", "acme.my")])
def test_a_login_at_another_host_is_refused(proxied: dict[str, Simulated], name: str, domain: str) -> None:
    with pytest.raises((SalesforceAuthenticationFailed, requests.RequestException)):
        _connect(proxied[name], domain)


def test_jwt_finds_its_org(proxied: dict[str, Simulated]) -> None:
    facts = proxied["globex"].facts
    claims = {
        "iss": facts["client_id"],
        "sub": facts["username"],
        "aud": "https://login.salesforce.com",
        "exp": int(proxied["globex"].org.clock.now().timestamp()) + 120,
    }
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion": jwt.encode(claims, Path(facts["private_key"]).read_bytes(), algorithm="RS256"),
    }
    told = requests.post("https://login.salesforce.com/services/oauth2/token", data=form, timeout=60).json()
    assert told["instance_url"] == f"https://{facts['my_domain']}"


def _at(one: Simulated, host: str, path: str, token: str, method: str = "GET", body: str = "") -> raw.Answer:
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n"
    (answer,) = raw.send(one.url, f"{head}Authorization: Bearer {token}\r\n\r\n{body}".encode())
    return answer


def test_a_session_is_good_at_its_org_alone(orgs: dict[str, Simulated]) -> None:
    tokens = {name: one.log_in() for name, one in orgs.items()}
    path = "/services/data/v64.0/limits"
    for (name, one), (other, token) in itertools.product(orgs.items(), tokens.items()):
        # By its port and by its host name, whoever's port the connection came to.
        direct = one.call("GET", "/limits", token=token).status_code
        named = [_at(door, one.facts["my_domain"], path, token).status for door in orgs.values()]
        assert {direct, *named} == ({200} if name == other else {401})


def test_nothing_of_one_is_seen_at_another(orgs: dict[str, Simulated]) -> None:
    made = orgs["acme"].call("POST", "/sobjects/Account", json={"Name": "Secret of Acme"}).json()["id"]
    for name, one in orgs.items():
        token = one.log_in()
        soql = {"q": "SELECT count() FROM Account WHERE Name = 'Secret of Acme'"}
        seen = one.call("GET", "/query", token=token, params=soql).json()["totalSize"]
        assert seen == int(name == "acme")
        answers = [
            one.call("GET", f"/sobjects/Account/{made}", token=token).text,
            str(one.control("GET", "export?objects=Account")),
            str([entry.request for entry in one.org.journal.entries()]),
        ]
        assert any("Secret of Acme" in text for text in answers) is (name == "acme")


def test_control_planes_are_apart(orgs: dict[str, Simulated]) -> None:
    token = orgs["globex"].facts["admin_token"]
    answer = requests.get(f"{orgs['acme'].url}/__org__/journal", headers={"X-Simorg-Token": token}, timeout=60)
    assert answer.status_code == 401
    with pytest.raises(requests.HTTPError, match="404"):
        orgs["globex"].control("GET", "orgs")
    orgs["globex"].control("POST", "faults", {"name": "unavailable", "path": "/limits"})
    assert orgs["acme"].call("GET", "/limits").status_code == 200
    assert orgs["globex"].call("GET", "/limits").status_code == 503


@pytest.mark.parametrize(
    "host", ["nobody.my.salesforce.com", "login.salesforce.com", "test.salesforce.com", "na1.salesforce.com"]
)
@pytest.mark.parametrize(
    "path", ["/services/data/v64.0/limits", "/services/oauth2/token", "/services/Soap/u/64.0", "/x"]
)
def test_whom_nobody_knows(orgs: dict[str, Simulated], host: str, path: str) -> None:
    for one in orgs.values():
        one.org.journal.clear()
    answer = _at(
        orgs["acme"], host, path, "00D000000000000!x", "POST", "grant_type=password&username=nobody&password=x"
    )
    assert answer.status in (400, 401, 404)
    assert not any(one.org.journal.entries() for one in orgs.values())


def test_orgs_come_and_go(orgs: dict[str, Simulated]) -> None:
    first = orgs["acme"]
    facts = first.control("POST", "orgs", {"name": "initech", "seed": "people", "people": 20})
    assert requests.get(f"{facts['url']}/services/data", timeout=60).status_code == 200
    assert [one["my_domain"] for one in first.control("GET", "orgs")][-1] == "initech.my.salesforce.com"
    for asked in (
        {"name": "initech"},
        {"name": "../up"},
        {"name": "x", "colour": "red"},
        {"name": "x", "seed": "none"},
        {},
    ):
        with pytest.raises(requests.HTTPError, match="400"):
            first.control("POST", "orgs", asked)
    first.control("DELETE", "orgs/initech")
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{facts['url']}/services/data", timeout=60)
    with pytest.raises(requests.HTTPError, match="400"):
        first.control("DELETE", "orgs/acme")


def test_a_folder_keeps_its_org(tmp_path: Path) -> None:
    for sandbox, opens in ((False, True), (False, True), (True, False)):
        hosting = Hosting(tmp_path)
        try:
            if opens:
                assert hosting.add(OrgOrder("acme", sandbox=sandbox)).org.users.by_username(
                    "admin@acme.developer-edition.simorg.example"
                )
            else:
                with pytest.raises(Exception, match="holds the org 'acme'"):
                    hosting.add(OrgOrder("acme", sandbox=sandbox))
        finally:
            hosting.close()
