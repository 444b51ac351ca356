"""Both sides as the machine has them, and what is remembered of what was done to them."""

import os
import signal
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace

import psycopg
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from syncline import clock, killpoints
from syncline.domain.mapping import Direction, Mapping, Policy
from syncline.domain.mapping_options import PushGuard
from syncline.errors import Busy, SynclineError
from syncline.flows.auth_kinds import AuthKind
from syncline.flows.connect import Login, make_client
from syncline.salesforce.client import Salesforce
from syncline.store import setup
from syncline.store.embedded import ServerHandle
from syncline.sync.run import RunReport
from tests.engine.jobs.working import wait_until
from tests.engine.orgs import Hub
from tests.simulated import Simulated

#: Who is there from the start, beside those whom the machine plays with.
PEOPLE = 24
DOMAIN = "machine.example"
NUMBERS = st.integers(0, 10_000)
TITLES = st.sampled_from(["Chair", "Clerk", "Diréctor", "N/A", "0", 'Head, of "things"', "O'Neill"])
#: Few addresses, so that people meet.
ADDRESSES = st.sampled_from([f"person{number}@{DOMAIN}" for number in range(4)])
#: Who works in the org, beside our own user: one may merge and delete what others own, one may not, one may everything.
COLLEAGUES = ("colleague", "rep", "administrator")
_ADDRESS_FIELDS = ("street", "city", "postal_code")
_LEAD = f"IsConverted = false AND Email LIKE '%@{DOMAIN}'"


class Killed(BaseException):
    """Stands for the death of the process: nothing of ours catches it, transactions end unfinished."""


@dataclass
class Memory:
    """What was done, by which the invariants judge."""

    #: Addresses that must not be mailed, with why.
    suppressed: dict[str, set[str]] = field(default_factory=dict)
    #: Addresses that were opted in here: a box that still shows there says nothing new of them.
    welcome: set[str] = field(default_factory=set)
    #: Last names of people who were added here: each may become one Lead.
    added: list[str] = field(default_factory=list)
    #: By the number that a title carries, on which record or contact it was written.
    written: dict[int, str] = field(default_factory=dict)
    #: Pairs of records and contacts that stood for one person at some time.
    kin: set[tuple[str, str]] = field(default_factory=set)
    #: Edits of people here: contact, field, value.
    edits: list[tuple[int, str, str]] = field(default_factory=list)
    #: Calls that a day may have, where the machine set it.
    ceiling: int | None = None

    def suppress(self, address: str, why: str) -> None:
        """From now on this address is not mailed."""
        self.suppressed.setdefault(address.lower(), set()).add(why)
        if why == "opt_out":
            self.welcome.discard(address.lower())

    def mark(self, title: str, owner: str) -> str:
        """The title with a number of its own, by which its way is followed."""
        number = len(self.written) + 1
        self.written[number] = owner
        return f"{title} #{number}"


def machine_mapping(mapping: Mapping) -> Mapping:
    """The mapping of the tests with every sort of rule in it: a conflict that waits, a group, push guards, policies."""
    rules: dict[str, dict[str, object]] = {
        "phone": {"policy": Policy.HOLD},
        "mobile": {"guard": PushGuard.IF_BLANK},
        "fax": {"direction": Direction.BOTH, "guard": PushGuard.NEVER},
        "website": {"direction": Direction.BOTH, "policy": Policy.MARKETING},
        **{name: {"direction": Direction.BOTH, "group": "address"} for name in _ADDRESS_FIELDS},
    }
    fields = tuple(replace(one, **rules.get(one.name, {})) for one in mapping.fields)  # type: ignore[arg-type]
    return replace(mapping, fields=fields)


class World(RuleBasedStateMachine):
    """What the rules of all themes use."""

    hub: Hub
    org: Simulated
    #: The machine's own PostgreSQL, where it may be killed.
    server: ServerHandle | None = None
    memory: Memory
    moments: list[str]
    clients: dict[str, Salesforce]
    begun = False

    def enter(self) -> None:
        """Everybody logs in."""
        self.memory = Memory()
        self._stack = ExitStack()
        self.clients = {name: self._stack.enter_context(self._log_in(name)) for name in COLLEAGUES}
        self.begun = True

    def leave(self) -> None:
        """Everybody logs out."""
        self._stack.close()

    def _log_in(self, role: str) -> AbstractContextManager[Salesforce]:
        person = self.org.facts[role]
        secrets = {name: person[name] for name in ("password", "security_token")}
        secrets["client_secret"] = self.org.facts["client_secret"]
        return make_client(
            Login(AuthKind.PASSWORD, self.org.url, self.org.facts["client_id"], person["username"], secrets)
        )

    @property
    def colleague(self) -> Salesforce:
        """Somebody who may edit, merge and delete."""
        return self.clients["colleague"]

    def somebody(self, number: int) -> Salesforce:
        """One of those who work in the org."""
        return self.clients[COLLEAGUES[number % len(COLLEAGUES)]]

    def sync(self) -> RunReport:
        """A sync, once whoever died lets go of the connection."""
        reports: list[RunReport] = []

        def attempt() -> bool:
            with suppress(Busy):
                reports.append(self.hub.sync())
            return bool(reports)

        wait_until(attempt)
        return reports[0]

    def strike(self, number: int, nth: int, blow: Callable[[], None]) -> None:
        """A sync in which something happens at one moment, if it passes that moment."""
        killpoints.arm(self.moments[number % len(self.moments)], nth, blow)
        try:
            with suppress(SynclineError, Killed):
                self.sync()
        finally:
            killpoints.disarm()

    def die_apart(self, number: int, nth: int) -> None:
        """A sync in a process of its own that is killed at one moment, if it passes that moment."""
        setup.disconnect()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of forks beside threads
            child = os.fork()
        if child == 0:
            try:
                killpoints.arm(
                    self.moments[number % len(self.moments)], nth, lambda: os.kill(os.getpid(), signal.SIGKILL)
                )
                self.hub.sync()
            finally:
                os._exit(0)
        os.waitpid(child, 0)

    def lead(self, number: int) -> str | None:
        """One of the Leads that are played with."""
        found = [one["Id"] for one in self.colleague.query(f"SELECT Id FROM Lead WHERE {_LEAD} ORDER BY Id").records]
        return found[number % len(found)] if found else None

    def contact(self, number: int) -> int | None:
        """One of the contacts that are played with."""
        found = self.hub.rows(
            f"SELECT id FROM contacts WHERE state = 'active' AND email LIKE '%%@{DOMAIN}' ORDER BY id"
        )
        return int(found[number % len(found)][0]) if found else None

    def change_contact(self, contact_id: int, field_name: str, value: object) -> bool:
        """A plain SQL edit; who would have to wait for a sync gives up."""
        statement = f"UPDATE contacts SET {field_name} = %s WHERE id = %s"
        try:
            with psycopg.connect(self.hub.database.url, options="-c lock_timeout=200ms") as conn:
                changed = conn.execute(statement.encode(), [value, contact_id]).rowcount
        except psycopg.errors.LockNotAvailable:
            return False
        return changed == 1

    def address(self, contact_id: int) -> str:
        """Its address."""
        found = self.hub.rows("SELECT lower(email) FROM contacts WHERE id = %s", contact_id)
        return str(found[0][0]) if found else ""

    def note_kin(self) -> None:
        """Remembers which contact stands for which record at this moment."""
        for record_id, contact_id in self.hub.rows(
            "SELECT record_id, contact_id FROM links UNION SELECT record_id, contact_id FROM link_aliases"
        ):
            self.memory.kin.add((record_id, f"c{contact_id}"))

    def ticked(self) -> set[str]:
        """Whose box shows in the org: what a whole sync that begins now has to see."""
        found: set[str] = set()
        for name in ("Lead", "Contact"):
            soql = f"SELECT Email FROM {name} WHERE HasOptedOutOfEmail = true AND Email != null"
            found |= {one["Email"].lower() for one in self.colleague.query(soql).records}
        return found - self.memory.welcome

    @contextmanager
    def refused(self) -> Iterator[None]:
        """What the org may refuse somebody: a right that is missing, a record that is gone and not yet seen so."""
        with suppress(SynclineError):
            yield

    def describe_again(self) -> None:
        """The next sync asks the org what it shows, as it does once a day."""
        self.hub.execute("UPDATE describes SET checked_at = %s - interval '25 hours'", clock.now())
