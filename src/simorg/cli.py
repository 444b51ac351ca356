"""The command line of the simulated org: serve one, plant one in advance, and speak to one that runs."""

import json
import logging
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

import typer

from simorg import bad_days, seeds
from simorg.access import client_environment
from simorg.fidelity import FACTS
from simorg.hosting import Hosting, OrgOrder, read_order
from simorg.opening import WrongFolder, open_org
from simorg.server import LOOPBACK
from simorg.settings import Settings

app = typer.Typer(
    name="simorg",
    help="A simulated Salesforce org that speaks the real protocols, on this machine only.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_Url = Annotated[str, typer.Option("--url", help="Where the org runs.")]
_Token = Annotated[str, typer.Option("--token", envvar="SIMORG_TOKEN", help="Its admin_token.")]


@app.command(
    epilog="Examples: simorg serve --port 8080 --seed people --people 10000 · simorg serve --port 0 --json "
    "· simorg serve --hostile --seed-number 7 · simorg serve --orgs orgs.json"
)
def serve(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.", min=0, max=65535)] = 8080,
    seed: Annotated[str, typer.Option(help=f"What it is filled with: {', '.join(seeds.NAMES)}.")] = "developer-edition",
    people: Annotated[int | None, typer.Option(help="Leads and Contacts of the seed people.", min=1)] = None,
    bare: Annotated[bool, typer.Option("--bare", help="Without the custom fields.")] = False,
    bare_rights: Annotated[
        bool, typer.Option("--bare-rights", help="The integration user starts with what its licence gives alone.")
    ] = False,
    commit_lag: Annotated[float, typer.Option(help="Seconds until others see a commit.", min=0)] = 0.0,
    hostile: Annotated[
        bool, typer.Option("--hostile", help="With a mixture of bad days: see `simorg fault list`.")
    ] = False,
    seed_number: Annotated[int, typer.Option(help="Bad days by chance are the same for the same number.")] = 0,
    orgs: Annotated[Path | None, typer.Option(help="A JSON list of several orgs to serve instead.")] = None,
    data: Annotated[Path | None, typer.Option(help="A folder to keep; made by `simorg seed` or here.")] = None,
    host: Annotated[str, typer.Option(help="Address to listen on; another than loopback is said twice.")] = LOOPBACK,
    beyond: Annotated[
        bool, typer.Option("--beyond-loopback", help="Confirm that others on the network may reach the org.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON when ready.")] = False,
) -> None:
    """Serve an org until it is stopped (Ctrl-C): HTTP, HTTPS and the proxy on one port."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="simorg: %(message)s")
    _check_seed(seed)
    _check_host(host, beyond=beyond)
    orders = _read_orders(orgs) if orgs else []
    folder = data or Path(tempfile.mkdtemp(prefix="simorg-"))
    hosting = Hosting(folder, host)
    try:
        settings = Settings(bare=bare, bare_rights=bare_rights, commit_lag_ms=int(commit_lag * 1000))
        with _told(f"port {port} at {host}"):
            if orders:
                for order in orders:
                    hosting.add(order)
            else:
                hosting.adopt(open_org(folder, seed, people, settings), port)
        for server in hosting.listed() if hostile else ():
            bad_days.order(server.org, "hostile", seed=seed_number)
        _print_access(hosting.described(), several=bool(orders), as_json=as_json)
        _wait_for_end()
    finally:
        hosting.close()
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
    with _told():
        open_org(data, name, people, Settings(bare=bare)).close()
    typer.echo(f"{data} is planted with {name}.")


@app.command()
def reset(url: _Url, token: _Token, seed: str = "", people: int | None = None) -> None:
    """Put a running org back to what it was after its start."""
    asked = {"seed": seed, "people": people}
    typer.echo(json.dumps(_call(url, token, "POST", "reset", {k: v for k, v in asked.items() if v})))


@app.command(
    epilog="Examples: simorg fault list · simorg fault unavailable --path /query --times 2 --url URL --token TOKEN "
    "· simorg fault field-renamed --set object=Lead --set field=Active__c --set to=Live__c · simorg fault --clear"
)
def fault(
    name: Annotated[str, typer.Argument(help="A bad day of the catalogue, `hostile`, or `list` to see them all.")] = "",
    url: Annotated[str, typer.Option("--url", help="Where the org runs.")] = "",
    token: Annotated[str, typer.Option("--token", envvar="SIMORG_TOKEN", help="Its admin_token.")] = "",
    path: Annotated[str, typer.Option(help="Only paths that hold this.")] = "",
    method: Annotated[str, typer.Option(help="Only this method.")] = "",
    object_name: Annotated[str, typer.Option("--object", help="Only this object.")] = "",
    operation: Annotated[str, typer.Option(help="Only this operation: query, create, login …")] = "",
    times: Annotated[int | None, typer.Option(help="How often it strikes; 0 is without end.", min=0)] = None,
    skip: Annotated[int | None, typer.Option(help="How many matches pass first.", min=0)] = None,
    rate: Annotated[float | None, typer.Option(help="The share of matches that it strikes.", min=0, max=1)] = None,
    seed_number: Annotated[int | None, typer.Option(help="What chance is drawn from.")] = None,
    status: Annotated[int | None, typer.Option(help="Without a name: the status of the answer.")] = None,
    body: Annotated[str, typer.Option(help="Without a name: its body.")] = "",
    more: Annotated[list[str] | None, typer.Option("--set", help="Another fact, as name=value.")] = None,
    clear: Annotated[bool, typer.Option("--clear", help="End all faults instead.")] = False,
) -> None:
    """Order a bad day from a running org, or see the catalogue."""
    if name == "list":
        for key, day in bad_days.CATALOGUE.items():
            typer.echo(f"{key:<24} {day.group:<12} {day.what}")
        typer.echo(f"{'hostile':<24} {'all':<12} a mixture under which a correct client still finishes")
        return
    if not url or not token:
        typer.echo("simorg: a fault is ordered from an org that runs: --url and --token say which.", err=True)
        raise typer.Exit(2)
    if clear:
        _call(url, token, "DELETE", "faults")
        return
    given = {
        "name": name or None, "path": path or None, "method": method or None, "object_name": object_name or None,
        "operation": operation or None, "skip": skip, "rate": rate, "seed": seed_number, "status": status,
        "body": body or None, **dict(_read_fact(one) for one in more or ()),
    }  # fmt: skip
    facts: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    if times is not None or rate is not None:
        facts["times"] = times or None
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
    """List the rules of a running org (validation, assignment, duplicates, sharing, automations); add or remove."""
    if add:
        text = Path(add[1:]).read_text(encoding="utf-8") if add.startswith("@") else add
        given = json.loads(text)
        for one in given if isinstance(given, list) else [given]:
            _call(url, token, "POST", "rules", one)
    if remove or clear:
        _call(url, token, "DELETE", "rules" if clear else f"rules?{urlencode({'name': remove})}")
    for one in _call(url, token, "GET", "rules")["rules"]:
        typer.echo(json.dumps(one))


@app.command(epilog="Example: simorg rights --url http://127.0.0.1:8080 --token TOKEN --user rep")
def rights(
    url: _Url,
    token: _Token,
    user: Annotated[str, typer.Option(help="A role (admin, integration …), a username or an id.")] = "integration",
) -> None:
    """Print what a user of a running org may do, put together from the profile and all permission sets."""
    typer.echo(json.dumps(_call(url, token, "GET", f"rights?{urlencode({'user': user})}"), indent=2))


@app.command(
    "login-policy",
    epilog="""Example: simorg login-policy --url URL --token TOKEN --set '{"user": "integration", "hours":
    {"Monday": ["08:00", "18:00"]}}'""",
)
def login_policy(
    url: _Url,
    token: _Token,
    change: Annotated[
        str, typer.Option("--set", help="Parts of a policy as JSON; `profile` or `user` says whose.")
    ] = "",
) -> None:
    """Print the login policies of a running org, or change them: addresses, hours, lock-out, passwords, sessions."""
    if change:
        _call(url, token, "POST", "login-policy", _read_json(change))
    typer.echo(json.dumps(_call(url, token, "GET", "login-policy"), indent=2))


@app.command(
    "apps",
    epilog="""Examples: simorg apps --url URL --token TOKEN · simorg apps --set '{"client_id": "default", "rotation":
    true}' · simorg apps --set '{"name": "Hub", "callbacks": ["http://localhost:8000/back"], "scopes": ["api",
    "refresh_token"]}'""",
)
def client_apps(
    url: _Url,
    token: _Token,
    change: Annotated[
        str, typer.Option("--set", help="Settings as JSON: a new app, or those of `client_id` (`default`: the org's).")
    ] = "",
    remove: Annotated[str, typer.Option(help="Remove the app of this client id.")] = "",
    end_tokens: Annotated[
        bool, typer.Option("--end-tokens", help="End all refresh tokens and their sessions.")
    ] = False,
) -> None:
    """List the client applications of a running org, with their secrets and policies; add, change or remove one."""
    if remove:
        _call(url, token, "DELETE", f"apps/{quote(remove, safe='')}")
    if end_tokens:
        _call(url, token, "DELETE", "refresh-tokens")
    listed = [_call(url, token, "POST", "apps", _read_json(change))] if change else _call(url, token, "GET", "apps")
    typer.echo(json.dumps(listed, indent=2))


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


def _print_access(described: list[dict[str, Any]], *, several: bool, as_json: bool) -> None:
    facts = {**described[0], **({"orgs": described} if several else {})}
    if as_json:
        typer.echo(json.dumps(facts))
        return
    for one in described:
        for name, value in one.items():
            typer.echo(f"{name:<15} {value}")
        typer.echo("")
    typer.echo("For clients that know only Salesforce's own host names:")
    for name, value in client_environment(facts).items():
        typer.echo(f"export {name}={value}")
    typer.echo("\nServing; Ctrl-C ends it.")


@contextmanager
def _told(place: str = "") -> Iterator[None]:
    """Says what keeps an org from being opened or served, with the remedy, and ends the command."""
    try:
        yield
    except (WrongFolder, ValueError) as error:
        typer.echo(f"simorg: {error}", err=True)
        raise typer.Exit(1) from None
    except OSError as error:
        why = f"cannot be used ({error.strerror}). Choose another with --port or --host."
        typer.echo(f"simorg: {place or error.filename} {why}", err=True)
        raise typer.Exit(1) from None


def _read_orders(path: Path) -> list[OrgOrder]:
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(listed, list) or not listed:
            raise ValueError("a list of orgs is wanted")
        return [read_order(one) for one in listed]
    except (OSError, ValueError, TypeError) as error:
        typer.echo(f'simorg: {path} tells no orgs ({error}). For example: [{{"name": "acme"}}]', err=True)
        raise typer.Exit(2) from None


def _read_json(text: str) -> Any:
    """What an option gives as JSON."""
    try:
        return json.loads(text)
    except ValueError as error:
        typer.echo(f"simorg: this is no JSON ({error}): {text}", err=True)
        raise typer.Exit(2) from None


def _read_fact(text: str) -> tuple[str, Any]:
    """A fact of a fault: name=value, the value as JSON where it is some, else as it stands."""
    name, _, value = text.partition("=")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


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
