"""`syncline doctor`: looks at everything an installation needs, and says what to mend."""

import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import typer

from syncline.bootstrap import App
from syncline.cli.output import FAILED_STATUS, Output
from syncline.cli.session import Json, session
from syncline.config import Settings, read_settings
from syncline.errors import SynclineError

app = typer.Typer(help="Check this installation and say what to mend.", add_completion=False)

_GIGABYTE = 1_000_000_000
_LEAST_FREE = _GIGABYTE
_LAST_CONTACT = "last_contact"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str
    ok: bool
    detail: str
    remedy: str | None = None


@app.command()
def doctor(as_json: Json = False) -> None:
    """Check this installation and say what to mend.

    The exit status is 1 where something is to be mended.

    Examples:

      syncline doctor

      syncline doctor --json
    """
    output = Output(as_json=as_json)
    findings = list(_look(output))
    for one in findings:
        output.line(f"{'ok     ' if one.ok else 'PROBLEM'}  {one.name}: {one.detail}")
        if one.remedy:
            output.line(f"         remedy: {one.remedy}")
    healthy = all(one.ok for one in findings)
    output.result({"ok": healthy, "findings": [asdict(one) for one in findings]})
    if not healthy:
        raise typer.Exit(FAILED_STATUS)


def _look(output: Output) -> Iterator[Finding]:
    yield Finding("python", True, sys.version.split()[0])
    try:
        settings = read_settings()
    except SynclineError as error:
        yield _problem("settings", error)
        return
    yield Finding("settings", True, f"the home is {settings.home}")
    yield from _look_at_keys(settings)
    try:
        with session(output) as opened:
            yield from _look_at_database(opened)
            yield from _look_at_connections(opened)
    except SynclineError as error:
        yield _problem("database", error)


def _look_at_keys(settings: Settings) -> Iterator[Finding]:
    from syncline.store.secrets import KeyRing

    try:
        count = KeyRing(settings.keys).check()
    except SynclineError as error:
        yield _problem("keys", error)
    else:
        yield Finding("keys", True, f"{count} in {settings.keys}" if count else "none yet: no secret is stored")


def _look_at_database(opened: App) -> Iterator[Finding]:
    with opened.database.connect("syncline doctor") as connection:
        version = connection.info.parameter_status("server_version")
        size = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    megabytes = (size[0] if size else 0) // 1_000_000
    where = f"built-in, in {opened.server.folder}" if opened.server else "named by DATABASE_URL"
    yield Finding("database", True, f"PostgreSQL {version}, {where}, {megabytes:,} MB")
    yield _look_at_disk(opened.server.folder if opened.server else opened.settings.home)


def _look_at_disk(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    detail = f"{free / _GIGABYTE:,.1f} GB free in {folder}"
    if free < _LEAST_FREE:
        return Finding("disk", False, detail, "Free some space: a full disk stops the sync, and loses nothing.")
    return Finding("disk", True, detail)


def _look_at_connections(opened: App) -> Iterator[Finding]:
    from syncline.domain.connection import ConnectionState
    from syncline.store.connections import list_connections, load_secrets
    from syncline.store.named_sql import load

    with opened.database.connect("syncline doctor") as connection:
        rows = connection.execute(load("doctor")[_LAST_CONTACT].compose()).fetchall()
    seen_at = {row[0]: row[1] for row in rows}
    for one in list_connections():
        name = f"connection {one.name}"
        seen = f"last run {seen_at[one.id]:%Y-%m-%d %H:%M} UTC" if one.id in seen_at else "never synced"
        detail = f"{one.organization_name or one.login_url}, {seen}"
        try:
            load_secrets(one.id, opened.keys)
        except SynclineError as error:
            yield _problem(name, error)
            continue
        if one.state is ConnectionState.BROKEN:
            yield Finding(name, False, f"{detail}; Salesforce refuses the login", "Log in again: `syncline connect`.")
        else:
            yield Finding(name, True, detail)


def _problem(name: str, error: SynclineError) -> Finding:
    return Finding(name, False, error.message, error.remedy)
