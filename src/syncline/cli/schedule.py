"""`syncline schedule`: when a connection is looked at, and stopping and waking what it does by itself."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from syncline.cli.chosen import ConnectionName, choose_connection
from syncline.cli.output import Output
from syncline.cli.session import Json, session

if TYPE_CHECKING:
    from syncline.bootstrap import App
    from syncline.domain.connection import Connection
    from syncline.domain.schedule import Schedule
    from syncline.store.schedules import Kept

app = typer.Typer(help="Show and set when connections are looked at.", no_args_is_help=True, add_completion=False)

_MODES = "live, balanced, economy, fixed or manual"


@app.callback()
def group() -> None:
    """Show and set when a connection is looked at by the workers.

    Examples:

      syncline schedule show

      syncline schedule set live
    """


@app.command()
def show(connection: ConnectionName = None, as_json: Json = False) -> None:
    """Show when a connection is looked at: the schedule, the next look, the last change, and what it costs at rest.

    Examples:

      syncline schedule show
    """
    output = Output(as_json=as_json)
    with session(output) as opened:
        chosen = choose_connection(connection)
        kept = _load(opened, chosen)
        facts = to_schedule_facts(kept)
    for line in format_schedule(chosen, kept):
        output.line(line)
    output.result({"connection": chosen.name, **facts})


@app.command(name="set")
def set_schedule(
    mode: Annotated[str, typer.Argument(metavar="MODE", help=f"One of {_MODES}.")],
    every: Annotated[
        str | None, typer.Option("--every", metavar="TIME", help="For fixed: 30s, 10m, 2h between two looks.")
    ] = None,
    cron: Annotated[
        str | None,
        typer.Option("--cron", metavar="TEXT", help="For fixed: minute, hour, day, month, weekday, in UTC."),
    ] = None,
    connection: ConnectionName = None,
    as_json: Json = False,
) -> None:
    """Set when a connection is looked at.

    live looks every 5 seconds; balanced 30 seconds after a change was seen, thinning out to 15 minutes at rest;
    economy 5 minutes after a change, thinning out to an hour; fixed as --every or --cron say; manual only when you
    run `syncline sync` or `syncline schedule wake`. Edits made here are sent sooner: with live after a second, with
    balanced after 10 seconds, with economy after a minute.

    Examples:

      syncline schedule set live

      syncline schedule set fixed --every 10m

      syncline schedule set fixed --cron "0 6 * * 1-5"
    """
    from syncline import clock

    output = Output(as_json=as_json)
    schedule = read_schedule(mode, every, cron)
    with session(output) as opened:
        from syncline.store.database import transaction
        from syncline.store.schedules import save_schedule

        chosen = choose_connection(connection)
        with opened.database.connect("syncline schedule") as conn, transaction(conn, "schedule"):
            save_schedule(conn, chosen.id, schedule, clock.now())
        kept = _load(opened, chosen)
        facts = to_schedule_facts(kept)
    for line in format_schedule(chosen, kept):
        output.line(line)
    output.result({"connection": chosen.name, **facts})


@app.command()
def pause(connection: ConnectionName = None, as_json: Json = False) -> None:
    """Stop what a connection does by itself: no looks, no sending, until it is resumed. A run under way ends first.

    Examples:

      syncline schedule pause
    """
    _set_paused(connection, as_json=as_json, paused=True)


@app.command()
def resume(connection: ConnectionName = None, as_json: Json = False) -> None:
    """Let a paused connection go on by its schedule, with a look at once.

    Examples:

      syncline schedule resume
    """
    _set_paused(connection, as_json=as_json, paused=False)


@app.command()
def wake(connection: ConnectionName = None, as_json: Json = False) -> None:
    """Let a worker look at a connection at once, whatever its schedule; a manual one too.

    Examples:

      syncline schedule wake
    """
    from syncline import clock

    output = Output(as_json=as_json)
    with session(output) as opened:
        from syncline.store.database import transaction
        from syncline.store.schedules import wake as bring_forward

        chosen = choose_connection(connection)
        with opened.database.connect("syncline schedule") as conn, transaction(conn, "schedule"):
            bring_forward(conn, chosen.id, clock.now())
    output.line(f"The next look at {chosen.name} is at once, if a worker runs and the connection is not paused.")
    output.result({"connection": chosen.name})


def read_schedule(mode: str, every: str | None, cron: str | None) -> "Schedule":
    """The schedule of these options.

    Raises:
        typer.BadParameter: they make none; the message says why.
    """
    from syncline.domain.schedule import Mode, Schedule

    if mode not in list(Mode):
        raise typer.BadParameter(f"{mode!r} is not one of {_MODES}")
    try:
        return Schedule(Mode(mode), _read_time(every) if every is not None else None, cron)
    except ValueError as problem:
        raise typer.BadParameter(str(problem)) from None


def _read_time(text: str) -> timedelta:
    units = {"s": "seconds", "m": "minutes", "h": "hours"}
    number, unit = text[:-1], text[-1:]
    if unit not in units or not number.isdecimal():
        raise ValueError(f"{text!r} is no time: write 30s, 10m or 2h")
    return timedelta(**{units[unit]: int(number)})


def _set_paused(connection: str | None, *, as_json: bool, paused: bool) -> None:
    from syncline import clock

    output = Output(as_json=as_json)
    with session(output) as opened:
        from syncline.store.database import transaction
        from syncline.store.schedules import set_paused

        chosen = choose_connection(connection)
        with opened.database.connect("syncline schedule") as conn, transaction(conn, "schedule"):
            set_paused(conn, chosen.id, paused=paused, now=clock.now())
    output.line(f"{chosen.name} is {'paused: `syncline schedule resume` lets it go on' if paused else 'resumed'}.")
    output.result({"connection": chosen.name, "paused": paused})


def _load(opened: "App", chosen: "Connection") -> "Kept":
    from syncline.store.schedules import load_schedule

    with opened.database.connect("syncline schedule") as conn:
        return load_schedule(conn, chosen.id)


def to_schedule_facts(kept: "Kept") -> dict[str, Any]:
    """The schedule for --json; times in UTC."""
    from syncline.domain.mapping import PERSON_OBJECTS
    from syncline.domain.schedule import calls_at_rest

    return {
        "mode": str(kept.schedule.mode),
        "every_seconds": kept.schedule.every.total_seconds() if kept.schedule.every else None,
        "cron": kept.schedule.cron,
        "paused": kept.paused,
        "next_look": kept.next_at,
        "last_look": kept.looked_at,
        "last_change": kept.changed_at,
        "failures": kept.failures,
        "outcome": kept.outcome,
        "message": kept.message,
        "calls_a_day_at_rest": calls_at_rest(kept.schedule, len(PERSON_OBJECTS)),
    }


def format_schedule(chosen: "Connection", kept: "Kept") -> list[str]:
    """The schedule for people."""
    facts = to_schedule_facts(kept)
    calls = facts["calls_a_day_at_rest"]
    cost = f"; up to {calls:,} API calls on a day on which nothing moves" if calls else ""
    lines = [f"{chosen.name}: {kept.schedule.describe()}{cost}", f"  next look    {describe_next(kept)}"]
    if kept.looked_at:
        lines.append(f"  last look    {kept.looked_at:%Y-%m-%d %H:%M:%S} UTC, {kept.outcome}{_after(kept.message)}")
    if kept.changed_at:
        lines.append(f"  last change  {kept.changed_at:%Y-%m-%d %H:%M:%S} UTC")
    return lines


def describe_next(kept: "Kept") -> str:
    """When the next look is, in words."""
    from syncline.domain.schedule import Mode

    if kept.paused:
        return "none: paused"
    if kept.next_at is not None:
        return f"{kept.next_at:%Y-%m-%d %H:%M:%S} UTC, by a worker"
    return "when you run `syncline sync`" if kept.schedule.mode is Mode.MANUAL else "as soon as a worker runs"


def _after(message: str) -> str:
    return f": {message}" if message else ""
