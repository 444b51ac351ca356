"""The command line of the benchmarks: `script/bench import | incremental | capture | simorg`."""

import argparse
import json
import sys
from typing import Any

from bench.capture import print_capture, run_capture
from bench.importing import Options, print_import, run_import
from bench.incremental import print_incremental, run_incremental
from bench.measure import BenchFailed
from bench.simulating import print_simulated, run_simulated

_EXAMPLES = """\
examples:
  script/bench import --people 100000
  script/bench import --people 1000000 --json
  script/bench import --people 10000 --without dlt
  script/bench incremental --people 100000 --changed 1000
  script/bench capture --people 100000
  script/bench simorg --people 1000000
"""


def main() -> int:
    """Runs one benchmark and gives the exit status."""
    options = _parser().parse_args()
    try:
        summary = _run(options)
    except BenchFailed as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    if options.json:
        print(json.dumps(summary))
    return 0


def _run(options: argparse.Namespace) -> dict[str, Any]:
    summary: dict[str, Any]
    if options.benchmark == "import":
        chosen = Options(
            options.people, options.runs, frozenset(options.without), options.dlt_people, options.script_threads
        )
        summary, show = run_import(chosen), print_import
    elif options.benchmark == "incremental":
        summary, show = run_incremental(options.people, options.changed), print_incremental
    elif options.benchmark == "simorg":
        summary, show = run_simulated(options.people, options.runs), print_simulated
    else:
        summary, show = run_capture(options.people, options.runs), print_capture
    if not options.json:
        show(summary)
    return summary


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="script/bench", description=__doc__, epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="benchmark", required=True)
    importing = commands.add_parser("import", help="the first import, beside a hand-written script and dlt")
    importing.add_argument("--without", action="append", default=[], choices=("script", "dlt"))
    importing.add_argument("--dlt-people", type=int, help="people of the org that dlt reads (at most 50,000 if unset)")
    importing.add_argument("--script-threads", type=int, default=1, help="objects the script loads side by side")
    incremental = commands.add_parser("incremental", help="a sync after some records changed")
    incremental.add_argument("--changed", type=int, default=1_000, help="Leads changed in Salesforce")
    capture = commands.add_parser("capture", help="what capturing local edits costs a bulk update")
    simulated = commands.add_parser("simorg", help="the simulated org by itself: start, Bulk results, ingest, reads")
    for one in (importing, incremental, capture, simulated):
        one.add_argument("--people", type=int, default=100_000, help="Leads and Contacts of the simulated org")
        one.add_argument("--json", action="store_true", help="print one JSON object last")
    for one in (importing, capture, simulated):
        one.add_argument("--runs", type=int, default=3, help="measured runs of each contender")
    return parser


if __name__ == "__main__":
    sys.exit(main())
