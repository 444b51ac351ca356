"""Whatever is sent, the answer is the documented error or 400: no traceback, no 500, no hang, no leak."""

import gzip
import json
import threading
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simorg.app import App, RawRequest
from simorg.errors import ConnectionDropped
from simorg.wire.http import ApiResponse
from tests.clients import raw
from tests.simulated import Simulated

_DATA = "/services/data/v64.0"
_CAUSE = "An unexpected error occurred"
_FUZZ = settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)

_WORDS = st.sampled_from([
    "Lead", "Contact", "Account", "Id", "Name", "Email", "Syncline_Id__c", "00QgK0000000001UAA", "describe", "query",
    "limits", "composite", "sobjects", "batch", "jobs", "ingest", "tree", "updated", "..", ".", "", "%00",
    "%2e%2e", "%2F",
    "%5c", "%ff%fe", "%C3%28", "%ED%A0%80", "'; DROP TABLE \"Lead\"; --", "\ud800", "\0", "__org__", "v64.0",
    "\u202e", "a" * 300,
])  # fmt: skip
_SEGMENTS = st.one_of(_WORDS, st.text(max_size=12))
_PATHS = st.one_of(
    st.lists(_SEGMENTS, max_size=5).map(lambda parts: "/".join(["", "services", "data", "v64.0", *parts])),
    st.lists(_SEGMENTS, max_size=6).map(lambda parts: "/" + "/".join(parts)),
    st.sampled_from([
        "/services/oauth2/token", "/services/oauth2/revoke", "/services/Soap/u/64.0", "/services/Soap/m/64.0",
        f"{_DATA}/composite", f"{_DATA}/composite/batch", f"{_DATA}/composite/sobjects", f"{_DATA}/sobjects/Lead",
        f"{_DATA}/composite/sobjects/Lead", f"{_DATA}/composite/sobjects/Lead/Syncline_Id__c", f"{_DATA}/jobs/query",
        f"{_DATA}/jobs/ingest", f"{_DATA}/query", f"{_DATA}/queryAll", f"{_DATA}/limits/recordCount",
        f"{_DATA}/sobjects/Lead/updated", f"{_DATA}/sobjects/Lead/deleted", f"{_DATA}/tooling/query",
        f"{_DATA}/sobjects/Lead/Syncline_Id__c/x", f"{_DATA}/metadata/deployRequest",
    ]),
)  # fmt: skip
_LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), _SEGMENTS, st.text(max_size=20))
_KEYS = st.one_of(
    st.sampled_from([
        "records", "attributes", "type", "ids", "fields", "allOrNone", "compositeRequest", "batchRequests",
        "method", "url",
        "referenceId", "body", "httpHeaders", "richInput", "operation", "object", "query", "state", "LastName",
        "Company",
        "Id", "Email", "OwnerId", "Owner", "externalIdFieldName", "lineEnding", "columnDelimiter", "haltOnError",
    ]),
    st.text(max_size=8),
)  # fmt: skip
_JSON = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_KEYS, inner, max_size=5)),
    max_leaves=25,
)
_SOQL_WORDS = st.sampled_from([
    "SELECT", "FROM", "WHERE", "Id", "Name", "Lead", "Contact", "AND", "OR", "NOT", "(", ")", ",", "=", "!=",
    "LIKE", "IN",
    "'", "''", "'a'", "\\'", "\\", "LIMIT", "OFFSET", "1", "-1", "1e999", "ORDER", "BY", "GROUP", "COUNT()", "TODAY",
    "LAST_N_DAYS:99999999999", "null", "2026-01-01T00:00:00Z", "9999-99-99", ";", "--", "/*", "UNION", "\"Lead\"",
    "sqlite_master", "Account.Name", "FIELDS(ALL)", "\0", "\ud800", "%", "USING", "SCOPE", "HAVING", "TYPEOF",
])  # fmt: skip
_SOQL = st.lists(st.one_of(_SOQL_WORDS, st.text(max_size=5)), max_size=20).map(" ".join)
_BODIES = st.one_of(
    _JSON.map(lambda value: json.dumps(value).encode("utf-8", "replace")),
    _JSON.map(lambda value: json.dumps(value, ensure_ascii=False).encode("utf-16")),
    _JSON.map(lambda value: json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")),
    st.binary(max_size=200),
    st.sampled_from([
                     b"[" * 50_000, b'{"a":' * 50_000, b'{"records":' + b"[" * 900 + b"]" * 900 + b"}",
                     b"1e999", b"NaN",
                     b'"\\ud800"', b"\xef\xbb\xbf{}", b"1" * 5_000, b'{"a":1,"a":2}']),
)  # fmt: skip
_HEADERS = st.dictionaries(
    st.sampled_from([
        "content-type", "if-modified-since", "if-unmodified-since", "if-match", "if-none-match",
        "sforce-query-options",
        "sforce-auto-assign", "sforce-call-options", "x-prettyprint", "soapaction", "sforce-duplicate-rule-header",
    ]),
    st.one_of(st.sampled_from(["Mon, 99 Feb 2026 00:00:00 GMT", "batchSize=" + "9" * 5_000,
                               "multipart/form-data; boundary=",
                               "multipart/form-data; boundary=b", "text/csv", "*", ""]), st.text(max_size=20)),
    max_size=4,
)  # fmt: skip
_METHODS = st.sampled_from(["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "PROPFIND"])


def _answer(
    org: Simulated, token: str, method: str, target: str, headers: Mapping[str, str], body: bytes
) -> ApiResponse:
    names = {**headers, "authorization": f"Bearer {token}", "host": "x"}
    try:
        return App(org.org).handle(RawRequest(method, target, names, body, "http://x"))
    except ConnectionDropped:
        raise AssertionError("dropped") from None


def _check(answer: ApiResponse) -> None:
    """An error that is documented: never the one that hides a traceback; 500 is SOAP's status of every fault."""
    shown = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
    assert _CAUSE.encode() not in shown
    assert b"Traceback" not in shown
    assert answer.status < 500 or b"<faultcode>" in shown


@pytest.fixture(scope="module")
def token(served: Simulated) -> str:
    """A session of the org that all examples share."""
    return served.log_in()


@_FUZZ
@given(_METHODS, _PATHS, _HEADERS, _BODIES)
def test_any_request(
    served: Simulated, token: str, method: str, path: str, headers: dict[str, str], body: bytes
) -> None:
    _check(_answer(served, token, method, path, headers, body))


@_FUZZ
@given(_SOQL)
def test_any_query(served: Simulated, token: str, soql: str) -> None:
    quoted = requests.utils.quote(soql.encode("utf-8", "replace"))
    _check(_answer(served, token, "GET", f"{_DATA}/query?q={quoted}", {}, b""))
    _check(
        _answer(
            served, token, "POST", f"{_DATA}/jobs/query", {}, json.dumps({"operation": "query", "query": soql}).encode()
        )
    )


@_FUZZ
@given(_KEYS, _JSON)
def test_any_record(served: Simulated, token: str, name: str, value: Any) -> None:
    record = {"LastName": "Fuzz", "Company": "C", name: value}
    _check(_answer(served, token, "POST", f"{_DATA}/sobjects/Lead", {}, json.dumps(record).encode()))
    record["attributes"] = {"type": "Lead"}
    body = json.dumps({"records": [record, value]}).encode()
    _check(_answer(served, token, "POST", f"{_DATA}/composite/sobjects", {}, body))
    part = {"referenceId": "r", "method": "POST", "url": f"{_DATA}/sobjects/Lead", "body": {name: value}}
    body = json.dumps({"compositeRequest": [part, value], "allOrNone": True}).encode()
    _check(_answer(served, token, "POST", f"{_DATA}/composite", {}, body))


_PAGES = st.sampled_from([
    "/services/oauth2/authorize", "/services/oauth2/token", "/services/oauth2/revoke", "/services/oauth2/introspect",
    "/services/oauth2/userinfo", "/login", "/setup/secur/RemoteAccessAuthorizationPage.apexp", "/id/keys",
    "/id/00DgK0000000001UAA/x", "/.well-known/openid-configuration",
])  # fmt: skip
_SCRIPT = '"><script>alert(1)</script>'
_FIELDS = st.one_of(
    st.sampled_from([
        "response_type", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method", "prompt",
        "login_hint", "nonce", "immediate", "grant_type", "code", "code_verifier", "refresh_token", "assertion",
        "username", "password", "un", "pw", "request", "decision", "token", "client_secret", "oauth_token",
    ]),
    st.text(max_size=8),
)  # fmt: skip
_TYPED = st.one_of(
    st.sampled_from([
        "code", "authorization_code", "refresh_token", "password", "client_credentials", "true", "none", "login", "api",
        "http://localhost:1717/OauthRedirect", "plain", "S256", "c" * 43, "a.b.c", "e30.e30.e30", "allow", "deny",
        "urn:ietf:params:oauth:grant-type:jwt-bearer", _SCRIPT, "x\r\nSet-Cookie: a=1", "\0", "\u202e",
        "%00", "a" * 5_000,
    ]),
    st.text(max_size=20),
)  # fmt: skip
_ASKED: dict[str, str] = {"response_type": "code", "redirect_uri": "http://localhost:1717/OauthRedirect"}


def _send_form(org: Simulated, method: str, path: str, form: Mapping[str, str], cookie: str, basic: str) -> ApiResponse:
    """A form as a browser or an app sends it, with the org's client id."""
    text = urlencode({"client_id": org.facts["client_id"], **form}, errors="surrogatepass")
    target, body = (path, text.encode()) if method == "POST" else (f"{path}?{text}", b"")
    headers = {"cookie": f"simorg_browser={cookie}", "host": "x", **({"authorization": basic} if basic else {})}
    return App(org.org).handle(RawRequest(method, target, headers, body, "http://x"))


@_FUZZ
@given(
    st.sampled_from(["GET", "POST"]), _PAGES, st.dictionaries(_FIELDS, _TYPED, max_size=6), st.text(max_size=10),
    st.sampled_from(["", "Basic !", "Basic eA==", "Basic /////w==", "Bearer \ud800"]), st.booleans(),
)  # fmt: skip
def test_any_form_of_a_login(
    served: Simulated, method: str, path: str, form: dict[str, str], cookie: str, basic: str, whole: bool
) -> None:
    answer = _send_form(served, method, path, {**(_ASKED if whole else {}), **form}, cookie, basic)
    _check(answer)
    assert b"<script" not in (answer.body if isinstance(answer.body, bytes) else b"")
    for value in answer.headers.values():
        assert value.isprintable()
        assert value.isascii()


@pytest.fixture
def thrown_away(served: Simulated) -> Iterator[Simulated]:
    """An org whose policies a test may leave in any state."""
    yield served
    served.control("POST", "reset")


@_FUZZ
@given(
    st.sampled_from(["apps", "login-policy"]),
    st.dictionaries(
        st.sampled_from([
            "client_id", "name", "callbacks", "scopes", "refresh_policy", "refresh_seconds", "rotation", "certificate",
            "run_as", "approved_by", "session_seconds", "user", "profile", "ip_ranges", "hours", "state",
            "logins_per_hour", "lockout_attempts", "colour",
        ]),
        st.one_of(_JSON, st.sampled_from(["default", "integration", ["api"], "zero", 5, [["10.0.0.1", "10.0.0.9"]]])),
        max_size=4,
    ),
)  # fmt: skip
def test_any_policy(thrown_away: Simulated, name: str, asked: dict[str, Any]) -> None:
    headers = {"x-simorg-token": thrown_away.facts["admin_token"]}
    body = json.dumps(asked).encode()
    answer = App(thrown_away.org).handle(RawRequest("POST", f"/__org__/{name}", headers, body, "http://x"))
    assert answer.status in (200, 201, 400), answer.body


@pytest.mark.nightly
@settings(_FUZZ, max_examples=20_000)
@given(_METHODS, _PATHS, _HEADERS, _BODIES)
def test_any_request_for_long(
    served: Simulated, token: str, method: str, path: str, headers: dict[str, str], body: bytes
) -> None:
    _check(_answer(served, token, method, path, headers, body))


@pytest.mark.nightly
@settings(_FUZZ, max_examples=20_000)
@given(_SOQL)
def test_any_query_for_long(served: Simulated, token: str, soql: str) -> None:
    quoted = requests.utils.quote(soql.encode("utf-8", "replace"))
    _check(_answer(served, token, "GET", f"{_DATA}/query?q={quoted}", {}, b""))


_ENTITIES = "".join(
    f'<!ENTITY {name} "{value * 50}">' for name, value in zip("bcd", ("&a;", "&b;", "&c;"), strict=True)
)
_BOMB = f'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "lol">{_ENTITIES}]><x>&d;</x>'
_EXTERNAL = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><x>&f;</x>'


@pytest.mark.parametrize(
    "content",
    [_BOMB, _EXTERNAL, "<x>" * 100_000, "<x", "", "\0", "<?xml version='1.0' encoding='utf-7'?><x/>", "<a:x/>"],
    ids=range(8),
)
@pytest.mark.parametrize("api", ["u", "c", "m"])
def test_xml_bombs(served: Simulated, api: str, content: str) -> None:
    headers = {"Content-Type": "text/xml", "SOAPAction": '""'}
    answer = requests.post(f"{served.url}/services/Soap/{api}/64.0", data=content, headers=headers, timeout=30)
    assert answer.status_code in (400, 500)
    assert _CAUSE not in answer.text
    assert "root:" not in answer.text
    assert "lollol" not in answer.text


@pytest.mark.parametrize(
    "target",
    ["/services/data/../__org__/journal", "/services/data/%2e%2e/__org__/journal", "//__org__/journal",
    "/__org__//journal",
     "/__org__%2fjournal", "/%5f_org__/journal", "/services/data/v64.0//limits", "/services/data/v64.0/./limits",
     "/services/data/v64.0/sobjects/Lead/%00", "/services/data/v64.0/sobjects/Lead/..%2f..%2flimits",
     "/services/data/v64.0/limits%0d%0aX-Injected:1", "/services/data/v64.0/limits;x=1", "/\\services\\data"],
)  # fmt: skip
def test_tricks_with_paths(org: Simulated, target: str) -> None:
    head = f"GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {org.log_in()}\r\nConnection: close\r\n\r\n"
    (answer,) = raw.send(org.url, head.encode())
    assert answer.status in (400, 401, 404)
    assert "x-injected" not in answer.headers


def test_a_header_cannot_be_smuggled_into_an_answer(org: Simulated) -> None:
    token = org.log_in()
    made = org.call("POST", "/sobjects/Lead", token=token, json={"LastName": "x", "Company": "C\r\nX-Injected: 1"})
    assert made.status_code == 201
    head = f"GET {_DATA}/limits HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
    smuggled = (
        "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        + head
        + "\r\n"
    )
    answers = raw.send(org.url, smuggled.encode())
    assert [one.status for one in answers] == [400]


def test_bodies_that_are_larger_than_they_seem(org: Simulated) -> None:
    token = org.log_in()
    bomb = gzip.compress(b" " * (170 * 1024 * 1024), compresslevel=9)
    headers = {"Content-Encoding": "gzip"}
    assert org.call("POST", "/composite", token=token, data=bomb, headers=headers).status_code == 413
    assert org.call("GET", "/limits", token=token).status_code == 200


def test_a_slow_client_keeps_nobody_waiting(org: Simulated) -> None:
    with raw.connect(org.url) as plain:
        plain.sendall(b"POST /services/oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12")
        done = threading.Event()
        threading.Thread(target=lambda: (requests.get(f"{org.url}/services/data", timeout=30), done.set())).start()
        assert done.wait(30)
