"""The demo's day: both sides agree after one sync, by a fresh read and by the org's own records."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from syncline.domain.plan import Plan
from syncline.flows.demo import Demo, DemoResult, Org
from syncline.flows.runs import open_run
from syncline.store.database import Database
from syncline.store.secrets import KeyRing
from syncline.sync.context import SyncContext
from tests.simulated import Simulated

_NAME = "demo"


class Quiet:
    """A watcher who keeps what it is told."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.plans: list[Plan] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def show_plan(self, plan: Plan) -> None:
        self.plans.append(plan)

    @contextmanager
    def watch_run(self, ctx: SyncContext) -> Iterator[None]:
        yield


def _play(database: Database, keys: KeyRing, org: Simulated, people: int, lag: float = 0.0) -> DemoResult:
    def open_demo(name: str, kind: str, watch: Any) -> Any:
        return open_run(database, keys, name, kind, watch)

    facts = org.facts
    told = Org(
        org.url,
        facts["client_id"],
        facts["client_secret"],
        facts["colleague"]["username"],
        facts["colleague"]["password"],
        facts["colleague"]["security_token"],
        lag,
    )
    return Demo(database, keys, open_demo, told, Quiet()).play(people)


@pytest.fixture
def keys(tmp_path: Any) -> KeyRing:
    return KeyRing(tmp_path / "ring.json")


def _check_figures(result: DemoResult) -> None:
    assert result.agreement_percent == 100.0
    assert result.differing_values == 0
    assert result.second_sync_writes == 0
    assert result.compared_values > 1_000
    assert result.records_in_org == result.links + sum(result.left_out.values())
    assert result.people_changed >= result.people / 100
    for moved in (result.pulled, result.pushed, result.converted, result.merged, result.deleted, result.conflicts):
        assert moved > 0
    assert result.created_in_salesforce == 1


def test_after_the_day_both_sides_agree(database: Database, keys: KeyRing, org: Simulated) -> None:
    result = _play(database, keys, org, 300)
    _check_figures(result)
    assert result.sync_counts["scores_pushed"] >= 3
    assert _differences(database, org) == []


def test_also_where_the_org_lacks_our_fields(database: Database, keys: KeyRing, bare_org: Simulated) -> None:
    result = _play(database, keys, bare_org, 300)
    _check_figures(result)
    assert _differences(database, bare_org) == []


def test_also_where_commits_are_seen_late(database: Database, keys: KeyRing, org: Simulated) -> None:
    org.control("POST", "settings", {"commit_lag_ms": 1_000})
    result = _play(database, keys, org, 300, lag=1.0)
    _check_figures(result)
    assert _differences(database, org) == []


def _differences(database: Database, org: Simulated) -> list[str]:
    """Compares contacts with the org's records as its control plane exports them: no code of the product takes part."""
    exported = org.control("GET", "export?objects=Lead,Contact")
    by_id = {row["Id"]: row for rows in exported.values() for row in rows}
    with database.connect() as conn:
        fields = conn.execute(
            "SELECT field.name, field.type, field.lead_source, field.contact_source FROM mapped_fields field"
            " WHERE field.mapping_id = (SELECT max(id) FROM mappings)"
        ).fetchall()
        linked = conn.execute(
            "SELECT links.object, links.record_id, to_jsonb(contact) FROM links"
            " JOIN contacts contact ON contact.id = links.contact_id WHERE links.state = 'live'"
        ).fetchall()
    wrong = []
    for object_name, record_id, contact in linked:
        record = by_id.pop(record_id)
        for name, kind, lead, source_on_contact in fields:
            source = lead if object_name == "Lead" else source_on_contact
            if source and _plain(contact[name], kind) != _plain(record.get(source), kind):
                wrong.append(f"{record_id} {name}: {contact[name]!r} here, {record.get(source)!r} there")
    wrong += [f"{one} is linked to nobody" for one, row in by_id.items() if _is_somebody(row)]
    return wrong


def _plain(value: Any, kind: str) -> Any:
    if kind == "boolean":
        return bool(value)
    if value is None:
        return None
    if kind in ("number", "score"):
        return float(value)
    if kind == "datetime":
        return str(value)[:19]
    return str(value).lower() if kind == "email" else str(value)


def _is_somebody(row: dict[str, Any]) -> bool:
    """A living record with an address that can be one."""
    address = row["Email"] or ""
    name, _, domain = address.rpartition("@")
    usable = bool(name) and "." in domain and " " not in address and ".." not in address and "@" not in name
    return usable and not row["IsDeleted"] and not row.get("IsConverted") and "," not in address
