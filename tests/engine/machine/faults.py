"""What goes wrong between the two sides, and whatever makes a sync take another road."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from syncline import clock
from syncline.domain.budget import Budget
from syncline.errors import Busy, SynclineError
from syncline.flows.runs import Holder, open_consent
from syncline.store import budget
from syncline.store.connections import load_connection
from syncline.store.database import transaction
from syncline.sync import consent_lane
from tests.engine.machine.people import People
from tests.engine.machine.world import NUMBERS, TITLES, Killed
from tests.engine.orgs import NAME

#: Accidents of the next requests; what is retried must not double anything.
_FAULTS: dict[str, dict[str, Any]] = {
    "session expired": {"path": "/services/data", "expire": True, "times": 1},
    "session expired in the middle": {"path": "/services/data", "expire": True, "skip": 3, "times": 1},
    "server busy": {"path": "/services/data", "status": 503, "times": 2},
    "update lost": {"path": "/composite/sobjects", "method": "PATCH", "drop": "after", "times": 1},
    "update cut": {"path": "/composite/sobjects", "method": "PATCH", "drop": "before", "times": 1},
    "creation lost": {"path": "/composite/sobjects", "drop": "after", "times": 1},
    "row locked": {"object_name": "Lead", "row_code": "UNABLE_TO_LOCK_ROW", "times": 1},
    "row locked for long": {"object_name": "Lead", "row_code": "UNABLE_TO_LOCK_ROW", "times": 8},
    "row refused": {"object_name": "Lead", "row_code": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "times": 1},
    "job lost": {"path": "/jobs/ingest", "method": "POST", "drop": "after", "times": 1},
    "upload lost": {"path": "/jobs/ingest", "method": "PUT", "drop": "after", "times": 1},
    "close lost": {"path": "/jobs/ingest", "method": "PATCH", "drop": "after", "times": 1},
    "query broken": {"path": "/queryAll", "truncate": 100, "times": 1},
    "pages of one row": {"name": "tiny-pages"},
    "pages that shrink": {"name": "shrinking-pages"},
    "same stamps": {"name": "tied-stamps"},
    "job stops half way": {"name": "bulk-partial"},
    "job fails": {"name": "bulk-ingest-failed"},
    "results shuffled": {"name": "bulk-shuffled"},
}


class Accidents(People):
    """Rules of accidents; a sync that meets one may fail, and nothing is lost."""

    @rule(fault=st.sampled_from(sorted(_FAULTS)))
    def sync_with_an_accident(self, fault: str) -> None:
        """A sync that meets one or more bad answers."""
        self.org.control("POST", "faults", _FAULTS[fault])
        try:
            with suppress(SynclineError):
                self.sync()
        finally:
            self.org.control("DELETE", "faults")

    @rule(number=NUMBERS, nth=st.integers(1, 3))
    def sync_that_is_stopped(self, number: int, nth: int) -> None:
        """A sync that ends at some moment: what was not committed was never there."""

        def die() -> None:
            raise Killed

        self.strike(number, nth, die)

    @rule(number=NUMBERS, nth=st.integers(1, 3))
    def sync_whose_process_is_killed(self, number: int, nth: int) -> None:
        """The same as a process of its own, which leaves its connections open."""
        self.die_apart(number, nth)

    @rule(number=NUMBERS, nth=st.integers(1, 3), title=TITLES, here=st.booleans())
    def sync_with_an_edit_in_the_middle(self, number: int, nth: int, title: str, *, here: bool) -> None:
        """Somebody edits on either side while a sync is at some moment."""
        self.strike(number, nth, lambda: self.edit_here(number, title) if here else self._save_there(number))

    @rule(number=NUMBERS, nth=st.integers(1, 3))
    def two_syncs_at_once(self, number: int, nth: int) -> None:
        """A second one is sent away while the first is at some moment; the consent lane goes beside it."""
        second: list[str] = []

        def begin() -> None:
            try:
                self.hub.sync()
            except Busy:
                second.append("sent away")
            else:
                second.append("ran")
            with suppress(SynclineError), open_consent(self.hub.database, self.hub.keys, NAME, Holder()) as ctx:
                if ctx:
                    consent_lane.work(ctx)

        self.strike(number, nth, begin)
        assert second in ([], ["sent away"])

    @precondition(lambda self: self.server is not None)
    @rule(number=NUMBERS, nth=st.integers(1, 3))
    def sync_whose_database_dies(self, number: int, nth: int) -> None:
        """PostgreSQL is killed while a sync is at some moment, and is there again."""
        assert self.server is not None
        try:
            self.strike(number, nth, self.server.kill)
        finally:
            self.server.ensure_running()

    @rule(rows=st.sampled_from([0, 2_000]))
    def send_by(self, rows: int) -> None:
        """From now on Bulk jobs send, or collections."""
        self.hub.settings = replace(self.hub.settings, bulk_send_rows=rows)

    @rule(rows=st.sampled_from([0, 10_000]))
    def read_by(self, rows: int) -> None:
        """From now on Bulk jobs read, or pages."""
        self.hub.settings = replace(self.hub.settings, bulk_threshold=rows)

    @rule(late=st.booleans())
    def show_commits_late(self, *, late: bool) -> None:
        """Some commits become visible late, and out of order."""
        self.org.control("POST", "settings", {"commit_lag_some": [0.4, 50, 900] if late else None})

    @rule(seconds=st.integers(1, 90))
    def skew_clock_there(self, seconds: int) -> None:
        """The org's clock runs before ours."""
        self.org.control("POST", "clock", {"advance": seconds})

    @rule(room=st.integers(2, 25))
    def lower_the_ceiling(self, room: int) -> None:
        """From now on only so many more calls may be made today."""
        self._set_ceiling(self.count_calls() + room)

    def calm_the_accidents(self) -> None:
        """Nothing goes wrong any more."""
        self.org.control("DELETE", "faults")
        self.org.control("POST", "settings", {"commit_lag_some": None})
        self._set_ceiling(None)

    def count_calls(self) -> int:
        """Calls that were counted today."""
        with self.hub.database.connect() as conn:
            return budget.count_used(conn, load_connection(NAME).id, clock.now())

    def _save_there(self, number: int) -> None:
        """An edit whose title may fall into the gap that no client can see: it is not followed."""
        if record_id := self.lead(number):
            self.colleague.update("Lead", [{"Id": record_id, "Title": "In the middle"}])

    def _set_ceiling(self, calls: int | None) -> None:
        self.memory.ceiling = calls
        with self.hub.database.connect() as conn, transaction(conn, "set_budget"):
            budget.save_budget(conn, load_connection(NAME).id, Budget(calls, 0 if calls else None))
