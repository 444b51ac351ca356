"""Invariant 5: no address that opted out, bounced or complained is mailable, whatever the order of events and faults.

Random orders of facts, edits, imports, deletes, re-creations and processes that die before a commit, on the real
database; what the org says is planted where a read would have staged it.
"""

from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from syncline.domain.consent import FactKind, consent_fields
from syncline.domain.mapping import LEAD
from syncline.store import consent, consent_lane
from syncline.store.consent_lane import Seen
from syncline.store.database import Database
from tests.engine.sync.planted import CONNECTION, MAPPING, NOW, Planted, row

ADDRESSES = ("ada@never.example", "ben@never.example")
FIELDS = consent_fields(MAPPING)
STRICT = (FactKind.OPT_OUT, FactKind.HARD_BOUNCE, FactKind.COMPLAINT)
LIFTS = {FactKind.OPT_IN: {FactKind.OPT_OUT, FactKind.COMPLAINT}, FactKind.BOUNCE_CLEARED: {FactKind.HARD_BOUNCE}}


class _Death(Exception):
    """The process died before a commit."""


class World:
    """One org of a few records, and what is surely known of each address."""

    def __init__(self, database: Database) -> None:
        self.planted = Planted(database)
        self.planted.prepare()
        self.records: dict[int, dict[str, str]] = {}
        self.clock = 0
        #: Facts that nobody lifted, by address.
        self.stands: dict[str, set[FactKind]] = {one: set() for one in ADDRESSES}
        #: Addresses whose record shows a box that was lifted here: what the next sight of it says is left open.
        self.open: set[str] = set()

    def write(self, number: int, address: str, *, ticked: bool, deleted: bool) -> None:
        """Somebody saves a record in Salesforce."""
        self.clock += 1
        self.records[number] = {"Email": address.upper() if number % 2 else address, "at": str(self.clock)}
        self.records[number] |= {"HasOptedOutOfEmail": str(ticked).lower(), "IsDeleted": str(deleted).lower()}

    def sync(self, *, dies_after: int) -> None:
        """A whole run, which may die between any two of its commits."""
        with suppress(_Death):
            for step, done in enumerate(self._steps()):
                if step >= dies_after and not done:
                    raise _Death

    def _steps(self) -> Iterator[bool]:
        rows = [row(LEAD, number, **values) for number, values in self.records.items()]
        self.planted.read(LEAD, rows)
        yield False
        self.planted.run += 1
        with self.planted.database.connect() as conn:
            scope = self.planted.scope(conn)
            consent_lane.lock_ledger(conn)
            consent.note_read(conn, scope, FIELDS, NOW)
            conn.commit()
        for values in self.records.values():
            address = values["Email"].lower()
            if values["HasOptedOutOfEmail"] == "true" and address not in self.open:
                self.stands[address].add(FactKind.OPT_OUT)
        yield False
        self.planted.run -= 1
        scope = self.planted.decide()
        yield False
        with self.planted.database.connect() as conn:
            consent.pend(conn, scope, FIELDS)
            conn.commit()
        self.planted.apply(scope)
        yield False
        with self.planted.database.connect() as conn:
            consent.show_standing(conn, FIELDS, self.planted.run, NOW)
            conn.commit()
        yield True

    def see(self, number: int) -> None:
        """The lane sees the record beside a run."""
        values = self.records[number]
        if values["HasOptedOutOfEmail"] != "true" or values["IsDeleted"] == "true":
            return
        address = values["Email"].lower()
        seen = Seen(LEAD, row(LEAD, number)["Id"], address, "opt_out", "opted_out", "opted_out", NOW.isoformat())
        with self.planted.database.connect() as conn:
            consent_lane.take_seen(conn, CONNECTION, [seen], NOW, NOW)
            conn.commit()
        if address not in self.open:
            self.stands[address].add(FactKind.OPT_OUT)

    def tell(self, address: str, kind: FactKind, *, dies: bool) -> None:
        """A fact is told; whoever tells it may die before it is kept."""
        with self.planted.database.connect() as conn:
            consent.add_fact(conn, address, kind, source="test", evidence="told", now=NOW)
            if kind in LIFTS:
                cleared = [one for one in FIELDS if one.kind in LIFTS[kind]]
                consent.clear_shown(conn, address, cleared, source="test", now=NOW)
            if dies:
                conn.rollback()
                return
            conn.commit()
        if kind in STRICT:
            self.stands[address].add(kind)
        else:
            self.stands[address] -= LIFTS[kind]
            self.open.add(address)

    def edit(self, statement: str, *parameters: object) -> None:
        """Somebody's plain SQL."""
        with self.planted.database.connect() as conn:
            conn.execute(statement.encode(), parameters)
            conn.commit()

    def check(self) -> None:
        """Nobody of whom a strict fact surely stands is mailable."""
        mailable = {one["email"] for one in self.planted.query("SELECT lower(email) AS email FROM mailable_contacts")}
        wrong = {one for one in mailable if self.stands.get(str(one))}
        assert not wrong, (wrong, self.stands)


_ADDRESS = st.sampled_from(ADDRESSES)
_NUMBER = st.integers(1, 3)
_EVENTS = st.one_of(
    st.tuples(st.just("write"), _NUMBER, _ADDRESS, st.booleans(), st.booleans()),
    st.tuples(st.just("sync"), st.integers(0, 5)),
    st.tuples(st.just("tell"), _ADDRESS, st.sampled_from(list(FactKind)), st.booleans()),
    st.just(("see",)),
    st.tuples(st.just("tick"), _ADDRESS),
    st.tuples(st.just("add"), _ADDRESS, st.booleans()),
    st.tuples(st.just("delete"), _ADDRESS),
    st.tuples(st.just("rename"), _ADDRESS, _ADDRESS),
)


def _happen(world: World, event: tuple[object, ...]) -> None:
    match event:
        case ("write", int(number), str(address), bool(ticked), bool(deleted)):
            world.write(number, address, ticked=ticked, deleted=deleted)
        case ("sync", int(dies_after)):
            world.sync(dies_after=dies_after)
        case ("tell", str(address), FactKind() as kind, bool(dies)):
            world.tell(address, kind, dies=dies)
        case ("see",):
            for number in world.records:
                world.see(number)
        case ("tick", str(address)):
            world.edit("UPDATE contacts SET opted_out = true WHERE lower(email) = %s AND state = 'active'", address)
            _know_ticked(world, address)
        case ("add", str(address), bool(ticked)):
            statement = "INSERT INTO contacts (created_at, updated_at, email, opted_out) VALUES (%s, %s, %s, %s)"
            world.edit(statement, NOW, NOW, address.title(), ticked)
            _know_ticked(world, address)
        case ("delete", str(address)):
            world.edit("DELETE FROM contacts WHERE lower(email) = %s", address)
        case ("rename", str(before), str(after)):
            world.edit("UPDATE contacts SET email = %s WHERE lower(email) = %s", after, before)
            _know_ticked(world, after)


def _know_ticked(world: World, address: str) -> None:
    """A living contact that shows a ticked box is a fact of its address."""
    statement = "SELECT 1 FROM contacts WHERE lower(email) = %s AND opted_out AND state = 'active'"
    if world.planted.query(statement, address):
        world.stands[address].add(FactKind.OPT_OUT)


def _prove(database: Database, events: list[tuple[object, ...]]) -> None:
    with database.connect() as conn:
        conn.execute("SELECT set_config('syncline.allow_truncate', 'on', true)")
        conn.execute("ALTER TABLE consent_facts DISABLE TRIGGER USER")
        for name in (
            "contacts", "links", "left_out", "touched", "cursors", "consent_facts", "suppressions", "consent_pending",
            "outbox", "field_bases", "delta", "change_log", "link_aliases",
        ):  # fmt: skip
            conn.execute(f"DELETE FROM {name}".encode())
        conn.execute("ALTER TABLE consent_facts ENABLE TRIGGER USER")
        conn.execute("DROP SCHEMA IF EXISTS sf_main CASCADE")
        conn.commit()
    world = World(database)
    # Somebody who can be mailed is there from the start: what goes wrong shows at once.
    for address in ADDRESSES:
        _happen(world, ("add", address, False))
    for event in events:
        _happen(world, event)
        world.check()


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=20)
@given(st.lists(_EVENTS, min_size=5, max_size=25))
@example([("write", 1, ADDRESSES[0], True, False), ("see",)])
@example([("write", 2, ADDRESSES[1], True, True), ("sync", 5), ("delete", ADDRESSES[1]), ("add", ADDRESSES[1], False)])
def test_no_order_of_events_makes_a_suppressed_address_mailable(
    database: Database, events: list[tuple[object, ...]]
) -> None:
    _prove(database, events)


@pytest.mark.nightly
@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=1_000)
@given(st.lists(_EVENTS, min_size=10, max_size=60))
def test_no_order_of_events_makes_a_suppressed_address_mailable_at_length(
    database: Database, events: list[tuple[object, ...]]
) -> None:
    _prove(database, events)
