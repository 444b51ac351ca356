"""Sending edits made here, by collections and by Bulk, to an org 150 ms away, beside a loop by hand."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from typing import Any

from bench.contenders import Arena, make_task
from bench.measure import Measured, run_contender, say
from bench.stage import Stage

#: Seconds that an org far away takes longer for each call.
DELAY = 0.15
_SCRIPT = "bench.peers.collections_script"
_ANY_NUMBER = sys.maxsize
_HOUR = 3600
#: By contender: whether it is Syncline, and how it is told to send.
_SYNCLINE = {"collections": {"bulk_send_rows": _ANY_NUMBER}, "bulk": {"bulk_send_rows": 1}}
_SCRIPTS = {"loop": 1, "loop of 4": 4}
CONTENDERS = (*_SYNCLINE, *_SCRIPTS)


def run_push(
    stage: Stage, edits: int, runs: int, delay: float = DELAY, names: Sequence[str] = CONTENDERS
) -> dict[str, Any]:
    """Edits contacts of both objects, and sends them by each contender in turn; every figure is a median.

    The stage's title moves both ways.
    """
    raw: list[dict[str, Any]] = []
    for turn in range(1, runs + 1):
        for number, name in enumerate(names):
            title = f"Edited {turn}.{number}"
            edit(stage, edits, title)
            if name in _SCRIPTS:
                stage.work("sync")  # the loop gets rows that are no edits of ours any more
            stage.arena.org.clear_journal()
            with slow_answers(stage.arena, delay):
                done = _send(stage, name, title)
            raw.append({"run": turn, "contender": name, **_read(stage.arena, done, edits)})
            say(f"run {turn}: {name}: {raw[-1]['updates_per_hour']:,.0f} updates an hour")
            if name in _SCRIPTS:
                stage.work("sync")
    return _summarise(names, edits, delay, runs, raw)


def _send(stage: Stage, name: str, title: str) -> Measured:
    if name in _SYNCLINE:
        return stage.work("sync", settings=_SYNCLINE[name])
    task = {**make_task(stage.arena, stage.url, stage.folder, _SCRIPTS[name]), "title": title}
    return run_contender(stage.arena.peer, _SCRIPT, task, pids=stage.arena.pids)


def edit(stage: Stage, amount: int, title: str) -> None:
    """Gives so many contacts, half of them of Leads and half of Contacts, another title, by plain SQL.

    Raises:
        SystemExit: there are too few contacts.
    """
    done = 0
    for object_name, share in (("Lead", amount - amount // 2), ("Contact", amount // 2)):
        done += stage.execute(
            "UPDATE contacts SET title = %s || ', ' || id FROM (SELECT contact_id FROM links WHERE object = %s"
            " AND state = 'live' ORDER BY record_id LIMIT %s) chosen WHERE contacts.id = chosen.contact_id",
            title,
            object_name,
            share,
        )
    if done != amount:
        sys.exit(f"{amount:,} contacts were to be edited, {done:,} could be")


@contextmanager
def slow_answers(arena: Arena, seconds: float) -> Iterator[None]:
    """While this lasts, each answer of the org's API takes that much longer."""
    arena.org.control("POST", "faults", {"path": "/services/data", "delay": seconds, "times": None})
    try:
        yield
    finally:
        arena.org.control("DELETE", "faults")


def _read(arena: Arena, done: Measured, edits: int) -> dict[str, Any]:
    result = done.result
    sent = result.get("sent", result.get("counts", {}).get("pushed", 0))
    if sent != edits:
        sys.exit(f"{edits:,} edits were to be sent, {sent:,} were")
    return {
        "seconds": result["seconds"],
        "updates_per_hour": edits / result["seconds"] * _HOUR,
        "api_calls": arena.org.count_calls(),
        "writes": arena.org.count_requests("PATCH", "composite/sobjects"),
        "peak_rss_mib": done.peak_rss_mib,
        "cpu_seconds": done.cpu_seconds,
        "steps": result.get("steps", {}),
    }


def _summarise(names: Sequence[str], edits: int, delay: float, runs: int, raw: list[dict[str, Any]]) -> dict[str, Any]:
    contenders: dict[str, Any] = {}
    for name in names:
        mine = [one for one in raw if one["contender"] == name]
        contenders[name] = {
            **{figure: median(one[figure] for one in mine)
               for figure in ("seconds", "updates_per_hour", "api_calls", "writes")},
            "peak_rss_mib": max(one["peak_rss_mib"] for one in mine),
            "cpu_seconds": {who: median(one["cpu_seconds"][who] for one in mine) for who in mine[0]["cpu_seconds"]},
            "steps": {step: median(one["steps"].get(step, 0.0) for one in mine) for step in mine[0]["steps"]},
        }  # fmt: skip
    ratios = {
        peer: contenders["collections"]["updates_per_hour"] / contenders[peer]["updates_per_hour"]
        for peer in _SCRIPTS
        if peer in contenders
    }
    return {
        "edits": edits,
        "seconds_added_to_each_call": delay,
        "runs": runs,
        "contenders": contenders,
        "collections_vs": ratios,
        "raw": raw,
    }


def print_push(summary: dict[str, Any]) -> None:
    """The figures as a table."""
    print(
        f"\n{summary['edits']:,} edits of two objects, {summary['seconds_added_to_each_call'] * 1000:.0f} ms added to"
        " each call"
    )
    print(f"\n{'':<14}{'updates/hour':>14}{'seconds':>9}{'calls':>7}{'of it writes':>14}{'MiB':>6}  CPU seconds")
    for name, one in summary["contenders"].items():
        spent = ", ".join(f"{who} {seconds:.1f}" for who, seconds in one["cpu_seconds"].items())
        print(
            f"{name:<14}{one['updates_per_hour']:>14,.0f}{one['seconds']:>9.2f}{one['api_calls']:>7.0f}"
            f"{one['writes']:>14.0f}{one['peak_rss_mib']:>6.0f}  {spent}"
        )
    for peer, ratio in summary["collections_vs"].items():
        print(f"collections send {ratio:.2f} times as fast as the {peer}")
    for name in _SYNCLINE.keys() & summary["contenders"]:
        print(f"\nWhere the time of {name} goes (seconds; objects are sent side by side):")
        for step, seconds in sorted(summary["contenders"][name]["steps"].items(), key=lambda pair: -pair[1]):
            print(f"  {step:<24}{seconds:>8.2f}")
