"""What must always hold, whatever people and accidents do to both sides between and during syncs."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from syncline import clock
from syncline.errors import OperatorError, SynclineError
from syncline.salesforce import client as client_module
from syncline.store import contacts
from syncline.store.database import Database, transaction
from syncline.store.secrets import KeyRing
from syncline.sync import sending as locks_module
from tests.cleaning import clean
from tests.engine.orgs import Hub, colleague_of
from tests.simulated import Simulated

PEOPLE = 24
_NUMBERS = st.integers(0, 10_000)
_TITLES = st.sampled_from(["Chair", "Clerk", "Diréctor", "N/A", "0", 'Head, of "things"', "  padded", "O'Neill"])
#: Few addresses, so that people meet.
_ADDRESSES = st.sampled_from([f"person{number}@machine.example" for number in range(4)])
_LEAD = "IsConverted = false AND Email LIKE '%@machine.example'"
#: One accident for the next requests; what is retried must not double anything.
_FAULTS: dict[str, dict[str, Any]] = {
    "session expired": {"path": "/services/data", "expire": True, "times": 1},
    "server busy": {"path": "/services/data", "status": 503, "times": 2},
    "answer lost": {"path": "/composite/sobjects", "method": "PATCH", "drop": "after", "times": 1},
    "creation lost": {"path": "/composite/sobjects", "drop": "after", "times": 1},
    "row locked": {"object_name": "Lead", "row_code": "UNABLE_TO_LOCK_ROW", "times": 1},
    "query broken": {"path": "/queryAll", "truncate": 100, "times": 1},
}


class Machine(RuleBasedStateMachine):
    """Both sides, and what is remembered of what was done to them."""

    hub: Hub
    org: Simulated

    @initialize()
    def begin(self) -> None:
        """Everything imported, and some people whom all know."""
        clean(self.hub.database)
        self.org.control("DELETE", "faults")
        self.org.control("POST", "reset", {"people": PEOPLE})
        self.hub.connect()
        self.opted_out: set[str] = set()
        self.added: set[str] = set()
        self._entered = colleague_of(self.org)
        self.colleague = self._entered.__enter__()
        for number in range(3):
            self.create_there(f"person{number}@machine.example", "Chair")
        self.hub.sync()

    @rule(address=_ADDRESSES, title=_TITLES)
    def create_there(self, address: str, title: str) -> None:
        """Somebody enters a Lead."""
        record = {"LastName": "Machine", "Company": "Machines", "Email": address, "Title": title}
        assert self.colleague.create("Lead", [record])[0].success

    @rule(number=_NUMBERS, title=_TITLES)
    def edit_there(self, number: int, title: str) -> None:
        """Somebody edits a Lead."""
        if record_id := self._lead(number):
            self.colleague.update("Lead", [{"Id": record_id, "Title": title}])

    @rule(number=_NUMBERS, title=_TITLES)
    def edit_here(self, number: int, title: str) -> None:
        """Somebody edits a contact, by plain SQL."""
        self._change_contact(number, "title = %s", title.strip())

    @rule(number=_NUMBERS, score=st.integers(0, 100))
    def score_here(self, number: int, score: int) -> None:
        """A score moves."""
        self._change_contact(number, "score = %s", score)

    @rule(number=_NUMBERS)
    def opt_out_there(self, number: int) -> None:
        """Somebody ticks the box."""
        if record_id := self._lead(number):
            self.colleague.update("Lead", [{"Id": record_id, "HasOptedOutOfEmail": True}])

    @rule(number=_NUMBERS)
    def clear_box_there(self, number: int) -> None:
        """Somebody clears the box: that opts nobody in."""
        if record_id := self._lead(number):
            self.colleague.update("Lead", [{"Id": record_id, "HasOptedOutOfEmail": False}])

    @rule(number=_NUMBERS)
    def opt_out_here(self, number: int) -> None:
        """Somebody opts out here: it stands at once."""
        if contact_id := self._change_contact(number, "opted_out = %s", value=True):
            self.opted_out.add(self._address(contact_id))

    @rule(number=_NUMBERS, address=_ADDRESSES)
    def change_address_there(self, number: int, address: str) -> None:
        """A Lead gets another address."""
        if record_id := self._lead(number):
            self.colleague.update("Lead", [{"Id": record_id, "Email": address}])

    @rule(address=_ADDRESSES)
    def add_here(self, address: str) -> None:
        """Somebody is added here, to become a Lead."""
        values = {"email": address, "last_name": "Added", "company": "Here"}
        with self.hub.database.connect() as conn, transaction(conn, "add"):
            try:
                contacts.add_contact(
                    conn, self.hub.mapping, values, create_in_salesforce=True, now=clock.now(), origin="test"
                )
            except OperatorError:
                return  # somebody has the address already
        self.added.add(address)

    @rule(number=_NUMBERS)
    def convert_there(self, number: int) -> None:
        """A Lead becomes a Contact."""
        if record_id := self._lead(number):
            self.colleague.convert_lead(record_id, converted_status="Closed - Converted")

    @rule(number=_NUMBERS)
    def merge_there(self, number: int) -> None:
        """Two Leads become one."""
        one, other = self._lead(number), self._lead(number + 1)
        if one and other and one != other:
            self.colleague.merge("Lead", one, [other])

    @rule(number=_NUMBERS)
    def delete_there(self, number: int) -> None:
        """A Lead is deleted."""
        if record_id := self._lead(number):
            self.colleague.delete_records("Lead", [record_id])

    @rule(number=_NUMBERS)
    def undelete_there(self, number: int) -> None:
        """A deleted Lead comes back."""
        soql = "SELECT Id FROM Lead WHERE IsDeleted = true AND MasterRecordId = null AND Email LIKE '%@machine.example'"
        found = [one["Id"] for one in self.colleague.query(f"{soql} ORDER BY Id", all_rows=True).records]
        if found:
            self.colleague.undelete([found[number % len(found)]])

    @rule()
    def sync(self) -> None:
        """A sync without accidents."""
        self.hub.sync()
        self._note_opted_out()
        self._check_nobody_is_mailed()

    @rule(fault=st.sampled_from(sorted(_FAULTS)))
    def sync_with_an_accident(self, fault: str) -> None:
        """A sync that meets one; it may fail, and nothing is lost."""
        self.org.control("POST", "faults", _FAULTS[fault])
        try:
            self.hub.sync()
        except SynclineError:
            self._check_nobody_is_mailed()
        finally:
            self.org.control("DELETE", "faults")

    @precondition(lambda self: hasattr(self, "_entered"))
    @rule()
    def nobody_who_opted_out_is_mailable(self) -> None:
        """At any moment."""
        self._check_nobody_is_mailed()

    def teardown(self) -> None:
        """Left alone, both sides come to agree, and then nothing moves any more."""
        if not hasattr(self, "_entered"):
            return
        try:
            for _ in range(3):
                self.hub.execute("UPDATE outbox SET not_before = NULL")
                self.hub.sync()
            quiet = self.hub.sync().counts
            proof = self.hub.prove()
            assert proof.percent == 100, proof
            moved = ("pushed", "created_in_salesforce", "contacts_created", "contacts_updated", "linked", "converted")
            assert not {name: quiet[name] for name in moved if quiet.get(name)}
            self._check_nobody_is_mailed()
            self._check_links()
        finally:
            self._entered.__exit__(None, None, None)

    def _check_nobody_is_mailed(self) -> None:
        mailed = self.hub.rows("SELECT lower(email) FROM mailable_contacts")
        assert not {row[0] for row in mailed} & self.opted_out

    def _check_links(self) -> None:
        """Each living record of a person stands for one contact, or a rule leaves it out; no contact has two."""
        twins = self.hub.rows(
            "SELECT contact_id FROM links WHERE state = 'live' GROUP BY contact_id HAVING count(*) > 1"
        )
        assert twins == []

    def _note_opted_out(self) -> None:
        """What the org shows after a whole sync has been seen."""
        for name in ("Lead", "Contact"):
            soql = f"SELECT Email FROM {name} WHERE HasOptedOutOfEmail = true AND Email != null"
            self.opted_out |= {one["Email"].lower() for one in self.colleague.query(soql).records}

    def _lead(self, number: int) -> str | None:
        found = [one["Id"] for one in self.colleague.query(f"SELECT Id FROM Lead WHERE {_LEAD} ORDER BY Id").records]
        return found[number % len(found)] if found else None

    def _change_contact(self, number: int, assignment: str, value: object) -> int | None:
        found = self.hub.rows(
            "SELECT id FROM contacts WHERE state = 'active' AND email LIKE '%%@machine.example' ORDER BY id"
        )
        if not found:
            return None
        contact_id: int = found[number % len(found)][0]
        self.hub.execute(f"UPDATE contacts SET {assignment} WHERE id = %s", value, contact_id)
        return contact_id

    def _address(self, contact_id: int) -> str:
        return str(self.hub.rows("SELECT lower(email) FROM contacts WHERE id = %s", contact_id)[0][0])


def _run(hub: Hub, examples: int, steps: int) -> None:
    machine = type("HubMachine", (Machine,), {"hub": hub, "org": hub.org})
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )


@pytest.fixture
def machine_hub(database: Database, org: Simulated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """Both sides, with short waits: their number is tested elsewhere."""
    monkeypatch.setattr(client_module, "_FIRST_WAIT", 0.01)
    monkeypatch.setattr(locks_module, "_LOCK_WAIT", 0.01)
    hub = Hub(database, KeyRing(tmp_path / "keys" / "ring.json"), org)
    hub.small_pages()
    return hub


def test_both_sides_come_to_agree_whatever_happens(machine_hub: Hub) -> None:
    _run(machine_hub, examples=6, steps=25)


@pytest.mark.nightly
def test_both_sides_come_to_agree_whatever_happens_at_length(machine_hub: Hub) -> None:
    _run(machine_hub, examples=150, steps=60)
