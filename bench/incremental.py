"""The sync after some records changed: how long it takes beyond the download of what changed."""

import sys
import urllib.parse
from itertools import islice
from statistics import median
from typing import Any

from bench.measure import Measured, say
from bench.services import Org
from bench.stage import Stage

_BATCH = 200


def run_incremental(stage: Stage, changed: int, runs: int = 1) -> dict[str, Any]:
    """Changes that many Leads in the org and measures the next sync, several times; every figure is a median.

    The first sync after an import is told apart: it gathers the statistics that PostgreSQL has not gathered yet.
    """
    org = stage.arena.org
    raw = []
    for turn in range(runs + 1):
        change_leads(org, changed, f"Benchmarked {turn}")
        org.clear_journal()
        done = stage.work("sync")
        raw.append(_read(done, org.count_calls()))
        say(f"{'the first' if not turn else f'run {turn}'}: {raw[-1]['seconds']:.2f} s")
    first, later = raw[0], raw[1:] or raw
    return {
        "people": sum(stage.arena.expected.values()),
        "changed": changed,
        "runs": runs,
        **{name: median(one[name] for one in later)
           for name in ("seconds", "seconds_download", "seconds_beyond_download", "api_calls")},
        "seconds_of_the_first": first["seconds"],
        "peak_rss_mib": max(one["peak_rss_mib"] for one in raw),
        "cpu_seconds": {who: median(one["cpu_seconds"][who] for one in later) for who in first["cpu_seconds"]},
        "steps": {step: median(one["steps"].get(step, 0.0) for one in later) for step in later[0]["steps"]},
        "raw": raw,
    }  # fmt: skip


def _read(done: Measured, calls: int) -> dict[str, Any]:
    steps = done.result["steps"]
    download = max((spent for name, spent in steps.items() if name.startswith("stage ")), default=0.0)
    return {
        "seconds": done.result["seconds"],
        "seconds_download": download,
        "seconds_beyond_download": done.result["seconds"] - download,
        "api_calls": calls,
        "peak_rss_mib": done.peak_rss_mib,
        "cpu_seconds": done.cpu_seconds,
        "steps": steps,
        "counts": done.result["counts"],
    }


def change_leads(org: Org, amount: int, title: str = "Benchmarked") -> None:
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
        records = [{"attributes": {"type": "Lead"}, "Id": one, "Title": title} for one in batch]
        results = org.data(token, "PATCH", "composite/sobjects", {"allOrNone": False, "records": records})
        refused = [one for one in results if not one["success"]]
        if refused:
            sys.exit(f"the org refused {len(refused)} of {len(batch)} Leads: {refused[0]['errors']}")


def print_incremental(summary: dict[str, Any]) -> None:
    """The figures in lines."""
    spent = ", ".join(f"{who} {seconds:.1f}" for who, seconds in summary["cpu_seconds"].items())
    print(
        f"\n{summary['changed']:,} changed of {summary['people']:,} people: {summary['seconds']:.2f} s,"
        f" of which {summary['seconds_download']:.2f} s of download; {summary['api_calls']:.0f} calls,"
        f" {summary['peak_rss_mib']:.0f} MiB; CPU seconds: {spent}\n"
        f"the first sync after the import: {summary['seconds_of_the_first']:.2f} s\n"
    )
    for step, seconds in sorted(summary["steps"].items(), key=lambda pair: -pair[1]):
        print(f"  {step:<24}{seconds:>8.2f}")
