"""A day in the life of an org and of Syncline: people change things on both sides, at least 1 % of them.

Salesforce's part is played in a colleague's own session, over HTTP; ours by the functions that the commands call.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import TypeVar

from syncline import clock
from syncline.domain.connection import Connection
from syncline.domain.mapping import CONTACT, LEAD, Mapping
from syncline.domain.outcomes import RowResult
from syncline.errors import RemoteRefused
from syncline.salesforce.client import Salesforce
from syncline.store import contacts, sampling
from syncline.store.database import Database, transaction
from syncline.store.names import ConnectionTables
from syncline.store.sampling import Sample

#: Salesforce takes this many records in one collections call.
_CALL_ROWS = 200
_ORIGIN = "demo"
_Item = TypeVar("_Item")
#: What the colleague and we write; the texts tell who did.
TITLE_THERE, TITLE_HERE, TITLE_BOTH_THERE, TITLE_BOTH_HERE = (
    "Head of Partnerships",
    "Growth Lead",
    "Director, says Salesforce",
    "Director, says marketing",
)
#: Share of the people for each scene, with the least number it is played for.
_SHARES = {
    "edit_lead": (0.004, 2),
    "edit_contact": (0.002, 2),
    "clear": (0.0005, 1),
    "opt_out_there": (0.0005, 2),
    "convert": (0.0002, 2),
    "merge": (0.0001, 1),
    "delete": (0.0002, 1),
    "edit_here": (0.001, 2),
    "opt_out_here": (0.0003, 1),
    "conflict": (0.0001, 1),
    "create_there": (0.0003, 1),
    "create_here": (0.0001, 1),
    "score": (0.005, 3),
}


@dataclass
class Day:
    """What was done; `people` counts each person once. `last_*` are what to look for to see that all is visible."""

    scenes: dict[str, int] = field(default_factory=dict)
    contact_ids: set[int] = field(default_factory=set)
    added: int = 0
    edited_here: list[tuple[str, str]] = field(default_factory=list)
    last_edit_there: tuple[str, str] | None = None

    @property
    def people(self) -> int:
        """How many people the day changed or added."""
        return len(self.contact_ids) + self.added + self.scenes.get("scores", 0)

    def note(self, scene: str, samples: Sequence[Sample]) -> None:
        """Counts a scene and the people in it."""
        self.scenes[scene] = self.scenes.get(scene, 0) + len(samples)
        self.contact_ids.update(one.contact_id for one in samples)


class _Deck:
    """People of one object, each dealt once."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self._left: Iterator[Sample] = iter(samples)

    def deal(self, number: int) -> list[Sample]:
        """The next people, fewer where no more are there."""
        return [one for one, _ in zip(self._left, range(number), strict=False)] if number else []


@dataclass
class _Stage:
    """What the scenes work with."""

    people: int
    org: Salesforce
    database: Database
    connection: Connection
    mapping: Mapping
    leads: _Deck
    contacts: _Deck
    day: Day

    def number(self, scene: str) -> int:
        """How often a scene is played for that many people."""
        share, least = _SHARES[scene]
        return max(least, math.ceil(self.people * share))


def play_day(database: Database, connection: Connection, mapping: Mapping, colleague: Salesforce, people: int) -> Day:
    """Plays the day and tells what was done.

    Raises:
        RemoteError: Salesforce refused something of the colleague's, who has every right.
    """
    total = 4 * math.ceil(people * 0.004) + 100
    fields = {one.name for one in mapping.fields}
    tables = ConnectionTables(connection.name)
    with closing(database.connect("day")) as conn:
        decks = {
            name: _Deck(sampling.choose_people(conn, tables, connection.id, name, total, fields=fields))
            for name in (LEAD, CONTACT)
        }
    stage = _Stage(people, colleague, database, connection, mapping, decks[LEAD], decks[CONTACT], Day())
    _change_both_sides(stage)
    _edit_here(stage)
    _work_in_salesforce(stage)
    return stage.day


def _change_both_sides(stage: _Stage) -> None:
    """One field of the same people gets a value here and another one there."""
    torn = stage.contacts.deal(stage.number("conflict"))
    with closing(stage.database.connect("day")) as conn, transaction(conn, "day"):
        for one in torn:
            contacts.edit_contact(
                conn, stage.mapping, str(one.contact_id), {"title": TITLE_BOTH_HERE}, now=clock.now(), origin=_ORIGIN
            )
    _update(stage, CONTACT, [{"Id": one.record_id, "Title": TITLE_BOTH_THERE} for one in torn])
    stage.day.note("changed on both sides", torn)


def _edit_here(stage: _Stage) -> None:
    fields = {one.name for one in stage.mapping.fields}
    edited = [*stage.leads.deal(stage.number("edit_here")), *stage.contacts.deal(1)]
    opted_out = stage.contacts.deal(stage.number("opt_out_here")) if "opted_out" in fields else []
    changes = [(one, {"title": TITLE_HERE}) for one in edited] + [(one, {"opted_out": "true"}) for one in opted_out]
    with closing(stage.database.connect("day")) as conn:
        with transaction(conn, "day"):
            for one, values in changes:
                contacts.edit_contact(conn, stage.mapping, str(one.contact_id), values, now=clock.now(), origin=_ORIGIN)
        with transaction(conn, "day"):
            for number in range(stage.number("create_here")):
                contacts.add_contact(
                    conn,
                    stage.mapping,
                    _new_person("here", number),
                    create_in_salesforce=True,
                    now=clock.now(),
                    origin=_ORIGIN,
                )
    stage.day.note("edited in Syncline", edited)
    stage.day.note("opted out in Syncline", opted_out)
    stage.day.scenes["added in Syncline"] = stage.number("create_here")
    stage.day.added += stage.number("create_here")
    stage.day.edited_here = [(one.record_id, TITLE_HERE) for one in edited]


def raise_scores(database: Database, connection: Connection, people: int, day: Day) -> None:
    """New scores for half a percent of the people, by one statement, as a scoring program would write them."""
    share, least = _SHARES["score"]
    with closing(database.connect("day")) as conn, transaction(conn, "day"):
        amount = max(least, math.ceil(people * share))
        day.scenes["scores"] = sampling.raise_scores(conn, connection.id, amount, sorted(day.contact_ids), clock.now())


def _new_person(where: str, number: int) -> dict[str, str]:
    return {
        "email": f"new.{where}.{number}@newcomers.example",
        "first_name": "Noor",
        "last_name": f"Newcomer {where.capitalize()} {number}",
        "company": "Newcomers Ltd",
        "title": "Founder",
    }


def _work_in_salesforce(stage: _Stage) -> None:
    _opt_out(stage)
    _create(stage)
    _convert(stage)
    _merge(stage)
    _delete(stage)
    _edit(stage)


def _edit(stage: _Stage) -> None:
    """Edits several fields of many people, and clears one; the last write is what visibility is judged by."""
    leads, people = stage.leads.deal(stage.number("edit_lead")), stage.contacts.deal(stage.number("edit_contact"))
    cleared = stage.leads.deal(stage.number("clear"))
    _update(stage, LEAD, [{"Id": one.record_id, "Phone": None} for one in cleared])
    _update(stage, CONTACT, [{"Id": one.record_id, "Title": TITLE_THERE, "MailingCity": "Lisbon"} for one in people])
    _update(
        stage,
        LEAD,
        [
            {"Id": one.record_id, "Title": TITLE_THERE, "Phone": f"+351 21 {number:07}", "City": "Porto"}
            for number, one in enumerate(leads)
        ],
    )
    stage.day.note("edited in Salesforce", [*leads, *people])
    stage.day.note("field cleared in Salesforce", cleared)
    if leads:
        stage.day.last_edit_there = (leads[-1].record_id, TITLE_THERE)


def _opt_out(stage: _Stage) -> None:
    if stage.mapping.find("opted_out") is None:
        return
    half = max(1, stage.number("opt_out_there") // 2)
    leads, people = stage.leads.deal(half), stage.contacts.deal(half)
    for name, samples in ((LEAD, leads), (CONTACT, people)):
        _update(stage, name, [{"Id": one.record_id, "HasOptedOutOfEmail": True} for one in samples])
    stage.day.note("opted out in Salesforce", [*leads, *people])


def _create(stage: _Stage) -> None:
    """New Leads, and a new Contact at somebody's Account."""
    number = stage.number("create_there")
    new = [_new_person("there", one) for one in range(number)]
    names = {"email": "Email", "first_name": "FirstName", "last_name": "LastName", "title": "Title"}
    leads = [{**{source: one[name] for name, source in names.items()}, "Company": one["company"]} for one in new]
    colleague = {
        **{source: new[0][name] for name, source in names.items()},
        "Email": "new.contact@newcomers.example",
    }
    account = next((one.account_id for one in stage.contacts.deal(1)), None)
    for chunk in _chunks(leads):
        _expect(stage.org.create(LEAD, chunk, auto_assign=False), "create Leads")
    _expect(stage.org.create(CONTACT, [{**colleague, "AccountId": account}], auto_assign=False), "create a Contact")
    stage.day.scenes["created in Salesforce"] = number + 1
    stage.day.added += number + 1


def _convert(stage: _Stage) -> None:
    """The first into a Contact that is there, the others into new ones."""
    status = stage.org.query("SELECT MasterLabel FROM LeadStatus WHERE IsConverted = true").records[0]["MasterLabel"]
    converted = stage.leads.deal(stage.number("convert"))
    targets = [one for one in stage.contacts.deal(3) if one.account_id][:1]
    for number, one in enumerate(converted):
        target = targets[number] if number < len(targets) else None
        stage.org.convert_lead(
            one.record_id,
            converted_status=status,
            account_id=target.account_id if target else None,
            contact_id=target.record_id if target else None,
        )
    stage.day.note("converted in Salesforce", converted)
    stage.day.scenes["converted into a Contact that was there"] = len(targets)


def _merge(stage: _Stage) -> None:
    for name, deck in ((LEAD, stage.leads), (CONTACT, stage.contacts)):
        for _ in range(stage.number("merge")):
            pair = deck.deal(2)
            if len(pair) == 2:
                stage.org.merge(name, pair[0].record_id, [pair[1].record_id])
                stage.day.note("merged in Salesforce", pair[1:])


def _delete(stage: _Stage) -> None:
    for name, deck in ((LEAD, stage.leads), (CONTACT, stage.contacts)):
        samples = deck.deal(stage.number("delete"))
        for chunk in _chunks([one.record_id for one in samples]):
            _expect(stage.org.delete_records(name, chunk), f"delete {name}s")
        stage.day.note("deleted in Salesforce", samples)


def _update(stage: _Stage, object_name: str, records: list[dict[str, object]]) -> None:
    for chunk in _chunks(records):
        _expect(stage.org.update(object_name, chunk, auto_assign=False), f"edit {object_name}s")


def _chunks(items: Sequence[_Item]) -> Iterator[list[_Item]]:
    for start in range(0, len(items), _CALL_ROWS):
        yield list(items[start : start + _CALL_ROWS])


def _expect(results: Sequence[RowResult], what: str) -> None:
    """The colleague may do all this: a refusal is a fault of the day, and not of a record."""
    for result in results:
        if not result.success:
            told = "; ".join(f"{error.code}: {error.message}" for error in result.errors)
            raise RemoteRefused(f"The day cannot {what}: {told}", operation=what)
