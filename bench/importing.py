"""The first import, side by side: a warm-up of each contender, then alternating runs, medians and ratios."""

import os
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.contenders import Arena, run_once
from bench.services import serve_database, serve_org

#: dlt needs minutes for what the others do in seconds; above this many people it runs on a smaller org.
DLT_PEOPLE = 50_000


@dataclass(frozen=True)
class Options:
    """What is to be measured."""

    people: int
    runs: int = 3
    without: frozenset[str] = frozenset()
    dlt_people: int | None = None
    script_threads: int = 1


def run_import(options: Options) -> dict[str, Any]:
    """Runs the whole benchmark, and gives one object with every figure."""
    names = [name for name in ("syncline", "script", "dlt") if name not in options.without]
    dlt_people = options.dlt_people or min(options.people, DLT_PEOPLE)
    with ExitStack() as stack:
        server = stack.enter_context(serve_database())
        org = stack.enter_context(serve_org(options.people))
        arena = Arena(org, server, org.count())
        arenas = dict.fromkeys(names, arena)
        if "dlt" in names and dlt_people != options.people:
            smaller = stack.enter_context(serve_org(dlt_people))
            arenas["dlt"] = Arena(smaller, server, smaller.count())
        raw = _alternate(names, arenas, options)
    return _summary(options, dlt_people, raw)


def _alternate(names: list[str], arenas: dict[str, Arena], options: Options) -> list[dict[str, Any]]:
    for name in names:
        _say(f"warm-up: {name}")
        run_once(name, arenas[name], options.script_threads)
    raw = []
    for turn in range(1, options.runs + 1):
        for name in names:
            done = run_once(name, arenas[name], options.script_threads)
            raw.append({"run": turn, **done})
            _say(
                f"run {turn}: {name} {done['rows']:,} rows in {done['seconds']:.2f} s"
                f" = {done['rows_per_second']:,.0f} rows/s, {done['peak_rss_mib']:.0f} MiB,"
                f" {done['api_calls']} calls, {done['seconds_to_job_complete']:.1f} s before the job was complete"
            )
    return raw


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _medians(raw: list[dict[str, Any]]) -> dict[str, Any]:
    """The middle of each figure over the runs of one contender; memory is the highest."""
    figures = ("rows", "seconds", "seconds_total", "rows_per_second", "rows_per_second_total", "api_calls")
    steps = {step: median([one["steps"].get(step, 0.0) for one in raw]) for step in raw[0]["steps"]}
    return {
        **{name: median([one[name] for one in raw]) for name in figures},
        "seconds_to_job_complete": median([one["seconds_to_job_complete"] for one in raw]),
        "peak_rss_mib": max(one["peak_rss_mib"] for one in raw),
        "steps": steps,
    }


def _summary(options: Options, dlt_people: int, raw: list[dict[str, Any]]) -> dict[str, Any]:
    by_name: dict[str, list[dict[str, Any]]] = {}
    for one in raw:
        by_name.setdefault(one["contender"], []).append(one)
    contenders = {name: _medians(runs) for name, runs in by_name.items()}
    notes = [
        "Seconds run from the org's JobComplete (dlt: from its first request) to the last commit.",
        f"The script loads {'one object after the other' if options.script_threads == 1 else 'objects side by side'}.",
    ]
    if "dlt" in contenders and dlt_people != options.people:
        notes.append(f"dlt was warmed up and measured on {dlt_people:,} people; its ratio compares rows per second.")
    ours = contenders.get("syncline", {})
    return {
        "people": options.people,
        "runs": options.runs,
        "processors": os.cpu_count(),
        "rows": ours.get("rows"),
        "rows_per_second": ours.get("rows_per_second"),
        "rows_per_second_total": ours.get("rows_per_second_total"),
        "ratio_vs_script": _ratio(contenders, "script"),
        "ratio_vs_dlt": _ratio(contenders, "dlt"),
        "peak_rss_mib": ours.get("peak_rss_mib"),
        "api_calls": ours.get("api_calls"),
        "seconds_to_job_complete": ours.get("seconds_to_job_complete"),
        "steps": ours.get("steps"),
        "contenders": contenders,
        "notes": notes,
        "raw": raw,
    }


def _ratio(contenders: dict[str, dict[str, Any]], peer: str) -> float | None:
    if peer not in contenders or "syncline" not in contenders:
        return None
    ratio: float = contenders["syncline"]["rows_per_second"] / contenders[peer]["rows_per_second"]
    return ratio


def print_import(summary: dict[str, Any]) -> None:
    """The figures as a table."""
    print(f"\n{'':<10}{'rows':>10}{'rows/s':>11}{'with contacts':>15}{'MiB':>7}{'calls':>7}{'to job, s':>11}")
    for name, one in summary["contenders"].items():
        whole = f"{one['rows_per_second_total']:,.0f}" if name == "syncline" else "-"
        print(
            f"{name:<10}{one['rows']:>10,.0f}{one['rows_per_second']:>11,.0f}{whole:>15}"
            f"{one['peak_rss_mib']:>7.0f}{one['api_calls']:>7.0f}{one['seconds_to_job_complete']:>11.1f}"
        )
    for peer in ("script", "dlt"):
        if summary[f"ratio_vs_{peer}"]:
            print(f"syncline is {summary[f'ratio_vs_{peer}']:.1f} times as fast as {peer}")
    if summary["steps"]:
        print("\nWhere Syncline's time goes (seconds; objects are worked on side by side):")
        for step, seconds in sorted(summary["steps"].items(), key=lambda pair: -pair[1]):
            print(f"  {step:<22}{seconds:>8.2f}")
    for note in summary["notes"]:
        print(note)
