"""The sync after some records changed: how long it takes beyond the download of what changed."""

import sys
import tempfile
import urllib.parse
from itertools import islice
from pathlib import Path
from typing import Any

from bench.contenders import MODULES, Arena, home_environment, make_task, python_of
from bench.measure import run_contender
from bench.services import Org, fresh_database, serve_database, serve_org

_BATCH = 200


def run_incremental(people: int, changed: int) -> dict[str, Any]:
    """Imports everything, changes that many Leads in the org, and measures the next sync."""
    with (
        serve_database() as server,
        serve_org(people, own_copy=True) as org,
        tempfile.TemporaryDirectory(prefix="bench-") as home,
        fresh_database(server, "bench_incremental") as url,
    ):
        folder = Path(home)
        task = make_task(Arena(org, server, org.count()), url, folder)
        environment = home_environment("syncline", url, folder)
        python, module = python_of("syncline"), MODULES["syncline"]
        print("importing …", file=sys.stderr, flush=True)
        run_contender(python, module, task, environment)
        print(f"changing {changed:,} Leads …", file=sys.stderr, flush=True)
        change_leads(org, changed)
        org.clear_journal()
        measured = run_contender(python, module, {**task, "again": True}, environment)
        calls = org.count_calls()
    steps = measured.result["steps"]
    seconds = measured.result["notes"]["seconds_of_the_run"]
    download = max((spent for name, spent in steps.items() if name.startswith("stage ")), default=0.0)
    return {
        "people": people,
        "changed": changed,
        "seconds": seconds,
        "seconds_download": download,
        "seconds_beyond_download": seconds - download,
        "peak_rss_mib": measured.peak_rss_mib,
        "api_calls": calls,
        "steps": steps,
        "counts": measured.result["notes"]["counts"],
    }


def change_leads(org: Org, amount: int) -> None:
    """Gives that many open Leads another title, as somebody in Salesforce would with a data loader.

    Raises:
        SystemExit: the org refused some of them, or has too few.
    """
    token = org.token()
    soql = f"SELECT Id FROM Lead WHERE IsConverted = false LIMIT {amount}"
    page = org.data(token, "GET", f"query?q={urllib.parse.quote(soql)}")
    ids = [record["Id"] for record in page["records"]]
    while not page["done"]:
        page = org.data(token, "GET", page["nextRecordsUrl"].split("/", 4)[4])
        ids += [record["Id"] for record in page["records"]]
    if len(ids) < amount:
        sys.exit(f"the org has {len(ids):,} open Leads, {amount:,} are to be changed")
    waiting = iter(ids)
    while batch := list(islice(waiting, _BATCH)):
        records = [{"attributes": {"type": "Lead"}, "Id": one, "Title": "Benchmarked"} for one in batch]
        results = org.data(token, "PATCH", "composite/sobjects", {"allOrNone": False, "records": records})
        refused = [one for one in results if not one["success"]]
        if refused:
            sys.exit(f"the org refused {len(refused)} of {len(batch)} Leads: {refused[0]['errors']}")


def print_incremental(summary: dict[str, Any]) -> None:
    """The figures in lines."""
    print(
        f"\n{summary['changed']:,} changed of {summary['people']:,} people: {summary['seconds']:.2f} s,"
        f" of which {summary['seconds_download']:.2f} s of download; {summary['api_calls']} calls,"
        f" {summary['peak_rss_mib']:.0f} MiB"
    )
    for step, seconds in sorted(summary["steps"].items(), key=lambda pair: -pair[1]):
        print(f"  {step:<22}{seconds:>8.2f}")
