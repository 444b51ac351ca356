"""`syncline connect`: logs in to an org and keeps the connection. Secrets come from files, prompts or the environment,
never from the command line, where every user of the machine could read them.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from syncline.cli.output import Output
from syncline.cli.problems import format_problems, to_facts
from syncline.cli.session import Json, session
from syncline.config import read_login_secrets
from syncline.errors import OperatorError
from syncline.flows.auth_kinds import NEEDED_SECRETS, AuthKind

if TYPE_CHECKING:
    from syncline.flows.connect import Connected, Login

app = typer.Typer(help="Connect to a Salesforce org.", add_completion=False)

_RETIREMENT = (
    "This login needs a password, which expires, and Salesforce retires it in Summer '27. "
    "Move to --flow jwt or --flow client-credentials when you can."
)
_FROM_FILE = "A file with it; - reads standard input."


@app.command()
def connect(
    url: Annotated[str, typer.Option("--url", help="The org, as https://YOUR-DOMAIN.my.salesforce.com.")],
    name: Annotated[str, typer.Option("--name", help="What to call the connection.")] = "main",
    flow: Annotated[AuthKind, typer.Option("--flow", help="How to log in.")] = AuthKind.CLIENT_CREDENTIALS,
    client_id: Annotated[str, typer.Option("--client-id", help="The consumer key of the app in Salesforce.")] = "",
    username: Annotated[str, typer.Option("--username", help="The user, for jwt, password and soap.")] = "",
    client_secret_file: Annotated[Path | None, typer.Option(help=f"The consumer secret. {_FROM_FILE}")] = None,
    private_key_file: Annotated[Path | None, typer.Option(help=f"The private key (PEM). {_FROM_FILE}")] = None,
    password_file: Annotated[Path | None, typer.Option(help=f"The password. {_FROM_FILE}")] = None,
    security_token_file: Annotated[Path | None, typer.Option(help=f"The security token. {_FROM_FILE}")] = None,
    as_json: Json = False,
) -> None:
    """Connect to a Salesforce org, or renew the login of a connection.

    Secrets are read from the files named, else from SYNCLINE_CLIENT_SECRET, SYNCLINE_PRIVATE_KEY,
    SYNCLINE_PASSWORD and SYNCLINE_SECURITY_TOKEN, else asked for. They are stored sealed.
    Connecting again under the same name keeps the mapping and everything that is linked.

    Examples:

      syncline connect --url https://acme.my.salesforce.com --client-id 3MVG9...

      syncline connect --flow jwt --url https://acme.my.salesforce.com --client-id 3MVG9...
      --username sync@acme.com --private-key-file key.pem

      syncline connect --flow soap --url https://login.salesforce.com --username sync@acme.com
    """
    output = Output(as_json=as_json)
    _check_usage(flow, client_id, username)
    files = {
        "client_secret": client_secret_file,
        "private_key": private_key_file,
        "password": password_file,
        "security_token": security_token_file,
    }
    secrets = _gather_secrets(flow, files)
    if flow.is_legacy:
        output.note(f"note: {_RETIREMENT}")
    with session(output) as opened:
        from syncline.flows.connect import Login, connect

        login = Login(flow, url, client_id, username, secrets)
        output.note(f"logging in to {url} …")
        _show(connect(opened.keys, name, login), login, output)


def _check_usage(flow: AuthKind, client_id: str, username: str) -> None:
    if flow is not AuthKind.SOAP and not client_id:
        raise typer.BadParameter(f"--flow {flow} needs --client-id")
    if flow is not AuthKind.CLIENT_CREDENTIALS and not username:
        raise typer.BadParameter(f"--flow {flow} needs --username")


def _gather_secrets(flow: AuthKind, files: dict[str, Path | None]) -> dict[str, str]:
    needed, optional = NEEDED_SECRETS[flow]
    given = read_login_secrets()
    secrets = {}
    for name in (*needed, *optional):
        file = files[name]
        if file is not None:
            secrets[name] = _read(file)
        elif name in given:
            secrets[name] = given[name]
        else:
            secrets[name] = _ask(name, required=name in needed)
    return secrets


def _read(file: Path) -> str:
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise OperatorError(f"{file} cannot be read: {problem}", remedy="Name a readable file.") from problem
    return text.strip()


def _ask(name: str, *, required: bool) -> str:
    """Asks on a terminal, without echo; a private key has many lines and is never asked for."""
    if sys.stdin.isatty() and name != "private_key":
        from getpass import getpass

        return getpass(f"{name.replace('_', ' ').capitalize()}: ")
    if required:
        option = f"--{name.replace('_', '-')}-file"
        raise typer.BadParameter(f"give the {name.replace('_', ' ')} by {option} or SYNCLINE_{name.upper()}")
    return ""


def _show(connected: "Connected", login: "Login", output: Output) -> None:
    connection = connected.connection
    organization = connected.organization
    kind = "sandbox" if organization.get("IsSandbox") else "production"
    output.line(f"Connected to {connection.organization_name} ({organization.get('OrganizationType', '')}, {kind}).")
    output.line(f"  connection   {connection.name}, by {login.kind}, as {connected.username}")
    output.line(f"  org          {connection.organization_id}, API {connection.api_version}")
    state = "mapped now" if connected.mapping_is_new else f"mapping kept, version {connected.mapping.version}"
    output.line(f"  fields       {len(connected.mapping.fields)} ({state})")
    for line in format_problems(connected.problems):
        output.line(line)
    output.line("Next: `syncline map show`, `syncline plan`, `syncline sync`.")
    output.result(
        {
            "connection": connection.name,
            "organization_id": connection.organization_id,
            "organization_name": connection.organization_name,
            "organization": dict(organization),
            "username": connected.username,
            "user_id": connection.user_id,
            "api_version": connection.api_version,
            "flow": str(login.kind),
            "legacy_login": login.kind.is_legacy,
            "fields": len(connected.mapping.fields),
            "mapping_version": connected.mapping.version,
            "problems": to_facts(connected.problems),
        }
    )
