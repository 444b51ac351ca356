"""Syncline at work on a database that holds an import already: a sync, or a proof of agreement, measured by itself."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bench.peers.syncline_import import CONNECTION
from syncline import clock
from syncline.bootstrap import App, open_app
from syncline.config import read_settings
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


#: What may be asked for, by name.
WORK: dict[str, Callable[..., dict[str, Any]]] = {"sync": do_sync, "prove": prove}

if __name__ == "__main__":
    main()
