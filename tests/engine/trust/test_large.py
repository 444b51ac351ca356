"""Proofs about large numbers: each has a small form in every test run and the promised size nightly.

A wrong mapping is undone with later human edits kept, every write of it has an explanation; a million changes on both
sides leave no write unexplained; silent drift on both sides is found, listed and repaired; one bad row among thousands
costs one failure.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from syncline import clock
from syncline.domain.ids import RunId
from syncline.domain.undo import Selection
from syncline.flows.demo import WRITES
from syncline.salesforce.bulk_ingest import BulkIngest
from syncline.store import explain
from syncline.store.database import Database
from syncline.store.explain import Unexplained
from syncline.store.mappings import save_mapping
from syncline.store.secrets import KeyRing
from syncline.sync import reconcile, undo
from tests import simulated
from tests.engine.conftest import PEOPLE
from tests.engine.jobs.working import wait_until
from tests.engine.orgs import Hub, colleague_of
from tests.simulated import Simulated

#: Seconds that a Bulk job of a million rows may take on a busy machine.
_PATIENCE = 1200

_ANALYZED = "SELECT DISTINCT tablename::text FROM pg_stats WHERE tablename IN ('contacts', 'links') ORDER BY 1"


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


def _records(hub: Hub, object_name: str, which: str) -> list[tuple[str, int]]:
    """Ids of live records with those of their contacts, of contacts that a condition picks."""
    statement = f"""
        SELECT link.record_id, link.contact_id FROM links link JOIN contacts contact ON contact.id = link.contact_id
        WHERE link.object = %s AND link.state = 'live' AND contact.state = 'active' AND {which} ORDER BY link.record_id
    """
    return hub.rows(statement, object_name)


def _load_phones(hub: Hub, object_name: str, which: str) -> int:
    """A colleague gives records other phone numbers with a data loader; how many."""
    records = _records(hub, object_name, which)
    rows = [f"{record_id},+49 30 {contact_id:08}\r\n".encode() for record_id, contact_id in records]
    with colleague_of(hub.org) as colleague:
        bulk = BulkIngest(colleague)
        job = bulk.create(object_name, "update")
        bulk.upload(job.id, lambda: [b"Id,Phone\r\n", *rows])
        bulk.complete(job.id)
        wait_until(lambda: (found := bulk.find(job.id)) is not None and found.ended, seconds=_PATIENCE)
        ended = bulk.find(job.id)
    assert ended is not None
    assert (ended.processed, ended.failed) == (len(rows), 0)
    return len(rows)


def _lines(hub: Hub) -> Counter[tuple[str, str | None]]:
    """Lines of the change log by action and field."""
    return Counter(
        {(one, field): amount for one, field, amount in hub.rows(
            "SELECT action, field, count(*) FROM change_log GROUP BY action, field"
        )}
    )  # fmt: skip


@pytest.mark.parametrize(
    "people", [2_000, pytest.param(1_000_000, marks=[pytest.mark.nightly, pytest.mark.timeout(7200)])]
)
def test_as_many_changes_as_people_leave_no_write_unexplained(orgs: Orgs, people: int) -> None:
    """Half of the titles change here, half of the phone numbers there, and one in a hundred of these here, too."""
    with orgs.of(people) as hub:
        imported = hub.sync().counts["contacts_created"]
        before = _lines(hub)
        assert before == {("create", None): imported}
        titles = hub.execute("UPDATE contacts SET title = 'New ' || id WHERE mod(id, 2) = 0 AND linked")
        clashes = hub.execute("UPDATE contacts SET phone = '+1 555 ' || id WHERE mod(id, 100) = 1 AND linked")
        phones = sum(_load_phones(hub, name, "mod(contact.id, 2) = 1") for name in ("Lead", "Contact"))
        assert titles + phones > people * 0.9
        assert clashes > 0
        counts = hub.sync().counts
        assert (counts["contacts_updated"], counts["pushed_values"], counts["conflicts"]) == (phones, titles, clashes)
        after = _lines(hub) - before
        assert after == {
            ("update", "title"): titles,
            ("sent", "title"): titles,
            # The clashes as edits here, all others as Salesforce's.
            ("update", "phone"): phones,
            ("overruled", "phone"): clashes,
        }
        # Joined without statistics, as if each table held one row, even 2,000 people took half a minute.
        assert hub.rows(_ANALYZED) == [("contacts",), ("links",)]
        again = hub.sync().counts
        assert not {name: again[name] for name in WRITES if again.get(name)}
        assert _lines(hub) == before + after
        assert hub.prove().percent == 100
        with hub.database.connect() as conn:
            assert explain.count_unexplained(conn, hub.mapping) == Unexplained(0, 0, 0, 0)


def _drift_there(hub: Hub, phones: list[str], gone: list[str]) -> None:
    """Phone numbers change without a stamp, and Leads go for good: no incremental read shows either."""
    ids = """ "Id" IN (SELECT value FROM json_each(?))"""
    with hub.org.org.storage.transaction() as tx:
        changed = tx.run(f"""UPDATE "Lead" SET "Phone" = '+49 30 ' || rowid WHERE {ids}""", [json.dumps(phones)])
        deleted = tx.run(f"""DELETE FROM "Lead" WHERE {ids}""", [json.dumps(gone)])
        assert (changed.rowcount, deleted.rowcount) == (len(phones), len(gone))
        # A result of Bulk is kept until its object is written to.
        tx.touch("Lead")


@pytest.mark.parametrize(
    "people", [PEOPLE, pytest.param(100_000, marks=[pytest.mark.nightly, pytest.mark.timeout(3600)])]
)
def test_silent_drift_on_both_sides_is_found_listed_and_repaired(orgs: Orgs, people: int) -> None:
    with orgs.of(people) as hub:
        hub.sync()
        whole = hub.prove()
        assert whole.percent == 100
        with hub.database.connect() as conn:
            conn.execute("SELECT set_config('syncline.origin', 'connection:0', true)")
            here = conn.execute(
                "UPDATE contacts SET title = 'Drifted ' || id WHERE mod(id, 40) = 0 AND linked AND state = 'active'"
            ).rowcount
            conn.commit()
        phones = [one for one, _ in _records(hub, "Lead", "mod(contact.id, 40) = 1")]
        gone = [one for one, _ in _records(hub, "Lead", "mod(contact.id, 40) = 2")]
        unlinked = hub.execute("DELETE FROM links WHERE mod(contact_id, 40) = 3 AND state = 'live'")
        assert min(here, len(phones), len(gone), unlinked) > 0
        _drift_there(hub, phones, gone)

        quiet = hub.sync().counts
        assert not {name: quiet[name] for name in WRITES if quiet.get(name)}
        proof = hub.prove()
        by_field = sum((Counter(one.differing_by_field) for one in proof.objects), Counter[str]())
        assert by_field == {"title": here, "phone": len(phones)}
        assert {(one.object, one.field) for one in proof.examples} == {
            ("Lead", "title"), ("Contact", "title"), ("Lead", "phone"),
        }  # fmt: skip
        astray = unlinked + len(gone)
        assert sum(one.unexplained + one.lost for one in proof.objects) == astray
        compared = proof.compared_values + astray
        assert proof.percent == pytest.approx(100 * (1 - (here + len(phones) + astray) / compared), abs=1e-9)

        with hub.open("repair") as ctx:
            mended = reconcile.repair(ctx, allow_large_change=True)
        assert sum(one.sent for one in mended.drifted if one.field == "title") == here
        assert mended.report.counts["deleted"] == len(gone)
        assert hub.prove().percent == 100
        again = hub.sync().counts
        assert not {name: again[name] for name in WRITES if again.get(name)}


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
