"""`syncline start`: from an empty org to the first sync. It keeps no state of its own: each step looks at the org and
the database for what is there, so that running it again goes on wherever it was broken off.
"""

import sys
from collections.abc import Callable
from contextlib import nullcontext, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from syncline.cli.bars import ProgressDisplay
from syncline.cli.check import show_report
from syncline.cli.chosen import choose_connection, load_current_mapping
from syncline.cli.connect import connect
from syncline.cli.output import REFUSED_STATUS, Output
from syncline.cli.session import Json, session
from syncline.cli.setup import Asked, administrator, choose_fields, confirmed, set_up
from syncline.cli.sync import exit_status, format_report, to_report_facts
from syncline.config import has_admin_token
from syncline.domain.rights_needed import Preset
from syncline.errors import OperatorError
from syncline.flows.auth_kinds import AuthKind

if TYPE_CHECKING:
    from syncline.bootstrap import App
    from syncline.domain.connection import Connection
    from syncline.sync.context import SyncContext
    from syncline.sync.run import RunReport

app = typer.Typer(help="From an empty org to the first sync, in one command.", add_completion=False)

_Url = Annotated[str, typer.Option("--url", help="The org, as https://YOUR-DOMAIN.my.salesforce.com.")]
_Token = Annotated[
    Path | None,
    typer.Option("--token-file", help="An administrator's access token, for the set-up; without it, no set-up."),
]
_Name = Annotated[str, typer.Option("--name", help="What to call the connection.")]
_Flow = Annotated[AuthKind, typer.Option("--flow", help="How to log in.")]
_ClientId = Annotated[str, typer.Option("--client-id", help="The consumer key of the app in Salesforce.")]
_Username = Annotated[str, typer.Option("--username", help="The integration user, for jwt and passwords.")]
_Secret = Annotated[Path | None, typer.Option(help="A file with the consumer secret.")]
_Key = Annotated[Path | None, typer.Option(help="A file with the private key (PEM).")]
_Password = Annotated[Path | None, typer.Option(help="A file with the password.")]
_SecurityToken = Annotated[Path | None, typer.Option(help="A file with the security token.")]
_User = Annotated[
    str, typer.Option("--user", help="The user to set up, where --username does not say it: the app's Run As.")
]
_Preset = Annotated[Preset, typer.Option("--preset", help="Which rights to grant.")]
_Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

_STEPS = 5
_AGAIN = "run `syncline start` again: it goes on from here"


@dataclass(frozen=True)
class _Way:
    """How to reach the org: the connection's name and login, and the administrator's token."""

    name: str
    url: str
    flow: AuthKind
    client_id: str
    username: str
    files: dict[str, Path | None]
    token_file: Path | None

    def fits(self, known: "Connection") -> bool:
        """Whether a connection is the one that is asked for; what was not given is not compared."""
        asked = (self.url.rstrip("/"), self.client_id, self.username)
        stored = (known.login_url, known.client_id, known.username)
        kind_fits = not self.client_id or known.auth_kind == str(self.flow)
        return kind_fits and all(not one or one == other for one, other in zip(asked, stored, strict=True))


@app.command()
def start(
    url: _Url = "",
    token_file: _Token = None,
    name: _Name = "main",
    flow: _Flow = AuthKind.CLIENT_CREDENTIALS,
    client_id: _ClientId = "",
    username: _Username = "",
    client_secret_file: _Secret = None,
    private_key_file: _Key = None,
    password_file: _Password = None,
    security_token_file: _SecurityToken = None,
    user: _User = "",
    preset: _Preset = Preset.LEAST,
    yes: _Yes = False,
    as_json: Json = False,
) -> None:
    """Set the org up, connect, check the rights, map, show the plan, and sync: each step shown, and asked before it
    changes anything.

    What is there already is kept, so run it again after anything broke off: it goes on. The set-up needs an
    administrator's token (--token-file, else SYNCLINE_ADMIN_TOKEN), which is used once and never stored; without
    one that step is passed over. Secrets are read as `syncline connect` reads them.

    Examples:

      syncline start --url https://acme.my.salesforce.com --token-file token.txt --client-id 3MVG9...
      --user sync@acme.com

      syncline start --yes
    """
    output = Output(as_json=as_json)
    files = {
        "client_secret": client_secret_file,
        "private_key": private_key_file,
        "password": password_file,
        "security_token": security_token_file,
    }
    way = _Way(name, url, flow, client_id, username, files, token_file)
    report, facts = _go(way, user, preset, output, yes=yes)
    output.result({**facts, **to_report_facts(report)})
    status = exit_status(report)
    if status:
        raise typer.Exit(status)


def _go(way: _Way, user: str, preset: Preset, output: Output, *, yes: bool) -> "tuple[RunReport, dict[str, Any]]":
    """All steps; what the last came to, and the facts of those before it."""
    if output.as_json and not yes:
        raise OperatorError("With --json nothing is asked.", remedy="Give --yes, or leave out --json to see each step.")
    # With --json the steps are told beside, as what is going on is in every command.
    with redirect_stdout(sys.stderr) if output.as_json else nullcontext():
        shown = Output(as_json=False)
        done = _set_up(way, user or way.username, preset, shown, yes=yes)
        _connect(way, shown)
        facts = {"connection": way.name, "set_up": done, **_check(way.name, preset, shown), **_map(way.name, shown)}
        return _sync(way.name, shown, yes=yes), facts


def _set_up(way: _Way, user: str, preset: Preset, output: Output, *, yes: bool) -> list[str] | None:
    """The steps done in the org; None where nobody gave an administrator's session."""
    _head(output, 1, "Set the org up")
    if not has_admin_token(way.token_file):
        output.line("Passed over: no administrator's token was given. The check below names what is missing.")
        return None
    with session(output) as opened:
        known = _find(way.name)
        url = way.url or (known.login_url if known else "")
        if not url:
            raise OperatorError("It is not said which org to set up.", remedy="Give its address with --url.")
        chosen = choose_fields(None, no_fields=False)
        asked = Asked(url, way.token_file, known.name if known else None, preset, chosen, user)
        with administrator(opened, asked) as client:
            _refuse_another_org(known, client.identity().organization_id)
            done = set_up(opened, client, asked, output, yes=yes)
    if not done.is_complete:
        _stop(output)
    return done.steps


def _refuse_another_org(known: "Connection | None", organization_id: str) -> None:
    if known and known.organization_id != organization_id:
        raise OperatorError(
            f"The connection {known.name!r} belongs to the org {known.organization_name} ({known.organization_id}); "
            f"the administrator's token is of another ({organization_id}).",
            remedy="Give the new org a connection of its own with --name, or use a token of the connection's org.",
        )


def _connect(way: _Way, output: Output) -> None:
    """Connects, where there is no such connection that works."""
    from syncline.domain.connection import ConnectionState

    _head(output, 2, "Connect")
    with session(output):
        known = _find(way.name)
    if known and known.state is ConnectionState.ACTIVE and way.fits(known):
        output.line(f"Connected already: {known.name}, to {known.organization_name}, by {known.auth_kind}.")
        return
    if not way.url:
        raise OperatorError(f"There is no connection {way.name!r} yet.", remedy="Say where the org is with --url.")
    connect(
        url=way.url,
        name=way.name,
        flow=way.flow,
        client_id=way.client_id,
        username=way.username,
        client_secret_file=way.files["client_secret"],
        private_key_file=way.files["private_key"],
        password_file=way.files["password"],
        security_token_file=way.files["security_token"],
    )


def _check(name: str, preset: Preset, output: Output) -> dict[str, Any]:
    """Goes no further where a right is missing: half of the people would look like all of them."""
    from syncline.flows.check import check_connection

    _head(output, 3, "Check the rights")
    with session(output) as opened:
        chosen = choose_connection(name)
        report = check_connection(opened.database, opened.keys, chosen, load_current_mapping(chosen), preset)
    show_report(report, output, every=False)
    if not report.ok:
        raise OperatorError(
            f"{len(report.missing)} rights of {report.username} are missing.",
            remedy=f"Grant them as said above, or give --token-file with --user {report.username}; then {_AGAIN}.",
        )
    return {"username": report.username, "rights": len(report.needed.rights)}


def _map(name: str, output: Output) -> dict[str, Any]:
    _head(output, 4, "Map the fields")
    with session(output):
        mapping = load_current_mapping(choose_connection(name))
    names = ", ".join(one.name for one in mapping.fields)
    output.line(f"{len(mapping.fields)} fields, version {mapping.version}: {names}.")
    output.line("`syncline map show` tells how each is mapped, and `syncline map set` changes it, at any time.")
    return {"fields": len(mapping.fields)}


def _sync(name: str, output: Output, *, yes: bool) -> "RunReport":
    """Syncs; where the mapping was not approved yet, its plan is shown first, and exactly that is made."""
    from syncline.sync import run, stored_plan

    _head(output, 5, "Plan, and sync")
    with session(output) as opened:
        report = _run(opened, name, "sync", run.sync)
        for line in format_report(report):
            output.line(line)
        if report.state != "waiting":
            return report
        if not confirmed(output, yes=yes, question="Approve this plan, and make these changes?"):
            _stop(output)
        # The person has just seen how much it changes.
        applied = _run(opened, name, "apply", lambda ctx: stored_plan.apply(ctx, None, allow_large_change=True).report)
    for line in format_report(applied):
        output.line(line)
    output.line("Next: `syncline up` keeps both sides in step from now on.")
    return applied


def _run(opened: "App", name: str, kind: str, work: "Callable[[SyncContext], RunReport]") -> "RunReport":
    with opened.open_run(name, kind) as ctx, ProgressDisplay(lambda: ctx.salesforce.calls.total) as display:
        ctx.progress.watch = display.watch
        return work(ctx)


def _find(name: str) -> "Connection | None":
    from syncline.store.connections import list_connections

    return next((one for one in list_connections() if one.name == name), None)


def _head(output: Output, number: int, title: str) -> None:
    output.line(f"{number} of {_STEPS}: {title}")


def _stop(output: Output) -> NoReturn:
    output.line(f"Stopped, as you said; nothing of this step was done. To go on, {_AGAIN}.")
    raise typer.Exit(REFUSED_STATUS)
