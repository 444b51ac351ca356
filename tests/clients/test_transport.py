"""HTTP, TLS and the proxy on one port: absolute addresses, certificates, tunnels, chunks, gzip, 100-continue, HEAD."""

import gzip
import http.client
import json
import ssl
from typing import Any

import pytest
import requests
from simple_salesforce import Salesforce

from tests.clients import raw
from tests.simulated import Simulated

_DATA = "/services/data/v64.0"


@pytest.fixture
def environment(org: Simulated, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What `simorg serve` prints for clients that know only Salesforce's host names."""
    monkeypatch.setenv("HTTPS_PROXY", org.facts["proxy_url"])
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", org.facts["ca_bundle"])
    facts: dict[str, Any] = org.facts
    return facts


def _log_in(url: str, facts: dict[str, Any], **how: Any) -> dict[str, Any]:
    form = {
        "grant_type": "client_credentials",
        "client_id": facts["client_id"],
        "client_secret": facts["client_secret"],
    }
    answer = requests.post(f"{url}/services/oauth2/token", data=form, timeout=30, **how)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


@pytest.mark.parametrize("name", ["url", "tls_url"])
def test_absolute_addresses_follow_the_request(org: Simulated, name: str) -> None:
    told = _log_in(org.facts[name], org.facts, verify=org.facts["ca_bundle"])
    assert told["instance_url"] == org.facts[name]
    assert told["id"].startswith(f"{org.facts[name]}/id/00D")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "login.salesforce.com", "test.salesforce.com",
                                  "acme.my.salesforce.com", "acme--uat.sandbox.my.salesforce.com",
                                  "acme-dev-ed.develop.my.salesforce.com", "na139.salesforce.com"])  # fmt: skip
def test_the_certificate_is_good_for(org: Simulated, host: str) -> None:
    with raw.connect(org.url) as plain, raw.secure(plain, host, org.facts["ca_bundle"]) as secured:
        assert secured.version() in ("TLSv1.2", "TLSv1.3")


def test_the_certificate_is_good_for_nobody_else(org: Simulated) -> None:
    with raw.connect(org.url) as plain, pytest.raises(ssl.SSLCertVerificationError):
        raw.secure(plain, "example.com", org.facts["ca_bundle"])
    with raw.connect(org.url) as plain, pytest.raises(ssl.SSLCertVerificationError):
        ssl.create_default_context().wrap_socket(plain, server_hostname="localhost")
    assert requests.get(f"{org.url}/services/data", timeout=30).status_code == 200


def test_an_unmodified_client_through_the_proxy(org: Simulated, environment: dict[str, Any]) -> None:
    names = ("username", "password", "security_token")
    client = Salesforce(**{name: environment[name] for name in names})
    assert client.sf_instance.endswith(".my.salesforce.com")
    made = client.Lead.create({"LastName": "Through", "Company": "The Proxy"})
    assert client.Lead.get(made["id"])["Company"] == "The Proxy"
    stored = org.org.storage.get("Lead", made["id"])
    assert stored is not None
    assert stored["LastName"] == "Through"
    assert any(entry.path.endswith("/sobjects/Lead/") for entry in org.org.journal.entries(method="POST"))


def _tunnel(org: Simulated, target: str, more: str = "") -> bytes:
    with raw.connect(org.url) as plain:
        plain.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{more}\r\n".encode())
        return plain.recv(4_096)


@pytest.mark.parametrize(
    "target",
    ["example.com:443", "salesforce.com.example.com:443", "evil-salesforce.com:443", "127.0.0.1:22", "localhost:80",
     "169.254.169.254:80", "login.salesforce.com.:443@example.com:443", "[::1]:22", "login.salesforce.com"],
)  # fmt: skip
def test_the_proxy_is_no_way_out(org: Simulated, target: str) -> None:
    assert _tunnel(org, target).split(b" ")[1] in (b"400", b"403")


def test_a_tunnel_is_for_its_host_alone(org: Simulated) -> None:
    host = "acme.my.salesforce.com"
    with raw.connect(org.url) as plain:
        plain.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
        assert plain.recv(4_096).startswith(b"HTTP/1.1 200 ")
        with raw.secure(plain, host, org.facts["ca_bundle"]) as secured:
            secured.sendall(f"GET /services/data HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            assert secured.recv(65_536).startswith(b"HTTP/1.1 200 ")
            secured.sendall(b"GET /services/data HTTP/1.1\r\nHost: other.my.salesforce.com\r\n\r\n")
            assert secured.recv(65_536).startswith(b"HTTP/1.1 421 ")


def test_targets_with_a_scheme(org: Simulated) -> None:
    request = "GET http://{host}/services/data HTTP/1.1\r\nHost: ignored.example\r\nConnection: close\r\n\r\n"
    (answer,) = raw.send(org.url, request.format(host="login.salesforce.com").encode())
    assert answer.status == 200
    (answer,) = raw.send(org.url, request.format(host="example.com").encode())
    assert answer.status == 403
    (answer,) = raw.send(org.url, b"GET ftp://login.salesforce.com/ HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.status == 400


def _query(token: str, more: str = "", method: str = "GET") -> bytes:
    path = f"{_DATA}/query?q=SELECT+Id,Name+FROM+Lead+LIMIT+20"
    return f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{more}\r\n".encode()


def test_a_connection_serves_several_requests(org: Simulated) -> None:
    token = org.log_in()
    answers = raw.send(org.url, _query(token) + _query(token) + _query(token, "Connection: close\r\n") + _query(token))
    assert [one.status for one in answers] == [200, 200, 200]
    assert answers[2].headers["connection"] == "close"
    old = raw.send(org.url, b"GET /services/data HTTP/1.0\r\n\r\nGET /services/data HTTP/1.0\r\n\r\n")
    assert [one.status for one in old] == [200]


def test_head_is_get_without_a_body(org: Simulated) -> None:
    token = org.log_in()
    got, head = raw.send(org.url, _query(token)), raw.send(org.url, b"HEAD /services/data HTTP/1.1\r\nHost: x\r\n\r\n")
    assert got[0].headers["content-length"] == str(len(got[0].body))
    shown = requests.get(f"{org.url}/services/data", headers={"Accept-Encoding": "identity"}, timeout=30)
    assert head[0].headers["content-length"] == str(len(shown.content))
    assert head[0].body == b""


@pytest.mark.parametrize(("wish", "zipped"), [("gzip, deflate", True), ("*", True), ("gzip;q=0.5", True),
                                              ("gzip;q=0", False), ("gzip; q=0.0, *", False), ("identity", False),
                                              ("br", False)])  # fmt: skip
def test_answers_are_zipped_where_wanted(org: Simulated, wish: str, zipped: bool) -> None:
    (answer,) = raw.send(org.url, _query(org.log_in(), f"Accept-Encoding: {wish}\r\n"))
    assert (answer.headers.get("content-encoding") == "gzip") is zipped
    body = gzip.decompress(answer.body) if zipped else answer.body
    assert len(json.loads(body)["records"]) == 20


def _lead(name: str) -> bytes:
    return json.dumps({"LastName": name, "Company": "C"}).encode()


def _create(token: str, headers: str) -> bytes:
    start = f"POST {_DATA}/sobjects/Lead HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
    return f"{start}Content-Type: application/json\r\n{headers}\r\n".encode()


def test_bodies_in_chunks_and_zipped(org: Simulated) -> None:
    token, packed = org.log_in(), gzip.compress(_lead("Zipped"))
    chunks = b"".join(b"%x;name=value\r\n%s\r\n" % (1, packed[at : at + 1]) for at in range(len(packed)))
    headers = "Transfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n"
    (answer,) = raw.send(org.url, _create(token, headers) + chunks + b"0\r\nX-Trailer: ignored\r\n\r\n")
    assert answer.status == 201
    stored = org.org.storage.get("Lead", json.loads(answer.body)["id"])
    assert stored is not None
    assert stored["LastName"] == "Zipped"


def test_a_client_that_waits_is_told_to_go_on(org: Simulated) -> None:
    body = _lead("Patient")
    with raw.connect(org.url) as plain:
        plain.sendall(_create(org.log_in(), f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n"))
        assert plain.recv(4_096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        plain.sendall(body)
        assert plain.recv(65_536).startswith(b"HTTP/1.1 201 ")


def test_a_client_that_waits_is_refused_before_it_sends(org: Simulated) -> None:
    with raw.connect(org.url) as plain:
        plain.sendall(_create(org.log_in(), "Content-Length: 999999999999\r\nExpect: 100-continue\r\n"))
        assert plain.recv(65_536).startswith(b"HTTP/1.1 413 ")
    (answer,) = raw.send(org.url, _create(org.log_in(), "Content-Length: 2\r\nExpect: the-unexpected\r\n") + b"{}")
    assert answer.status == 417


def test_a_tls_client_keeps_its_connection(org: Simulated) -> None:
    place = org.facts["tls_url"].removeprefix("https://")
    context = ssl.create_default_context(cafile=org.facts["ca_bundle"])
    connection = http.client.HTTPSConnection(place, context=context, timeout=30)
    for _ in range(3):
        connection.request("GET", "/services/data")
        assert len(json.loads(connection.getresponse().read())) == 38
    connection.close()
