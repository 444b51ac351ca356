"""The command line of the benchmarks: one for each row of the table of speeds."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bench.capture import print_capture, run_capture
from bench.consenting import print_consent, run_consent
from bench.contenders import Arena
from bench.growing import print_growth, print_reconcile, run_growth, run_reconcile
from bench.idling import print_idle, run_idle
from bench.importing import Options, print_import, run_import
from bench.incremental import print_incremental, run_incremental
from bench.living import print_live, run_live
from bench.measure import BenchFailed
from bench.pushing import print_push, run_push
from bench.services import serve_database, serve_org
from bench.simulating import print_simulated, run_simulated
from bench.stage import Stage, set_empty_stage, set_stage

_EXAMPLES = """\
examples:
  script/bench import --people 100000
  script/bench import --people 1000000 --json
  script/bench import --people 10000 --without dlt
  script/bench incremental --people 100000 --changed 1000
  script/bench push --people 100000 --edits 10000
  script/bench consent --people 1000000
  script/bench live --changes 60
  script/bench idle
  script/bench reconcile --sizes 10000 100000 1000000
  script/bench growth --sizes 10000 100000 1000000
  script/bench capture --people 100000
  script/bench simorg --people 1000000
"""
#: Benchmarks that take several sizes of orgs.
_BY_SIZES = ("reconcile", "growth")
#: Benchmarks whose figures are medians.
_SEVERAL_TIMES = ("import", "incremental", "push", "capture", "simorg", "reconcile")
Summary = dict[str, Any]


def main() -> int:
    """Runs one benchmark and gives the exit status."""
    options = _parser().parse_args()
    try:
        summary = options.run(options)
    except BenchFailed as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    if options.json:
        print(json.dumps(summary))
    else:
        options.show(summary)
    return 0


@contextmanager
def _empty_stage(people: int) -> Iterator[Stage]:
    with _arena(people) as arena, set_empty_stage(arena, "sizes") as stage:
        yield stage


@contextmanager
def _arena(people: int) -> Iterator[Arena]:
    """Where a benchmark runs that changes the org: a copy of it."""
    with serve_database() as server, serve_org(people, own_copy=True) as org:
        yield Arena(org, server, org.count())


def _import(options: argparse.Namespace) -> Summary:
    without = frozenset(options.without)
    return run_import(Options(options.people, options.runs, without, options.dlt_people, options.script_threads))


def _incremental(options: argparse.Namespace) -> Summary:
    with _arena(options.people) as arena, set_stage(arena, "incremental") as stage:
        return run_incremental(stage, options.changed, options.runs)


def _push(options: argparse.Namespace) -> Summary:
    with _arena(options.people) as arena, set_stage(arena, "push", both=["title"]) as stage:
        return run_push(stage, options.edits, options.runs)


def _consent(options: argparse.Namespace) -> Summary:
    fields = options.fields.split(",")
    with _arena(options.people) as arena, set_stage(arena, "consent", without=fields) as stage:
        return run_consent(stage, fields, options.every)


def _live(options: argparse.Namespace) -> Summary:
    with _arena(options.people) as arena, set_stage(arena, "live") as stage:
        return run_live(stage, options.changes)


def _idle(options: argparse.Namespace) -> Summary:
    with _arena(options.people) as arena, set_stage(arena, "idle") as stage:
        return run_idle(stage, options.hours)


def _reconcile(options: argparse.Namespace) -> Summary:
    return run_reconcile(_empty_stage, options.sizes, options.runs)


def _growth(options: argparse.Namespace) -> Summary:
    return run_growth(_empty_stage, options.sizes)


def _capture(options: argparse.Namespace) -> Summary:
    return run_capture(options.people, options.runs)


def _simorg(options: argparse.Namespace) -> Summary:
    return run_simulated(options.people, options.runs)


Add = Callable[[str, str, Callable[[argparse.Namespace], Summary], Callable[[Summary], None]], argparse.ArgumentParser]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="script/bench", description=__doc__, epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="benchmark", required=True)

    def add(
        name: str, text: str, run: Callable[[argparse.Namespace], Summary], show: Callable[[Summary], None]
    ) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=text)
        one.set_defaults(run=run, show=show)
        one.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
        if name not in _BY_SIZES:
            one.add_argument("--people", type=int, default=100_000, help="Leads and Contacts of the simulated org")
        if name in _SEVERAL_TIMES:
            one.add_argument("--runs", type=int, default=3, help="measured runs, or runs of each contender")
        return one

    _add_throughput(add)
    _add_latency(add)
    _add_sizes(add)
    return parser


def _add_throughput(add: Add) -> None:
    """Benchmarks of how much is done in a time."""
    importing = add("import", "the first import, beside a hand-written script and dlt", _import, print_import)
    importing.add_argument("--without", action="append", default=[], choices=("script", "dlt"))
    importing.add_argument("--dlt-people", type=int, help="people of the org that dlt reads (at most 50,000 if unset)")
    importing.add_argument("--script-threads", type=int, default=1, help="objects the script loads side by side")
    incremental = add("incremental", "a sync after some records changed", _incremental, print_incremental)
    incremental.add_argument("--changed", type=int, default=1_000, help="Leads changed in Salesforce")
    push = add("push", "edits sent by collections and by Bulk, beside a loop by hand", _push, print_push)
    push.add_argument("--edits", type=int, default=10_000, help="contacts edited for each run")
    add("capture", "what capturing local edits costs a bulk update", _capture, print_capture)
    add("simorg", "the simulated org by itself: start, Bulk results, ingest, reads", _simorg, print_simulated)


def _add_latency(add: Add) -> None:
    """Benchmarks of how soon something is done, and what waiting costs."""
    consent = add("consent", "opt-outs on both sides while a worker fills new fields", _consent, print_consent)
    consent.add_argument("--fields", default="phone,department,street", help="fields to fill, one after the other")
    consent.add_argument("--every", type=float, default=1.0, help="seconds between two opt-outs of a side")
    consent.set_defaults(people=20_000)
    live = add("live", "when a change in Salesforce is seen here, on the schedule live", _live, print_live)
    live.add_argument("--changes", type=int, default=60, help="Leads changed, one every half second")
    idle = add("idle", "API calls of a simulated day on which nothing moves", _idle, print_idle)
    idle.add_argument("--hours", type=float, default=24.0, help="how long the simulated day is")
    idle.set_defaults(people=10_000)


def _add_sizes(add: Add) -> None:
    """Benchmarks that compare sizes of orgs."""
    reconcile = add("reconcile", "the proof of agreement, by size", _reconcile, print_reconcile)
    growth = add("growth", "an import, a sync and a proof against size, with the exponents", _growth, print_growth)
    for one in (reconcile, growth):
        one.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000], help="people of each org")


if __name__ == "__main__":
    sys.exit(main())
