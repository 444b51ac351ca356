"""What capturing local edits costs: one bulk update of all contacts, with the triggers and without them."""

import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from bench.contenders import MODULES, Arena, home_environment, make_task, python_of
from bench.measure import run_contender
from bench.services import fresh_database, serve_database, serve_org


def run_capture(people: int, runs: int) -> dict[str, Any]:
    """Imports everything, then updates the score of every contact both ways, in turn; nothing is kept."""
    with (
        serve_database() as server,
        serve_org(people) as org,
        tempfile.TemporaryDirectory(prefix="bench-") as home,
        fresh_database(server, "bench_capture") as url,
    ):
        folder = Path(home)
        task = make_task(Arena(org, server, org.count()), url, folder)
        run_contender(python_of("syncline"), MODULES["syncline"], task, home_environment("syncline", url, folder))
        captured, plain, contacts = [], [], 0
        for _ in range(runs):
            contacts, seconds = time_update(url, capture=True)
            captured.append(seconds)
            plain.append(time_update(url, capture=False)[1])
    return {
        "people": people,
        "contacts": contacts,
        "seconds_with_capture": median(captured),
        "seconds_without_capture": median(plain),
        "cost": median(captured) / median(plain) - 1,
        "raw": {"with": captured, "without": plain},
    }


def time_update(url: str, *, capture: bool) -> tuple[int, float]:
    """Updates every contact's score and rolls back; gives the rows and the seconds of the statement."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM contacts")
        connection.execute("CHECKPOINT")
        connection.execute("BEGIN")
        if not capture:
            connection.execute("ALTER TABLE contacts DISABLE TRIGGER USER")
        began = time.perf_counter()
        done = connection.execute("UPDATE contacts SET score = coalesce(score, 0) + 1")
        seconds = time.perf_counter() - began
        connection.execute("ROLLBACK")
    return done.rowcount, seconds


def print_capture(summary: dict[str, Any]) -> None:
    """The figures in a line."""
    print(
        f"\n{summary['contacts']:,} contacts updated in {summary['seconds_with_capture']:.2f} s with capture,"
        f" {summary['seconds_without_capture']:.2f} s without: capture costs {summary['cost']:.0%}"
    )
