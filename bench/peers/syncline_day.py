"""A simulated day of Syncline: the looks of a connection's schedule, one after the other, on clocks that are moved."""

import json
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from typing import Any

from syncline import clock
from syncline.bootstrap import App
from syncline.jobs.look import Looker
from syncline.store import schedules
from syncline.store.connections import load_connection
from syncline.store.database import transaction


class Clocks:
    """Ours and the org's, moved together."""

    def __init__(self, org: dict[str, str]) -> None:
        self._org = org
        self._real = clock.now
        self._ahead = timedelta()

    def now(self) -> datetime:
        """Our moved time."""
        return self._real() + self._ahead

    def move_to(self, moment: datetime) -> None:
        """Lets the time pass until then."""
        by = max(moment - self.now(), timedelta())
        self._ahead += by
        request = urllib.request.Request(
            f"{self._org['url']}/__org__/clock",
            data=json.dumps({"advance": by.total_seconds()}).encode(),
            headers={"X-Simorg-Token": self._org["admin_token"], "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60):
            pass

    @contextmanager
    def moved(self) -> Iterator[None]:
        """While this lasts, Syncline's clock module tells the moved time."""
        clock.now = self.now
        try:
            yield
        finally:
            clock.now = self._real


def spend_day(app: App, connection_name: str, hours: float, org: dict[str, str]) -> dict[str, Any]:
    """Every look that is due within so many hours, at its time; gives how many there were, and how they ended."""
    connection_id = load_connection(connection_name).id
    looker = Looker(app, threading.Event())
    outcomes: Counter[str] = Counter()
    clocks = Clocks(org)
    end = clocks.now() + timedelta(hours=hours)
    with clocks.moved(), closing(app.database.connect("day")) as conn:
        with transaction(conn, "day"):
            schedules.ensure_schedules(conn)
        while True:
            with transaction(conn, "day"):
                due = schedules.load_schedule(conn, connection_id).next_at or clocks.now()
            if due > end:
                break
            clocks.move_to(due)
            looker.look(connection_id, 1)
            with transaction(conn, "day"):
                outcomes[schedules.load_schedule(conn, connection_id).outcome or "none"] += 1
    return {"looks": outcomes.total(), "outcomes": dict(outcomes)}
