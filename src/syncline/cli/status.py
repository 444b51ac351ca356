"""`syncline status`: how every connection stands, what waits, and what a person must do."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from syncline.cli.output import Output
from syncline.cli.schedule import describe_next, to_schedule_facts
from syncline.cli.session import Json, session
from syncline.cli.sync import describe_counts

if TYPE_CHECKING:
    from syncline.bootstrap import App
    from syncline.domain.connection import Connection
    from syncline.domain.mapping import Mapping
    from syncline.store.runs import Run
    from syncline.store.schedules import Kept
    from syncline.store.status import Status

app = typer.Typer(help="Say how every connection stands.", add_completion=False)


@app.command()
def status(as_json: Json = False) -> None:
    """Say how every connection stands: the last run, what is linked, what waits, and what a person must do.

    Examples:

      syncline status

      syncline status --json
    """
    from syncline.store.connections import list_connections

    output = Output(as_json=as_json)
    with session(output) as opened:
        facts = [_show(opened, one, output) for one in list_connections()]
    if not facts:
        output.line("No org is connected yet: `syncline connect --help`, or try `syncline demo`.")
    output.result({"connections": facts})


def _show(opened: "App", connection: "Connection", output: Output) -> dict[str, Any]:
    from syncline.store.mappings import load_mapping
    from syncline.store.runs import load_latest
    from syncline.store.schedules import load_schedule
    from syncline.store.status import load_status

    with opened.database.connect("syncline status") as conn:
        found = load_status(conn, connection.id)
        latest = load_latest(conn, connection.id, 1)
        kept = load_schedule(conn, connection.id)
    mapping = load_mapping(connection.id)
    last = latest[0] if latest else None
    for line in _format(connection, mapping, last, found, kept):
        output.line(line)
    return {
        "name": connection.name,
        "organization_name": connection.organization_name,
        "organization_id": connection.organization_id,
        "state": str(connection.state),
        "mapping": {"version": mapping.version, "approved": mapping.approved} if mapping else None,
        "last_run": asdict(last) if last else None,
        "schedule": to_schedule_facts(kept),
        **asdict(found),
    }


def _format(
    connection: "Connection", mapping: "Mapping | None", last: "Run | None", found: "Status", kept: "Kept"
) -> Iterator[str]:
    yield f"{connection.name}: {connection.organization_name or connection.login_url}, {connection.state}"
    if last:
        moved = describe_counts({name: count for name, count in last.counts.items() if isinstance(count, int)})
        yield f"  last {last.kind:<7} {last.started_at:%Y-%m-%d %H:%M} UTC, {last.state}: {last.message or moved}"
    else:
        yield "  never synced: `syncline plan` shows what would happen"
    yield f"  schedule     {kept.schedule.describe()}; next look {describe_next(kept)}{_last_change(kept)}"
    if mapping and not mapping.approved:
        yield f"  mapping      version {mapping.version} is not approved: `syncline plan`, then `syncline sync --yes`"
    yield f"  contacts     {sum(n for state, n in found.contacts.items() if state != 'merged'):,}"
    for name in sorted({*found.linked, *found.left_out, *found.read_until}):
        until = f", read up to {found.read_until[name]:%H:%M:%S} UTC" if name in found.read_until else ""
        reasons = "".join(
            f", {count:,} {reason.replace('_', ' ')}" for reason, count in found.left_out.get(name, {}).items()
        )
        yield f"  {name:<12} {found.linked.get(name, 0):,} linked{reasons}{until}"
    waiting = ", ".join(f"{count:,} {lane}" for lane, count in found.waiting.items())
    yield f"  waiting      {waiting or 'nothing'}"
    for cause in found.causes:
        where = ".".join(part for part in (cause.object, cause.field) if part)
        yield f"  {cause.count:,} × {cause.code} {where}: {cause.message}"
        yield f"      remedy: {cause.remedy}"
    if found.causes:
        yield "  `syncline errors list` tells more."


def _last_change(kept: "Kept") -> str:
    return f"; last change {kept.changed_at:%Y-%m-%d %H:%M:%S} UTC" if kept.changed_at else ""
