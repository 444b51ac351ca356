"""The command line of the simulated org: serve one, plant one in advance, and speak to one that runs."""

import json
import logging
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

import typer

from simorg import seeds
from simorg.fidelity import FACTS
from simorg.opening import WrongFolder, open_org
from simorg.org import Org, Settings
from simorg.server import LOOPBACK, RunningServer, start_server
from simorg.users import ADMINISTRATOR, COLLEAGUE, INTEGRATION, Login

app = typer.Typer(
    name="simorg",
    help="A simulated Salesforce org that speaks the real protocols, on this machine only.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_Url = Annotated[str, typer.Option("--url", help="Where the org runs.")]
_Token = Annotated[str, typer.Option("--token", envvar="SIMORG_TOKEN", help="Its admin_token.")]


@app.command(epilog="Examples: simorg serve --port 8080 --seed people --people 10000 · simorg serve --port 0 --json")
def serve(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.", min=0, max=65535)] = 8080,
    seed: Annotated[str, typer.Option(help=f"What it is filled with: {', '.join(seeds.NAMES)}.")] = "developer-edition",
    people: Annotated[int | None, typer.Option(help="Leads and Contacts of the seed people.", min=1)] = None,
    bare: Annotated[bool, typer.Option("--bare", help="Without the custom fields.")] = False,
    commit_lag: Annotated[float, typer.Option(help="Seconds until others see a commit.", min=0)] = 0.0,
    data: Annotated[Path | None, typer.Option(help="A folder to keep; made by `simorg seed` or here.")] = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on; another than loopback has to be confirmed.")
    ] = LOOPBACK,
    beyond: Annotated[
        bool, typer.Option("--beyond-loopback", help="Confirm that others on the network may reach the org.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON when ready.")] = False,
) -> None:
    """Serve an org until it is stopped (Ctrl-C): HTTP, HTTPS and the proxy on one port."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="simorg: %(message)s")
    _check_seed(seed)
    _check_host(host, beyond=beyond)
    folder = data or Path(tempfile.mkdtemp(prefix="simorg-"))
    try:
        org = _open(folder, seed, people, Settings(bare=bare, commit_lag_ms=int(commit_lag * 1000)))
        key = folder / "private-key.pem"
        _write_key(key, org)
        try:
            server = start_server(org, port, host)
        except OSError as error:
            why = f"port {port} cannot be used at {host} ({error.strerror}). Choose another with --port or --host."
            typer.echo(f"simorg: {why}", err=True)
            raise typer.Exit(1) from None
        facts = describe_access(server, key)
        if as_json:
            typer.echo(json.dumps(facts))
        else:
            _print_access(facts)
        _wait_for_end()
        server.stop()
        org.close()
    finally:
        if data is None:
            shutil.rmtree(folder, ignore_errors=True)


@app.command("seed", epilog="Example: simorg seed people --people 1000000 --data ./million")
def seed_folder(
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(seeds.NAMES)}.")],
    data: Annotated[Path, typer.Option(help="The folder to make.")],
    people: Annotated[int | None, typer.Option(help="Leads and Contacts of the seed people.", min=1)] = None,
    bare: Annotated[bool, typer.Option("--bare", help="Without the custom fields.")] = False,
) -> None:
    """Plant a folder in advance; `simorg serve --data FOLDER` starts from it at once."""
    _check_seed(name)
    _open(data, name, people, Settings(bare=bare)).close()
    typer.echo(f"{data} is planted with {name}.")


@app.command()
def reset(url: _Url, token: _Token, seed: str = "", people: int | None = None) -> None:
    """Put a running org back to what it was after its start."""
    asked = {"seed": seed, "people": people}
    typer.echo(json.dumps(_call(url, token, "POST", "reset", {k: v for k, v in asked.items() if v})))


@app.command(epilog="""Example: simorg fault --path /query --status 503 --body '<html>' --times 2""")
def fault(
    url: _Url,
    token: _Token,
    path: Annotated[str, typer.Option(help="Part of the path.")] = "",
    method: str = "",
    status: int | None = None,
    body: str = "",
    drop: Annotated[str, typer.Option(help="before or after the work.")] = "",
    delay: float = 0.0,
    truncate: int | None = None,
    expire: bool = False,
    row_code: Annotated[str, typer.Option(help="Refuse records with this code.")] = "",
    times: int = 1,
    clear: Annotated[bool, typer.Option("--clear", help="End all faults instead.")] = False,
) -> None:
    """Order a bad day from a running org."""
    if clear:
        _call(url, token, "DELETE", "faults")
        return
    facts = {
        "path": path, "method": method, "status": status, "body": body, "drop": drop, "delay": delay,
        "truncate": truncate, "expire": expire, "row_code": row_code, "times": times,
    }  # fmt: skip
    typer.echo(json.dumps(_call(url, token, "POST", "faults", facts)))


@app.command(
    epilog="""Example: simorg rules --add '{"kind": "validation", "name": "Phone", "object": "Lead", "condition":
    "ISBLANK(Phone)", "message": "A Lead needs a phone."}'"""
)
def rules(
    url: _Url,
    token: _Token,
    add: Annotated[str, typer.Option(help="A rule as JSON, or @FILE with one or a list of them.")] = "",
    remove: Annotated[str, typer.Option(help="Remove the rules of this name.")] = "",
    clear: Annotated[bool, typer.Option("--clear", help="Remove all rules.")] = False,
) -> None:
    """List the rules of a running org (validation, assignment, duplicates, automations), add or remove some."""
    if add:
        text = Path(add[1:]).read_text(encoding="utf-8") if add.startswith("@") else add
        given = json.loads(text)
        for one in given if isinstance(given, list) else [given]:
            _call(url, token, "POST", "rules", one)
    if remove or clear:
        _call(url, token, "DELETE", "rules" if clear else f"rules?{urlencode({'name': remove})}")
    for one in _call(url, token, "GET", "rules")["rules"]:
        typer.echo(json.dumps(one))


@app.command()
def journal(url: _Url, token: _Token, path: Annotated[str, typer.Option(help="Part of the path.")] = "") -> None:
    """Print the requests a running org answered."""
    for entry in _call(url, token, "GET", f"journal?path={path}"):
        typer.echo(json.dumps(entry))


@app.command()
def fidelity() -> None:
    """Print every message and rule whose wording no source confirms."""
    for key, fact in sorted(FACTS.items()):
        typer.echo(f"{key:<40} {fact.source:<12} {fact.text}")


def describe_access(server: RunningServer, key: Path) -> dict[str, Any]:
    """What somebody needs to reach an org."""
    org = server.org
    integration = org.users.logins[INTEGRATION]
    connected = org.users.app
    assert connected is not None
    return {
        "url": server.url,
        "tls_url": server.tls_url,
        "proxy_url": server.proxy_url,
        "ca_bundle": str(server.server.tls.ca_bundle),
        "username": integration.username,
        "password": integration.password,
        "security_token": integration.security_token,
        "client_id": connected.client_id,
        "client_secret": connected.client_secret,
        "private_key": str(key),
        "admin_token": org.admin_token,
        "org_id": org.id,
        "administrator": _describe_login(org.users.logins[ADMINISTRATOR]),
        "colleague": _describe_login(org.users.logins[COLLEAGUE]),
    }


def client_environment(facts: Mapping[str, Any]) -> dict[str, str]:
    """What to set so that clients which know only Salesforce's host names reach the org, unmodified."""
    bundle = str(facts["ca_bundle"])
    return {
        "HTTPS_PROXY": str(facts["proxy_url"]),
        "REQUESTS_CA_BUNDLE": bundle,
        "SSL_CERT_FILE": bundle,
        "NODE_EXTRA_CA_CERTS": bundle,
    }


def _print_access(facts: Mapping[str, Any]) -> None:
    for name, value in facts.items():
        typer.echo(f"{name:<15} {value}")
    typer.echo("\nFor clients that know only Salesforce's own host names:")
    for name, value in client_environment(facts).items():
        typer.echo(f"export {name}={value}")
    typer.echo("\nServing; Ctrl-C ends it.")


def _open(folder: Path, seed: str, people: int | None, settings: Settings) -> Org:
    try:
        return open_org(folder, seed, people, settings)
    except WrongFolder as error:
        typer.echo(f"simorg: {error}", err=True)
        raise typer.Exit(1) from None


def _describe_login(login: Login) -> dict[str, str]:
    return {"username": login.username, "password": login.password, "security_token": login.security_token}


def _write_key(path: Path, org: Org) -> None:
    assert org.users.app is not None
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_bytes(org.users.app.private_key)


def _check_seed(name: str) -> None:
    if name not in seeds.NAMES:
        typer.echo(f"simorg: no such seed: {name}. There are: {', '.join(seeds.NAMES)}.", err=True)
        raise typer.Exit(2)


def _check_host(host: str, *, beyond: bool) -> None:
    try:
        safe = ip_address(host).is_loopback
    except ValueError:
        typer.echo(f"simorg: --host takes an address, such as {LOOPBACK}: {host}", err=True)
        raise typer.Exit(2) from None
    if safe or beyond:
        return
    why = "everybody who reaches it can use the org, whose passwords are no secrets"
    typer.echo(f"simorg: {host} is not the loopback: {why}. Say --beyond-loopback too if that is meant.", err=True)
    raise typer.Exit(2)


def _wait_for_end() -> None:
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()


def _call(url: str, token: str, method: str, path: str, body: object = None) -> Any:
    if urlsplit(url).scheme != "http" or urlsplit(url).hostname not in ("127.0.0.1", "localhost", "::1"):
        typer.echo(f"simorg: {url} is not on this machine.", err=True)
        raise typer.Exit(2)
    content = None if body is None else json.dumps(body).encode()
    request = Request(f"{url}/__org__/{path}", content, {"X-Simorg-Token": token}, method=method)  # noqa: S310
    try:
        with build_opener(ProxyHandler({})).open(request, timeout=600) as answer:
            text = answer.read()
    except HTTPError as error:
        typer.echo(f"simorg: {error.read().decode(errors='replace')}", err=True)
        raise typer.Exit(1) from None
    except URLError as error:
        typer.echo(f"simorg: no org answers at {url} ({error.reason}). Start one: simorg serve", err=True)
        raise typer.Exit(1) from None
    return json.loads(text) if text else None


def main() -> None:
    """The command `simorg`."""
    app()


if __name__ == "__main__":
    main()
