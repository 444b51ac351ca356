"""Time and memory against size: a first import, a sync after a few changes, and the proof of agreement."""

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from statistics import median
from typing import Any

from bench.incremental import change_leads
from bench.measure import Measured, say
from bench.stage import Stage

#: Leads changed before the incremental sync, whatever the size.
CHANGED = 1_000
Stages = Callable[[int], AbstractContextManager[Stage]]


def run_growth(stages: Stages, sizes: Sequence[int], changed: int = CHANGED) -> dict[str, Any]:
    """For each size: an import, a sync after so many changes, a proof; `stages` gives an empty stage of a size."""
    rows = []
    for people in sizes:
        with stages(people) as stage:
            imported = stage.work("import")
            change_leads(stage.arena.org, changed)
            synced = stage.work("sync")
            proved = stage.work("prove")
        rows.append(
            {
                "people": people,
                "import": _read(imported, imported.result["seconds_total"]),
                "incremental": _read(synced, synced.result["seconds"]),
                "reconcile": _read(proved, proved.result["seconds"]),
            }
        )
        say(f"{people:,}: " + ", ".join(f"{name} {rows[-1][name]['seconds']:.1f} s" for name in _STEPS))
    return {"changed": changed, "sizes": rows, "exponents": _find_exponents(rows)}


def run_reconcile(stages: Stages, sizes: Sequence[int], runs: int) -> dict[str, Any]:
    """For each size: the proof of agreement, medians of the runs."""
    rows = []
    for people in sizes:
        with stages(people) as stage:
            stage.work("import")
            proofs = [stage.work("prove") for _ in range(runs)]
        seconds = median(one.result["seconds"] for one in proofs)
        records = proofs[-1].result["records"]
        rows.append(
            {
                "people": people,
                "records": records,
                "values": proofs[-1].result["values"],
                "percent": proofs[-1].result["percent"],
                "seconds": seconds,
                "records_per_second": records / seconds,
                "peak_rss_mib": max(one.peak_rss_mib for one in proofs),
                "cpu_seconds": proofs[-1].cpu_seconds,
                "steps": proofs[-1].result["steps"],
            }
        )
        say(f"{people:,}: {rows[-1]['records_per_second']:,.0f} records/s")
    return {"runs": runs, "sizes": rows}


_STEPS = ("import", "incremental", "reconcile")
#: What grows with the size: time on the clock, processor time of Syncline and its PostgreSQL, and memory.
_FIGURES = ("seconds", "cpu_seconds_own", "peak_rss_mib")


def _read(done: Measured, seconds: float) -> dict[str, Any]:
    return {
        "seconds": seconds,
        "cpu_seconds": done.cpu_seconds,
        "cpu_seconds_own": sum(spent for who, spent in done.cpu_seconds.items() if who != "simorg"),
        "peak_rss_mib": done.peak_rss_mib,
        "steps": done.result["steps"],
    }


def _find_exponents(rows: list[dict[str, Any]]) -> dict[str, dict[str, float | None]]:
    """How each grows with the size: 1 is in proportion, 0 is not at all."""
    sizes = [row["people"] for row in rows]

    def find(step: str, figure: str) -> float | None:
        return find_exponent(sizes, [row[step][figure] for row in rows])

    return {step: {figure: find(step, figure) for figure in _FIGURES} for step in _STEPS}


def find_exponent(sizes: Sequence[float], values: Sequence[float]) -> float | None:
    """The slope of the line of least squares through the logarithms; None of fewer than two points."""
    points = [(math.log(size), math.log(value)) for size, value in zip(sizes, values, strict=True) if value > 0]
    if len({x for x, _ in points}) < 2:
        return None
    middle_x, middle_y = (sum(one[axis] for one in points) / len(points) for axis in (0, 1))
    spread = sum((x - middle_x) ** 2 for x, _ in points)
    return sum((x - middle_x) * (y - middle_y) for x, y in points) / spread


def print_growth(summary: dict[str, Any]) -> None:
    """The figures as a table: of each step seconds, processor seconds and peak memory."""
    print(f"\nan import, a sync after {summary['changed']:,} changes, a proof of agreement; seconds, of CPU, and MiB\n")
    print(f"{'people':>12}" + "".join(f"{name:>14} s{'CPU':>8}{'MiB':>7}" for name in _STEPS))
    for row in summary["sizes"]:
        print(f"{row['people']:>12,}" + "".join(_show(row[name]) for name in _STEPS))
    for step, found in summary["exponents"].items():
        if found["seconds"] is not None:
            powers = {"time": "seconds", "processor time": "cpu_seconds_own", "memory": "peak_rss_mib"}
            known = {text: found[figure] for text, figure in powers.items() if found[figure] is not None}
            print(f"{step} grows with the power of the size: " + ", ".join(f"{a} {b:.2f}" for a, b in known.items()))
    largest = summary["sizes"][-1]
    for step in _STEPS:
        print(f"\n{step} of {largest['people']:,}, where the time goes (seconds):")
        for name, seconds in sorted(largest[step]["steps"].items(), key=lambda pair: -pair[1])[:12]:
            print(f"  {name:<24}{seconds:>8.2f}")


def _show(step: dict[str, Any]) -> str:
    return f"{step['seconds']:>16.2f}{step['cpu_seconds_own']:>8.2f}{step['peak_rss_mib']:>7.0f}"


def print_reconcile(summary: dict[str, Any]) -> None:
    """The figures as a table."""
    print(f"\n{'people':>12}{'records':>12}{'seconds':>9}{'records/s':>12}{'MiB':>6}  {'agree':>9}  CPU seconds")
    for row in summary["sizes"]:
        spent = ", ".join(f"{who} {seconds:.1f}" for who, seconds in row["cpu_seconds"].items())
        print(
            f"{row['people']:>12,}{row['records']:>12,}{row['seconds']:>9.2f}{row['records_per_second']:>12,.0f}"
            f"{row['peak_rss_mib']:>6.0f}  {row['percent']:>8.3f}%  {spent}"
        )
    largest = summary["sizes"][-1]
    print(f"\nwhere the time goes of {largest['people']:,} (seconds):")
    for name, seconds in sorted(largest["steps"].items(), key=lambda pair: -pair[1]):
        print(f"  {name:<24}{seconds:>8.2f}")
