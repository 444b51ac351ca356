"""Syncline at work on a database that holds an import already: a sync, or a proof of agreement, measured by itself."""

import json
import sys
from collections.abc import Callable, Collection
from contextlib import closing
from dataclasses import replace
from typing import Any

from bench.peers import syncline_day
from bench.peers.syncline_import import CONNECTION, MAPPED
from syncline import clock
from syncline.bootstrap import App, open_app
from syncline.config import read_settings
from syncline.domain.objects import MirroredObject
from syncline.domain.plan import Brakes
from syncline.domain.schedule import Mode, Schedule
from syncline.flows.objects import add_object
from syncline.store import planned, runs, schedules
from syncline.store.connections import load_connection
from syncline.store.contact_columns import ensure_columns
from syncline.store.database import transaction
from syncline.store.mappings import load_mapping, save_mapping
from syncline.sync import agreement, run


def main() -> None:
    told = json.load(sys.stdin)
    work = WORK[told.pop("work")]
    with open_app(read_settings()) as app:
        print(json.dumps(work(app, **told)), flush=True)


def do_sync(app: App, settings: dict[str, Any] | None = None) -> dict[str, Any]:
    """A whole run, with numbers of the sync contract other than usual where `settings` names some."""
    began = clock.monotonic()
    with app.open_run(CONNECTION, "sync") as ctx:
        opened = clock.monotonic() - began
        ctx.settings = replace(ctx.settings, **(settings or {}))
        report = run.sync(ctx, approve=True)
    seconds = clock.monotonic() - began
    if report.state != "done":
        sys.exit(f"the run ended as {report.state}: {report.message}")
    return {
        "seconds": seconds,
        "steps": {"log in, describes": opened, **report.seconds},
        "counts": dict(report.counts),
        "calls": dict(report.calls),
    }


def prove(app: App) -> dict[str, Any]:
    """The proof of agreement: everything read afresh, every mapped value compared."""
    began = clock.monotonic()
    with app.open_run(CONNECTION, "proof") as ctx:
        proof = agreement.compare(ctx)
        steps = dict(ctx.progress.seconds)
    return {
        "seconds": clock.monotonic() - began,
        "steps": steps,
        "records": sum(one.records for one in proof.objects),
        "values": proof.compared_values,
        "differing": proof.differing,
        "percent": proof.percent,
    }


def set_up(app: App, mode: str, *, open_brakes: bool, mirrored: Collection[str] = ()) -> dict[str, Any]:
    """The schedule of the connection; brakes that never hold; objects mirrored beside the mapping."""
    connection = load_connection(CONNECTION)
    for name in mirrored:
        add_object(app.database, app.keys, connection, MirroredObject(name))
    with closing(app.database.connect("bench")) as conn, transaction(conn, "set_up"):
        schedules.save_schedule(conn, connection.id, Schedule(Mode(mode)), clock.now())
        if open_brakes:
            planned.save_brakes(conn, connection.id, Brakes(changed=1.0, deleted=1.0, blanked=1.0))
    return {}


def map_more(app: App, names: Collection[str]) -> dict[str, Any]:
    """Maps fields that were left out so far, with a person's word, and lets the worker look at once."""
    connection = load_connection(CONNECTION)
    mapping = load_mapping(connection.id)
    assert mapping is not None
    added = tuple(one for one in MAPPED if one.name in names)
    save_mapping(connection.id, replace(mapping, fields=(*mapping.fields, *added)), clock.now())
    saved = load_mapping(connection.id)
    assert saved is not None
    with closing(app.database.connect("bench")) as conn, transaction(conn, "map_more"):
        ensure_columns(conn, saved)
        runs.approve(conn, connection.id, saved.version, clock.now())
        schedules.wake(conn, connection.id, clock.now())
    return {}


def spend_day(app: App, hours: float, org: dict[str, str]) -> dict[str, Any]:
    """A simulated day."""
    return syncline_day.spend_day(app, CONNECTION, hours, org)


#: What may be asked for, by name.
WORK: dict[str, Callable[..., dict[str, Any]]] = {
    "sync": do_sync,
    "prove": prove,
    "set_up": set_up,
    "map_more": map_more,
    "day": spend_day,
}

if __name__ == "__main__":
    main()
