"""The command `simorg`: starts, tells how to reach it, refuses what it cannot do, and leaves nothing behind."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.processes import ROOT, plain_environment

_PROGRAM = [sys.executable, "-c", "from simorg.cli import main; main()"]
_FACTS = {
    "url", "username", "password", "security_token", "client_id", "client_secret", "private_key", "admin_token",
    "org_id", "administrator", "colleague", "rep", "minimal", "tls_url", "proxy_url", "ca_bundle",
    "my_domain", "sandbox",
}  # fmt: skip


def _run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*_PROGRAM, *arguments],
        cwd=ROOT,
        env={**plain_environment(), "COLUMNS": "300"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@contextmanager
def _serving(*arguments: str) -> Iterator[dict[str, Any]]:
    command = [*_PROGRAM, "serve", "--port", "0", "--json", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=plain_environment())
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
        assert process.stdout is not None
        process.stdout.close()


def test_what_it_was_told_is_there_after_it_was_killed(tmp_path: Path) -> None:
    """A field and its value, once the answer has come; from a folder of its own."""
    command = [*_PROGRAM, "serve", "--port", "0", "--json", "--data", str(tmp_path / "org")]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=plain_environment())
    assert process.stdout is not None
    with process.stdout as output:
        facts = json.loads(output.readline())
        field = {"object": "Lead", "name": "Kind__c", "define": {"type": "Text", "length": 5}}
        told = {"X-Simorg-Token": facts["admin_token"]}
        assert requests.post(f"{facts['url']}/__org__/fields", json=field, headers=told, timeout=30).ok
        process.kill()
        process.wait(timeout=30)
    with _serving("--data", str(tmp_path / "org")) as facts:
        told = {"X-Simorg-Token": facts["admin_token"]}
        token = requests.post(f"{facts['url']}/__org__/sessions", json={"username": "admin"}, headers=told, timeout=30)
        headers = {"Authorization": f"Bearer {token.json()['access_token']}"}
        lead = {"LastName": "A", "Company": "B", "Kind__c": "new"}
        url = f"{facts['url']}/services/data/v64.0/sobjects/Lead"
        assert requests.post(url, json=lead, headers=headers, timeout=30).status_code == 201


def test_it_tells_how_to_reach_it_and_leaves_nothing_behind() -> None:
    with _serving() as facts:
        assert set(facts) == _FACTS
        assert facts["url"].startswith("http://127.0.0.1:")
        key = Path(facts["private_key"])
        assert "PRIVATE KEY" in key.read_text(encoding="ascii")
        assert key.stat().st_mode & 0o077 == 0
        assert requests.get(f"{facts['url']}/services/data", timeout=30).status_code == 200
        secured = requests.get(f"{facts['tls_url']}/services/data", timeout=30, verify=facts["ca_bundle"])
        assert secured.status_code == 200
    assert not key.parent.exists()


def test_a_folder_planted_in_advance_is_taken_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "org"
    assert _run("seed", "people", "--people", "200", "--data", str(folder)).returncode == 0
    with _serving("--seed", "people", "--data", str(folder)) as facts:
        form = {"grant_type": "client_credentials", "client_id": facts["client_id"]}
        form["client_secret"] = facts["client_secret"]
        token = requests.post(f"{facts['url']}/services/oauth2/token", data=form, timeout=30).json()
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        query = f"{facts['url']}/services/data/v64.0/queryAll?q=SELECT+COUNT()+FROM+Lead"
        assert requests.get(query, headers=headers, timeout=30).json()["totalSize"] == 120
        told = _run("journal", "--url", facts["url"], "--token", facts["admin_token"])
        assert "/services/data/v64.0/queryAll" in told.stdout
        ordered = _run("fault", "--url", facts["url"], "--token", facts["admin_token"], "--path", "/query",
                       "--status", "503")  # fmt: skip
        assert ordered.returncode == 0
        assert requests.get(query, headers=headers, timeout=30).status_code == 503
        assert _run("reset", "--url", facts["url"], "--token", "wrong").returncode == 1
    assert folder.exists()
    other = _run("serve", "--port", "0", "--data", str(folder))
    assert (other.returncode, "holds an org of --seed people" in other.stderr) == (1, True)


def test_a_port_that_is_taken_is_named_with_the_remedy() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = _run("serve", "--port", str(port))
    assert done.returncode == 1
    assert f"port {port} at 127.0.0.1 cannot be used" in done.stderr
    assert "--port" in done.stderr


def test_it_leaves_the_loopback_only_when_told_twice() -> None:
    done = _run("serve", "--port", "0", "--host", "0.0.0.0")  # it is refused
    assert (done.returncode, "--beyond-loopback" in done.stderr) == (2, True)
    assert _run("serve", "--host", "example.com", "--beyond-loopback").returncode == 2
    with _serving("--host", "0.0.0.0", "--beyond-loopback") as facts:  # as asked for
        assert requests.get(f"{facts['url']}/services/data", timeout=30).status_code == 200


def test_it_prints_what_clients_need_in_their_environment() -> None:
    command = [*_PROGRAM, "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=plain_environment()) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line.strip())
            if line.startswith("Serving"):
                break
        process.send_signal(signal.SIGTERM)
    names = [line.removeprefix("export ").partition("=")[0] for line in lines if line.startswith("export ")]
    assert names == ["HTTPS_PROXY", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"]


def test_several_orgs_and_a_hostile_day(tmp_path: Path) -> None:
    listed = tmp_path / "orgs.json"
    listed.write_text('[{"name": "acme"}, {"name": "acme--uat", "sandbox": true}]')
    with _serving("--orgs", str(listed), "--hostile", "--seed-number", "3") as facts:
        assert [one["my_domain"] for one in facts["orgs"]] == [
            "acme.my.salesforce.com", "acme--uat.sandbox.my.salesforce.com",
        ]  # fmt: skip
        for one in facts["orgs"]:
            token = {"X-Simorg-Token": one["admin_token"]}
            faults = requests.get(f"{one['url']}/__org__/faults", headers=token, timeout=30).json()
            assert {fault["title"] for fault in faults} > {"unavailable", "dropped-after", "shrinking-pages"}
        reach = ("--url", facts["url"], "--token", facts["admin_token"])
        assert _run("fault", "--clear", *reach).returncode == 0
        made = json.loads(
            _run("apps", "--set", '{"name": "Hub", "callbacks": ["https://hub.example/"]}', *reach).stdout
        )
        assert (made[0]["name"], made[0]["refresh_tokens"]) == ("Hub", 0)
        left = json.loads(_run("apps", "--remove", made[0]["client_id"], "--end-tokens", *reach).stdout)
        assert [one["client_id"] for one in left] == [facts["client_id"]]
        assert "this is no JSON" in _run("apps", "--set", "{", *reach).stderr
        ordered = _run("fault", "slow", "--rate", "0.5", "--set", "delay=0.1", "--object", "Lead", *reach)
        assert (json.loads(ordered.stdout)[0]["delay"], json.loads(ordered.stdout)[0]["times"]) == (0.1, None)
    listed.write_text('[{"name": "acme", "colour": "red"}]')
    refused = _run("serve", "--orgs", str(listed))
    assert (refused.returncode, "colour" in refused.stderr) == (2, True)


def test_the_catalogue_is_shown() -> None:
    shown = _run("fault", "list")
    assert (shown.returncode, "session-expired" in shown.stdout, "hostile" in shown.stdout) == (0, True, True)
    nowhere = _run("fault", "slow")
    assert (nowhere.returncode, "--url" in nowhere.stderr) == (2, True)


def test_wrong_words_are_wrong_usage() -> None:
    done = _run("serve", "--seed", "nonsense")
    assert (done.returncode, "people" in done.stderr) == (2, True)
    for elsewhere in ("http://example.com", "http://127.0.0.1.example.com", "http://localhost@example.com"):
        away = _run("journal", "--url", elsewhere, "--token", "x")
        assert (away.returncode, "not on this machine" in away.stderr) == (2, True)
    nobody = _run("journal", "--url", "http://127.0.0.1:9", "--token", "x")
    assert (nobody.returncode, "simorg serve" in nobody.stderr) == (1, True)


def test_what_is_unconfirmed_is_printed() -> None:
    done = _run("fidelity")
    assert done.returncode == 0
    assert "dml.string_too_long" in done.stdout
    assert "unconfirmed" in done.stdout
