"""A sync that is killed at a chosen moment and run again, on a database and an org of the test's own.

The killed run is a forked process; the org is served by this one and lives on, as Salesforce would.
"""

import os
import signal
import traceback
import warnings
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from syncline import clock, killpoints
from syncline.errors import SynclineError
from syncline.store import contacts, setup
from syncline.store.database import Database, transaction
from syncline.store.embedded import ServerHandle
from syncline.store.secrets import KeyRing
from syncline.sync.context import SyncSettings
from tests.engine.orgs import Hub, colleague_of, login_to, make_client
from tests.simulated import Simulated

PEOPLE = 60
#: Small steps, so that there are many moments to die at.
SETTINGS = SyncSettings(bulk_threshold=10, batch_rows=15, look_rows=4, send_rows=3, bulk_send_rows=1)
_NEW = {"email": "brand.new@example.com", "last_name": "New", "first_name": "Brand", "company": "Newcomers"}
_CANNOT_LAST = frozenset({"createddate", "lastmodifieddate", "systemmodstamp", "syncline_id__c", "emailbounceddate"})
_FAILED, _BROKEN = 3, 9


@dataclass
class Rehearsal:
    """One stage on which scenarios are played again and again."""

    server: ServerHandle
    keys: KeyRing
    org: Simulated
    bare_org: Simulated
    marker: Path

    @property
    def database(self) -> Database:
        """The database of the case at hand."""
        return Database(self.server.url(), revive=self.server.ensure_running)

    def hub(self, scenario: str) -> Hub:
        """Syncline beside the scenario's org."""
        org = self.bare_org if scenario in ("bare", "lost") else self.org
        return Hub(self.database, self.keys, org, SETTINGS)

    def build(self) -> None:
        """Makes the databases that the scenarios begin with."""
        setup.configure(self.database.url)
        with self._admin() as admin:
            # A kill does not take what the operating system has: fsync may be off, but a commit must have been written.
            admin.execute("ALTER ROLE syncline SET synchronous_commit = on")
        self._make_fresh()
        self._reset(self.org)
        self._reset(self.bare_org)
        self.hub("import").connect()
        self._keep("import")
        self.hub("day").sync()
        _edit_here(self.hub("day"))
        self._keep("day")
        self._make_fresh()
        hub = self.hub("bare")
        hub.connect()
        hub.sync()
        _add_here(hub)
        self._keep("bare")
        hub.org.control("POST", "faults", {"path": "/composite/sobjects", "method": "POST", "drop": "after"})
        try:
            hub.sync()
        except SynclineError:
            self._keep("lost")

    def begin(self, scenario: str) -> None:
        """The scenario's database and org, as they are before the run that is watched."""
        setup.disconnect()
        with self._admin() as admin:
            admin.execute("DROP DATABASE IF EXISTS syncline WITH (FORCE)")
            admin.execute(f"CREATE DATABASE syncline TEMPLATE t_{scenario} OWNER syncline STRATEGY file_copy".encode())
        hub = self.hub(scenario)
        setup.configure(hub.database.url)
        self._reset(hub.org)
        if scenario == "day":
            _live_there(hub.org)
        if scenario == "lost":
            _create_there(hub.org)

    def record(self, scenario: str) -> list[str]:
        """The moments that an undisturbed run passes, in order."""
        self.begin(scenario)
        reached = killpoints.record()
        try:
            self.hub(scenario).sync()
        finally:
            killpoints.disarm()
        return reached

    def die(self, scenario: str, name: str, nth: int, target: str) -> None:
        """Runs a sync in a process of its own and kills it, or PostgreSQL, at a moment."""
        self.marker.unlink(missing_ok=True)
        setup.disconnect()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of forks beside threads
            child = os.fork()
        if child == 0:
            self._run_to_death(scenario, name, nth, target)
        _, status = os.waitpid(child, 0)
        assert self.marker.exists(), f"{name} was not reached"
        if target == "self":
            assert os.WIFSIGNALED(status)
            assert os.WTERMSIG(status) == signal.SIGKILL
        else:
            assert os.waitstatus_to_exitcode(status) in (0, _FAILED)

    def finish(self, scenario: str) -> dict[str, Any]:
        """Runs undisturbed until nothing moves, and gives the state that this ends in."""
        # As every command does first.
        self.server.ensure_running()
        hub = self.hub(scenario)
        hub.sync()
        if scenario in ("bare", "lost"):
            # A creation without a key that finds nothing is safe to repeat only when everything is surely shown.
            hub.org.control("POST", "clock", {"advance": 700})
            hub.sync()
        hub.sync()
        return dump(hub)

    def _run_to_death(self, scenario: str, name: str, nth: int, target: str) -> None:
        def strike() -> None:
            self.marker.touch()
            if target == "self":
                os.kill(os.getpid(), signal.SIGKILL)
            self.server.kill()

        status = _BROKEN
        try:
            killpoints.arm(name, nth, strike)
            self.hub(scenario).sync()
            status = 0
        except SynclineError:
            status = _FAILED
        except BaseException:  # noqa: BLE001  # a forked test must not run on
            traceback.print_exc()
        finally:
            os._exit(status)

    def _make_fresh(self) -> None:
        setup.disconnect()
        with self._admin() as admin:
            admin.execute("DROP DATABASE IF EXISTS syncline WITH (FORCE)")
            admin.execute("CREATE DATABASE syncline OWNER syncline")
        setup.configure(self.database.url)
        setup.migrate(self.database)

    def _keep(self, name: str) -> None:
        setup.disconnect()
        with self._admin() as admin:
            admin.execute(f"CREATE DATABASE t_{name} TEMPLATE syncline OWNER syncline STRATEGY file_copy".encode())

    def _admin(self) -> psycopg.Connection:
        self.server.ensure_running()
        return psycopg.connect(self.server.admin_url(), autocommit=True)

    def _reset(self, org: Simulated) -> None:
        org.control("POST", "reset", {"people": PEOPLE})
        org.control("POST", "settings", {"bulk_page_rows": 16, "page_rows": 16})


def dump(hub: Hub) -> dict[str, Any]:
    """Mirror, contacts, links, outbox and the org, without surrogate ids and times."""
    with closing(hub.database.connect("dump")) as conn:
        people = conn.execute(
            "SELECT to_jsonb(contact) - ARRAY['id', 'created_at', 'updated_at', 'merged_into', 'external_key'],"
            " (SELECT jsonb_agg(jsonb_build_array(object, record_id, links.state) ORDER BY record_id)"
            "  FROM links WHERE contact_id = contact.id),"
            " (SELECT jsonb_build_array(kind, lane, fields, outbox.state) FROM outbox WHERE contact_id = contact.id),"
            " (SELECT master.email FROM contacts master WHERE master.id = contact.merged_into)"
            " FROM contacts contact"
        ).fetchall()
        mirrors = {
            name: conn.execute(
                f"SELECT to_jsonb(mirror) - %s::text[] FROM sf_main.{name} mirror ORDER BY id".encode(),
                [sorted(_CANNOT_LAST)],
            ).fetchall()
            for name in ("lead", "contact")
        }
        waiting = conn.execute(
            "SELECT (SELECT count(*) FROM touched), (SELECT count(*) FROM create_intents)"
        ).fetchone()
    exported = hub.org.control("GET", "export?objects=Lead,Contact,Account&audit=no")
    for rows in exported.values():
        for row in rows:
            row["Syncline_Id__c"] = row.get("Syncline_Id__c") is not None
            row.pop("LastActivityDate", None)
    return {"people": sorted(people, key=repr), "mirrors": mirrors, "waiting": waiting, "org": exported}


def find_differences(wanted: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """What is only in one of two states, in short."""
    differences = []
    for part, here in _flatten(wanted).items():
        there = _flatten(found)[part]
        differences += [f"{part} lacks {row}" for row in sorted(here - there)]
        differences += [f"{part} has {row}" for row in sorted(there - here)]
    return differences


def _flatten(state: dict[str, Any]) -> dict[str, set[str]]:
    parts = {"people": state["people"], "waiting": [state["waiting"]]}
    parts |= {f"mirror {name}": rows for name, rows in state["mirrors"].items()}
    parts |= {f"org {name}": rows for name, rows in state["org"].items()}
    return {name: {repr(row) for row in rows} for name, rows in parts.items()}


def _edit_here(hub: Hub) -> None:
    mapping = hub.mapping
    leads = [row[0] for row in hub.rows("SELECT record_id FROM links WHERE object = 'Lead' ORDER BY 1 LIMIT 8")]
    edits = {
        leads[0]: {"title": "Edited here"},
        leads[1]: {"opted_out": "true"},
        leads[2]: {"score": "77"},
        leads[3]: {"title": "Edited on both sides, here", "phone": "+1 555 0100"},
    }
    with closing(hub.database.connect("edit")) as conn, transaction(conn, "edit"):
        for record_id, values in edits.items():
            contacts.edit_contact(conn, mapping, record_id, values, now=clock.now(), origin="test")
    _add_here(hub)


def _add_here(hub: Hub) -> None:
    mapping = hub.mapping
    with closing(hub.database.connect("add")) as conn, transaction(conn, "add"):
        contacts.add_contact(conn, mapping, _NEW, create_in_salesforce=True, now=clock.now(), origin="test")


def _live_there(org: Simulated) -> None:
    """A colleague's day: edits, a field torn both ways, an opt-out, a conversion, a merge, a deletion, a new Lead."""
    with colleague_of(org) as colleague:
        # Leads of a queue cannot be converted without more ado.
        soql = "SELECT Id FROM Lead WHERE IsConverted = false AND Owner.Type = 'User'"
        soql += " AND Email LIKE '%@%.%' ORDER BY Id LIMIT 16"
        ids = [one["Id"] for one in colleague.query(soql).records]
        changes = [
            {"Id": ids[3], "Title": "Edited on both sides, there"},
            {"Id": ids[5], "Title": "Edited there", "Phone": None},
            {"Id": ids[6], "HasOptedOutOfEmail": True},
        ]
        colleague.update("Lead", changes)
        colleague.convert_lead(ids[8], converted_status="Closed - Converted")
        colleague.merge("Lead", ids[10], [ids[11]])
        colleague.delete_records("Lead", [ids[12]])
        colleague.create("Lead", [{"LastName": "There", "Company": "New there", "Email": "there@example.com"}])


def _create_there(org: Simulated) -> None:
    """What a creation left in the org whose answer was lost: by our own user."""
    with make_client(login_to(org)) as ours:
        record = {"Email": _NEW["email"], "LastName": "New", "FirstName": "Brand", "Company": _NEW["company"]}
        ours.create("Lead", [record])
