"""Proofs about large numbers: each has a small form in every test run and the promised size nightly.

A wrong mapping is undone with later human edits kept, every write of it has an explanation; one bad row among
thousands costs one failure.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from syncline import clock
from syncline.domain.ids import RunId
from syncline.domain.undo import Selection
from syncline.store import explain
from syncline.store.database import Database
from syncline.store.explain import Unexplained
from syncline.store.mappings import save_mapping
from syncline.store.secrets import KeyRing
from syncline.sync import undo
from tests import simulated
from tests.engine.conftest import PEOPLE
from tests.engine.orgs import Hub
from tests.simulated import Simulated


@dataclass
class Orgs:
    """Gives an org of a size: the shared one for the small form, one of its own for a large one."""

    small: Simulated
    folder: Path
    database: Database

    @contextmanager
    def of(self, people: int) -> Iterator[Hub]:
        """Connected, with nothing read yet."""
        if people == PEOPLE:
            yield self._connect(self.small)
            return
        with ExitStack() as ending:
            org: Simulated = simulated.start(self.folder / "large", "people", people)
            ending.callback(org.stop)
            yield self._connect(org)

    def _connect(self, org: Simulated) -> Hub:
        hub = Hub(self.database, KeyRing(self.folder / "keys" / "ring.json"), org)
        hub.connect()
        return hub


@pytest.fixture
def orgs(org: Simulated, tmp_path: Path, database: Database) -> Orgs:
    return Orgs(org, tmp_path, database)


def _titles(hub: Hub) -> dict[int, str | None]:
    return dict(hub.rows("SELECT id, title FROM contacts WHERE state = 'active'"))


def _map_title(hub: Hub, lead: str, contact: str) -> None:
    mapping = hub.mapping
    fields = tuple(replace(one, lead=lead, contact=contact) if one.name == "title" else one for one in mapping.fields)
    with hub.open() as ctx:
        save_mapping(ctx.connection.id, replace(mapping, fields=fields), clock.now())


@pytest.mark.parametrize(
    "people", [PEOPLE, pytest.param(100_000, marks=[pytest.mark.nightly, pytest.mark.timeout(3600)])]
)
def test_a_wrong_mapping_is_undone_and_every_write_of_it_is_explained(orgs: Orgs, people: int) -> None:
    """Every contact got a wrong title; a tenth of them was corrected by hand before it was noticed."""
    with orgs.of(people) as hub:
        hub.sync()
        right = _titles(hub)
        _map_title(hub, "Id", "Id")
        report = hub.sync()
        wrong = _titles(hub)
        assert sum(wrong[one] != right[one] for one in right) == len(right) > people // 2
        corrected = hub.execute(
            "UPDATE contacts SET title = 'By hand ' || id WHERE mod(id, 10) = 0 AND state = 'active'"
        )
        _map_title(hub, "Title", "Title")
        with hub.open("undo") as ctx, hub.database.connect() as conn:
            plan = undo.look(ctx, conn, Selection(run_id=RunId(report.run_id), field="title"))
            undo.apply(ctx, conn, plan)
            restored = ctx.counts["values_restored"]
        assert (restored, plan.kept) == (len(right) - corrected, corrected)
        expected = {one: f"By hand {one}" if one % 10 == 0 else title for one, title in right.items()}
        assert _titles(hub) == expected
        hub.sync()
        assert hub.prove().percent == 100
        with hub.database.connect() as conn:
            assert explain.count_unexplained(conn, hub.mapping) == Unexplained(0, 0, 0, 0)
        lines = hub.rows("SELECT count(*) FROM change_log")[0][0]
        assert lines > 2 * len(right)


def test_what_no_explanation_can_be_given_for_is_counted(hub: Hub) -> None:
    hub.sync()
    with hub.database.connect() as conn:
        ids = [row[0] for row in conn.execute("SELECT id FROM contacts ORDER BY id LIMIT 4")]
        log = "INSERT INTO change_log (run_id, at, contact_id, action, field, new, rule, origin) VALUES "
        now = clock.now()
        conn.execute(log + "(NULL, %s, %s, 'sent', 'title', 'x', 'changed here', '')", [now, ids[0]])
        conn.execute(log + "(999999, %s, %s, 'sent', 'title', 'x', 'changed here', 'marketing')", [now, ids[1]])
        conn.execute(log + "(NULL, %s, %s, 'sent', 'title', 'x', NULL, 'marketing')", [now, ids[2]])
        conn.execute("SELECT set_config('syncline.origin', 'connection:0', true)")
        conn.execute(log + "(NULL, %s, %s, 'update', 'title', 'never written', NULL, 'web:ann')", [now, ids[3]])
        assert explain.count_unexplained(conn, hub.mapping) == Unexplained(1, 1, 1, 1)
        conn.rollback()


@pytest.mark.parametrize(
    "people", [PEOPLE, pytest.param(10_000, marks=[pytest.mark.nightly, pytest.mark.timeout(1800)])]
)
def test_one_bad_row_costs_one_failure_and_under_five_percent_more_calls(orgs: Orgs, people: int) -> None:
    with orgs.of(people) as hub:
        # As many calls for few rows as for many: 200 to a call, or a fiftieth of them.
        rows = 200 if people > PEOPLE else 4
        hub.settings = replace(hub.settings, send_rows=rows, look_rows=rows * 5, bulk_send_rows=people)
        hub.sync()
        edit = "UPDATE contacts SET title = %s WHERE state = 'active' AND linked"
        calls = []
        # The first one's echo is read by the second, and the second's by the third: the last two do the same work.
        for text, bad in (("Good", False), ("Good again", False), ("One is bad", True)):
            edited = hub.execute(edit, text)
            if bad:
                fault = {"object_name": "Lead", "row_code": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "times": 1}
                hub.org.control("POST", "faults", fault)
            report = hub.sync()
            assert report.counts["pushed"] == edited - bad
            assert report.counts.get("push_failed", 0) == bad
            calls.append(sum(report.calls.values()))
        assert calls[2] <= calls[1] * 1.05
        assert hub.rows("SELECT count(*) FROM issues WHERE state = 'open' AND direction = 'push'") == [(1,)]
        assert hub.rows("SELECT count(*) FROM outbox") == [(1,)]
